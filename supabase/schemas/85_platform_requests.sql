-- Finding one call among all, and those of one account: what support asks for.

-- A request as an operator sees it: whose it was, what was reserved for it and what of its cost the provider gets, besides.
-- What its account has written down about it is for the account.
create function gateway.request_of_operator(request gateway.requests) returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.request_json(request) - 'metadata' || jsonb_build_object(
    'account_id', request.account_id, 'held', gateway.dollars(request.held),
    'provider_cost', gateway.dollars(case when request.own_key then 0 else gateway.provider_cost(request.cost, request.markup) end))
$$;

-- query: id (a call's, a request's as its caller was told it, or the provider's of an answer), status (finished, or running: calls that
-- are not settled; those with this id of both, where it is not said), account_id, key_id, model, provider, outcome, error_code, from,
-- to, limit, cursor {at, id}. Newest first, by when they ended; without times those of the last day. A page looks through so
-- many requests at most, however few of them match: it may hold less than the limit and still have a page after it.
--
-- Names that callers give their requests have no index, which every settle would pay for. But the gateway's own are their calls' ids,
-- and UUIDv7: they say when the request began, and requests are found by time. Of calls that run there are never many; one that
-- was swept is found by its own id alone, in public.get_platform_request.
create function public.list_platform_requests(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:requests');
  at constant timestamptz := gateway.now();
  most constant integer := gateway.page_size(query);
  most_looked_at constant integer := 20000;
  this_id constant text := query ->> 'id';
  status constant text := query ->> 'status';
  is_dated constant boolean := coalesce(this_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$', false);
  begun constant timestamptz := case when is_dated then gateway.begun_at(this_id::uuid) end;
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  until constant timestamptz := least(
    coalesce((query ->> 'to')::timestamptz, begun + interval '1 day', 'infinity'), after + interval '1 microsecond');
  since constant timestamptz := coalesce(
    (query ->> 'from')::timestamptz, begun - interval '10 minutes', least(until, at) - interval '1 day');
  answer jsonb;
begin
  with scanned as (
    (select r as made, null::gateway.holds as hold, r.finished_at as ended, r.call_id from gateway.requests r
    where status is distinct from 'running' and r.finished_at >= since and r.finished_at < until
      and (query ->> 'account_id' is null or r.account_id = (query ->> 'account_id')::uuid)
      and (this_id is null or r.request_id = this_id or r.call_id::text = this_id or r.answer_id = this_id)
      and (after is null or (r.finished_at, r.call_id) < (after, after_id))
    order by r.finished_at desc, r.call_id desc
    limit most_looked_at)
    union all
    select u.made, h, (u.made).finished_at, h.call_id
    from gateway.holds h cross join lateral (select gateway.unfinished(h)) as u (made)
    where h.state = 'open' and (status = 'running' or status is null and this_id is not null)
      and (query ->> 'account_id' is null or h.account_id = (query ->> 'account_id')::uuid)
      and (this_id is null or h.request_id = this_id or h.call_id::text = this_id)
      and (after is null or ((u.made).finished_at, h.call_id) < (after, after_id))
  ),
  found as (
    select * from scanned
    where (query ->> 'model' is null or (made).model = query ->> 'model')
      and (query ->> 'provider' is null or (made).provider = query ->> 'provider')
      and (query ->> 'key_id' is null or (made).key_id = (query ->> 'key_id')::uuid)
      and (query ->> 'outcome' is null or (made).outcome = query ->> 'outcome')
      and (query ->> 'error_code' is null or (made).error_code = query ->> 'error_code')
    order by ended desc, call_id desc
    limit most + 1
  ),
  page as (select * from found order by ended desc, call_id desc limit most),
  ends as (
    select case
      when (select count(*) from found) > most
        then (select gateway.place(ended, call_id) from page order by ended, call_id limit 1)
      when (select count(*) from scanned) >= most_looked_at
        then (select gateway.place(ended, call_id) from scanned order by ended, call_id limit 1)
    end as next_cursor
  ),
  told as (select ended, call_id, hold, gateway.request_of_operator(made) as shown from page)
  select gateway.page(
    (
      select jsonb_agg(
        case when hold is null then shown else gateway.unfinished_json(shown, hold, at) end order by ended desc, call_id desc)
      from told),
    ends.next_cursor)
  into answer from ends;
  return answer;
end;
$$;
