-- What administrators set in place of what an account's plan gives, and the plan itself. Both hold on the next call,
-- since begin_request reads the account's row.

-- request: account_id or email, limits (each by its name: a figure, or null to go back to the plan's).
create function public.set_account_limits(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
  account gateway.accounts := gateway.lock_account(gateway.find_account(request));
  wanted constant jsonb := jsonb_strip_nulls(account.rate_limits || (request -> 'limits'));
begin
  perform gateway.require(request, 'limits');
  perform gateway.authenticate(caller, 'admin:limits');
  if wanted <> account.rate_limits then
    update gateway.accounts set rate_limits = wanted where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'limits.change', account.id, null,
      jsonb_build_object('before', account.rate_limits, 'after', wanted));
  end if;
  return jsonb_build_object('object', 'account_limits', 'account_id', account.id,
                            'plan_in_force', gateway.plan_in_force(account, gateway.now()),
                            'rate_limits', gateway.limits_view(wanted));
end;
$$;

-- request: account_id or email, plan (null takes it away), ends_at (null: open end).
create function public.assign_plan(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
  former gateway.accounts := gateway.lock_account(gateway.find_account(request));
  account gateway.accounts := former;
begin
  if (request ? 'plan') is not true then
    perform gateway.require(request, 'plan');
  end if;
  perform gateway.authenticate(caller, 'admin:plans');
  account.plan := request ->> 'plan';
  account.plan_ends_at := (request ->> 'ends_at')::timestamptz;
  if account.plan is not null and not exists (select from gateway.plans where id = account.plan) then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'param', 'plan', 'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  if account is distinct from former then
    update gateway.accounts set plan = account.plan, plan_ends_at = account.plan_ends_at where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'plan.assign', account.id, account.plan,
      jsonb_build_object(
        'before', jsonb_build_object('plan', former.plan, 'ends_at', former.plan_ends_at),
        'after', jsonb_build_object('plan', account.plan, 'ends_at', account.plan_ends_at)));
  end if;
  return jsonb_build_object('object', 'plan_assignment', 'account_id', account.id, 'plan', account.plan,
                            'ends_at', account.plan_ends_at,
                            'plan_in_force', gateway.plan_in_force(account, gateway.now()));
end;
$$;
