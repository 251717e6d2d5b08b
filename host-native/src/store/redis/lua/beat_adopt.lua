-- A beat that another wrote, if it is not known yet: its key and value, metadata and
-- name as JSON, when it was made, and its time to live in microseconds for a key
-- that has none.
local agent, key, value, metadata, name, starts, final, at, ttl = unpack(ARGV, 4, 12)
local known = row(agent)
if known and known.value == value then return 0 end
local left = call('PTTL', key)
if left == -2 then return 0 end
ttl = tonumber(ttl)
local stored = server_us()
if left > 0 then
  stored = stored - math.max(0, ttl - left * 1000)
  ttl = left * 1000
end
put(agent, value, metadata, name, known, starts == '1', final, at, text(now + ttl), stored, true)
return 1
