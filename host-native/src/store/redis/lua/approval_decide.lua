local id, response, approved, min_left, alone = unpack(ARGV, 4, 8)
local known = row(id)
if not known then return { 'unknown' } end
if known.answered then
  if known.response == response and again then return { 'taken', told(id, known) } end
  if known.approved == approved then return { 'repeated', told(id, known) } end
  return { 'decided', told(id, known) }
end
local seen = told(id, known)
-- One who is none of Muster's has answered: that is taken in first, if it counts.
if seen[8] ~= '' and alone ~= '1' then return { 'answered', seen } end
local left = known.deadline - now
if left <= 0 then return { 'passed', seen } end
if left < tonumber(min_left) then return { 'late', seen, text(left) } end
answer(id, response, approved, ARGV[3])
call('SET', response_key(id), response, 'PX', 300000)
call('SET', request_key(id), status(known.value, approved == '1' and 'approved' or 'rejected'), 'PX', 300000)
return { 'taken', told(id, row(id)) }
