-- What is done when Stripe warns of a payment, or says more of its refunds than has been told.

-- Begins the refund of all that is left of a payment which its bank holds to be fraud: cheaper than the dispute that would follow.
-- What was spent of it is debt. Null where nothing is to be refunded. warning: id (the refund's, always the same of one warning),
-- intent, charge.
create function public.begin_warned_refund(warning jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  payment gateway.payments;
  account gateway.accounts;
  refund gateway.reversals;
  placed record;
  rest bigint;
  at timestamptz;
begin
  perform gateway.require(warning, 'id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(warning ->> 'intent');
  payment := gateway.find_payment(warning);
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  if not found then
    return null;
  end if;
  select * into refund from gateway.reversals where request_id = (warning ->> 'id')::uuid;
  if found then
    return gateway.refund_to_make(refund);
  end if;
  at := gateway.now();
  select * into payment from gateway.payments where id = payment.id;
  rest := payment.paid - gateway.reversed_cents(payment.id);
  if payment.status <> 'succeeded' or rest <= 0
    or exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts) then
    return null;
  end if;
  account := gateway.catch_up(account, at);
  placed := gateway.place_refund(account, payment, (warning ->> 'id')::uuid, rest, 'fraudulent', true, at);
  perform gateway.audit('{}', null, null, 'payment.refund', account.id, payment.id::text, jsonb_build_object(
    'refund', warning ->> 'id', 'amount', gateway.dollars(gateway.of_cents(rest)), 'reason', 'fraudulent'));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- Whether Stripe has refunded more of a charge than has been told of: seen: intent, charge, refunded (cents, all of them together).
create function public.misses_refunds(seen jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  perform gateway.require(seen, 'refunded');
  payment := gateway.find_payment(seen);
  return to_jsonb(payment.id is not null and (seen ->> 'refunded')::bigint > (
    select coalesce(sum(amount), 0) from gateway.reversals where payment_id = payment.id and kind = 'refund' and counts));
end;
$$;
