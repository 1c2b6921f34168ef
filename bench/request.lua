-- Sends the raw bytes of a request file; `{token}` in it becomes a random line of a token file.
-- wrk … -s request.lua URL -- REQUEST-FILE [TOKEN-FILE]

local head, tail
local tokens = {}

local function read(path)
   local file = assert(io.open(path, "rb"))
   local bytes = file:read("*a")
   file:close()
   return bytes
end

function init(args)
   head = read(args[1])
   local from, to = head:find("{token}", 1, true)
   if not from then
      return
   end
   head, tail = head:sub(1, from - 1), head:sub(to + 1)
   for line in io.lines(args[2]) do
      tokens[#tokens + 1] = line
   end
end

function request()
   if not tail then
      return head
   end
   return head .. tokens[math.random(#tokens)] .. tail
end
