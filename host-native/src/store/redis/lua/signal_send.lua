local id, box, kind, source, value, expires, ttl, key, key_ms, mark = unpack(ARGV, 4, 13)
local enrolled = 0
if box == '*' then
  local all = own .. 'enrolled'
  enrolled = call('ZCOUNT', all, '(' .. ARGV[3], '+inf')
  local sender = call('ZSCORE', all, source)
  if sender and tonumber(sender) > now then enrolled = enrolled - 1 end
end
local till, other = string.match(call('GET', own .. 'id:' .. id) or '', '^(-?%d+) ?(.*)$')
if till and tonumber(till) > now then
  local differs = other ~= '' and other ~= mark
  return { again and not differs and 0 or 1, till, enrolled, differs and 1 or 0 }
end
hold(id, box, kind, source, value, ARGV[3], expires, tonumber(ttl), key, key_ms, mark)
if key ~= '' then call('SET', key, value, 'PX', key_ms) end
return { 0, expires, enrolled, 0 }
