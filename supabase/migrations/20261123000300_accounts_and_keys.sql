-- Accounts, each one person's or organisation's, and their API keys.
-- Rows here are updated by every call, so both tables leave room for updates in place and index nothing that changes.

create table gateway.accounts (
  id uuid primary key default gen_random_uuid(),
  email text check (email = lower(email)),
  username text,
  role text not null default 'user' references gateway.roles (name),
  disabled_at timestamptz,
  plan text references gateway.plans (id),
  plan_ends_at timestamptz,
  has_purchased boolean not null default false,
  trial_ends_at timestamptz,
  trial_requests_left integer not null default 0 check (trial_requests_left >= 0),
  balance bigint not null default 0,
  held bigint not null default 0 check (held >= 0),
  debt bigint not null default 0 check (debt >= 0),
  next_expiry timestamptz,
  month date not null default date_trunc('month', now() at time zone 'utc')::date,
  month_requests bigint not null default 0,
  month_tokens bigint not null default 0,
  rate_limits jsonb not null default '{}',
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.accounts is
  'One row per account; money in nano-dollars. balance = what unlapsed grants still hold - debt. Locked first by everything that moves money.';
comment on column gateway.accounts.plan is 'The subscribed plan, in force until plan_ends_at (null: open end).';
comment on column gateway.accounts.next_expiry is 'The earliest expiry of a live grant, so that most calls need not look at grants.';
comment on column gateway.accounts.month is 'The UTC month that month_requests and month_tokens count.';
comment on column gateway.accounts.rate_limits is 'What an operator set for this account instead of its plan''s limits.';

create unique index accounts_email on gateway.accounts (email);

create table gateway.api_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.accounts (id),
  key_hash text not null unique,
  prefix text not null,
  last_four text not null,
  name text not null,
  environment text not null check (environment in ('live', 'test', 'staging', 'development')),
  is_primary boolean not null default false,
  scopes text[] not null default array['inference', 'models:read', 'chat:read', 'chat:write', 'usage:read', 'billing:read'],
  revoked_at timestamptz,
  expires_at timestamptz,
  ip_allowlist inet[] not null default '{}',
  domain_allowlist text[] not null default '{}',
  allowed_models text[] not null default '{}',
  max_requests bigint check (max_requests > 0),
  requests_used bigint not null default 0 check (requests_used >= 0),
  spend_limit bigint check (spend_limit > 0),
  spend_period text check (spend_period in ('day', 'week', 'month')),
  spend_period_start timestamptz not null default now(),
  spent bigint not null default 0,
  held bigint not null default 0 check (held >= 0),
  rate_limits jsonb not null default '{}',
  last_used_at timestamptz,
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.api_keys is
  'API keys as HMAC hashes, never the key. spent counts the current spend_period (null: for ever), held the open holds; both in nano-dollars.';
comment on column gateway.api_keys.rate_limits is 'Limits below the account''s; a higher figure has no effect.';

create index api_keys_account on gateway.api_keys (account_id);

alter table gateway.accounts enable row level security;
alter table gateway.api_keys enable row level security;
