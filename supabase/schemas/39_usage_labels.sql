-- How usage by end user and tag is summed up, and read. As with all usage (39_usage.sql), the hours that are summed up and the requests
-- since meet at rolled_up_to. Anyone may make up names, so of an hour, and of a report, only so many stand by themselves.

create function gateway.most_labels() returns integer
language sql immutable parallel safe
return 1000;

-- What the others are called together.
create function gateway.other_labels() returns text
language sql immutable parallel safe
return '…';

-- The labelled requests that ended in [since, until), counted one by one.
create function gateway.count_labels(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language sql stable set search_path = ''
as $$
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
  group by hour, kind, label, key_id, model, coalesce(provider, '')
$$;

-- Sums up an account's labelled requests in [since, until), whole hours of which none is summed up.
create function gateway.sum_up_labels(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with counted as (select * from gateway.count_labels(this_account, since, until)),
  places as (
    select hour, kind, label, row_number() over (partition by hour, kind order by sum(cost) desc, label) as place
    from counted group by hour, kind, label
  )
  insert into gateway.usage_labels
    select this_account, hour, kind,
           case when place <= gateway.most_labels() then label else gateway.other_labels() end as named,
           key_id, model, provider, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
           sum(reasoning_tokens), sum(cost)::bigint
    from counted join places using (hour, kind, label)
    group by hour, kind, named, key_id, model, provider
$$;

-- The labelled usage of a kind in [since, until), which are whole hours.
create function gateway.used_by_label(this_account uuid, this_kind text, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language sql stable set search_path = ''
as $$
  select * from gateway.usage_labels
  where account_id = this_account and kind = this_kind and hour >= since and hour < until
  union all
  select * from gateway.count_labels(
    this_account,
    greatest(since, (select rolled_up_to from gateway.usage_totals where account_id = this_account)),
    until)
  where kind = this_kind
$$;
