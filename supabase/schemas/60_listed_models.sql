-- Keeps gateway.listed_models what gateway.model_json says: statement by statement, so that a seed of a thousand routes makes each
-- model's text once.

-- Makes the texts of these models anew. Their rows are locked in order first, so that of two who change routes of one model the
-- second sees what the first has done.
create function gateway.list_anew(ids text[]) returns void
language plpgsql
as $$
begin
  -- The triggers are called by a statement that changed no row, too.
  if ids = '{}' then
    return;
  end if;
  perform from gateway.models where id = any (ids) order by id for no key update;
  insert into gateway.listed_models (model_id, free, body, openrouter_body)
    -- `reasoning` means something else to OpenRouter's clients, and may be absent.
    select id, (shown ->> 'free')::boolean, shown::text::json, (shown - 'reasoning')::text::json
      from (select id, gateway.model_json(m) as shown from gateway.models as m where id = any (ids) offset 0) as made
    on conflict (model_id) do update set
      free = excluded.free, body = excluded.body, openrouter_body = excluded.openrouter_body
    -- A seed that is applied again writes nothing.
    where (listed_models.free, listed_models.body::text, listed_models.openrouter_body::text)
      is distinct from (excluded.free, excluded.body::text, excluded.openrouter_body::text);
  -- Whoever changes another model at the same time waits here, and then sees what this has changed.
  insert into gateway.catalog_version (is_only) values (true) on conflict (is_only) do nothing;
  perform from gateway.catalog_version for update;
  update gateway.catalog_version set version = gen_random_uuid(), models = (select count(*) from gateway.models where enabled);
end;
$$;

create function gateway.list_changed_models() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select id from changed));
  return null;
end;
$$;

create function gateway.list_models_of_routes() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select distinct model_id from changed));
  return null;
end;
$$;

-- A route that changes its model leaves another one.
create function gateway.list_models_of_moved_routes() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select model_id from changed union select model_id from former));
  return null;
end;
$$;

create trigger listed_when_made after insert on gateway.models
  referencing new table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_changed after update on gateway.models
  referencing new table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_gone after delete on gateway.models
  referencing old table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_made after insert on gateway.model_routes
  referencing new table as changed for each statement execute function gateway.list_models_of_routes();
create trigger listed_when_changed after update on gateway.model_routes
  referencing old table as former new table as changed
  for each statement execute function gateway.list_models_of_moved_routes();
create trigger listed_when_gone after delete on gateway.model_routes
  referencing old table as changed for each statement execute function gateway.list_models_of_routes();
