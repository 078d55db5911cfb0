-- The beginning of any call: gateway.lock_caller, gateway.offer (gateway.price_call, gateway.call_refusal), gateway.place_hold. See
-- public.begin_request, which begins a usual one by itself.

-- caller: key_hashes (newest pepper first), ip, domain, user_agent, request_id.
-- call: call_id, begun (when the gateway made it, in Unix time), model, kind (what it is asked for, as gateway.models has it), providers (those that may serve it at our cost), allowed (those that the caller lets serve it,
-- for whom a key of the caller's own may do; true: all of them), own_key_fee (what calls with such keys cost, see gateway.own_keys_for), wishes (see gateway.meets), hedged (see gateway.price_call), prompt_bound (tokens at most, without images), images, tools (whether the
-- prompt comes with tools or a schema, of which the provider makes a text of its own),
-- choices, output_limit (the client's, a choice; null: ours to choose), hold_seconds, markup (basis points), units (what it may use
-- besides tokens of text, see gateway.price_call), and of a turn of a kept chat session_id, instructed, prompt_tokens, counted
-- (see gateway.open_turn). Of a response that is to be stored, or that goes on from one that is, stored_response: wished (whether
-- it is to be stored), previous (the id of the one that it goes on from) and counted (as of a turn). And idempotency, of a call with
-- an Idempotency-Key: key and fingerprint. And end_user, whom the caller makes it for, in its own word.
-- And alternatives, further models that may answer in its place, in turn: of each what of the call is another there (model, providers,
-- allowed). They are held for together, once, at the dearest. The list ends at the first that the caller may not ask or cannot pay;
-- one that nobody serves as it is asked is left out.
-- Answers the frozen candidates, the output limit a choice and the hold, or `refused`; the limits either way; and, if
-- some candidates are the caller's own accounts, the caller's keys there as Fernet tokens, by their ids;
-- and of a turn the sealed messages before it, of a response the sealed conversation before it and, if it is to be stored, whether
-- its account keeps any (stores). With alternatives those that may be asked come as answers of their own, each with its place among the models
-- that were named, from 0, and `ends`: why the list went no further, null if it did.
create function gateway.begin_any_request(caller jsonb, call jsonb) returns jsonb
language plpgsql
as $$
declare
  markup integer := (call ->> 'markup')::integer;
  choices constant bigint := (call ->> 'choices')::bigint;
  hold_seconds constant double precision := (call ->> 'hold_seconds')::double precision;
  further constant jsonb := coalesce(call -> 'alternatives', '[]');
  locked record;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  permissions text[];
  at timestamptz;
  limits text;
  calls_in_flight bigint := 0;
  held_in_flight bigint := 0;
  offer gateway.offer;
  offers gateway.offer[];
  before gateway.call_history;
  refused jsonb;
  ends jsonb;
  earlier jsonb;
  held bigint := 0;
  placed record;
  answers jsonb[];
  answer jsonb;
begin
  if (choices > 0 and markup >= 0 and hold_seconds > 0 and coalesce((call ->> 'output_limit')::bigint, 1) > 0
      and (call ->> 'prompt_bound')::bigint >= 0 and (call ->> 'images')::bigint >= 0
      and jsonb_typeof(call -> 'providers') = 'array' and (jsonb_typeof(call -> 'allowed') = 'array' or call -> 'allowed' = 'true')
      and jsonb_typeof(call -> 'modalities') = 'array' and call ->> 'model' is not null
      and call ->> 'call_id' is not null) is not true then
    -- A null would pass for no choice, no prompt or no image, and hold next to nothing (see gateway.require).
    raise exception using errcode = 'null_value_not_allowed', message = 'a member of the call is missing or out of range';
  end if;
  locked := gateway.lock_caller(caller -> 'key_hashes');
  account := locked.account;
  key := locked.key;
  if key.id is null then
    return jsonb_build_object('refused', gateway.refusal(401, 'invalid_api_key'));
  end if;

  at := gateway.now();
  plan := (select whole from gateway.plans as whole where id = gateway.plan_in_force(account, at));
  markup := gateway.plan_markup(markup, plan.price_factor);
  select roles.permissions into permissions from gateway.roles where name = account.role;
  limits := gateway.limits(account, key, plan);
  if gateway.is_behind(account, at) then
    account := gateway.catch_up(account, at);
  end if;
  if account.month < gateway.month_of(at) then
    -- A month that has passed counts nothing; the row is written when the hold is placed.
    account.month_requests := 0;
    account.month_tokens := 0;
    account.month_own_requests := 0;
  end if;
  -- A key counts what is over. Where that decides, what is still open decides with it.
  if key.max_requests is not null or key.spend_limit is not null then
    select count(*), coalesce(sum(amount), 0) into calls_in_flight, held_in_flight
      from gateway.holds where account_id = account.id and key_id = key.id and state = 'open';
    key.requests_used := key.requests_used + calls_in_flight;
  end if;

  for place in 0 .. jsonb_array_length(further) loop
    offer := gateway.offer(
      account, key, held_in_flight, plan, permissions, markup, caller,
      call || case when place = 0 then '{}' else further -> (place - 1) end, at);
    offer.place := place;
    ends := offer.refused;
    if ends is null then
      offers := offers || offer;
      held := greatest(held, (offer.priced).amount);
    end if;
    exit when ends is not null and not gateway.is_about_the_model(ends);
  end loop;
  -- What ends the list is told only where those before it fail.
  if offers is null then
    refused := ends;
  end if;
  if call ->> 'idempotency' is not null and coalesce(refused ->> 'status' not in ('401', '403'), true) then
    -- Whatever has changed since, the answer was paid for.
    earlier := gateway.earlier_call(account.id, call -> 'idempotency', at);
    if earlier ? 'earlier' then
      return earlier || jsonb_build_object('limits', limits);
    end if;
    refused := coalesce(earlier -> 'refused', refused);
  end if;
  if refused is not null then
    if refused ->> 'status' in ('401', '403') then
      perform gateway.note_refusal(caller, key, refused ->> 'code', at);
    elsif refused ->> 'status' = '402' then
      perform gateway.notify_of_refusal(account, key, refused ->> 'code', at);
      if refused ->> 'code' = 'end_user_budget_reached' then
        perform gateway.notify_of_budget_refusal(gateway.end_user_of(account.id, call ->> 'end_user'), at);
      end if;
    end if;
    return jsonb_build_object(
      'refused', refused, 'limits', limits,
      'topup_due', case
        when refused ->> 'status' = '402' and account.balance - account.held < account.topup_below
          and coalesce(account.topup_after <= at, true)
        then account.id end);
  end if;

  placed := gateway.place_hold(
    (call ->> 'call_id')::uuid, account.id, key.id, held,
    at + make_interval(secs => hold_seconds), at, case when account.has_end_users then call ->> 'end_user' end,
    nullif(caller ->> 'request_id', call ->> 'call_id'), (offers[1]).model.id);
  if key.key_hash <> caller -> 'key_hashes' ->> 0 and caller -> 'key_hashes' ? key.key_hash then
    -- The hash under the newest pepper replaces an older one that matched; a former secret replaces nothing.
    update gateway.api_keys set key_hash = caller -> 'key_hashes' ->> 0 where id = key.id;
  end if;
  foreach offer in array offers loop
    answers := array_append(answers, jsonb_build_object(
      'account_id', account.id, 'key_id', key.id, 'model', (offer.model).id, 'held', held, 'markup', markup,
      'placed_at', at, 'limits', limits, 'output_limit', offer.output,
      'candidates', case when cardinality(offers) = 1 then (offer.priced).candidates
        else gateway.capped((offer.priced).candidates, (offer.priced).amount) end,
      'credit_limited', call ->> 'output_limit' is null and offer.output < (offer.model).max_output,
      'context_length', (offer.model).context_length,
      'reasoning', (offer.model).reasoning, 'image_tokens', (offer.model).image_tokens,
      'own_keys', gateway.own_tokens((offer.own).keys),
      'deprecated', extract(epoch from (offer.model).deprecated_at)::bigint,
      -- What a provider reports beyond these is not believed.
      'most_prompt', greatest((offer.model).context_length, offer.prompt),
      'most_completion', (offer.model).max_output * choices)
      || case when key.trace_content then '{"trace_content": true}'::jsonb else '{}' end
      || case when further = '[]' then '{}' else jsonb_build_object('place', offer.place) end);
  end loop;
  answer := answers[1];
  if not placed.is_open then
    return gateway.not_begun(placed.overtaken_by, answer);
  end if;
  if further <> '[]' then
    answer := answer || jsonb_build_object('alternatives', to_jsonb(answers[2:]), 'ends', ends);
  end if;
  before := (offers[1]).before;
  if call ->> 'session_id' is not null then
    perform gateway.take_turn(call, at + make_interval(secs => hold_seconds));
  end if;
  if before.history is not null then
    answer := answer || jsonb_build_object('history', before.history);
  end if;
  if before.items is not null then
    answer := answer || jsonb_build_object('items', before.items);
  end if;
  if call #>> '{stored_response,wished}' = 'true' then
    answer := answer || jsonb_build_object('stores', gateway.response_retention(account.id) > 0);
  end if;
  if call ->> 'idempotency' is not null then
    perform gateway.claim_key(
      account.id, (call ->> 'call_id')::uuid, call -> 'idempotency', at + make_interval(secs => hold_seconds));
  end if;
  perform gateway.commit_unflushed();
  return answer;
end;
$$;
