-- The one database call after the answer: what the call cost, once, whatever failed in between.
--
-- Nearly every call is a usual one: whole, of text, at one price, covered by its hold and paid by one grant, of an account without
-- debt and of which nobody need be told. Its cost is known before anything is locked, so that the update of its account is the
-- lock. Whatever a settle may be besides, gateway.finish_any_request settles it.

-- The settlement of a usual call, and what is told of its hold, as a row: it is completed, of text, at a price without tiers. `price`
-- has the whole of that where it has one for what is written or for a request, as gateway.requests records it.
create type gateway.usual_settlement as (
  call_id uuid, account_id uuid, key_id uuid, model text, held bigint, markup integer, placed_at text, most_prompt bigint,
  most_completion bigint, prompt_price bigint, cached_price bigint, written_price bigint, completion_price bigint,
  request_price bigint, price jsonb, provider text, prompt integer, cached integer, written integer, completion integer,
  reasoning integer, request_id text, stream boolean, first_byte_ms integer, duration_ms integer, asked_ms integer, app text,
  end_user text, answer_id text, finish_reason text);

-- The same as finish_request takes it for any call.
create function gateway.whole_settlement(told gateway.usual_settlement) returns jsonb
language sql stable parallel safe
return jsonb_strip_nulls(jsonb_build_object(
  'call_id', (told).call_id, 'outcome', 'completed', 'provider', (told).provider,
  'usage', jsonb_build_object(
    'prompt', (told).prompt, 'cached', (told).cached, 'written', (told).written, 'completion', (told).completion,
    'reasoning', (told).reasoning),
  'request_id', (told).request_id, 'stream', (told).stream, 'first_byte_ms', (told).first_byte_ms,
  'duration_ms', (told).duration_ms, 'asked_ms', (told).asked_ms, 'app', (told).app, 'end_user', (told).end_user,
  'answer_id', (told).answer_id,
  'finish_reason', (told).finish_reason,
  'hold', jsonb_build_object(
    'account_id', (told).account_id, 'key_id', (told).key_id, 'model', (told).model, 'held', (told).held,
    'markup', (told).markup, 'placed_at', (told).placed_at, 'most_prompt', (told).most_prompt,
    'most_completion', (told).most_completion,
    'price', coalesce((told).price, jsonb_build_object(
      'prompt', (told).prompt_price, 'cached', (told).cached_price, 'completion', (told).completion_price, 'request', 0)))));

-- Its one argument, which has no name, is the whole body of the request: the settlement, or of a usual call {"row": …}, as
-- gateway.usual_settlement. It is planned like begin_request.
create function public.finish_request(json) returns json
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s'
  set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  body alias for $1;
  told constant gateway.usual_settlement := (body ->> 'row')::gateway.usual_settlement;
  cached constant integer := coalesce(told.cached, 0);
  written constant integer := coalesce(told.written, 0);
  cost constant bigint := gateway.text_cost(
    told.prompt_price, told.cached_price, told.written_price, told.completion_price, told.request_price, told.prompt, cached,
    written, told.completion, told.markup);
  balance bigint;
  topup_due boolean;
  hold gateway.holds;
  paying bigint;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  if cost <= told.held and told.prompt between 0 and told.most_prompt and told.completion between 0 and told.most_completion
      and cached >= 0 and written >= 0 and told.prompt <= 1000000000 and told.completion <= 1000000000 then
    update gateway.accounts as a set
      balance = a.balance - cost, held = a.held - told.held, month_tokens = a.month_tokens + told.prompt + told.completion
      where id = told.account_id and a.held >= told.held and debt = 0 and (a.balance - cost >= alert_at) is not false
        and (told.end_user is null or not has_end_users and deleted_at is null)
      returning a.balance, (a.balance - a.held < topup_below and coalesce(topup_after <= gateway.now(), true)) is true
      into balance, topup_due;
  end if;
  if balance is null then
    return gateway.finish_any_request(case when told.call_id is null then body::jsonb else gateway.whole_settlement(told) end);
  end if;
  at := gateway.now();
  delete from gateway.holds
    where call_id = told.call_id and account_id = told.account_id and state = 'open' and amount = told.held
    returning * into hold;
  if hold.call_id is not null and cost > 0 then
    -- Nearly always one grant pays it all, and lives on.
    update gateway.credit_grants set remaining = remaining - cost
      where remaining > cost and id = (
        select id from gateway.credit_grants
          where account_id = hold.account_id and live and (expires_at is null or expires_at > hold.created_at)
          order by expires_at nulls last, id limit 1)
      returning id into paying;
  end if;
  if hold.call_id is null or (cost > 0 and paying is null) then
    -- The account is locked, so nobody has seen what this undoes.
    update gateway.accounts as a set
      balance = a.balance + cost, held = a.held + told.held, month_tokens = a.month_tokens - told.prompt - told.completion
      where id = told.account_id;
    if hold.call_id is not null then
      insert into gateway.holds values (hold.*);
    end if;
    return gateway.finish_any_request(gateway.whole_settlement(told));
  end if;
  if cost > 0 then
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (hold.account_id, 'usage', -cost, paying, hold.call_id, balance, coalesce(told.model, ''), at);
  end if;
  insert into gateway.requests
    (call_id, account_id, key_id, request_id, model, provider, outcome, stream, prompt_tokens, cached_tokens, written_tokens,
     completion_tokens, reasoning_tokens, held, cost, markup, first_byte_ms, duration_ms, app, end_user, answer_id, finish_reason,
     asked_ms, prompt_price, cached_price, completion_price, price, created_at, finished_at)
    values
    (hold.call_id, hold.account_id, hold.key_id, told.request_id, coalesce(told.model, ''), told.provider, 'completed',
     coalesce(told.stream, false), told.prompt, cached, written, told.completion,
     least(greatest(coalesce(told.reasoning, 0), 0), told.completion), hold.amount, cost, told.markup, told.first_byte_ms,
     told.duration_ms, told.app, told.end_user, told.answer_id, told.finish_reason, told.asked_ms,
     case when told.price is null then told.prompt_price end, case when told.price is null then told.cached_price end,
     case when told.price is null then told.completion_price end, told.price, hold.created_at, at);
  -- As gateway.count_use does it, for a key whose spending nothing limits.
  update gateway.api_keys set
    requests_used = requests_used + 1, spent = spent + cost, spent_ever = spent_ever + cost,
    last_used_at = greatest(last_used_at, hold.created_at)
    where id = hold.key_id and spend_period is null and spend_limit is null;
  if not found then
    perform gateway.count_use(hold.key_id, 1, cost, hold.created_at, at);
  end if;
  return format('{"cost":%s,"balance":%s,"clamped":false,"exceeding":{},"topup_due":%s}', cost, balance, topup_due::text);
end;
$$;
