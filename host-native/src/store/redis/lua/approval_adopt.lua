-- A request that another wrote, if it is not known yet.
local id, value, asked, deadline, state = unpack(ARGV, 4, 8)
if row(id) then return 0 end
also_when_full()
ask(id, value, asked, deadline, '1', state)
keep(own .. 'of:' .. id, GRACE)
return 1
