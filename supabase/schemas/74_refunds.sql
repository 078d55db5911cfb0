-- Refunds that we ask Stripe for: the credit goes first, then Stripe is asked, under the refund's id as its Idempotency-Key, and
-- what it answers holds.

-- A refund as whoever asked for it sees it.
create function gateway.refund_view(refund gateway.reversals) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'refund', 'id', coalesce(refund.request_id::text, refund.id),
    'stripe_id', case when refund.id <> refund.request_id::text then refund.id end,
    'payment_id', refund.payment_id, 'amount', gateway.dollars(gateway.of_cents(refund.amount)), 'currency', 'usd',
    'status', refund.status, 'reason', refund.reason, 'created_at', refund.created_at)
$$;

-- A refund with what Stripe is to be told: nothing, once it has answered.
create function gateway.refund_to_make(refund gateway.reversals) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'refund', gateway.refund_view(refund), 'id', refund.request_id, 'intent', refund.intent_id, 'amount', refund.amount,
    'reason', refund.reason, 'payment', refund.payment_id, 'pending', refund.status = 'requested')
$$;

-- Takes the credit of a refund that is about to be asked for. amount: cents; null for what is unspent. `force` lets it exceed that,
-- as debt.
create function gateway.place_refund(
  inout account gateway.accounts, payment gateway.payments, id uuid, amount bigint, reason text, force boolean,
  at timestamptz, out refund gateway.reversals)
language plpgsql set search_path = ''
as $$
declare
  unspent bigint;
  rest bigint;
begin
  if payment.status <> 'succeeded' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', format('The payment is %s: only one that has succeeded can be refunded.', payment.status))));
  end if;
  if exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts) then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', 'The payment is disputed: its bank decides who has the money.')));
  end if;
  if payment.intent_id is null and payment.kind = 'invoice' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', 'No card is known to have paid this invoice: refund it at Stripe.')));
  end if;
  unspent := gateway.unspent_cents(account, payment, at);
  rest := payment.paid - gateway.reversed_cents(payment.id);
  amount := coalesce(amount, unspent);
  if amount > rest or amount > unspent and not force or amount <= 0 then
    perform gateway.refuse(gateway.refusal(409, 'refund_exceeds_payment', jsonb_build_object(
      'unspent', gateway.dollars(gateway.of_cents(unspent)), 'rest', gateway.dollars(gateway.of_cents(rest)))));
  end if;
  insert into gateway.reversals
    (id, request_id, kind, payment_id, intent_id, charge_id, amount, status, rank, counts, reason, observed_at, created_at)
    values (place_refund.id::text, place_refund.id, 'refund', payment.id, payment.intent_id, payment.charge_id,
            place_refund.amount, 'requested', gateway.reversal_rank('requested'), true, place_refund.reason, at, at)
    returning * into refund;
  account := gateway.reconcile_payment(account, payment.id, at);
end;
$$;

-- An administrator's refund. request: id (the refund's, a new one), payment_id, amount (cents; null: what is unspent), reason, force.
create function public.begin_refund(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:refunds');
  payment gateway.payments;
  account gateway.accounts;
  former gateway.accounts;
  placed record;
  refund gateway.reversals;
  earlier jsonb;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'payment_id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into refund from gateway.reversals where request_id = (earlier ->> 'refund')::uuid;
    return gateway.refund_to_make(refund);
  end if;
  select * into payment from gateway.payments where id = (request ->> 'payment_id')::uuid;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  perform gateway.authenticate(caller, 'admin:refunds');
  select * into payment from gateway.payments where id = payment.id;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  former := account;
  placed := gateway.place_refund(
    account, payment, (request ->> 'id')::uuid, (request ->> 'amount')::bigint, request ->> 'reason',
    coalesce((request ->> 'force')::boolean, false), at);
  account := placed.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'payment.refund', account.id, payment.id::text,
    jsonb_build_object(
      'refund', request ->> 'id', 'amount', gateway.dollars(gateway.of_cents((placed.refund).amount)), 'reason', request ->> 'reason',
      'before', jsonb_build_object('balance', gateway.dollars(former.balance), 'debt', gateway.dollars(former.debt)),
      'after', jsonb_build_object('balance', gateway.dollars(account.balance), 'debt', gateway.dollars(account.debt))));
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('refund', request ->> 'id'));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- A buyer's refund of what is unspent of a payment that is not a day old. id: the refund's, a new one.
create function public.begin_own_refund(caller jsonb, target text, id uuid, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  payment gateway.payments;
  account gateway.accounts;
  placed record;
  refund gateway.reversals;
  earlier jsonb;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('target', target, 'id', id), 'target', 'id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into refund from gateway.reversals where request_id = (earlier ->> 'refund')::uuid;
    return gateway.refund_to_make(refund);
  end if;
  select * into account from gateway.accounts where accounts.id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  payment := gateway.own_payment(session, target);
  at := gateway.now();
  if payment.kind = 'invoice' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable',
      '{"message": "A plan is not refunded by itself: POST /subscription/cancel ends it with its period. Contact support."}'));
  end if;
  if payment.settled_at <= at - interval '24 hours' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable',
      '{"message": "Unused credit can be refunded for 24 hours after it was bought. Contact support."}'));
  end if;
  account := gateway.catch_up(account, at);
  placed := gateway.place_refund(
    account, payment, begin_own_refund.id, null, 'requested_by_customer', false, at);
  account := placed.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'payment.refund', account.id, payment.id::text,
    jsonb_build_object('refund', begin_own_refund.id, 'amount', gateway.dollars(gateway.of_cents((placed.refund).amount))));
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('refund', begin_own_refund.id));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- What Stripe answered when it was asked for a refund: what it made (seen, as in gateway.note_reversal), or that it will not, which
-- gives the credit back. A refund that Stripe has told of meanwhile is not refused any more.
create function public.finish_refund(refund uuid, seen jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  noted gateway.reversals;
  payment gateway.payments;
  account gateway.accounts;
  at timestamptz;
begin
  select * into noted from gateway.reversals where request_id = refund;
  if not found then
    return null;
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(noted.intent_id);
  select * into payment from gateway.payments where id = noted.payment_id;
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  if seen is null then
    update gateway.reversals set status = 'refused', counts = false where request_id = refund and status = 'requested';
  else
    perform gateway.note_reversal(seen || jsonb_build_object('request', refund), payment.id, at);
  end if;
  account := gateway.reconcile_payment(account, payment.id, at);
  select * into noted from gateway.reversals where request_id = refund;
  return gateway.refund_view(noted);
end;
$$;
