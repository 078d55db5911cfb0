-- Authenticates the caller of a request that is refused before its own database call.

-- Refuses whom the request's own function would have refused; else returns the account and the limits in force.
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
  return jsonb_build_object('account_id', session.account_id, 'limits', gateway.limits(account, key, plan));
end;
$$;
