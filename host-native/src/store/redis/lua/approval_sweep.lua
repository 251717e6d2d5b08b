local swept = {}
for _, id in ipairs(call('ZRANGEBYSCORE', own .. 'unswept', '-inf', ARGV[3])) do
  local known = row(id)
  local is_open = known and not known.answered
  if is_open then
    call('PUBLISH', own .. 'wake', id)
    call('PUBLISH', own .. 'wake:' .. id, '')
  end
  call('ZREM', own .. 'unswept', id)
  if is_open then
    call('HSET', own .. 'of:' .. id, 'status', 'timeout')
    local key = request_key(id)
    local at_key = redis.pcall('GET', key)
    if type(at_key) == 'string' then
      call('SET', key, status(at_key, 'timeout'), 'PX', 60000)
    end
    swept[#swept + 1] = id
  end
end
return swept
