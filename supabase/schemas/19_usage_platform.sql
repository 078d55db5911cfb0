-- Usage of the whole platform, summed up by the hour: what monitor, metrics and reports of the operator are read from, so that
-- they cost the same however many requests there are.

-- The live end of every window is read by time over all accounts. Requests are written in the order in which they end, which is
-- what a BRIN index needs: a few bytes for every sixteen pages, and next to nothing for a settle.
create index requests_time on gateway.requests using brin (finished_at) with (pages_per_range = 16, autosummarize = on);

create table gateway.platform_hours (
  hour timestamptz not null,
  model text not null,
  provider text not null,
  outcome gateway.request_outcome not null,
  error_code text not null,
  stream boolean not null,
  requests bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations bigint[] not null,
  first_bytes bigint[] not null,
  duration_ms bigint not null,
  first_byte_ms bigint not null,
  primary key (hour, model, provider, outcome, error_code, stream)
);
comment on table gateway.platform_hours is
  'Requests of all accounts by the hour in which they ended, for the hours before rolled_up_to. No provider and no error are empty texts.';
comment on column gateway.platform_hours.provider_cost is 'What of the cost the providers get by their prices, without our markup, in nano-dollars.';
comment on column gateway.platform_hours.durations is 'A histogram over gateway.latency_bounds(): how many requests took so long.';
comment on column gateway.platform_hours.first_bytes is 'The same of the time until the first byte.';
comment on column gateway.platform_hours.duration_ms is 'The sum of what the histogram counts; so is first_byte_ms.';

create table gateway.platform_days (like gateway.platform_hours including indexes);
comment on table gateway.platform_days is 'The sums of the hours of each whole day (UTC) that lies before rolled_up_to; hour is the day''s first.';

create table gateway.platform_heads (like gateway.platform_hours);
comment on table gateway.platform_heads is
  'Requests from rolled_up_to up to head_to, by the hour (see gateway.usage_heads).';

create table gateway.platform_totals (
  model text not null,
  provider text not null,
  outcome gateway.request_outcome not null,
  error_code text not null,
  stream boolean not null,
  requests bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations bigint[] not null,
  first_bytes bigint[] not null,
  duration_ms bigint not null,
  first_byte_ms bigint not null,
  primary key (model, provider, outcome, error_code, stream)
);
comment on table gateway.platform_totals is 'The sum of all platform_hours: counters that only rise.';

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
