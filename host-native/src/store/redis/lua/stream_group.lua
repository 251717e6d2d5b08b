local group, start, count, again_after = unpack(ARGV, 4, 7)
count, again_after = tonumber(count), tonumber(again_after)
also_when_full()
local batches = {}
for i = 8, #ARGV do
  local kind = ARGV[i]
  local key = stream_key(kind)
  local groups = own .. 'groups:' .. kind
  local given, when = given_keys(kind, group)
  local reached = call('HGET', groups, group)
  if not reached then
    reached = start
    call('HSET', groups, group, reached)
    call('SADD', own .. 'types', kind)
  end
  local old = cut(kind)
  if old ~= '' then
    for _, id in ipairs(call('ZRANGEBYLEX', given, '-', '[' .. old)) do
      call('HDEL', when, id)
    end
    call('ZREMRANGEBYLEX', given, '-', '[' .. old)
  end
  local events, from = {}, '-'
  while #events < count do
    local ids = call('ZRANGEBYLEX', given, from, '+', 'LIMIT', 0, 256)
    for _, id in ipairs(ids) do
      if #events >= count then break end
      local at, times = string.match(call('HGET', when, id), '^(-?%d+) (%d+)$')
      if now - tonumber(at) >= 0 and now - tonumber(at) >= again_after then
        local entry = call('XRANGE', key, plain(id), plain(id))[1]
        if entry then
          times = text(tonumber(times) + 1)
          call('HSET', when, id, ARGV[3] .. ' ' .. times)
          events[#events + 1] = { entry[1], entry[2], times }
        end
      end
    end
    if #ids < 256 then break end
    from = '(' .. ids[#ids]
  end
  local missed, before = '', reached
  if #events < count then
    missed = gap(kind, key, reached)
    local fresh = entries_after(key, reached, text(count - #events))
    for _, entry in ipairs(fresh) do
      local id = padded(entry[1])
      call('ZADD', given, 0, id)
      call('HSET', when, id, ARGV[3] .. ' 1')
      events[#events + 1] = { entry[1], entry[2], '1' }
    end
    if #fresh > 0 then
      reached = fresh[#fresh][1]
    elseif missed == 'none' then
      reached = last_id(key)
    end
    call('HSET', groups, group, reached)
  end
  batches[#batches + 1] = { missed, before, events, reached }
end
return batches
