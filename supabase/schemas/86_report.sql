-- Usage in groups, for a report.

-- query: from, to (whole hours), group_by (day, hour, model, provider, key, user or tag), model, provider, key_id, user, tag. Of user and
-- tag one at most is asked about.
--
-- A request with several tags counts in the group of each. Those that are for no end user are a group by themselves: all that there was,
-- less what was for one.
create function public.get_report(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  group_by constant text := query ->> 'group_by';
  since constant timestamptz := query ->> 'from';
  until constant timestamptz := query ->> 'to';
  label_kind constant text := case
    when group_by = 'user' or query ->> 'user' is not null then 'user'
    when group_by = 'tag' or query ->> 'tag' is not null then 'tag' end;
  counts_nobody constant boolean := group_by = 'user' and query ->> 'user' is null;
  -- Whether nothing else than the label counts.
  by_label constant boolean := group_by in ('user', 'tag') and query ->> 'model' is null and query ->> 'provider' is null
    and query ->> 'key_id' is null;
  answer jsonb;
begin
  perform gateway.require(query, 'from', 'to', 'group_by');
  perform gateway.sum_up_latest(session.account_id, gateway.now());
  with labelled as (
    select hour, key_id, model, provider, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.used_by_label(session.account_id, label_kind, group_by = 'hour', since, until)
    where label_kind is not null and not by_label
    union all
    select hour, null, null, null, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.label_sums(session.account_id, label_kind, since, until) where by_label
  ),
  usage as (
    select hour, key_id, model, provider, null as label, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from gateway.used_by_hour(session.account_id, since, until)
    where group_by = 'hour' and label_kind is null
    union all
    select hour, key_id, model, provider, null, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from gateway.used(session.account_id, since, until)
    where group_by <> 'hour' and (label_kind is null or counts_nobody)
    union all
    select hour, key_id, model, provider, label, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from labelled where label = coalesce(query ->> 'user', query ->> 'tag', label)
    union all
    select null, key_id, model, provider, null, -sum(requests), -sum(prompt_tokens), -sum(cached_tokens), -sum(completion_tokens),
           -sum(reasoning_tokens), -sum(cost)
    from labelled where counts_nobody group by key_id, model, provider
  ),
  -- What is told in JSON, which takes longer than to sum it up, are the groups and no rows.
  summed as (
    select case group_by
        when 'day' then (hour at time zone 'utc')::date::text
        when 'hour' then to_jsonb(hour) #>> '{}'
        when 'model' then model
        when 'provider' then provider
        when 'key' then key_id::text
        else label
      end as value,
      sum(cost) as cost, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached, sum(completion_tokens) as completion,
      sum(reasoning_tokens) as reasoning, sum(requests) as requests
    from usage
    where (query ->> 'model' is null or model = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid)
    group by value having sum(requests) > 0
  ),
  groups as (
    select jsonb_build_object(case group_by when 'key' then 'key_id' else group_by end, value) as part, cost, prompt, cached, completion,
           reasoning, requests
    from summed
  ),
  placed as (
    select *, group_by in ('user', 'tag') and row_number() over (
        partition by coalesce(part ->> group_by, gateway.other_labels()) = gateway.other_labels()
        order by cost desc, requests desc, part) > gateway.most_labels() as is_other
    from groups
  ),
  told as (
    select case when is_other then jsonb_build_object(group_by, gateway.other_labels()) else part end as part, sum(cost) as cost,
           sum(prompt) as prompt, sum(cached) as cached, sum(completion) as completion, sum(reasoning) as reasoning,
           sum(requests) as requests
    from placed group by 1
  )
  select jsonb_build_object('results', coalesce(jsonb_agg(
    part || case when group_by = 'key' then jsonb_build_object('key_name', k.name) else '{}' end || jsonb_build_object(
      'total_cost', trim_scale(cost * 0.000000001), 'input_tokens', prompt, 'cached_input_tokens', cached,
      'output_tokens', completion, 'reasoning_tokens', reasoning, 'request_count', requests)
    order by case when group_by in ('day', 'hour') then part end, cost desc, requests desc, part), '[]'))
  into answer
  from told left join gateway.api_keys k on k.id = (part ->> 'key_id')::uuid;
  return answer;
end;
$$;
