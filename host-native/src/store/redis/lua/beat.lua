-- Beats that came at the same time, eleven arguments each: the agent, its record up to
-- the metadata, metadata and name as JSON (empty: as before), whether it starts anew,
-- whether it is the last one, when it was made, when attune's key goes, that key, and
-- how long that key and what is known of the agent live, in milliseconds.
local held = {}
for i = 4, #ARGV, 11 do
  held[#held + 1] = own .. 'of:' .. ARGV[i]
end
local known = call('MGET', unpack(held))
call('PUBLISH', own .. 'wake', '')
-- Of an agent that beats twice, the second beat follows upon the first.
local written = {}
for n, of in ipairs(held) do
  local i = 4 + (n - 1) * 11
  local agent, head, metadata, name, starts, final, at, expires, key, key_ms, life =
    unpack(ARGV, i, i + 10)
  local before, _, last_metadata, last_name, arrivals, count, was_final, _, since, longest =
    taken_apart(written[of] or known[n], tonumber(at))
  if metadata == '' then metadata = last_metadata or '{}' end
  if name == '' then name = last_name or 'null' end
  arrivals, count, since, longest =
    arrive(arrivals, count, since, longest, starts == '1' or was_final == '1', at, again)
  local value = head .. metadata .. ', "display_name": ' .. name .. '}'
  local packed = cmsgpack.pack(expires, value, metadata, name, arrivals, count, final, tonumber(life),
    since, longest)
  written[of] = packed
  if not before then call('ZADD', own .. 'agents', 0, agent) end
  call('SET', of, packed, 'PX', life)
  call('SET', key, value, 'PX', key_ms)
end
return 1
