-- jeton-apache.lua: Apache httpd asks Jeton's guard before it forwards. See apache.conf.
--
-- Each of httpd's threads has a Lua state and in it one connection to the guard, which is kept.

local socket = require "socket"

local GUARD, PATH, USAGE = "127.0.0.1:8081", "/guard/main", "/usage/main"
-- Seconds. A guard that does not answer lets nobody pass.
local TIMEOUT = 2
-- A longer body of a refused request may cost the client's connection; see fetch_refusal.
local BODY_READ_MAX = 65536
-- What is of the connection to the guard, not of the refusal; httpd writes its own Date.
local NOT_TOLD = { ["connection"] = true, ["keep-alive"] = true, ["content-length"] = true, ["date"] = true }
-- What the client is told of its limits; those that the realm's dialect does not have are not there.
local TOLD = {
    ["ratelimit"] = true, ["ratelimit-policy"] = true,
    ["x-rate-limit-limit"] = true, ["x-rate-limit-remaining"] = true, ["x-rate-limit-reset"] = true,
    ["x-podchaser-points-remaining"] = true, ["x-podchaser-query-cost"] = true,
}

local connection

local function connect()
    local host, port = GUARD:match("^(.*):(%d+)$")
    local fresh = socket.tcp()
    fresh:settimeout(TIMEOUT)
    if not fresh:connect(host, tonumber(port)) then
        return nil
    end
    fresh:setoption("tcp-nodelay", true)
    return fresh
end

-- What is asked, or told, of the client's request. nil for a header that the request lacks.
local function question(r, what, headers)
    local lines = {
        what .. " HTTP/1.1",
        "Host: " .. GUARD,
        "X-Original-Method: " .. r.method,
        "X-Original-URI: " .. r.unparsed_uri,
    }
    for name, value in pairs(headers) do
        table.insert(lines, name .. ": " .. value)
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- The guard frames every answer by its length. nil when the connection ended, or is not to be understood.
local function read_answer(from)
    local line = from:receive("*l")
    local status = line and tonumber(line:match("^HTTP/1%.1 (%d%d%d)"))
    if not status then
        return nil
    end
    local answer = { status = status, headers = {} }
    local length = 0
    while true do
        line = from:receive("*l")
        if not line then
            return nil
        elseif line == "" then
            break
        end
        local name, value = line:match("^([^:]+):%s*(.*)$")
        if not name then
            return nil
        end
        table.insert(answer.headers, { name = name, value = value })
        name = name:lower()
        if name == "content-length" then
            length = tonumber(value)
        elseif name == "connection" and value:lower() == "close" then
            answer.is_last = true
        elseif name == "x-jeton-refusal" then
            answer.refusal = value
        elseif name == "x-jeton-status" then
            answer.own_status = tonumber(value)
        end
    end
    answer.body = length > 0 and from:receive(length) or ""
    return #answer.body == length and answer or nil
end

-- A kept connection may have been closed meanwhile: then, and only then, it is asked once more.
local function ask(asked)
    for _ = 1, 2 do
        local was_kept = connection ~= nil
        connection = connection or connect()
        local answer = connection and connection:send(asked) and read_answer(connection)
        if connection and (not answer or answer.is_last) then
            connection:close()
            connection = nil
        end
        if answer or not was_kept then
            return answer
        end
    end
end

-- A script cannot give a status that httpd has no words for, like 420: it would become 500. A proxied answer can, so this
-- one is fetched from the guard by its name, in place of the API's.
local function fetch_refusal(r, refusal)
    local length = not r.headers_in["Transfer-Encoding"] and tonumber(r.headers_in["Content-Length"] or 0)
    local is_read = length == 0 or length and length <= BODY_READ_MAX and r:requestbody() ~= nil
    for name in pairs(r:headers_in_table()) do
        if name:lower() ~= "host" then
            r.headers_in[name] = nil
        end
    end
    r.headers_in["X-Original-Method"] = r.method
    r.headers_in["X-Original-URI"] = r.unparsed_uri
    if not is_read then
        r.headers_in["Connection"] = "close"
    end
    r.filename = "proxy:http://" .. GUARD .. PATH .. "?refused=" .. refusal
    return apache2.OK
end

local function refuse(r, answer)
    -- A dialect may say no with a 200 and errors in the body: here a no is a no.
    local status = answer.own_status and answer.own_status > 299 and answer.own_status or answer.status
    if status > 417 and status < 500 and status ~= 429 and answer.refusal then
        return fetch_refusal(r, answer.refusal)
    end
    r.status = status
    for _, header in ipairs(answer.headers) do
        local name = header.name:lower()
        if name == "content-type" then
            r.content_type = header.value
        elseif not NOT_TOLD[name] and not name:find("^x%-jeton%-") then
            r.err_headers_out[header.name] = header.value
        end
    end
    r:puts(answer.body)
    return apache2.DONE
end

local function is_identity(name)
    return name:lower():gsub("_", "-"):find("^x%-jeton%-") ~= nil
end

-- By these some frameworks take a request for another one than the guard has judged.
local OTHER_REQUEST = {
    ["x-http-method"] = true, ["x-http-method-override"] = true, ["x-method-override"] = true,
    ["x-original-url"] = true, ["x-rewrite-url"] = true,
}

local function is_claim(name)
    local plain = name:lower():gsub("_", "-")
    return is_identity(name) or OTHER_REQUEST[plain] ~= nil
end

function guard(r)
    -- Nobody names himself: neither so nor in the spelling that CGI and WSGI take for the same.
    local forged = {}
    for name in pairs(r:headers_in_table()) do
        if is_claim(name) then
            table.insert(forged, name)
        end
    end
    for _, name in ipairs(forged) do
        r.headers_in[name] = nil
    end
    -- Nor does he have his name removed: a proxy drops what Connection names.
    local named = r.headers_in["Connection"]
    if named and named:lower():find("jeton", 1, true) then
        r.headers_in["Connection"] = nil
    end

    local answer = ask(question(r, "GET " .. PATH, { ["Authorization"] = r.headers_in["Authorization"] }))
    if not answer or answer.status >= 500 then
        return 503
    elseif answer.status ~= 200 then
        return refuse(r, answer)
    end
    for _, header in ipairs(answer.headers) do
        if is_identity(header.name) then
            r.headers_in[header.name] = header.value
        elseif TOLD[header.name:lower()] then
            r.err_headers_out[header.name] = header.value
        end
    end
    return apache2.OK
end

-- Once the client has its answer: what the API says that the request has cost is for the guard.
function charge(r)
    local cost = r.notes["jeton_cost"]
    if cost then
        ask(question(r, "POST " .. USAGE, {
            ["Content-Length"] = "0",
            ["X-Jeton-Client"] = r.headers_in["X-Jeton-Client"],
            ["X-Jeton-Subject"] = r.headers_in["X-Jeton-Subject"],
            ["X-Jeton-Cost"] = cost,
        }))
    end
    return apache2.OK
end
