-- How the platform's usage is read: from hours and days that are summed up, and from what has come since (39_usage_platform.sql).

-- From when on the platform's requests are counted one by one.
create function gateway.platform_counted_from() returns timestamptz
language sql stable set search_path = ''
as $$ select coalesce(head_to, rolled_up_to) from gateway.platform_roll_up $$;

-- These parts of the platform's usage in [since, until), which are whole hours: of whole days by the day, under its first hour. Without
-- settings of its own, so that Postgres puts it in its caller's place, and thousands of hours are not written down in between.
create function gateway.platform_used(since timestamptz, until timestamptz, parts text[]) returns setof gateway.platform_hours
language sql stable
begin atomic
  select d.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_days as d on d.part = any (parts) and d.hour >= days.first and d.hour < days.last
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.part = any (parts) and h.hour >= since and h.hour < coalesce(days.first, until)
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.part = any (parts) and h.hour >= days.last and h.hour < until
  union all
  select l.* from gateway.platform_parts(array(
    select h from gateway.platform_heads as h where hour >= since and hour < until
    union all
    select c from gateway.count_platform(greatest(since, gateway.platform_counted_from()), until) as c)) as l
    where l.part = any (parts);
end;

-- The platform's usage in [since, until) by model, provider and kind of error, and all together by the day.
create function gateway.platform_by(since timestamptz, until timestamptz) returns setof gateway.platform_hours
language sql stable set search_path = ''
as $$
  select part, case when part = 'total' then date_trunc('day', hour, 'UTC') end as day, value, sum(requests)::bigint,
         sum(failed)::bigint, sum(own_key)::bigint, sum(estimated)::bigint, sum(charged)::bigint, sum(prompt_tokens)::bigint,
         sum(cached_tokens)::bigint, sum(written_tokens)::bigint, sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint,
         sum(cost)::bigint, sum(provider_cost)::bigint, sum(durations), sum(first_bytes)
  from gateway.platform_used(since, until, array['total', 'model', 'provider', 'error'])
  group by part, day, value
$$;

-- Several of them together.
create function gateway.platform_sum(used gateway.platform_hours[]) returns gateway.platform_hours
language sql stable set search_path = ''
as $$
  select 'total', min(hour), '', sum(requests)::bigint, sum(failed)::bigint, sum(own_key)::bigint, sum(estimated)::bigint,
         sum(charged)::bigint, sum(prompt_tokens)::bigint, sum(cached_tokens)::bigint, sum(written_tokens)::bigint,
         sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint, sum(cost)::bigint, sum(provider_cost)::bigint,
         sum(durations), sum(first_bytes)
  from unnest(used)
$$;

-- The platform's usage in the API's form.
create function gateway.platform_figures(used gateway.platform_hours) returns jsonb
language sql stable parallel safe
return gateway.figures(
    used.requests, used.failed, used.own_key, used.prompt_tokens, used.cached_tokens, used.completion_tokens, used.reasoning_tokens,
    used.cost)
  || jsonb_build_object(
    'estimated', coalesce(used.estimated, 0), 'written_tokens', coalesce(used.written_tokens, 0),
    'error_rate', case when used.requests > 0 then round(used.failed::numeric / used.requests, 4) else 0 end,
    'provider_cost', trim_scale(coalesce(used.provider_cost, 0) * 0.000000001),
    'margin', trim_scale(coalesce(used.cost - used.provider_cost, 0) * 0.000000001),
    'duration_ms', gateway.latency(used.durations), 'first_byte_ms', gateway.latency(used.first_bytes));

-- One part of it as a list, the dearest first. Only what is listed is told in the API's form, which takes longer than to find it.
create function gateway.platform_list(used gateway.platform_hours[], this_part text, most integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(this_part, listed.value, 'usage', gateway.platform_figures(listed))
    order by listed.cost desc, listed.requests desc, listed.value), '[]')
  from (
    select * from unnest(used) where part = this_part
    order by cost desc, requests desc, value limit most) as listed
$$;
