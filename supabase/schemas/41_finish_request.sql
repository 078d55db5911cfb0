-- The one database call after a provider has answered: the settle.

-- settlement: call_id; outcome ('refused' and 'failed' cost nothing); provider; usage {prompt, cached, written,
-- completion, reasoning} or null; estimated (counted by us: at most the hold is charged); charge_hold (nothing is known of what a
-- reasoning model produced: the hold is charged); and for the record request_id, error_code, stream, first_byte_ms,
-- duration_ms, app. Applies once by call_id, however often, late or early it comes. Answers cost and balance.
create function public.finish_request(settlement jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  this_call uuid := (settlement ->> 'call_id')::uuid;
  outcome text := settlement ->> 'outcome';
  usage jsonb := nullif(settlement -> 'usage', 'null');
  owner uuid;
  account gateway.accounts;
  hold gateway.holds;
  prompt_tokens integer := gateway.token_count(usage, 'prompt');
  completion_tokens integer := gateway.token_count(usage, 'completion');
  payment record;
  cost bigint := 0;
  own_key boolean;
  covered bigint;
  at timestamptz;
  settled gateway.requests;
  earliest_end constant timestamptz := gateway.earliest_end((settlement ->> 'call_id')::uuid);
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select account_id into owner from gateway.holds where call_id = this_call and state <> 'tombstone';
  if not found then
    select * into settled from gateway.requests where call_id = this_call and finished_at >= earliest_end;
    if found then
      return jsonb_build_object('cost', settled.cost, 'repeated', true);
    end if;
    insert into gateway.holds (call_id, state, settlement, created_at, expires_at)
      values (this_call, 'tombstone', settlement, gateway.now(), gateway.now())
      on conflict (call_id) do nothing;
    if found then
      return jsonb_build_object('cost', 0, 'tombstone', true);
    end if;
    -- A begin_request committed in this moment, or this is a repetition before the begin.
    select account_id into owner from gateway.holds where call_id = this_call and state <> 'tombstone';
    if not found then
      return jsonb_build_object('cost', 0, 'repeated', true);
    end if;
  end if;

  select * into account from gateway.accounts where accounts.id = owner for update;
  at := gateway.now();
  -- The account's lock is held, so nobody else changes this hold: a second settle has waited here and finds it gone.
  select * into hold from gateway.holds where call_id = this_call and state <> 'tombstone';
  if not found then
    select * into settled from gateway.requests where call_id = this_call and finished_at >= earliest_end;
    return jsonb_build_object('cost', coalesce(settled.cost, 0), 'repeated', true);
  end if;

  if outcome not in ('refused', 'failed') then
    -- Uncounted is not free, and neither is a provider that the hold does not know.
    cost := hold.amount;
    if usage is not null and settlement ->> 'charge_hold' is distinct from 'true' then
      for i in 0 .. jsonb_array_length(hold.candidates) - 1 loop
        if hold.candidates -> i ->> 'provider' = settlement ->> 'provider' then
          cost := gateway.cost(hold.candidates -> i, usage, hold.markup);
        end if;
      end loop;
      if settlement ->> 'estimated' = 'true' then
        cost := least(cost, hold.amount);
      end if;
    end if;
  end if;

  -- What the hold reserved is this call's; beyond it, only what nobody else has reserved. The rest is debt.
  covered := case when hold.state = 'open' then hold.amount else 0 end;
  if cost > covered then
    covered := covered + gateway.available(account, at);
  end if;
  payment := gateway.spend(
    account, least(cost, covered), 'usage', this_call, hold.model, null, hold.created_at, at);
  account := payment.account;
  if cost > payment.taken then
    account := gateway.take_on_debt(account, cost - payment.taken, 'usage', this_call, hold.model, at);
  end if;
  if hold.state = 'open' then
    account.held := account.held - hold.amount;
  end if;

  if outcome = 'refused' then
    -- Never sent to a provider: no request is recorded, so a tombstone tells that the call is over, and the counters
    -- that decide get their count back.
    update gateway.holds set state = 'tombstone', amount = 0, settlement = finish_request.settlement
      where call_id = this_call;
    update gateway.accounts set
      held = account.held, month_requests = greatest(month_requests - 1, 0),
      trial_requests_left = trial_requests_left + gateway.is_in_trial(account, at)::integer
      where accounts.id = account.id;
    update gateway.api_keys set
      held = held - case when hold.state = 'open' then hold.amount else 0 end,
      requests_used = greatest(requests_used - 1, 0)
      where api_keys.id = hold.key_id;
    return jsonb_build_object('cost', 0, 'balance', account.balance);
  end if;

  own_key := coalesce((hold.candidates -> 0 ->> 'own_key')::boolean, false);
  if own_key then
    update gateway.provider_keys set last_used_at = at
      where account_id = account.id and provider = settlement ->> 'provider';
  end if;
  delete from gateway.holds where call_id = this_call;
  insert into gateway.requests
    (call_id, account_id, key_id, request_id, model, provider, outcome, error_code, stream, prompt_tokens,
     cached_tokens, written_tokens, completion_tokens, reasoning_tokens, estimated, held, cost, first_byte_ms, duration_ms, app, own_key,
     created_at, finished_at)
    values
    (this_call, account.id, hold.key_id, settlement ->> 'request_id', hold.model, settlement ->> 'provider', outcome,
     settlement ->> 'error_code', coalesce((settlement ->> 'stream')::boolean, false),
     prompt_tokens, gateway.token_count(usage, 'cached'), gateway.token_count(usage, 'written'), completion_tokens,
     gateway.token_count(usage, 'reasoning'),
     coalesce((settlement ->> 'estimated')::boolean, false), hold.amount, cost,
     (settlement ->> 'first_byte_ms')::integer, (settlement ->> 'duration_ms')::integer, settlement ->> 'app', own_key,
     hold.created_at, at);
  update gateway.accounts set
    balance = account.balance, held = account.held, debt = account.debt, next_expiry = account.next_expiry,
    month_tokens = month_tokens + prompt_tokens + completion_tokens
    where accounts.id = account.id;
  update gateway.api_keys set
    held = held - case when hold.state = 'open' then hold.amount else 0 end, spent = spent + cost
    where api_keys.id = hold.key_id;
  if account.debt > 0 then
    account := gateway.repay_debt(account, at);
  end if;
  return jsonb_build_object('cost', cost, 'balance', account.balance);
end;
$$;
