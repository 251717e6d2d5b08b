local kind = ARGV[4]
local key = stream_key(kind)
local removed = 0
if call('EXISTS', key) == 1 then removed = call('XLEN', key) end
call('PUBLISH', own .. 'wake:' .. kind, '')
for _, group in ipairs(call('HKEYS', own .. 'groups:' .. kind)) do
  call('DEL', given_keys(kind, group))
end
call('DEL', key, own .. 'groups:' .. kind, own .. 'cut:' .. kind)
call('SREM', own .. 'types', kind)
call('SREM', REGISTRY, key)
return removed
