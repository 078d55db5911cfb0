-- What Stripe says of subscriptions and their invoices: limits follow the subscription as it was last looked at, credit follows the
-- lines of invoices that are paid. Neither waits for the other.

-- Notes of which plan a price is, by the name under which it is sold: dev_month, team_year. What is known of a price stays, since
-- names move on to the price that follows it.
-- price: id, name, months.
create function gateway.note_price(price jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.plan_prices (id, plan, months, created_at)
    select price ->> 'id', p.id, (price ->> 'months')::integer, at from gateway.plans p
    where p.id || case price ->> 'months' when '1' then '_month' when '12' then '_year' end = price ->> 'name'
      and p.price_per_month > 0
    on conflict (id) do nothing
$$;

-- Whose a subscription or an invoice is: by the subscription, else by the customer, else by the metadata that this deployment gave
-- it. What names another deployment is nobody's here.
create function gateway.subscriber(seen jsonb) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  owner uuid;
begin
  if seen ->> 'deployment' <> coalesce((select id::text from gateway.deployment), '') then
    return null;
  end if;
  select account_id into owner from gateway.subscriptions where id = seen ->> 'subscription';
  if not found then
    select account_id into owner from gateway.stripe_customers where id = seen ->> 'customer';
  end if;
  if not found and seen ->> 'deployment' is not null then
    select id into owner from gateway.accounts where id = (seen ->> 'account')::uuid;
  end if;
  return owner;
end;
$$;

-- Whether a subscription or an invoice names another account than the one that it was found to be of.
create function gateway.names_another(account gateway.accounts, seen jsonb) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce((seen ->> 'account')::uuid <> account.id, false) or exists (
    select from gateway.stripe_customers where id = seen ->> 'customer' and account_id <> account.id)
$$;

-- Subscriptions that are to be ended at Stripe: all but the newest of an account, with their period; a deleted account's, at once.
create function gateway.surplus_subscriptions(of_account uuid)
returns table (id text, at_once boolean)
language sql stable set search_path = ''
as $$
  select s.id, a.deleted_at is not null
  from gateway.subscriptions s join gateway.accounts a on a.id = s.account_id
  where s.ended_at is null and s.status in ('active', 'trialing', 'past_due', 'unpaid')
    and (of_account is null or a.id = of_account)
    and (a.deleted_at is not null or s.cancel_at is null and exists (
      select from gateway.subscriptions newer
      where newer.account_id = a.id and newer.ended_at is null and newer.cancel_at is null
        and newer.status in ('active', 'trialing', 'past_due') and (newer.begun_at, newer.id) > (s.begun_at, s.id)))
$$;

-- Keeps how a subscription was when Stripe was asked.
-- seen: subscription, customer, account, deployment, item, price {id, name, months}, status, begun_at, period_start, period_end,
-- cancel_at, next {id, name, months} (the price that it changes to with its period, or null), ended_at, observed_at.
create function gateway.note_subscription(
  inout account gateway.accounts, seen jsonb, livemode boolean, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  noted gateway.subscriptions;
  former gateway.subscriptions;
  known gateway.plan_prices;
  coming gateway.plan_prices;
begin
  if gateway.names_another(account, seen) then
    outcome := 'mismatch';
    alert := 'a subscription names another account than its customer is of';
    return;
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  perform gateway.note_price(seen -> 'price', at);
  perform gateway.note_price(seen -> 'next', at);
  select * into known from gateway.plan_prices where id = seen #>> '{price,id}';
  select * into coming from gateway.plan_prices where id = seen #>> '{next,id}';
  select * into former from gateway.subscriptions where id = seen ->> 'subscription';
  insert into gateway.subscriptions as s
    (id, account_id, customer, item, plan, months, status, period_start, period_end, cancel_at, next_plan, next_months, ended_at,
     begun_at, observed_at, created_at)
    values (
      seen ->> 'subscription', account.id, seen ->> 'customer', seen ->> 'item', known.plan, known.months, seen ->> 'status',
      (seen ->> 'period_start')::timestamptz, (seen ->> 'period_end')::timestamptz, (seen ->> 'cancel_at')::timestamptz,
      coming.plan, coming.months,
      case when seen ->> 'status' in ('canceled', 'incomplete_expired')
        then coalesce((seen ->> 'ended_at')::timestamptz, (seen ->> 'observed_at')::timestamptz) end,
      (seen ->> 'begun_at')::timestamptz, (seen ->> 'observed_at')::timestamptz, at)
    on conflict (id) do update set
      item = excluded.item, plan = excluded.plan, months = excluded.months, status = excluded.status,
      period_start = excluded.period_start, period_end = excluded.period_end, cancel_at = excluded.cancel_at,
      next_plan = excluded.next_plan, next_months = excluded.next_months, ended_at = excluded.ended_at, observed_at = excluded.observed_at
      -- An end is final, whatever the clocks of those who asked say.
      where s.ended_at is null and (excluded.observed_at >= s.observed_at or excluded.ended_at is not null)
    returning * into noted;
  if noted.id is null then
    outcome := 'stale';
    return;
  end if;
  outcome := 'applied';
  account := gateway.sync_plan(account, at);
  account := gateway.grant_due(account, at);
  alert := case
    when known.id is null then 'the price ' || coalesce(seen #>> '{price,id}', '?') || ' is no plan''s: run `stripe setup`'
    when account.deleted_at is not null and noted.ended_at is null then 'a deleted account has a subscription: it is ended'
    when former.id is null and exists (select from gateway.surplus_subscriptions(account.id))
      then 'two subscriptions at once: the older ends with its period' end;
  if (former.plan, former.months, former.status, former.cancel_at, former.next_plan, former.next_months, former.ended_at) is distinct from
     (noted.plan, noted.months, noted.status, noted.cancel_at, noted.next_plan, noted.next_months, noted.ended_at) then
    perform gateway.audit('{}', null, null, 'subscription.' || noted.status, account.id, noted.id, jsonb_build_object(
      'plan', noted.plan, 'months', noted.months, 'period_end', noted.period_end, 'cancel_at', noted.cancel_at,
      'next_plan', noted.next_plan, 'next_months', noted.next_months, 'ended_at', noted.ended_at));
    perform gateway.notify_of_plan(former, noted, at);
  end if;
end;
$$;

-- What the lines of a paid invoice give: a row for each month of each line of a plan, and one of the net of what was prorated, which
-- we never ask for and only a hand at the Dashboard does. What was paid after its first month had passed counts from now on.
-- seen: lines [{id, price, starts_at, ends_at, amount, quantity, proration}], amount (cents without tax).
create function gateway.instalments_of(seen jsonb, at timestamptz)
returns table (line text, nth integer, plan text, due_at timestamptz, period_end timestamptz, amount bigint)
language sql stable set search_path = ''
as $$
  with lines as (
    select * from jsonb_to_recordset(seen -> 'lines') as l
      (id text, price text, starts_at timestamptz, ends_at timestamptz, amount bigint, quantity bigint, proration boolean)
  ),
  sold as (
    select l.*, p.plan, p.months, plans.credits_per_month, start, start <> l.starts_at as is_late
    from lines l join gateway.plan_prices p on p.id = l.price join gateway.plans on plans.id = p.plan,
      lateral (select case when least(gateway.months_after(l.starts_at, 1), l.ends_at) <= at then at else l.starts_at end as start) s
    where not l.proration
  ),
  net as (
    select least(sum(amount)::bigint, (seen ->> 'amount')::bigint) as cents, max(ends_at) as ends_at from lines where proration
    having count(*) > 0
  )
  select sold.id, nth, sold.plan, gateway.months_after(start, nth - 1),
    case when nth = months and not is_late then ends_at else gateway.months_after(start, nth) end,
    credits_per_month * quantity
  from sold, generate_series(1, months) as nth
  where credits_per_month * quantity > 0
  union all
  select 'proration', 1, null, at, greatest(ends_at, gateway.months_after(at, 1)), gateway.of_cents(cents) from net where cents > 0
$$;

-- Takes what a paid invoice gives, once.
-- seen: invoice, subscription, customer, account, deployment, redemption (of a discount), currency, amount and paid (cents, without
-- and with tax), receipt_url, lines, prices [{id, name, months}].
create function gateway.take_invoice(
  inout account gateway.accounts, seen jsonb, livemode boolean, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  strange text;
begin
  select * into payment from gateway.payments where invoice_id = seen ->> 'invoice';
  if found then
    outcome := 'repeated';
    account := gateway.reconcile_payment(account, payment.id, at);
    return;
  end if;
  alert := case
    when seen ->> 'currency' is distinct from 'usd' then 'the currency is not usd'
    when gateway.names_another(account, seen) then 'an invoice names another account than its customer is of' end;
  if alert is not null then
    outcome := 'mismatch';
    return;
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  perform gateway.note_price(price, at) from jsonb_array_elements(seen -> 'prices') as price;
  select string_agg(l ->> 'price', ', ') into strange from jsonb_array_elements(seen -> 'lines') as l
    where not (l ->> 'proration')::boolean and not exists (select from gateway.plan_prices where id = l ->> 'price');
  if not exists (select from gateway.instalments_of(seen, at)) then
    -- Sent again, it finds the price that is known by then.
    outcome := case when strange is null then 'ignored' else 'unmatched' end;
    alert := 'paid, and no plan''s: the price ' || strange;
    return;
  end if;
  outcome := 'applied';
  insert into gateway.payments
    (id, account_id, kind, status, amount, paid, credits, livemode, invoice_id, subscription_id, intent_id, receipt_url, created_at,
     expires_at, settled_at)
    values (
      gen_random_uuid(), account.id, 'invoice', 'succeeded', (seen ->> 'amount')::integer, (seen ->> 'paid')::integer,
      (select sum(amount) from gateway.instalments_of(seen, at)), livemode, seen ->> 'invoice', seen ->> 'subscription',
      (select l.intent_id from gateway.stripe_links l where l.invoice_id = seen ->> 'invoice' order by l.created_at, l.intent_id limit 1),
      seen ->> 'receipt_url', at, at, at)
    returning * into payment;
  insert into gateway.instalments
    (payment_id, line, nth, account_id, subscription_id, plan, due_at, period_end, amount)
    select payment.id, line, nth, account.id, seen ->> 'subscription', plan, due_at, period_end, amount
    from gateway.instalments_of(seen, at);
  perform gateway.note_conversion(account, 'subscription', at);
  perform gateway.redeem_discount(account.id, (seen ->> 'redemption')::uuid, at);
  perform gateway.notify(account.id, 'receipt', payment.id::text, jsonb_build_object(
    'paid', gateway.dollars(gateway.of_cents(payment.paid)), 'credits', gateway.dollars(payment.credits), 'bonus', 0, 'auto', false,
    'payment_id', payment.id, 'receipt_url', payment.receipt_url, 'at', at), at);
  account := gateway.sync_plan(account, at);
  account := gateway.grant_due(account, at);
  account := gateway.reconcile_payment(account, payment.id, at);
  alert := case
    when account.deleted_at is not null then 'the account was deleted before it paid: refund it'
    when strange is not null then 'a line of it is no plan''s: the price ' || strange
    when exists (select from gateway.instalments where payment_id = payment.id and line = 'proration')
      then 'a proration was paid: it gave credit for what it came to' end;
end;
$$;

-- Which intent has paid which invoice.
create function gateway.note_link(seen jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into gateway.stripe_links (intent_id, invoice_id, created_at)
    values (seen ->> 'intent', seen ->> 'invoice', at)
    on conflict (intent_id) do nothing;
  update gateway.payments set intent_id = seen ->> 'intent'
    where invoice_id = seen ->> 'invoice' and kind = 'invoice' and intent_id is null;
end;
$$;

-- Everything about one invoice takes turns, and after it everything about the intents that have paid it. In this order.
create function gateway.take_turns_at_invoice(invoice text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if invoice is not null then
    perform pg_advisory_xact_lock(hashtextextended('stripe invoice ' || invoice, 0));
    perform gateway.take_turns_at_intent(intent_id) from (
      select intent_id from gateway.stripe_links where invoice_id = invoice order by intent_id) as linked;
  end if;
end;
$$;
