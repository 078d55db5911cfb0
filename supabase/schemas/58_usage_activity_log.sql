-- Requests one by one.

-- A request as its account sees it.
create function gateway.request_json(request gateway.requests) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'request', 'status', 'finished', 'call_id', request.call_id,
    'request_id', coalesce(request.request_id, request.call_id::text), 'key_id', request.key_id,
    'model', request.model, 'provider', request.provider, 'outcome', request.outcome, 'error_code', request.error_code,
    'stream', request.stream, 'prompt_tokens', request.prompt_tokens, 'cached_tokens', request.cached_tokens,
    'written_tokens', request.written_tokens, 'completion_tokens', request.completion_tokens,
    'reasoning_tokens', request.reasoning_tokens, 'units', coalesce(request.units, '{}'), 'estimated', request.estimated,
    'clamped', request.clamped, 'own_key', request.own_key, 'replayed_call', request.replayed_call, 'cost', gateway.dollars(request.cost),
    'first_byte_ms', request.first_byte_ms, 'duration_ms', request.duration_ms, 'app', request.app,
    'user', request.end_user, 'tags', coalesce(request.tags, '[]'), 'metadata', request.metadata,
    'created_at', request.created_at, 'finished_at', request.finished_at, 'age_ms', null)
$$;

-- A call that is admitted and not settled, as the request that it will be. It ends later than all that have ended.
create function gateway.unfinished(hold gateway.holds) returns gateway.requests
language plpgsql immutable set search_path = ''
as $$
declare
  made gateway.requests;
begin
  made.call_id := hold.call_id;
  made.account_id := hold.account_id;
  made.key_id := hold.key_id;
  made.request_id := hold.request_id;
  made.model := coalesce(hold.model, '');
  made.end_user := hold.end_user;
  made.stream := false;
  made.estimated := false;
  made.clamped := false;
  made.own_key := false;
  made.prompt_tokens := 0;
  made.cached_tokens := 0;
  made.written_tokens := 0;
  made.completion_tokens := 0;
  made.reasoning_tokens := 0;
  made.held := hold.amount;
  made.cost := 0;
  made.created_at := hold.created_at;
  made.finished_at := timestamptz '2200-01-01 00:00:00+00';
  return made;
end;
$$;

-- What its reader sees of such a call (request_json, request_of_operator), as of its hold: it is running, or swept, past its
-- time, when its settle may still come.
create function gateway.unfinished_json(shown jsonb, hold gateway.holds, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select shown || jsonb_build_object(
    'status', case hold.state when 'open' then 'running' else 'swept' end, 'held', gateway.dollars(hold.amount), 'finished_at', null,
    'stream', null, 'age_ms', floor(extract(epoch from at - (shown ->> 'created_at')::timestamptz) * 1000)::bigint)
$$;

-- query: model, provider, key_id, user, outcome, from, to, limit, cursor {at, id}. Newest first, by when they ended. A page
-- looks through so many requests at most, however few of them match: it may hold less than the limit and still have
-- a page after it.
create function public.list_activity(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  most constant integer := gateway.page_size(query);
  filtered constant boolean := coalesce(
    query ->> 'model', query ->> 'provider', query ->> 'key_id', query ->> 'user', query ->> 'outcome') is not null;
  window_size constant integer := case when filtered then 5000 else most + 1 end;
  since constant timestamptz := coalesce((query ->> 'from')::timestamptz, '-infinity');
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  -- A bound that an index can use in any plan: the requests of the cursor's own moment are told apart by their ids.
  until constant timestamptz := least((query ->> 'to')::timestamptz, after + interval '1 microsecond', 'infinity');
  answer jsonb;
begin
  with scanned as (
    select * from gateway.requests
    where account_id = session.account_id and finished_at >= since and finished_at < until
      and (after is null or (finished_at, call_id) < (after, after_id))
    order by finished_at desc, call_id desc
    limit window_size
  ),
  found as (
    select * from scanned
    where (query ->> 'model' is null or model = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid)
      and (query ->> 'user' is null or end_user = query ->> 'user')
      and (query ->> 'outcome' is null or outcome = query ->> 'outcome')
    order by finished_at desc, call_id desc
    limit most + 1
  ),
  page as (select * from found order by finished_at desc, call_id desc limit most),
  -- Where the next page begins: after this one, or after what was looked through, or nowhere.
  ends as (
    select case
      when (select count(*) from found) > most
        then (select gateway.place(finished_at, call_id) from page order by finished_at, call_id limit 1)
      when (select count(*) from scanned) = window_size
        then (select gateway.place(finished_at, call_id) from scanned order by finished_at, call_id limit 1)
    end as next_cursor
  )
  select gateway.page(
    (
      select jsonb_agg(gateway.request_json(row(page.*)::gateway.requests) order by finished_at desc, call_id desc)
      from page),
    ends.next_cursor)
  into answer from ends;
  return answer;
end;
$$;
