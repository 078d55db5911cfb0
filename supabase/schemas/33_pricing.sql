-- What a call costs. The gateway computes the same figure for the response (credits/price.rs); a test holds them equal.

-- A reported token count: absent is 0, and no provider's figure may overflow a sum.
create function gateway.token_count(usage jsonb, name text) returns integer
language sql immutable parallel safe
return least(greatest(coalesce((usage ->> name)::numeric, 0), 0), 1000000000)::integer;

-- The cost of a usage at a candidate's frozen prices (see gateway.candidates), in nano-dollars, rounded up once.
-- The last factor is a product on purpose: a quotient of numerics is rounded to 16 digits before it is rounded up.
-- Token counts come from providers: they are clamped before anything is computed from them.
create function gateway.cost(price jsonb, usage jsonb, markup integer) returns bigint
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  prompt integer := gateway.token_count(usage, 'prompt');
  cached integer := least(gateway.token_count(usage, 'cached'), prompt);
  written integer := least(gateway.token_count(usage, 'written'), prompt - cached);
  completion integer := gateway.token_count(usage, 'completion');
begin
  return least(9223372036854775807, ceil((
    (prompt - cached - written)::numeric * (price ->> 'prompt')::bigint
    + cached::numeric * (price ->> 'cached')::bigint
    + written::numeric * (price ->> 'written')::bigint
    + completion::numeric * (price ->> 'completion')::bigint
    + (price ->> 'request')::numeric * 1000000
  ) * markup * 0.0000000001));
end;
$$;

-- The routes by which the named providers serve a model, cheapest first, with the prices of this moment.
create function gateway.candidates(model text, providers jsonb) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
      jsonb_build_object(
        'provider', provider, 'model', upstream_model, 'prompt', prompt_price,
        'cached', coalesce(cached_price, prompt_price), 'written', coalesce(written_price, prompt_price),
        'completion', completion_price, 'request', request_price)
      order by prompt_price + completion_price, provider)
    from gateway.model_routes
    where model_id = model and enabled and providers ? provider
      and prompt_price is not null and completion_price is not null);
end;
$$;

-- The most that a prompt token can cost, new, cached or written into the cache.
create function gateway.dearest_prompt(price jsonb) returns bigint
language sql immutable parallel safe
return greatest((price ->> 'prompt')::bigint, (price ->> 'cached')::bigint, (price ->> 'written')::bigint);

-- The hold for a call's prompt bound and output limit (all choices together) at the dearest candidate.
create function gateway.hold_amount(candidates jsonb, prompt_bound bigint, output bigint, markup integer) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
  usage constant jsonb := jsonb_build_object('prompt', prompt_bound, 'completion', output);
  price jsonb;
  dearest bigint := 0;
begin
  for i in 0 .. jsonb_array_length(candidates) - 1 loop
    price := candidates -> i;
    price := jsonb_set(price, '{prompt}', to_jsonb(gateway.dearest_prompt(price)));
    dearest := greatest(dearest, gateway.cost(price, usage, markup));
  end loop;
  return dearest;
end;
$$;

-- How many output tokens, over all choices, `credit` surely buys after the prompt; a billion stands for any number.
create function gateway.affordable_output(candidates jsonb, prompt_bound bigint, credit bigint, markup integer)
returns bigint
language plpgsql immutable set search_path = ''
as $$
declare
  price jsonb;
  prompt bigint := 0;
  completion bigint := 0;
  request bigint := 0;
begin
  for i in 0 .. jsonb_array_length(candidates) - 1 loop
    price := candidates -> i;
    prompt := greatest(prompt, gateway.dearest_prompt(price));
    completion := greatest(completion, (price ->> 'completion')::bigint);
    request := greatest(request, (price ->> 'request')::bigint);
  end loop;
  if completion = 0 then
    return 1000000000;
  end if;
  return least(1000000000, div(div(credit * 10000000000::numeric, greatest(markup, 1))
               - prompt * prompt_bound::numeric - request::numeric * 1000000, completion));
end;
$$;
