-- The only door for what Stripe says: one transaction an event, each event once.

-- Everything about one payment takes turns, whichever account it turns out to be of: a refund that is told of before its payment
-- is known by that id would miss it otherwise. The first lock of its transaction.
create function gateway.take_turns_at_intent(intent text) returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended('stripe intent ' || intent, 0)) where intent is not null $$;

-- The payment that an observation is about: by our own id, which only we put into Stripe's metadata, else by what Stripe calls it,
-- else by the invoice that its intent has paid.
create function gateway.find_payment(seen jsonb) returns gateway.payments
language plpgsql stable set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where id = (seen ->> 'payment')::uuid;
  if not found then
    select * into payment from gateway.payments where intent_id = seen ->> 'intent';
  end if;
  if not found then
    select * into payment from gateway.payments where charge_id = seen ->> 'charge';
  end if;
  if not found then
    select * into payment from gateway.payments where invoice_id = coalesce(
      seen ->> 'invoice', (select invoice_id from gateway.stripe_links where intent_id = seen ->> 'intent'));
  end if;
  return payment;
end;
$$;

-- Keeps what Stripe says of a refund or a dispute; null if it has said something newer before. A refund only goes on; a dispute
-- goes to and fro, so the newest look at it holds.
-- seen: id, kind, intent, charge, amount (cents), status, reason, due_by, observed_at, request (our id of a refund that we asked for).
create function gateway.note_reversal(seen jsonb, payment uuid, at timestamptz) returns gateway.reversals
language plpgsql volatile set search_path = ''
as $$
declare
  noted gateway.reversals;
begin
  -- One of ours has its name from Stripe now.
  update gateway.reversals set id = seen ->> 'id'
    where request_id = (seen ->> 'request')::uuid and id = request_id::text;
  insert into gateway.reversals as known
    (id, kind, payment_id, intent_id, charge_id, amount, status, rank, counts, reason, due_by, observed_at, created_at)
    values (
      seen ->> 'id', seen ->> 'kind', payment, seen ->> 'intent', seen ->> 'charge', (seen ->> 'amount')::integer,
      seen ->> 'status', gateway.reversal_rank(seen ->> 'status'), gateway.reversal_counts(seen ->> 'status'),
      seen ->> 'reason', (seen ->> 'due_by')::timestamptz, (seen ->> 'observed_at')::timestamptz, at)
    on conflict (id) do update set
      payment_id = coalesce(known.payment_id, excluded.payment_id), intent_id = coalesce(known.intent_id, excluded.intent_id),
      charge_id = coalesce(known.charge_id, excluded.charge_id), amount = excluded.amount, status = excluded.status,
      rank = excluded.rank, counts = excluded.counts, reason = coalesce(excluded.reason, known.reason),
      due_by = excluded.due_by, observed_at = excluded.observed_at
      where case known.kind
        when 'refund' then excluded.rank > known.rank
        else (excluded.observed_at, excluded.rank) > (known.observed_at, known.rank) end
    returning * into noted;
  perform gateway.notify_of_reversal(noted, at);
  return noted;
end;
$$;

-- Applies one observation to the account that it is about, whose row is locked.
create function gateway.apply_observation(
  inout account gateway.accounts, payment gateway.payments, seen jsonb, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  settled record;
  noted gateway.reversals;
begin
  if seen ->> 'kind' = 'card' then
    outcome := gateway.note_card(account, seen, (seen ->> 'livemode')::boolean, at);
  elsif seen ->> 'kind' = 'card_gone' then
    outcome := gateway.forget_card(account, seen ->> 'method', null, at);
  elsif seen ->> 'kind' = 'customer' then
    outcome := gateway.forget_customer(seen ->> 'id', at);
    perform gateway.forget_card(account, null, seen ->> 'id', at);
  elsif seen ->> 'kind' = 'subscription' then
    settled := gateway.note_subscription(account, seen, (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := settled.alert;
  elsif seen ->> 'kind' = 'invoice' then
    -- Both of one look at Stripe. Whether the subscription is news says nothing of what was paid.
    settled := gateway.note_subscription(
      account, seen -> 'of_subscription', (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    alert := settled.alert;
    settled := gateway.take_invoice(account, seen, (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := coalesce(settled.alert, alert);
  elsif seen ->> 'kind' = 'link' then
    outcome := 'applied';
    account := gateway.reconcile_payment(account, payment.id, at);
  elsif seen ->> 'kind' = 'payment' then
    settled := gateway.settle_payment(account, payment.id, seen, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := settled.alert;
    if seen #>> '{card,method}' is not null and outcome <> 'mismatch' then
      perform gateway.note_card(account, seen -> 'card' || jsonb_build_object('customer', seen -> 'customer'),
                                payment.livemode, at);
    end if;
  elsif seen ->> 'kind' = 'charge' then
    if exists (select from gateway.payments
               where (intent_id = seen ->> 'intent' or charge_id = seen ->> 'charge') and id <> payment.id) then
      outcome := 'mismatch';
      alert := 'the charge is another payment''s';
      return;
    end if;
    perform gateway.note_payment(payment.id, seen);
    account := gateway.reconcile_payment(account, payment.id, at);
    outcome := 'applied';
  elsif seen ->> 'currency' is distinct from 'usd' then
    outcome := 'mismatch';
    alert := 'the currency is not usd';
  else
    noted := gateway.note_reversal(seen, payment.id, at);
    if noted.id is null then
      outcome := 'stale';
      return;
    end if;
    outcome := 'applied';
    account := gateway.reconcile_payment(account, payment.id, at);
    if noted.kind = 'dispute' then
      account := gateway.heed_disputes(account, at);
      alert := 'a dispute: ' || noted.status || coalesce(', ' || noted.reason, '')
        || coalesce(', answer it by ' || noted.due_by, '');
      perform gateway.audit('{}', null, null, 'payment.dispute', account.id, payment.id::text, jsonb_build_object(
        'dispute', noted.id, 'status', noted.status, 'reason', noted.reason, 'amount', gateway.dollars(gateway.of_cents(noted.amount)),
        'disabled', account.disabled_at is not null));
    end if;
  end if;
end;
$$;

-- Applies what a customer's deletion at Stripe means: the customer is not used any more.
create function gateway.forget_customer(customer text, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
begin
  update gateway.stripe_customers set deleted_at = coalesce(deleted_at, at) where id = customer;
  return case when found then 'applied' else 'ignored' end;
end;
$$;

-- event: id, type, created, livemode, object_id, seen (an observation; see gateway.settle_payment, gateway.note_reversal,
-- gateway.note_subscription and gateway.take_invoice; its kind may also be charge, customer, card,
-- card_gone, link or none). Answers what became of it: duplicate (this very event was here before), applied, repeated (its effect was), stale (something newer was), unmatched (nobody knows what it is about), mismatch, ignored; an alert, if the
-- operator should look; and surplus, the subscriptions of its account that are to be ended at Stripe.
create function public.apply_stripe_event(event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  told constant jsonb := event -> 'seen';
  at timestamptz;
  payment gateway.payments;
  owner uuid;
  account gateway.accounts;
  applied record;
  became text := 'ignored';
  alert text;
begin
  perform gateway.require(event, 'id', 'type', 'created', 'livemode');
  if exists (select from gateway.stripe_events where id = event ->> 'id' and outcome <> 'unmatched') then
    return '{"outcome": "duplicate"}';
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_invoice(told ->> 'invoice');
  perform gateway.take_turns_at_intent(told ->> 'intent');
  payment := gateway.find_payment(told);
  owner := coalesce(payment.account_id, gateway.card_owner(told));
  if owner is null and told ->> 'kind' in ('subscription', 'invoice') then
    owner := gateway.subscriber(told);
  end if;
  if owner is not null then
    select * into account from gateway.accounts where id = owner for no key update;
  end if;
  at := gateway.now();
  -- Behind the locks: a second delivery of the same event has waited for the first, and finds it.
  insert into gateway.stripe_events (id, type, object_id, account_id, outcome, livemode, created_at, received_at)
    values (event ->> 'id', event ->> 'type', event ->> 'object_id', account.id, became,
            (event ->> 'livemode')::boolean, (event ->> 'created')::timestamptz, at)
    on conflict (id) do update set account_id = excluded.account_id where stripe_events.outcome = 'unmatched';
  if not found then
    return '{"outcome": "duplicate"}';
  end if;
  if told ->> 'kind' = 'link' then
    perform gateway.note_link(told, at);
    became := 'applied';
  end if;
  if account.id is not null then
    account := gateway.catch_up(account, at);
    applied := gateway.apply_observation(account, payment, told || jsonb_build_object('livemode', event -> 'livemode'), at);
    became := applied.outcome;
    alert := applied.alert;
  elsif told ->> 'kind' in ('refund', 'dispute') then
    -- It waits here for its payment to be known by the intent or the charge.
    perform gateway.note_reversal(told, null, at);
    became := 'unmatched';
  elsif told ->> 'kind' in ('payment', 'charge') and told ->> 'deployment' = gateway.deployment_id()::text then
    became := 'unmatched';
    alert := 'it names a payment of this deployment, which has none such';
  elsif told ->> 'kind' in ('subscription', 'invoice') and told ->> 'deployment' = gateway.deployment_id()::text then
    became := 'unmatched';
    alert := 'it names an account of this deployment, which has none such';
  end if;
  update gateway.stripe_events set
    outcome = became, seen = case became when 'unmatched' then told end
    where id = event ->> 'id';
  return jsonb_build_object(
    'outcome', became, 'alert', alert, 'account_id', account.id, 'payment_id', payment.id,
    'surplus', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from gateway.surplus_subscriptions(account.id) s
                where account.id is not null and told ->> 'kind' in ('subscription', 'invoice')));
end;
$$;
