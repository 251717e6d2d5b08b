-- An answer that another wrote, if it came in time and first.
local id, response, approved, at = unpack(ARGV, 4, 7)
local known = row(id)
if not known or known.answered or tonumber(at) >= known.deadline then return 0 end
answer(id, response, approved, at)
return 1
