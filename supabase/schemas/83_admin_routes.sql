-- Routes and prices as administrators see and change them, and what plans make of prices. Calls that run keep the prices that their
-- holds have frozen.

-- query: model, provider, enabled, priced_by, limit, cursor (model and provider, with a space between, of the last one before).
create function public.list_routes(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select r as route, model_id, provider from gateway.model_routes r
    where (query ->> 'cursor' is null
        or (model_id, provider) > (split_part(query ->> 'cursor', ' ', 1), split_part(query ->> 'cursor', ' ', 2)))
      and (query ->> 'model' is null or model_id = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'enabled' is null or enabled = (query ->> 'enabled')::boolean)
      and (query ->> 'priced_by' is null or priced_by = query ->> 'priced_by')
    order by model_id, provider limit most + 1
  ),
  page as (select * from found order by model_id, provider limit most)
  select gateway.page(
    (select jsonb_agg(gateway.route_view(route) order by model_id, provider) from page),
    case when (select count(*) from found) > most
      then (select model_id || ' ' || provider from page order by model_id desc, provider desc limit 1) end)
  into answer;
  return answer;
end;
$$;

-- Gives routes of a provider the prices of a gateway.price each, all kinds of them, and says who has the last word. One statement, so
-- that the catalog is listed anew once.
create function gateway.price_anew(of_models text[], at_provider text, prices jsonb[], by text) returns void
language plpgsql volatile
as $$
begin
  update gateway.model_routes as r set
    prompt_price = p.prompt, cached_price = p.cached, written_price = p.written, written_long_price = p.written_long,
    image_input_price = p.image_input, audio_input_price = p.audio_input, completion_price = p.completion,
    reasoning_price = p.reasoning, image_output_price = p.image_output, audio_output_price = p.audio_output,
    request_price = coalesce(p.request, 0), image_price = p.image, search_price = p.search, second_price = p.second,
    character_price = p.character, tiers = p.tiers, priced_by = by
    from unnest(of_models, prices) as of_one (model_id, price),
      lateral jsonb_populate_record(null::gateway.price, of_one.price) as p
    where r.model_id = of_one.model_id and r.provider = at_provider;
end;
$$;

-- Makes a route, or changes it. request: model, provider, and any of upstream_model, enabled, price (gateway.price in nano-dollars, with
-- `windows` and `prompt_image`: all of it, what it does not name has none), pinned (whether the provider's list may not change the price;
-- true with a price, unless said otherwise). What is not named stays.
create function public.set_route(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  model gateway.models;
  former gateway.model_routes;
  route gateway.model_routes;
  price constant jsonb := nullif(request -> 'price', 'null');
  pinned constant boolean := request ->> 'pinned';
begin
  perform gateway.require(request, 'model', 'provider');
  model := gateway.lock_model(request ->> 'model');
  select * into former from gateway.model_routes where model_id = model.id and provider = request ->> 'provider'
    for no key update;
  if not found then
    if request ->> 'upstream_model' is null then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'upstream_model',
        'message', format('%s has no route at %s yet: say in `upstream_model` what it is called there.',
                          model.id, request ->> 'provider'))));
    end if;
    insert into gateway.model_routes (model_id, provider, upstream_model, priced_by)
      values (model.id, request ->> 'provider', request ->> 'upstream_model', 'admin');
  end if;
  if price is not null then
    perform gateway.price_anew(
      array[model.id], request ->> 'provider', array[price - '{windows,prompt_image}'::text[]], 'admin');
    update gateway.model_routes set
      windows = nullif(price -> 'windows', 'null'), prompt_image_price = (price ->> 'prompt_image')::bigint,
      image_prices = case when price ? 'image' or price ? 'image_output' then null else image_prices end
      where model_id = model.id and provider = request ->> 'provider';
  end if;
  update gateway.model_routes set
    upstream_model = coalesce(request ->> 'upstream_model', upstream_model),
    enabled = coalesce((request ->> 'enabled')::boolean, enabled),
    priced_by = case
      when pinned then 'admin' when not pinned then 'provider'
      -- A name that is changed is not to be changed back.
      when request ->> 'upstream_model' <> upstream_model then 'admin' else priced_by end
    where model_id = model.id and provider = request ->> 'provider'
    returning * into route;
  if former is distinct from route then
    perform gateway.audit(caller, session.account_id, session.key_id, 'route.set', null, model.id, jsonb_build_object(
      'before', case when former.model_id is not null then gateway.route_view(former) end, 'after', gateway.route_view(route)));
  end if;
  return gateway.route_view(route);
end;
$$;

-- A plan as administrators see it.
create function gateway.admin_plan_view(plan gateway.plans) returns jsonb
language sql stable
return gateway.plan_view(plan) || jsonb_build_object(
  'price_factor', trim_scale(plan.price_factor * 0.0001), 'pinned', plan.pinned);

create function public.list_admin_plans(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
begin
  return gateway.page(
    (select jsonb_agg(gateway.admin_plan_view(p) order by price_per_month, requests_per_minute, id) from gateway.plans p), null);
end;
$$;

-- request: what changes of name, price_per_month, price_per_year (null: not sold by the year), credits_per_month (nano-dollars), limits
-- (some of gateway.limit_names() and gateway.month_limit_names()), price_factor (basis points) and pinned. Whatever seeds would change,
-- they do not any longer, unless `pinned` says otherwise.
create function public.change_plan(caller jsonb, plan text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
  members constant text[] := array['name', 'price_per_month', 'credits_per_month', 'limits', 'price_factor', 'pinned'];
  new_limits constant jsonb := coalesce(request -> 'limits', '{}');
  former gateway.plans;
  changed gateway.plans;
begin
  if (request ?| (members || 'price_per_year'::text)) is not true then
    perform gateway.require(request, 'name');
  end if;
  perform gateway.require(request, member) from unnest(members) as member where request ? member;
  select * into former from gateway.plans where id = plan for no key update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  update gateway.plans set
    name = coalesce(request ->> 'name', name),
    requests_per_minute = coalesce((new_limits ->> 'requests_per_minute')::bigint, requests_per_minute),
    burst = coalesce((new_limits ->> 'burst')::bigint, burst),
    requests_per_hour = coalesce((new_limits ->> 'requests_per_hour')::bigint, requests_per_hour),
    requests_per_day = coalesce((new_limits ->> 'requests_per_day')::bigint, requests_per_day),
    requests_per_month = coalesce((new_limits ->> 'requests_per_month')::bigint, requests_per_month),
    tokens_per_minute = coalesce((new_limits ->> 'tokens_per_minute')::bigint, tokens_per_minute),
    tokens_per_day = coalesce((new_limits ->> 'tokens_per_day')::bigint, tokens_per_day),
    tokens_per_month = coalesce((new_limits ->> 'tokens_per_month')::bigint, tokens_per_month),
    concurrency = coalesce((new_limits ->> 'concurrency')::bigint, concurrency),
    price_per_month = coalesce((request ->> 'price_per_month')::bigint, price_per_month),
    price_per_year = case when request ? 'price_per_year' then (request ->> 'price_per_year')::bigint else price_per_year end,
    credits_per_month = coalesce((request ->> 'credits_per_month')::bigint, credits_per_month),
    price_factor = coalesce((request ->> 'price_factor')::integer, price_factor),
    pinned = coalesce(
      (request ->> 'pinned')::boolean,
      pinned or request ?| '{name,limits,price_per_month,price_per_year,credits_per_month}')
    where id = former.id returning * into changed;
  if changed.price_per_year is not null and changed.price_per_month = 0 then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'price_per_year', 'message',
      'What is not sold by the month is not sold by the year: give both prices, or neither.')));
  end if;
  if former is distinct from changed then
    perform gateway.audit(caller, session.account_id, session.key_id, 'plan.update', null, former.id, jsonb_build_object(
      'before', gateway.admin_plan_view(former), 'after', gateway.admin_plan_view(changed)));
  end if;
  return gateway.admin_plan_view(changed);
end;
$$;
