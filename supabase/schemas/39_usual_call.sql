-- A call about which there is nothing to decide, as nearly every one is. Postgres makes each node of every statement and expression
-- ready anew in each transaction, which takes longer than to run it: so one statement reads it all, and asks as little as shows
-- that gateway.call_refusal would find nothing. Conditions are of what is handed in or of single tables where they can be: a
-- column that a join need not hand on costs nothing.

-- What begin_request is asked, its members read out of JSON once.
create type gateway.asked_call as (
  call_id uuid, model text, kind text, providers jsonb, allowed jsonb, prompt_bound bigint, images bigint, tools boolean,
  modalities jsonb, choices bigint, output_limit bigint, hold_seconds double precision, markup integer, session_id text,
  stored_response jsonb, idempotency jsonb);

create type gateway.usual_call as (
  key_id uuid, candidates jsonb, amount bigint, prompt bigint, output bigint, limits text,
  context_length bigint, max_output bigint, reasoning boolean, image_tokens bigint, markup integer, deprecated bigint);

-- The call of a locked account with the key of this hash, if it is a usual one; else nothing, and begin_any_request finds out what
-- it is.
--
-- A client that sets no output limit may have all that its model can write, if a quarter of its credit buys it from all routes
-- together: then gateway.choose_output would choose the same.
create function gateway.usual_call(
  account gateway.accounts, hash text, call jsonb, asked gateway.asked_call, at timestamptz)
returns setof gateway.usual_call
language sql stable rows 1
begin atomic
  select
    k.id, routes.candidates, routes.amount, m.prompt, m.output, gateway.limits(account, k, p),
    m.context_length, m.max_output, m.reasoning, m.image_tokens,
    gateway.plan_markup((asked).markup, p.price_factor), m.deprecated
  from gateway.api_keys as k
  cross join gateway.plans as p
  -- Not to be merged into the query around it, which would reckon both sizes once for each place that names them.
  cross join (
    select
      (asked).prompt_bound + coalesce((asked).tools, true)::integer * tool_tokens as prompt,
      least((asked).output_limit, max_output) as output,
      context_length, max_output, reasoning, image_tokens, extract(epoch from deprecated_at)::bigint as deprecated
    from gateway.models
    where id = (asked).model and enabled and kind = coalesce((asked).kind, 'chat')
    offset 0
  ) as m
  cross join lateral (
    select
      jsonb_agg(r.candidate order by r.prompt_price + r.completion_price, r.provider) as candidates,
      max(gateway.most_charged(
        m.prompt, greatest(r.prompt_price, r.cached_price, r.written_price),
        m.output * (asked).choices, greatest(r.completion_price, r.reasoning_price), r.request_price,
        gateway.plan_markup((asked).markup, p.price_factor))) as amount,
      greatest(count(*), 1) as count
    from gateway.model_routes as r
    where r.model_id = (asked).model and r.enabled and (asked).providers ? r.provider
      and r.prompt_price is not null and r.completion_price is not null
    having bool_and(m.prompt <= r.plain_up_to)
  ) as routes
  -- Its account is compared so that no index of the accounts serves: one may have many keys.
  where k.key_hash = hash and k.account_id is not distinct from (account).id
    and p.id = gateway.plan_in_force(account, at)
    -- Nothing keeps the account from calling, and nothing narrows the key.
    and (account).disabled_at is null and not (account).has_provider_keys and not (account).has_end_users
    and gateway.is_behind(account, at) is not true and (account).month >= gateway.month_of(at)
    and not gateway.is_in_trial(account, at)
    and (account).month_requests < coalesce(((account).rate_limits ->> 'requests_per_month')::bigint, p.requests_per_month)
    and (account).month_tokens < coalesce(((account).rate_limits ->> 'tokens_per_month')::bigint, p.tokens_per_month)
    and exists (
      select from gateway.roles as r where r.name = (account).role and gateway.covers(r.permissions, 'inference'))
    and gateway.covers(k.scopes, 'inference')
    and k.revoked_at is null and k.disabled_at is null and k.expires_at is null and k.max_requests is null and k.spend_limit is null
    and k.ip_allowlist = '{}' and k.domain_allowlist = '{}' and k.allowed_models = '{}' and not k.trace_content
    -- The call is whole, of one model, of text alone, no turn of a chat, no response that is stored, and has no Idempotency-Key.
    and (asked).modalities = '[]' and (asked).images = 0 and not call ?| '{units,wishes,hedged,alternatives}'
    and (asked).session_id is null and (asked).stored_response is null and (asked).idempotency is null
    and jsonb_typeof((asked).providers) = 'array' and jsonb_typeof((asked).allowed) = 'array'
    and (asked).choices > 0 and (asked).markup >= 0 and (asked).hold_seconds > 0 and (asked).call_id is not null
    and (asked).prompt_bound >= 0 and coalesce((asked).output_limit, 1) > 0
    -- The credit for it is there.
    and routes.amount <= (account).balance - (account).held
    and ((asked).output_limit is not null or routes.amount <= ((account).balance - (account).held) / (4 * routes.count));
end;
