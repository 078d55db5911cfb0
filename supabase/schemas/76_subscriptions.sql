-- Plans that are bought: what an account begins, changes and sees of its subscriptions.

-- A subscription as its account sees it.
create function gateway.subscription_view(subscription gateway.subscriptions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'subscription', 'id', subscription.id, 'plan', subscription.plan,
    'interval', case subscription.months when 1 then 'month' when 12 then 'year' end,
    'status', subscription.status, 'period_start', subscription.period_start, 'period_end', subscription.period_end,
    'next_plan', subscription.next_plan,
    'next_interval', case subscription.next_months when 1 then 'month' when 12 then 'year' end,
    'cancel_at', subscription.cancel_at, 'ended_at', subscription.ended_at, 'begun_at', subscription.begun_at)
$$;

-- The plan with this name, sold for so many months at once. Refuses when there is none.
create function gateway.plan_for_sale(wanted text, months text) returns gateway.plans
language plpgsql stable set search_path = ''
as $$
declare
  plan gateway.plans;
begin
  select * into plan from gateway.plans where id = wanted;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'param', 'plan', 'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans where price_per_month > 0))));
  end if;
  if (case months when '1' then plan.price_per_month > 0 when '12' then plan.price_per_year > 0 end) is not true then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'plan', 'message',
      format('%s is not sold by itself, or not for this interval; GET /subscription/plans lists what is.', plan.id))));
  end if;
  return plan;
end;
$$;

-- The session's subscription with this id; without one, the newest that has not ended. Refuses when there is none, or another's.
create function gateway.own_subscription(session gateway.session, target text) returns gateway.subscriptions
language plpgsql stable set search_path = ''
as $$
declare
  subscription gateway.subscriptions;
begin
  select * into subscription from gateway.subscriptions
    where account_id = session.account_id and case when target is null then ended_at is null and status <> 'incomplete' else id = target end
    order by begun_at desc, id desc limit 1;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found'));
  end if;
  return subscription;
end;
$$;

-- An account as Stripe is to know it.
create function gateway.customer_to_use(account gateway.accounts, livemode boolean) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'account_id', account.id, 'deployment', gateway.deployment_id(), 'email', account.email,
    'customer', (
      select id from gateway.stripe_customers c
      where c.account_id = account.id and c.livemode = customer_to_use.livemode and c.deleted_at is null
      order by c.created_at, c.id limit 1))
$$;

-- request: id (of what is asked of Stripe, a new one), plan, months, livemode, coupon (a code, or null). A repetition answers the
-- same. A code that is none is answered as `refused`, so that the attempt stays counted.
create function public.begin_subscription(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  coupon gateway.coupons;
  account gateway.accounts;
  begun jsonb;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'plan', 'months', 'livemode');
  begun := gateway.claim_idempotency(session, idempotency, gateway.now());
  if begun is null then
    perform gateway.plan_for_sale(request ->> 'plan', request ->> 'months');
    perform gateway.limit_attempts('payment.account', session.account_id::text, 5, interval '1 hour');
    perform gateway.limit_attempts('payment.network', gateway.network_of(caller), 20, interval '1 hour');
    if request ->> 'coupon' is not null then
      coupon := gateway.known_coupon(caller, session, request ->> 'coupon');
      if coupon.id is null then
        return jsonb_build_object('refused', gateway.refusal(404, 'coupon_not_found', '{"param": "coupon"}'));
      end if;
    end if;
    select * into account from gateway.accounts where id = session.account_id for no key update;
    perform gateway.authenticate(caller, 'billing:write');
    at := gateway.now();
    if account.payments_blocked_at is not null then
      perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
    end if;
    if exists (select from gateway.subscriptions
               where account_id = account.id and ended_at is null and status not in ('incomplete', 'incomplete_expired')) then
      perform gateway.refuse(gateway.refusal(409, 'subscription_exists'));
    end if;
    begun := jsonb_build_object('id', request ->> 'id', 'expires_at', extract(epoch from at + interval '1 hour')::bigint);
    if coupon.id is not null then
      begun := begun || gateway.reserve_discount(account, coupon, at);
    end if;
    perform gateway.store_idempotent_answer(session, idempotency, begun);
  else
    select * into account from gateway.accounts where id = session.account_id;
  end if;
  return begun || gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
end;
$$;

-- Notes which customer at Stripe is the session's account. Answers the one to use: of two at once the first.
-- request: customer, livemode.
create function public.set_customer(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
begin
  perform gateway.require(request, 'customer', 'livemode');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.note_customer(account.id, request ->> 'customer', (request ->> 'livemode')::boolean, gateway.now());
  return gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
end;
$$;

-- The customer whose pages at Stripe the session may see. request: livemode.
create function public.get_customer(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  known jsonb;
begin
  perform gateway.require(request, 'livemode');
  select * into account from gateway.accounts where id = session.account_id;
  known := gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
  if known ->> 'customer' is null then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found', jsonb_build_object(
      'message', 'This account has bought nothing yet: POST /subscription/checkout sells a plan.')));
  end if;
  return known;
end;
$$;

-- What is to be asked of Stripe for a change of the session's subscription: how (cancel, resume, upgrade, downgrade), and whether
-- anything is (pending). A dearer plan, or a longer interval, begins now; a smaller one, or a shorter, with the next period.
-- request: change (cancel, resume, change), subscription (null: the newest), and of a change plan and months.
create function public.begin_subscription_change(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  how text := request ->> 'change';
  months constant integer := (request ->> 'months')::integer;
  account gateway.accounts;
  subscription gateway.subscriptions;
  former gateway.plans;
  plan gateway.plans;
  pending boolean;
begin
  perform gateway.require(request, 'change');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  subscription := gateway.own_subscription(session, request ->> 'subscription');
  if subscription.ended_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'subscription_ended'));
  end if;
  if how = 'change' then
    perform gateway.require(request, 'plan', 'months');
    plan := gateway.plan_for_sale(request ->> 'plan', request ->> 'months');
    select * into former from gateway.plans where id = subscription.plan;
    if (plan.id, months) is not distinct from (subscription.plan, subscription.months) then
      -- It stays what it is: what was to come does not.
      how := 'resume';
      pending := subscription.next_plan is not null;
    elsif plan.price_per_month < former.price_per_month or months < subscription.months then
      how := 'downgrade';
      pending := subscription.cancel_at is not null
        or (plan.id, months) is distinct from (subscription.next_plan, subscription.next_months);
    else
      how := 'upgrade';
      pending := true;
      if account.payments_blocked_at is not null then
        perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
      end if;
    end if;
    if pending and how <> 'resume' and subscription.status not in ('active', 'trialing') then
      perform gateway.refuse(gateway.refusal(409, 'subscription_unpaid'));
    end if;
  elsif how = 'cancel' then
    pending := subscription.cancel_at is null;
  else
    pending := subscription.cancel_at is not null or subscription.next_plan is not null;
  end if;
  if how = 'upgrade' then
    -- Whoever has got hold of an account could try cards here as well.
    perform gateway.limit_attempts('plan.upgrade', account.id::text, 10, interval '1 hour');
  end if;
  if pending then
    perform gateway.audit(caller, session.account_id, session.key_id, 'subscription.' || how, account.id, subscription.id,
      jsonb_strip_nulls(jsonb_build_object('plan', plan.id, 'months', request -> 'months')));
  end if;
  return jsonb_build_object(
    'subscription', gateway.subscription_view(subscription), 'id', subscription.id, 'item', subscription.item, 'how', how,
    'pending', pending,
    -- The same attempt has the same name, whoever repeats it.
    'attempt', format('%s-%s-%s-%s-%s', subscription.id, extract(epoch from subscription.period_start)::bigint, request ->> 'plan',
                      request ->> 'months', subscription.changes));
end;
$$;

-- What Stripe answered to a change of the session's subscription: how that is now (seen, as in gateway.note_subscription), or that it
-- will not, so that the next attempt is another.
create function public.finish_subscription_change(caller jsonb, subscription text, seen jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('subscription', subscription), 'subscription');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.own_subscription(session, subscription);
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  if seen is null or seen = 'null' then
    update gateway.subscriptions set changes = changes + 1 where id = finish_subscription_change.subscription;
  elsif seen ->> 'subscription' is distinct from subscription then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found'));
  else
    perform gateway.require(seen, 'status', 'observed_at', 'period_start', 'period_end', 'begun_at', 'customer', 'livemode');
    account := gateway.catch_up(account, at);
    perform gateway.note_subscription(account, seen, (seen ->> 'livemode')::boolean, at);
  end if;
  return gateway.subscription_view(gateway.own_subscription(session, subscription));
end;
$$;
