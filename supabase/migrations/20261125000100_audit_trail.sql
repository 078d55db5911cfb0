-- The audit trail can be searched, and refused keys are on it.

-- Newest first, over all accounts, by who acted and by whom it concerned; each with the id that pages go by.
create index audit_logs_actor on gateway.audit_logs (actor_account_id, id);
create index audit_logs_action on gateway.audit_logs (action, id);

create trigger not_truncated before truncate on gateway.audit_logs
  for each statement execute function gateway.forbid_change();
create trigger not_truncated before truncate on gateway.credit_transactions
  for each statement execute function gateway.forbid_change();

alter table gateway.api_keys
  add column refused_code text,
  add column refused_at timestamptz;
comment on column gateway.api_keys.refused_code is
  'How the key was last refused and that is on the audit trail: a client that goes on with a dead key must not fill it.';

-- Puts a refused key on the audit trail, the same refusal of the same key once an hour. The key's row is locked or
-- about to be: a refusal is never worth waiting for another one.
create function gateway.note_refusal(caller jsonb, key gateway.api_keys, code text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if key.refused_code = code and key.refused_at > at - interval '1 hour' then
    return;
  end if;
  update gateway.api_keys set refused_code = code, refused_at = at
    where id = key.id and not coalesce(refused_code = code and refused_at > at - interval '1 hour', false);
  if found then
    perform gateway.audit(caller, key.account_id, key.id, 'key.refused', key.account_id, key.id::text,
      jsonb_build_object('reason', code));
  end if;
end;
$$;
