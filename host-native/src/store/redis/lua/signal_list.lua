local agent, kind, source, clear = unpack(ARGV, 4, 7)
local found = {}
each(agent, kind, source, function(s) found[#found + 1] = s end)
if clear == '1' then
  for _, s in ipairs(found) do remove(s, agent) end
  return { #found, 0 }
end
table.sort(found, function(a, b) return a.place < b.place end)
local rows = {}
for _, s in ipairs(found) do
  rows[#rows + 1] = s.expires_text
  rows[#rows + 1] = s.value
end
return { rows, mark_age() }
