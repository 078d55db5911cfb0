-- The catalog by who made the models.

-- query: developer, provider, search, modality, free, limit, cursor (the last id of the page before).
create or replace function public.list_models(query jsonb) returns jsonb
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
    limit (query ->> 'limit')::integer + 1
  ),
  page as (select * from found order by id limit (query ->> 'limit')::integer)
  select jsonb_build_object(
    'object', 'list',
    'data', (select coalesce(jsonb_agg(model order by id), '[]') from page),
    'has_more', (select count(*) from found) > (query ->> 'limit')::integer,
    'next_cursor', case when (select count(*) from found) > (query ->> 'limit')::integer
                        then (select max(id) from page) end)
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

revoke execute on function public.list_developer_models(jsonb) from public, anon, authenticated;
grant execute on function public.list_developer_models(jsonb) to service_role;
