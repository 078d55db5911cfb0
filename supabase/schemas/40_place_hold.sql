-- Places the hold of a call whose account is locked, and counts the call. Answers whether it stays open: not if the call has
-- begun before or is over, and not if its settle overtook it, which is then to be applied.
create function gateway.place_hold(
  this_call uuid, account_id uuid, key_id uuid, amount bigint, expires_at timestamptz, at timestamptz,
  end_user text default null, request_id text default null, model text default null, out is_open boolean, out overtaken_by jsonb)
language plpgsql
as $$
declare
  earliest_end constant timestamptz := gateway.earliest_end(this_call, at);
  latest_end constant timestamptz := greatest(at, place_hold.expires_at) + interval '1 day';
  this_month constant date := gateway.month_of(at);
begin
  -- Nothing has ended in a month to come; a day, because clocks are set back.
  insert into gateway.holds (call_id, account_id, key_id, request_id, model, end_user, state, amount, created_at, expires_at)
    select this_call, place_hold.account_id, place_hold.key_id, place_hold.request_id, place_hold.model, place_hold.end_user, 'open',
           place_hold.amount, at, place_hold.expires_at
      where not exists (
        select from gateway.requests where call_id = this_call and finished_at between earliest_end and latest_end)
    on conflict (call_id) do nothing;
  is_open := found;
  if not is_open then
    update gateway.holds as h set
      account_id = place_hold.account_id, key_id = place_hold.key_id, request_id = place_hold.request_id, model = place_hold.model,
      end_user = place_hold.end_user, state = 'open', amount = place_hold.amount, created_at = at, expires_at = place_hold.expires_at
      where h.call_id = this_call and h.state = 'tombstone'
      returning h.settlement into overtaken_by;
    if not found then
      return;
    end if;
    is_open := overtaken_by is null;
  end if;

  -- A month that has passed counts nothing.
  update gateway.accounts as a set
    held = a.held + place_hold.amount, next_overdue = least(a.next_overdue, place_hold.expires_at),
    month = greatest(a.month, this_month),
    month_requests = case when a.month >= this_month then a.month_requests else 0 end + 1,
    month_tokens = case when a.month >= this_month then a.month_tokens else 0 end,
    month_own_requests = case when a.month >= this_month then a.month_own_requests else 0 end,
    trial_requests_left = greatest(a.trial_requests_left - gateway.is_in_trial(a, at)::integer, 0)
    where a.id = place_hold.account_id;
end;
$$;

-- Why a call that was not placed is not begun: it has begun before, or its settle has overtaken it. Then it is settled now.
create function gateway.not_begun(overtaken_by jsonb, answer jsonb) returns jsonb
language plpgsql
as $$
declare
  served constant jsonb := jsonb_path_query_first(
    answer -> 'candidates', '$[*] ? (@.provider == $provider)', jsonb_build_object('provider', overtaken_by -> 'provider'));
begin
  if overtaken_by is not null then
    perform gateway.finish_any_request(overtaken_by || jsonb_build_object('hold', answer || jsonb_build_object(
      'price', served, 'own_key', served -> 'own_key', 'ceiling', served -> 'ceiling',
      'markup', coalesce(served -> 'markup', answer -> 'markup'))));
  end if;
  return jsonb_build_object('limits', answer -> 'limits', 'refused', gateway.refusal(409, 'call_finished'));
end;
$$;

-- A hold is a reservation, not money, so the answer of begin_request need not wait until it is on the disk. If the database crashes
-- before that, the settlement brings back what the hold was (see finish_request).
create function gateway.commit_unflushed() returns text
language sql volatile
return set_config('synchronous_commit', 'off', true);
