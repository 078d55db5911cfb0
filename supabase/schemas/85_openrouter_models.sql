-- The catalog as OpenRouter's clients list it. These functions take no caller, but for the one that goes by the calling key: anyone may
-- ask, and the CDN answers most.

-- Models that can be used. query: kind; or else output_modalities (a list, or ["all"]; without it those that write); q (a part of id,
-- name or description); input_modalities, supported_parameters (lists, of which a model must have all).
create function gateway.usable_models(query jsonb) returns setof gateway.models
language sql stable set search_path = ''
as $$
  select * from gateway.models as m
  where m.enabled
    and exists (select from gateway.model_routes as r where r.model_id = m.id and r.enabled
                  and r.prompt_price is not null and r.completion_price is not null)
    and case
      when query ->> 'kind' is not null then m.kind = query ->> 'kind'
      when query ->> 'output_modalities' is null then m.kind = 'chat' or m.kind = 'image' and m.output_modalities @> '{text}'
      when query -> 'output_modalities' ? 'all' then true
      else m.output_modalities @> array(select jsonb_array_elements_text(query -> 'output_modalities'))
    end
    and (query ->> 'q' is null
      or strpos(lower(m.id || ' ' || m.name || ' ' || m.description), lower(query ->> 'q')) > 0)
    and (query ->> 'input_modalities' is null
      or m.input_modalities @> array(select jsonb_array_elements_text(query -> 'input_modalities')))
    and (query ->> 'supported_parameters' is null
      or gateway.parameters_of(m) @> array(select jsonb_array_elements_text(query -> 'supported_parameters')))
$$;

-- A page of them, all of those that the allowlist holds (null: of all) if the query has no limit. query: as above, offset, limit.
-- As json, whose parts are texts that are not read again.
create function gateway.openrouter_page(query jsonb, allowed_models text[]) returns json
language plpgsql stable set search_path = ''
as $$
declare
  start constant bigint := coalesce((query ->> 'offset')::bigint, 0);
  most constant bigint := (query ->> 'limit')::bigint;
  answer json;
begin
  with usable as (
    select m.id, row_number() over (order by m.id) as place, count(*) over () as total
    from gateway.usable_models(query) as m
    where coalesce(cardinality(allowed_models), 0) = 0 or gateway.model_allowed(allowed_models, m.id)
  )
  select json_build_object(
    'data', coalesce(json_agg(openrouter_body order by place)
                       filter (where place > start and (most is null or place <= start + most)), '[]'),
    'total_count', coalesce(max(total), 0),
    'links', json_build_object('next', case when start + most < max(total) then
      format('/api/v1/models?offset=%s&limit=%s', start + most, most) end))
  into answer from usable join gateway.listed_models on model_id = usable.id;
  return answer;
end;
$$;

-- Nearly every client asks for all of them: a conditional read, as list_models is.
create function public.list_openrouter_models(query jsonb, known uuid) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  whole constant uuid := (select version from gateway.catalog_version where query = '{}');
begin
  return case when whole = known then json_build_object('version', whole)
    else json_build_object('version', whole, 'list', gateway.openrouter_page(query, null)) end;
end;
$$;

-- How many there are.
create function public.count_openrouter_models(query jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$ select jsonb_build_object('data', jsonb_build_object('count', count(*))) from gateway.usable_models(query) $$;

-- Those that the calling key may use.
create function public.list_models_of_key(caller jsonb, query jsonb) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  allowed constant text[] := (select allowed_models from gateway.api_keys where id = session.key_id);
begin
  return gateway.openrouter_page(query, allowed);
end;
$$;

-- A route in OpenRouter's words; it calls one an endpoint.
create function gateway.openrouter_endpoint(model gateway.models, route gateway.model_routes) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'name', route.provider || ' | ' || model.id, 'model_id', model.id, 'model_name', model.name,
    'provider_name', route.provider, 'tag', route.provider,
    'context_length', model.context_length, 'max_completion_tokens', nullif(model.max_output, 0), 'max_prompt_tokens', null,
    'pricing', gateway.pricing_json(route), 'quantization', route.quantization, 'status', 0,
    'supported_parameters', gateway.parameters_of_route(model, route),
    'supports_implicit_caching', route.cached_price is not null,
    'supports_tool_choice', (
      select jsonb_build_object('auto', takes, 'function', takes, 'none', takes, 'required', takes)
      from (select gateway.parameters_of_route(model, route) @> '{tool_choice}' as takes) as it),
    'uptime_last_5m', null, 'uptime_last_30m', null, 'uptime_last_1d', null,
    'latency_last_30m', null, 'throughput_last_30m', null)
$$;

create function public.get_openrouter_model(model_id text) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  model constant gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return json_build_object('data', (
    select openrouter_body from gateway.listed_models as listed where listed.model_id = model.id));
end;
$$;

-- A model with the routes that can be used, the cheapest first.
create function public.get_model_endpoints(model_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  model constant gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return jsonb_build_object('data', jsonb_build_object(
    'id', model.id, 'name', model.name, 'created', extract(epoch from model.created_at)::bigint,
    'description', model.description, 'architecture', gateway.openrouter_members(model) -> 'architecture',
    'endpoints', (
      select coalesce(jsonb_agg(gateway.openrouter_endpoint(model, r) order by r.prompt_price + r.completion_price, r.provider), '[]')
      from gateway.model_routes as r
      where r.model_id = model.id and r.enabled and r.prompt_price is not null and r.completion_price is not null)));
end;
$$;

-- The routes that can be used whose provider keeps nothing of what our account sends it, by model and price.
create function public.list_zdr_endpoints() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('data', coalesce(
    jsonb_agg(gateway.openrouter_endpoint(m, r) order by m.id, r.prompt_price + r.completion_price, r.provider), '[]'))
  from gateway.model_routes as r join gateway.models as m on m.id = r.model_id and m.enabled
  where r.data_policy = 'zdr' and r.enabled and r.prompt_price is not null and r.completion_price is not null
$$;

-- Who serves models that can be used.
create function public.list_openrouter_providers() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('data', coalesce(jsonb_agg(jsonb_build_object('slug', provider) order by provider), '[]'))
  from (
    select distinct r.provider from gateway.model_routes as r join gateway.models as m on m.id = r.model_id and m.enabled
    where r.enabled and r.prompt_price is not null and r.completion_price is not null
  ) as serving
$$;
