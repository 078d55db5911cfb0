-- Which model a caller means, and what is told where there is none.

-- A model's name without what clients vary in it: case, points for hyphens, a snapshot's date or `latest` at the end.
create function gateway.model_key(name text) returns text
language sql immutable parallel safe
return regexp_replace(replace(lower(name), '.', '-'), '-([0-9]{8}|latest)$', '');

-- Both ways in which a model can be meant.
create index models_by_key on gateway.models (gateway.model_key(id)) where enabled;
create index models_by_bare_key on gateway.models (gateway.model_key(substr(id, strpos(id, '/') + 1))) where enabled;
create unique index model_aliases_by_key on gateway.model_aliases (gateway.model_key(alias));

-- The model that is called so, or that an alias means, or the only one that is meant by it: clients leave out the developer, or write
-- the name as the developer's own API has it. Nothing where several could be meant. Allowlist, price and route go by the model that is
-- found here, however it was called.
create function gateway.find_model(asked text) returns gateway.models
language plpgsql stable set search_path = ''
as $$
declare
  key constant text := gateway.model_key(asked);
  model gateway.models;
  meant text[];
begin
  select * into model from gateway.models where id = asked and enabled;
  if found then
    return model;
  end if;
  select m.* into model
    from gateway.model_aliases a join gateway.models m on m.id = a.model_id and m.enabled
    where gateway.model_key(a.alias) = key;
  if found then
    return model;
  end if;
  meant := array(
    select id from gateway.models where enabled and gateway.model_key(id) = key
    union
    select id from gateway.models where enabled and gateway.model_key(substr(id, strpos(id, '/') + 1)) = key
    limit 2);
  if cardinality(meant) = 1 then
    select * into model from gateway.models where id = meant[1];
  end if;
  return model;
end;
$$;

-- The refusal of a model that is none, with those whose names have most words in common with it.
create function gateway.no_such_model(asked text) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  words constant text[] := regexp_split_to_array(gateway.model_key(asked), '[^a-z0-9]+');
  near text[];
begin
  near := array(
    select id
    from (
      select id, (select count(*) from unnest(regexp_split_to_array(gateway.model_key(id), '[^a-z0-9]+')) as word
                  where word <> '' and word = any (words)) as shared
      from gateway.models where enabled
    ) as scored
    where shared > 0 order by shared desc, abs(length(id) - length(asked)), id limit 3);
  if near = '{}' then
    return gateway.refusal(404, 'model_not_found', '{"param": "model"}');
  end if;
  return gateway.refusal(404, 'model_not_found', jsonb_build_object(
    'param', 'model', 'suggestions', to_jsonb(near),
    'message', format('There is no such model; did you mean %s? GET /v1/models lists them.',
                      array_to_string(near, ' or '))));
end;
$$;
