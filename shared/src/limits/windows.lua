-- Shared head of all scripts, below the table WINDOWS that windows.rs makes: sliding counters of two buckets each, kept
-- as "bucket current previous last last_previous" in one hash a subject. What counts now is current + previous * the part
-- of the previous bucket that still lies in the window, and nothing of it once its last request has left the window: so a
-- limit of one a minute lets the next one in after a minute. `last` and `last_previous` are when the last one came in its
-- bucket, in ms from its beginning. A subject is a key or an account, by its id.

local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The windows of tokens: the only ones that a settlement corrects.
local TOKEN_WINDOWS = {}
for _, window in ipairs(WINDOWS) do
  if window.tokens then TOKEN_WINDOWS[#TOKEN_WINDOWS + 1] = window end
end
local TWO_DAYS = 172800000

local function counters_of(subject) return prefix .. 'rate:' .. subject end
local function leases_of(subject) return prefix .. 'lease:' .. subject end
-- An account's cached answers: the names FINGERPRINT:BYTES by when they lapse, and behind a colon and its fingerprint each of them.
local function answers_of(account) return prefix .. 'cached:' .. account end

-- The counters of a subject as of now: { bucket, current, previous, last, last_previous } a window of `windows`; and whether
-- a bucket of any of them begins with this call.
local function read(subject, windows)
  local fields = {}
  for i, window in ipairs(windows) do fields[i] = window.field end
  local stored = redis.call('HMGET', counters_of(subject), unpack(fields))
  local counters = {}
  for i, window in ipairs(windows) do
    local bucket = math.floor(now / window.length)
    local at, current, previous, last, last_previous = 0, 0, 0, 0, 0
    if stored[i] then
      local a, c, p, l, lp = string.match(stored[i], '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
      at, current, previous, last, last_previous = tonumber(a), tonumber(c), tonumber(p), tonumber(l), tonumber(lp)
    end
    if at ~= bucket then counters.begins = true end
    if at == bucket - 1 then
      current, previous, last, last_previous = 0, current, 0, last
    elseif at ~= bucket then
      current, previous, last, last_previous = 0, 0, 0, 0
    end
    counters[i] = { bucket, current, previous, last, last_previous }
  end
  return counters
end

local function used_now(counter, length)
  local elapsed = now - counter[1] * length
  if elapsed >= counter[5] then return counter[2] end
  return counter[2] + counter[3] * (1 - elapsed / length)
end

-- How long, in ms, until nothing that is counted now counts any more: then the limit is whole again.
local function empty_in(counter, length)
  local elapsed = now - counter[1] * length
  if counter[2] > 0 then return length - elapsed + counter[4] end
  if counter[3] > 0 then return math.max(counter[5] - elapsed, 0) end
  return 0
end

local function write(subject, windows, counters)
  local fields = {}
  for i, window in ipairs(windows) do
    local counter = counters[i]
    fields[#fields + 1] = window.field
    fields[#fields + 1] = string.format('%d %d %d %d %d', unpack(counter))
  end
  redis.call('HSET', counters_of(subject), unpack(fields))
  -- Nothing counts for longer than a window after the bucket it came in, so most calls need not renew how long this is kept.
  if counters.begins then redis.call('PEXPIRE', counters_of(subject), TWO_DAYS) end
end

-- Adds to the buckets in which `at` lies, as far as they still count.
local function correct(windows, counters, at, requests, tokens)
  for i, window in ipairs(windows) do
    local counter = counters[i]
    local change = window.tokens and tokens or requests
    local bucket = math.floor(at / window.length)
    local age, came = counter[1] - bucket, at - bucket * window.length
    if age == 0 then
      counter[2] = math.max(counter[2] + change, 0)
      if change > 0 then counter[4] = math.max(counter[4], came) end
    elseif age == 1 then
      counter[3] = math.max(counter[3] + change, 0)
      if change > 0 then counter[5] = math.max(counter[5], came) end
    end
  end
end

-- How a route does: rings of buckets in one hash a route, PROVIDER:MODEL, each bucket in the field of its ring and place as
-- "bucket answered failed firsts rates". Firsts and rates are counts by class ("12=3,14=1", or "-"; see measured.rs). The rings
-- are five minutes each for half an hour and hours for a day, with one more for the bucket that is being filled.
local RINGS = { { name = 'm', length = 300000, places = 7 }, { name = 'h', length = 3600000, places = 25 } }
local function route_of(route) return prefix .. 'route:' .. route end
-- Which provider a session's prompt is cached at.
local function sticky_of(session) return prefix .. 'sticky:' .. session end
