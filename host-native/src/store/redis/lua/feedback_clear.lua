local workflow, stage, all_stages = ARGV[4], ARGV[5], ARGV[6] == '1'
local of = own .. 'of:' .. workflow
local all = call('HGETALL', of)
local cleared = 0
for i = 1, #all, 2 do
  local expires, its_stage = parts(all[i + 1])
  if all_stages or its_stage == stage then
    if expires > now then cleared = cleared + 1 end
    call('HDEL', of, all[i])
    local path = string.gsub(all[i], '^%d+ %d+ ', '', 1)
    call('DEL', records .. 'feedback:' .. workflow .. ':' .. path)
  end
end
return cleared
