local swept = {}
for _, id in ipairs(call('ZRANGEBYSCORE', own .. 'unswept', '-inf', ARGV[3])) do
  call('PUBLISH', own .. 'wake', id)
  call('PUBLISH', own .. 'wake:' .. id, '')
  call('ZREM', own .. 'unswept', id)
  local known = row(id)
  if known and not known.answered then
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
