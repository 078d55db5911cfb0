-- The catalog as administrators see and change it: models and aliases. What they change no seed changes back.

create function gateway.model_view(model gateway.models) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'object', 'model', 'id', model.id, 'name', model.name, 'owned_by', model.developer, 'description', model.description,
    'kind', model.kind, 'context_length', model.context_length, 'max_output_tokens', model.max_output,
    'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities, 'reasoning', model.reasoning,
    'supported_parameters', model.supported_parameters, 'deprecated_at', model.deprecated_at,
    'enabled', model.enabled, 'image_tokens', model.image_tokens, 'tool_tokens', model.tool_tokens,
    'changed_by_hand', model.changed_by_hand,
    'aliases', coalesce((select jsonb_agg(alias order by alias) from gateway.model_aliases where model_id = model.id), '[]'),
    -- Those that are disabled, too.
    'routes', coalesce((
      select jsonb_agg(gateway.route_view(r) order by provider) from gateway.model_routes r where r.model_id = model.id), '[]'));
end;
$$;

-- A price (gateway.price, a tier or a window of it) in dollars: of a million tokens or characters, of a request, an image, a search, a
-- second each.
create function gateway.price_view(price jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (
    select coalesce(jsonb_object_agg(key, case
      when key in ('above', 'from', 'until', 'days') then value
      when key = 'tiers' then (select jsonb_agg(gateway.price_view(tier)) from jsonb_array_elements(value) as tier)
      else to_jsonb(gateway.dollars(value::bigint)) end), '{}')
    from jsonb_each(price) where key not in ('provider', 'model'));
end;
$$;

create function gateway.route_view(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'object', 'route', 'model', route.model_id, 'provider', route.provider, 'upstream_model', route.upstream_model,
    'enabled', route.enabled, 'priced_by', route.priced_by, 'supported_parameters', route.supported_parameters,
    'quantization', route.quantization, 'data_policy', route.data_policy,
    'price', case when route.prompt_price is not null and route.completion_price is not null then
      gateway.price_view(route.candidate) || jsonb_strip_nulls(jsonb_build_object(
        'prompt_image', gateway.dollars(route.prompt_image_price),
        'windows', (select jsonb_agg(gateway.price_view(change)) from jsonb_array_elements(route.windows) as change))) end,
    'image_prices', (
      select jsonb_object_agg(key, gateway.dollars(value::bigint)) from jsonb_each_text(route.image_prices)));
end;
$$;

-- The model that an administrator names by its id, locked; refuses when there is none.
create function gateway.lock_model(asked text) returns gateway.models
language plpgsql volatile
as $$
declare
  model gateway.models;
begin
  select * into model from gateway.models where id = asked for no key update;
  if not found then
    perform gateway.refuse(gateway.no_such_model(asked));
  end if;
  return model;
end;
$$;

-- Of two who name models at once the second sees what the first has named.
create function gateway.lock_names() returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended('names of models', 0)) $$;

-- Refuses a name by which another model is called already, however it is spelt.
create function gateway.require_free_name(name text) returns void
language plpgsql stable
as $$
declare
  key constant text := gateway.model_key(name);
  taken constant text := (
    select id from gateway.models
      where gateway.model_key(id) = key or gateway.model_key(substr(id, strpos(id, '/') + 1)) = key
    union all select model_id from gateway.model_aliases where gateway.model_key(alias) = key
    limit 1);
begin
  if taken is not null then
    perform gateway.refuse(gateway.refusal(409, 'model_exists', jsonb_build_object(
      'model', taken, 'message', format('%s is called so already, or could be meant by it.', taken))));
  end if;
end;
$$;

-- Refuses a model whose images nobody could hold for.
create function gateway.require_image_tokens(model gateway.models) returns void
language plpgsql stable
as $$
begin
  if model.input_modalities @> '{image}' and coalesce(model.image_tokens, 0) = 0 then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'image_tokens',
      'message', 'A model that takes images says in `image_tokens` how many prompt tokens one costs at most.')));
  end if;
end;
$$;

-- query: search, enabled, deprecated, limit, cursor (the last id of the page before).
create function public.list_admin_models(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  found constant text[] := array(
    select id from gateway.models
    where (query ->> 'cursor' is null or id > query ->> 'cursor')
      and (query ->> 'search' is null or strpos(lower(id || ' ' || name), lower(query ->> 'search')) > 0)
      and (query ->> 'enabled' is null or enabled = (query ->> 'enabled')::boolean)
      and (query ->> 'deprecated' is null or (deprecated_at is not null) = (query ->> 'deprecated')::boolean)
    order by id limit most + 1);
begin
  return gateway.page(
    (select jsonb_agg(gateway.model_view(m) order by id) from gateway.models m where id = any (found[:most])),
    case when cardinality(found) > most then found[most] end);
end;
$$;

create function public.get_admin_model(caller jsonb, model text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  known gateway.models;
begin
  select * into known from gateway.models where id = model;
  if not found then
    perform gateway.refuse(gateway.no_such_model(model));
  end if;
  return gateway.model_view(known);
end;
$$;

-- request: id, name, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens,
-- tool_tokens, supported_parameters, open_weights. It has no route yet.
create function public.create_model(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  made gateway.models;
begin
  perform gateway.require(request, 'id', 'context_length', 'max_output');
  perform gateway.lock_names();
  perform gateway.require_free_name(request ->> 'id');
  made := jsonb_populate_record(null::gateway.models, request);
  perform gateway.require_image_tokens(made);
  insert into gateway.models (
      id, name, developer, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning,
      image_tokens, tool_tokens, supported_parameters, open_weights, changed_by_hand, created_at)
    values (
      made.id, coalesce(made.name, made.id), split_part(made.id, '/', 1), coalesce(made.description, ''),
      coalesce(made.kind, 'chat'), made.context_length, made.max_output, coalesce(made.input_modalities, '{text}'),
      coalesce(made.output_modalities, '{text}'), coalesce(made.reasoning, false), coalesce(made.image_tokens, 0),
      coalesce(made.tool_tokens, 600), coalesce(made.supported_parameters, '{}'), coalesce(made.open_weights, false), true,
      gateway.now())
    returning * into made;
  perform gateway.audit(caller, session.account_id, session.key_id, 'model.create', null, made.id,
    jsonb_build_object('after', gateway.model_view(made)));
  return gateway.model_view(made);
end;
$$;

-- request: any of name, description, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens,
-- tool_tokens, supported_parameters, deprecated_at (null: it is not), enabled. What is not named stays.
create function public.change_model(caller jsonb, model text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  former gateway.models;
  wanted gateway.models;
  before jsonb;
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  former := gateway.lock_model(model);
  before := gateway.model_view(former);
  wanted := jsonb_populate_record(former, request);
  if wanted is distinct from former then
    perform gateway.require_image_tokens(wanted);
    update gateway.models set
      name = wanted.name, description = wanted.description, context_length = wanted.context_length,
      max_output = wanted.max_output, input_modalities = wanted.input_modalities,
      output_modalities = wanted.output_modalities, reasoning = wanted.reasoning, image_tokens = wanted.image_tokens,
      tool_tokens = wanted.tool_tokens, supported_parameters = wanted.supported_parameters,
      deprecated_at = wanted.deprecated_at, enabled = wanted.enabled, changed_by_hand = true
      where id = former.id returning * into wanted;
    perform gateway.audit(caller, session.account_id, session.key_id, 'model.update', null, former.id,
      jsonb_build_object('before', before, 'after', gateway.model_view(wanted)));
  end if;
  return gateway.model_view(wanted);
end;
$$;

create function gateway.alias_view(alias gateway.model_aliases) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'alias', 'alias', alias.alias, 'model', alias.model_id, 'created_at', alias.created_at);

-- query: limit, cursor (the alias at which the page before ended).
create function public.list_aliases(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  found constant text[] := array(
    select alias from gateway.model_aliases where query ->> 'cursor' is null or alias > query ->> 'cursor'
    order by alias limit most + 1);
begin
  return gateway.page(
    (select jsonb_agg(gateway.alias_view(a) order by alias) from gateway.model_aliases a where alias = any (found[:most])),
    case when cardinality(found) > most then found[most] end);
end;
$$;

-- Makes an alias, or has it mean another model. Whoever calls it is priced and let in as for the model that it means.
create function public.set_alias(caller jsonb, alias text, model text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  meant gateway.models;
  former gateway.model_aliases;
  made gateway.model_aliases;
begin
  perform gateway.require(jsonb_build_object('alias', alias, 'model', model), 'alias', 'model');
  perform gateway.lock_names();
  meant := gateway.lock_model(model);
  select * into former from gateway.model_aliases a where a.alias = set_alias.alias for no key update;
  if not found then
    perform gateway.require_free_name(alias);
  end if;
  insert into gateway.model_aliases (alias, model_id, created_at) values (alias, meant.id, gateway.now())
    on conflict on constraint model_aliases_pkey do update set model_id = excluded.model_id
    returning * into made;
  if former is distinct from made then
    perform gateway.audit(caller, session.account_id, session.key_id, 'alias.set', null, made.alias, jsonb_build_object(
      'before', case when former.alias is not null then gateway.alias_view(former) end, 'after', gateway.alias_view(made)));
  end if;
  return gateway.alias_view(made);
end;
$$;

create function public.delete_alias(caller jsonb, alias text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  gone gateway.model_aliases;
begin
  delete from gateway.model_aliases a where a.alias = delete_alias.alias returning * into gone;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'alias_not_found', '{"param": "alias"}'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'alias.delete', null, gone.alias,
    jsonb_build_object('before', gateway.alias_view(gone)));
  return jsonb_build_object('object', 'alias', 'alias', gone.alias, 'deleted', true);
end;
$$;
