-- How the rankings are summed up, and read.

-- An app is shown from so many accounts on, so that a figure is nobody's own.
create function gateway.accounts_to_be_shown() returns integer
language sql immutable parallel safe
return 5;

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
  delete from gateway.ranking_accounts where last_hour < since - interval '744 hours';
$$;

-- The most used models or apps of the last so many hours that are summed up, and the moment at which these end. `trend` compares with as
-- many hours before.
create function gateway.ranked(this_kind text, hours integer, until timestamptz, most integer)
returns table (place bigint, name text, requests bigint, tokens bigint, trend numeric)
language sql stable set search_path = ''
as $$
  with used as (
    select h.name, sum(h.requests) filter (where h.hour >= until - make_interval(hours => hours)) as requests,
           sum(h.tokens) filter (where h.hour >= until - make_interval(hours => hours)) as tokens,
           sum(h.tokens) filter (where h.hour < until - make_interval(hours => hours)) as before
    from gateway.ranking_hours h
    where h.kind = this_kind and h.hour >= until - make_interval(hours => 2 * hours) and h.hour < until
    group by h.name
  ),
  shown as (
    select * from used u
    where u.requests > 0 and (this_kind = 'model' and exists (select from gateway.models m where m.id = u.name and m.enabled)
      or this_kind = 'app' and (
        (select count(*) from gateway.ranking_accounts a
          where a.app = u.name and a.last_hour >= until - make_interval(hours => hours)) >= gateway.accounts_to_be_shown()
        or not exists (
          select from gateway.ranking_accounts a left join gateway.ranking_choices c on c.account_id = a.account_id
          where a.app = u.name and a.last_hour >= until - make_interval(hours => hours) and c.choice is distinct from 'named')))
    order by u.tokens desc, u.requests desc, u.name limit most
  )
  select row_number() over (order by s.tokens desc, s.requests desc, s.name), s.name, s.requests::bigint, s.tokens::bigint,
         case when s.before > 0 then round((s.tokens - s.before) * 100 / s.before, 1) end
  from shown s
$$;
