-- The public catalog. These functions take no caller: anyone may ask, and the CDN answers most.

-- One kind of a price, in dollars as a text.
create function gateway.unit_price(price jsonb, kind text, unit numeric) returns text
language sql immutable parallel safe
return trim_scale((price ->> kind)::bigint * unit)::text;

-- A price (gateway.price, a tier or a window of it) in OpenRouter's names and units: US dollars, as texts; of a token, a character,
-- a request, a search, a second, an image each.
create function gateway.price_json(price jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'prompt', gateway.unit_price(price, 'prompt', 1e-15), 'completion', gateway.unit_price(price, 'completion', 1e-15),
    'request', gateway.unit_price(price, 'request', 1e-9), 'input_cache_read', gateway.unit_price(price, 'cached', 1e-15),
    'input_cache_write', gateway.unit_price(price, 'written', 1e-15),
    'input_cache_write_1h', gateway.unit_price(price, 'written_long', 1e-15),
    'internal_reasoning', gateway.unit_price(price, 'reasoning', 1e-15),
    'image_token', gateway.unit_price(price, 'image_input', 1e-15),
    'image_output', gateway.unit_price(price, 'image_output', 1e-15),
    'audio', gateway.unit_price(price, 'audio_input', 1e-15),
    'audio_output', gateway.unit_price(price, 'audio_output', 1e-15), 'web_search', gateway.unit_price(price, 'search', 1e-9),
    'generated_image', gateway.unit_price(price, 'image', 1e-9), 'second', gateway.unit_price(price, 'second', 1e-9),
    'character', gateway.unit_price(price, 'character', 1e-15)));
end;
$$;

-- What longer prompts and other hours cost, in OpenRouter's names.
create function gateway.overrides_json(tiers jsonb, windows jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return (
    with windows as (
      select change, jsonb_build_object(
        'utc_start', replace(change ->> 'from', ':', '')::integer, 'utc_end', replace(change ->> 'until', ':', '')::integer)
        || case when change ? 'days' then jsonb_build_object('utc_days', (
             select jsonb_agg((array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])[day::integer])
             from jsonb_array_elements_text(change -> 'days') as day)) else '{}' end as hours
      from jsonb_array_elements(overrides_json.windows) as change
    )
    select jsonb_agg(conditions || gateway.price_json(change))
    from (
      select change, '{}'::jsonb as hours, change -> 'above' as above from jsonb_array_elements(tiers) as change
      union all
      select change, hours, null from windows
      union all
      select tier, hours, tier -> 'above' from windows, jsonb_array_elements(change -> 'tiers') as tier
    ) as changes,
    lateral (select hours || case when above is null then '{}'
                                  else jsonb_build_object('min_prompt_tokens', above) end as conditions) as worded);
end;
$$;

-- All that a route may charge, in OpenRouter's shape; null where it is not priced. What its `overrides` name costs that much from a
-- length of the prompt on, or at these hours.
create function gateway.pricing_json(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
declare
  pricing jsonb;
begin
  if route.prompt_price is null or route.completion_price is null then
    return null;
  end if;
  pricing := gateway.price_json(route.candidate);
  if route.prompt_image_price is not null then
    pricing := pricing || jsonb_build_object('image', trim_scale(route.prompt_image_price * 1e-9)::text);
  end if;
  if route.image_prices is not null then
    pricing := pricing || jsonb_build_object('generated_images', (
      select jsonb_object_agg(key, trim_scale(value::numeric * 1e-9)::text) from jsonb_each_text(route.image_prices)));
  end if;
  if route.tiers is not null or route.windows is not null then
    pricing := pricing || jsonb_build_object('overrides', gateway.overrides_json(route.tiers, route.windows));
  end if;
  return pricing;
end;
$$;

-- Whether a route is priced, at nothing.
create function gateway.is_free(route gateway.model_routes) returns boolean
language plpgsql stable
as $$
begin
  return route.prompt_price = 0 and route.completion_price = 0 and route.windows is null
    and route.tiers is null and coalesce(route.prompt_image_price, 0) = 0 and route.image_prices is null
    and not jsonb_path_exists(route.candidate, '$.* ? (@.type() == "number" && @ > 0)');
end;
$$;

-- The price of a million tokens, in dollars.
create function gateway.route_json(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'provider', route.provider, 'upstream_model', route.upstream_model,
    'pricing', case when route.prompt_price is null or route.completion_price is null then null
      else jsonb_build_object(
        'prompt_per_million', gateway.dollars(route.prompt_price),
        'cached_per_million', gateway.dollars(coalesce(route.cached_price, route.prompt_price)),
        'written_per_million', gateway.dollars(coalesce(route.written_price, route.prompt_price)),
        'completion_per_million', gateway.dollars(route.completion_price),
        'request', gateway.dollars(route.request_price),
        'image', gateway.dollars(route.image_price)) end,
    'prices', gateway.pricing_json(route));
end;
$$;

-- A model in our own shape, which is a superset of OpenAI's and OpenRouter's.
create function gateway.model_json(model gateway.models) returns jsonb
language plpgsql stable
as $$
declare
  routes jsonb;
  free boolean;
begin
  select jsonb_agg(gateway.route_json(r) order by r.prompt_price + r.completion_price, r.provider), bool_and(gateway.is_free(r))
    into routes, free
    from gateway.model_routes r where r.model_id = model.id and r.enabled;
  return jsonb_build_object(
    'id', model.id, 'object', 'model', 'created', extract(epoch from model.created_at)::bigint,
    'type', 'model', 'display_name', model.name, 'created_at', model.created_at,
    'owned_by', model.developer, 'name', model.name, 'description', model.description, 'kind', model.kind,
    'context_length', model.context_length, 'max_output_tokens', model.max_output,
    'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities,
    'reasoning', model.reasoning,
    'open_weights', model.open_weights, 'released_on', model.released_on, 'deprecated_at', model.deprecated_at,
    'free', coalesce(free, false),
    -- Of the route that is asked first.
    'pricing', jsonb_path_query_first(routes, '$[*].prices ? (@.type() == "object")'),
    'routes', coalesce(routes, '[]')) || gateway.openrouter_members(model);
end;
$$;

-- Models by their ids as a page. As json, whose parts are texts that are not read again.
create function gateway.models_page(ids text[], more boolean) returns json
language plpgsql stable
as $$
begin
  return json_build_object(
    'object', 'list', 'data', coalesce((
      select json_agg(body order by model_id) from gateway.listed_models where model_id = any (ids)), '[]'),
    'has_more', more, 'next_cursor', case when more then ids[cardinality(ids)] end,
    'first_id', ids[1], 'last_id', ids[cardinality(ids)]);
end;
$$;

-- A page of the models that a query asks for. query: ids (with commas between), developer, provider, search, modality, free, limit, cursor
-- (the last id of the page before).
create function gateway.find_models(query jsonb) returns json
language plpgsql stable set search_path = ''
as $$
declare
  most constant integer := gateway.page_size(query);
  after constant text := query ->> 'cursor';
  wanted constant text[] := string_to_array(query ->> 'ids', ',');
  by_developer constant text := query ->> 'developer';
  by_provider constant text := query ->> 'provider';
  words constant text := lower(query ->> 'search');
  modality constant text := query ->> 'modality';
  is_free constant boolean := query ->> 'free';
  found text[];
begin
  found := array(
    select m.id
    from gateway.models m join gateway.listed_models l on l.model_id = m.id
    where m.enabled
      and (after is null or m.id > after)
      and (wanted is null or m.id = any (wanted))
      and (by_developer is null or m.developer = by_developer)
      and (by_provider is null or exists (
        select from gateway.model_routes r where r.model_id = m.id and r.enabled and r.provider = by_provider))
      and (words is null or strpos(lower(m.id || ' ' || m.name || ' ' || m.description), words) > 0)
      and (modality is null or modality = any (m.input_modalities || m.output_modalities))
      and (is_free is null or l.free = is_free)
    order by m.id
    limit most + 1);
  return gateway.models_page(found[:most], cardinality(found) > most);
end;
$$;

-- A conditional read (as HTTP's If-None-Match): {"version", "list"} of the whole catalog, only the version if that is the one `known` to
-- the reader, who then has the list. Of anything narrower the list, and null as its version. query: as above.
create function public.list_models(query jsonb, known uuid) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  whole constant uuid := (
    select version from gateway.catalog_version
    where jsonb_strip_nulls(query) - 'limit' = '{}' and models <= gateway.page_size(query));
begin
  return case when whole = known then json_build_object('version', whole)
    else json_build_object('version', whole, 'list', gateway.find_models(query)) end;
end;
$$;

-- query: developer, limit, cursor.
create function public.list_developer_models(query jsonb) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from gateway.models where enabled and developer = query ->> 'developer') then
    perform gateway.refuse(gateway.refusal(404, 'developer_not_found', '{"param": "name"}'));
  end if;
  return gateway.find_models(query);
end;
$$;

create function public.get_model(model_id text) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  model gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return (select body from gateway.listed_models as l where l.model_id = model.id);
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
