-- Usage: every request, and what was used summed up by the hour, so that no total is ever counted from many requests.

create table gateway.requests (
  call_id uuid not null,
  account_id uuid not null,
  key_id uuid not null,
  request_id text,
  model text not null,
  provider text,
  outcome gateway.request_outcome not null,
  error_code text,
  stream boolean not null default false,
  prompt_tokens integer not null default 0,
  cached_tokens integer not null default 0,
  written_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  reasoning_tokens integer not null default 0,
  units jsonb,
  estimated boolean not null default false,
  clamped boolean not null default false,
  held bigint not null,
  cost bigint not null,
  markup integer,
  first_byte_ms integer,
  duration_ms integer,
  own_key boolean not null default false,
  replayed_call uuid,
  app text,
  end_user text,
  tags jsonb,
  metadata jsonb,
  answer_id text,
  finish_reason text,
  asked_ms integer,
  attempts jsonb,
  prompt_price bigint,
  cached_price bigint,
  completion_price bigint,
  price jsonb,
  created_at timestamptz not null,
  finished_at timestamptz not null
) partition by range (finished_at);
comment on table gateway.requests is
  'One row per call that was sent to a provider: its usage and what it cost. Its presence is what makes a settle happen once.';
comment on column gateway.requests.request_id is 'What its caller calls the request; null where nobody has named it, and call_id is its name.';
comment on column gateway.requests.units is
  'What it used besides, in the names of gateway.usage: tokens of pictures, sound and a long cache, which are parts of the prompt or the completion; images, searches, milliseconds, characters. Null for most.';
comment on column gateway.requests.clamped is
  'The provider reported more tokens than the model has, or more units than the call was held for; so many as that were charged.';
comment on column gateway.requests.end_user is 'Whom the account made it for, in the account''s own word for them; null where it did not say, or has had them deleted.';
comment on column gateway.requests.tags is 'What the account sorts it under: a list of texts, or null.';
comment on column gateway.requests.metadata is 'What the account said of it besides: an object, or null.';
comment on column gateway.requests.answer_id is 'What the provider has called its answer, where the client was told the same.';
comment on column gateway.requests.finish_reason is 'Why the first choice ended, in the provider''s word.';
comment on column gateway.requests.asked_ms is 'From the call''s start to the moment when its first provider was asked.';
comment on column gateway.requests.attempts is
  'The providers that were asked, where they were several or one has failed: provider, model (of a call that several might have answered), started_ms, duration_ms, first_byte_ms, status, error_code.';
comment on column gateway.requests.prompt_price is
  'Of the provider that served it, as it was frozen; with cached_price and completion_price all of a price that has nothing else which the call used.';
comment on column gateway.requests.price is 'Any other frozen price, as of gateway.price.';
comment on column gateway.requests.markup is 'In basis points: what it cost is so many ten-thousandths of what the provider''s prices come to. Null where nobody knew.';
comment on column gateway.requests.own_key is 'It went to the provider with the caller''s own key there, and cost nothing here but the operator''s fee, if there is one.';
comment on column gateway.requests.replayed_call is 'The earlier call whose cached answer was given again: this one was sent to no provider, and cost nothing.';

-- Each month has call_id as its primary key (21_partitions.sql): one of all months would have to contain the time, and
-- would let a call end twice. Over months it is the account's lock, under which a settle looks for the call first.

-- Ordered by when a call ended: finish_request reads the clock under the account's lock, so within an account no row can appear
-- before one that was listed already. A call's id orders by its beginning, and a settle may come days later.
create index requests_account on gateway.requests (account_id, finished_at);

-- Of those about which the account has said something, which is found to be shown or to be forgotten.
create index requests_labelled on gateway.requests (account_id, end_user, finished_at)
  where end_user is not null or tags is not null or metadata is not null;

-- Without foreign keys, as the requests that they sum up.
create table gateway.usage_hours (
  account_id uuid not null,
  hour timestamptz not null,
  key_id uuid not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, hour, key_id, model, provider)
);
comment on table gateway.usage_hours is
  'Requests by the hour in which they ended, for the hours before the account''s rolled_up_to. No provider is an empty text; cost in nano-dollars.';
comment on column gateway.usage_hours.failed is 'Neither completed nor left by the client.';

-- What usage_hours come to, once more: of a year there are days to be read, and no hours. And the beginning of what is no hour yet.
create table gateway.usage_days (like gateway.usage_hours including indexes);
comment on table gateway.usage_days is
  'The sums of the hours of each whole day (UTC) that lies before the account''s rolled_up_to; hour is the day''s first.';

create table gateway.usage_heads (like gateway.usage_hours);
comment on table gateway.usage_heads is
  'Requests from the account''s rolled_up_to up to its head_to, by the hour, where they are many: so that few are left to be counted one by one. Gone with their hour, which is summed up from the requests.';
create index usage_heads_account on gateway.usage_heads (account_id);

create table gateway.usage_totals (
  account_id uuid primary key,
  rolled_up_to timestamptz not null,
  head_to timestamptz check (head_to > rolled_up_to),
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null
);
comment on table gateway.usage_totals is
  'The sum of all usage_hours of an account, and the moment up to which they are summed up. Requests from then on, or from head_to, are counted one by one.';

alter table gateway.usage_days enable row level security;
alter table gateway.usage_heads enable row level security;
alter table gateway.usage_hours enable row level security;
alter table gateway.usage_totals enable row level security;
alter table gateway.requests enable row level security;
