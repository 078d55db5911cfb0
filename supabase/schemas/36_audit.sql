-- How the audit trail is written.

-- An entry's time is the clock's when it is written, not when its transaction began: so time and id agree.
create function gateway.audit(
  caller jsonb, session_account uuid, session_key uuid, action text, target_account uuid, target text, details jsonb)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  -- The month is missing only if no call and no cron has come for a week (see make_months).
  if not gateway.has_month(gateway.now() + interval '1 minute') then
    perform gateway.make_months(gateway.now());
  end if;
  if target_account = session_account then
    perform gateway.notify_of_act(
      caller, target_account, session_key, audit.action, audit.target, audit.details, gateway.now());
  end if;
  insert into gateway.audit_logs
    (action, actor_account_id, actor_key_id, target_account_id, target_id, ip, user_agent, request_id, details,
     created_at)
  values
    (audit.action, session_account, session_key, target_account, target, (caller ->> 'ip')::inet,
     caller ->> 'user_agent', caller ->> 'request_id', audit.details, gateway.now());
end;
$$;

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

-- Puts on the audit trail that authenticate refused a known key: its exception has undone everything, so the gateway
-- asks for this afterwards.
create function public.record_refusal(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  key gateway.api_keys := gateway.find_key(caller -> 'key_hashes');
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  if key.id is not null then
    perform gateway.note_refusal(caller, key, code, gateway.now());
  end if;
  return null;
end;
$$;
