-- The limits that callers see, and lower.

-- All limits of the calling key, without what the rate limiter's windows have counted, which Redis knows.
create function public.get_limits(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at timestamptz := gateway.now();
  this_month constant date := date_trunc('month', at at time zone 'utc')::date;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  in_force jsonb;
  requests bigint;
  tokens bigint;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into key from gateway.api_keys where id = session.key_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  in_force := gateway.limits_in_force(account, key, at);
  requests := coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan.requests_per_month);
  tokens := coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan.tokens_per_month);
  -- A month that has passed counts nothing.
  if account.month < this_month then
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  return jsonb_build_object(
    'object', 'limits', 'account_id', account.id, 'key_id', key.id,
    'plan', jsonb_build_object('id', plan.id, 'name', plan.name),
    'account', in_force -> 'account', 'key', in_force -> 'key',
    'key_requests', jsonb_build_object('limit', key.max_requests, 'used', key.requests_used),
    'key_spend_limit', gateway.api_key_json(key, at) -> 'spend_limit',
    'month', jsonb_build_object(
      'requests', jsonb_build_object('limit', requests, 'used', account.month_requests,
                                     'remaining', greatest(requests - account.month_requests, 0)),
      'tokens', jsonb_build_object('limit', tokens, 'used', account.month_tokens,
                                   'remaining', greatest(tokens - account.month_tokens, 0)),
      'resets_at', gateway.period_end('month', at)),
    'trial', gateway.trial_json(account, at));
end;
$$;

-- A key's own limits and those that follow for it.
create function gateway.rate_limits_json(account gateway.accounts, key gateway.api_keys, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'rate_limits', 'key_id', key.id, 'name', key.name, 'environment', key.environment,
    'rate_limits', key.rate_limits, 'in_force', gateway.limits_in_force(account, key, at) -> 'key')
$$;

-- Of every active key, the newest first. query: limit, cursor (the last key's id of the page before).
create function public.list_rate_limits(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  account gateway.accounts;
  answer jsonb;
begin
  select * into account from gateway.accounts where id = session.account_id;
  with found as (
    select keys as key, row_number() over (order by created_at desc, id desc) as place
    from gateway.keys_after(session.account_id, (query ->> 'cursor')::uuid) as keys
    where gateway.api_key_status(keys, at) = 'active'
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.rate_limits_json(account, key, at) order by place) filter (where place <= most),
    case when count(*) > most then (max((key).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

-- Replaces a key's own limits.
create function public.set_rate_limits(caller jsonb, target uuid, rate_limits jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  before constant jsonb := key.rate_limits;
begin
  perform gateway.require(jsonb_build_object('rate_limits', rate_limits), 'rate_limits');
  key := gateway.change_key(account, key, jsonb_build_object('rate_limits', set_rate_limits.rate_limits), at);
  if before <> key.rate_limits then
    perform gateway.audit(caller, session.account_id, session.key_id, 'limits.change', account.id, key.id::text,
      jsonb_build_object('before', before, 'after', key.rate_limits));
  end if;
  return gateway.rate_limits_json(account, key, at);
end;
$$;
