-- The one database call before a provider is asked: who calls, what it may cost, and the hold for it.
-- Its steps: gateway.lock_caller, gateway.price_call, gateway.call_refusal, gateway.place_hold.

-- caller: key_hashes (newest pepper first), ip, domain, user_agent, request_id.
-- call: call_id, model, kind (what it is asked for, as gateway.models has it), providers (those that may serve it at our cost), allowed (those that the caller lets serve it,
-- for whom a key of the caller's own may do), prompt_bound (tokens at most, without images), images, tools (whether the
-- prompt comes with tools or a schema, of which the provider makes a text of its own),
-- choices, output_limit (the client's, a choice; null: ours to choose), hold_seconds, markup (basis points), units (what it may use
-- besides tokens of text, see gateway.price_call), and of a turn of a kept chat session_id, instructed, counted (see
-- gateway.open_turn).
-- Answers the frozen candidates, the output limit a choice and the hold, or `refused`; the limits either way; and, if
-- the candidates are the caller's own accounts, the caller's keys there as Fernet tokens;
-- and of a turn the sealed messages before it.
--
-- The plans of its statements are made once a session, since made anew for each call they cost as much as the call; and they
-- read by index only, since a plan outlives the day on which a table was small.
create function public.begin_request(caller jsonb, call jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '400ms'
  set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  smallest_output constant bigint := 256;
  usual_output constant bigint := 4096;
  markup constant integer := (call ->> 'markup')::integer;
  choices constant bigint := (call ->> 'choices')::bigint;
  output_limit constant bigint := (call ->> 'output_limit')::bigint;
  hold_seconds constant double precision := (call ->> 'hold_seconds')::double precision;
  locked record;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  permissions text[];
  model gateway.models;
  at timestamptz;
  limits text;
  own_keys jsonb;
  prompt bigint;
  output bigint;
  priced gateway.priced_call;
  calls_in_flight bigint := 0;
  held_in_flight bigint := 0;
  refused jsonb;
  credit bigint;
  turn gateway.chat_turn;
  placed record;
  answer jsonb;
begin
  if (choices > 0 and markup >= 0 and hold_seconds > 0 and coalesce(output_limit, 1) > 0
      and (call ->> 'prompt_bound')::bigint >= 0 and (call ->> 'images')::bigint >= 0
      and jsonb_typeof(call -> 'providers') = 'array' and jsonb_typeof(call -> 'allowed') = 'array'
      and jsonb_typeof(call -> 'modalities') = 'array' and call ->> 'model' is not null
      and call ->> 'call_id' is not null) is not true then
    -- A null would pass for no choice, no prompt or no image, and hold next to nothing (see gateway.require).
    raise exception using errcode = 'null_value_not_allowed', message = 'a member of the call is missing or out of range';
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  locked := gateway.lock_caller(caller -> 'key_hashes');
  account := locked.account;
  key := locked.key;
  if key.id is null then
    return jsonb_build_object('refused', gateway.refusal(401, 'invalid_api_key'));
  end if;

  at := gateway.now();
  plan := (select whole from gateway.plans as whole where id = gateway.plan_in_force(account, at));
  select roles.permissions into permissions from gateway.roles where name = account.role;
  limits := gateway.limits(account, key, plan);
  if gateway.is_behind(account, at) then
    account := gateway.catch_up(account, at);
  end if;
  -- A month that has passed counts nothing; the row is written when the hold is placed.
  if (at at time zone 'utc')::date >= account.month + interval '1 month' then
    account.month := date_trunc('month', at at time zone 'utc')::date;
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  -- A key counts what is over. Where that decides, what is still open decides with it.
  if key.max_requests is not null or key.spend_limit is not null then
    select count(*), coalesce(sum(amount), 0) into calls_in_flight, held_in_flight
      from gateway.holds where account_id = account.id and key_id = key.id and state = 'open';
    key.requests_used := key.requests_used + calls_in_flight;
  end if;

  model := (select whole from gateway.models as whole where id = call ->> 'model' and enabled);
  if model.id is null then
    model := gateway.find_model(call ->> 'model');
  end if;
  prompt := (call ->> 'prompt_bound')::bigint + (call ->> 'images')::bigint * model.image_tokens
    + coalesce((call ->> 'tools')::boolean, true)::integer * model.tool_tokens;
  output := least(coalesce(output_limit, smallest_output), model.max_output);
  if call ->> 'session_id' is not null and model.id is not null then
    turn := gateway.open_turn(account, call, model, prompt, at);
    prompt := prompt + coalesce(turn.bound + turn.images * model.image_tokens, 0);
    call := call || jsonb_build_object(
      'modalities', call -> 'modalities' || coalesce(turn.modalities, '[]'),
      'images', (call ->> 'images')::bigint + coalesce(turn.images, 0));
  end if;
  if account.has_provider_keys then
    own_keys := gateway.own_keys(account.id, model.id, call -> 'allowed');
  end if;
  if own_keys is null then
    priced := gateway.price_call(model.id, call, prompt, output * choices, markup, at);
  else
    priced := (gateway.own_candidates(model.id, own_keys), 0, 0, 0, 0);
  end if;

  if priced.amount = 0 then
    -- What costs nothing takes nothing from what the key may spend, even if that is used up.
    key.spend_limit := null;
  end if;
  refused := gateway.call_refusal(
    account, key, held_in_flight, plan, permissions, model, priced, caller, call, at);
  if turn.refused is not null and coalesce(refused ->> 'status' not in ('401', '403'), true) then
    refused := turn.refused;
  end if;
  if refused is not null then
    if refused ->> 'status' in ('401', '403') then
      perform gateway.note_refusal(caller, key, refused ->> 'code', at);
    end if;
    return jsonb_build_object('refused', refused, 'limits', limits);
  end if;

  if output_limit is null then
    if priced.amount = 0 then
      output := model.max_output;
    else
      -- Ours to choose: 4 096 tokens or what a quarter of the credit buys, if that is more; and never beyond it.
      credit := least(
        gateway.available(account, at), key.spend_limit - gateway.spent_in_period(key, at) - held_in_flight);
      output := greatest(output, least(
        model.max_output, gateway.affordable_output(priced, prompt, credit, markup) / choices,
        greatest(usual_output, gateway.affordable_output(priced, 0, credit / 4, markup) / choices)));
      priced := gateway.price_call(model.id, call, prompt, output * choices, markup, at);
    end if;
  end if;

  placed := gateway.place_hold(
    (call ->> 'call_id')::uuid, account, key.id, priced.amount,
    at + make_interval(secs => hold_seconds), at);
  if key.key_hash <> caller -> 'key_hashes' ->> 0 and caller -> 'key_hashes' ? key.key_hash then
    -- The hash under the newest pepper replaces an older one that matched; a former secret replaces nothing.
    update gateway.api_keys set key_hash = caller -> 'key_hashes' ->> 0 where id = key.id;
  end if;
  answer := jsonb_build_object(
    'account_id', account.id, 'key_id', key.id, 'model', model.id, 'held', priced.amount, 'markup', markup,
    'placed_at', at, 'limits', limits, 'output_limit', output, 'candidates', priced.candidates,
    'credit_limited', output_limit is null and output < model.max_output, 'context_length', model.context_length,
    'reasoning', model.reasoning, 'image_tokens', model.image_tokens, 'own_keys', coalesce(own_keys, '{}'),
    -- What a provider reports beyond these is not believed.
    'most_prompt', greatest(model.context_length, prompt), 'most_completion', model.max_output * choices);
  if placed.overtaken_by is not null then
    -- The settle overtook us: it is applied now, and the call is over.
    perform public.finish_request(placed.overtaken_by || jsonb_build_object('hold', answer || jsonb_build_object(
      'price', jsonb_path_query_first(priced.candidates, '$[*] ? (@.provider == $provider)',
                                      jsonb_build_object('provider', placed.overtaken_by -> 'provider')),
      'own_key', own_keys is not null)));
  end if;
  if not placed.is_open then
    return jsonb_build_object('limits', limits, 'refused', gateway.refusal(409, 'call_finished'));
  end if;
  if turn.history is not null then
    perform gateway.take_turn(call, at + make_interval(secs => hold_seconds));
    answer := answer || jsonb_build_object('history', turn.history);
  end if;
  -- A hold is a reservation, not money, so the answer need not wait until it is on the disk. If the database crashes before
  -- that, the settlement brings back what the hold was (see finish_request).
  set local synchronous_commit to off;
  return answer;
end;
$$;
