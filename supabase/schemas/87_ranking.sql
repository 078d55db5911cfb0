-- What is used most, for anyone to see.

-- query: kind (model or app), window (day, week or month), limit. Ends with the last hour that is summed up.
create function public.get_ranking(query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  most constant integer := gateway.page_size(query);
  hours constant integer := case query ->> 'window' when 'day' then 24 when 'week' then 168 when 'month' then 720 end;
  until constant timestamptz := (select rolled_up_to from gateway.platform_roll_up);
begin
  perform gateway.require(query, 'kind', 'window');
  return jsonb_build_object(
    'window', query ->> 'window', 'from', until - make_interval(hours => hours), 'to', until) || gateway.page((
      select jsonb_agg(jsonb_build_object(
        'object', 'ranking', 'rank', r.place, query ->> 'kind', r.name, 'requests', r.requests, 'tokens', r.tokens,
        'trend_percentage', r.trend) || case when query ->> 'kind' = 'model'
          then jsonb_build_object('name', m.name, 'developer', m.developer) else '{}' end order by r.place)
      from gateway.ranked(query ->> 'kind', hours, until, most) r left join gateway.models m on m.id = r.name), null);
end;
$$;
