-- A call about which there is nothing to decide, as nearly every one is. Postgres makes each node of every statement and expression
-- ready anew in each transaction, which takes longer than to run it: so one statement reads it all, and asks as little as shows
-- that gateway.call_refusal would find nothing. Conditions are of single tables where they can be: a column that a
-- join need not hand on costs nothing.

-- What begin_request is asked, its members read out of JSON once.
create type gateway.asked_call as (
  call_id uuid, model text, kind text, providers jsonb, allowed jsonb, prompt_bound bigint, images bigint, tools boolean,
  modalities jsonb, choices bigint, output_limit bigint, hold_seconds double precision, markup integer, session_id text,
  stored_response jsonb, idempotency jsonb);

create type gateway.usual_call as (
  model text, priced gateway.priced_call, amount bigint, prompt bigint, output bigint, credit bigint, limits text,
  context_length bigint, max_output bigint, reasoning boolean, image_tokens bigint);

-- The output limit that a call is priced with while its client has set none.
create function gateway.smallest_output() returns bigint
language sql immutable parallel safe
return 256;

-- The output limit of a choice where the client has set none: 4 096 tokens or what a quarter of the credit buys, if that is more;
-- never beyond the credit.
create function gateway.choose_output(
  priced gateway.priced_call, prompt bigint, credit bigint, max_output bigint, choices bigint, markup integer)
returns bigint
language plpgsql immutable
as $$
declare
  usual_output constant bigint := 4096;
begin
  return greatest(least(gateway.smallest_output(), max_output), least(
    max_output, gateway.affordable_output(priced, prompt, credit, markup) / choices,
    greatest(usual_output, gateway.affordable_output(priced, 0, credit / 4, markup) / choices)));
end;
$$;

-- The call of a locked account, if it is a usual one; else nothing, and begin_any_request finds out what it is.
create function gateway.usual_call(
  account_id uuid, key_id uuid, caller jsonb, call jsonb, asked gateway.asked_call, at timestamptz)
returns setof gateway.usual_call
language sql stable rows 1
begin atomic
  select
    m.id, priced.priced, (priced.priced).amount, sized.prompt, sized.output,
    a.balance - a.held, gateway.limits(a, k, p),
    m.context_length, m.max_output, m.reasoning, m.image_tokens
  from gateway.accounts as a
  cross join gateway.api_keys as k
  join gateway.roles as r on r.name = a.role
  join gateway.plans as p on p.id = gateway.plan_in_force(a, at)
  cross join gateway.models as m
  cross join lateral (
    select
      (asked).prompt_bound + (asked).images * m.image_tokens
        + coalesce((asked).tools, true)::integer * m.tool_tokens as prompt,
      least(coalesce((asked).output_limit, gateway.smallest_output()), m.max_output) as output
  ) as sized
  cross join lateral (
    select gateway.price_call(
      m.id, call, sized.prompt, sized.output * (asked).choices, (asked).markup, at) as priced
    offset 0
  ) as priced
  where a.id = account_id and k.id = key_id and m.id = (asked).model
    -- Nothing keeps the account from calling, and nothing narrows the key.
    and a.disabled_at is null and not a.has_provider_keys
    and gateway.is_behind(a, at) is not true and a.month >= gateway.month_of(at) and not gateway.is_in_trial(a, at)
    and a.month_requests < coalesce((a.rate_limits ->> 'requests_per_month')::bigint, p.requests_per_month)
    and a.month_tokens < coalesce((a.rate_limits ->> 'tokens_per_month')::bigint, p.tokens_per_month)
    and gateway.covers(r.permissions, 'inference') and gateway.covers(k.scopes, 'inference')
    and k.key_hash = caller -> 'key_hashes' ->> 0
    and k.revoked_at is null and k.expires_at is null and k.max_requests is null and k.spend_limit is null
    and k.ip_allowlist = '{}' and k.domain_allowlist = '{}' and k.allowed_models = '{}'
    -- The call is whole, of text alone, no turn of a chat, no response that is stored, and has no Idempotency-Key.
    and m.enabled and m.kind = coalesce((asked).kind, 'chat') and (asked).modalities = '[]'
    and (asked).session_id is null and (asked).stored_response is null and (asked).idempotency is null
    and jsonb_typeof((asked).providers) = 'array' and jsonb_typeof((asked).allowed) = 'array'
    and (asked).choices > 0 and (asked).markup >= 0 and (asked).hold_seconds > 0 and (asked).call_id is not null
    and (asked).prompt_bound >= 0 and (asked).images >= 0 and coalesce((asked).output_limit, 1) > 0
    -- It has a price, and the credit for it is there.
    and (priced.priced).amount <= a.balance - a.held;
end;
