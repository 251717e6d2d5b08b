local agent, head, metadata, name, starts, final, expires, key, key_ms = unpack(ARGV, 4, 12)
local known = row(agent)
if metadata == '' then metadata = known and known.metadata or '{}' end
if name == '' then name = known and known.name or 'null' end
local value = head .. metadata .. ', "display_name": ' .. name .. '}'
put(agent, value, metadata, name, known, starts == '1', final, ARGV[3], expires, server_us(), again)
call('SET', key, value, 'PX', key_ms)
return 1
