-- What a payment gives and what of it must be taken back: derived from what Stripe has said, not added up event by event, so that
-- duplicates and any order of events come to one result.
--
-- Each function here expects the account's row to be locked by its caller, and is handed that row.

-- By what name this database's payments go at Stripe.
create function gateway.deployment_id() returns uuid
language plpgsql volatile set search_path = ''
as $$
declare
  name uuid;
begin
  select id into name from gateway.deployment;
  if not found then
    insert into gateway.deployment (one) values (true) on conflict do nothing;
    select id into name from gateway.deployment;
  end if;
  return name;
end;
$$;

-- Cents in nano-dollars.
create function gateway.of_cents(cents bigint) returns bigint
language sql immutable parallel safe
return cents * 10000000;

-- How far a payment has come. Of two words of Stripe the higher one holds, in whatever order they arrive.
create function gateway.payment_rank(status text) returns integer
language sql immutable parallel safe
return case status
  when 'created' then 0 when 'processing' then 1 when 'failed' then 2 when 'canceled' then 3 when 'expired' then 4 else 5
end;

-- How far a reversal has come. What Stripe has said stands above what we wanted.
create function gateway.reversal_rank(status text) returns integer
language sql immutable parallel safe
return case
  when status in ('requested', 'refused') then 0
  when status in ('succeeded', 'under_review') then 2
  when status in ('failed', 'canceled', 'won', 'lost') then 3
  when status in ('appeal_needs_response', 'appeal_under_review') then 4
  else 1
end;

-- Whether the money of a reversal is gone, or is about to go. A status that Stripe adds later counts until it is known.
create function gateway.reversal_counts(status text) returns boolean
language sql immutable parallel safe
return not (status in ('refused', 'failed', 'canceled', 'won', 'prevented') or starts_with(status, 'warning_'));

-- How much of a payment's credit is to be taken back when so many of the paid cents are reversed: absolute, so cumulative
-- amounts, partial refunds, and a refund beside a dispute of the same charge cannot count twice. Rounded up, once.
create function gateway.to_take_back(given bigint, paid bigint, reversed bigint) returns bigint
language sql immutable parallel safe
return coalesce(ceil(given::numeric * least(reversed, paid) / nullif(paid, 0))::bigint, 0);

-- The grants that hold what a payment gave, in the order in which it is taken back.
create function gateway.grants_of(payment gateway.payments) returns bigint[]
language sql stable set search_path = ''
as $$
  select array_remove(array[payment.bonus_grant_id, payment.grant_id] || array(
    select grant_id from gateway.instalments where payment_id = payment.id order by due_at desc, line, nth)
    || payment.returned_grant_ids, null)
$$;

-- How many of a payment's cents are reversed by now.
create function gateway.reversed_cents(payment uuid) returns bigint
language sql stable set search_path = ''
as $$ select coalesce(sum(amount), 0) from gateway.reversals where payment_id = payment and counts $$;

-- How many of the paid cents can be returned without debt: what is left of the credit, as a part of what was paid, rounded down.
create function gateway.unspent_cents(account gateway.accounts, payment gateway.payments, at timestamptz) returns bigint
language sql stable set search_path = ''
as $$
  select greatest(0, least(
    payment.paid - gateway.reversed_cents(payment.id),
    floor((payment.taken_back + gateway.not_due_of(payment.id) + least(gateway.available(account, at), (
      select coalesce(sum(remaining), 0) from gateway.credit_grants
      where id = any (gateway.grants_of(payment)) and live and (expires_at is null or expires_at > at)
      )))::numeric * payment.paid / (payment.credits + payment.bonus)) - gateway.reversed_cents(payment.id)))::bigint
$$;

-- Blocks payments of an account while a dispute of one of them counts. A dispute that says fraud disables it until the dispute is
-- closed; an administrator it does not, since somebody must be able to administer.
create function gateway.heed_disputes(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  dispute gateway.reversals;
  suspects boolean := false;
begin
  account.payments_blocked_at := case when exists (
      select from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.counts)
    then coalesce(account.payments_blocked_at, at) end;
  for dispute in
    select r.* from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.counts and r.status <> 'lost'
        and r.reason in ('fraudulent', 'unrecognized')
      order by r.created_at, r.id
  loop
    suspects := true;
    if dispute.disabled_at is null and account.role <> 'admin' then
      account.disabled_at := coalesce(account.disabled_at, at);
      update gateway.reversals set disabled_at = at where id = dispute.id;
    end if;
  end loop;
  if not suspects and account.deleted_at is null and exists (
      select from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.disabled_at = account.disabled_at) then
    account.disabled_at := null;
  end if;
  update gateway.accounts set
    payments_blocked_at = account.payments_blocked_at, disabled_at = account.disabled_at
    where id = account.id;
  if account.payments_blocked_at is not null then
    perform gateway.stop_auto_topup(account.id, 'disputed', at);
  end if;
end;
$$;

-- Gives a payment the reversals that were told of before it was known by what they name.
create function gateway.adopt_reversals(inout account gateway.accounts, payment gateway.payments, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  adopted text[];
begin
  with found as (
    update gateway.reversals set payment_id = payment.id
      where payment_id is null and (intent_id = payment.intent_id or charge_id = payment.charge_id
        or intent_id in (select l.intent_id from gateway.stripe_links l where l.invoice_id = payment.invoice_id))
      returning id)
  select array_agg(id) into adopted from found;
  if adopted is not null then
    perform gateway.notify_of_reversal(r, at) from gateway.reversals r where r.id = any (adopted) order by r.id;
    update gateway.stripe_events set outcome = 'applied', account_id = account.id, seen = null
      where object_id = any (adopted) and outcome = 'unmatched';
    account := gateway.heed_disputes(account, at);
  end if;
end;
$$;

-- Brings what was taken of a payment's credit to what its reversals come to. Books the difference, in either direction.
create function gateway.reconcile_payment(inout account gateway.accounts, this_payment uuid, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  returned record;
  target bigint;
  -- What of the difference moves credit: instalments bear the rest.
  part bigint;
begin
  select * into payment from gateway.payments where id = this_payment;
  account := gateway.adopt_reversals(account, payment, at);
  if payment.status <> 'succeeded' then
    return;
  end if;
  target := gateway.to_take_back(payment.credits + payment.bonus, payment.paid, gateway.reversed_cents(payment.id));
  if target > payment.taken_back then
    part := gateway.void_instalments(account, payment, target - payment.taken_back, at);
    if part > 0 then
      account := gateway.money_back(account, gateway.grants_of(payment), part, at);
    end if;
  elsif target < payment.taken_back then
    part := gateway.restore_instalments(payment, payment.taken_back - target, at);
    if part > 0 then
      returned := gateway.grant_credit(
        account, 'credit_back', part, case payment.kind when 'invoice' then at + interval '30 days' end, 'a reversal was undone',
        at);
      account := returned.account;
      update gateway.payments set returned_grant_ids = returned_grant_ids || returned.grant_id where id = payment.id;
    end if;
  end if;
  update gateway.payments set taken_back = target where id = payment.id;
  if payment.kind = 'invoice' then
    account := gateway.sync_plan(account, at);
    account := gateway.grant_due(account, at);
  end if;
  -- A purchase that was wholly returned buys no limits, and neither does what came with a plan.
  account.has_purchased := exists (
    select from gateway.payments
    where account_id = account.id and kind <> 'invoice' and status = 'succeeded' and taken_back < credits + bonus);
  update gateway.accounts set has_purchased = account.has_purchased where id = account.id;
  account := gateway.heed_referral(account, payment.id, at);
end;
$$;

-- Why what was paid is not what was asked for, or null.
create function gateway.payment_mismatch(payment gateway.payments, seen jsonb) returns text
language sql stable set search_path = ''
as $$
  select case
    when seen ->> 'currency' is distinct from 'usd' then 'the currency is not usd'
    when (seen ->> 'livemode')::boolean is distinct from payment.livemode then 'the mode is another'
    when (seen ->> 'amount')::bigint is distinct from payment.amount
      -- A session tells what is asked before tax; its intent only what there is to pay.
      and (payment.taxed and seen ->> 'session' is null and (seen ->> 'amount')::bigint > payment.amount) is not true
      then 'the amount is another'
    when coalesce((seen ->> 'paid')::bigint, 0) < payment.amount then 'less was paid'
    when seen ->> 'session' <> payment.session_id then 'the session is another'
    when seen ->> 'intent' <> payment.intent_id then 'the payment intent is another'
    when exists (select from gateway.payments
                 where (intent_id = seen ->> 'intent' or session_id = seen ->> 'session' or charge_id = seen ->> 'charge')
                   and id <> payment.id) then 'it is another payment''s'
    when exists (select from gateway.stripe_customers
                 where id = seen ->> 'customer' and account_id <> payment.account_id) then 'the customer is another account''s'
  end
$$;

-- Notes by what else a payment is known at Stripe; what is known stays.
create function gateway.note_payment(payment uuid, seen jsonb) returns gateway.payments
language sql volatile set search_path = ''
as $$
  update gateway.payments set
    session_id = coalesce(session_id, seen ->> 'session'), intent_id = coalesce(intent_id, seen ->> 'intent'),
    charge_id = coalesce(charge_id, seen ->> 'charge'), fingerprint = coalesce(fingerprint, seen ->> 'fingerprint'),
    receipt_url = coalesce(receipt_url, seen ->> 'receipt_url')
    where id = payment
    returning *
$$;

-- Notes whose customer this is; whose it was before, it stays.
create function gateway.note_customer(account uuid, customer text, livemode boolean, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.stripe_customers (id, account_id, livemode, created_at)
    select customer, note_customer.account, note_customer.livemode, at where customer is not null
    on conflict (id) do nothing
$$;

-- Applies what Stripe says of a payment: credits it, once, if it is paid as it was asked for. `alert` is for the operator.
-- seen: status (paid, processing, failed, canceled, expired), amount and paid (cents), currency, livemode, session, intent, charge,
-- customer, failure_code, advice (Stripe's, on a decline), card (one that was left with it; see gateway.note_card).
create function gateway.settle_payment(
  inout account gateway.accounts, this_payment uuid, seen jsonb, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  granted record;
  bonus record;
begin
  select * into payment from gateway.payments where id = this_payment;
  if payment.status in ('succeeded', 'mismatch') then
    outcome := 'repeated';
    if seen ->> 'status' = 'paid' then
      alert := gateway.payment_mismatch(payment, seen);
      if alert is null and payment.status = 'succeeded' then
        perform gateway.note_payment(payment.id, seen);
        account := gateway.reconcile_payment(account, payment.id, at);
      end if;
    end if;
    return;
  end if;
  if seen ->> 'status' <> 'paid' then
    outcome := case when gateway.payment_rank(seen ->> 'status') > gateway.payment_rank(payment.status) then 'applied' else 'stale' end;
    update gateway.payments set
      status = case outcome when 'applied' then seen ->> 'status' else status end,
      failure_code = coalesce(seen ->> 'failure_code', failure_code), intent_id = coalesce(intent_id, case kind when 'auto' then seen ->> 'intent' end)
      where id = payment.id;
    -- Of an auto top-up its account hears what becomes of the next ones.
    perform gateway.notify(account.id, 'payment_failed', payment.id::text, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(payment.amount)), 'payment_id', payment.id,
      'failure_code', seen ->> 'failure_code', 'at', at), at)
      where outcome = 'applied' and seen ->> 'status' = 'failed' and payment.kind <> 'auto';
    perform gateway.heed_auto_topup(payment, seen, at);
    return;
  end if;
  alert := gateway.payment_mismatch(payment, seen);
  if alert is not null then
    update gateway.payments set status = 'mismatch', failure_code = 'mismatch' where id = payment.id;
    outcome := 'mismatch';
    return;
  end if;
  outcome := 'applied';
  alert := case
    when account.deleted_at is not null then 'the account was deleted before it was paid: refund it'
    when payment.status in ('expired', 'canceled') then 'it was paid after it had ended' end;
  perform gateway.note_customer(account.id, seen ->> 'customer', payment.livemode, at);
  payment := gateway.note_payment(payment.id, seen);
  granted := gateway.grant_credit(account, 'purchase', payment.credits, null, 'payment ' || payment.id, at);
  account := granted.account;
  perform gateway.note_conversion(account, 'purchase', at);
  update gateway.payments set
    status = 'succeeded', paid = (seen ->> 'paid')::integer, grant_id = granted.grant_id, settled_at = at, failure_code = null
    where id = payment.id;
  bonus := gateway.settle_bonus(account, payment, at);
  payment := bonus.payment;
  if payment.bonus > 0 then
    granted := gateway.grant_credit(
      account, 'coupon', payment.bonus, bonus.lapses_at, 'bonus of payment ' || payment.id, at);
    account := granted.account;
    update gateway.payments set bonus_grant_id = granted.grant_id where id = payment.id;
    update gateway.coupon_redemptions set grant_id = granted.grant_id where payment_id = payment.id;
  end if;
  perform gateway.notify(account.id, 'receipt', payment.id::text, jsonb_build_object(
    'paid', gateway.dollars(gateway.of_cents((seen ->> 'paid')::bigint)), 'credits', gateway.dollars(payment.credits),
    'bonus', gateway.dollars(payment.bonus), 'auto', payment.kind = 'auto', 'payment_id', payment.id, 'receipt_url', payment.receipt_url, 'at', at), at);
  perform gateway.heed_auto_topup(payment, seen, at);
  account := gateway.reconcile_payment(account, payment.id, at);
end;
$$;
