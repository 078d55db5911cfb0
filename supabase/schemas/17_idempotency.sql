-- Idempotency keys: which requests were made, and their answers.

create table gateway.idempotency_keys (
  account_id uuid not null references gateway.account_ids (id),
  key text not null,
  fingerprint text not null,
  answer jsonb,
  created_at timestamptz not null,
  primary key (account_id, key)
);
comment on table gateway.idempotency_keys is
  'Answers of requests that gave or took credit, by the caller''s Idempotency-Key, for 24 h. fingerprint is a hash of path and body.';

create index idempotency_keys_told on gateway.idempotency_keys ((answer ->> 'id')) where answer ->> 'object' = 'account';
create index idempotency_keys_created on gateway.idempotency_keys (created_at);

alter table gateway.idempotency_keys enable row level security;

create table gateway.idempotent_calls (
  account_id uuid not null references gateway.account_ids (id),
  key text not null,
  fingerprint text not null,
  call_id uuid not null,
  ciphertext text,
  key_version integer,
  expires_at timestamptz not null,
  primary key (account_id, key)
);
comment on table gateway.idempotent_calls is
  'Calls of models by the caller''s Idempotency-Key: as long as its hold lives while one runs, then its answer for ten minutes, a Fernet token that only the gateway can read.';

create index idempotent_calls_of_account on gateway.idempotent_calls (account_id, expires_at);
create index idempotent_calls_expired on gateway.idempotent_calls (expires_at);

alter table gateway.idempotent_calls enable row level security;
