-- Buying credit: what an account begins, is told, and sees of its payments.

-- A payment as its account sees it.
create function gateway.payment_view(payment gateway.payments) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'payment', 'id', payment.id, 'kind', payment.kind, 'status', payment.status, 'package', payment.package,
    'currency', 'usd', 'amount', gateway.dollars(gateway.of_cents(payment.amount)),
    'fee', gateway.dollars(gateway.of_cents(payment.fee)), 'paid', gateway.dollars(gateway.of_cents(payment.paid)),
    'credits', gateway.dollars(payment.credits), 'bonus', gateway.dollars(payment.bonus),
    'coupon', (select code from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
               where r.payment_id = payment.id),
    'taken_back', gateway.dollars(payment.taken_back),
    'refunded', gateway.dollars(gateway.of_cents((
      select coalesce(sum(amount), 0)::bigint from gateway.reversals
      where payment_id = payment.id and kind = 'refund' and counts))),
    'disputed', exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts),
    'session_id', payment.session_id, 'intent_id', payment.intent_id, 'subscription_id', payment.subscription_id, 'failure_code', payment.failure_code,
    'receipt_url', payment.receipt_url, 'livemode', payment.livemode,
    'created_at', payment.created_at, 'expires_at', payment.expires_at, 'settled_at', payment.settled_at)
$$;

-- A payment with what Stripe is to be told besides.
create function gateway.payment_to_make(payment gateway.payments) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'payment', gateway.payment_view(payment), 'id', payment.id, 'account_id', payment.account_id, 'status', payment.status,
    'amount', payment.amount - payment.fee, 'fee', payment.fee, 'credits', gateway.dollars(payment.credits),
    'expires_at', extract(epoch from payment.expires_at)::bigint, 'deployment', gateway.deployment_id(),
    'customer', (
      select id from gateway.stripe_customers
      where account_id = payment.account_id and livemode = payment.livemode and deleted_at is null
      order by created_at, id limit 1),
    'email', (select email from gateway.accounts where id = payment.account_id))
$$;

-- request: id (the payment's, a new one), kind (checkout, intent), package or amount (cents of credit), fee (basis points on top),
-- livemode, taxed (tax comes on top of the amount), coupon (a code; an unknown one is refused as a value, so that the try is counted). A repetition answers how the payment stands.
create function public.begin_payment(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  least_amount constant integer := 500;
  most_amount constant integer := 100000;
  most_a_day constant integer := 200000;
  bought gateway.credit_packages;
  account gateway.accounts;
  payment gateway.payments;
  coupon gateway.coupons;
  earlier jsonb;
  fee integer;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'kind', 'fee', 'livemode');
  perform gateway.require(jsonb_build_object('bought', coalesce(request ->> 'package', request ->> 'amount')), 'bought');
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into payment from gateway.payments where id = (earlier ->> 'payment')::uuid;
    return gateway.payment_to_make(payment);
  end if;
  if request ->> 'package' is not null then
    select * into bought from gateway.credit_packages where id = request ->> 'package' and active;
    if not found then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request',
        '{"param": "package", "message": "There is no such package; GET /api/stripe/credit-packages lists them."}'));
    end if;
  else
    bought.amount := (request ->> 'amount')::integer;
    bought.credits := gateway.of_cents(bought.amount);
    if bought.amount not between least_amount and most_amount then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'amount', 'message',
        format('`amount` is from %s to %s dollars.', least_amount / 100, most_amount / 100))));
    end if;
  end if;
  -- Thieves try cards by the thousand.
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
  perform gateway.refuse_excess(account.balance, bought.credits, 'amount');
  fee := ceil(bought.amount::numeric * (request ->> 'fee')::integer / 10000);
  if fee + bought.amount + (
      select coalesce(sum(amount), 0) from gateway.payments
      where account_id = account.id and created_at > at - interval '1 day'
        and status in ('created', 'processing', 'succeeded')) > most_a_day then
    perform gateway.refuse(gateway.refusal(429, 'payment_limit_reached'));
  end if;
  insert into gateway.payments (id, account_id, kind, package, amount, fee, credits, livemode, taxed, created_at, expires_at)
    values ((request ->> 'id')::uuid, account.id, request ->> 'kind', bought.id, bought.amount + fee, fee, bought.credits,
            (request ->> 'livemode')::boolean, coalesce((request ->> 'taxed')::boolean, false), at, at + interval '1 hour')
    returning * into payment;
  if coupon.id is not null then
    payment := gateway.reserve_bonus(account, payment, coupon, at);
  end if;
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('payment', payment.id));
  return gateway.payment_to_make(payment);
end;
$$;

-- The payment of the session's account that has this id, ours or Stripe's; refuses when there is none, or another's.
create function gateway.own_payment(session gateway.session, target text) returns gateway.payments
language plpgsql stable set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where session_id = target;
  if not found then
    select * into payment from gateway.payments where intent_id = target;
  end if;
  if not found and target ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into payment from gateway.payments where id = target::uuid;
  end if;
  if payment.account_id is distinct from session.account_id then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  return payment;
end;
$$;

-- Notes what Stripe calls a payment that it was asked for. seen: session, intent, customer.
create function public.attach_payment(caller jsonb, target text, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  payment gateway.payments := gateway.own_payment(session, target);
  account gateway.accounts;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('known', coalesce(seen ->> 'session', seen ->> 'intent')), 'known');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  perform gateway.note_customer(account.id, seen ->> 'customer', payment.livemode, at);
  payment := gateway.note_payment(payment.id, seen);
  -- A webhook may have been faster.
  account := gateway.catch_up(account, at);
  account := gateway.reconcile_payment(account, payment.id, at);
  return gateway.payment_view(payment);
end;
$$;

-- Applies what Stripe has just said of a payment of the caller's: whoever comes back from paying need not wait for a webhook.
-- seen: as in gateway.settle_payment, with payment, the id that Stripe has of it.
create function public.confirm_payment(caller jsonb, target text, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  payment gateway.payments := gateway.own_payment(session, target);
  account gateway.accounts;
  settled record;
  at timestamptz;
begin
  perform gateway.require(seen, 'payment', 'status', 'livemode');
  if seen ->> 'payment' <> payment.id::text then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  settled := gateway.settle_payment(account, payment.id, seen, at);
  select * into payment from gateway.payments where id = payment.id;
  return jsonb_build_object('payment', gateway.payment_view(payment), 'outcome', settled.outcome, 'alert', settled.alert);
end;
$$;

create function public.get_payment(caller jsonb, target text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  return gateway.payment_view(gateway.own_payment(session, target));
end;
$$;

-- query: status, limit, cursor {at, id}. Newest first.
create function public.list_payments(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select payments as payment, created_at, id from gateway.payments
    where account_id = session.account_id
      and (query ->> 'status' is null or status = query ->> 'status')
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.payment_view(payment) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: fee (basis points), which is added to each price. Few, so all of them at once.
create function public.list_credit_packages(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  perform gateway.require(query, 'fee');
  return gateway.page((
    select jsonb_agg(jsonb_build_object(
      'object', 'credit_package', 'id', id,
      'price', gateway.dollars(gateway.of_cents(amount + ceil(amount::numeric * (query ->> 'fee')::integer / 10000)::bigint)),
      'fee', gateway.dollars(gateway.of_cents(ceil(amount::numeric * (query ->> 'fee')::integer / 10000)::bigint)),
      'credits', gateway.dollars(credits)) order by amount, id)
    from gateway.credit_packages where active), null);
end;
$$;
