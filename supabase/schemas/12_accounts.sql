-- Accounts, each one person's or organisation's, and who proved to be that person.
-- The row of an account is updated by each of its calls, so the table leaves room for updates in place and indexes
-- nothing that a call changes. What it changes stands together: the write-ahead log of an update reaches from the first byte that it
-- changes to the last.

create table gateway.accounts (
  id uuid primary key default gen_random_uuid(),
  month_requests bigint not null default 0,
  held gateway.unsigned_bigint not null default 0,
  balance bigint not null default 0,
  month_tokens bigint not null default 0,
  email gateway.lower_case_text,
  username text,
  role text not null default 'user' references gateway.roles (name),
  disabled_at timestamptz,
  payments_blocked_at timestamptz,
  deleted_at timestamptz,
  referred_by text,
  plan text references gateway.plans (id),
  plan_ends_at timestamptz,
  subscription_plan text references gateway.plans (id),
  subscription_ends_at timestamptz,
  next_instalment timestamptz,
  has_purchased boolean not null default false,
  has_provider_keys boolean not null default false,
  has_end_users boolean not null default false,
  trial_ends_at timestamptz,
  trial_requests_left gateway.unsigned_integer not null default 0,
  debt gateway.unsigned_bigint not null default 0,
  refund_debt gateway.unsigned_bigint not null default 0,
  next_expiry timestamptz,
  next_overdue timestamptz,
  topup_below bigint,
  topup_after timestamptz,
  alert_below gateway.unsigned_bigint not null default 10000000000,
  alert_at bigint,
  month date not null default date_trunc('month', now() at time zone 'utc')::date,
  month_own_requests bigint not null default 0,
  rate_limits jsonb not null default '{}',
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.accounts is
  'One row per account; money in nano-dollars. balance = what unlapsed grants still hold - debt. Locked first by everything that moves money.';
comment on column gateway.accounts.deleted_at is
  'When its person left: from then on it is disabled and says nothing of them; its ledger stays.';
comment on column gateway.accounts.payments_blocked_at is 'Since when a dispute of one of its payments keeps it from making others.';
comment on column gateway.accounts.referred_by is 'The referral code that was given at sign-up.';
comment on column gateway.accounts.plan is
  'The plan that an administrator gave, in force until plan_ends_at (null: open end). It stands before one that was bought.';
comment on column gateway.accounts.subscription_plan is
  'The plan that was bought, in force until subscription_ends_at: made of the account''s subscriptions by gateway.sync_plan.';
comment on column gateway.accounts.next_instalment is
  'When credit of a plan falls due, or another subscription takes over, so that most calls need not look.';
comment on column gateway.accounts.has_provider_keys is 'So that a call of an account without any need not look for one.';
comment on column gateway.accounts.has_end_users is
  'Whether any of its end users has a budget, so that a call of an account without any need not look for one.';
comment on column gateway.accounts.refund_debt is
  'The part of debt that refunded payments left. Credit that was a gift does not pay it; what calls have cost, any credit pays.';
comment on column gateway.accounts.next_expiry is 'The earliest expiry of a live grant, so that most calls need not look at grants.';
comment on column gateway.accounts.next_overdue is
  'No open hold is past its time before this, so that most calls need not look at holds. It may lie before the first that will be.';
comment on column gateway.accounts.topup_below is
  'Below which credit free to be spent a settle says that an auto top-up is due; null: there is none.';
comment on column gateway.accounts.topup_after is 'Before which no further auto top-up is tried, so that settles need not ask for one.';
comment on column gateway.accounts.alert_below is
  'Below which balance the account is told that it is low, once until it has risen clearly above it again.';
comment on column gateway.accounts.alert_at is
  'Below which balance the next settle has something to tell: alert_below, then what counts as nothing; null: it is told all. Armed by what raises the balance.';
comment on column gateway.accounts.month is 'The UTC month that month_requests, month_tokens and month_own_requests count.';
comment on column gateway.accounts.month_own_requests is 'Calls that own keys at providers have served: some a month may be free of a fee.';
comment on column gateway.accounts.rate_limits is 'What an operator set for this account instead of its plan''s limits.';

create unique index accounts_email on gateway.accounts (email);
create index accounts_email_beginning on gateway.accounts (email collate "C");
-- The order of administrators' lists, newest first; created_at and id together are their keyset cursor.
create index accounts_created on gateway.accounts (created_at, id);
-- So that administrators, and the holders of any role, are found without reading every account; the newest first.
create index accounts_role on gateway.accounts (role, created_at, id);
-- One index for each filter, so that a search for something rare does not scan all accounts.
create index accounts_plan on gateway.accounts (plan, created_at, id) where plan is not null;
create index accounts_disabled on gateway.accounts (created_at, id) where disabled_at is not null;

-- An update asks every foreign key that refers to its table whether the key has changed, and each call updates its account twice: so
-- what belongs to an account refers to its id here, where nothing is ever updated.
create table gateway.account_ids (
  id uuid primary key
);
comment on table gateway.account_ids is 'The ids of all accounts, for foreign keys to refer to.';

create function gateway.note_account_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  insert into gateway.account_ids values (new.id);
  return null;
end;
$$;
create trigger has_id after insert on gateway.accounts for each row execute function gateway.note_account_id();

create function gateway.forget_account_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  delete from gateway.account_ids where id = old.id;
  return null;
end;
$$;
create trigger had_id after delete on gateway.accounts for each row execute function gateway.forget_account_id();

create table gateway.identities (
  kind text not null check (kind in ('privy', 'email', 'wallet')),
  value text not null,
  account_id uuid not null references gateway.account_ids (id),
  verified_at timestamptz not null,
  primary key (kind, value)
);
comment on table gateway.identities is
  'What a person has proven to be: a Privy id, an e-mail address in lower case, a wallet. Each signs in to one account.';

create index identities_account on gateway.identities (account_id);

alter table gateway.accounts enable row level security;
alter table gateway.account_ids enable row level security;
alter table gateway.identities enable row level security;
