-- Key validation: every check in its order, inside the same call as the work.

-- Whether a set of scopes or permissions covers one: itself, everything, or the area it belongs to (admin covers admin:users).
create function gateway.covers(granted text[], needed text) returns boolean
language sql immutable parallel safe
return granted && array[needed, '*', split_part(needed, ':', 1)];

-- example.com matches itself; *.example.com its subdomains.
create function gateway.domain_allowed(allowlist text[], host text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select exists (
    select from unnest(allowlist) as allowed
    where lower(host) = lower(allowed)
      or (allowed like '*.%' and right(lower(host), length(allowed) - 1) = lower(substr(allowed, 2)))
  )
$$;

-- openai/gpt-4o matches itself; openai/* every model of that developer.
create function gateway.model_allowed(allowed_models text[], model text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select exists (
    select from unnest(allowed_models) as allowed
    where model = allowed or (allowed like '%*' and starts_with(model, left(allowed, -1)))
  )
$$;

-- The start of the spending period that holds `at`, in UTC; null for a limit without a period.
create function gateway.period_start(period text, at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_trunc(period, at at time zone 'utc') at time zone 'utc';

-- What a key has spent in the current period; a period that has passed counts nothing.
create function gateway.spent_in_period(key gateway.api_keys, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when key.spend_period is null or key.spend_period_start >= gateway.period_start(key.spend_period, at) then key.spent
  else 0
end;

-- What a key that has periods has spent in that of a moment, of what it has spent in the one that began then; and the later of the
-- two. Neither is put in its caller's place: most keys have no periods, and their calls need none of this.
create function gateway.spent_since(spent bigint, starts timestamptz, period text, at timestamptz) returns bigint
language plpgsql immutable
as $$
begin
  return case when starts >= gateway.period_start(period, at) then spent else 0 end;
end;
$$;

create function gateway.later_period(starts timestamptz, period text, at timestamptz) returns timestamptz
language plpgsql immutable
as $$
begin
  return greatest(starts, gateway.period_start(period, at));
end;
$$;

-- The first check that this key fails for this caller, scope and model, by its code, or null. No key has the scope `self`, and
-- each may do what asks for it: to read of itself. Every call asks it, and
-- hardly any gets a code: so what is said with a code is said elsewhere, and need not be made ready here.
create function gateway.failed_key_check(
  account gateway.accounts, key gateway.api_keys, permissions text[], caller jsonb, scope text, model text,
  at timestamptz)
returns text
language sql stable
return case
  when key.id is null then 'invalid_api_key'
  when key.revoked_at <= at then 'api_key_revoked'
  when key.expires_at <= at then 'api_key_expired'
  when key.disabled_at <= at then 'api_key_disabled'
  when account.disabled_at is not null then 'account_disabled'
  when cardinality(key.ip_allowlist) > 0
    and not coalesce((caller ->> 'ip')::inet <<= any (key.ip_allowlist), false) then 'ip_not_allowed'
  when cardinality(key.domain_allowlist) > 0
    and not coalesce(gateway.domain_allowed(key.domain_allowlist, caller ->> 'domain'), false)
    then 'domain_not_allowed'
  when (scope = 'self' or gateway.covers(permissions, scope) and gateway.covers(key.scopes, scope)) is not true
    then 'insufficient_scope'
  when scope <> 'inference' then null
  when key.requests_used >= key.max_requests then 'request_limit_reached'
  when gateway.spent_in_period(key, at) >= key.spend_limit then 'spend_limit_reached'
  when cardinality(key.allowed_models) > 0 and not gateway.model_allowed(key.allowed_models, model)
    then 'model_not_allowed'
end;

-- The same as a refusal, or null.
create function gateway.key_refusal(
  account gateway.accounts, key gateway.api_keys, permissions text[], caller jsonb, scope text, model text,
  at timestamptz)
returns jsonb
language plpgsql stable
as $$
declare
  code constant text := gateway.failed_key_check(account, key, permissions, caller, scope, model, at);
begin
  if code is null then
    return null;
  end if;
  return case
    when code in ('invalid_api_key', 'api_key_revoked', 'api_key_expired', 'api_key_disabled') then gateway.refusal(401, code)
    when code = 'insufficient_scope' then gateway.refusal(403, code, jsonb_build_object('required_scope', scope))
    when code = 'request_limit_reached' then gateway.refusal(429, code, '{"should_retry": false}')
    when code = 'spend_limit_reached' then gateway.refusal(402, code)
    when code = 'model_not_allowed' then gateway.refusal(403, code, jsonb_build_object('param', 'model'))
    else gateway.refusal(403, code)
  end;
end;
$$;

-- The key that one of these hashes is of, or nothing: by its secret, else by a former one, whose end is then the key's.
create function gateway.find_key(key_hashes jsonb) returns gateway.api_keys
language plpgsql stable set search_path = ''
as $$
declare
  hashes constant text[] := array(select jsonb_array_elements_text(key_hashes));
  key gateway.api_keys;
  former gateway.former_secrets;
begin
  select * into key from gateway.api_keys where key_hash = any (hashes);
  if not found then
    select * into former from gateway.former_secrets where key_hash = any (hashes);
    if found then
      select * into key from gateway.api_keys where id = former.key_id;
      key.expires_at := least(key.expires_at, former.expires_at);
    end if;
  end if;
  return key;
end;
$$;

create type gateway.session as (account_id uuid, key_id uuid, role text);

-- Who calls, or a refusal. Every function that serves an endpoint begins with this; begin_request, whose refusals
-- are values, makes the same checks on rows it has locked.
create function gateway.authenticate(caller jsonb, scope text) returns gateway.session
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.api_keys := gateway.find_key(caller -> 'key_hashes');
  account gateway.accounts;
  permissions text[];
  refused jsonb;
  at timestamptz := gateway.now();
begin
  select * into account from gateway.accounts where id = key.account_id;
  select roles.permissions into permissions from gateway.roles where name = account.role;
  -- This is about no model: what a key may use of them is asked where one is named.
  key.allowed_models := '{}';
  refused := gateway.key_refusal(account, key, permissions, caller, scope, null, at);
  if refused is not null then
    perform gateway.refuse(refused);
  end if;
  return row (account.id, key.id, account.role)::gateway.session;
end;
$$;
