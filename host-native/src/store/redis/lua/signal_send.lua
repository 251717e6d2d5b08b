local id, box, kind, source, value, expires, ttl, key, key_ms = unpack(ARGV, 4, 12)
local enrolled = 0
if box == '*' then
  local all = own .. 'enrolled'
  enrolled = call('ZCOUNT', all, '(' .. ARGV[3], '+inf')
  local sender = call('ZSCORE', all, source)
  if sender and tonumber(sender) > now then enrolled = enrolled - 1 end
end
local accepted = call('GET', own .. 'id:' .. id)
if accepted and tonumber(accepted) > now then
  return { again and 0 or 1, accepted, enrolled }
end
hold(id, box, kind, source, value, ARGV[3], expires, tonumber(ttl), key, key_ms)
if key ~= '' then call('SET', key, value, 'PX', key_ms) end
return { 0, expires, enrolled }
