-- Ends a call's lease, puts its real tokens in place of the reservation, and notes how the providers did.
--
-- ARGV: 1 prefix, 2 key id, 3 account id, 4 call id, 5 tokens reserved, 6 tokens used, 7 when it was admitted in
-- ms, 8 failures in a row that open a breaker, 9 how long it stays open in ms, 10 how long it does where an account is
-- refused, 11 the model, 12 the session and 13 the provider that now has its prompt in a cache, or '' each, 14 for how long that
-- says anything in ms, 15 the fingerprint of an answer that is to be cached or '', 16 for how many ms, 17 the answer, then for each
-- provider that was asked its name, which of our several keys there was used ('#1', or ''),
-- 'answered', 'failed', 'limited' or 'refused', and the classes 'FIRST RATE' of how fast it was, or ''. Behind ':' and another model
-- come those that were asked for that one.
-- A breaker is a route's, by its name PROVIDER:MODEL: what fails at one model says nothing of the provider's others. Only
-- a provider that refuses our account, since its key or its credit is gone, refuses it at every model: that breaker is
-- the provider's, or the key's, by its name alone, and opens at once. Any answer there closes it. So does a key's that is asked
-- too often, without a failure in its state, since nobody need mend it.
-- What a route did is counted in its rings (see windows.lua); a refused account and a key that is asked too often are no
-- failures of it.
-- Answers how many settles wait in the outbox.
-- The lease carries the reservation: if it has lapsed, so has what could be corrected.

local key, account, lease = ARGV[2], ARGV[3], ARGV[4] .. ':' .. ARGV[5]
local reserved, used, admitted_at = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local failures_to_open, open_ms, refused_ms = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

for _, subject in ipairs({ 'key:' .. key, 'account:' .. account }) do
  if redis.call('ZREM', leases_of(subject), lease) == 1 and used ~= reserved then
    local counters = read(subject, TOKEN_WINDOWS)
    correct(TOKEN_WINDOWS, counters, admitted_at, 0, used - reserved)
    write(subject, TOKEN_WINDOWS, counters)
  end
end

-- Counts one more of a class.
local function counted(classes, class)
  if not class then return classes end
  local found = false
  local more = string.gsub(classes, '(%d+)=(%d+)', function(other, count)
    if other ~= class then return nil end
    found = true
    return string.format('%s=%d', class, count + 1)
  end)
  if found then return more end
  return (classes == '-' and '' or classes .. ',') .. class .. '=1'
end

-- Counts an attempt at a route in the buckets of now.
local function measure(route, answered, figures)
  local first, rate = string.match(figures, '^(%d+) (%d+)$')
  local fields = {}
  for i, ring in ipairs(RINGS) do
    fields[i] = string.format('%s%d', ring.name, math.floor(now / ring.length) % ring.places)
  end
  local stored = redis.call('HMGET', route_of(route), unpack(fields))
  local written, begins = {}, false
  for i, ring in ipairs(RINGS) do
    local bucket = math.floor(now / ring.length)
    local at, good, bad, firsts, rates = string.match(stored[i] or '', '^(%d+) (%d+) (%d+) (%S+) (%S+)$')
    if tonumber(at) ~= bucket then
      good, bad, firsts, rates, begins = 0, 0, '-', '-', true
    end
    written[#written + 1] = fields[i]
    written[#written + 1] = string.format('%d %d %d %s %s', bucket, good + (answered and 1 or 0), bad + (answered and 0 or 1),
      counted(firsts, first), counted(rates, rate))
  end
  redis.call('HSET', route_of(route), unpack(written))
  -- Nothing counts for longer than the longest ring, so most calls need not renew how long this is kept.
  if begins then redis.call('PEXPIRE', route_of(route), RINGS[2].length * RINGS[2].places) end
end

local breaker = prefix .. 'breaker'
local model, i = ARGV[11], 18
while i <= #ARGV do
  local named = string.match(ARGV[i], '^:(.*)$')
  if named then model, i = named, i + 1 end
  local provider, outcome = ARGV[i], ARGV[i + 2]
  local route, at_key = provider .. ':' .. model, provider .. ARGV[i + 1]
  if outcome == 'answered' then
    redis.call('HDEL', breaker, route, provider, at_key)
    measure(route, true, ARGV[i + 3])
  elseif outcome == 'refused' then
    redis.call('HSET', breaker, at_key, string.format('1 %d', now + refused_ms))
  elseif outcome == 'limited' then
    redis.call('HSET', breaker, at_key, string.format('0 %d', now + open_ms))
  else
    local state = redis.call('HGET', breaker, route)
    local failures = (state and tonumber(string.match(state, '^(%d+)')) or 0) + 1
    local open_until = failures >= failures_to_open and now + open_ms or 0
    redis.call('HSET', breaker, route, string.format('%d %d', failures, open_until))
    measure(route, false, '')
  end
  i = i + 4
end

if ARGV[12] ~= '' and ARGV[13] ~= '' then
  redis.call('SET', sticky_of(ARGV[12]), ARGV[13], 'PX', ARGV[14])
end

-- What an account may have cached, in bytes and in answers: of more, those go first that lapse first.
local CACHED_BYTES, CACHED_ANSWERS, DAY = 16777216, 1000, 86400000
if ARGV[15] ~= '' then
  local answers, fingerprint, life = answers_of(account), ARGV[15], tonumber(ARGV[16])
  redis.call('ZREMRANGEBYSCORE', answers, '-inf', now)
  local others, bytes = {}, #ARGV[17]
  for _, name in ipairs(redis.call('ZRANGE', answers, 0, -1)) do
    local other, size = string.match(name, '^(%x+):(%d+)$')
    if other == fingerprint then
      redis.call('ZREM', answers, name)
    else
      others[#others + 1], bytes = { name, other, tonumber(size) }, bytes + size
    end
  end
  for i, other in ipairs(others) do
    if bytes <= CACHED_BYTES and #others - i + 2 <= CACHED_ANSWERS then break end
    redis.call('DEL', answers .. ':' .. other[2])
    redis.call('ZREM', answers, other[1])
    bytes = bytes - other[3]
  end
  redis.call('SET', answers .. ':' .. fingerprint, ARGV[17], 'PX', life)
  redis.call('ZADD', answers, now + life, fingerprint .. ':' .. #ARGV[17])
  redis.call('PEXPIRE', answers, DAY)
end

return redis.call('LLEN', prefix .. 'outbox')
