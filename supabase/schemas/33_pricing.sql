-- What a call costs. The gateway computes the same figure for the response (credits/price.rs); a test holds them equal.

-- A reported token count: absent is 0, and no provider's figure may overflow a sum.
create function gateway.token_count(usage jsonb, name text) returns integer
language sql immutable parallel safe
return least(greatest(coalesce((usage ->> name)::numeric, 0), 0), 1000000000)::integer;

-- The one formula, in nano-dollars, rounded up once. Prices are nano-dollars per million tokens, `request_price` per
-- request, `markup` basis points. The last factor is a product on purpose: a quotient of numerics is rounded to 16 digits
-- before it is rounded up.
create function gateway.charge(
  prompt bigint, prompt_price bigint, cached bigint, cached_price bigint, written bigint, written_price bigint,
  completion bigint, completion_price bigint, request_price bigint, markup integer)
returns bigint
language sql immutable parallel safe
return least(9223372036854775807, ceil((
  prompt::numeric * prompt_price + cached::numeric * cached_price + written::numeric * written_price
  + completion::numeric * completion_price + request_price::numeric * 1000000
) * markup * 0.0000000001))::bigint;

-- The cost of a usage at a candidate's frozen prices; null if one of these is not known, which is not free. Token counts
-- come from providers: they are clamped before anything is computed from them. Of parts that exceed the prompt the dearer
-- one is believed.
create function gateway.cost(price jsonb, usage jsonb, markup integer) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  prompt constant integer := gateway.token_count(usage, 'prompt');
  cached integer := least(gateway.token_count(usage, 'cached'), prompt);
  written integer := least(gateway.token_count(usage, 'written'), prompt);
begin
  if (price ->> 'prompt') || (price ->> 'cached') || (price ->> 'written') || (price ->> 'completion')
    || (price ->> 'request') || markup is null then
    return null;
  end if;
  if cached > prompt - written then
    if (price ->> 'cached')::bigint > (price ->> 'written')::bigint then
      written := prompt - cached;
    else
      cached := prompt - written;
    end if;
  end if;
  return gateway.charge(
    prompt - cached - written, (price ->> 'prompt')::bigint, cached, (price ->> 'cached')::bigint,
    written, (price ->> 'written')::bigint, gateway.token_count(usage, 'completion'), (price ->> 'completion')::bigint,
    (price ->> 'request')::bigint, markup);
end;
$$;

-- A call and the routes that may serve it: the routes with their prices of this moment, cheapest first, as the answer
-- has them; the hold at the dearest of them; and the dearest price of each kind.
create type gateway.priced_call as (
  candidates jsonb, amount bigint, prompt_price bigint, completion_price bigint, request_price bigint);

-- Prices a call for a model at the named providers: `prompt` is its bound and `output` its limit, all choices together. A
-- prompt token may turn out new, cached or written into the cache, so it is held at the dearest of these.
-- No route that is priced: no candidates.
create function gateway.price_call(model text, providers jsonb, prompt bigint, output bigint, markup integer)
returns gateway.priced_call
language plpgsql stable
as $$
declare
  most_tokens constant bigint := 1000000000;
  priced gateway.priced_call;
begin
  select
    jsonb_agg(
      jsonb_build_object(
        'provider', provider, 'model', upstream_model, 'prompt', prompt_price,
        'cached', coalesce(cached_price, prompt_price), 'written', coalesce(written_price, prompt_price),
        'completion', completion_price, 'request', request_price)
      order by prompt_price + completion_price, provider),
    max(gateway.charge(
      least(prompt, most_tokens), greatest(prompt_price, cached_price, written_price), 0, 0, 0, 0,
      least(output, most_tokens), completion_price, request_price, markup)),
    max(greatest(prompt_price, cached_price, written_price)), max(completion_price), max(request_price)
    into priced
    from gateway.model_routes
    where model_id = model and enabled and providers ? provider
      and prompt_price is not null and completion_price is not null;
  return priced;
end;
$$;

-- How many output tokens, over all choices, `credit` surely buys after the prompt; a billion stands for any number.
create function gateway.affordable_output(priced gateway.priced_call, prompt bigint, credit bigint, markup integer)
returns bigint
language sql immutable parallel safe
return case
  when priced.completion_price = 0 then 1000000000
  else least(1000000000, div(
    div(credit * 10000000000::numeric, greatest(markup, 1)) - priced.prompt_price * prompt::numeric
    - priced.request_price::numeric * 1000000, priced.completion_price))::bigint
end;
