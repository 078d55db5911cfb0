-- What the operator is told at once: each once a day and cause.

create table gateway.alerts (
  id uuid primary key default gen_random_uuid(),
  cause text not null,
  subject text not null,
  day date not null,
  details jsonb not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  claimed_until timestamptz not null,
  mailed_at timestamptz,
  posted_at timestamptz,
  unique (cause, subject, day)
);
comment on table gateway.alerts is
  'subject: what of the platform it is about, or an empty text; details: as they were found last. Found again on the same day (UTC), it is not told again.';
comment on column gateway.alerts.claimed_until is 'Whoever tells it has until then; then it is to be told again, where it was not.';

create index alerts_recent on gateway.alerts (first_at, id);

create table gateway.alert_rounds (
  one boolean primary key default true check (one),
  looked_to timestamptz not null,
  ledger_day date,
  ledger_after uuid
);
comment on table gateway.alert_rounds is
  'One row: up to when was looked for what had happened; the day whose ledger check has begun, and the account up to which it has come (null: it is done).';

-- So that what has happened lately is found without reading all.
create index reversals_disputed on gateway.reversals (created_at) where kind = 'dispute';
create index mail_suppressions_created on gateway.mail_suppressions (created_at);

alter table gateway.alerts enable row level security;
alter table gateway.alert_rounds enable row level security;
