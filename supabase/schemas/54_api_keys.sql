-- What is shown of a key. Never its hash.

create function gateway.api_key_status(key gateway.api_keys, at timestamptz) returns text
language sql immutable parallel safe
return case
  when key.revoked_at <= at then 'revoked'
  when key.expires_at <= at then 'expired'
  when key.disabled_at <= at then 'disabled'
  else 'active'
end;

-- When the current spending period ends; null for a limit that never starts anew.
create function gateway.period_end(period text, at timestamptz) returns timestamptz
language sql immutable parallel safe
return (date_trunc(period, at at time zone 'utc') + ('1 ' || period)::interval) at time zone 'utc';

-- A key as every endpoint shows it.
create function gateway.api_key_json(key gateway.api_keys, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  status constant text := gateway.api_key_status(key, at);
  due constant timestamptz :=
    coalesce(key.rotated_at, key.created_at) + make_interval(hours => 24 * key.rotate_after_days);
begin
  return jsonb_build_object(
    'object', 'api_key', 'id', key.id, 'name', key.name, 'environment', key.environment, 'prefix', key.prefix,
    'last_four', key.last_four, 'scopes', key.scopes, 'is_primary', key.is_primary, 'status', status,
    'created_at', key.created_at, 'last_used_at', key.last_used_at, 'expires_at', key.expires_at,
    'revoked_at', key.revoked_at, 'max_requests', key.max_requests, 'requests_used', key.requests_used,
    'spend_limit', case when key.spend_limit is not null then jsonb_build_object(
      'amount', gateway.dollars(key.spend_limit), 'period', key.spend_period,
      'spent', gateway.dollars(gateway.spent_in_period(key, at)),
      'resets_at', gateway.period_end(key.spend_period, at)) end,
    'ip_allowlist', key.ip_allowlist, 'domain_allowlist', key.domain_allowlist,
    'allowed_models', key.allowed_models, 'rate_limits', key.rate_limits, 'trace_content', key.trace_content,
    'cache_ttl', key.cache_ttl, 'rotate_after_days', key.rotate_after_days, 'rotated_at', key.rotated_at, 'rotation_due_at', due,
    'rotation_due', coalesce(status = 'active' and due <= at, false),
    'former_secrets', (
      select coalesce(jsonb_agg(jsonb_build_object('expires_at', least(former.expires_at, key.expires_at))
                                order by former.id desc), '[]')
      from gateway.former_secrets as former
      where former.key_id = key.id and former.expires_at > at and status = 'active'));
end;
$$;

-- An account's keys, from the newest or from the one after `cursor`. Another account's cursor gives an empty page.
create function gateway.keys_after(account uuid, cursor uuid) returns setof gateway.api_keys
language sql stable set search_path = ''
as $$
  select * from gateway.api_keys
    where account_id = keys_after.account
      and (keys_after.cursor is null or (created_at, id) < (
        select created_at, id from gateway.api_keys
          where id = keys_after.cursor and account_id = keys_after.account))
$$;

-- Newest first. query: environment, status (or 'all'), limit, cursor (the last id of the page before).
create function public.list_api_keys(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with found as (
    select keys as key, row_number() over (order by created_at desc, id desc) as place
    from gateway.keys_after(session.account_id, (query ->> 'cursor')::uuid) as keys
    where (query ->> 'environment' is null or environment = query ->> 'environment')
      and (query ->> 'status' = 'all' or gateway.api_key_status(keys, at) = query ->> 'status')
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.api_key_json(key, at) order by place) filter (where place <= most),
    case when count(*) > most then (max((key).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

create function public.get_api_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = session.account_id;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  return gateway.api_key_json(key, gateway.now());
end;
$$;
