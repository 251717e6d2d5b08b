local of = own .. 'of:' .. ARGV[4]
local all = call('HGETALL', of)
local rows = {}
for i = 1, #all, 2 do
  local expires, _, value = parts(all[i + 1])
  if expires > now then
    rows[#rows + 1] = value
  elseif not remembered(expires) then
    call('HDEL', of, all[i])
  end
end
return rows
