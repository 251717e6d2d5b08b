-- One page of what an agent can receive, after a place and up to another, the newest
-- at the first page: where the next page begins (empty: nowhere) and that other place.
local agent, kind, source, clear, after, upto = unpack(ARGV, 4, 9)
local SIZE = 512
if upto == '' then upto = string.format('%016.0f', tonumber(call('GET', own .. 'seq') or '0')) end
local found, of_queue = {}, {}
each(agent, kind, source, after, function(s)
  if s.place > upto then return true end
  local queued = queue_key(s.box, s.type)
  of_queue[queued] = (of_queue[queued] or 0) + 1
  found[#found + 1] = s
  return of_queue[queued] == SIZE
end)
-- Each queue gave its first ones: so the first ones of all are among them.
table.sort(found, function(a, b) return a.place < b.place end)
local rows = {}
for n = 1, math.min(#found, SIZE) do
  local s = found[n]
  if clear == '1' then remove(s, agent) end
  rows[#rows + 1] = s.expires_text
  rows[#rows + 1] = s.value
end
local next = #found >= SIZE and found[SIZE].place or ''
if clear == '1' then return { #rows / 2, next, upto } end
return { rows, next, upto }
