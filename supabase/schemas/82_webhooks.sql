-- Customers' webhooks, as their account manages them. Who changes one has the account locked.

-- A webhook as its owner sees it. Its secret is shown when it is made, and never again.
create function gateway.webhook_json(hook gateway.webhooks, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'webhook', 'id', hook.id, 'url', hook.url, 'description', hook.description, 'events', hook.events,
    'status', case when hook.disabled_at is null then 'enabled' else 'disabled' end,
    'disabled_at', hook.disabled_at, 'disabled_reason', hook.disabled_reason, 'failing_since', hook.failing_since,
    'former_secrets', (
      select coalesce(jsonb_agg(jsonb_build_object('expires_at', expires_at) order by id desc), '[]')
      from gateway.webhook_secrets where webhook_id = hook.id and expires_at > at),
    'created_at', hook.created_at)
$$;

-- A webhook of an account, or a refusal.
create function gateway.find_webhook(account uuid, target uuid) returns gateway.webhooks
language plpgsql stable set search_path = ''
as $$
declare
  hook gateway.webhooks;
begin
  select * into hook from gateway.webhooks where id = target and account_id = account;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'webhook_not_found'));
  end if;
  return hook;
end;
$$;

-- One that is switched on.
create function gateway.find_enabled_webhook(account uuid, target uuid) returns gateway.webhooks
language plpgsql stable set search_path = ''
as $$
declare
  hook gateway.webhooks := gateway.find_webhook(account, target);
begin
  if hook.disabled_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'webhook_disabled'));
  end if;
  return hook;
end;
$$;

-- The events of a request, each once and in our order.
create function gateway.read_webhook_events(events jsonb) returns text[]
language sql immutable parallel safe set search_path = ''
as $$
  select array(select event from unnest(gateway.webhook_events()) with ordinality as known (event, place)
               where events ? event order by place)
$$;

-- The last day whose usage a webhook need not be told that wants it from now on.
create function gateway.yesterday(at timestamptz) returns date
language sql immutable parallel safe
return (at at time zone 'utc')::date - 1;

-- request: url, description (or null), events, ciphertext, version (of its secret). An account has at most ten.
create function public.create_webhook(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  most constant integer := 10;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  at timestamptz := gateway.now();
  hook gateway.webhooks;
begin
  perform gateway.require(request, 'url', 'events', 'ciphertext', 'version');
  if (select count(*) from gateway.webhooks where account_id = account.id) >= most then
    perform gateway.refuse(gateway.refusal(409, 'too_many_webhooks', jsonb_build_object('most', most)));
  end if;
  insert into gateway.webhooks (account_id, url, description, events, usage_told_on, created_at)
    values (account.id, request ->> 'url', request ->> 'description', gateway.read_webhook_events(request -> 'events'),
            gateway.yesterday(at), at)
    returning * into hook;
  insert into gateway.webhook_secrets (webhook_id, ciphertext, key_version)
    values (hook.id, request ->> 'ciphertext', (request ->> 'version')::integer);
  -- The audit trail outlives the account's deletion: of an address, which is its owner's, it says nothing.
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.create', account.id, hook.id::text,
    jsonb_build_object('events', hook.events));
  return gateway.webhook_json(hook, at);
end;
$$;

-- Oldest first: there are few.
create function public.list_webhooks(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
  at timestamptz := gateway.now();
begin
  return gateway.page((
    select jsonb_agg(gateway.webhook_json(w, at) order by w.created_at, w.id)
    from gateway.webhooks w where w.account_id = session.account_id), null);
end;
$$;

create function public.get_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.webhook_json(gateway.find_webhook(session.account_id, target), gateway.now());
end;
$$;

-- changes: url, description (null: none), events, enabled; what is absent stays. Another address, or one that is switched on, is given
-- time anew to take something.
create function public.update_webhook(caller jsonb, target uuid, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  at timestamptz := gateway.now();
  before gateway.webhooks := gateway.find_webhook(account.id, target);
  hook gateway.webhooks := before;
begin
  perform gateway.require(jsonb_build_object('changes', changes), 'changes');
  hook.url := coalesce(changes ->> 'url', hook.url);
  if changes ? 'description' then
    hook.description := changes ->> 'description';
  end if;
  if changes ->> 'events' is not null then
    hook.events := gateway.read_webhook_events(changes -> 'events');
  end if;
  if (changes ->> 'enabled')::boolean then
    hook.disabled_at := null;
    hook.disabled_reason := null;
  elsif not (changes ->> 'enabled')::boolean and hook.disabled_at is null then
    hook.disabled_at := at;
    hook.disabled_reason := 'owner';
    perform gateway.drop_deliveries(hook.id, at);
  end if;
  if hook.url <> before.url or (hook.disabled_at is null and before.disabled_at is not null) then
    hook.failing_since := null;
  end if;
  if 'usage.daily' = any (hook.events) and hook.disabled_at is null
    and ('usage.daily' <> all (before.events) or before.disabled_at is not null) then
    hook.usage_told_on := greatest(hook.usage_told_on, gateway.yesterday(at));
  end if;
  update gateway.webhooks set
    url = hook.url, description = hook.description, events = hook.events, disabled_at = hook.disabled_at,
    disabled_reason = hook.disabled_reason, failing_since = hook.failing_since, usage_told_on = hook.usage_told_on
    where id = hook.id;
  if hook is distinct from before then
    perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.update', account.id, hook.id::text,
      jsonb_build_object('moved', hook.url <> before.url, 'events', hook.events, 'enabled', hook.disabled_at is null));
  end if;
  return gateway.webhook_json(hook, at);
end;
$$;

-- With its secrets and its deliveries.
create function public.delete_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
begin
  delete from gateway.webhooks where id = hook.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.delete', account.id, hook.id::text, '{}');
  return jsonb_build_object('object', 'webhook', 'id', hook.id, 'deleted', true);
end;
$$;

-- Gives a webhook a new secret. The former one signs beside it for so many hours, and those before it no longer than that; of more
-- than four the oldest end at once. request: ciphertext, version, overlap_hours.
create function public.rotate_webhook_secret(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  most_former constant integer := 4;
  at timestamptz := gateway.now();
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
  ends timestamptz;
begin
  perform gateway.require(request, 'ciphertext', 'version', 'overlap_hours');
  ends := at + make_interval(hours => (request ->> 'overlap_hours')::integer);
  update gateway.webhook_secrets set expires_at = least(expires_at, ends) where webhook_id = hook.id;
  delete from gateway.webhook_secrets where webhook_id = hook.id and (expires_at <= at or id not in (
    select id from gateway.webhook_secrets where webhook_id = hook.id order by id desc limit most_former));
  insert into gateway.webhook_secrets (webhook_id, ciphertext, key_version)
    values (hook.id, request ->> 'ciphertext', (request ->> 'version')::integer);
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.rotate_secret', account.id, hook.id::text,
    jsonb_build_object('overlap_hours', (request ->> 'overlap_hours')::integer));
  return gateway.webhook_json(hook, at);
end;
$$;

-- Some of the secrets that these versions of the keyring sealed, behind `after`, the last that was listed before.
create function public.list_outdated_webhook_secrets(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(s), '[]') from (
    select id, ciphertext, key_version as version from gateway.webhook_secrets
    where key_version in (select older::integer from jsonb_array_elements_text(versions) as older)
      and (after ->> 'secret' is null or id > (after ->> 'secret')::bigint)
    order by id limit 100) s
$$;

-- renewed: [{id, secret: [the outdated ciphertext, {ciphertext, version}]}].
create function public.renew_webhook_secrets(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  secrets integer;
begin
  perform gateway.require(jsonb_build_object('renewed', renewed), 'renewed');
  update gateway.webhook_secrets s set
    ciphertext = one -> 'secret' -> 1 ->> 'ciphertext', key_version = (one -> 'secret' -> 1 ->> 'version')::integer
    from jsonb_array_elements(renewed) as one
    where s.id = (one ->> 'id')::bigint and s.ciphertext = one -> 'secret' ->> 0;
  get diagnostics secrets = row_count;
  return jsonb_build_object('renewed', secrets);
end;
$$;
