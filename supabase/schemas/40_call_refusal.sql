-- Where a model of this kind is asked.
create function gateway.asked_at(kind text) returns text
language sql immutable parallel safe
return case kind
  when 'chat' then 'ask it at POST /v1/chat/completions, /v1/messages or /v1/completions'
  when 'embedding' then 'ask it at POST /v1/embeddings'
  when 'rerank' then 'ask it at POST /v1/rerank'
  when 'speech' then 'ask it at POST /v1/audio/speech'
  when 'image' then 'ask it at POST /images/generate or /v1/images/edits'
  when 'transcription' then 'ask it at POST /v1/audio/transcriptions or /v1/audio/translations'
  else 'it is not asked at this address'
end;

-- Why a call may not be made, or null: the first that applies, in the order in which callers are told. `key` counts what it has
-- in flight as used already; `in_flight` is what that has reserved.
create function gateway.call_refusal(
  account gateway.accounts, key gateway.api_keys, in_flight bigint, plan gateway.plans, permissions text[],
  model gateway.models, priced gateway.priced_call, caller jsonb, call jsonb, at timestamptz)
returns jsonb
language plpgsql
as $$
declare
  asked_kind constant text := coalesce(call ->> 'kind', 'chat');
  -- Hardly any call fails, and to ask for the code alone needs no call of a function.
  refused constant jsonb := case
    when gateway.failed_key_check(account, key, permissions, caller, 'inference', coalesce(model.id, call ->> 'model'), at) is not null
    then gateway.key_refusal(account, key, permissions, caller, 'inference', coalesce(model.id, call ->> 'model'), at) end;
  required constant bigint := priced.amount;
  available bigint;
  key_credit bigint;
begin
  if refused is not null then
    return refused;
  end if;

  if model.id is null then
    return gateway.no_such_model(call ->> 'model');
  end if;
  -- A model of images that writes, too, can be chatted with.
  if model.kind <> asked_kind
    and not (asked_kind = 'chat' and model.kind = 'image' and model.output_modalities @> '{text,image}') then
    return gateway.refusal(400, 'unsupported_model', jsonb_build_object(
      'param', 'model', 'message', format('%s is a model of the kind %s: %s.', model.id, model.kind, gateway.asked_at(model.kind))));
  end if;
  -- Most calls are text alone, which needs no query. What the model does not take is not priced, whatever a provider may
  -- make of it.
  if call -> 'modalities' <> '[]'
    and not model.input_modalities @> array(select jsonb_array_elements_text(call -> 'modalities')) then
    return gateway.refusal(400, 'unsupported_modality',
      jsonb_build_object('param', 'messages', 'takes', model.input_modalities));
  end if;
  if asked_kind = 'chat' and call #> '{units,outputs}' ? 'image' and not model.output_modalities @> '{image}' then
    return gateway.refusal(400, 'unsupported_modality', jsonb_build_object(
      'param', 'modalities', 'gives', model.output_modalities, 'message', format(
        '%s makes no pictures: ask a model that has image in its output_modalities (GET /models), or leave out `modalities`.',
        model.id)));
  end if;
  if priced.candidates is null and call ? 'wishes' then
    return gateway.unmet_wishes(model, call);
  end if;
  if priced.candidates is null then
    -- A priced route that may serve the call has no price for what it asks.
    return gateway.refusal(503, case
      when exists (select from gateway.model_routes where model_id = model.id and prompt_price is not null
                                                          and completion_price is not null)
        and not exists (select from gateway.model_routes where model_id = model.id and prompt_price is not null
                          and completion_price is not null and enabled and call -> 'providers' ? provider)
      then 'no_provider' else 'model_not_priced' end);
  end if;

  if account.month_requests >= coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan.requests_per_month)
    or account.month_tokens >= coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan.tokens_per_month) then
    return gateway.refusal(429, 'quota_exceeded', '{"should_retry": false}');
  end if;
  if account.trial_requests_left <= 0 and gateway.is_in_trial(account, at) then
    return gateway.refusal(429, 'trial_requests_used', '{"should_retry": false}');
  end if;

  if required = 0 then
    return null;
  end if;
  available := gateway.available(account, at);
  -- What is free has just paid debt. What calls have cost, credit that open calls reserve will pay when they end.
  if account.refund_debt > 0 or account.debt > available + account.held then
    return gateway.refusal(402, 'account_in_debt',
      jsonb_build_object('required', gateway.dollars(account.debt), 'available', gateway.dollars(available)));
  end if;
  key_credit := key.spend_limit - gateway.spent_in_period(key, at);
  if key_credit < required then
    return gateway.refusal(402, 'spend_limit_reached',
      jsonb_build_object('required', gateway.dollars(required),
                         'available', gateway.dollars(greatest(key_credit, 0))));
  end if;
  if available + account.held - account.debt < required then
    return gateway.refusal(402, 'insufficient_credits',
      jsonb_build_object('required', gateway.dollars(required), 'available', gateway.dollars(available)));
  end if;
  if available < required or key_credit - in_flight < required then
    return gateway.refusal(402, 'credits_in_flight',
      jsonb_build_object('required', gateway.dollars(required),
                         'available', gateway.dollars(least(available, key_credit - in_flight)),
                         'retry_after_ms', 1000, 'should_retry', true));
  end if;
  return null;
end;
$$;
