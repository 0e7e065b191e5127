-- One body after the other, from a file with one on each line; tells what came of them as JSON.
-- With a second argument, everybody waits so many milliseconds before asking again.
local bodies, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    if wrk.headers["authorization"] == nil then
      wrk.headers["authorization"] = line
    else
      bodies[#bodies + 1] = line
    end
  end
  local pause = tonumber(arguments[2] or "0")
  if pause > 0 then -- its mere presence makes every request wait for a timer
    delay = function() return pause end
  end
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  wrk.headers["accept"] = "application/json"
end

function request()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"p50": %f, "p95": %f, "p99": %f, "answers": %d, "seconds": %f, "failed": %d}\n',
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
