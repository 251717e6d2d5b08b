-- An answer that another wrote: 1 if it counts, because it came in time and first; 2 if
-- it does not and is noted, because it says otherwise than what stands.
local id, response, approved, at = unpack(ARGV, 4, 7)
local known = row(id)
if not known or known.response == response or known.contested == response then return 0 end
also_when_full()
if not known.answered and tonumber(at) < known.deadline then
  answer(id, response, approved, at)
  return 1
end
if known.approved == approved then return 0 end
call('PUBLISH', own .. 'wake', id)
call('HSET', own .. 'of:' .. id, 'contested', response)
return 2
