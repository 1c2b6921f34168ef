-- jeton-haproxy.lua: HAProxy asks Jeton's guard before it forwards. See haproxy.cfg, which gives the guard's address.

-- Milliseconds. A guard that does not answer lets nobody pass.
local TIMEOUT = 2000
-- What is of the connection to the guard, not of the refusal.
local OF_THE_CONNECTION = {
    ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
}
-- What the client is told of its limits; those that the realm's dialect does not have are not there.
local TOLD = {
    ["ratelimit"] = true, ["ratelimit-policy"] = true,
    ["x-rate-limit-limit"] = true, ["x-rate-limit-remaining"] = true, ["x-rate-limit-reset"] = true,
    ["x-podchaser-points-remaining"] = true, ["x-podchaser-query-cost"] = true,
}

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for name, values in pairs(headers) do
        if not OF_THE_CONNECTION[name] and not name:find("^x%-jeton%-") then
            for _, value in pairs(values) do
                reply:add_header(name, value)
            end
        end
    end
    txn:done(reply)
end

local function ask(txn, guard)
    local request = {
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
    }
    -- As often as the client sent it: two are for the guard to refuse, not for us to choose from.
    local headers = txn.http:req_get_headers()
    if headers["authorization"] then
        request["authorization"] = {}
        for _, value in pairs(headers["authorization"]) do
            table.insert(request["authorization"], value)
        end
    end
    return core.httpclient():get({ url = guard, headers = request, timeout = TIMEOUT })
end

core.register_action("jeton_guard", { "http-req" }, function(txn, guard)
    local answer = ask(txn, guard)
    if not answer or answer.status == 0 or answer.status >= 500 then
        return refuse(txn, 503, {}, "")
    end
    if answer.status ~= 200 then
        return refuse(txn, answer.status, answer.headers, answer.body)
    end
    local told = {}
    for name, values in pairs(answer.headers) do
        if name:find("^x%-jeton%-") then
            txn.http:req_set_header(name, values[0])
        elseif TOLD[name] then
            told[name] = values[0]
        end
    end
    txn:set_priv(told)
    txn:set_var("txn.jeton_passed", true)
end, 1)

core.register_action("jeton_tell", { "http-res" }, function(txn)
    for name, value in pairs(txn:get_priv() or {}) do
        txn.http:res_set_header(name, value)
    end
end, 0)
