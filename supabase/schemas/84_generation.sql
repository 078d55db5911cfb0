-- One call as OpenRouter's clients look it up.

-- A call of an account that is over, or nothing. asked: call_id, or else answer_id, the provider's id of an answer, by which the
-- account's newest calls are looked through: whoever asks by it asks soon.
create function gateway.find_generation(account uuid, asked jsonb) returns gateway.requests
language plpgsql stable
as $$
declare
  window_size constant integer := 5000;
  call constant uuid := asked ->> 'call_id';
  answer constant text := asked ->> 'answer_id';
  made gateway.requests;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and account_id = account and finished_at >= gateway.earliest_end(call, gateway.now());
  else
    select * into made from (
        select * from gateway.requests where account_id = account
          order by finished_at desc limit window_size) as newest
      where answer_id = answer order by finished_at desc limit 1;
  end if;
  return made;
end;
$$;

-- A call of the calling key, or of its account where the key may see what that has used (see gateway.find_generation).
create function public.get_generation(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  sees_all constant boolean := (
    select gateway.covers(k.scopes, 'usage:read') and gateway.covers(r.permissions, 'usage:read')
    from gateway.api_keys as k, gateway.roles as r where k.id = session.key_id and r.name = session.role);
  made gateway.requests := gateway.find_generation(session.account_id, asked);
begin
  if made.call_id is null or not (sees_all or made.key_id = session.key_id) then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found'));
  end if;
  return jsonb_build_object('data', jsonb_build_object(
    'id', 'gen-' || replace(made.call_id::text, '-', ''), 'upstream_id', made.answer_id,
    'request_id', coalesce(made.request_id, made.call_id::text),
    'session_id', null, 'external_user', made.end_user,
    'model', made.model, 'provider_name', coalesce(made.provider, ''), 'router', null, 'preset_id', null,
    'service_tier', null, 'api_type', null,
    'created_at', made.created_at, 'streamed', made.stream, 'cancelled', made.outcome = 'client_left',
    'finish_reason', coalesce(made.finish_reason, case made.outcome when 'completed' then 'stop' else 'error' end),
    'native_finish_reason', made.finish_reason,
    'latency', coalesce(made.first_byte_ms, made.duration_ms, 0),
    'generation_time', coalesce(made.duration_ms - made.first_byte_ms, 0), 'moderation_latency', null,
    'tokens_prompt', made.prompt_tokens, 'tokens_completion', made.completion_tokens,
    'native_tokens_prompt', made.prompt_tokens, 'native_tokens_completion', made.completion_tokens,
    'native_tokens_reasoning', made.reasoning_tokens, 'native_tokens_cached', made.cached_tokens,
    'native_tokens_cache_creation', made.written_tokens,
    'native_tokens_completion_images', coalesce((made.units ->> 'image_output')::integer, 0),
    'num_media_prompt', 0, 'num_media_completion', coalesce((made.units ->> 'images')::integer, 0),
    'num_input_audio_prompt', 0, 'num_search_results', coalesce((made.units ->> 'searches')::integer, 0), 'num_fetches', 0,
    'billable_web_search_calls', 0, 'web_search_engine', null,
    'total_cost', gateway.dollars(made.cost), 'usage', gateway.dollars(made.cost),
    'upstream_inference_cost', 0, 'cache_discount', null, 'is_byok', made.own_key,
    'origin', coalesce(made.app, ''), 'http_referer', made.app, 'user_agent', null, 'app_id', null,
    'data_region', 'global', 'workspace_id', made.account_id, 'response_cache_source_id', 'gen-' || replace(made.replayed_call::text, '-', ''),
    'provider_responses', null));
end;
$$;

-- What was used in each of the last thirty UTC days that are over, or in one of them, by model and provider. query: date, key_id.
create function public.list_openrouter_activity(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  today constant timestamptz := gateway.period_start('day', gateway.now());
  day constant timestamptz := (query ->> 'date')::date::timestamp at time zone 'utc';
  since constant timestamptz := greatest(coalesce(day, '-infinity'), today - interval '720 hours');
  until constant timestamptz := least(coalesce(day + interval '24 hours', 'infinity'), today);
begin
  return jsonb_build_object('data', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'date', used_on, 'model', model, 'model_permaslug', model, 'endpoint_id', provider || ' | ' || model,
      'provider_name', provider, 'requests', requests, 'usage', gateway.dollars(cost), 'byok_usage_inference', 0,
      'prompt_tokens', prompt, 'completion_tokens', completion, 'reasoning_tokens', reasoning,
      'workspace_id', session.account_id) order by used_on desc, cost desc, model, provider), '[]')
    from (
      select (hour at time zone 'utc')::date as used_on, model, provider, sum(requests)::bigint as requests,
             sum(cost)::bigint as cost, sum(prompt_tokens)::bigint as prompt, sum(completion_tokens)::bigint as completion,
             sum(reasoning_tokens)::bigint as reasoning
      from gateway.used(session.account_id, since, until)
      where query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid
      group by 1, 2, 3
    ) as days));
end;
$$;
