-- The lease of the one process that watches foreign writers: taken or kept. Where
-- the mark is old, nobody has watched for a while: what was missed is not known.
local process, lease_ms, fresh_us = ARGV[4], ARGV[5], tonumber(ARGV[6])
local holder = call('GET', own .. 'lease')
if holder and holder ~= process then return { 0, holder } end
call('SET', own .. 'lease', process, 'PX', lease_ms)
local time = server_us()
local mark = call('GET', own .. 'mark')
local gap = not mark or time - tonumber(mark) > fresh_us
return { 1, gap and 1 or 0 }
