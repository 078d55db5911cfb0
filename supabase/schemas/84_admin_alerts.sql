-- What administrators see of alerts and of the limits.

-- Newest first. query: cause (or null), limit, cursor (the last id of the page before).
create function public.list_alerts(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with listed as (
    select a as alert, row_number() over (order by first_at desc, id desc) as place
    from gateway.alerts a
    where (query ->> 'cause' is null or cause = query ->> 'cause')
      and (query ->> 'cursor' is null or (first_at, id) < (
        select first_at, id from gateway.alerts where id = (query ->> 'cursor')::uuid))
    order by place limit most + 1
  )
  select gateway.page(
    jsonb_agg(jsonb_build_object(
      'object', 'alert', 'id', (alert).id, 'cause', (alert).cause, 'subject', nullif((alert).subject, ''), 'day', (alert).day,
      'details', (alert).details, 'first_at', (alert).first_at, 'last_at', (alert).last_at, 'mailed_at', (alert).mailed_at,
      'posted_at', (alert).posted_at) order by place) filter (where place <= most),
    case when count(*) > most then (max((alert).id::text) filter (where place = most)) end)
  into answer from listed;
  return answer;
end;
$$;

-- How the limits of the platform stand: each plan's, how many accounts and keys have their own, and what is open at present.
create function public.get_limit_system(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
begin
  return jsonb_build_object(
    'object', 'rate_limit_system',
    'plans', (
      select jsonb_agg(jsonb_build_object('id', p.id, 'limits', (
        select jsonb_object_agg(name, (to_jsonb(p) ->> name)::bigint) from unnest(gateway.limit_names()) as name))
        order by p.requests_per_minute, p.id)
      from gateway.plans p),
    'accounts_with_own_limits', (select count(*) from gateway.accounts where rate_limits <> '{}' and deleted_at is null),
    'keys_with_own_limits', (select count(*) from gateway.api_keys where rate_limits <> '{}' and revoked_at is null),
    'open_calls', (select count(*) from gateway.holds where state = 'open'));
end;
$$;
