-- Users' own keys at the providers: as many as they like at each, in an order.

create table gateway.provider_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.account_ids (id),
  provider text not null,
  ciphertext text not null,
  key_version integer not null,
  last_four text not null,
  name text,
  priority integer not null default 0,
  is_fallback boolean not null default false,
  gateway_fallback boolean not null default false,
  allowed_models text[] not null default '{}',
  allowed_keys uuid[] not null default '{}',
  disabled_at timestamptz,
  created_at timestamptz not null,
  last_used_at timestamptz
);
comment on table gateway.provider_keys is
  'Fernet tokens: only the gateway has the keys, in its environment. key_version says which of them encrypted it.';
comment on column gateway.provider_keys.priority is 'The lower is asked first; of the same, at the cheapest provider.';
comment on column gateway.provider_keys.is_fallback is 'Asked behind all of the account''s that are none.';
comment on column gateway.provider_keys.gateway_fallback is
  'Whether the gateway''s own account may serve, and charge for, a call that this key cannot. Only if all keys that may serve the call say so.';
comment on column gateway.provider_keys.allowed_models is 'Patterns, as those of gateway.api_keys; all models if there is none.';
comment on column gateway.provider_keys.allowed_keys is 'The API keys whose calls may use it; all of the account''s if there is none.';

create index provider_keys_account on gateway.provider_keys (account_id, provider);
create index provider_keys_version on gateway.provider_keys (key_version, account_id, id);

alter table gateway.provider_keys enable row level security;
