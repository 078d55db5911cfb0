-- Plans: how much a caller may do. Their figures stand in seeds/plans.sql.

create table gateway.plans (
  id text primary key,
  name text not null,
  requests_per_minute bigint not null,
  burst bigint not null,
  requests_per_hour bigint not null,
  requests_per_day bigint not null,
  requests_per_month bigint not null,
  tokens_per_minute bigint not null,
  tokens_per_day bigint not null,
  tokens_per_month bigint not null,
  concurrency bigint not null,
  price_per_month bigint,
  price_per_year bigint,
  credits_per_month bigint not null,
  price_factor integer not null default 10000 check (price_factor between 1 and 100000),
  pinned boolean not null default false,
  limits text not null
);
comment on table gateway.plans is 'Limits and prices of each plan; money in nano-dollars, burst per 10 s.';
comment on column gateway.plans.price_factor is
  'What calls cost under this plan, in ten thousandths of what they cost else; no seed changes it.';
comment on column gateway.plans.pinned is
  'An administrator has the last word: no seed changes it.';
comment on column gateway.plans.limits is
  'Made of the figures by the trigger word_limits: what gateway.limits says of an account and a key without limits of their own.';

alter table gateway.plans enable row level security;
