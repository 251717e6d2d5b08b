local closed = ARGV[4] == '1'
local bound = text(now - GRACE)
for _, index in ipairs({ own .. 'open', own .. 'unswept' }) do
  -- Nothing is written where nothing is over: a replica can be looked into.
  if call('ZCOUNT', index, '-inf', bound) > 0 then
    call('ZREMRANGEBYSCORE', index, '-inf', bound)
  end
end
local ids
if closed then
  ids = call('ZRANGE', own .. 'asked', 0, -1)
else
  ids = call('ZRANGEBYSCORE', own .. 'open', '(' .. ARGV[3], '+inf')
end
local rows = {}
for _, id in ipairs(ids) do
  local known = row(id)
  if known then
    rows[#rows + 1] = told(id, known)
  elseif call('EXISTS', own .. 'of:' .. id) == 0 then
    call('ZREM', own .. 'asked', id)
    call('ZREM', own .. 'open', id)
  end
end
return rows
