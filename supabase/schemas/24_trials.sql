-- Trials that were begun, and what became of them.

create table gateway.trials (
  account_id uuid primary key references gateway.account_ids (id),
  begun_at timestamptz not null,
  grant_id bigint not null,
  drawn bigint not null default 0 check (drawn >= 0),
  converted_at timestamptz,
  converted_by text check (converted_by in ('purchase', 'subscription')),
  check ((converted_at is null) = (converted_by is null))
);
comment on table gateway.trials is
  'One row a trial. Converted when its account first paid, for credit or for a plan. What is left of it stands on the account and its grant.';

comment on column gateway.trials.drawn is 'What the promotion `trial` has paid of it, in nano-dollars.';

create index trials_begun on gateway.trials (begun_at);

alter table gateway.trials enable row level security;
