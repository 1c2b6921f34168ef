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

-- The request as the guard shall judge it.
local function told_request(txn)
    return {
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
    }
end

local function ask(txn, guard)
    local request = told_request(txn)
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
    local charge = told_request(txn)
    for name, values in pairs(answer.headers) do
        if name:find("^x%-jeton%-") then
            txn.http:req_set_header(name, values[0])
            charge[name] = { values[0] }
        elseif TOLD[name] then
            told[name] = values[0]
        end
    end
    txn:set_priv({ told = told, charge = charge })
    txn:set_var("txn.jeton_passed", true)
end, 1)

core.register_action("jeton_tell", { "http-res" }, function(txn, usage)
    local kept = txn:get_priv()
    if not kept then
        return
    end
    for name, value in pairs(kept.told) do
        txn.http:res_set_header(name, value)
    end
    -- What the API says that the request has cost is for the guard; the client does not wait for it.
    local cost = txn.http:res_get_headers()["x-jeton-cost"]
    txn.http:res_del_header("x-jeton-cost")
    if cost then
        kept.charge["x-jeton-cost"] = { cost[0] }
        core.register_task(function()
            core.httpclient():post({ url = usage, headers = kept.charge, body = "", timeout = TIMEOUT })
        end)
    end
end, 1)
