-- How the platform's usage is summed up, and read. As with an account's (39_usage.sql), a figure is that of the hours that are summed
-- up and of the requests since, which meet at rolled_up_to: it is exact whenever it is asked for. Whole days stand for their hours, and many
-- requests since by a sum of their beginning (39_usage_heads.sql).

-- What of a cost the provider gets by its prices, without our markup; of a call with the caller's own key there, nothing.
create function gateway.provider_cost(cost bigint, markup integer) returns bigint
language sql immutable parallel safe
return round(cost * 10000::numeric / nullif(markup, 0))::bigint;

-- The requests of all accounts that ended in [since, until), counted one by one.
--
-- Planned for its very window, and never by reading a whole month: of a window that it does not know Postgres thinks that much of the
-- table lies in it, and with ten million requests in a month each look at the last minutes took seconds. A plan that must not do what it
-- would has a cost for which Postgres compiles it, which takes longer than to run it.
create function gateway.count_platform(since timestamptz, until timestamptz) returns setof gateway.platform_hours
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  return query
  select date_trunc('hour', finished_at, 'UTC'), model, coalesce(provider, ''), outcome, coalesce(error_code, ''), stream,
         count(*), count(*) filter (where own_key), count(*) filter (where estimated),
         sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens),
         sum(cost)::bigint, coalesce(sum(gateway.provider_cost(cost, markup)) filter (where not own_key), 0)::bigint,
         gateway.histogram(array_agg(duration_ms)), gateway.histogram(array_agg(first_byte_ms)),
         coalesce(sum(duration_ms), 0), coalesce(sum(first_byte_ms), 0)
  from gateway.requests
  where finished_at >= since and finished_at < until
  group by 1, 2, 3, 4, 5, 6;
end;
$$;

-- Sums up the platform's requests in [since, until), whole hours of which none is summed up. Answers how many there were.
create function gateway.sum_up_platform(since timestamptz, until timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  with hours as (
    insert into gateway.platform_hours select * from gateway.count_platform(since, until) returning *
  ),
  total as (
    insert into gateway.platform_totals as totals
      select model, provider, outcome, error_code, stream, sum(requests), sum(own_key), sum(estimated), sum(prompt_tokens),
             sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
             sum(provider_cost), gateway.sum_histograms(durations), gateway.sum_histograms(first_bytes),
             sum(duration_ms), sum(first_byte_ms)
      from hours group by 1, 2, 3, 4, 5
      on conflict (model, provider, outcome, error_code, stream) do update set
        requests = totals.requests + excluded.requests,
        own_key = totals.own_key + excluded.own_key,
        estimated = totals.estimated + excluded.estimated,
        prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = totals.cached_tokens + excluded.cached_tokens,
        written_tokens = totals.written_tokens + excluded.written_tokens,
        completion_tokens = totals.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
        cost = totals.cost + excluded.cost,
        provider_cost = totals.provider_cost + excluded.provider_cost,
        durations = gateway.add_histograms(totals.durations, excluded.durations),
        first_bytes = gateway.add_histograms(totals.first_bytes, excluded.first_bytes),
        duration_ms = totals.duration_ms + excluded.duration_ms,
        first_byte_ms = totals.first_byte_ms + excluded.first_byte_ms
  )
  select coalesce(sum(requests), 0)::bigint from hours
$$;

-- Sums up the platform's hours that are over, one after the other, until it has summed up so many requests. Answers whether there
-- are more. One session at a time does it; the others leave it to that one.
create function gateway.roll_up_platform(at timestamptz, most bigint default 100000) returns boolean
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.last_whole_hour(at);
  since timestamptz;
  before timestamptz;
  counted bigint;
  summed bigint := 0;
begin
  if not pg_try_advisory_xact_lock(7020094213606) then
    return false;
  end if;
  since := coalesce(
    (select rolled_up_to from gateway.platform_roll_up),
    (select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests),
    until);
  before := since;
  while since < until and summed < most loop
    counted := gateway.sum_up_platform(since, since + interval '1 hour');
    if counted > 0 then
      perform gateway.sum_up_ranking(since, since + interval '1 hour');
    end if;
    since := since + interval '1 hour';
    summed := summed + counted;
    if counted = 0 and since < until then
      -- One look passes over a day without requests.
      since := coalesce(
        (select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests
          where finished_at >= since and finished_at < least(since + interval '1 day', until)),
        least(since + interval '1 day', until));
    end if;
  end loop;
  insert into gateway.platform_days
    select date_trunc('day', hour, 'UTC'), model, provider, outcome, error_code, stream, sum(requests), sum(own_key), sum(estimated),
           sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
           sum(provider_cost), gateway.sum_histograms(durations), gateway.sum_histograms(first_bytes), sum(duration_ms),
           sum(first_byte_ms)
    from gateway.platform_hours
    where hour >= date_trunc('day', before, 'UTC') and hour < date_trunc('day', since, 'UTC')
    group by 1, 2, 3, 4, 5, 6;
  delete from gateway.platform_heads where hour < since;
  insert into gateway.platform_roll_up as rolled (rolled_up_to) values (since)
    on conflict (one) do update set
      rolled_up_to = excluded.rolled_up_to, head_to = case when rolled.head_to > excluded.rolled_up_to then rolled.head_to end;
  return since < until;
end;
$$;

-- From when on the platform's requests are counted one by one.
create function gateway.platform_counted_from() returns timestamptz
language sql stable set search_path = ''
as $$ select coalesce(head_to, rolled_up_to) from gateway.platform_roll_up $$;

-- The platform's usage in [since, until), which are whole hours: of whole days by the day, under its first hour. Without settings of its own,
-- so that Postgres puts it in its caller's place, and thousands of hours are not written down in between.
create function gateway.platform_used(since timestamptz, until timestamptz) returns setof gateway.platform_hours
language sql stable
begin atomic
  select d.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_days as d on d.hour >= days.first and d.hour < days.last
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.hour >= since and h.hour < coalesce(days.first, until)
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.hour >= days.last and h.hour < until
  union all
  select * from gateway.platform_heads where hour >= since and hour < until
  union all
  select * from gateway.count_platform(greatest(since, gateway.platform_counted_from()), until);
end;

-- Sums of the platform's usage in the API's form. A failed request is one that neither completed nor was left by its client.
create function gateway.platform_figures(
  requests numeric, failed numeric, own_key numeric, estimated numeric, prompt numeric, cached numeric, written numeric,
  completion numeric, reasoning numeric, cost numeric, provider_cost numeric, durations bigint[], first_bytes bigint[])
returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select gateway.figures(requests, failed, own_key, prompt, cached, completion, reasoning, cost) || jsonb_build_object(
    'estimated', coalesce(estimated, 0), 'written_tokens', coalesce(written, 0),
    'error_rate', case when requests > 0 then round(failed / requests, 4) else 0 end,
    'provider_cost', trim_scale(coalesce(provider_cost, 0) * 0.000000001),
    'margin', trim_scale(coalesce(cost - provider_cost, 0) * 0.000000001),
    'duration_ms', gateway.latency(durations), 'first_byte_ms', gateway.latency(first_bytes))
$$;

-- The platform's usage in [since, until): the total, and its parts by model, provider and kind of error. What is read is summed up before
-- it is parted, since there are many hours.
create function gateway.platform_by(since timestamptz, until timestamptz)
returns table (part text, value text, figures jsonb, requests numeric, cost numeric)
language sql stable set search_path = ''
as $$
  with used as materialized (
    select model, provider, error_code, outcome not in ('completed', 'client_left') as is_failed,
           sum(requests) as requests, sum(own_key) as own_key, sum(estimated) as estimated, sum(prompt_tokens) as prompt_tokens,
           sum(cached_tokens) as cached_tokens, sum(written_tokens) as written_tokens, sum(completion_tokens) as completion_tokens,
           sum(reasoning_tokens) as reasoning_tokens, sum(cost) as cost, sum(provider_cost) as provider_cost,
           gateway.sum_histograms(durations) as durations, gateway.sum_histograms(first_bytes) as first_bytes
    from gateway.platform_used(since, until) group by 1, 2, 3, 4
  )
  select case grouping(model, provider, error_code) when 7 then 'total' when 3 then 'model' when 5 then 'provider' else 'error' end,
         coalesce(model, provider, error_code),
         gateway.platform_figures(
           sum(requests), coalesce(sum(requests) filter (where is_failed), 0), sum(own_key), sum(estimated), sum(prompt_tokens),
           sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost), sum(provider_cost),
           gateway.sum_histograms(durations), gateway.sum_histograms(first_bytes)),
         sum(requests), sum(cost)
  from used
  group by grouping sets ((), (model), (provider), (error_code))
$$;

-- The same by day.
create function gateway.platform_by_day(since timestamptz, until timestamptz) returns table (day date, figures jsonb)
language sql stable set search_path = ''
as $$
  select (hour at time zone 'utc')::date, gateway.platform_figures(
    sum(requests), coalesce(sum(requests) filter (where outcome not in ('completed', 'client_left')), 0), sum(own_key), sum(estimated),
    sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
    sum(provider_cost), gateway.sum_histograms(durations), gateway.sum_histograms(first_bytes))
  from gateway.platform_used(since, until) group by 1
$$;

-- The total alone.
create function gateway.platform_total(since timestamptz, until timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.platform_figures(
    sum(requests), coalesce(sum(requests) filter (where outcome not in ('completed', 'client_left')), 0), sum(own_key), sum(estimated),
    sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
    sum(provider_cost), gateway.sum_histograms(durations), gateway.sum_histograms(first_bytes))
  from gateway.platform_used(since, until)
$$;

-- One part of them as a list, the dearest first. `name` is that of the member that says which it is.
create function gateway.platform_list(parts jsonb, name text, most integer) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(name, value, 'usage', figures) order by cost desc, requests desc, value), '[]')
  from (
    select * from jsonb_to_recordset(parts) as listed (value text, figures jsonb, requests numeric, cost numeric)
    order by cost desc, requests desc, value limit most) as first_ones
$$;
