-- With a slot for what was taken: if the answer is lost, the next attempt gets it.
local agent, kind, source, slot, ticket = unpack(ARGV, 4, 8)
local taken = own .. 'taken:' .. slot
if again and slot ~= '' then
  local h = call('HMGET', taken, 'ticket', 'expires', 'value')
  if h[1] == ticket then return { 'delivered', h[2], h[3], mark_age() } end
end
local s = oldest(agent, kind, source)
if not s then return nothing(agent, kind, source) end
if slot == '' then return { 'pending', s.expires_text, s.value, mark_age() } end
call('PUBLISH', own .. 'taken', '')
remove(s, agent)
delivered(agent, s.type, math.max(0, now - s.sent))
call('HSET', taken, 'ticket', ticket, 'expires', s.expires_text, 'value', s.value)
call('PEXPIRE', taken, 60000)
return { 'delivered', s.expires_text, s.value, 0 }
