-- Three tables grow with every call: requests, credit_transactions and audit_logs. Each is kept in one partition a month
-- (UTC), so that old requests go by dropping a table and a month that is over is never written again.
--
-- Requests go by when they ended. The other two go by their ids, whose leading digits are the month: so ids are unique
-- over all months, and a list that is ordered by id reads the newest month first and stops when its page is full.

-- The first id of a month: the days until it began, since 2026 began, and room for a hundred thousand million ids. For two
-- hundred years they are numbers that JavaScript still reads exactly. Every row of three tables asks for this, so it is one
-- expression that names its argument once: such a function Postgres puts in the caller's place.
create function gateway.first_id(at timestamptz) returns bigint
language sql immutable parallel safe
return (date_part('epoch', date_trunc('month', at at time zone 'utc')) / 86400 - 20454)::bigint * 100000000000;

-- The next id of a table whose partitions go by their ids.
create function gateway.next_id(numbers regclass) returns bigint
language sql volatile
return gateway.first_id(gateway.now()) + nextval(numbers);

-- How a partition's name ends.
create function gateway.month_name(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'utc', 'YYYY_MM');

-- Whether the month of a moment has its partitions: a look at the catalog's cache, which every call can afford. The
-- partitions of a month are made together, so one stands for all three.
create function gateway.has_month(at timestamptz) returns boolean
language sql stable
return to_regclass('gateway.requests_' || gateway.month_name(at)) is not null;

-- When a call began, by its id: the gateway's ids are UUIDv7, which begin with their time in milliseconds.
create function gateway.begun_at(call uuid) returns timestamptz
language sql immutable parallel safe
return to_timestamp(
  ('x' || left(call::text, 8) || substr(call::text, 10, 4))::bit(48)::bigint / 1000::double precision);

-- The earliest moment at which a call can have ended, so that it is looked for in the months since then and not in all.
-- The gateway's clock may be a week ahead of ours. An id that is no UUIDv7 says nothing, and neither does one of the future:
-- such a call is looked for everywhere.
create function gateway.earliest_end(call uuid, at timestamptz) returns timestamptz
language sql stable parallel safe
return case
  when substr(call::text, 15, 1) = '7' and gateway.begun_at(call) < at + interval '1 day'
  then gateway.begun_at(call) - interval '7 days'
  else '-infinity'
end;
