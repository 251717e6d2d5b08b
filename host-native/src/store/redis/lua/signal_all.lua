-- One page of all signals after a place: each with its end, its record, and who has
-- received or cleared it, if it is a broadcast.
local after, expired, size = ARGV[4], ARGV[5] == '1', 512
local places = call('ZRANGEBYSCORE', own .. 'all', after == '' and '-inf' or '(' .. after, '+inf', 'LIMIT', 0, size)
local rows = {}
for _, place in ipairs(places) do
  local s = load(place)
  local shown = false
  if s and expired then
    shown = s.expires <= now and remembered(s.expires)
      and not (s.box == '*' and call('HEXISTS', own .. 'held:' .. place, 'any') == 1)
  elseif s then
    shown = s.expires > now and is_there(s)
  end
  if shown then
    local by = {}
    if s.box == '*' then
      for _, field in ipairs(call('HKEYS', own .. 'held:' .. place)) do
        if string.sub(field, 1, 3) == 'by:' then by[#by + 1] = string.sub(field, 4) end
      end
    end
    rows[#rows + 1] = { s.expires_text, s.value, by }
  end
end
return { rows, #places == size and places[size] or '' }
