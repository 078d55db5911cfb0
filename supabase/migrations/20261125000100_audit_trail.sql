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
  'How the key was last refused as the audit trail has it: a client that goes on with a dead key must not fill that.';

-- Whether a refusal of this key needs no entry: the last one is the same and not an hour ago, or not a minute ago.
create function gateway.is_noted(key gateway.api_keys, code text, at timestamptz) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(
    at < key.refused_at + case key.refused_code when code then interval '1 hour' else interval '1 minute' end, false)
$$;

-- Puts a refused key on the audit trail: the same refusal of the same key once an hour, another one once a minute, so
-- that whoever alternates two does not fill it either. The key's row is locked or about to be: a refusal is never worth
-- waiting for another one.
create function gateway.note_refusal(caller jsonb, key gateway.api_keys, code text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if gateway.is_noted(key, code, at) then
    return;
  end if;
  update gateway.api_keys as keys set refused_code = code, refused_at = at
    where id = key.id and not gateway.is_noted(keys, code, at);
  if found then
    perform gateway.audit(caller, key.account_id, key.id, 'key.refused', key.account_id, key.id::text,
      jsonb_build_object('reason', code));
  end if;
end;
$$;
