local kind, group = ARGV[4], ARGV[5]
local given, when = given_keys(kind, group)
local old = cut(kind)
local acknowledged = 0
for i = 6, #ARGV do
  local id = padded(ARGV[i])
  if call('ZREM', given, id) == 1 then
    call('HDEL', when, id)
    if id > old then acknowledged = acknowledged + 1 end
  end
end
return acknowledged
