-- What may serve a call of one model: its routes at their frozen prices, or why none may. A request that names several models gets
-- one offer of each, in turn, and one hold at the dearest.

-- The model, the caller's own keys there, what was said before, the priced routes, the size of the prompt and the output limit of a
-- choice; or why the model may not be asked.
create type gateway.offer as (
  model gateway.models, own gateway.own_keys, before gateway.call_history, priced gateway.priced_call, prompt bigint, output bigint,
  place bigint, refused jsonb);

-- Whether a refusal is about the model alone, so that another of the request's may be asked in its place. What the caller lacks, it
-- lacks with all that follow.
create function gateway.is_about_the_model(refused jsonb) returns boolean
language sql immutable parallel safe
return refused ->> 'code' in ('no_provider', 'model_not_priced', 'unsupported_modality');

-- The offer for a call of a locked account, its key counting what it has in flight as used already, of which held_in_flight is
-- reserved. `markup` is the plan's, `call` as of begin_request.
create function gateway.offer(
  account gateway.accounts, key gateway.api_keys, held_in_flight bigint, plan gateway.plans, permissions text[], markup integer,
  caller jsonb, call jsonb, at timestamptz)
returns gateway.offer
language plpgsql
as $$
declare
  choices constant bigint := (call ->> 'choices')::bigint;
  output_limit constant bigint := (call ->> 'output_limit')::bigint;
  model gateway.models;
  own gateway.own_keys;
  prompt bigint;
  output bigint;
  priced gateway.priced_call;
  end_user gateway.end_users;
  held_for_end_user bigint := 0;
  refused jsonb;
  before gateway.call_history;
  buys integer;
begin
  model := (select whole from gateway.models as whole where id = call ->> 'model' and enabled);
  if model.id is null then
    model := gateway.find_model(call ->> 'model');
  end if;
  prompt := (call ->> 'prompt_bound')::bigint + (call ->> 'images')::bigint * model.image_tokens
    + coalesce((call ->> 'tools')::boolean, true)::integer * model.tool_tokens;
  output := least(coalesce(output_limit, gateway.smallest_output()), model.max_output);
  if call ->> 'session_id' is not null and model.id is not null then
    before := gateway.open_turn(account, key, permissions, call, model, prompt, at);
  elsif call -> 'stored_response' is not null and model.id is not null then
    before := gateway.open_response(account, key, permissions, call, at);
  end if;
  if before.bound is not null then
    prompt := prompt + before.bound + before.images * model.image_tokens;
    call := call || jsonb_build_object(
      'modalities', call -> 'modalities' || before.modalities,
      'images', (call ->> 'images')::bigint + before.images);
  end if;
  if account.has_provider_keys then
    own := gateway.own_keys_for(
      account, key.id, model.id, call || jsonb_build_object('allowed', gateway.allowed_providers(model.id, call)));
  end if;
  loop
    priced := case when own.keys is null
      then gateway.price_call(model.id, call, prompt, output * choices, markup, at)
      else gateway.price_own_call(own, model.id, call, prompt, output * choices, markup, at) end;
    if priced.amount = 0 then
      -- What costs nothing takes nothing from what the key may spend, even if that is used up.
      key.spend_limit := null;
    end if;
    refused := gateway.call_refusal(
      account, key, held_in_flight, plan, permissions, model, priced, caller, call, at);
    -- Whose calls are for nobody in particular, or cost nothing, spends no end user's budget.
    if account.has_end_users and priced.amount > 0 and call ->> 'end_user' is not null then
      end_user := gateway.end_user_of(account.id, call ->> 'end_user');
      if end_user.budget is not null then
        held_for_end_user := gateway.held_for(account.id, end_user.name);
        if refused is null then
          refused := gateway.end_user_refusal(end_user, held_for_end_user, priced.amount, at);
        end if;
      end if;
    end if;
    -- Whoever cannot pay for our account still has his own.
    exit when not own.falls_back or (refused ->> 'status' = '402') is not true or own.keys is null;
    own.falls_back := false;
  end loop;
  buys := case when own.keys is null then markup else gateway.own_markup(own, markup) end;
  if before.refused is not null and coalesce(refused ->> 'status' not in ('401', '403'), true) then
    refused := before.refused;
  end if;
  if refused ->> 'code' in ('insufficient_credits', 'spend_limit_reached', 'end_user_budget_reached') then
    -- So that a client can ask for what there is credit for.
    refused := refused || jsonb_build_object(
      'requested_max_tokens', output, 'affordable_max_tokens', greatest(0, gateway.affordable_output(
        priced, prompt, ((refused ->> 'available')::numeric * 1000000000)::bigint, buys) / choices));
  elsif refused is null and output_limit is null then
    if priced.amount = 0 then
      output := model.max_output;
    else
      output := gateway.choose_output(
        priced, prompt, least(
          gateway.available(account, at), key.spend_limit - gateway.spent_in_period(key, at) - held_in_flight,
          end_user.budget - gateway.spent_by_end_user(end_user, at) - held_for_end_user),
        model.max_output, choices, buys);
      priced := case when own.keys is null
        then gateway.price_call(model.id, call, prompt, output * choices, markup, at)
        else gateway.price_own_call(own, model.id, call, prompt, output * choices, markup, at) end;
    end if;
  end if;
  return (model, own, before, priced, prompt, output, 0, refused)::gateway.offer;
end;
$$;

-- The routes of one of several offers. What the dearest of them is held for says nothing of what a call can cost at another: of one
-- of which nothing is known but who served it, no more is charged than that offer's own.
create function gateway.capped(candidates jsonb, amount bigint) returns jsonb
language sql immutable parallel safe
begin atomic
  select jsonb_agg(
      candidate || jsonb_build_object('ceiling', least((candidate ->> 'ceiling')::bigint, amount)) order by place)
    from jsonb_array_elements(candidates) with ordinality as listed (candidate, place);
end;
