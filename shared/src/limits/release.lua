-- Ends a call's lease, puts its real tokens in place of the reservation, and notes how the providers did.
--
-- ARGV: 1 prefix, 2 key id, 3 account id, 4 call id, 5 tokens reserved, 6 tokens used, 7 when it was admitted in
-- ms, 8 failures in a row that open a breaker, 9 how long it stays open in ms, 10 how long it does where an account is
-- refused, 11 the model, then a provider's name and 'answered', 'failed' or 'refused', for each that was asked.
-- A breaker is a route's, by its name PROVIDER:MODEL: what fails at one model says nothing of the provider's others. Only
-- a provider that refuses our account, since its key or its credit is gone, refuses it at every model: that breaker is
-- the provider's, by its name alone, and opens at once. Any answer there closes it.
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
for i = 12, #ARGV, 2 do
  local provider, outcome = ARGV[i], ARGV[i + 1]
  local route = provider .. ':' .. ARGV[11]
  if outcome == 'answered' then
    redis.call('HDEL', breaker, route, provider)
  elseif outcome == 'refused' then
    redis.call('HSET', breaker, provider, string.format('1 %d', now + refused_ms))
  else
    local state = redis.call('HGET', breaker, route)
    local failures = (state and tonumber(string.match(state, '^(%d+)')) or 0) + 1
    local open_until = failures >= failures_to_open and now + open_ms or 0
    redis.call('HSET', breaker, route, string.format('%d %d', failures, open_until))
  end
end

return redis.call('LLEN', prefix .. 'outbox')
