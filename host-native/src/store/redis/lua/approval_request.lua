local id, value, deadline, key_ms = unpack(ARGV, 4, 7)
local known = row(id)
if known then return { again and 0 or 1, known.deadline_text } end
ask(id, value, ARGV[3], deadline, '0', 'pending')
call('SET', request_key(id), value, 'PX', key_ms)
return { 0, deadline }
