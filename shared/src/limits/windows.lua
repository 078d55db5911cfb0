-- Shared head of all scripts, below the table WINDOWS that windows.rs makes: sliding counters of two buckets each, kept
-- as "bucket current previous" in one hash a subject. What counts now is current + previous * the part of the previous
-- bucket that still lies in the window. A subject is a key or an account, by its id.

local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local FIELDS = {}
for i, window in ipairs(WINDOWS) do FIELDS[i] = window.field end
local TWO_DAYS = 172800000

local function counters_of(subject) return prefix .. 'rate:' .. subject end
local function leases_of(subject) return prefix .. 'lease:' .. subject end

-- The counters of a subject as of now: { bucket, current, previous } a window.
local function read(subject)
  local stored = redis.call('HMGET', counters_of(subject), unpack(FIELDS))
  local counters = {}
  for i, window in ipairs(WINDOWS) do
    local bucket = math.floor(now / window.length)
    local at, current, previous = 0, 0, 0
    if stored[i] then
      local a, c, p = string.match(stored[i], '^(%d+) (%d+) (%d+)$')
      at, current, previous = tonumber(a), tonumber(c), tonumber(p)
    end
    if at == bucket - 1 then
      current, previous = 0, current
    elseif at ~= bucket then
      current, previous = 0, 0
    end
    counters[i] = { bucket, current, previous }
  end
  return counters
end

local function used_now(counter, length)
  local share = 1 - (now - counter[1] * length) / length
  return counter[2] + counter[3] * share
end

local function write(subject, counters)
  local fields = {}
  for i, window in ipairs(WINDOWS) do
    local counter = counters[i]
    fields[#fields + 1] = window.field
    fields[#fields + 1] = string.format('%d %d %d', counter[1], counter[2], counter[3])
  end
  redis.call('HSET', counters_of(subject), unpack(fields))
  redis.call('PEXPIRE', counters_of(subject), TWO_DAYS)
end

-- Adds to the buckets in which `at` lies, as far as they still count.
local function correct(counters, at, requests, tokens)
  for i, window in ipairs(WINDOWS) do
    local counter = counters[i]
    local change = window.tokens and tokens or requests
    local age = counter[1] - math.floor(at / window.length)
    if age == 0 then
      counter[2] = math.max(counter[2] + change, 0)
    elseif age == 1 then
      counter[3] = math.max(counter[3] + change, 0)
    end
  end
end
