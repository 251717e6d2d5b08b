local workflow, field, stage, value, expires, key, key_ms = unpack(ARGV, 4, 10)
local of = own .. 'of:' .. workflow
local kept = call('HGET', of, field)
if kept and parts(kept) > now then return 0 end
call('HSET', of, field, expires .. ' ' .. #stage .. ' ' .. stage .. value)
keep(of, tonumber(expires) - now + GRACE)
if key_ms ~= '0' then call('SET', key, value, 'PX', key_ms) end
return 1
