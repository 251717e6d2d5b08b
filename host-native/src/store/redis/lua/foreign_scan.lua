-- One step over the key space: where to go on, how many keys were looked at, and
-- what others wrote.
local step = call('SCAN', ARGV[4], 'COUNT', ARGV[5])
local found = {}
for _, key in ipairs(step[2]) do look(key, found) end
return { step[1], #step[2], found }
