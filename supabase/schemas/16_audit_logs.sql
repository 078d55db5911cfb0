-- The audit trail: evidence of who did what.

create sequence gateway.audit_logs_id_seq maxvalue 99999999999 cycle;

create table gateway.audit_logs (
  id bigint primary key default gateway.next_id('gateway.audit_logs_id_seq'),
  -- By bytes, whatever the database's language: the actions that begin with "key." are a range of the index.
  action text collate "C" not null,
  actor_account_id uuid,
  actor_key_id uuid,
  target_account_id uuid,
  target_id text,
  ip inet,
  user_agent text,
  request_id text,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
) partition by range (id);
alter sequence gateway.audit_logs_id_seq owned by gateway.audit_logs.id;
comment on table gateway.audit_logs is 'Security-relevant acts, append-only. details never holds a secret.';

-- Newest first, one for each thing to search by, each with the id that pages go by. Entries are few beside calls, which
-- write none.
create index audit_logs_target on gateway.audit_logs (target_account_id, id);
create index audit_logs_actor on gateway.audit_logs (actor_account_id, id);
create index audit_logs_action on gateway.audit_logs (action, id);
create index audit_logs_actor_key on gateway.audit_logs (actor_key_id, id);
create index audit_logs_target_id on gateway.audit_logs (target_id, id);
create index audit_logs_ip on gateway.audit_logs (ip, id);
create index audit_logs_request on gateway.audit_logs (request_id, id);
create index audit_logs_created on gateway.audit_logs (created_at);

create trigger append_only before update or delete on gateway.audit_logs
  for each row execute function gateway.forbid_change();
create trigger not_truncated before truncate on gateway.audit_logs
  for each statement execute function gateway.forbid_change();
-- `enable always`: the triggers fire in replication sessions (session_replication_role), too, so that only dropping them gets
-- around them.
alter table gateway.audit_logs enable always trigger append_only;
alter table gateway.audit_logs enable always trigger not_truncated;

alter table gateway.audit_logs enable row level security;
