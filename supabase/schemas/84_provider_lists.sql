-- What becomes of a provider's own list: routes are seen or missing, and a price changes by itself only within bounds.

-- Whether a price may take another's place by itself: no kind of it at any length of a prompt is more than `factor` hundredths of
-- what it was, or less than that part of it, and none begins or ceases to cost.
create function gateway.is_near(former jsonb, proposed jsonb, factor integer) returns boolean
language plpgsql immutable
as $$
declare
  length numeric;
begin
  for length in
    select 0 union
    select (tier ->> 'above')::numeric + 1
    from jsonb_array_elements(coalesce(former -> 'tiers', '[]') || coalesce(proposed -> 'tiers', '[]')) as tier
  loop
    if exists (
      select
      from jsonb_each_text(to_jsonb(gateway.read_price(former, length))) as was (kind, price)
      join jsonb_each_text(to_jsonb(gateway.read_price(proposed, length))) as is_now (kind, price) using (kind)
      where was.price is distinct from is_now.price and not coalesce(
        was.price::numeric > 0 and is_now.price::numeric > 0
        and is_now.price::numeric * 100 <= was.price::numeric * factor
        and was.price::numeric * 100 <= is_now.price::numeric * factor, false)) then
      return false;
    end if;
  end loop;
  return true;
end;
$$;

-- The price that a list proposes for a route: what it does not name stays, tiers included.
create function gateway.proposed_price(candidate jsonb, listed jsonb) returns jsonb
language sql immutable parallel safe
return (candidate - '{provider,model}'::text[]) || jsonb_strip_nulls(listed);

-- listed: by the provider's name of each model its price (as gateway.price in nano-dollars), an empty object where the list has none, or
-- {"problem": …} where it could not be read. problem: why there is no list; then routes are left as they are. factor: how far a price may
-- go by itself, in hundredths.
create function public.apply_provider_list(provider text, listed jsonb, problem text, factor integer) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  route gateway.model_routes;
  entry jsonb;
  offered jsonb;
  present jsonb;
  waiting gateway.price_changes;
  near text[] := '{}';
  prices jsonb[] := '{}';
  raised integer := 0;
  unknown text[];
begin
  perform gateway.require(jsonb_build_object('provider', provider, 'factor', factor), 'provider', 'factor');
  if problem is not null then
    insert into gateway.provider_lists as l (provider, tried_at, problem) values (apply_provider_list.provider, at, problem)
      on conflict on constraint provider_lists_pkey do update set tried_at = at, problem = excluded.problem;
    return jsonb_build_object('changed', 0, 'waiting', 0, 'unknown', 0);
  end if;
  perform gateway.require(jsonb_build_object('listed', listed), 'listed');
  -- Models before their routes, as everybody locks them.
  perform from gateway.models m
    where id in (select model_id from gateway.model_routes r where r.provider = apply_provider_list.provider)
    order by id for no key update;
  unknown := array(
    select name from jsonb_object_keys(listed) as name
    where not exists (
      select from gateway.model_routes r where r.provider = apply_provider_list.provider and r.upstream_model = name)
    order by name);
  insert into gateway.provider_lists as l (provider, tried_at, read_at, models, unknown, unknown_models)
    values (apply_provider_list.provider, at, at, (select count(*) from jsonb_object_keys(listed)), cardinality(unknown),
            unknown[:100])
    on conflict on constraint provider_lists_pkey do update set
      tried_at = at, read_at = at, problem = null, models = excluded.models, unknown = excluded.unknown,
      unknown_models = excluded.unknown_models;
  insert into gateway.listed_routes as l (model_id, provider, seen_at, missing_since, price, problem)
    select r.model_id, r.provider, case when listed ? r.upstream_model then at end,
           case when not listed ? r.upstream_model then at end,
           nullif(listed -> r.upstream_model, '{}') - 'problem', listed -> r.upstream_model ->> 'problem'
    from gateway.model_routes r where r.provider = apply_provider_list.provider
    on conflict on constraint listed_routes_pkey do update set
      seen_at = coalesce(excluded.seen_at, l.seen_at),
      missing_since = case when excluded.missing_since is not null then coalesce(l.missing_since, at) end,
      price = coalesce(excluded.price, l.price), problem = excluded.problem;

  for route in
    select r.* from gateway.model_routes r
    where r.provider = apply_provider_list.provider and r.prompt_price is not null and r.completion_price is not null
      and jsonb_typeof(listed -> r.upstream_model) = 'object' and listed -> r.upstream_model <> '{}'
      and not listed -> r.upstream_model ? 'problem'
      and not jsonb_path_exists(listed -> r.upstream_model, 'lax $.** ? (@.type() == "number" && @ < 0)')
    order by r.model_id
    for no key update
  loop
    entry := listed -> route.upstream_model;
    present := route.candidate - '{provider,model}'::text[];
    offered := gateway.proposed_price(route.candidate, entry);
    select * into waiting from gateway.price_changes c
      where c.model_id = route.model_id and c.provider = route.provider and c.state = 'waiting' for no key update;
    if waiting.id is not null and (offered = present or waiting.proposed <> offered or waiting.former <> present) then
      update gateway.price_changes set state = 'superseded', decided_at = at where id = waiting.id;
      waiting := null;
    end if;
    if offered = present or waiting.id is not null then
      continue;
    end if;
    if route.priced_by <> 'admin' and route.windows is null and gateway.is_near(present, offered, factor) then
      near := near || route.model_id;
      prices := prices || offered;
      continue;
    end if;
    if exists (
      select from gateway.price_changes c
      where c.model_id = route.model_id and c.provider = route.provider and c.state = 'rejected'
        and c.proposed = offered and c.former = present) then
      -- An administrator has said no to this already.
      continue;
    end if;
    raised := raised + 1;
    insert into gateway.price_changes (id, model_id, provider, former, proposed, reason, found_at)
      values (gen_random_uuid(), route.model_id, route.provider, present, offered, case
        when route.priced_by = 'admin' then 'the price is an administrator''s'
        when route.windows is not null then 'the price goes by the hour'
        else 'the price is too far from the present one' end, at);
  end loop;
  perform gateway.price_anew(near, provider, prices, 'provider');
  return jsonb_build_object('changed', cardinality(near), 'waiting', raised, 'unknown', cardinality(unknown));
end;
$$;

create function gateway.price_change_view(change gateway.price_changes) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'price_change', 'id', change.id, 'model', change.model_id, 'provider', change.provider,
  'former', gateway.price_view(change.former), 'proposed', gateway.price_view(change.proposed), 'reason', change.reason,
  'state', change.state, 'found_at', change.found_at, 'decided_at', change.decided_at);

-- Takes a price that waits, or does not. decision: approve or reject.
create function public.decide_price_change(caller jsonb, change_id uuid, decision text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  change gateway.price_changes;
  route gateway.model_routes;
begin
  perform gateway.require(jsonb_build_object('decision', decision), 'decision');
  select * into change from gateway.price_changes where id = change_id;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'price_change_not_found'));
  end if;
  perform gateway.lock_model(change.model_id);
  select * into route from gateway.model_routes where model_id = change.model_id and provider = change.provider for no key update;
  select * into change from gateway.price_changes where id = change_id for no key update;
  if change.state <> 'waiting' or change.former <> route.candidate - '{provider,model}'::text[] then
    -- Or the price has become another since: what was looked at is not what would be changed.
    perform gateway.refuse(gateway.refusal(409, 'price_change_decided', jsonb_build_object('state', change.state)));
  end if;
  if decision = 'approve' then
    perform gateway.price_anew(array[route.model_id], route.provider, array[change.proposed], 'provider');
  end if;
  update gateway.price_changes set
    state = case decision when 'approve' then 'approved' else 'rejected' end, decided_at = gateway.now(),
    decided_by = session.account_id
    where id = change.id returning * into change;
  perform gateway.audit(caller, session.account_id, session.key_id, 'price_change.' || decision, null, change.model_id,
    jsonb_build_object('change', gateway.price_change_view(change)));
  return gateway.price_change_view(change);
end;
$$;

-- How the catalog stands to what providers' lists say. Of long lists the first hundred.
create function public.get_catalog_status(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  at constant timestamptz := gateway.now();
  stale_after constant interval := '2 days';
begin
  return jsonb_build_object(
    'object', 'catalog_status',
    'models', (
      select jsonb_build_object(
        'all', count(*), 'enabled', count(*) filter (where enabled), 'deprecated', count(*) filter (where deprecated_at <= at),
        'unreachable', count(*) filter (where enabled and not exists (
          select from gateway.model_routes r where r.model_id = m.id and r.enabled and r.prompt_price is not null
                                               and r.completion_price is not null)))
      from gateway.models m),
    'routes', (
      select jsonb_build_object(
        'all', count(*), 'enabled', count(*) filter (where enabled),
        'by_seed', count(*) filter (where priced_by = 'seed'), 'by_provider', count(*) filter (where priced_by = 'provider'),
        'by_admin', count(*) filter (where priced_by = 'admin'))
      from gateway.model_routes),
    'providers', coalesce((
      select jsonb_agg(jsonb_build_object(
        'provider', l.provider, 'tried_at', l.tried_at, 'read_at', l.read_at, 'problem', l.problem,
        'stale', coalesce(l.read_at < at - stale_after, true), 'models', l.models, 'unknown', l.unknown,
        'unknown_models', l.unknown_models) order by l.provider)
      from gateway.provider_lists l), '[]'),
    'vanished', coalesce((
      select jsonb_agg(jsonb_build_object(
        'model', model_id, 'provider', provider, 'since', missing_since, 'seen_at', seen_at) order by missing_since, model_id, provider)
      from (select * from gateway.listed_routes where missing_since is not null
            order by missing_since, model_id, provider limit 100) as gone), '[]'),
    'drift', coalesce((
      select jsonb_agg(jsonb_build_object(
        'model', model_id, 'provider', provider, 'price', gateway.price_view(present), 'listed', gateway.price_view(listed),
        'problem', problem) order by model_id, provider)
      from (
        select l.model_id, l.provider, l.problem, r.candidate as present, l.price as listed
        from gateway.listed_routes l join gateway.model_routes r using (model_id, provider)
        where l.problem is not null
          or (l.price is not null and gateway.proposed_price(r.candidate, l.price) <> r.candidate - '{provider,model}'::text[])
        order by l.model_id, l.provider limit 100) as drifted), '[]'),
    'waiting', coalesce((
      select jsonb_agg(gateway.price_change_view(c) order by c.found_at, c.id)
      from (select * from gateway.price_changes where state = 'waiting' order by found_at, id limit 100) c), '[]'));
end;
$$;
