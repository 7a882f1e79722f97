-- Each request is an event of its own: a message of an agent, as the Chat API pushes it.
local path, run, thread = nil, nil, 0

function setup(thread_)
    thread_:set("number", thread)
    thread = thread + 1
end

function init(args)
    path, run = args[1], args[2]
    count = 0
end

function request()
    count = count + 1
    local id = run .. "-" .. number .. "-" .. count
    local body = '{"sender":{"id":"agent-7","name":"Omar"},"recipient":{"id":"client-' .. (count % 5000) ..
        '"},"message":{"type":"text","id":"' .. id .. '","date":' .. (1767225600 + count) ..
        ',"text":"Two are left in blue; the next delivery is on Tuesday, and I can put one aside for you."}}'
    return wrk.format("POST", path, { ["Content-Type"] = "application/json; charset=utf-8" }, body)
end

function done(summary, latency, requests)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.stderr:write(string.format(
        '{"requests":%d,"seconds":%.6f,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
        summary.requests, summary.duration / 1e6, failed,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
