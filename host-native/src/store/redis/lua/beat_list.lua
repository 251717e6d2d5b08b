-- One page of the agents after a name, or the one agent of a name; of each also
-- what stands at its key.
local after, one, size = ARGV[4], ARGV[5], 256
local agents = { one }
if one == '' then
  agents = call('ZRANGEBYLEX', own .. 'agents', after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, size)
end
local rows, ms = {}, server_ms()
for _, agent in ipairs(agents) do
  local expires, value, _, _, arrivals, _, _, made, _, since, longest = row(agent)
  local at_key = redis.pcall('GET', records .. 'empathy:heartbeat:' .. agent)
  if type(at_key) ~= 'string' then at_key = '' end
  if expires then
    local age = math.max(0, ms - made)
    rows[#rows + 1] = { agent, value, arrivals, expires, text(age * 1000), at_key, since, text(longest) }
  elseif one ~= '' then
    rows[#rows + 1] = { agent, '', '', '', '', at_key, '', '' }
  else
    call('ZREM', own .. 'agents', agent)
  end
end
return { rows, one == '' and #agents == size and agents[size] or '' }
