-- How the rankings are summed up; 39_usage_ranking.sql reads them.

-- An app is shown from so many accounts on, so that a figure is nobody's own.
create function gateway.accounts_to_be_shown() returns integer
language sql immutable parallel safe
return 5;

-- Stands for whoever has left the rankings: what an account used of an app before it was excluded or deleted is in the hours all the
-- same, so it is remembered that somebody did.
create function gateway.somebody_who_left() returns uuid
language sql immutable parallel safe
return '00000000-0000-0000-0000-000000000000'::uuid;

-- Takes an account out of the rankings: out of those that its apps are known to be used by, and out of what is not summed up yet.
create function gateway.leave_ranking(owner uuid) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.ranking_choices (account_id, choice) values (owner, 'excluded')
    on conflict (account_id) do update set choice = excluded.choice;
  with left_behind as (
    delete from gateway.ranking_accounts where account_id = owner returning app, last_hour)
  insert into gateway.ranking_accounts as a (app, account_id, last_hour)
    select app, gateway.somebody_who_left(), last_hour from left_behind
    on conflict (app, account_id) do update set last_hour = greatest(a.last_hour, excluded.last_hour);
$$;

-- Whether an app may be shown for the hours from `since` on: enough accounts have used it, or only such as want to be named. One that
-- nobody is known to have used is nobody's to show, and neither is one of whose users some have left.
create function gateway.may_be_shown(this_app text, since timestamptz) returns boolean
language sql stable
return (
  select count(*) filter (where a.account_id <> gateway.somebody_who_left()) >= gateway.accounts_to_be_shown()
      or coalesce(bool_and(coalesce(c.choice = 'named', false)), false)
  from gateway.ranking_accounts a left join gateway.ranking_choices c on c.account_id = a.account_id
  where a.app = this_app and a.last_hour >= since);

-- Sums up the rankings' part of the requests in [since, until), a whole hour that is not summed up.
--
-- Of an hour the first hundred names stand, and of each app twice as many accounts as it takes to be shown: so an hour adds no more,
-- whatever clients call themselves, and still tells in any window whether there were enough.
create function gateway.sum_up_ranking(since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with counted as (
    select r.account_id, r.model, r.app, count(*) as requests, sum(prompt_tokens + completion_tokens)::bigint as tokens
    from gateway.requests r
    where r.finished_at >= since and r.finished_at < until and r.outcome <> 'failed' and not exists (
      select from gateway.ranking_choices c where c.account_id = r.account_id and c.choice = 'excluded')
    group by r.account_id, r.model, r.app
  ),
  names as (
    select 'model' as kind, model as name, sum(requests)::bigint as requests, sum(tokens)::bigint as tokens
    from counted group by model
    union all
    select 'app', app, sum(requests)::bigint, sum(tokens)::bigint from counted where app <> '' group by app
  ),
  ranked as (
    select *, row_number() over (partition by kind order by tokens desc, requests desc, name) as place from names
  ),
  hours as (
    insert into gateway.ranking_hours (kind, hour, name, requests, tokens)
      select kind, since, name, requests, tokens from ranked where place <= 100
      on conflict do nothing
  ),
  users as (
    select app, account_id, row_number() over (partition by app order by sum(tokens) desc, account_id) as place
    from counted where app in (select name from ranked where kind = 'app' and place <= 100)
    group by app, account_id
  )
  insert into gateway.ranking_accounts (app, account_id, last_hour)
    select app, account_id, since from users where place <= 2 * gateway.accounts_to_be_shown()
    on conflict (app, account_id) do update set last_hour = excluded.last_hour;
  delete from gateway.ranking_hours where hour < since - interval '1488 hours';
  delete from gateway.ranking_days where hour < since - interval '1488 hours';
  delete from gateway.ranking_accounts where last_hour < since - interval '744 hours';
$$;

-- Sums up the rankings' days that end in (since, until], whose hours are summed up.
create function gateway.sum_up_ranking_days(since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.ranking_days (kind, hour, name, requests, tokens)
    select kind, date_trunc('day', hour, 'UTC'), name, sum(requests), sum(tokens)
    from gateway.ranking_hours
    where kind in ('model', 'app') and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
    group by 1, 2, 3
$$;
