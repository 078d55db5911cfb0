-- Ends a call's lease, puts its real tokens in place of the reservation, and notes how the providers did.
--
-- ARGV: 1 prefix, 2 key id, 3 account id, 4 call id, 5 tokens reserved, 6 tokens used, 7 when it was admitted in
-- ms, 8 failures in a row that open a breaker, 9 how long it stays open in ms, 10 how long it does where an account is
-- refused, 11 the model, 12 the fingerprint of an answer that is to be cached or '', 13 for how many ms, 14 the answer, then a provider's name, 'answered', 'failed' or 'refused', and 'MS RATE' or '', for each that was asked.
-- A breaker is a route's, by its name PROVIDER:MODEL: what fails at one model says nothing of the provider's others. Only
-- a provider that refuses our account, since its key or its credit is gone, refuses it at every model: that breaker is
-- the provider's, by its name alone, and opens at once. Any answer there closes it.
-- Of an answer MS is the time to its first byte and RATE its tokens in a second: what is kept of a route, in SPEEDS, is their mean, of
-- which the last five make up most.
-- Answers how many settles wait in the outbox.
-- The lease carries the reservation: if it has lapsed, so has what could be corrected.

local key, account, lease = ARGV[2], ARGV[3], ARGV[4] .. ':' .. ARGV[5]
local reserved, used, admitted_at = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local failures_to_open, open_ms, refused_ms = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

for _, subject in ipairs({ 'key:' .. key, 'account:' .. account }) do
  if redis.call('ZREM', leases_of(subject), lease) == 1 and used ~= reserved then
    local counters = read(subject)
    correct(counters, admitted_at, 0, used - reserved)
    write(subject, counters)
  end
end

local breaker = prefix .. 'breaker'
for i = 15, #ARGV, 3 do
  local provider, outcome = ARGV[i], ARGV[i + 1]
  local route = provider .. ':' .. ARGV[11]
  if outcome == 'answered' then
    redis.call('HDEL', breaker, route, provider)
    local first, rate = string.match(ARGV[i + 2], '^(%d+) (%d+)$')
    if first then
      local known = redis.call('HGET', prefix .. SPEEDS, route)
      local known_first, known_rate, at = string.match(known or '', '^(%d+) (%d+) (%d+)$')
      if at and now - tonumber(at) < SPEED_MS then
        first, rate = known_first + (first - known_first) / 5, known_rate + (rate - known_rate) / 5
      end
      redis.call('HSET', prefix .. SPEEDS, route, string.format('%d %d %d', math.floor(first), math.floor(rate), now))
    end
  elseif outcome == 'refused' then
    redis.call('HSET', breaker, provider, string.format('1 %d', now + refused_ms))
  else
    local state = redis.call('HGET', breaker, route)
    local failures = (state and tonumber(string.match(state, '^(%d+)')) or 0) + 1
    local open_until = failures >= failures_to_open and now + open_ms or 0
    redis.call('HSET', breaker, route, string.format('%d %d', failures, open_until))
  end
end

-- What an account may have cached, in bytes and in answers: of more, those go first that lapse first.
local CACHED_BYTES, CACHED_ANSWERS, DAY = 16777216, 1000, 86400000
if ARGV[12] ~= '' then
  local answers, fingerprint, life = answers_of(account), ARGV[12], tonumber(ARGV[13])
  redis.call('ZREMRANGEBYSCORE', answers, '-inf', now)
  local others, bytes = {}, #ARGV[14]
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
  redis.call('SET', answers .. ':' .. fingerprint, ARGV[14], 'PX', life)
  redis.call('ZADD', answers, now + life, fingerprint .. ':' .. #ARGV[14])
  redis.call('PEXPIRE', answers, DAY)
end

return redis.call('LLEN', prefix .. 'outbox')
