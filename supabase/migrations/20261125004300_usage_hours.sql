-- What was used, summed up by the hour, so that no total is ever counted from many requests.

create table gateway.usage_hours (
  account_id uuid not null references gateway.accounts (id),
  hour timestamptz not null,
  key_id uuid not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, hour, key_id, model, provider)
);
comment on table gateway.usage_hours is
  'Requests by the hour in which they ended, for the hours before the account''s rolled_up_to. No provider is an empty text; cost in nano-dollars.';
comment on column gateway.usage_hours.failed is 'Neither completed nor left by the client.';

create table gateway.usage_totals (
  account_id uuid primary key references gateway.accounts (id),
  rolled_up_to timestamptz not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null
);
comment on table gateway.usage_totals is
  'The sum of all usage_hours of an account, and the moment up to which they are summed up. Requests from then on are counted one by one.';

alter table gateway.usage_hours enable row level security;
alter table gateway.usage_totals enable row level security;

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

-- The end of the last hour that is surely over. The minute is for a clock that is set back a little: what it would put
-- into an hour that is summed up would never be counted.
create function gateway.last_whole_hour(at timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$ select date_trunc('hour', at - interval '1 minute', 'UTC') $$;

-- Sums up the hours of an account that are over. A settle reads the clock and writes its request under the account's
-- lock, so whoever has that lock sees every request that ended before. Says whether there was anything to do; if not,
-- nothing is locked.
create function gateway.roll_up(this_account uuid, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  until constant timestamptz := gateway.last_whole_hour(at);
  since timestamptz := (select rolled_up_to from gateway.usage_totals where account_id = this_account);
begin
  if since >= until or not exists (
      select from gateway.requests
      where account_id = this_account and finished_at >= coalesce(since, '-infinity') and finished_at < until) then
    return false;
  end if;
  perform from gateway.accounts where id = this_account for update;
  -- Somebody else may have done it meanwhile.
  since := (select rolled_up_to from gateway.usage_totals where account_id = this_account);
  if since >= until then
    return false;
  end if;
  with hours as (
    insert into gateway.usage_hours
      select * from gateway.count_requests(this_account, coalesce(since, '-infinity'), until)
      returning *
  )
  insert into gateway.usage_totals as totals
    select this_account, until, coalesce(sum(requests), 0), coalesce(sum(failed), 0), coalesce(sum(own_key), 0),
           coalesce(sum(prompt_tokens), 0), coalesce(sum(cached_tokens), 0), coalesce(sum(completion_tokens), 0),
           coalesce(sum(reasoning_tokens), 0), coalesce(sum(cost), 0)
    from hours
    on conflict (account_id) do update set
      rolled_up_to = excluded.rolled_up_to,
      requests = totals.requests + excluded.requests,
      failed = totals.failed + excluded.failed,
      own_key = totals.own_key + excluded.own_key,
      prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
      cached_tokens = totals.cached_tokens + excluded.cached_tokens,
      completion_tokens = totals.completion_tokens + excluded.completion_tokens,
      reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
      cost = totals.cost + excluded.cost;
  return true;
end;
$$;

-- The same for accounts at large. Nothing is wrong if this never runs: whatever reads an account's usage sums it up
-- first. An account that is busy is left to the next run.
create function public.roll_up_usage() returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  batch constant integer := 500;
  at constant timestamptz := gateway.now();
  due uuid;
  accounts integer := 0;
begin
  for due in
    select a.id from gateway.accounts a left join gateway.usage_totals t on t.account_id = a.id
    where exists (
      select from gateway.requests r
      where r.account_id = a.id and r.finished_at >= coalesce(t.rolled_up_to, '-infinity')
        and r.finished_at < gateway.last_whole_hour(at))
    order by a.id limit batch
  loop
    perform from gateway.accounts where id = due for update skip locked;
    continue when not found;
    accounts := accounts + gateway.roll_up(due, at)::integer;
  end loop;
  return jsonb_build_object('accounts', accounts);
end;
$$;

revoke execute on function public.roll_up_usage() from public, anon, authenticated;
grant execute on function public.roll_up_usage() to service_role;
