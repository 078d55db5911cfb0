-- For how long after it was placed a hold can be recovered, and a tombstone or a swept hold is remembered. A request is kept for
-- longer, so a settle that is repeated finds it and charges nothing.
create function gateway.holds_remembered() returns interval
language sql immutable parallel safe
return interval '30 days';

-- Places again the hold of a locked account that a crash of the database has lost, as the settlement's facts have it, and
-- counts its call again: both were lost together. Answers whether it did: not without facts, not if the call is settled, and not
-- so late that what would tell is forgotten.
create function gateway.recover_hold(this_call uuid, account gateway.accounts, facts jsonb, at timestamptz)
returns boolean
language plpgsql
as $$
declare
  placed_at constant timestamptz := (facts ->> 'placed_at')::timestamptz;
  placed record;
begin
  if facts is null or account.id is null or placed_at < at - gateway.holds_remembered() then
    return false;
  end if;
  placed := gateway.place_hold(
    this_call, account.id, (facts ->> 'key_id')::uuid, (facts ->> 'held')::bigint, at, placed_at);
  return placed.is_open;
end;
$$;
