-- A call about which there is nothing to decide, as nearly every one is: what tells that it is one, for public.begin_request.

-- What begin_request is asked for a usual call, and by whom, as a row: Postgres reads one in a third of the time that JSON takes.
-- Without request_id the request goes by its call's id. What stands in `rest` makes no call an unusual one; it is for
-- gateway.begin_any_request: allowed, own_key_fee and end_user of the call, and older_hashes of the key.
create type gateway.usual_ask as (
  key_hash text, ip text, domain text, user_agent text, request_id text, call_id uuid, begun bigint, model text, kind text,
  providers text[], prompt_bound bigint, tools boolean, choices bigint, output_limit bigint, hold_seconds bigint, markup integer,
  rest jsonb);

-- Whether an account for which an operator has set limits of its own has calls and tokens left in its month. Hardly any has, so this
-- is not put in its caller's place, where every call would make its parts ready.
create function gateway.has_own_month_left(account gateway.accounts, plan_requests bigint, plan_tokens bigint) returns boolean
language plpgsql immutable
as $$
begin
  return account.month_requests < coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan_requests)
    and account.month_tokens < coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan_tokens);
end;
$$;

-- Whether a role may call. Asked by few: the built-in ones are never changed, and a test holds that each may.
create function gateway.may_call(role text) returns boolean
language plpgsql stable
as $$
begin
  return (select gateway.covers(permissions, 'inference') from gateway.roles where name = role);
end;
$$;

-- Whether nothing about an account, its month apart, keeps a call from being a usual one.
create function gateway.may_be_usual(account gateway.accounts, at timestamptz) returns boolean
language sql stable
return
  (account.role in ('user', 'developer', 'admin') or gateway.may_call(account.role))
  and account.disabled_at is null and not account.has_provider_keys and not account.has_end_users
  and gateway.is_behind(account, at) is not true and account.month >= gateway.month_of(at)
  -- In a trial that nothing has bought off, begin_any_request finds out whether a plan stands in front of it.
  and (account.trial_ends_at > at and not account.has_purchased) is not true;

-- The same as begin_request takes it for any call.
create function gateway.whole_ask(asked gateway.usual_ask) returns jsonb
language sql stable parallel safe
return jsonb_build_object(
  'caller', jsonb_strip_nulls(jsonb_build_object(
    'key_hashes', jsonb_build_array((asked).key_hash) || coalesce((asked).rest -> 'older_hashes', '[]'), 'ip', (asked).ip, 'domain', (asked).domain,
    'user_agent', (asked).user_agent, 'request_id', coalesce((asked).request_id, (asked).call_id::text))),
  'call', to_jsonb(asked) - '{key_hash,ip,domain,user_agent,request_id,rest}'::text[]
    || '{"allowed": true, "images": 0, "modalities": []}' || coalesce((asked).rest, '{}'));
