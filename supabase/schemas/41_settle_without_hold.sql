-- The settle of a call that has no hold to settle: it is settled already, or it has not begun, as far as is known. Then a
-- tombstone keeps the settlement for a begin_request that may still come.
create function gateway.settle_without_hold(settlement jsonb) returns jsonb
language plpgsql
as $$
declare
  this_call constant uuid := (settlement ->> 'call_id')::uuid;
  earliest_end constant timestamptz := gateway.earliest_end(this_call, gateway.now());
  settled gateway.requests;
begin
  select * into settled from gateway.requests
    where call_id = this_call and finished_at >= earliest_end;
  if found then
    return jsonb_build_object('cost', settled.cost, 'repeated', true);
  end if;
  insert into gateway.holds (call_id, state, settlement, created_at, expires_at)
    -- What was said in it is kept with its chat, or as a response, or not at all.
    values (this_call, 'tombstone', (settlement #- '{turn,messages}') - 'stored_response', gateway.now(), gateway.now())
    on conflict (call_id) do nothing;
  if found then
    -- Unless this has waited for a begin_request that was settled by an earlier tombstone, and took that away.
    select * into settled from gateway.requests
      where call_id = this_call and finished_at >= earliest_end;
    if not found then
      return jsonb_build_object('cost', 0, 'tombstone', true);
    end if;
    delete from gateway.holds where call_id = this_call and state = 'tombstone';
    return jsonb_build_object('cost', settled.cost, 'repeated', true);
  end if;
  if exists (select from gateway.holds where call_id = this_call and state <> 'tombstone') then
    -- A begin_request committed in this moment.
    return gateway.finish_any_request(settlement);
  end if;
  return jsonb_build_object('cost', 0, 'repeated', true);
end;
$$;
