-- What a call may cost, before it is made: the routes that can serve it, their frozen prices, and the hold at the dearest.

-- A call and the routes that may serve it: the routes with their prices of this moment, cheapest first, as the answer
-- has them; the hold at the dearest of them; and the dearest price of each kind, request_price with all that is no token.
create type gateway.priced_call as (
  candidates jsonb, amount bigint, prompt_price bigint, completion_price bigint, request_price bigint);

-- One of the routes, with the dearest of its prices that the answer can reach.
create type gateway.priced_route as (
  candidate jsonb, prompt_price bigint, completion_price bigint, request_price bigint);

-- Whether a window of prices (gateway.model_routes.windows) is open at a moment. Past midnight it is that of the day before.
create function gateway.is_open(price_window jsonb, at timestamptz) returns boolean
language plpgsql immutable
as $$
declare
  utc constant timestamp := at at time zone 'utc';
  opens constant time := price_window ->> 'from';
  closes constant time := price_window ->> 'until';
  today constant boolean := not price_window ? 'days' or price_window -> 'days' @> to_jsonb(extract(isodow from utc));
  yesterday constant boolean :=
    not price_window ? 'days' or price_window -> 'days' @> to_jsonb(extract(isodow from utc - interval '1 day'));
begin
  return case when opens < closes then today and utc::time >= opens and utc::time < closes
              else (today and utc::time >= opens) or (yesterday and utc::time < closes) end;
end;
$$;

-- A price at a moment: of the windows that are open then, the later in the list has the last word.
create function gateway.price_at(price jsonb, windows jsonb, at timestamptz) returns jsonb
language plpgsql immutable
as $$
declare
  price_window jsonb;
begin
  for price_window in select * from jsonb_array_elements(windows) loop
    if gateway.is_open(price_window, at) then
      price := price || (price_window - '{from,until,days}'::text[]);
    end if;
  end loop;
  return price;
end;
$$;

-- The moments at which a price can be another within so many seconds: now, and whenever a window opens or closes.
create function gateway.price_moments(windows jsonb, at timestamptz, seconds double precision) returns setof timestamptz
language sql stable set search_path = ''
as $$
  select at
  union
  select moment
  from jsonb_array_elements(windows) as price_window,
    generate_series((at at time zone 'utc')::date, (at + make_interval(secs => seconds)) at time zone 'utc', '1 day') as day,
    lateral (values ((day + (price_window ->> 'from')::time) at time zone 'utc'),
                    ((day + (price_window ->> 'until')::time) at time zone 'utc')) as bounds (moment)
  where moment > at and moment <= at + make_interval(secs => seconds)
$$;

-- A price by which a route can serve a call: of the kinds that the call can have, the dearest in any tier that its prompt can
-- reach. `units` is the call's (see gateway.price_call).
create function gateway.dearest(candidate jsonb, call jsonb, units jsonb, prompt bigint) returns gateway.priced_route
language plpgsql stable
as $$
declare
  outputs constant jsonb := coalesce(nullif(units -> 'outputs', 'null'), '[]');
  asked constant gateway.usage := gateway.read_usage(units);
  tier jsonb;
  p gateway.price;
  dearest gateway.priced_route := (candidate, 0, 0, 0);
begin
  for tier in
    select '{}' union all
    select element from jsonb_array_elements(coalesce(candidate -> 'tiers', '[]')) as element
    where (element ->> 'above')::bigint < prompt
  loop
    p := gateway.read_price((candidate - 'tiers') || tier, prompt);
    dearest.prompt_price := greatest(
      dearest.prompt_price, p.prompt, p.cached, p.written,
      case when units ->> 'long_cache' = 'true' then p.written_long end,
      case when call -> 'modalities' ? 'image' then p.image_input end,
      case when call -> 'modalities' ? 'audio' then p.audio_input end);
    dearest.completion_price := greatest(
      dearest.completion_price, p.completion, p.reasoning, p.image_output,
      case when outputs ? 'audio' then p.audio_output end);
    dearest.request_price := greatest(
      dearest.request_price,
      least(9223372036854775807,
        p.request + asked.images * p.image + asked.searches * p.search
        + ceil(asked.milliseconds * p.second * 0.001) + ceil(asked.characters * p.character * 0.000001)));
  end loop;
  return dearest;
end;
$$;

-- A route for a call that plain prices do not price: frozen at the price of the moment, or, if a window opens or closes while the
-- call may run, at the dearest of these moments. Null if it has no price for what the call asks.
create function gateway.price_route(
  route gateway.model_routes, call jsonb, prompt bigint, output bigint, at timestamptz)
returns gateway.priced_route
language plpgsql stable
as $$
declare
  units constant jsonb := coalesce(nullif(call -> 'units', 'null'), '{}');
  asked constant gateway.usage := gateway.read_usage(units);
  frozen jsonb := route.candidate;
  moment timestamptz;
  at_moment gateway.priced_route;
  dearest gateway.priced_route;
begin
  -- A unit is paid for by itself or by the call's tokens; what is paid for by neither is not free.
  if route.prompt_price + route.completion_price = 0 and (
    (asked.images > 0 and coalesce(route.image_price, route.image_output_price) is null and route.image_prices is null)
    or (asked.searches > 0 and route.search_price is null)
    or (asked.milliseconds > 0 and coalesce(route.second_price, route.audio_input_price) is null)
    or (asked.characters > 0 and coalesce(route.character_price, route.audio_output_price) is null)) then
    return null;
  end if;
  if units -> 'outputs' ? 'image' and asked.images = 0 and (route.image_price is not null or route.image_prices is not null) then
    -- Of the pictures within an answer nobody knows before how many there are.
    return null;
  end if;
  if route.image_prices is not null then
    -- A size and quality that is not in the list may be the dearest.
    frozen := frozen || jsonb_build_object('image', coalesce(
      (route.image_prices ->> (units ->> 'image'))::bigint, route.image_price,
      (select max(price::bigint) from jsonb_each_text(route.image_prices) as listed (image, price))));
  end if;
  if route.prompt_image_price is not null then
    -- How many there are is known, whatever comes of the call.
    frozen := frozen || jsonb_build_object(
      'request', route.request_price + route.prompt_image_price * (call ->> 'images')::bigint);
  end if;
  if route.windows is null then
    return gateway.dearest(frozen, call, units, prompt);
  end if;
  for moment in
    select * from gateway.price_moments(route.windows, at, (call ->> 'hold_seconds')::double precision)
  loop
    at_moment := gateway.dearest(gateway.price_at(frozen, route.windows, moment), call, units, prompt);
    if dearest.candidate is null
      or prompt::numeric * at_moment.prompt_price + output::numeric * at_moment.completion_price
         + at_moment.request_price::numeric * 1000000
       > prompt::numeric * dearest.prompt_price + output::numeric * dearest.completion_price
         + dearest.request_price::numeric * 1000000 then
      dearest := at_moment;
    end if;
  end loop;
  return dearest;
end;
$$;

-- What so many tokens cost at these prices.
create function gateway.most_charged(
  prompt bigint, prompt_price bigint, output bigint, completion_price bigint, request_price bigint, markup integer)
returns bigint
language sql immutable parallel safe
return gateway.charge(
  least(prompt, 1000000000)::numeric * prompt_price + least(output, 1000000000)::numeric * completion_price
  + request_price::numeric * 1000000, markup);

-- Whether a route costs no more than its caller wishes. most: prompt, completion (of a million tokens), request, image (in the prompt),
-- each in nano-dollars; what is absent, or has no price, is not too dear.
create function gateway.is_within(route gateway.model_routes, most jsonb) returns boolean
language sql immutable parallel safe
return coalesce(route.prompt_price <= (most ->> 'prompt')::bigint, true)
  and coalesce(route.completion_price <= (most ->> 'completion')::bigint, true)
  and coalesce(route.request_price <= (most ->> 'request')::bigint, true)
  and coalesce(route.prompt_image_price <= (most ->> 'image')::bigint, true);

-- Prices a call (as of begin_request) for a model: `prompt` is its bound and `output` its limit, all choices together. A prompt
-- token may turn out new, cached or written into the cache, so it is held at the dearest of these; pictures, sound and a long
-- cache count where the call has them.
-- call.units, null for a call of text: outputs (what the answer may have besides text: image, audio), long_cache (whether
-- it asks for one), and the most of each unit that it can use: images, searches, milliseconds, characters; `image` is the size
-- and quality of each, as of model_routes.image_prices.
-- No route that is priced: no candidates. call.hedged: whether another may be asked beside, for which it is held, too; then
-- request_price has what the prompt costs there.
create function gateway.price_call(
  model text, call jsonb, prompt bigint, output bigint, markup integer, at timestamptz)
returns gateway.priced_call
language plpgsql stable
as $$
declare
  providers constant jsonb := call -> 'providers';
  is_plain constant boolean := call -> 'modalities' = '[]' and coalesce(call -> 'units', 'null') = 'null';
  priced gateway.priced_call;
begin
  select
    jsonb_agg((route).candidate order by cheapness, provider),
    max(gateway.most_charged(
      prompt, (route).prompt_price, output, (route).completion_price, (route).request_price, markup)),
    max((route).prompt_price), max((route).completion_price), max((route).request_price)
    into priced
    from (
      select
        r.provider, r.prompt_price + r.completion_price as cheapness,
        case when is_plain and prompt <= r.plain_up_to
          then (r.candidate, greatest(r.prompt_price, r.cached_price, r.written_price),
                greatest(r.completion_price, r.reasoning_price), r.request_price)::gateway.priced_route
          else gateway.price_route(r, call, prompt, output, at) end as route
      from gateway.model_routes as r
      where r.model_id = model and r.enabled and providers ? r.provider
        and r.prompt_price is not null and r.completion_price is not null
        and (not call ? 'wishes' or gateway.meets(r, call -> 'wishes'))
      -- Not to be merged into the query around it, which would price each route once a column.
      offset 0
    ) as routes
    where (route).candidate is not null;
  if call ->> 'hedged' = 'true' and jsonb_array_length(priced.candidates) > 1 then
    -- Of another that is asked beside and dropped the prompt is charged, rounded up by itself.
    priced.amount := priced.amount + gateway.most_charged(
      prompt, priced.prompt_price, 0, 0, priced.request_price + 1, markup);
    priced.request_price := 2 * priced.request_price + 2 + ceil(prompt * priced.prompt_price * 0.000001)::bigint;
  end if;
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
