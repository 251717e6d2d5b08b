-- A beat that another wrote, if it is not known yet: its key and value, metadata and
-- name as JSON, when it was made, and its time to live in microseconds.
local agent, key, value, metadata, name, starts, final, at, ttl = unpack(ARGV, 4, 12)
local known, last_value, _, _, arrivals, count, was_final, _, _, since, longest = row(agent)
if last_value == value then return 0 end
-- It was read a while ago: by now there may be another.
if redis.pcall('GET', key) ~= value then return 0 end
local left = call('PTTL', key)
if left == -2 then return 0 end
also_when_full()
ttl = tonumber(ttl)
local age = 0
if left > 0 then
  age = math.max(0, ttl / 1000 - left)
  ttl = left * 1000
end
arrivals, count, since, longest =
  arrive(arrivals, count, since, longest, starts == '1' or was_final == '1', at, true)
local ms, life = server_ms(), math.max(1, math.ceil((ttl + GRACE) / 1000))
call('PUBLISH', own .. 'wake', agent)
if not known then call('ZADD', own .. 'agents', 0, agent) end
remember(own .. 'of:' .. agent, ms, life, nil, text(now + ttl), value, metadata, name, arrivals, count, final,
  ms - age, since, longest)
return 1
