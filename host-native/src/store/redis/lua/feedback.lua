-- `of:WORKFLOW` holds the scores of a workflow by stage, tier and id, each behind
-- the moment from which it counts no more and its stage.
local function parts(kept)
  local expires, length, rest = string.match(kept, '^(-?%d+) (%d+) (.*)$')
  length = tonumber(length)
  return tonumber(expires), string.sub(rest, 1, length), string.sub(rest, length + 1)
end
