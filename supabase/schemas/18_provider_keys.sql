-- Users' own keys at the providers.

create table gateway.provider_keys (
  account_id uuid not null references gateway.accounts (id),
  provider text not null,
  ciphertext text not null,
  key_version integer not null,
  last_four text not null,
  name text,
  created_at timestamptz not null,
  last_used_at timestamptz,
  primary key (account_id, provider)
);
comment on table gateway.provider_keys is
  'Fernet tokens: only the gateway has the keys, in its environment. key_version says which of them encrypted it.';

create index provider_keys_version on gateway.provider_keys (key_version);

alter table gateway.provider_keys enable row level security;
