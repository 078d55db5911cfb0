-- How usage is summed up, and read. Every total is that of its hours and of the requests since: the two meet at
-- rolled_up_to, and a statement sees both as they were at one moment, so a total is exact whenever it is asked for. Whole days stand
-- for their hours, and many requests since by a sum of their beginning (39_usage_heads.sql), so that it costs much the same, too.

-- The requests that ended in [since, until), counted one by one.
create function gateway.count_requests(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language sql stable set search_path = ''
as $$
  select account_id, date_trunc('hour', finished_at, 'UTC'), key_id, model, coalesce(provider, ''), count(*),
         count(*) filter (where outcome not in ('completed', 'client_left')), count(*) filter (where own_key),
         sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
  from gateway.requests
  where account_id = this_account and finished_at >= since and finished_at < until
  group by 1, 2, 3, 4, 5
$$;

-- The end of the last hour that can be rolled up. A settle reads the clock before it commits, and clocks are set back: a request
-- that either puts into an hour that is rolled up already would never be counted. A margin of ten minutes exceeds both.
create function gateway.last_whole_hour(at timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$ select date_trunc('hour', at - interval '10 minutes', 'UTC') $$;

-- Where a step ends that sums up from `since`, a whole hour: after a day, or before that where so many requests lie between
-- the two, but never within an hour.
create function gateway.step_end(this_account uuid, since timestamptz, until timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$
  select least(until, since + interval '1 day', (
    select greatest(date_trunc('hour', finished_at, 'UTC'), since + interval '1 hour') from gateway.requests
    where account_id = this_account and finished_at >= since and finished_at < least(until, since + interval '1 day')
    order by finished_at offset 20000 limit 1))
$$;

-- Sums up an account's requests in [since, until), whole hours of which none is summed up.
create function gateway.sum_up(this_account uuid, since timestamptz, until timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  with hours as (
    insert into gateway.usage_hours
      select * from gateway.count_requests(this_account, since, until)
      returning *
  ),
  sums as (
    select coalesce(sum(requests), 0) as requests, coalesce(sum(failed), 0) as failed,
           coalesce(sum(own_key), 0) as own_key, coalesce(sum(prompt_tokens), 0) as prompt_tokens,
           coalesce(sum(cached_tokens), 0) as cached_tokens, coalesce(sum(completion_tokens), 0) as completion_tokens,
           coalesce(sum(reasoning_tokens), 0) as reasoning_tokens, coalesce(sum(cost), 0) as cost
    from hours
  ),
  gone as (delete from gateway.usage_heads where account_id = this_account and hour < until),
  gone_labels as (delete from gateway.usage_label_heads where account_id = this_account and hour < until),
  total as (
    insert into gateway.usage_totals as totals
      select this_account, until, null, requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens,
             reasoning_tokens, cost
      from sums
      on conflict (account_id) do update set
        rolled_up_to = excluded.rolled_up_to,
        head_to = case when totals.head_to > excluded.rolled_up_to then totals.head_to end,
        requests = totals.requests + excluded.requests,
        failed = totals.failed + excluded.failed,
        own_key = totals.own_key + excluded.own_key,
        prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = totals.cached_tokens + excluded.cached_tokens,
        completion_tokens = totals.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
        cost = totals.cost + excluded.cost
  )
  select requests::bigint from sums
$$;

-- Sums up the days of an account that end in (since, until], whose hours are summed up.
create function gateway.sum_up_days(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.usage_days
    select account_id, date_trunc('day', hour, 'UTC'), key_id, model, provider, sum(requests), sum(failed), sum(own_key),
           sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from gateway.usage_hours
    where account_id = this_account and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
    group by 1, 2, 3, 4, 5
$$;

-- Sums up the hours of an account that are over, in steps, until it has summed up so many requests. Answers how many, and
-- whether there are more. Whoever does the same for the account at the moment does it alone: a total is exact without it, and
-- no call waits for this, since the account's row is left to the calls.
create function gateway.roll_up(
  this_account uuid, at timestamptz, most bigint default 20000, out summed bigint, out more boolean)
language plpgsql volatile set search_path = ''
as $$
declare
  until constant timestamptz := gateway.last_whole_hour(at);
  before timestamptz;
  since timestamptz;
  ends timestamptz;
begin
  summed := 0;
  more := false;
  loop
    before := (select rolled_up_to from gateway.usage_totals where account_id = this_account);
    if before >= until then
      return;
    end if;
    -- Days without requests need no step.
    since := (
      select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests
      where account_id = this_account and finished_at >= coalesce(before, '-infinity') and finished_at < until);
    if since is null then
      return;
    end if;
    if summed >= most then
      more := true;
      return;
    end if;
    if summed = 0 then
      if not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || this_account, 0)) then
        return;
      end if;
      -- Another session may have rolled them up while this one waited for the advisory lock.
      continue when since < (select rolled_up_to from gateway.usage_totals where account_id = this_account);
    end if;
    ends := gateway.step_end(this_account, since, until);
    perform gateway.sum_up_labels(this_account, since, ends);
    summed := summed + gateway.sum_up(this_account, since, ends);
    perform gateway.sum_up_days(this_account, coalesce(before, since), ends);
    perform gateway.sum_up_label_days(this_account, coalesce(before, since), ends);
  end loop;
end;
$$;

-- From when on an account's requests are counted one by one.
create function gateway.counted_from(this_account uuid) returns timestamptz
language sql stable set search_path = ''
as $$ select coalesce(head_to, rolled_up_to) from gateway.usage_totals where account_id = this_account $$;

-- The usage in [since, until), which are whole hours, by the hour.
create function gateway.used_by_hour(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language sql stable set search_path = ''
as $$
  select * from gateway.usage_hours where account_id = this_account and hour >= since and hour < until
  union all
  select * from gateway.usage_heads where account_id = this_account and hour >= since and hour < until
  union all
  select * from gateway.count_requests(this_account, greatest(since, gateway.counted_from(this_account)), until)
$$;

-- The whole days (UTC) in [since, until) that are summed up: from the first moment of the first to the last of the last, where there is one.
create function gateway.whole_days(
  since timestamptz, until timestamptz, rolled_up_to timestamptz, out first timestamptz, out last timestamptz)
language sql immutable parallel safe set search_path = ''
as $$
  select case when days.first < days.last then days.first end, case when days.first < days.last then days.last end
  from (
    select date_trunc('day', since + interval '24 hours' - interval '1 microsecond', 'UTC') as first,
           -- Of what is not summed up at all, nothing is whole: "least" passes over a null.
           case when rolled_up_to is not null then date_trunc('day', least(until, rolled_up_to), 'UTC') end as last) as days
$$;

-- The usage in [since, until), which are whole hours: of whole days by the day, under its first hour.
create function gateway.used(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account));
begin
  if days.first is null then
    return query select * from gateway.used_by_hour(this_account, since, until);
    return;
  end if;
  return query
    select * from gateway.usage_days where account_id = this_account and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_hours where account_id = this_account and hour >= since and hour < days.first
    union all
    select * from gateway.used_by_hour(this_account, days.last, until);
end;
$$;

-- Sums in the API's form. An expression, which Postgres puts in the caller's place: a query of its own takes longer than all that it does.
create function gateway.figures(
  requests numeric, failed numeric, own_key numeric, prompt numeric, cached numeric, completion numeric,
  reasoning numeric, cost numeric)
returns jsonb
language sql stable parallel safe
return jsonb_build_object(
  'requests', coalesce(requests, 0), 'failed', coalesce(failed, 0), 'own_key', coalesce(own_key, 0),
  'prompt_tokens', coalesce(prompt, 0), 'cached_tokens', coalesce(cached, 0),
  'completion_tokens', coalesce(completion, 0), 'reasoning_tokens', coalesce(reasoning, 0),
  'tokens', coalesce(prompt + completion, 0), 'cost', trim_scale(coalesce(cost, 0) * 0.000000001));

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
    from gateway.usage_heads where account_id = this_account
    union all
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.count_requests(this_account, coalesce(gateway.counted_from(this_account), '-infinity'), 'infinity')
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

-- The keyset cursor of a list that is ordered by time, as the API writes it.
create function gateway.place(at timestamptz, id uuid) returns text
language sql stable set search_path = ''
as $$ select (extract(epoch from at) * 1000000)::bigint || '-' || id $$;
