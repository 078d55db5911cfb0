-- What an operator looks at first: whether calls are served, what they bring, and whether anything waits.

-- What the platform owes its accounts, and what is reserved of it.
create function gateway.liabilities() returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'accounts', count(*), 'balance', gateway.dollars(coalesce(sum(balance), 0)::bigint),
    'held', gateway.dollars(coalesce(sum(held), 0)::bigint), 'debt', gateway.dollars(coalesce(sum(debt), 0)::bigint),
    'in_debt', count(*) filter (where debt > 0))
  from gateway.accounts
$$;

-- The last five minutes, counted one by one. Planned as gateway.count_platform.
create function gateway.platform_now(at timestamptz) returns jsonb
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  return (
    select jsonb_build_object(
      'minutes', 5, 'requests', count(*), 'failed', count(*) filter (where outcome not in ('completed', 'client_left')),
      'cost', trim_scale(coalesce(sum(cost), 0) * 0.000000001),
      'duration_ms', gateway.latency(sum(gateway.histogram(duration_ms))),
      'first_byte_ms', gateway.latency(sum(gateway.histogram(first_byte_ms))))
    from gateway.requests where finished_at >= at - interval '5 minutes');
end;
$$;

-- query: hours (so many up to the end of this one). The window before it is as long. `now` are the last five minutes.
create function public.get_platform_monitor(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:monitor');
  at constant timestamptz := gateway.now();
  length constant interval := make_interval(hours => coalesce((query ->> 'hours')::integer, 24));
  until constant timestamptz := date_trunc('hour', at, 'UTC') + interval '1 hour';
  since constant timestamptz := until - length;
begin
  perform gateway.sum_up_platform_latest(at);
  return (
    with used as materialized (select array(select u from gateway.platform_by(since, until) as u) as parts)
    select jsonb_build_object(
      'object', 'platform_monitor', 'from', since, 'to', until, 'now', gateway.platform_now(at),
      'window', gateway.platform_figures(gateway.platform_sum(array(select u from unnest(parts) as u where part = 'total'))),
      'before', gateway.platform_figures(gateway.platform_sum(array(
        select u from gateway.platform_used(since - length, since, array['total']) as u))),
      'by_provider', gateway.platform_list(parts, 'provider', 50), 'by_model', gateway.platform_list(parts, 'model', 20),
      'errors', (
        select coalesce(jsonb_agg(jsonb_build_object('code', value, 'requests', requests) order by requests desc, value), '[]')
        from unnest(parts) where part = 'error'),
      'refusals', (
        select coalesce(jsonb_agg(jsonb_build_object('code', code, 'calls', calls) order by calls desc, code), '[]')
        from (
          select code, sum(calls)::bigint as calls from gateway.refusal_hours where hour >= since and hour < until group by code
        ) as refused),
      'holds', (
        select jsonb_build_object(
          'open', count(*), 'amount', gateway.dollars(coalesce(sum(amount), 0)::bigint),
          'overdue', count(*) filter (where expires_at < at))
        from gateway.holds where state = 'open'),
      'mail', (
        select jsonb_build_object(
          'due', count(*) filter (where state in ('due', 'sending')), 'oldest_due_at', min(due_at) filter (where state in ('due', 'sending')))
        from gateway.notifications where state in ('due', 'sending')),
      'liabilities', gateway.liabilities())
    from used);
end;
$$;
