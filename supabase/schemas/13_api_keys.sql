-- The API keys of accounts. A key that is rotated keeps its row, its settings and its counters; its former secret goes on
-- working for a while.
-- Like an account's, a key's row is updated by each of its calls, once, when the call is over: there is room for updates in place, nothing that a
-- call changes is indexed, and all that it changes stands together.

create table gateway.api_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.account_ids (id),
  requests_used gateway.unsigned_bigint not null default 0,
  spent bigint not null default 0,
  spent_ever gateway.unsigned_bigint not null default 0,
  last_used_at timestamptz,
  key_hash text not null unique,
  prefix text not null,
  last_four text not null,
  name text not null,
  environment gateway.key_environment not null,
  is_primary boolean not null default false,
  from_sign_in boolean not null default false,
  scopes text[] not null default array['inference', 'models:read', 'chat:read', 'chat:write', 'usage:read', 'billing:read'],
  disabled_at timestamptz,
  revoked_at timestamptz,
  expires_at timestamptz,
  rotate_after_days gateway.positive_integer,
  rotated_at timestamptz,
  refused_code text,
  refused_at timestamptz,
  ip_allowlist inet[] not null default '{}',
  domain_allowlist text[] not null default '{}',
  allowed_models text[] not null default '{}',
  max_requests gateway.positive_bigint,
  spend_limit gateway.positive_bigint,
  spend_period gateway.spend_period,
  rate_limits jsonb not null default '{}',
  trace_content boolean not null default false,
  cache_ttl gateway.positive_integer,
  spend_period_start timestamptz not null default now(),
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.api_keys is
  'API keys as HMAC hashes, never the key. requests_used and spent (in nano-dollars, in the current spend_period; null: for ever) count calls that are over; what is still open is counted from the holds.';
comment on column gateway.api_keys.disabled_at is 'Since when its owner does not let it be used; unlike revoked_at, that may be taken back.';
comment on column gateway.api_keys.spent_ever is 'What its calls have cost in all, in nano-dollars, whatever became of its limits.';
comment on column gateway.api_keys.from_sign_in is 'A sign-in has issued it; it ends for another one when the account has too many keys.';
comment on column gateway.api_keys.rotate_after_days is 'How old its owner wants the secret to become; the key says when it is due.';
comment on column gateway.api_keys.refused_code is
  'How the key was last refused as the audit trail has it: a client that goes on with a dead key must not fill that.';
comment on column gateway.api_keys.trace_content is 'Whether what is said in its calls goes to the operator''s receiver of traces, if there is one.';
comment on column gateway.api_keys.cache_ttl is
  'For how many seconds the answers to its calls are kept for whoever asks the same, where a call does not say; null: none are.';
comment on column gateway.api_keys.rate_limits is 'Limits below the account''s; a higher figure has no effect.';

create index api_keys_account on gateway.api_keys (account_id, created_at, id);

-- The ids are in the order in which they were replaced.
create table gateway.former_secrets (
  id bigint generated always as identity,
  key_hash text primary key,
  key_id uuid not null references gateway.api_keys (id),
  expires_at timestamptz not null
);
comment on table gateway.former_secrets is
  'Former secrets of rotated keys, as hashes. Until it expires a former secret is the key itself: same limits, same counters, same settings.';

create index former_secrets_key on gateway.former_secrets (key_id);

alter table gateway.api_keys enable row level security;
alter table gateway.former_secrets enable row level security;
