-- The one database call before a provider is asked: who calls, what it may cost, and the hold for it.
--
-- Nearly every call is a usual one, about which there is nothing to decide: it asks as little as shows that gateway.call_refusal would
-- find nothing. Whatever a call may be besides, gateway.begin_any_request begins it, under the same lock.
--
-- Postgres makes each node of every statement and expression ready anew in each transaction, which takes longer than to run it. So
-- each table is read by a statement of its own and for few columns, since every join makes each of its columns ready again; and what
-- concerns hardly any call stands where only such a call comes.
--
-- Its one argument, which has no name, is the whole body of the request: {"caller": …, "call": …}, as gateway.begin_any_request takes
-- it, or of a call that may be a usual one {"row": …}, as gateway.usual_ask. PostgREST hands such an argument on as it came, where it
-- would read named ones out of the body first. It is json and not jsonb, which would take all of it apart.
--
-- The plans of its statements are made once a session, since made anew for each call they cost as much as the call; and they
-- read by index only, since a plan outlives the day on which a table was small.
create function public.begin_request(json) returns json
language plpgsql volatile security definer set search_path = '' set lock_timeout = '400ms'
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  body alias for $1;
  asked constant gateway.usual_ask := (body ->> 'row')::gateway.usual_ask;
  account gateway.accounts;
  key record;
  plan record;
  model record;
  routes record;
  prompt bigint;
  output bigint;
  markup integer;
  limits text;
  credit bigint;
  earliest_end timestamptz;
  until timestamptz;
  is_placed boolean := false;
  unflushed text;
  at timestamptz;
  in_words jsonb;
begin
  <<usual>>
  begin
    exit usual when (asked.choices > 0 and asked.markup >= 0 and asked.hold_seconds > 0 and asked.prompt_bound >= 0
      and coalesce(asked.output_limit, 1) > 0) is not true;
    -- The account's row is locked first and by itself: the order of every function that moves money. Its key is read after that.
    account := (
      select whole from gateway.accounts as whole
        where id = (select account_id from gateway.api_keys where key_hash = asked.key_hash)
        for no key update);
    at := gateway.now();
    exit usual when gateway.may_be_usual(account, at) is not true;
    select id, rate_limits, environment, cache_ttl into key from gateway.api_keys
      -- Its account is compared so that no index of the accounts serves: one may have many keys.
      where key_hash = asked.key_hash and account_id is not distinct from account.id
        and revoked_at is null and disabled_at is null and expires_at is null and max_requests is null and spend_limit is null
        and ip_allowlist = '{}' and domain_allowlist = '{}' and allowed_models = '{}' and not trace_content
        and gateway.covers(scopes, 'inference');
    exit usual when not found;
    select id, price_factor, plans.limits, requests_per_month, tokens_per_month into plan
      from gateway.plans where id = gateway.plan_in_force(account, at);
    exit usual when not found;
    -- As gateway.word_of_limits has it.
    if account.rate_limits = '{}' and key.rate_limits = '{}' and key.environment = 'live' then
      exit usual when account.month_requests >= plan.requests_per_month or account.month_tokens >= plan.tokens_per_month;
      limits := plan.limits;
    else
      exit usual when not gateway.has_own_month_left(account, plan.requests_per_month, plan.tokens_per_month);
      limits := gateway.own_limit_pairs(plan.id, account.rate_limits, key.rate_limits, key.environment);
    end if;
    select context_length, max_output, reasoning, image_tokens, tool_tokens, deprecated_at into model from gateway.models
      where id = asked.model and enabled and kind = coalesce(asked.kind, 'chat');
    exit usual when not found;
    prompt := asked.prompt_bound + coalesce(asked.tools, true)::integer * model.tool_tokens;
    output := least(asked.output_limit, model.max_output);
    markup := gateway.plan_markup(asked.markup, plan.price_factor);
    select string_agg(candidate, ', ') as candidates, max(most) as held, greatest(count(*), 1) as count into routes
      from (
        select
          r.candidate::text as candidate,
          -- A route at another price than the plain one is more than any credit.
          case when prompt <= r.plain_up_to then gateway.most_charged(
              prompt, greatest(r.prompt_price, r.cached_price, r.written_price),
              output * asked.choices, greatest(r.completion_price, r.reasoning_price), r.request_price, markup)
            else 9223372036854775807 end as most
        from gateway.model_routes as r
        where r.model_id = asked.model and r.enabled and r.provider = any (asked.providers)
          and r.prompt_price is not null and r.completion_price is not null
        order by r.prompt_price + r.completion_price, r.provider
      ) as priced;
    -- A client that sets no output limit may have all that its model can write, if a quarter of its credit buys it from all routes
    -- together: then gateway.choose_output would choose the same.
    credit := account.balance - account.held;
    exit usual when (
      routes.held <= credit and (asked.output_limit is not null or routes.held <= credit / nullif(4 * routes.count, 0))) is not true;
    -- As gateway.earliest_end has it, without taking the id apart.
    earliest_end := coalesce(least(to_timestamp(asked.begun), at) - interval '7 days', '-infinity');
    until := at + asked.hold_seconds * interval '1 second';
    -- As gateway.place_hold does it, for a call that has left nothing yet, in a month that is counted.
    insert into gateway.holds (call_id, account_id, key_id, request_id, model, state, amount, created_at, expires_at)
      select asked.call_id, account.id, key.id, asked.request_id, asked.model, 'open', routes.held, at, until
        where not exists (
          select from gateway.requests
            where call_id = asked.call_id and finished_at >= earliest_end and finished_at <= at + interval '1 day')
      on conflict (call_id) do nothing;
    is_placed := found;
  end;
  if not is_placed then
    -- Which may be the first thing that is written for a week: see make_months.
    if not gateway.has_month(gateway.now() + interval '7 days') then
      perform gateway.make_months(gateway.now());
    end if;
    in_words := case when asked.call_id is null then body::jsonb else gateway.whole_ask(asked) end;
    return gateway.begin_any_request(in_words -> 'caller', in_words -> 'call');
  end if;
  update gateway.accounts set
    held = accounts.held + routes.held, next_overdue = least(next_overdue, until), month_requests = month_requests + 1
    where id = account.id;

  -- An assignment costs a tenth of what `perform` does.
  unflushed := gateway.commit_unflushed();
  -- One `format` costs a tenth of what it takes to build an object. The limits are made of names, numbers and ids.
  return format(
    '{"output_limit":%s,"held":%s,"context_length":%s,"image_tokens":%s,"most_prompt":%s,"most_completion":%s,'
    '"account_id":"%s","key_id":"%s","model":%s,"markup":%s,"placed_at":%s,"candidates":[%s],'
    '"limits":"account=%s key=%s plan=%s%s%s","reasoning":%s,"credit_limited":false,"own_keys":{},"deprecated":%s}',
    output, routes.held, model.context_length, model.image_tokens, greatest(model.context_length, prompt),
    model.max_output * asked.choices, account.id, key.id, to_json(asked.model), markup, to_json(at), routes.candidates,
    account.id, key.id, plan.id, limits, ' cache=' || key.cache_ttl, model.reasoning::text,
    coalesce(extract(epoch from model.deprecated_at)::bigint::text, 'null'));
end;
$$;
