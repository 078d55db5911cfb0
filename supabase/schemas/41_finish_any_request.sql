-- The settle of any call, whatever it was and whatever has become of its hold: see public.finish_request, which settles a usual one
-- by itself.

-- settlement: call_id; outcome ('refused' and 'failed' cost nothing); provider; usage (as of
-- gateway.usage; what is 0 may be left out) or null; estimated (counted by us: at most the hold is charged); charge_hold (nothing is known of what a
-- reasoning model produced: the hold is charged); for the record request_id, error_code, stream, first_byte_ms,
-- duration_ms, asked_ms, attempts (see gateway.requests), app, end_user, tags, metadata, answer_id, finish_reason; turn, of a turn of a kept chat (see gateway.end_turn); stored_response, of a response that is stored (see
-- gateway.store_response); idempotency, of a call with an
-- Idempotency-Key: key, fingerprint and the sealed answer to be kept; and hold, what begin_request answered: account_id, key_id, model, held, markup, placed_at, most_prompt,
-- most_completion, units (the most of each that the call can use, as of gateway.price_call), with price, own_key (the id of the own key, null if it was ours) and ceiling (the most that it may cost) of the candidate that
-- served; replayed_call, the earlier call whose cached answer was given again (then it costs nothing); refused_keys, the ids of own keys that were refused. Null if it gave no answer; then the call was not made,
-- and is refused.
-- Applies once by call_id, however often, late or early it comes. Answers cost and balance, and whether the usage was
-- clamped: no call has more tokens than its model, or more units than it was held for; of those, how many were reported (exceeding);
-- and whether an auto top-up is due (see public.begin_auto_topup).
--
-- What it finds of the call, under the account's lock, says what has happened:
--   an open hold     the usual: it is settled and goes.
--   a swept hold     the call took longer than its hold lived: settled all the same, beyond what is held.
--   a tombstone      over before, and never charged.
--   a request        settled before: the same answer again.
--   nothing          with `hold`: a crash of the database lost the hold, which had not been written to disk. The call was
--                    made, so it is charged, and counted as begin_request had. Without: it has not begun; a
--                    tombstone stops the begin that may still come.
--
-- Its members are read out of JSON once, by these types.
create type gateway.told_hold as (
  account_id uuid, model text, markup integer, own_key uuid, ceiling bigint, price jsonb, most_prompt bigint,
  most_completion bigint, units jsonb);
create type gateway.told_settlement as (
  call_id uuid, outcome text, provider text, usage jsonb, estimated boolean, charge_hold boolean, request_id text,
  error_code text, stream boolean, first_byte_ms integer, duration_ms integer, asked_ms integer, attempts jsonb, app text,
  end_user text, tags jsonb, metadata jsonb, answer_id text, finish_reason text, replayed_call uuid, turn jsonb,
  stored_response jsonb, idempotency jsonb, refused_keys jsonb, hold gateway.told_hold);

create function gateway.finish_any_request(settlement jsonb) returns json
language plpgsql volatile
as $$
declare
  told constant gateway.told_settlement := jsonb_populate_record('(,,,,,,,,,,,,,,,,,,,,,,,,)'::gateway.told_settlement, settlement);
  facts constant gateway.told_hold := told.hold;
  this_call constant uuid := told.call_id;
  outcome constant text := told.outcome;
  price constant gateway.price := jsonb_populate_record('(,,,,,,,,,,,,,,,)'::gateway.price, facts.price);
  model constant text := coalesce(facts.model, '');
  usage jsonb := told.usage;
  used gateway.usage := jsonb_populate_record('(,,,,,,,,,,,,,)'::gateway.usage, usage);
  -- What is no token of text, or a part of one.
  units jsonb := case when coalesce(
      used.written_long, used.image_input, used.audio_input, used.image_output, used.audio_output, used.images, used.searches,
      used.milliseconds, used.characters) is not null
    then usage - '{prompt,cached,written,completion,reasoning}'::text[] end;
  prompt_tokens integer := gateway.clamp(used.prompt)::integer;
  completion_tokens integer := gateway.clamp(used.completion)::integer;
  cached_tokens integer;
  written_tokens integer;
  clamped boolean := coalesce(prompt_tokens > facts.most_prompt or completion_tokens > facts.most_completion, false);
  exceeding jsonb := '{}';
  owner uuid := facts.account_id;
  account gateway.accounts;
  hold gateway.holds;
  reserved bigint;
  most bigint;
  cost bigint := 0;
  paying bigint;
  payment record;
  is_plain boolean;
  at timestamptz;
begin
  if (this_call is not null
      and outcome in ('refused', 'failed', 'completed', 'cut', 'client_left', 'deadline')) is not true then
    raise exception using errcode = 'null_value_not_allowed', message = 'the settlement''s call or outcome is missing';
  end if;
  if owner is null then
    select account_id into owner from gateway.holds where call_id = this_call and state <> 'tombstone';
    if not found then
      return gateway.settle_without_hold(settlement);
    end if;
  end if;
  account := (select whole from gateway.accounts as whole where id = owner for no key update);
  at := gateway.now();
  if told.idempotency is not null and account.deleted_at is null then
    perform gateway.remember_call(owner, settlement, at);
  end if;
  -- The account's lock is held, so nobody else changes this hold: a second settle has waited here and finds it gone.
  if outcome <> 'refused' then
    delete from gateway.holds where call_id = this_call and account_id = owner and state <> 'tombstone'
      returning * into hold;
  end if;
  if hold.call_id is null then
    hold := (select whole from gateway.holds as whole where call_id = this_call);
    if hold.call_id is null and gateway.recover_hold(this_call, account, nullif(settlement -> 'hold', 'null'), at) then
      select * into account from gateway.accounts where id = owner;
      select * into hold from gateway.holds where call_id = this_call;
    end if;
    if hold.state is null or hold.state = 'tombstone' then
      return gateway.settle_without_hold(settlement);
    end if;
    if hold.account_id <> owner then
      perform gateway.refuse(gateway.refusal(409, 'call_finished'));
    end if;
    if outcome = 'refused' then
      if told.turn is not null then
        perform gateway.end_turn(account, this_call, told.turn, at);
      end if;
      return gateway.release_hold(account, hold, settlement, at);
    end if;
    delete from gateway.holds where call_id = this_call;
  end if;

  if clamped then
    prompt_tokens := least(prompt_tokens, facts.most_prompt);
    completion_tokens := least(completion_tokens, facts.most_completion);
    usage := usage || jsonb_build_object('prompt', prompt_tokens, 'completion', completion_tokens);
  end if;
  if units is not null and facts.units is not null then
    exceeding := gateway.exceeding(usage, facts.units);
    if exceeding <> '{}' then
      clamped := true;
      usage := usage || gateway.bounds(exceeding, facts.units);
      units := units || gateway.bounds(exceeding, facts.units);
    end if;
  end if;
  cached_tokens := gateway.clamp(used.cached)::integer;
  written_tokens := gateway.clamp(used.written)::integer;
  if outcome <> 'failed' and told.replayed_call is null then
    -- Uncounted is not free, and neither is a provider that was no candidate. A call that an own key has served costs its fee at
    -- most, whatever the hold covers besides.
    most := least(hold.amount, facts.ceiling);
    cost := most;
    if usage is not null and facts.price is not null and told.charge_hold is not true then
      if units is null then
        cost := case when price.tiers is null and price.reasoning is null then gateway.text_cost(
          price.prompt, price.cached, price.written, price.completion, price.request, prompt_tokens, cached_tokens,
          written_tokens, completion_tokens, facts.markup) end;
      else
        cost := null;
      end if;
      if cost is null then
        cost := coalesce(gateway.cost(facts.price, usage, facts.markup), most);
      end if;
      if told.estimated then
        cost := least(cost, most);
      end if;
    end if;
  end if;
  -- What the hold reserves is this call's; beyond it, only what nobody else has reserved. The rest is debt.
  reserved := case when hold.state = 'open' then hold.amount else 0 end;
  if cost > 0 and cost <= reserved then
    -- Nearly always one grant pays it all, and lives on.
    update gateway.credit_grants set remaining = remaining - cost
      where remaining > cost and id = (
        select id from gateway.credit_grants
          where account_id = owner and live and (expires_at is null or expires_at > hold.created_at)
          order by expires_at nulls last, id limit 1)
      returning id into paying;
  end if;
  if paying is not null then
    account.balance := account.balance - cost;
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (owner, 'usage', -cost, paying, this_call, account.balance, model, at);
  elsif cost > 0 then
    payment := gateway.spend(
      account, case when cost <= reserved then cost else least(cost, reserved + gateway.available(account, at)) end,
      'usage', this_call, model, null, hold.created_at, at);
    account := payment.account;
    if payment.taken < cost then
      account := gateway.take_on_debt(account, cost - payment.taken, 'usage', this_call, model, at);
    end if;
    update gateway.accounts set debt = account.debt, next_expiry = account.next_expiry where id = owner;
  end if;

  if facts.own_key is not null then
    update gateway.provider_keys set last_used_at = at where id = facts.own_key and account_id = account.id;
  end if;
  if told.refused_keys is not null then
    perform gateway.notify_of_own_keys(account.id, told.refused_keys, at);
  end if;
  is_plain := coalesce(
    units is null and price.request = 0 and price.written is null and price.reasoning is null and price.tiers is null, false);
  insert into gateway.requests
    (call_id, account_id, key_id, request_id, model, provider, outcome, error_code, stream, prompt_tokens,
     cached_tokens, written_tokens, completion_tokens, reasoning_tokens, units, estimated, clamped, held, cost, markup, first_byte_ms, duration_ms, app, own_key,
     end_user, tags, metadata, replayed_call, answer_id, finish_reason, asked_ms, attempts, prompt_price, cached_price, completion_price, price,
     created_at, finished_at)
    values
    (this_call, account.id, hold.key_id, told.request_id, model,
     told.provider, outcome,
     told.error_code, coalesce(told.stream, false),
     prompt_tokens, least(cached_tokens, prompt_tokens), least(written_tokens, prompt_tokens), completion_tokens,
     least(gateway.clamp(used.reasoning)::integer, completion_tokens), units,
     coalesce(told.estimated, false), clamped, hold.amount, cost, facts.markup,
     told.first_byte_ms, told.duration_ms, told.app, facts.own_key is not null,
     case when account.deleted_at is null then told.end_user end,
     case when account.deleted_at is null then told.tags end,
     case when account.deleted_at is null then told.metadata end,
     told.replayed_call, told.answer_id, told.finish_reason, told.asked_ms,
     told.attempts, case when is_plain then price.prompt end,
     case when is_plain then price.cached end, case when is_plain then price.completion end,
     case when not is_plain then facts.price end, hold.created_at, at);
  perform gateway.count_use(hold.key_id, (hold.state <> 'swept')::integer, cost, hold.created_at, at);
  if account.has_end_users and told.end_user is not null then
    perform gateway.charge_end_user(owner, told.end_user, cost, hold.created_at, at);
  end if;
  if account.balance < account.alert_at then
    account.alert_at := gateway.notify_of_balance(account, account.balance < gateway.no_balance(), at);
  end if;
  account.held := account.held - reserved;
  update gateway.accounts set
    balance = account.balance, held = account.held, alert_at = account.alert_at, month_tokens = month_tokens + prompt_tokens + completion_tokens,
    month_own_requests = month_own_requests + (facts.own_key is not null and outcome <> 'failed')::integer
    where id = owner;
  if account.debt > 0 then
    account := gateway.repay_debt(account, at);
  end if;
  if told.turn is not null then
    perform gateway.end_turn(account, this_call, told.turn, at);
  end if;
  if told.stored_response is not null then
    perform gateway.store_response(account, this_call, told.stored_response, at);
  end if;
  return format(
    '{"cost":%s,"balance":%s,"clamped":%s,"exceeding":%s,"topup_due":%s}', cost, account.balance, clamped::text, exceeding,
    ((account.balance - account.held < account.topup_below and coalesce(account.topup_after <= at, true)) is true)::text);
end;
$$;
