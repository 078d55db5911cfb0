-- Admits a call or refuses it: every window and the concurrency of the key and of its account, the token reservation,
-- the lease, and the state of the providers' breakers; one atomic step.
--
-- ARGV: 1 prefix, 2 key hash, 3 call id, 4 tokens to reserve, 5 life of the lease in ms, 6 the limits in force or ''
-- to use the cached ones, 7 when an earlier evaluation of this call admitted it (to be undone) or '', 8 how long to
-- cache limits in ms, 9 the model, 10 'speeds' to be told them or '', 11 the session (see sticky_of) or '', 12 the fingerprint of a
-- cached answer that is looked for or '', then the providers' names and, of each at which we have several keys, those of the keys,
-- NAME#1 and so on. Behind ':' and a further model that may be asked in its place come the providers that it may go to.
-- Limits are a text of pairs: account=ID key=ID plan=ID, then NAME=OF_KEY/OF_ACCOUNT for each. Cached ones that do not name all
-- of WINDOWS are as good as none: another version of the gateway has cached them.
-- Answers: verdict ('ok', 'miss' without cached limits, or the name of the limit that is exhausted), the limits used,
-- now in ms, ms until a retry can succeed, requests limit, remaining, reset ms, tokens limit, remaining, reset ms, the
-- names of providers and keys whose breaker is open, this model's or that of all their models (see release.lua), joined by commas, at the
-- first of further models with ':1' behind it, and so on; the
-- session's provider or ''; where it is asked how fast these routes were lately, a list for each of its name and its buckets of
-- the last half hour; and the cached answer or '', with the ms that it still lies there. Whoever gets one is counted and has no
-- lease. A window is reset when it is whole again; one that has refused, when a retry can succeed.
-- Nothing is counted for a call that is refused here: whoever waits as told is let in.

local key_hash, call_id, tokens, lease_ms = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local limits_text, undo_at, cache_ms = ARGV[6], ARGV[7], tonumber(ARGV[8])
local cache = prefix .. 'limits:' .. key_hash
local HOUR = 3600000

-- The subjects of a text and their limits by name; nothing if one is missing.
local function parse(text)
  local named = {}
  for name, value in string.gmatch(text, '([%w_]+)=(%S+)') do named[name] = value end
  if not named.account or not named.key then return nil end
  local of_key, of_account = {}, {}
  local function take(name)
    local first, second = string.match(named[name] or '', '^(%d+)/(%d+)$')
    of_key[name], of_account[name] = tonumber(first), tonumber(second)
    return first
  end
  for _, window in ipairs(WINDOWS) do
    if not take(window.name) then return nil end
  end
  if not take(CONCURRENCY) then return nil end
  return { { 'key:' .. named.key, of_key }, { 'account:' .. named.account, of_account } }
end

local subjects
if limits_text == '' then
  limits_text = redis.call('GET', cache)
  subjects = limits_text and parse(limits_text)
  if not subjects then return { 'miss' } end
else
  subjects = parse(limits_text)
  if not subjects then error('limits that do not name every window') end
  redis.call('SET', cache, limits_text, 'PX', cache_ms)
end
local lease = call_id .. ':' .. tokens

local retry_ms, verdict = 0, 'ok'
local function refuse(name, ms)
  local counts = verdict == 'ok' or ms > retry_ms
  if counts then verdict, retry_ms = name, ms end
  return counts
end

-- When, from now, `used + wanted` will fit into the limit if nothing else is counted.
local function wait_for(counter, length, limit, wanted)
  local elapsed = now - counter[1] * length
  local room = math.max(limit - wanted, 0)
  if counter[2] <= room and counter[3] > 0 then
    return math.ceil(math.min((1 - (room - counter[2]) / counter[3]) * length, counter[5]) - elapsed)
  end
  local decay = counter[2] > 0 and math.max(1 - room / counter[2], 0) or 0
  return math.ceil(length - elapsed + math.min(decay * length, counter[4]))
end

-- For requests and for tokens the window that the headers show: the tighter minute, or the window that has refused.
local binding, refusing = {}, {}
for _, subject in ipairs(subjects) do
  local counters = read(subject[1], WINDOWS)
  subject[3] = counters
  if undo_at ~= '' then
    correct(WINDOWS, counters, tonumber(undo_at), -1, -tokens)
    redis.call('ZREM', leases_of(subject[1]), lease)
  end
  for i, window in ipairs(WINDOWS) do
    local counter, length, limit = counters[i], window.length, subject[2][window.name]
    local wanted = window.tokens and tokens or 1
    local used = used_now(counter, length)
    local kind, remaining = window.tokens and 2 or 1, math.floor(limit - used)
    -- One call whose own reservation is beyond the window is let in when the window is empty: it could never be else.
    if used + wanted > limit and (used > 0 or not window.tokens) then
      if refuse(window.name, math.max(wait_for(counter, length, limit, wanted), 1)) then
        refusing = { [kind] = { limit, remaining } }
      end
    end
    if length == 60000 and (not binding[kind] or remaining < binding[kind][2]) then
      binding[kind] = { limit, remaining, counter, length, wanted }
    end
  end
  local leases = leases_of(subject[1])
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
  subject[4] = redis.call('ZCARD', leases)
  if subject[4] >= subject[2][CONCURRENCY] and verdict == 'ok' then
    refuse(CONCURRENCY, 1000)
    refusing = {}
  end
end

local cached, cached_ms = '', 0
if verdict == 'ok' and ARGV[12] ~= '' then
  local name = answers_of(string.match(subjects[2][1], '^account:(.+)$')) .. ':' .. ARGV[12]
  cached = redis.call('GET', name) or ''
  if cached ~= '' then tokens, cached_ms = 0, redis.call('PTTL', name) end
end

for _, subject in ipairs(subjects) do
  if verdict == 'ok' then correct(WINDOWS, subject[3], now, 1, tokens) end
  if verdict == 'ok' and cached == '' then
    redis.call('ZADD', leases_of(subject[1]), now + lease_ms, lease)
    -- They are kept for an hour longer than their last lease: so most calls that find others running need not renew it.
    if subject[4] == 0 or subject[3].begins or lease_ms > HOUR / 2 then
      redis.call('PEXPIRE', leases_of(subject[1]), lease_ms + HOUR)
    end
  end
  if verdict == 'ok' or undo_at ~= '' then write(subject[1], WINDOWS, subject[3]) end
end

-- The routes that may be asked: each with its name in the answer, its provider's name and its own.
local routes = {}
local model, behind, further = ARGV[9], '', 0
for i = 13, #ARGV do
  local named = string.match(ARGV[i], '^:(.*)$')
  if named then
    further = further + 1
    model, behind = named, ':' .. further
  else
    routes[#routes + 1] = { ARGV[i] .. behind, ARGV[i], ARGV[i] .. ':' .. model }
  end
end

local avoid = {}
local breakers = {}
for _, route in ipairs(routes) do
  breakers[#breakers + 1] = route[3]
  breakers[#breakers + 1] = route[2]
end
if #breakers > 0 then
  local states = redis.call('HMGET', prefix .. 'breaker', unpack(breakers))
  local function is_open(i)
    local open_until = states[i] and tonumber(string.match(states[i], '^%d+ (%d+)$')) or 0
    return open_until > now
  end
  for i, route in ipairs(routes) do
    if is_open(2 * i - 1) or is_open(2 * i) then avoid[#avoid + 1] = route[1] end
  end
end

local speeds = {}
if ARGV[10] ~= '' and verdict == 'ok' then
  local places = {}
  for place = 0, RINGS[1].places - 1 do places[place + 1] = RINGS[1].name .. place end
  for _, route in ipairs(routes) do
    local buckets = redis.call('HMGET', route_of(route[3]), unpack(places))
    local known = { route[1] }
    for _, bucket in ipairs(buckets) do
      if bucket then known[#known + 1] = bucket end
    end
    if #known > 1 then speeds[#speeds + 1] = known end
  end
end

local sticky = ''
if ARGV[11] ~= '' and verdict == 'ok' then sticky = redis.call('GET', sticky_of(ARGV[11])) or '' end

local answer = { verdict, limits_text, now, retry_ms }
for kind = 1, 2 do
  local shown, counter, length, wanted = refusing[kind] or binding[kind], unpack(binding[kind], 3)
  local spent = verdict == 'ok' and not (kind == 2 and cached ~= '') and wanted or 0
  answer[#answer + 1] = shown[1]
  answer[#answer + 1] = math.max(shown[2] - spent, 0)
  answer[#answer + 1] = refusing[kind] and retry_ms or math.ceil(empty_in(counter, length))
end
answer[#answer + 1] = table.concat(avoid, ',')
answer[#answer + 1] = sticky
answer[#answer + 1] = speeds
answer[#answer + 1] = cached
answer[#answer + 1] = cached_ms
return answer
