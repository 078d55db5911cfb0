-- Keys and credit in the words of OpenRouter's API: a key about itself, and keys that a backend makes for its own customers.

-- In nano-dollars, in the UTC day, week and month of a moment.
create type gateway.recent_spending as (day bigint, week bigint, month bigint);

-- What each key of an account has spent lately, of those that have spent anything.
create function gateway.spent_lately(this_account uuid, at timestamptz)
returns table (key_id uuid, spent gateway.recent_spending)
language sql stable set search_path = ''
as $$
  select key_id, row(
    coalesce(sum(cost) filter (where hour >= gateway.period_start('day', at)), 0)::bigint,
    coalesce(sum(cost) filter (where hour >= gateway.period_start('week', at)), 0)::bigint,
    coalesce(sum(cost) filter (where hour >= gateway.period_start('month', at)), 0)::bigint)::gateway.recent_spending
  from gateway.used(
    this_account, least(gateway.period_start('week', at), gateway.period_start('month', at)), 'infinity')
  group by key_id
$$;

-- What every answer about a key says. A call with an own key at a provider costs nothing here, and what it costs there is not
-- known, so its figures are 0.
create function gateway.key_figures(key gateway.api_keys, spent gateway.recent_spending, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'label', key.prefix || '...' || key.last_four,
    'limit', gateway.dollars(key.spend_limit),
    'limit_remaining', gateway.dollars(greatest(key.spend_limit - gateway.spent_in_period(key, at), 0)),
    'limit_reset', case key.spend_period when 'day' then 'daily' when 'week' then 'weekly' when 'month' then 'monthly' end,
    'include_byok_in_limit', false,
    'usage', gateway.dollars(key.spent_ever),
    'usage_daily', coalesce(gateway.dollars((spent).day), 0),
    'usage_weekly', coalesce(gateway.dollars((spent).week), 0),
    'usage_monthly', coalesce(gateway.dollars((spent).month), 0),
    'byok_usage', 0, 'byok_usage_daily', 0, 'byok_usage_weekly', 0, 'byok_usage_monthly', 0,
    'creator_user_id', key.account_id, 'workspace_id', key.account_id, 'expires_at', key.expires_at)
$$;

-- A key as its owner's backend sees it. What is called its `hash` there is its id here.
create function gateway.provisioned_key_json(key gateway.api_keys, spent gateway.recent_spending, at timestamptz)
returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.key_figures(key, spent, at) || jsonb_build_object(
    'hash', key.id, 'name', key.name, 'disabled', key.disabled_at is not null, 'created_at', key.created_at,
    'updated_at', key.rotated_at, 'external_user', null)
$$;

-- One key, or a 404: one that was revoked is gone.
create function gateway.provisioned_key(this_account uuid, target uuid, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.api_keys;
  spent gateway.recent_spending;
begin
  select * into key from gateway.api_keys where id = target and account_id = this_account and revoked_at is null;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  select (lately.spent).* into spent from gateway.spent_lately(this_account, at) as lately where key_id = target;
  return gateway.provisioned_key_json(key, spent, at);
end;
$$;

-- The calling key about itself.
create function public.get_calling_key(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  at constant timestamptz := gateway.now();
  key gateway.api_keys;
  account gateway.accounts;
  spent gateway.recent_spending;
  manages boolean;
begin
  select * into key from gateway.api_keys where id = session.key_id;
  select * into account from gateway.accounts where id = session.account_id;
  select (lately.spent).* into spent from gateway.spent_lately(account.id, at) as lately where key_id = key.id;
  manages := gateway.covers(key.scopes, 'keys:write');
  return jsonb_build_object('data', gateway.key_figures(key, spent, at) || jsonb_build_object(
    'is_free_tier', not account.has_purchased,
    'is_management_key', manages, 'is_provisioning_key', manages,
    'organization_id', null,
    'allowed_data_regions', '["global"]'::jsonb,
    'rate_limit', jsonb_build_object(
      'requests', -1, 'interval', '10s', 'note', 'GET /user/limits says what limits this key.'),
    -- There is no other limit for models that cost nothing.
    'free_model_daily_requests', (
      select jsonb_build_object('limit', a_day, 'used', used.requests, 'remaining', greatest(a_day - used.requests, 0))
      from (select (gateway.limits_in_force(account, key, at) -> 'key' ->> 'requests_per_day')::bigint as a_day) as limits,
           (select coalesce(sum(requests), 0)::bigint as requests
            from gateway.used(account.id, gateway.period_start('day', at), 'infinity') where key_id = key.id) as used)));
end;
$$;

-- The account's credit: all that it has had but what has lapsed or went back, and all that it has used.
create function public.get_credits(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  balance constant numeric := public.get_balance(caller) -> 'credits';
  used constant numeric := gateway.used_ever(session.account_id) -> 'cost';
begin
  return jsonb_build_object(
    'data', jsonb_build_object('total_credits', trim_scale(balance + used), 'total_usage', used),
    'balance', balance::text, 'total_used', used::text);
end;
$$;

-- A hundred keys from the newest on. query: offset, include_disabled.
create function public.list_provisioned_keys(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  at constant timestamptz := gateway.now();
  all_of_them constant boolean := coalesce((query ->> 'include_disabled')::boolean, false);
begin
  return jsonb_build_object('data', (
    select coalesce(jsonb_agg(gateway.provisioned_key_json(key, spent, at) order by (key).created_at desc, (key).id desc), '[]')
    from (
      select keys as key from gateway.api_keys as keys
      where account_id = session.account_id and revoked_at is null
        and (all_of_them or gateway.api_key_status(keys, at) = 'active')
      order by created_at desc, id desc limit 100 offset coalesce((query ->> 'offset')::integer, 0)
    ) as page
    left join gateway.spent_lately(session.account_id, at) as lately on lately.key_id = (page.key).id));
end;
$$;

create function public.get_provisioned_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return jsonb_build_object('data', gateway.provisioned_key(session.account_id, target, gateway.now()));
end;
$$;

-- stored, settings, idempotency: as in create_api_key.
create function public.create_provisioned_key(caller jsonb, stored jsonb, settings jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  made constant jsonb := public.create_api_key(caller, stored, settings, idempotency);
begin
  return jsonb_build_object(
    'data', gateway.provisioned_key(session.account_id, (made ->> 'id')::uuid, gateway.now()),
    'replayed', made -> 'replayed');
end;
$$;

-- changes: name, disabled, limit (nano-dollars) and period, each of which stays as it is where it is absent. Without a limit there is
-- no period.
create function public.change_provisioned_key(caller jsonb, target uuid, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account constant gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key constant gateway.api_keys := gateway.lock_living_key(account, target, gateway.now());
  settings jsonb := changes - '{limit,period}'::text[];
  amount bigint := key.spend_limit;
  period text := key.spend_period;
begin
  if changes ? 'limit' then
    amount := (changes ->> 'limit')::bigint;
  end if;
  if changes ? 'period' then
    period := changes ->> 'period';
  end if;
  if changes ?| '{limit,period}' then
    settings := settings || jsonb_build_object('spend_limit', case when amount is not null then
      jsonb_build_object('amount', amount, 'period', period) end);
  end if;
  perform public.update_api_key(caller, target, settings);
  return jsonb_build_object('data', gateway.provisioned_key(account.id, target, gateway.now()));
end;
$$;

-- Revokes a key; one that is gone is not found.
create function public.delete_provisioned_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
begin
  perform gateway.lock_for_change(caller, session, 'keys:write');
  perform gateway.provisioned_key(session.account_id, target, gateway.now());
  perform public.revoke_api_key(caller, target);
  return '{"deleted": true}';
end;
$$;
