-- Calls that were refused before a provider was asked: they leave no request, and are counted by hour and reason.

create table gateway.refusal_hours (
  hour timestamptz not null,
  code text not null,
  calls bigint not null,
  primary key (hour, code)
);
comment on table gateway.refusal_hours is 'Refused calls by the hour in which the gateway told of them, and by the code that they were answered with.';

create table gateway.refusal_totals (
  code text primary key,
  calls bigint not null
);
comment on table gateway.refusal_totals is 'The sum of all refusal_hours: counters that only rise.';

alter table gateway.refusal_hours enable row level security;
alter table gateway.refusal_totals enable row level security;
