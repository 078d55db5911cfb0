-- Who calls, for a request that is refused before the work that would have told it.

-- Refuses the caller whom the work would have refused, and answers the limits in force.
create function public.check_caller(caller jsonb, scope text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, scope);
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into key from gateway.api_keys where id = session.key_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, gateway.now());
  return jsonb_build_object('limits', gateway.limits(account, key, plan));
end;
$$;
