-- How usage by end user and tag is summed up, and read. As with all usage (39_usage.sql), the hours that are summed up and the requests
-- since meet at rolled_up_to, and whole days stand for their hours. Anyone may make up names, so of an hour, and of a report, only so many
-- stand by themselves.

create function gateway.most_labels() returns integer
language sql immutable parallel safe
return 1000;

-- What the others are called together.
create function gateway.other_labels() returns text
language sql immutable parallel safe
return '…';

-- The labelled requests that ended in [since, until), counted one by one. Planned as gateway.count_platform.
create function gateway.count_labels(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  if since >= until then
    return;
  end if;
  return query
  with labelled as (
    select r.*, date_trunc('hour', finished_at, 'UTC') as hour from gateway.requests r
    where account_id = this_account and finished_at >= since and finished_at < until
      and (end_user is not null or tags is not null or metadata is not null)
  ),
  labels as (
    select 'user' as kind, end_user as label, l.* from labelled l where end_user is not null
    union all
    select 'tag', tag, l.* from labelled l cross join jsonb_array_elements_text(coalesce(l.tags, '[]')) as tag
  )
  select this_account, hour, kind, label, key_id, model, coalesce(provider, ''), count(*),
         sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
  from labels
  group by hour, kind, label, key_id, model, coalesce(provider, '');
end;
$$;

-- Sums up an account's labelled requests in [since, until), whole hours of which none is summed up.
create function gateway.sum_up_labels(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with counted as (select * from gateway.count_labels(this_account, since, until)),
  places as (
    select hour, kind, label, row_number() over (partition by hour, kind order by sum(cost) desc, label) as place
    from counted group by hour, kind, label
  ),
  hours as (
    insert into gateway.usage_labels
      select this_account, hour, kind,
             case when place <= gateway.most_labels() then label else gateway.other_labels() end as named,
             key_id, model, provider, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
             sum(reasoning_tokens), sum(cost)::bigint
      from counted join places using (hour, kind, label)
      group by hour, kind, named, key_id, model, provider
      returning *
  )
  insert into gateway.usage_label_sums
    select this_account, kind, 'hour', hour, label, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
           sum(reasoning_tokens), sum(cost)
    from hours group by kind, hour, label
$$;

-- Sums up the labelled requests of an account's days that end in (since, until], whose hours are summed up.
create function gateway.sum_up_label_days(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with days as (
    insert into gateway.usage_label_days
      select account_id, date_trunc('day', hour, 'UTC'), kind, label, key_id, model, provider, sum(requests), sum(prompt_tokens),
             sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
      from gateway.usage_labels
      where account_id = this_account and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
      group by 1, 2, 3, 4, 5, 6, 7
      returning *
  )
  insert into gateway.usage_label_sums
    select account_id, kind, 'day', hour, label, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
           sum(reasoning_tokens), sum(cost)
    from days group by account_id, kind, hour, label
$$;

-- The labelled usage of a kind in [since, until) that is not summed up by the hour yet.
create function gateway.latest_labels(this_account uuid, this_kind text, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language sql stable set search_path = ''
as $$
  select * from gateway.usage_label_heads
  where account_id = this_account and kind = this_kind and hour >= since and hour < until
  union all
  select * from gateway.count_labels(this_account, greatest(since, gateway.counted_from(this_account)), until)
  where kind = this_kind
$$;

-- The labelled usage of a kind in [since, until), which are whole hours: of whole days by the day, under its first hour, unless each hour is
-- asked for.
create function gateway.used_by_label(
  this_account uuid, this_kind text, by_hour boolean, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account and not by_hour));
begin
  return query
    select * from gateway.usage_label_days
    where account_id = this_account and kind = this_kind and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_labels
    where account_id = this_account and kind = this_kind and hour >= since and hour < coalesce(days.first, until)
    union all
    select * from gateway.usage_labels
    where account_id = this_account and kind = this_kind and hour >= days.last and hour < until
    union all
    select * from gateway.latest_labels(this_account, this_kind, since, until);
end;
$$;

-- The same by label alone.
create function gateway.label_sums(this_account uuid, this_kind text, since timestamptz, until timestamptz)
returns setof gateway.usage_label_sums
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account));
begin
  return query
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'day' and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'hour' and hour >= since and hour < coalesce(days.first, until)
    union all
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'hour' and hour >= days.last and hour < until
    union all
    select account_id, kind, 'hour', hour, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.latest_labels(this_account, this_kind, since, until);
end;
$$;
