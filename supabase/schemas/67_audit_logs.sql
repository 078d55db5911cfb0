-- The audit trail is searched, by administrators and by the accounts that it is about.

-- query: action (exact, or with a dot at its end all that begin so), actor_account_id, target_account_id, key_id (the
-- key that acted or that it is about), ip, request_id, from, to, limit, cursor (the last id of the page before).
-- Newest first. Each search is planned for what it asks.
create function public.list_audit_logs(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:audit');
  most integer := gateway.page_size(query);
  wanted constant text := query ->> 'action';
  -- "key." to "key/", the character that follows the dot.
  beyond constant text := case when wanted like '%.' then left(wanted, -1) || '/' end;
  -- Ids and times agree but for entries of the same moment: the id from which on all is later than `to`. Without it a
  -- search in the past would read everything since.
  last constant bigint := case when query ->> 'to' is not null then coalesce((
    select max(id) from (
      select id from gateway.audit_logs where created_at < (query ->> 'to')::timestamptz + interval '1 minute'
      order by created_at desc limit 1000) as near), 0) end;
  answer jsonb;
begin
  with found as (
    select * from gateway.audit_logs
    where (query ->> 'cursor' is null or id < (query ->> 'cursor')::bigint)
      and (last is null or id <= last)
      and (wanted is null or beyond is not null or action = wanted)
      and (beyond is null or (action >= wanted and action < beyond))
      and (query ->> 'actor_account_id' is null or actor_account_id = (query ->> 'actor_account_id')::uuid)
      and (query ->> 'target_account_id' is null or target_account_id = (query ->> 'target_account_id')::uuid)
      and (query ->> 'key_id' is null or actor_key_id = (query ->> 'key_id')::uuid or target_id = query ->> 'key_id')
      and (query ->> 'ip' is null or ip = (query ->> 'ip')::inet)
      and (query ->> 'request_id' is null or request_id = query ->> 'request_id')
      and (query ->> 'from' is null or created_at >= (query ->> 'from')::timestamptz
                                       and id >= gateway.first_id((query ->> 'from')::timestamptz))
      and (query ->> 'to' is null or created_at < (query ->> 'to')::timestamptz)
    order by id desc
    limit most + 1
  ),
  page as (select * from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'object', 'audit_log', 'id', id, 'action', action, 'actor_account_id', actor_account_id,
      'actor_key_id', actor_key_id, 'target_account_id', target_account_id, 'target_id', target_id,
      'ip', host(ip), 'user_agent', user_agent, 'request_id', request_id, 'details', details,
      'created_at', created_at) order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id) from page)::text end)
  into answer;
  return answer;
end;
$$;

-- query: action, key_id, from, to, limit, cursor, as above: what concerns the caller's own keys and sign-ins. Of an
-- administrator's act it says that an administrator did it, and nothing of who that was.
create function public.list_key_audit_logs(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  wanted constant text := query ->> 'action';
  beyond constant text := case when wanted like '%.' then left(wanted, -1) || '/' end;
  answer jsonb;
begin
  with found as (
    select *,
      case when actor_account_id is null then 'visitor' when actor_account_id = session.account_id then 'account'
           else 'administrator' end as actor
    from gateway.audit_logs
    where target_account_id = session.account_id
      and (starts_with(action, 'key.') or starts_with(action, 'provider_key.') or action = 'sign_in'
           or starts_with(action, 'sign_in.')
           -- Of one key; the account's are an administrator's act.
           or (action = 'limits.change' and target_id is not null))
      and (query ->> 'cursor' is null or id < (query ->> 'cursor')::bigint)
      and (wanted is null or beyond is not null or action = wanted)
      and (beyond is null or (action >= wanted and action < beyond))
      and (query ->> 'key_id' is null or target_id = query ->> 'key_id'
           or (actor_key_id = (query ->> 'key_id')::uuid and actor_account_id = session.account_id))
      and (query ->> 'from' is null or created_at >= (query ->> 'from')::timestamptz
                                       and id >= gateway.first_id((query ->> 'from')::timestamptz))
      and (query ->> 'to' is null or created_at < (query ->> 'to')::timestamptz)
    order by id desc
    limit most + 1
  ),
  page as (select *, actor <> 'administrator' as shown from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'object', 'audit_log', 'id', id, 'action', action, 'actor', actor,
      'actor_key_id', case when shown then actor_key_id end, 'target_id', target_id,
      'ip', case when shown then host(ip) end, 'user_agent', case when shown then user_agent end,
      'request_id', case when shown then request_id end, 'details', details, 'created_at', created_at)
      order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id) from page)::text end)
  into answer;
  return answer;
end;
$$;
