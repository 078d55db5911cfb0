-- What an account sees of its usage.

create function public.get_monitor(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
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
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
begin
  perform gateway.sum_up_latest(session.account_id, at);
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
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
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

-- query: from, to, limit, cursor {at, id}. Every key of the account, the newest first, used or not.
create function public.list_key_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  most constant integer := gateway.page_size(query);
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  asked record;
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
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
  select jsonb_build_object('from', asked.since, 'to', asked.until) || gateway.page(
    (
      select jsonb_agg(jsonb_build_object(
        'object', 'api_key_usage', 'key_id', id, 'name', name, 'environment', environment, 'prefix', prefix,
        'last_four', last_four, 'created_at', created_at, 'revoked_at', revoked_at, 'last_used_at', last_used_at,
        'usage', coalesce(figures, gateway.figures(0, 0, 0, 0, 0, 0, 0, 0))) order by created_at desc, id desc)
      from page left join sums on value = id::text),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;
