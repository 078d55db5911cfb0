-- What a caller wishes of the routes that may serve a call: `wishes` of begin_request, with max_price (see gateway.is_within),
-- parameters (all of which a route must take), quantizations (one of which it must have) and data_policy (the least that it must
-- promise). A call without wishes costs nothing more.

-- Whether a route is as it is wished. Checked against the catalog of this moment, as the price is.
create function gateway.meets(route gateway.model_routes, wishes jsonb) returns boolean
language plpgsql stable
as $$
begin
  return gateway.is_within(route, wishes -> 'max_price')
    and (not wishes ? 'quantizations' or wishes -> 'quantizations' ? route.quantization)
    and (not wishes ? 'data_policy' or route.data_policy = 'zdr' or route.data_policy = wishes ->> 'data_policy')
    and (not wishes ? 'parameters' or to_jsonb(
      gateway.parameters_of_route((select whole from gateway.models as whole where id = route.model_id), route))
        @> (wishes -> 'parameters'));
end;
$$;

-- Of the providers that the caller allows those whose route is as it is wished: what a key of the caller's own may be used at.
-- What it costs there is between the caller and the provider.
create function gateway.allowed_providers(model text, call jsonb) returns jsonb
language plpgsql stable
as $$
begin
  if not call ? 'wishes' then
    return call -> 'allowed';
  end if;
  return (
    select coalesce(jsonb_agg(r.provider), '[]')
    from gateway.model_routes as r
    where r.model_id = model and gateway.allows(call -> 'allowed', r.provider) and gateway.meets(r, (call -> 'wishes') - 'max_price'));
end;
$$;

-- The refusal of a call that no route serves as it is wished: which wishes, and the parameters that none of its routes takes.
create function gateway.unmet_wishes(model gateway.models, call jsonb) returns jsonb
language plpgsql stable
as $$
declare
  wishes constant jsonb := call -> 'wishes';
  not_taken constant text[] := array(
    select wished from jsonb_array_elements_text(wishes -> 'parameters') as wished
    where not exists (
      select from gateway.model_routes as r
      where r.model_id = model.id and r.enabled and call -> 'providers' ? r.provider
        and wished = any (gateway.parameters_of_route(model, r)))
    order by wished);
begin
  return gateway.refusal(503, 'no_provider', jsonb_strip_nulls(jsonb_build_object(
    'param', 'provider', 'not_taken', case when not_taken <> '{}' then to_jsonb(not_taken) end,
    'message', format('No provider serves %s as `provider` wishes: %s. GET /v1/models/%s/endpoints tells what each is like.',
      model.id, concat_ws('; ',
        case when wishes ? 'max_price' then '`max_price` is in US dollars of a million tokens' end,
        case when not_taken <> '{}' then '`require_parameters`, and none takes ' || array_to_string(not_taken, ', ')
             when wishes ? 'parameters' then '`require_parameters`, and no single one takes all of them' end,
        case when wishes ? 'quantizations' then '`quantizations`' end,
        case wishes ->> 'data_policy' when 'zdr' then '`zdr`' when 'private' then '`data_collection`' end),
      model.id))));
end;
$$;
