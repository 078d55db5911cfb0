-- Usage in groups, for a report.

-- query: from, to (whole hours), group_by (day, hour, model, provider or key), model, provider, key_id.
create function public.get_report(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  group_by constant text := query ->> 'group_by';
  answer jsonb;
begin
  perform gateway.require(query, 'from', 'to', 'group_by');
  with used as (
    select *, case group_by
        when 'day' then jsonb_build_object('day', (hour at time zone 'utc')::date)
        when 'hour' then jsonb_build_object('hour', hour)
        when 'model' then jsonb_build_object('model', model)
        when 'provider' then jsonb_build_object('provider', provider)
        when 'key' then jsonb_build_object('key_id', key_id)
      end as part
    from gateway.used(session.account_id, (query ->> 'from')::timestamptz, (query ->> 'to')::timestamptz)
    where (query ->> 'model' is null or model = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid)
  ),
  groups as (
    select part, sum(cost) as cost, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached,
           sum(completion_tokens) as completion, sum(reasoning_tokens) as reasoning, sum(requests) as requests
    from used group by part
  )
  select jsonb_build_object('results', coalesce(jsonb_agg(
    part || case when group_by = 'key' then jsonb_build_object('key_name', k.name) else '{}' end || jsonb_build_object(
      'total_cost', trim_scale(cost * 0.000000001), 'input_tokens', prompt, 'cached_input_tokens', cached,
      'output_tokens', completion, 'reasoning_tokens', reasoning, 'request_count', requests)
    order by case when group_by in ('day', 'hour') then part end, cost desc, requests desc, part), '[]'))
  into answer
  from groups left join gateway.api_keys k on k.id = (part ->> 'key_id')::uuid;
  return answer;
end;
$$;
