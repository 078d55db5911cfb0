-- Places the hold of a call whose account is locked, and counts the call. Answers whether it stays open: not if the call has
-- begun before or is over, and not if its settle overtook it, which is then to be applied.
create function gateway.place_hold(
  this_call uuid, account gateway.accounts, key_id uuid, amount bigint, expires_at timestamptz, at timestamptz,
  out is_open boolean, out overtaken_by jsonb)
language plpgsql
as $$
declare
  earliest_end constant timestamptz := gateway.earliest_end(this_call);
  -- Nothing has ended in a month to come; a day, because clocks are set back.
  latest_end constant timestamptz := gateway.now() + interval '1 day';
begin
  insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
    select this_call, account.id, place_hold.key_id, 'open', place_hold.amount, at, place_hold.expires_at
      where not exists (
        select from gateway.requests where call_id = this_call and finished_at between earliest_end and latest_end)
    on conflict (call_id) do nothing;
  is_open := found;
  if not is_open then
    update gateway.holds as h set
      account_id = account.id, key_id = place_hold.key_id, state = 'open', amount = place_hold.amount, created_at = at,
      expires_at = place_hold.expires_at
      where h.call_id = this_call and h.state = 'tombstone'
      returning h.settlement into overtaken_by;
    if not found then
      return;
    end if;
    is_open := overtaken_by is null;
  end if;

  update gateway.accounts set
    held = account.held + place_hold.amount, next_overdue = least(account.next_overdue, place_hold.expires_at),
    month = account.month, month_requests = account.month_requests + 1, month_tokens = account.month_tokens,
    trial_requests_left = greatest(account.trial_requests_left - gateway.is_in_trial(account, at)::integer, 0)
    where id = account.id;
end;
$$;
