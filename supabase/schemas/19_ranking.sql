-- What models and apps are used most, by the hour and over all accounts: what the public rankings are read from, however many requests
-- there are (39_ranking.sql).

create table gateway.ranking_hours (
  kind text not null check (kind in ('model', 'app')),
  hour timestamptz not null,
  name text not null,
  requests bigint not null,
  tokens bigint not null,
  primary key (kind, hour, name)
);
comment on table gateway.ranking_hours is
  'The most used models and apps of each hour that is summed up, by tokens; of two months. Accounts that have chosen so are not in it.';

create table gateway.ranking_days (like gateway.ranking_hours including indexes);
comment on table gateway.ranking_days is 'The sums of the hours of each whole day (UTC) that is summed up; hour is the day''s first.';

create table gateway.ranking_accounts (
  app text not null,
  account_id uuid not null,
  last_hour timestamptz not null,
  primary key (app, account_id)
);
comment on table gateway.ranking_accounts is
  'Which accounts an app in ranking_hours was used by, and when last, as far as it takes to know whether it may be shown: some of each hour, of a month.';

create index ranking_accounts_age on gateway.ranking_accounts (last_hour);
create index ranking_accounts_account on gateway.ranking_accounts (account_id);

create table gateway.ranking_choices (
  account_id uuid primary key references gateway.account_ids (id),
  choice text not null check (choice in ('named', 'excluded'))
);
comment on table gateway.ranking_choices is
  'Accounts that are in no ranking (excluded), and those whose apps are shown however few use them (named). No row: counted, and shown among enough others.';

alter table gateway.ranking_days enable row level security;
alter table gateway.ranking_hours enable row level security;
alter table gateway.ranking_accounts enable row level security;
alter table gateway.ranking_choices enable row level security;
