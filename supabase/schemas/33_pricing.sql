-- What a call costs. The gateway computes the same figure for the response (credits/price.rs); a test holds them equal.

-- A reported token count: absent is 0, and no provider's figure may overflow a sum.
create function gateway.token_count(usage jsonb, name text) returns integer
language sql immutable parallel safe
return least(greatest(coalesce((usage ->> name)::numeric, 0), 0), 1000000000)::integer;

-- The same of any count.
create function gateway.clamp(count numeric) returns numeric
language sql immutable parallel safe
return least(greatest(coalesce(count, 0), 0), 1000000000);

create function gateway.read_usage(usage jsonb) returns gateway.usage
language plpgsql immutable parallel safe
as $$
declare
  u constant gateway.usage := jsonb_populate_record(null::gateway.usage, usage);
begin
  return (
    gateway.clamp(u.prompt), gateway.clamp(u.cached), gateway.clamp(u.written), gateway.clamp(u.written_long),
    gateway.clamp(u.image_input), gateway.clamp(u.audio_input), gateway.clamp(u.completion), gateway.clamp(u.reasoning),
    gateway.clamp(u.image_output), gateway.clamp(u.audio_output), gateway.clamp(u.images), gateway.clamp(u.searches),
    gateway.clamp(u.milliseconds), gateway.clamp(u.characters))::gateway.usage;
end;
$$;

-- A frozen price for a prompt of this length: at the highest of the tiers that lie strictly below it.
create function gateway.in_tier(price jsonb, prompt numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (price - 'tiers') || coalesce((
    select tier from jsonb_array_elements(price -> 'tiers') as tier
    where (tier ->> 'above')::bigint < prompt order by (tier ->> 'above')::bigint desc limit 1), '{}');
end;
$$;

-- The price of each kind for a prompt of this length; a kind of token that has none costs what its prompt or completion does.
create function gateway.read_price(price jsonb, prompt numeric) returns gateway.price
language plpgsql immutable parallel safe
as $$
declare
  p constant gateway.price := jsonb_populate_record(
    null::gateway.price, case when price ? 'tiers' then gateway.in_tier(price, prompt) else price end);
begin
  return (
    p.prompt, coalesce(p.cached, p.prompt), coalesce(p.written, p.prompt), coalesce(p.written_long, p.written, p.prompt),
    coalesce(p.image_input, p.prompt), coalesce(p.audio_input, p.prompt), p.completion, coalesce(p.reasoning, p.completion),
    coalesce(p.image_output, p.completion), coalesce(p.audio_output, p.completion), p.request, coalesce(p.image, 0),
    coalesce(p.search, 0), coalesce(p.second, 0), coalesce(p.character, 0), null)::gateway.price;
end;
$$;

-- Parts of a total that are together more than it: the dearer ones are believed, one after the other, until nothing is left.
create function gateway.believed(total numeric, parts numeric[], prices bigint[]) returns numeric[]
language plpgsql immutable parallel safe
as $$
declare
  room numeric := total;
  part integer;
begin
  for part in select place from unnest(prices) with ordinality as priced (price, place) order by price desc, place loop
    parts[part] := least(parts[part], room);
    room := room - parts[part];
  end loop;
  return parts;
end;
$$;

-- A usage whose parts are together no more than what they are parts of.
create function gateway.believe(u gateway.usage, p gateway.price) returns gateway.usage
language plpgsql immutable parallel safe
as $$
declare
  written numeric := greatest(u.written - u.written_long, 0);
  parts numeric[];
begin
  if u.cached + written + u.written_long + u.image_input + u.audio_input > u.prompt then
    parts := gateway.believed(
      u.prompt, array[u.cached, written, u.written_long, u.image_input, u.audio_input],
      array[p.cached, p.written, p.written_long, p.image_input, p.audio_input]);
    u.cached := parts[1]; u.written := parts[2] + parts[3]; u.written_long := parts[3];
    u.image_input := parts[4]; u.audio_input := parts[5];
  end if;
  if u.reasoning + u.image_output + u.audio_output > u.completion then
    parts := gateway.believed(
      u.completion, array[u.reasoning, u.image_output, u.audio_output], array[p.reasoning, p.image_output, p.audio_output]);
    u.reasoning := parts[1]; u.image_output := parts[2]; u.audio_output := parts[3];
  end if;
  return u;
end;
$$;

-- Millionths of nano-dollars as what is charged: with the markup in basis points, rounded up once. The last factor is a product
-- on purpose: a quotient of numerics is rounded to 16 digits before it is rounded up.
-- Its argument stands there once, so that Postgres puts it in the caller's place; of what is not known it makes the most.
create function gateway.charge(millionths numeric, markup integer) returns bigint
language sql immutable parallel safe
return least(9223372036854775807, ceil(millionths * markup * 0.0000000001))::bigint;

-- The markup of a call under a plan, in basis points: what both make of a price. A part of one is rounded up.
create function gateway.plan_markup(markup integer, factor integer) returns integer
language sql immutable parallel safe
return case when factor = 10000 then markup else ceil(markup::bigint * factor * 0.0001)::integer end;

-- The one formula: what a usage costs at a candidate's frozen price. Null if a price that every call has is not known, which is
-- not free.
create function gateway.cost(price jsonb, usage jsonb, markup integer) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  u gateway.usage := gateway.read_usage(usage);
  p constant gateway.price := gateway.read_price(price, u.prompt);
  written numeric;
begin
  if p.prompt + p.completion + p.request + markup is null then
    return null;
  end if;
  u := gateway.believe(u, p);
  written := greatest(u.written - u.written_long, 0);
  return gateway.charge(
    (u.prompt - u.cached - written - u.written_long - u.image_input - u.audio_input) * p.prompt
    + u.cached * p.cached + written * p.written + u.written_long * p.written_long
    + u.image_input * p.image_input + u.audio_input * p.audio_input
    + (u.completion - u.reasoning - u.image_output - u.audio_output) * p.completion
    + u.reasoning * p.reasoning + u.image_output * p.image_output + u.audio_output * p.audio_output
    + (p.request + u.images * p.image + u.searches * p.search) * 1000000
    + u.milliseconds * p.second * 1000 + u.characters * p.character,
    markup);
end;
$$;

-- The same for what nearly every call is: text, of which some may be cached, at a price that has no tiers and no price of its own for
-- what is thought, as its caller knows. One expression, which is put in its caller's place. Null where the parts are more than the
-- prompt or a price is not known: then gateway.cost has the word.
create function gateway.text_cost(
  prompt_price bigint, cached_price bigint, written_price bigint, completion_price bigint, request_price bigint,
  prompt integer, cached integer, written integer, completion integer, markup integer)
returns bigint
language sql immutable parallel safe
return case when cached::bigint + written <= prompt then nullif(gateway.charge(
  (prompt - cached - written) * prompt_price::numeric + cached * coalesce(cached_price, prompt_price)::numeric
  + written * coalesce(written_price, prompt_price)::numeric + completion * completion_price::numeric
  + request_price::numeric * 1000000,
  markup), 9223372036854775807) end;

-- The units of a usage of which there are more than a call was held for (units, as of gateway.price_call).
create function gateway.exceeding(usage jsonb, units jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return coalesce((
    select jsonb_object_agg(name, (usage ->> name)::numeric)
    from unnest('{images,searches,milliseconds,characters}'::text[]) as name
    where (usage ->> name)::numeric > coalesce((units ->> name)::numeric, 0)), '{}');
end;
$$;

-- As many of these units as a call was held for.
create function gateway.bounds(exceeding jsonb, units jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (
    select jsonb_object_agg(name, coalesce(units -> name, '0')) from jsonb_object_keys(exceeding) as name);
end;
$$;
