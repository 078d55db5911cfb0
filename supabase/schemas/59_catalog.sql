-- The public catalog. These functions take no caller: anyone may ask, and the CDN answers most.

-- A price (gateway.price, a tier or a window of it) in OpenRouter's names and units: US dollars, as texts; of a token, a character,
-- a request, a search, a second, an image each.
create function gateway.price_json(price jsonb) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_object_agg(name, trim_scale((price ->> kind)::bigint * unit)::text), '{}')
  from (values
    ('prompt', 'prompt', 1e-15), ('completion', 'completion', 1e-15), ('request', 'request', 1e-9),
    ('cached', 'input_cache_read', 1e-15), ('written', 'input_cache_write', 1e-15),
    ('written_long', 'input_cache_write_1h', 1e-15), ('reasoning', 'internal_reasoning', 1e-15),
    ('image_input', 'image_token', 1e-15), ('image_output', 'image_output', 1e-15),
    ('audio_input', 'audio', 1e-15), ('audio_output', 'audio_output', 1e-15), ('search', 'web_search', 1e-9),
    ('image', 'generated_image', 1e-9), ('second', 'second', 1e-9), ('character', 'character', 1e-15)
  ) as names (kind, name, unit)
  where price ? kind
$$;

-- All that a route may charge, in OpenRouter's shape; null where it is not priced. What its `overrides` name costs that much from a
-- length of the prompt on, or at these hours.
create function gateway.pricing_json(route gateway.model_routes) returns jsonb
language sql stable set search_path = ''
as $$
  select case when route.prompt_price is not null and route.completion_price is not null then
    gateway.price_json(route.candidate)
    || jsonb_strip_nulls(jsonb_build_object(
      'image', trim_scale(route.prompt_image_price * 1e-9)::text,
      'generated_images', (
        select jsonb_object_agg(key, trim_scale(value::numeric * 1e-9)::text) from jsonb_each_text(route.image_prices)),
      'overrides', (
        with windows as (
          select change, jsonb_build_object(
            'utc_start', replace(change ->> 'from', ':', ''), 'utc_end', replace(change ->> 'until', ':', ''))
            || case when change ? 'days' then jsonb_build_object('utc_days', change -> 'days') else '{}' end as hours
          from jsonb_array_elements(route.windows) as change
        )
        select jsonb_agg(conditions || gateway.price_json(change))
        from (
          select change, '{}'::jsonb as hours, change -> 'above' as above from jsonb_array_elements(route.tiers) as change
          union all
          select change, hours, null from windows
          union all
          select tier, hours, tier -> 'above' from windows, jsonb_array_elements(change -> 'tiers') as tier
        ) as changes,
        lateral (select hours || case when above is null then '{}'
                                      else jsonb_build_object('min_prompt_tokens', above) end as conditions) as worded)))
  end
$$;

-- Whether a route is priced, at nothing.
create function gateway.is_free(route gateway.model_routes) returns boolean
language sql stable set search_path = ''
as $$
  select route.prompt_price is not null and route.completion_price is not null and route.windows is null
    and route.tiers is null and coalesce(route.prompt_image_price, 0) = 0 and route.image_prices is null
    and not jsonb_path_exists(route.candidate, '$.* ? (@.type() == "number" && @ > 0)')
$$;

-- The price of a million tokens, in dollars.
create function gateway.route_json(route gateway.model_routes) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'provider', route.provider, 'upstream_model', route.upstream_model,
    'pricing', case when route.prompt_price is null or route.completion_price is null then null
      else jsonb_build_object(
        'prompt_per_million', gateway.dollars(route.prompt_price),
        'cached_per_million', gateway.dollars(coalesce(route.cached_price, route.prompt_price)),
        'written_per_million', gateway.dollars(coalesce(route.written_price, route.prompt_price)),
        'completion_per_million', gateway.dollars(route.completion_price),
        'request', gateway.dollars(route.request_price),
        'image', gateway.dollars(route.image_price)) end,
    'prices', gateway.pricing_json(route))
$$;

-- A model in our own shape, which is a superset of OpenAI's and OpenRouter's.
create function gateway.model_json(model gateway.models) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'id', model.id, 'object', 'model', 'created', extract(epoch from model.created_at)::bigint,
    'type', 'model', 'display_name', model.name, 'created_at', model.created_at,
    'owned_by', model.developer, 'name', model.name, 'description', model.description, 'kind', model.kind,
    'context_length', model.context_length, 'max_output_tokens', model.max_output,
    'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities,
    'reasoning', model.reasoning,
    'free', coalesce(bool_and(gateway.is_free(r)), false),
    -- Of the route that is asked first.
    'pricing', (
      array_agg(gateway.pricing_json(r) order by r.prompt_price + r.completion_price, r.provider)
        filter (where r.prompt_price is not null and r.completion_price is not null))[1],
    'routes', coalesce(jsonb_agg(gateway.route_json(r) order by r.prompt_price + r.completion_price, r.provider)
                         filter (where r.provider is not null), '[]'))
    || gateway.openrouter_members(model)
  from (select) as one left join gateway.model_routes r on r.model_id = model.id and r.enabled
$$;

-- query: developer, provider, search, modality, free, limit, cursor (the last id of the page before).
create function public.list_models(query jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with found as (
    select m.id, gateway.model_json(m) as model
    from gateway.models m
    where m.enabled
      and (query ->> 'cursor' is null or m.id > query ->> 'cursor')
      and (query ->> 'developer' is null or m.developer = query ->> 'developer')
      and (query ->> 'provider' is null or exists (
        select from gateway.model_routes r where r.model_id = m.id and r.enabled and r.provider = query ->> 'provider'))
      and (query ->> 'search' is null
        or strpos(lower(m.id || ' ' || m.name || ' ' || m.description), lower(query ->> 'search')) > 0)
      and (query ->> 'modality' is null
        or query ->> 'modality' = any (m.input_modalities || m.output_modalities))
      and (query ->> 'free' is null
        or (query ->> 'free')::boolean = (gateway.model_json(m) ->> 'free')::boolean)
    order by m.id
    limit gateway.page_size(query) + 1
  ),
  page as (select * from found order by id limit gateway.page_size(query))
  select gateway.page(
    (select jsonb_agg(model order by id) from page),
    case when (select count(*) from found) > gateway.page_size(query) then (select max(id) from page) end)
    || (select jsonb_build_object('first_id', min(id), 'last_id', max(id)) from page)
$$;

-- query: developer, limit, cursor.
create function public.list_developer_models(query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from gateway.models where enabled and developer = query ->> 'developer') then
    perform gateway.refuse(gateway.refusal(404, 'developer_not_found', '{"param": "name"}'));
  end if;
  return public.list_models(query);
end;
$$;

create function public.get_model(model_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  model gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return gateway.model_json(model);
end;
$$;

create function public.list_providers() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select gateway.page(jsonb_agg(p), null)
  from (
    select r.provider as id, 'provider' as object, count(*) as models,
           count(*) filter (where m.kind = 'image') as image_models,
           count(*) filter (where gateway.is_free(r)) as free_models,
           gateway.dollars(min(r.prompt_price)) as lowest_prompt_per_million,
           gateway.dollars(max(r.prompt_price)) as highest_prompt_per_million
    from gateway.model_routes r join gateway.models m on m.id = r.model_id and m.enabled
    where r.enabled
    group by r.provider
    order by r.provider
  ) p
$$;
