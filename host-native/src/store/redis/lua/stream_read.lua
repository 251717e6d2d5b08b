local count = ARGV[4]
local batches = {}
for i = 5, #ARGV, 2 do
  local kind, after = ARGV[i], ARGV[i + 1]
  local key = stream_key(kind)
  local entries = entries_after(key, after, count)
  local missed = gap(kind, key, after)
  local pass = ''
  if #entries == 0 and missed == 'none' then pass = last_id(key) end
  batches[#batches + 1] = { missed, entries, pass }
end
return batches
