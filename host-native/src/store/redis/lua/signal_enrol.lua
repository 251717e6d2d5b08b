local agent, till = ARGV[4], ARGV[5]
local all = own .. 'enrolled'
call('ZREMRANGEBYSCORE', all, '-inf', text(now - GRACE))
call('ZADD', all, till, agent)
keep(all, tonumber(till) - now)
return 1
