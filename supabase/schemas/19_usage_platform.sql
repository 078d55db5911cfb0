-- Usage of the whole platform, summed up by the hour: what monitor, metrics and reports of the operator are read from, so that
-- they cost the same however many requests there are.

-- The live end of every window is read by time over all accounts. Requests are written in the order in which they end, which is
-- what a BRIN index needs: a few bytes for every 128 pages, and next to nothing for a settle. Whoever reads looks at all of these, and
-- at each page of those that match: with fewer pages to a range the former is most of it once a month has ten million requests.
create index requests_time on gateway.requests using brin (finished_at) with (pages_per_range = 128, autosummarize = on);

create table gateway.platform_hours (
  part text not null check (part in ('total', 'model', 'provider', 'error')),
  hour timestamptz not null,
  value text not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  charged bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations numeric not null,
  first_bytes numeric not null,
  primary key (part, hour, value)
);
comment on table gateway.platform_hours is
  'Requests of all accounts by the hour in which they ended, for the hours before rolled_up_to: all together, and once more by each model, provider and kind of error by itself. A window is read from some ten rows an hour, and not from one for each model at each provider with each end.';
comment on column gateway.platform_hours.value is 'Which model, provider or kind of error; of the total, an empty text.';
comment on column gateway.platform_hours.failed is 'Neither completed nor left by the client.';
comment on column gateway.platform_hours.charged is 'How many cost something.';
comment on column gateway.platform_hours.provider_cost is 'What of the cost the providers get by their prices, without our markup, in nano-dollars.';
comment on column gateway.platform_hours.durations is 'A histogram (38_histograms.sql): how many requests took so long.';
comment on column gateway.platform_hours.first_bytes is 'The same of the time until the first byte.';

create table gateway.platform_days (like gateway.platform_hours including indexes);
comment on table gateway.platform_days is 'The sums of the hours of each whole day (UTC) that lies before rolled_up_to; hour is the day''s first.';

create table gateway.platform_totals (
  model text not null,
  provider text not null,
  outcome gateway.request_outcome not null,
  error_code text not null,
  stream boolean not null,
  requests bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  charged bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations numeric not null,
  first_bytes numeric not null,
  duration_ms bigint not null,
  first_byte_ms bigint not null,
  primary key (model, provider, outcome, error_code, stream)
);
comment on table gateway.platform_totals is
  'Counters that only rise: all requests before rolled_up_to, by all that they can be told apart by. No provider and no error are empty texts.';
comment on column gateway.platform_totals.duration_ms is 'The sum of what the histogram counts; so is first_byte_ms.';

create table gateway.platform_heads (like gateway.platform_totals, hour timestamptz not null);
comment on table gateway.platform_heads is
  'The same of the requests from rolled_up_to up to head_to, where they are many (see gateway.usage_heads).';

create table gateway.platform_roll_up (
  one boolean primary key default true check (one),
  rolled_up_to timestamptz not null,
  head_to timestamptz check (head_to > rolled_up_to)
);
comment on table gateway.platform_roll_up is
  'One row, from the first summing up on: the moment up to which platform_hours are complete. Requests from then on, or from head_to, are counted one by one.';

alter table gateway.platform_days enable row level security;
alter table gateway.platform_heads enable row level security;
alter table gateway.platform_hours enable row level security;
alter table gateway.platform_totals enable row level security;
alter table gateway.platform_roll_up enable row level security;
