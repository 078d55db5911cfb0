-- A call of an account that has keys of its own at the model's providers goes there with these, and costs nothing here, unless the
-- operator charges a fee for it.

-- Own keys may serve a call (keys: a list in the order in which they are asked, each with id, provider, ciphertext and version).
-- fee: what is charged for that, in basis points of what the call would have cost here. falls_back: whether the gateway's own
-- account may serve where they cannot.
create type gateway.own_keys as (keys jsonb, fee integer, falls_back boolean);

-- Whether a caller lets a provider serve a call: one of a list, or `true`, which lets all of them.
create function gateway.allows(allowed jsonb, provider text) returns boolean
language sql immutable parallel safe
return allowed = 'true' or allowed ? provider;

-- The caller's own keys for a call: those at providers that have the model, of the ones that the caller allows; `keys` is null if
-- there is none. The calls that own keys have served this month are beyond the operator's allowance, or they cost nothing.
-- call: allowed, and own_key_fee: basis_points, free_monthly.
create function gateway.own_keys_for(account gateway.accounts, key_id uuid, model text, call jsonb)
returns gateway.own_keys
language sql stable set search_path = ''
as $$
  select
    jsonb_agg(
      jsonb_build_object('id', k.id, 'provider', k.provider, 'ciphertext', k.ciphertext, 'version', k.key_version)
      order by k.is_fallback, k.priority, r.prompt_price + r.completion_price nulls last, k.provider, k.created_at, k.id),
    case when account.month_own_requests >= (call #>> '{own_key_fee,free_monthly}')::bigint
      then (call #>> '{own_key_fee,basis_points}')::integer else 0 end,
    coalesce(bool_and(k.gateway_fallback), false)
  from gateway.provider_keys as k
  join gateway.model_routes as r on r.model_id = own_keys_for.model and r.provider = k.provider and r.enabled
  where k.account_id = account.id and k.disabled_at is null and gateway.allows(call -> 'allowed', k.provider)
    and (k.allowed_keys = '{}' or own_keys_for.key_id = any (k.allowed_keys))
    and (k.allowed_models = '{}' or gateway.model_allowed(k.allowed_models, own_keys_for.model))
$$;

-- The routes that own keys open, in the order of the keys; each with its key (own_key), what is charged instead of the markup, and
-- the most that can be (ceiling). `priced` are those of them that have a price for the call. Without a fee, or a price to reckon it
-- from, all of a route's prices are 0, so that the hold and the settle of such a call are those of a free model. By which units it
-- sells is said all the same, since what it is asked goes by that.
create function gateway.own_candidates(model text, keys jsonb, priced gateway.priced_call, fee_markup integer) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_agg(
    coalesce(
      frozen || jsonb_build_object('markup', fee_markup, 'ceiling', priced.amount),
      jsonb_build_object('provider', r.provider, 'model', r.upstream_model, 'prompt', 0, 'cached', 0, 'written', 0,
                         'completion', 0, 'request', 0, 'ceiling', 0)
      || jsonb_strip_nulls(jsonb_build_object(
        'image', case when r.image_price is not null or r.image_prices is not null then 0 end, 'search', 0 * r.search_price,
        'second', 0 * r.second_price, 'character', 0 * r.character_price)))
    || jsonb_build_object('own_key', key -> 'id')
    order by place)
  from jsonb_array_elements(keys) with ordinality as listed (key, place)
  join gateway.model_routes as r
    on r.model_id = own_candidates.model and r.provider = listed.key ->> 'provider' and r.enabled
  left join jsonb_array_elements(priced.candidates) as frozen_routes (frozen) on frozen ->> 'provider' = r.provider
$$;

-- A call that own keys may serve, one provider at a time: the hold covers the dearest that can happen, be it the fee or, where the gateway's own account may
-- serve behind them, its price.
create function gateway.price_own_call(
  own gateway.own_keys, model text, call jsonb, prompt bigint, output bigint, markup integer, at timestamptz)
returns gateway.priced_call
language plpgsql stable
as $$
declare
  fee_markup constant integer := gateway.plan_markup(markup, own.fee);
  priced gateway.priced_call := (null, 0, 0, 0, 0);
  ours gateway.priced_call;
begin
  if own.fee > 0 then
    -- What the caller would pay us at most says nothing of what the provider may take from him.
    priced := gateway.price_call(
      model, (call - 'hedged') #- '{wishes,max_price}' || jsonb_build_object('providers', jsonb_path_query_array(own.keys, '$[*].provider')),
      prompt, output, fee_markup, at);
    priced.amount := coalesce(priced.amount, 0);
    priced.prompt_price := coalesce(priced.prompt_price, 0);
    priced.completion_price := coalesce(priced.completion_price, 0);
    priced.request_price := coalesce(priced.request_price, 0);
  end if;
  priced.candidates := gateway.own_candidates(model, own.keys, priced, fee_markup);
  if own.falls_back then
    ours := gateway.price_call(model, call - 'hedged', prompt, output, markup, at);
    if ours.candidates is not null then
      return (
        priced.candidates || ours.candidates, greatest(priced.amount, ours.amount),
        greatest(priced.prompt_price, ours.prompt_price), greatest(priced.completion_price, ours.completion_price),
        greatest(priced.request_price, ours.request_price))::gateway.priced_call;
    end if;
  end if;
  return priced;
end;
$$;

-- The markup at which such a call buys tokens of the prices in its gateway.priced_call, at most.
create function gateway.own_markup(own gateway.own_keys, markup integer) returns integer
language sql immutable parallel safe
return case when own.falls_back then markup else gateway.plan_markup(markup, own.fee) end;

-- The keys as the gateway opens them: Fernet tokens by the keys' ids.
create function gateway.own_tokens(keys jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_object_agg(key ->> 'id', key - '{id,provider}'::text[]), '{}')
  from jsonb_array_elements(keys) as key
$$;
