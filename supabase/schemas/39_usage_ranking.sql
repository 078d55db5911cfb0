-- How the rankings are read, from the hours and days that 39_ranking.sql has summed up.

-- What was used in [since, until), which are whole hours and summed up: of whole days by the day, under its first hour.
create function gateway.ranking_used(this_kind text, since timestamptz, until timestamptz) returns setof gateway.ranking_hours
language sql stable
begin atomic
  select d.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_days as d on d.kind = this_kind and d.hour >= days.first and d.hour < days.last
  union all
  select h.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_hours as h on h.kind = this_kind and h.hour >= since and h.hour < coalesce(days.first, until)
  union all
  select h.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_hours as h on h.kind = this_kind and h.hour >= days.last and h.hour < until;
end;

-- The most used models or apps of the last so many hours that are summed up, and the moment at which these end. `trend` compares with as
-- many hours before.
create function gateway.ranked(this_kind text, hours integer, until timestamptz, most integer)
returns table (place bigint, name text, requests bigint, tokens bigint, trend numeric)
language sql stable set search_path = ''
as $$
  with both_windows as (
    select u.name, u.requests, u.tokens, 0 as before
    from gateway.ranking_used(this_kind, until - make_interval(hours => hours), until) as u
    union all
    select u.name, 0, 0, u.tokens
    from gateway.ranking_used(this_kind, until - make_interval(hours => 2 * hours), until - make_interval(hours => hours)) as u
  ),
  used as (
    select b.name, sum(b.requests) as requests, sum(b.tokens) as tokens, sum(b.before) as before
    from both_windows b group by b.name
  ),
  shown as (
    select * from used u
    where u.requests > 0 and (this_kind = 'model' and exists (select from gateway.models m where m.id = u.name and m.enabled)
      or this_kind = 'app' and gateway.may_be_shown(u.name, until - make_interval(hours => hours)))
    order by u.tokens desc, u.requests desc, u.name limit most
  )
  select row_number() over (order by s.tokens desc, s.requests desc, s.name), s.name, s.requests::bigint, s.tokens::bigint,
         case when s.before > 0 then round((s.tokens - s.before) * 100 / s.before, 1) end
  from shown s
$$;
