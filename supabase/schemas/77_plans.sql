-- What plans there are, and what an account has of its own.

-- Every limit of a plan, with what an operator set in its place.
create function gateway.plan_limits(plan gateway.plans, of_account jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_object_agg(name, coalesce((of_account ->> name)::bigint, (to_jsonb(plan) ->> name)::bigint))
  from unnest(gateway.limit_names() || gateway.month_limit_names()) as name
$$;

-- A plan as everybody sees it.
create function gateway.plan_view(plan gateway.plans) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'plan', 'id', plan.id, 'name', plan.name, 'currency', 'usd',
    'price_per_month', gateway.dollars(plan.price_per_month), 'price_per_year', gateway.dollars(plan.price_per_year),
    'credits_per_month', gateway.dollars(plan.credits_per_month), 'limits', gateway.plan_limits(plan, '{}'))
$$;

-- Few, so all of them at once, the cheapest first. query: sold (only those that can be subscribed to).
create function public.list_plans(query jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select gateway.page(jsonb_agg(gateway.plan_view(plans) order by price_per_month, requests_per_minute, id), null)
  from gateway.plans where coalesce(query ->> 'sold', 'false') = 'false' or price_per_month > 0
$$;

create function public.get_plan(plan text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  known gateway.plans;
begin
  select * into known from gateway.plans where id = plan;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  return gateway.plan_view(known);
end;
$$;

-- Which plan is in force, why, until when, and what is bought.
create function public.get_account_plan(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
  plan gateway.plans;
  source text;
begin
  select * into account from gateway.accounts where id = session.account_id;
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  source := case
    when account.plan is not null and coalesce(account.plan_ends_at > at, true) then 'administrator'
    when account.subscription_ends_at > at then 'subscription'
    when gateway.trial_runs(account, at) then 'trial'
    when account.has_purchased then 'purchase'
    else 'none' end;
  return jsonb_build_object(
    'object', 'account_plan', 'plan', gateway.plan_view(plan), 'source', source,
    'ends_at', case source
      when 'administrator' then account.plan_ends_at when 'subscription' then account.subscription_ends_at
      when 'trial' then account.trial_ends_at end,
    'subscription', (
      select gateway.subscription_view(s) from gateway.subscriptions s
      where s.account_id = account.id and s.status not in ('incomplete', 'incomplete_expired')
      order by s.ended_at is null desc, s.begun_at desc, s.id desc limit 1),
    'next_credits', (
      select jsonb_build_object('amount', gateway.dollars((i.amount - i.voided)), 'at', i.due_at) from gateway.instalments i
      where i.account_id = account.id and i.state = 'due' order by i.due_at, i.payment_id, i.line, i.nth limit 1));
end;
$$;

-- What is used of the plan: this month's requests and tokens, and the credit that came with it.
create function public.get_plan_usage(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
  plan gateway.plans;
  limits jsonb;
begin
  select * into account from gateway.accounts where id = session.account_id;
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  limits := gateway.plan_limits(plan, account.rate_limits);
  -- A month that has passed counts nothing.
  if not gateway.is_in_month(account, at) then
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  return jsonb_build_object(
    'object', 'plan_usage', 'plan', plan.id,
    'requests', jsonb_build_object(
      'limit', limits -> 'requests_per_month', 'used', account.month_requests,
      'remaining', greatest((limits ->> 'requests_per_month')::bigint - account.month_requests, 0)),
    'tokens', jsonb_build_object(
      'limit', limits -> 'tokens_per_month', 'used', account.month_tokens,
      'remaining', greatest((limits ->> 'tokens_per_month')::bigint - account.month_tokens, 0)),
    'resets_at', gateway.period_end('month', at),
    'credits', (
      select jsonb_build_object(
        'granted', gateway.dollars(coalesce(sum(amount), 0)::bigint),
        'used', gateway.dollars(coalesce(sum(amount - remaining), 0)::bigint),
        'remaining', gateway.dollars(coalesce(sum(remaining), 0)::bigint), 'expires_at', min(expires_at))
      from gateway.credit_grants
      where account_id = account.id and source = 'subscription' and expires_at > at));
end;
$$;

-- What the account may: every limit in force, and the plan's credit.
create function public.get_plan_entitlements(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at constant timestamptz := gateway.now();
  plan gateway.plans;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  return jsonb_build_object(
    'object', 'plan_entitlements', 'plan', plan.id, 'credits_per_month', gateway.dollars(plan.credits_per_month),
    'limits', gateway.plan_limits(plan, account.rate_limits),
    'permissions', (
      select to_jsonb(permissions) from gateway.roles where name = account.role));
end;
$$;
