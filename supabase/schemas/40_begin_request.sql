-- The one database call before a provider is asked: who calls, what it may cost, and the hold for it.

-- caller: key_hashes (newest pepper first), ip, domain, user_agent, request_id.
-- call: call_id, model, providers (those that may serve it at our cost), allowed (those that the caller lets serve it,
-- for whom a key of the caller's own may do), prompt_bound (tokens at most, without images), images,
-- choices, output_limit (the client's, a choice; null: ours to choose), hold_seconds, markup (basis points).
-- Answers the frozen candidates, the output limit a choice and the hold, or `refused`; the limits either way; and, if
-- the candidates are the caller's own accounts, the caller's keys there as Fernet tokens.
create function public.begin_request(caller jsonb, call jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
<<this>>
declare
  smallest_output constant bigint := 256;
  usual_output constant bigint := 4096;
  at timestamptz;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  model gateway.models;
  permissions text[];
  refused jsonb;
  limits text;
  candidates jsonb;
  this_call uuid := (call ->> 'call_id')::uuid;
  markup integer := (call ->> 'markup')::integer;
  choices bigint := (call ->> 'choices')::bigint;
  prompt_bound bigint;
  output bigint := (call ->> 'output_limit')::bigint;
  available bigint;
  key_credit bigint;
  affordable bigint;
  required bigint;
  amount bigint;
  earlier gateway.holds;
  in_trial boolean;
  found_now gateway.api_keys;
  own_keys jsonb;
  earliest_end constant timestamptz := gateway.earliest_end((call ->> 'call_id')::uuid);
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into key from gateway.api_keys
    where key_hash = any (array(select jsonb_array_elements_text(caller -> 'key_hashes')));
  if not found then
    key := gateway.find_key(caller -> 'key_hashes');
    if key.id is null then
      return jsonb_build_object('refused', gateway.refusal(401, 'invalid_api_key'));
    end if;
  end if;
  -- The account's row first, by itself, then the key's: the order of every function that moves money. What decides
  -- is read after the locks are held.
  select * into account from gateway.accounts where accounts.id = key.account_id for update;
  select * into key from gateway.api_keys where api_keys.id = key.id for update;
  if not caller -> 'key_hashes' ? key.key_hash then
    -- A former secret, or one that a rotation has retired while this waited.
    found_now := gateway.find_key(caller -> 'key_hashes');
    if found_now.id is distinct from key.id then
      return jsonb_build_object('refused', gateway.refusal(401, 'invalid_api_key'));
    end if;
    key.expires_at := found_now.expires_at;
  end if;
  at := gateway.now();
  select * into plan from gateway.plans where plans.id = gateway.plan_in_force(account, at);
  select roles.permissions into permissions from gateway.roles where name = account.role;
  limits := gateway.limits(account, key, plan);
  account := gateway.catch_up(account, at);

  refused := gateway.key_refusal(account, key, permissions, caller, 'inference', call ->> 'model', at);
  if refused is not null then
    if refused ->> 'status' in ('401', '403') then
      perform gateway.note_refusal(caller, key, refused ->> 'code', at);
    end if;
    return jsonb_build_object('refused', refused, 'limits', limits);
  end if;

  select * into model from gateway.models where models.id = call ->> 'model' and enabled;
  if not found then
    return jsonb_build_object('limits', limits, 'refused',
      gateway.refusal(404, 'model_not_found', '{"param": "model"}'));
  end if;
  -- Most calls are text alone, which needs no query.
  if call -> 'modalities' <> '[]' then
    if not model.input_modalities @> array(select jsonb_array_elements_text(call -> 'modalities')) then
      -- What the model does not take is not priced, whatever a provider may make of it.
      return jsonb_build_object('limits', limits, 'refused', gateway.refusal(400, 'unsupported_modality',
        jsonb_build_object('param', 'messages', 'takes', model.input_modalities)));
    end if;
  end if;
  if model.kind <> 'chat' then
    return jsonb_build_object('limits', limits, 'refused',
      gateway.refusal(400, 'unsupported_model', '{"param": "model"}'));
  end if;
  if account.has_provider_keys then
    own_keys := gateway.own_keys(account.id, model.id, call -> 'allowed');
    candidates := gateway.own_candidates(model.id, own_keys);
  end if;
  if candidates is null then
    candidates := gateway.candidates(model.id, call -> 'providers');
  end if;
  if candidates is null then
    return jsonb_build_object('limits', limits, 'refused', gateway.refusal(503, case
      when exists (select from gateway.model_routes where model_id = model.id and prompt_price is not null
                                                          and completion_price is not null)
      then 'no_provider' else 'model_not_priced' end));
  end if;

  -- A month that has passed counts nothing; the row is written below, if the call is admitted.
  if account.month < date_trunc('month', at at time zone 'utc')::date then
    account.month := date_trunc('month', at at time zone 'utc')::date;
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  if account.month_requests >= coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan.requests_per_month)
    or account.month_tokens >= coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan.tokens_per_month) then
    return jsonb_build_object('limits', limits, 'refused',
      gateway.refusal(429, 'quota_exceeded', '{"should_retry": false}'));
  end if;
  in_trial := gateway.is_in_trial(account, at);
  if in_trial and account.trial_requests_left <= 0 then
    return jsonb_build_object('limits', limits, 'refused',
      gateway.refusal(429, 'trial_requests_used', '{"should_retry": false}'));
  end if;

  prompt_bound := (call ->> 'prompt_bound')::bigint + (call ->> 'images')::bigint * model.image_tokens;
  if output is not null then
    output := least(output, model.max_output);
    amount := gateway.hold_amount(candidates, prompt_bound, output * choices, markup);
    required := amount;
  else
    output := least(model.max_output, smallest_output);
    required := gateway.hold_amount(candidates, prompt_bound, output * choices, markup);
  end if;

  if required > 0 then
    available := gateway.available(account, at);
    if account.debt > 0 then
      return jsonb_build_object('limits', limits, 'refused', gateway.refusal(402, 'account_in_debt',
        jsonb_build_object('required', gateway.dollars(account.debt), 'available', gateway.dollars(available))));
    end if;
    key_credit := key.spend_limit - gateway.spent_in_period(key, at) - key.held;
    if key_credit + key.held < required then
      return jsonb_build_object('limits', limits, 'refused', gateway.refusal(402, 'spend_limit_reached',
        jsonb_build_object('required', gateway.dollars(required),
                           'available', gateway.dollars(greatest(key_credit + key.held, 0)))));
    end if;
    if available < required or key_credit < required then
      return jsonb_build_object('limits', limits, 'refused', case
        when available + account.held < required then gateway.refusal(402, 'insufficient_credits',
          jsonb_build_object('required', gateway.dollars(required), 'available', gateway.dollars(available)))
        else gateway.refusal(402, 'credits_in_flight',
          jsonb_build_object('required', gateway.dollars(required),
                             'available', gateway.dollars(least(available, key_credit)),
                             'retry_after_ms', 1000, 'should_retry', true)) end);
    end if;
    if amount is null then
      -- Ours to choose: 4 096 tokens or what a quarter of the credit buys, if that is more; and never beyond it.
      available := least(available, key_credit);
      affordable := gateway.affordable_output(candidates, prompt_bound, available, markup) / choices;
      output := greatest(output, least(
        model.max_output, affordable,
        greatest(usual_output, gateway.affordable_output(candidates, 0, available / 4, markup) / choices)));
      amount := gateway.hold_amount(candidates, prompt_bound, output * choices, markup);
    end if;
  elsif amount is null then
    output := model.max_output;
    amount := 0;
  end if;

  insert into gateway.holds
    (call_id, account_id, key_id, state, amount, model, candidates, markup, created_at, expires_at)
    select this_call, account.id, key.id, 'open', amount, model.id, candidates, markup, at,
           at + make_interval(secs => (call ->> 'hold_seconds')::double precision)
      where not exists (
        select from gateway.requests where call_id = this_call and finished_at >= earliest_end)
    on conflict (call_id) do nothing;
  if not found then
    select * into earlier from gateway.holds where call_id = this_call for update;
    if earlier.state is distinct from 'tombstone' then
      return jsonb_build_object('limits', limits, 'refused', gateway.refusal(409, 'call_finished'));
    end if;
    update gateway.holds set
      account_id = account.id, key_id = key.id, state = 'open', amount = this.amount, model = model.id,
      candidates = this.candidates, markup = this.markup, created_at = at
      where call_id = this_call;
  end if;

  account.held := account.held + amount;
  update gateway.accounts set
    held = account.held, month = account.month, month_requests = account.month_requests + 1,
    month_tokens = account.month_tokens,
    trial_requests_left = trial_requests_left - case when in_trial then 1 else 0 end
    where accounts.id = account.id;
  -- The hash under the newest pepper replaces an older one that matched; a former secret replaces nothing.
  update gateway.api_keys set
    held = held + amount, requests_used = requests_used + 1, last_used_at = at,
    spent = gateway.spent_in_period(key, at),
    spend_period_start = case when spend_period is null then spend_period_start
                              else gateway.period_start(spend_period, at) end,
    key_hash = case when caller -> 'key_hashes' ? key_hash then caller -> 'key_hashes' ->> 0 else key_hash end
    where api_keys.id = key.id;

  if earlier.settlement is not null then
    -- The settle overtook us: it is applied now, and the call is over.
    perform public.finish_request(earlier.settlement);
    return jsonb_build_object('limits', limits, 'refused', gateway.refusal(409, 'call_finished'));
  end if;
  return jsonb_build_object(
    'account_id', account.id, 'key_id', key.id, 'limits', limits, 'held', amount, 'output_limit', output,
    'candidates', candidates, 'reasoning', model.reasoning, 'image_tokens', model.image_tokens)
    || case when own_keys is null then '{}' else jsonb_build_object('own_keys', own_keys) end;
end;
$$;
