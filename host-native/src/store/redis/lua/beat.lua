-- The channel for whoever watches foreign writers; then beats that came at the same
-- time, eleven arguments each: the agent, its record up to the metadata, metadata and
-- name as JSON (empty: as before), whether it starts anew, whether it is the last one,
-- when it was made, when attune's key goes, that key, and how long that key and what is
-- known of the agent live, in milliseconds.
local held = {}
for i = 5, #ARGV, 11 do
  held[#held + 1] = own .. 'of:' .. ARGV[i]
end
local known, ms = call('MGET', unpack(held)), server_ms()
call('PUBLISH', own .. 'wake', '')
-- Of an agent that beats twice, the second beat follows upon the first.
local written, keys = {}, {}
for n, of in ipairs(held) do
  local i = 5 + (n - 1) * 11
  local agent, head, metadata, name, starts, final, at, expires, key, key_ms, life =
    unpack(ARGV, i, i + 10)
  local before, _, last_metadata, last_name, arrivals, count, was_final, _, goes, since, longest =
    taken_apart(written[of] or known[n], tonumber(at))
  if metadata == '' then metadata = last_metadata or '{}' end
  if name == '' then name = last_name or 'null' end
  arrivals, count, since, longest =
    arrive(arrivals, count, since, longest, starts == '1' or was_final == '1', at, again)
  local value = head .. metadata .. ', "display_name": ' .. name .. '}'
  if not before then call('ZADD', own .. 'agents', 0, agent) end
  written[of] = remember(of, ms, tonumber(life), goes, expires, value, metadata, name, arrivals, count, final,
    ms, since, longest)
  call('SET', key, value, 'PX', key_ms)
  keys[n] = key
end
-- In the same step as the writes and after them, so that the watcher looks at none of
-- these. Where that is not allowed, it looks.
redis.pcall('PUBLISH', ARGV[4], table.concat(keys, '\0'))
return 1
