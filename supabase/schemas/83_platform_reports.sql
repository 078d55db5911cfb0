-- What an operator reports: usage, the ledger's movements, and what is owed to accounts.

-- query: from, to. Days without usage are listed too.
create function public.get_platform_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  asked constant record := gateway.usage_window(query, 'day', 29, gateway.now());
begin
  perform gateway.sum_up_platform_latest(gateway.now());
  return (
    with used as materialized (select array(select u from gateway.platform_by(asked.since, asked.until) as u) as parts)
    select jsonb_build_object(
      'object', 'platform_usage', 'from', asked.since, 'to', asked.until,
      'totals', gateway.platform_figures(gateway.platform_sum(array(select u from unnest(parts) as u where part = 'total'))),
      'by_day', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'day', (hour at time zone 'utc')::date, 'usage', gateway.platform_figures(u)) order by hour), '[]')
        from unnest(parts) as u where part = 'total'),
      'by_model', gateway.platform_list(parts, 'model', 1000), 'by_provider', gateway.platform_list(parts, 'provider', 100))
    from used);
end;
$$;

-- The ledger's movements in [since, until), but for usage, by day and type. Read from an index that has no usage.
create function gateway.movements(since timestamptz, until timestamptz)
returns table (day date, type text, transactions bigint, amount numeric)
language sql stable set search_path = ''
as $$
  select (created_at at time zone 'utc')::date, type::text, count(*), sum(amount)
  from gateway.credit_transactions
  where type <> 'usage' and created_at >= since and created_at < until
  group by 1, 2
$$;

-- query: from, to. What calls cost comes from the hours that are summed up, everything else from the ledger.
create function public.get_transaction_analytics(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  asked constant record := gateway.usage_window(query, 'day', 29, gateway.now());
begin
  perform gateway.sum_up_platform_latest(gateway.now());
  return (
    with movements as (
      select * from gateway.movements(asked.since, asked.until)
      union all
      select (hour at time zone 'utc')::date, 'usage', sum(charged)::bigint, -sum(cost)
      from gateway.platform_used(asked.since, asked.until, array['total']) where charged > 0 group by 1
    ),
    by_type as (
      select type, sum(transactions) as transactions, sum(amount) as amount from movements group by type
    ),
    by_day as (
      select day, sum(amount) filter (where amount > 0) as credited, -sum(amount) filter (where amount < 0) as debited,
             jsonb_object_agg(type, trim_scale(amount * 0.000000001)) as types
      from movements group by day
    )
    select jsonb_build_object(
      'object', 'transaction_analytics', 'from', asked.since, 'to', asked.until,
      'by_type', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'type', type, 'transactions', transactions, 'amount', trim_scale(amount * 0.000000001)) order by type), '[]') from by_type),
      'by_day', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'day', day, 'credited', trim_scale(coalesce(credited, 0) * 0.000000001),
          'debited', trim_scale(coalesce(debited, 0) * 0.000000001), 'amounts', types) order by day), '[]') from by_day)));
end;
$$;

-- What accounts have, by where it came from, and what of it lapses soon.
create function public.get_platform_balance(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  at constant timestamptz := gateway.now();
begin
  return (
    with sources as (
      select source, count(*) as grants, sum(remaining) as remaining,
             coalesce(sum(remaining) filter (where expires_at < at + interval '30 days'), 0) as lapsing
      from gateway.credit_grants where live group by source
    )
    select jsonb_build_object(
      'object', 'platform_balance', 'at', at, 'totals', gateway.liabilities(),
      'by_source', coalesce(jsonb_agg(jsonb_build_object(
        'source', source, 'grants', grants, 'remaining', gateway.dollars(remaining::bigint),
        'lapsing_in_30_days', gateway.dollars(lapsing::bigint)) order by source), '[]'))
    from sources);
end;
$$;
