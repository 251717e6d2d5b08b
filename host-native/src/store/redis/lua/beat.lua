local agent, head, metadata, name, starts, final, expires, key, key_ms = unpack(ARGV, 4, 12)
local known, _, last_metadata, last_name, arrivals, count, was_final = row(agent)
if metadata == '' then metadata = last_metadata or '{}' end
if name == '' then name = last_name or 'null' end
arrivals, count = arrive(arrivals, count, starts == '1' or was_final == '1', ARGV[3], again)
local value = head .. metadata .. ', "display_name": ' .. name .. '}'
put(agent, not known, expires, value, metadata, name, arrivals, count, final, 0)
call('SET', key, value, 'PX', key_ms)
return 1
