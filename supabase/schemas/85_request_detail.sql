-- One request with all that is known of it: the providers that were asked, and what each part of it cost.

-- The attempts, in the order in which they were made; times in ms since the call's start. A single one that succeeded is not recorded
-- beside its request, which tells all of it.
create function gateway.request_attempts(request gateway.requests) returns jsonb
language sql immutable set search_path = ''
as $$
  select case
    when request.attempts is not null then (
      select jsonb_agg(
        jsonb_build_object('model', request.model, 'first_byte_ms', null, 'status', null, 'error_code', null) || attempt
        order by place)
      from jsonb_array_elements(request.attempts) with ordinality as made (attempt, place))
    when request.provider is null or request.asked_ms is null then '[]'
    else jsonb_build_array(jsonb_build_object(
      'provider', request.provider, 'model', request.model, 'started_ms', request.asked_ms,
      'duration_ms', greatest(request.duration_ms - request.asked_ms, 0), 'first_byte_ms', request.first_byte_ms,
      'status', case when request.first_byte_ms is not null then 200 end, 'error_code', null))
  end
$$;

-- What a request cost, part by part, in nano-dollars: of the parts together the very cost. A part's share is what it raises the rounded
-- sum by, so that each is at most one nano-dollar off. What the price and the usage do not explain is a part of its own: `reserved`, where
-- nobody knew what was used and the hold was charged, or `limited`, what an estimate would have cost beyond the hold.
create function gateway.request_costs(request gateway.requests) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  u gateway.usage := gateway.read_usage(coalesce(request.units, '{}') || jsonb_build_object(
    'prompt', request.prompt_tokens, 'cached', request.cached_tokens, 'written', request.written_tokens,
    'completion', request.completion_tokens, 'reasoning', request.reasoning_tokens));
  price constant jsonb := coalesce(request.price, jsonb_strip_nulls(jsonb_build_object(
    'prompt', request.prompt_price, 'cached', request.cached_price, 'completion', request.completion_price, 'request', 0)));
  p constant gateway.price := gateway.read_price(price, u.prompt);
  explained bigint := 0;
  told jsonb := '[]';
begin
  if request.outcome = 'failed' then
    return told;
  end if;
  if p.prompt + p.completion + p.request + request.markup is not null then
    u := gateway.believe(u, p);
    with parts (place, kind, quantity, millionths) as (
      values
        (1, 'input', u.prompt - u.cached - greatest(u.written, u.written_long) - u.image_input - u.audio_input, p.prompt),
        (2, 'cached', u.cached, p.cached),
        (3, 'written', greatest(u.written - u.written_long, 0), p.written),
        (4, 'written_long', u.written_long, p.written_long),
        (5, 'image_input', u.image_input, p.image_input),
        (6, 'audio_input', u.audio_input, p.audio_input),
        (7, 'output', u.completion - u.reasoning - u.image_output - u.audio_output, p.completion),
        (8, 'reasoning', u.reasoning, p.reasoning),
        (9, 'image_output', u.image_output, p.image_output),
        (10, 'audio_output', u.audio_output, p.audio_output),
        (11, 'request', (p.request > 0)::integer, p.request * 1000000::numeric),
        (12, 'images', u.images, p.image * 1000000::numeric),
        (13, 'searches', u.searches, p.search * 1000000::numeric),
        (14, 'milliseconds', u.milliseconds, p.second * 1000::numeric),
        (15, 'characters', u.characters, p.character)
    ),
    summed as (
      select place, kind, quantity, gateway.charge(sum(quantity * millionths) over (order by place), request.markup) as up_to
      from parts where quantity > 0
    ),
    shares as (
      select place, kind, quantity, up_to - lag(up_to, 1, 0::bigint) over (order by place) as cost from summed
    )
    select coalesce(sum(cost), 0),
           coalesce(jsonb_agg(
             jsonb_build_object('kind', kind, 'quantity', quantity, 'cost', gateway.dollars(cost)) order by place), '[]')
      into explained, told from shares;
  end if;
  if request.cost <> explained then
    told := told || jsonb_build_object(
      'kind', case when request.cost > explained then 'reserved' else 'limited' end,
      'quantity', 1, 'cost', gateway.dollars(request.cost - explained));
  end if;
  return told;
end;
$$;

-- A request in the form in which its reader sees it (request_json, request_of_operator), with its attempts and its costs. What the
-- gateway took itself is what was no provider's time.
create function gateway.request_detail(request gateway.requests, shown jsonb) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  attempts constant jsonb := gateway.request_attempts(request);
begin
  return jsonb_build_object(
    'object', 'request_detail', 'request', shown, 'attempts', attempts, 'costs', gateway.request_costs(request),
    'overhead_ms', case when request.asked_ms is not null then greatest(request.duration_ms - (
      select sum((attempt ->> 'duration_ms')::integer) from jsonb_array_elements(attempts) as attempt), 0) end,
    'answer_id', request.answer_id, 'finish_reason', request.finish_reason);
end;
$$;

-- A call that is admitted and not settled, of one account or of any (null): by its id, or, while it runs, the newest by its request's id.
-- So few run that the latter needs no index.
create function gateway.find_unfinished(account uuid, asked jsonb) returns gateway.holds
language plpgsql stable
as $$
declare
  hold gateway.holds := (
    select h from gateway.holds as h
      where h.call_id = (asked ->> 'call_id')::uuid and h.state <> 'tombstone'
        and (find_unfinished.account is null or h.account_id = find_unfinished.account));
begin
  if hold.call_id is null then
    hold := (
      select h from gateway.holds as h
        where h.state = 'open' and h.request_id = asked ->> 'id'
          and (find_unfinished.account is null or h.account_id = find_unfinished.account)
        order by h.created_at desc limit 1);
  end if;
  return hold;
end;
$$;

-- A request of the caller's account. asked: call_id, where the id is one, and id: a request's as its caller was told it, or the
-- provider's id of the answer, by which the account's newest requests are looked through. A call that is not settled is found as well, by
-- the first two.
create function public.get_request(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  window_size constant integer := 5000;
  at constant timestamptz := gateway.now();
  call constant uuid := asked ->> 'call_id';
  made gateway.requests;
  hold gateway.holds;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and account_id = session.account_id and finished_at >= gateway.earliest_end(call, at);
  end if;
  if made.call_id is null then
    hold := gateway.find_unfinished(session.account_id, asked);
    if hold.call_id is not null then
      made := gateway.unfinished(hold);
      return gateway.request_detail(made, gateway.unfinished_json(gateway.request_json(made), hold, at));
    end if;
    select * into made from (
        select * from gateway.requests where account_id = session.account_id
          order by finished_at desc limit window_size) as newest
      where request_id = asked ->> 'id' or answer_id = asked ->> 'id' order by finished_at desc limit 1;
  end if;
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'request_not_found'));
  end if;
  return gateway.request_detail(made, gateway.request_json(made));
end;
$$;

-- The same among all accounts. By a request's or a provider's id it is found as public.list_platform_requests finds it: ids that say when they
-- were made (UUIDv7) at any time, others within the last day.
create function public.get_platform_request(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:requests');
  at constant timestamptz := gateway.now();
  call constant uuid := asked ->> 'call_id';
  begun constant timestamptz := case when substr(call::text, 15, 1) = '7' then gateway.begun_at(call) end;
  since constant timestamptz := coalesce(begun - interval '10 minutes', at - interval '1 day');
  until constant timestamptz := coalesce(begun + interval '1 day', 'infinity');
  made gateway.requests;
  hold gateway.holds;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and finished_at >= gateway.earliest_end(call, at);
  end if;
  if made.call_id is null then
    hold := gateway.find_unfinished(null, asked);
    if hold.call_id is not null then
      made := gateway.unfinished(hold);
      return gateway.request_detail(made, gateway.unfinished_json(gateway.request_of_operator(made), hold, at));
    end if;
    select * into made from gateway.requests
      where finished_at >= since and finished_at < until
        and (request_id = asked ->> 'id' or answer_id = asked ->> 'id')
      order by finished_at desc limit 1;
  end if;
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'request_not_found'));
  end if;
  return gateway.request_detail(made, gateway.request_of_operator(made));
end;
$$;
