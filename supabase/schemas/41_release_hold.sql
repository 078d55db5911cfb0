-- Ends a call that was never sent to a provider: what it had reserved and the counts that decide go back to its account, which
-- is locked. No request is recorded, so a tombstone tells that the call is over.
create function gateway.release_hold(
  account gateway.accounts, hold gateway.holds, settlement jsonb, at timestamptz)
returns jsonb
language plpgsql
as $$
begin
  update gateway.holds set state = 'tombstone', amount = 0, settlement = (release_hold.settlement #- '{turn,messages}') - '{stored_response,end_user,tags,metadata}'::text[]
    where call_id = hold.call_id;
  update gateway.accounts set
    held = account.held - case when hold.state = 'open' then hold.amount else 0 end,
    month_requests = greatest(month_requests - 1, 0),
    trial_requests_left = trial_requests_left + gateway.is_in_trial(account, at)::integer
    where id = account.id;
  if hold.state = 'swept' then
    update gateway.api_keys set requests_used = greatest(requests_used - 1, 0) where id = hold.key_id;
  end if;
  return jsonb_build_object('cost', 0, 'balance', account.balance);
end;
$$;
