-- Signals that others wrote: of each its key, id, box, type, sender, value, when it
-- was sent, and its time to live in microseconds for a key that has none.
also_when_full()
local adopted = 0
for i = 4, #ARGV, 8 do
  local key, id, box, kind, source, value, sent, ttl = unpack(ARGV, i, i + 7)
  local left = call('PTTL', key)
  if left > 0 then ttl = left * 1000 else ttl = tonumber(ttl) end
  if left ~= -2 and call('EXISTS', own .. 'id:' .. id) == 0 then
    local ms = text(math.ceil(ttl / 1000))
    hold(id, box, kind, source, value, sent, text(now + ttl), ttl, key, ms, '')
    adopted = adopted + 1
  end
end
return adopted
