-- A call about which there is nothing to decide, as nearly every one is. Postgres makes each node of every statement and expression
-- ready anew in each transaction, which takes longer than to run it: so one statement reads it all, and asks as little as shows
-- that gateway.call_refusal would find nothing. Conditions are of what is handed in or of single tables where they can be: a
-- column that a join need not hand on costs nothing.

-- What begin_request is asked, its members read out of JSON once.
create type gateway.asked_call as (
  call_id uuid, model text, kind text, providers jsonb, allowed jsonb, prompt_bound bigint, images bigint, tools boolean,
  modalities jsonb, choices bigint, output_limit bigint, hold_seconds double precision, markup integer, session_id text,
  stored_response jsonb, idempotency jsonb, units jsonb, wishes jsonb, hedged boolean, begun bigint, alternatives jsonb);

create type gateway.usual_call as (
  key_id uuid, candidates text, amount bigint, prompt bigint, output bigint, limits text,
  context_length bigint, max_output bigint, reasoning boolean, image_tokens bigint, markup integer, deprecated bigint);

-- Whether an account for which an operator has set limits of its own has calls and tokens left in its month. Hardly any has, so this
-- is not put in its caller's place, where every call would make its parts ready.
create function gateway.has_own_month_left(account gateway.accounts, plan_requests bigint, plan_tokens bigint) returns boolean
language plpgsql immutable
as $$
begin
  return account.month_requests < coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan_requests)
    and account.month_tokens < coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan_tokens);
end;
$$;

-- Whether nothing about an account, its month apart, and about what is asked keeps a call from being a usual one.
create function gateway.may_be_usual(account gateway.accounts, asked gateway.asked_call, at timestamptz) returns boolean
language sql immutable parallel safe
return
  account.disabled_at is null and not account.has_provider_keys and not account.has_end_users
  and gateway.is_behind(account, at) is not true and account.month >= gateway.month_of(at)
  -- In a trial that nothing has bought off, begin_any_request finds out whether a plan stands in front of it.
  and (account.trial_ends_at > at and not account.has_purchased) is not true
  -- The call is whole, of one model, of text alone, no turn of a chat, no response that is stored, and has no Idempotency-Key.
  and asked.modalities = '[]' and asked.images = 0 and asked.units is null and asked.wishes is null and asked.hedged is not true
  and asked.session_id is null and asked.stored_response is null and asked.idempotency is null and asked.alternatives is null
  and jsonb_typeof(asked.providers) = 'array' and asked.allowed is not null
  and asked.choices > 0 and asked.markup >= 0 and asked.hold_seconds > 0 and asked.call_id is not null
  and asked.prompt_bound >= 0 and coalesce(asked.output_limit, 1) > 0;

-- The call of a locked account with the key of this hash, if it is a usual one, as it may be; else nothing, and begin_any_request
-- finds out what it is.
--
-- A client that sets no output limit may have all that its model can write, if a quarter of its credit buys it from all routes
-- together: then gateway.choose_output would choose the same.
--
-- Each table is read by a query of its own, which `offset 0` keeps one: merged into one, they would hand all their columns from
-- join to join, each of which is made ready again at every step, and would reckon a size once for each place that names it.
create function gateway.usual_call(account gateway.accounts, hash text, asked gateway.asked_call, at timestamptz)
returns setof gateway.usual_call
language sql stable rows 1
begin atomic
  select
    k.id, routes.candidates, routes.amount, m.prompt, m.output, p.limits,
    m.context_length, m.max_output, m.reasoning, m.image_tokens, m.markup, m.deprecated
  from (
    select id, rate_limits, environment, cache_ttl
    from gateway.api_keys
    -- Its account is compared so that no index of the accounts serves: one may have many keys.
    where key_hash = hash and account_id is not distinct from (account).id
      and revoked_at is null and disabled_at is null and expires_at is null and max_requests is null and spend_limit is null
      and ip_allowlist = '{}' and domain_allowlist = '{}' and allowed_models = '{}' and not trace_content
      and gateway.covers(scopes, 'inference')
      -- A role that is asked for beside a column is asked for once, behind the key.
      and case when key_hash is not null then (
        select gateway.covers(permissions, 'inference') from gateway.roles where name = (account).role) end
    offset 0
  ) as k
  cross join lateral (
    select
      price_factor,
      gateway.word_of_limits(
        (account).id, k.id, id, limits, (account).rate_limits, k.rate_limits, k.environment, k.cache_ttl) as limits
    from gateway.plans
    where id = gateway.plan_in_force(account, at)
      and case when (account).rate_limits = '{}'
        then (account).month_requests < requests_per_month and (account).month_tokens < tokens_per_month
        else gateway.has_own_month_left(account, requests_per_month, tokens_per_month) end
    offset 0
  ) as p
  cross join lateral (
    select
      (asked).prompt_bound + coalesce((asked).tools, true)::integer * tool_tokens as prompt,
      least((asked).output_limit, max_output) as output,
      context_length, max_output, reasoning, image_tokens, extract(epoch from deprecated_at)::bigint as deprecated,
      gateway.plan_markup((asked).markup, p.price_factor) as markup
    from gateway.models
    where id = (asked).model and enabled and kind = coalesce((asked).kind, 'chat')
    offset 0
  ) as m
  cross join lateral (
    select
      '[' || string_agg(r.candidate::text, ', ' order by r.prompt_price + r.completion_price, r.provider) || ']' as candidates,
      max(gateway.most_charged(
        m.prompt, greatest(r.prompt_price, r.cached_price, r.written_price),
        m.output * (asked).choices, greatest(r.completion_price, r.reasoning_price), r.request_price, m.markup)) as amount,
      greatest(count(*), 1) as count
    from gateway.model_routes as r
    where r.model_id = (asked).model and r.enabled and (asked).providers ? r.provider
      and r.prompt_price is not null and r.completion_price is not null
    having bool_and(m.prompt <= r.plain_up_to)
  ) as routes
  -- The credit for it is there.
  where routes.amount <= (account).balance - (account).held
    and ((asked).output_limit is not null or routes.amount <= ((account).balance - (account).held) / (4 * routes.count));
end;
