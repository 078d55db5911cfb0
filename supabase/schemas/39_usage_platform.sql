-- How the platform's usage is summed up; 39_usage_platform_read.sql reads it. As with an account's (39_usage.sql), a figure is that of the
-- hours that are summed up and of the requests since, which meet at rolled_up_to: it is exact whenever it is asked for. Whole days stand for
-- their hours, and many requests since by a sum of their beginning (39_usage_heads.sql).

-- What of a cost the provider gets by its prices, without our markup; of a call with the caller's own key there, nothing.
create function gateway.provider_cost(cost bigint, markup integer) returns bigint
language sql immutable parallel safe
return round(cost * 10000::numeric / nullif(markup, 0))::bigint;

-- The requests of all accounts that ended in [since, until), counted one by one.
--
-- Planned for its very window, and never by reading a whole month: of a window that it does not know Postgres thinks that much of the
-- table lies in it, and with ten million requests in a month each look at the last minutes took seconds. A plan that must not do what it
-- would has a cost for which Postgres compiles it, which takes longer than to run it.
create function gateway.count_platform(since timestamptz, until timestamptz) returns setof gateway.platform_heads
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  if since >= until then
    return;
  end if;
  return query
  select model, coalesce(provider, ''), outcome, coalesce(error_code, ''), stream,
         count(*), count(*) filter (where own_key), count(*) filter (where estimated), count(*) filter (where cost > 0),
         sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens),
         sum(cost)::bigint, coalesce(sum(gateway.provider_cost(cost, markup)) filter (where not own_key), 0)::bigint,
         coalesce(sum(gateway.histogram(duration_ms)), 0), coalesce(sum(gateway.histogram(first_byte_ms)), 0),
         coalesce(sum(duration_ms), 0), coalesce(sum(first_byte_ms), 0), date_trunc('hour', finished_at, 'UTC') as hour
  from gateway.requests
  where finished_at >= since and finished_at < until
  group by 1, 2, 3, 4, 5, hour;
end;
$$;

-- What is counted comes to, by the hour: in all, and by model, provider and kind of error.
create function gateway.platform_parts(counted gateway.platform_heads[]) returns setof gateway.platform_hours
language sql stable set search_path = ''
as $$
  select case grouping(model, provider, error_code) when 7 then 'total' when 3 then 'model' when 5 then 'provider' else 'error' end,
         hour, coalesce(model, provider, error_code, ''), sum(requests)::bigint,
         coalesce(sum(requests) filter (where outcome not in ('completed', 'client_left')), 0)::bigint, sum(own_key)::bigint,
         sum(estimated)::bigint, sum(charged)::bigint, sum(prompt_tokens)::bigint, sum(cached_tokens)::bigint,
         sum(written_tokens)::bigint, sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint, sum(cost)::bigint,
         sum(provider_cost)::bigint, sum(durations), sum(first_bytes)
  from unnest(counted)
  group by grouping sets ((hour), (hour, model), (hour, provider), (hour, error_code))
  -- Of those without a provider, or without an error, nobody asks.
  having coalesce(model, provider, error_code, 'total') <> ''
$$;

-- Sums up the platform's requests of an hour that is not summed up. Answers how many there were.
create function gateway.sum_up_platform(this_hour timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  with counted as materialized (select c from gateway.count_platform(this_hour, this_hour + interval '1 hour') as c),
  hours as (
    insert into gateway.platform_hours select * from gateway.platform_parts(array(select c from counted)) returning part, requests
  ),
  total as (
    insert into gateway.platform_totals as totals
      select (c).model, (c).provider, (c).outcome, (c).error_code, (c).stream, (c).requests, (c).own_key, (c).estimated, (c).charged,
             (c).prompt_tokens, (c).cached_tokens, (c).written_tokens, (c).completion_tokens, (c).reasoning_tokens, (c).cost,
             (c).provider_cost, (c).durations, (c).first_bytes, (c).duration_ms, (c).first_byte_ms
      from counted
      on conflict (model, provider, outcome, error_code, stream) do update set
        requests = totals.requests + excluded.requests,
        own_key = totals.own_key + excluded.own_key,
        estimated = totals.estimated + excluded.estimated,
        charged = totals.charged + excluded.charged,
        prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = totals.cached_tokens + excluded.cached_tokens,
        written_tokens = totals.written_tokens + excluded.written_tokens,
        completion_tokens = totals.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
        cost = totals.cost + excluded.cost,
        provider_cost = totals.provider_cost + excluded.provider_cost,
        durations = totals.durations + excluded.durations,
        first_bytes = totals.first_bytes + excluded.first_bytes,
        duration_ms = totals.duration_ms + excluded.duration_ms,
        first_byte_ms = totals.first_byte_ms + excluded.first_byte_ms
  )
  select coalesce(sum(requests), 0)::bigint from hours where part = 'total'
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
    counted := gateway.sum_up_platform(since);
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
    select part, date_trunc('day', hour, 'UTC'), value, sum(requests), sum(failed), sum(own_key), sum(estimated), sum(charged),
           sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
           sum(provider_cost), sum(durations), sum(first_bytes)
    from gateway.platform_hours
    where part in ('total', 'model', 'provider', 'error')
      and hour >= date_trunc('day', before, 'UTC') and hour < date_trunc('day', since, 'UTC')
    group by 1, 2, 3;
  perform gateway.sum_up_ranking_days(before, since);
  delete from gateway.platform_heads where hour < since;
  insert into gateway.platform_roll_up as rolled (rolled_up_to) values (since)
    on conflict (one) do update set
      rolled_up_to = excluded.rolled_up_to, head_to = case when rolled.head_to > excluded.rolled_up_to then rolled.head_to end;
  return since < until;
end;
$$;
