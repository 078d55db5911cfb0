-- How keys are made, changed and revoked.

-- Locks the account of a session that is about to change its keys, then looks at the caller once more: what became of
-- its own key while it waited counts.
create function gateway.lock_for_change(caller jsonb, session gateway.session, scope text) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = session.account_id for update;
  perform gateway.authenticate(caller, scope);
  return account;
end;
$$;

-- A key of a locked account, locked, that is not over: one that is disabled can be changed, if only to be enabled.
create function gateway.lock_living_key(account gateway.accounts, target uuid, at timestamptz)
returns gateway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = account.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  if gateway.api_key_status(key, at) not in ('active', 'disabled') then
    perform gateway.refuse(gateway.refusal(409, 'api_key_inactive'));
  end if;
  return key;
end;
$$;

-- The first of `scopes` that `granted` does not cover, or null.
create function gateway.first_uncovered(granted text[], scopes text[]) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select scope from unnest(scopes) with ordinality as asked (scope, place)
    where not gateway.covers(granted, scope)
    order by place limit 1
$$;

-- Nobody hands out more than he has: every scope must be covered by the calling key and by its role. `*` stands for
-- all that the role may, so only a key that has it itself may hand it on, whatever the role.
create function gateway.refuse_uncovered(session gateway.session, scopes text[]) returns void
language plpgsql stable set search_path = ''
as $$
declare
  own text[];
  permissions text[];
  uncovered text;
begin
  select api_keys.scopes, roles.permissions into own, permissions
    from gateway.api_keys
    join gateway.accounts on accounts.id = api_keys.account_id
    join gateway.roles on roles.name = accounts.role
    where api_keys.id = session.key_id;
  uncovered := coalesce(gateway.first_uncovered(own, refuse_uncovered.scopes),
                        gateway.first_uncovered(permissions, array_remove(refuse_uncovered.scopes, '*')));
  if uncovered is not null then
    perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'param', 'scopes', 'required_scope', uncovered,
      'message', 'A key hands out only scopes that it has itself.')));
  end if;
end;
$$;

-- A key's own limits are never above what its account has in force.
create function gateway.refuse_higher_limits(
  account gateway.accounts, key gateway.api_keys, rate_limits jsonb, at timestamptz)
returns void
language plpgsql stable set search_path = ''
as $$
declare
  in_force constant jsonb := gateway.limits_in_force(account, key, at) -> 'account';
  name text;
begin
  foreach name in array gateway.limit_names() loop
    if (rate_limits ->> name)::bigint > (in_force ->> name)::bigint then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
        'param', name, 'message', format('`%s` is at most %s, the account''s own.', name, in_force ->> name))));
    end if;
  end loop;
end;
$$;

-- What an owner may change of a key, as the audit trail keeps it.
create function gateway.api_key_settings(key gateway.api_keys) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'name', key.name, 'disabled', key.disabled_at is not null, 'scopes', key.scopes, 'expires_at', key.expires_at, 'max_requests', key.max_requests,
    'spend_limit', gateway.dollars(key.spend_limit), 'spend_period', key.spend_period,
    'ip_allowlist', key.ip_allowlist, 'domain_allowlist', key.domain_allowlist,
    'allowed_models', key.allowed_models, 'rate_limits', key.rate_limits, 'trace_content', key.trace_content,
    'cache_ttl', key.cache_ttl, 'rotate_after_days', key.rotate_after_days)
$$;

-- The members of `settings` that are not the same in `others`.
create function gateway.differing(settings jsonb, others jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(settings)
    where value is distinct from others -> key
$$;

-- Puts settings into a locked key's row: those that are absent stay, null clears.
-- settings: name, disabled, scopes, expires_in_days, expires_at, max_requests, spend_limit {amount (nano-dollars), period}, ip_allowlist,
-- domain_allowlist, allowed_models, rate_limits, trace_content, cache_ttl (seconds), rotate_after_days.
create function gateway.change_key(
  account gateway.accounts, key gateway.api_keys, settings jsonb, at timestamptz)
returns gateway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  -- JSON's null as SQL's, so that a member that is cleared reads like one that is absent.
  given constant jsonb := jsonb_strip_nulls(settings);
  changed gateway.api_keys := key;
  starts_anew boolean := false;
begin
  perform gateway.refuse_higher_limits(account, key, given -> 'rate_limits', at);
  if settings ? 'name' then
    changed.name := given ->> 'name';
  end if;
  if settings ? 'disabled' then
    changed.disabled_at := case when (given ->> 'disabled')::boolean then coalesce(key.disabled_at, at) end;
  end if;
  if settings ? 'scopes' then
    changed.scopes := array(select jsonb_array_elements_text(given -> 'scopes'));
  end if;
  if settings ? 'expires_in_days' then
    changed.expires_at := at + make_interval(hours => 24 * (given ->> 'expires_in_days')::integer);
  end if;
  if settings ? 'expires_at' then
    changed.expires_at := (given ->> 'expires_at')::timestamptz;
  end if;
  if settings ? 'max_requests' then
    changed.max_requests := (given ->> 'max_requests')::bigint;
  end if;
  if settings ? 'spend_limit' then
    changed.spend_limit := (given -> 'spend_limit' ->> 'amount')::bigint;
    changed.spend_period := given -> 'spend_limit' ->> 'period';
    -- A limit counts from when it was set; another amount of the same limit goes on counting.
    starts_anew := key.spend_limit is null or changed.spend_period is distinct from key.spend_period;
  end if;
  if settings ? 'ip_allowlist' then
    changed.ip_allowlist := array(select jsonb_array_elements_text(given -> 'ip_allowlist')::inet);
  end if;
  if settings ? 'domain_allowlist' then
    changed.domain_allowlist := array(select jsonb_array_elements_text(given -> 'domain_allowlist'));
  end if;
  if settings ? 'allowed_models' then
    changed.allowed_models := array(select jsonb_array_elements_text(given -> 'allowed_models'));
  end if;
  if settings ? 'rate_limits' then
    changed.rate_limits := coalesce(given -> 'rate_limits', '{}');
  end if;
  if settings ? 'trace_content' then
    changed.trace_content := coalesce((given ->> 'trace_content')::boolean, false);
  end if;
  if settings ? 'cache_ttl' then
    changed.cache_ttl := (given ->> 'cache_ttl')::integer;
  end if;
  if settings ? 'rotate_after_days' then
    changed.rotate_after_days := (given ->> 'rotate_after_days')::integer;
  end if;
  update gateway.api_keys set
    name = changed.name, disabled_at = changed.disabled_at, scopes = changed.scopes, expires_at = changed.expires_at,
    max_requests = changed.max_requests, spend_limit = changed.spend_limit, spend_period = changed.spend_period,
    spent = case when starts_anew then 0 else spent end,
    spend_period_start = case when starts_anew then at else spend_period_start end,
    ip_allowlist = changed.ip_allowlist, domain_allowlist = changed.domain_allowlist,
    allowed_models = changed.allowed_models, rate_limits = changed.rate_limits,
    trace_content = changed.trace_content, cache_ttl = changed.cache_ttl, rotate_after_days = changed.rotate_after_days
    where id = key.id
    returning * into changed;
  return changed;
end;
$$;

-- stored: hash, prefix, last_four, name, environment. settings: as in gateway.change_key. An account has at most a
-- hundred keys alive: whoever locks it counts them.
create function public.create_api_key(caller jsonb, stored jsonb, settings jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  most constant integer := 100;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  -- Behind the lock: the row of an Idempotency-Key refers to the account, so of two claims that both go on to lock
  -- it, neither could.
  answer jsonb := gateway.claim_idempotency(session, idempotency, at);
  key gateway.api_keys;
begin
  perform gateway.require(stored, 'hash', 'prefix', 'last_four', 'name', 'environment');
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  if answer is not null then
    return answer;
  end if;
  if (select count(*) from gateway.api_keys as keys
        where account_id = account.id and gateway.api_key_status(keys, at) in ('active', 'disabled')) >= most then
    perform gateway.refuse(gateway.refusal(409, 'too_many_api_keys', jsonb_build_object('most', most)));
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, created_at)
    values (account.id, stored ->> 'hash', stored ->> 'prefix', stored ->> 'last_four', stored ->> 'name',
            stored ->> 'environment', at)
    returning * into key;
  key := gateway.change_key(account, key, settings, at);
  perform gateway.refuse_uncovered(session, key.scopes);
  perform gateway.audit(caller, session.account_id, session.key_id, 'key.create', account.id, key.id::text,
    jsonb_build_object('environment', key.environment) || gateway.api_key_settings(key));
  answer := gateway.api_key_json(key, at);
  perform gateway.store_idempotent_answer(session, idempotency, answer || '{"replayed": true}');
  return answer || '{"replayed": false}';
end;
$$;

-- settings: as in gateway.change_key.
create function public.update_api_key(caller jsonb, target uuid, settings jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  before constant jsonb := gateway.api_key_settings(key);
  after jsonb;
begin
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  -- What the key has already is not handed out once more. Looked at before the change: the key may be the caller's.
  perform gateway.refuse_uncovered(session, array(
    select scope from jsonb_array_elements_text(settings -> 'scopes') with ordinality as asked (scope, place)
      where not gateway.covers(key.scopes, scope) order by place));
  key := gateway.change_key(account, key, settings, at);
  after := gateway.api_key_settings(key);
  if before <> after then
    perform gateway.audit(caller, session.account_id, session.key_id, 'key.update', account.id, key.id::text,
      jsonb_build_object('before', gateway.differing(before, after), 'after', gateway.differing(after, before)));
  end if;
  return gateway.api_key_json(key, at);
end;
$$;

-- Revokes a key with all its secrets. One that is revoked stays as it is.
create function public.revoke_api_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = account.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  if gateway.api_key_status(key, at) <> 'revoked' then
    update gateway.api_keys set revoked_at = at where id = key.id returning * into key;
    perform gateway.audit(caller, session.account_id, session.key_id, 'key.revoke', account.id, key.id::text,
      jsonb_build_object('name', key.name));
  end if;
  return gateway.api_key_json(key, at);
end;
$$;
