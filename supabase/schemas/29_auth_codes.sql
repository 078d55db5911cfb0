-- Codes by which an app gets a key that its user has agreed to (OAuth with PKCE, RFC 7636).

create table gateway.auth_codes (
  code_hash text primary key,
  account_id uuid not null references gateway.account_ids (id),
  challenge text not null,
  method text not null check (method in ('S256', 'plain')),
  site text,
  settings jsonb not null,
  expires_at timestamptz not null
);
comment on table gateway.auth_codes is
  'What a user has agreed to and no app has exchanged yet: the settings of a key to be made. The code as an HMAC under the pepper, which ends with its first use, right or wrong. Whoever exchanges it must know what the challenge was made of.';

comment on column gateway.auth_codes.site is 'Where the app is that gets the code: scheme, host and port of the address that its user is sent back to.';

create index auth_codes_account on gateway.auth_codes (account_id);
create index auth_codes_expiry on gateway.auth_codes (expires_at);

alter table gateway.auth_codes enable row level security;
