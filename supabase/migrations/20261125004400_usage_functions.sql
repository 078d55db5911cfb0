-- What an account sees of its usage. Every total is that of its hours and of the requests since: the two meet at
-- rolled_up_to, and a statement sees both as they were at one moment, so a total is exact whenever it is asked for.

-- The usage in [since, until), which are whole hours.
create function gateway.used(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language sql stable set search_path = ''
as $$
  select * from gateway.usage_hours where account_id = this_account and hour >= since and hour < until
  union all
  select * from gateway.count_requests(
    this_account,
    greatest(since, (select rolled_up_to from gateway.usage_totals where account_id = this_account)),
    until)
$$;

-- Sums as the API words them.
create function gateway.figures(
  requests numeric, failed numeric, own_key numeric, prompt numeric, cached numeric, completion numeric,
  reasoning numeric, cost numeric)
returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'requests', coalesce(requests, 0), 'failed', coalesce(failed, 0), 'own_key', coalesce(own_key, 0),
    'prompt_tokens', coalesce(prompt, 0), 'cached_tokens', coalesce(cached, 0),
    'completion_tokens', coalesce(completion, 0), 'reasoning_tokens', coalesce(reasoning, 0),
    'tokens', coalesce(prompt + completion, 0), 'cost', trim_scale(coalesce(cost, 0) * 0.000000001))
$$;

-- The usage in [since, until): the total, and its parts by day, model, provider, key and environment.
create function gateway.usage_by(this_account uuid, since timestamptz, until timestamptz)
returns table (part text, value text, figures jsonb, tokens numeric, cost numeric)
language sql stable set search_path = ''
as $$
  with used as (
    select u.*, (u.hour at time zone 'utc')::date as day, k.environment
    from gateway.used(this_account, since, until) u left join gateway.api_keys k on k.id = u.key_id
  )
  select case grouping(day, model, provider, key_id, environment)
           when 31 then 'total' when 15 then 'day' when 23 then 'model' when 27 then 'provider' when 29 then 'key'
           else 'environment' end,
         coalesce(day::text, model, provider, key_id::text, environment),
         gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                         sum(completion_tokens), sum(reasoning_tokens), sum(cost)),
         sum(prompt_tokens) + sum(completion_tokens), sum(cost)
  from used
  group by grouping sets ((), (day), (model), (provider), (key_id), (environment))
$$;

-- Everything that an account ever used.
create function gateway.used_ever(this_account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  with sums as (
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.usage_totals where account_id = this_account
    union all
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.count_requests(
      this_account,
      coalesce((select rolled_up_to from gateway.usage_totals where account_id = this_account), '-infinity'),
      'infinity')
  )
  select gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                         sum(completion_tokens), sum(reasoning_tokens), sum(cost))
  from sums
$$;

-- The whole hours that a query asks for: from rounded down, to rounded up, at most 366 days up to the latter. Unless
-- it says otherwise they end with this hour and begin with the day (or month, as unit says) that lies so many days
-- before the last one's.
create function gateway.usage_window(
  query jsonb, unit text, days integer, at timestamptz, out since timestamptz, out until timestamptz)
language plpgsql stable set search_path = ''
as $$
declare
  moment constant interval := '1 microsecond';
  upto constant timestamptz := (query ->> 'to')::timestamptz;
begin
  until := coalesce(date_trunc('hour', upto - moment, 'UTC'), date_trunc('hour', at, 'UTC')) + interval '1 hour';
  since := date_trunc(unit, until - moment, 'UTC') - make_interval(hours => 24 * days);
  since := date_trunc('hour', coalesce((query ->> 'from')::timestamptz, since), 'UTC');
  since := greatest(since, until - make_interval(hours => 24 * 366));
  until := greatest(since, until);
end;
$$;

create function public.get_monitor(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  answer jsonb;
begin
  perform gateway.roll_up(session.account_id, at);
  with month as (
    select * from gateway.usage_by(session.account_id, date_trunc('month', at, 'UTC'), 'infinity')
  ),
  models as (select * from month where part = 'model' order by cost desc, tokens desc, value limit 20)
  select jsonb_build_object(
    'object', 'usage_monitor',
    'credits', gateway.dollars(a.balance),
    'held', gateway.dollars(a.held),
    'today', (select figures from gateway.usage_by(a.id, date_trunc('day', at, 'UTC'), 'infinity')
              where part = 'total'),
    'this_month', (select figures from month where part = 'total'),
    'all_time', gateway.used_ever(a.id),
    'by_environment', (
      select coalesce(jsonb_agg(jsonb_build_object('environment', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from month where part = 'environment'),
    'by_model', (
      select coalesce(jsonb_agg(jsonb_build_object('model', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from models))
  into answer from gateway.accounts a where a.id = session.account_id;
  return answer;
end;
$$;

-- query: from, to.
create function public.get_environment_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
begin
  perform gateway.roll_up(session.account_id, at);
  asked := gateway.usage_window(query, 'month', 0, at);
  return (
    select jsonb_build_object(
      'object', 'environment_usage', 'from', asked.since, 'to', asked.until,
      'environments', coalesce(jsonb_agg(jsonb_build_object('environment', value, 'usage', figures)
                                         order by cost desc, tokens desc, value), '[]'))
    from gateway.usage_by(session.account_id, asked.since, asked.until) where part = 'environment');
end;
$$;

-- query: from, to. Days without usage are listed too.
create function public.get_activity_stats(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
  answer jsonb;
begin
  perform gateway.roll_up(session.account_id, at);
  asked := gateway.usage_window(query, 'day', 29, at);
  with sums as (select * from gateway.usage_by(session.account_id, asked.since, asked.until)),
  days as (
    select day::date::text as day
    from generate_series(date_trunc('day', asked.since at time zone 'utc'),
                         (asked.until - interval '1 microsecond') at time zone 'utc', interval '1 day') as day
  )
  select jsonb_build_object(
    'object', 'activity_stats', 'from', asked.since, 'to', asked.until,
    'totals', (select figures from sums where part = 'total'),
    'by_day', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'day', day, 'usage', coalesce(figures, gateway.figures(0, 0, 0, 0, 0, 0, 0, 0))) order by day), '[]')
      from days left join sums on part = 'day' and value = day),
    'by_model', (
      select coalesce(jsonb_agg(jsonb_build_object('model', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from sums where part = 'model'),
    'by_provider', (
      select coalesce(jsonb_agg(jsonb_build_object('provider', nullif(value, ''), 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from sums where part = 'provider'),
    'by_key', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'key_id', k.id, 'name', k.name, 'last_four', k.last_four, 'usage', figures)
        order by cost desc, tokens desc, value), '[]')
      from sums join gateway.api_keys k on k.id = value::uuid where part = 'key'))
  into answer;
  return answer;
end;
$$;

-- Where a page of a list that is ordered by time ended, as the API's cursors say it.
create function gateway.place(at timestamptz, id uuid) returns text
language sql stable set search_path = ''
as $$ select (extract(epoch from at) * 1000000)::bigint || '-' || id $$;

-- query: from, to, limit, cursor {at, id}. Every key of the account, the newest first, used or not.
create function public.list_key_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  most constant integer := (query ->> 'limit')::integer;
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  asked record;
  answer jsonb;
begin
  perform gateway.roll_up(session.account_id, at);
  asked := gateway.usage_window(query, 'month', 0, at);
  with found as (
    select * from gateway.api_keys
    where account_id = session.account_id
      and (after is null or (created_at, id) < (after, after_id))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most),
  sums as (select * from gateway.usage_by(session.account_id, asked.since, asked.until) where part = 'key')
  select jsonb_build_object(
    'object', 'list', 'from', asked.since, 'to', asked.until,
    'data', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'object', 'api_key_usage', 'key_id', id, 'name', name, 'environment', environment, 'prefix', prefix,
        'last_four', last_four, 'created_at', created_at, 'revoked_at', revoked_at, 'last_used_at', last_used_at,
        'usage', coalesce(figures, gateway.figures(0, 0, 0, 0, 0, 0, 0, 0))) order by created_at desc, id desc), '[]')
      from page left join sums on value = id::text),
    'has_more', (select count(*) from found) > most,
    'next_cursor', case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

revoke execute on function public.get_monitor(jsonb) from public, anon, authenticated;
revoke execute on function public.get_environment_usage(jsonb, jsonb) from public, anon, authenticated;
revoke execute on function public.get_activity_stats(jsonb, jsonb) from public, anon, authenticated;
revoke execute on function public.list_key_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_monitor(jsonb) to service_role;
grant execute on function public.get_environment_usage(jsonb, jsonb) to service_role;
grant execute on function public.get_activity_stats(jsonb, jsonb) to service_role;
grant execute on function public.list_key_usage(jsonb, jsonb) to service_role;
