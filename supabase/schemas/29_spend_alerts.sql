-- From which spending on an account wants to be told.

create table gateway.spend_alerts (
  account_id uuid primary key references gateway.account_ids (id),
  per_day bigint check (per_day > 0),
  per_month bigint check (per_month > 0),
  day_told date,
  month_told date,
  looked_at timestamptz not null
);
comment on table gateway.spend_alerts is 'In nano-dollars; null: not told. An account that never asked for it has no row.';
comment on column gateway.spend_alerts.day_told is 'The last day (UTC) of which it was told; month_told: the last month.';

create index spend_alerts_looked on gateway.spend_alerts (looked_at) where per_day is not null or per_month is not null;

alter table gateway.spend_alerts enable row level security;
