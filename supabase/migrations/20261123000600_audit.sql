-- Evidence of who did what, and the memory that makes repeated requests harmless.

create table gateway.audit_logs (
  id bigint generated always as identity primary key,
  action text not null,
  actor_account_id uuid,
  actor_key_id uuid,
  target_account_id uuid,
  target_id text,
  ip inet,
  user_agent text,
  request_id text,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
comment on table gateway.audit_logs is 'Security-relevant acts, append-only. details never holds a secret.';

create index audit_logs_target on gateway.audit_logs (target_account_id, id);
create trigger append_only before update or delete on gateway.audit_logs
  for each row execute function gateway.forbid_change();

create table gateway.idempotency_keys (
  account_id uuid not null references gateway.accounts (id),
  key text not null,
  fingerprint text not null,
  answer jsonb,
  created_at timestamptz not null,
  primary key (account_id, key)
);
comment on table gateway.idempotency_keys is
  'Answers of requests that gave or took credit, by the caller''s Idempotency-Key, for 24 h. fingerprint is a hash of path and body.';

alter table gateway.audit_logs enable row level security;
alter table gateway.idempotency_keys enable row level security;

create function gateway.audit(
  caller jsonb, session_account uuid, session_key uuid, action text, target_account uuid, target text, details jsonb)
returns void
language sql set search_path = ''
as $$
  insert into gateway.audit_logs
    (action, actor_account_id, actor_key_id, target_account_id, target_id, ip, user_agent, request_id, details)
  values
    (action, session_account, session_key, target_account, target, (caller ->> 'ip')::inet, caller ->> 'user_agent',
     caller ->> 'request_id', details)
$$;
