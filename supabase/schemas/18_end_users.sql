-- End users: whom an account makes its calls for, as far as it has said what they may spend. Their names are the account's own words for
-- its customers, so they stand here and with their requests, and in no audit trail.

create table gateway.end_user_defaults (
  account_id uuid primary key references gateway.account_ids (id),
  budget gateway.unsigned_bigint not null,
  period gateway.spend_period
);
comment on table gateway.end_user_defaults is
  'What each end user may spend that has no budget of its own, in nano-dollars a period (null: for ever).';

create table gateway.end_users (
  account_id uuid not null references gateway.account_ids (id),
  name text not null,
  is_own boolean not null,
  budget gateway.unsigned_bigint,
  period gateway.spend_period,
  spent bigint not null default 0,
  spent_ever gateway.unsigned_bigint not null default 0,
  period_start timestamptz not null,
  told_step integer not null default 0 check (told_step in (0, 80, 100)),
  told_of bigint,
  created_at timestamptz not null,
  primary key (account_id, name)
) with (fillfactor = 70);
comment on table gateway.end_users is
  'End users with a budget of their own (is_own; without an amount they may spend what they like), and those that the default has been counted for. spent, in nano-dollars in the current period, counts calls that are over; what is still open is counted from the holds, as for keys.';
comment on column gateway.end_users.told_step is
  'Up to which part of its budget, in percent, its account was told in this period, while the budget was told_of.';
comment on column gateway.end_users.spent_ever is 'What all calls have cost that ended since created_at.';

create table gateway.end_user_erasures (
  id bigint generated always as identity primary key,
  account_id uuid not null references gateway.account_ids (id),
  name text
);
comment on table gateway.end_user_erasures is
  'End users whose requests are still to lose their names, too many for one statement; no name: all of the account''s, whose person has left.';

alter table gateway.end_user_defaults enable row level security;
alter table gateway.end_users enable row level security;
alter table gateway.end_user_erasures enable row level security;
