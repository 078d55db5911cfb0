-- Auto top-up: what an account agrees to, and the attempts. A settle that leaves less than was agreed says so (topup_due), and
-- whoever hears of it begins an attempt here: in the database first, then at Stripe, under the payment's id as Idempotency-Key.

-- As its account sees it.
create function gateway.auto_topup_view(target uuid, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'auto_topup', 'state', coalesce(t.state, 'off'), 'reason', t.reason,
    'threshold', gateway.dollars(t.threshold), 'amount', gateway.dollars(gateway.of_cents(t.amount)),
    'charge', gateway.dollars(gateway.of_cents(t.amount + t.fee)),
    'monthly_cap', gateway.dollars(gateway.of_cents(t.monthly_cap)), 'daily_limit', t.daily_limit,
    'charged_this_month', gateway.dollars(gateway.of_cents((
      select coalesce(sum(amount), 0)::bigint from gateway.payments
      where account_id = target and kind = 'auto' and status in ('created', 'processing', 'succeeded')
        and created_at >= gateway.month_of(at)::timestamp at time zone 'utc'))),
    'card', case when t.payment_method is not null then jsonb_build_object('brand', t.card_brand, 'last4', t.card_last4) end,
    'paused_until', t.paused_until, 'consented_at', t.consented_at)
  from (select target) as asked left join gateway.auto_topups t on t.account_id = target
$$;

create function public.get_auto_topup(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  return jsonb_build_object(
    'auto_topup', gateway.auto_topup_view(session.account_id, gateway.now()),
    -- The page at which a card may have been left of which nobody has told yet.
    'page', (select setup_session from gateway.auto_topups where account_id = session.account_id and state = 'awaiting_card'));
end;
$$;

-- request: enabled; if it is: threshold (nano-dollars), amount and monthly_cap (cents), fee (basis points on top of the amount, which
-- stay as they were agreed to), daily_limit, livemode, new_card. Answers what is agreed now, and what Stripe is to be told if a card
-- must be left first.
create function public.set_auto_topup(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  enabled constant boolean := (request ->> 'enabled')::boolean;
  account gateway.accounts;
  topup gateway.auto_topups;
  fee_of_amount integer;
  at timestamptz;
begin
  perform gateway.require(request, 'enabled');
  if enabled then
    perform gateway.require(request, 'threshold', 'amount', 'monthly_cap', 'fee', 'daily_limit', 'livemode', 'new_card');
    -- At the page for a card, thieves try cards.
    perform gateway.limit_attempts('auto_topup.account', session.account_id::text, 10, interval '1 hour');
    perform gateway.limit_attempts('auto_topup.network', gateway.network_of(caller), 40, interval '1 hour');
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  if not enabled then
    perform gateway.stop_auto_topup(account.id, 'switched_off', at);
    perform gateway.audit(caller, session.account_id, session.key_id, 'auto_topup.off', account.id, null, '{}');
    return jsonb_build_object('auto_topup', gateway.auto_topup_view(account.id, at));
  end if;
  if account.payments_blocked_at is not null then
    perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
  end if;
  fee_of_amount := ceil((request ->> 'amount')::numeric * (request ->> 'fee')::integer / 10000);
  if (request ->> 'monthly_cap')::integer < (request ->> 'amount')::integer + fee_of_amount then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'monthly_cap', 'message', format(
      '`monthly_cap` is at least what one top-up is charged with: %s dollars.',
      gateway.dollars(gateway.of_cents((request ->> 'amount')::integer + fee_of_amount))))));
  end if;
  insert into gateway.auto_topups (account_id, changed_at) values (account.id, at) on conflict do nothing;
  update gateway.auto_topups set
    threshold = (request ->> 'threshold')::bigint, amount = (request ->> 'amount')::integer, fee = fee_of_amount,
    monthly_cap = (request ->> 'monthly_cap')::integer, daily_limit = (request ->> 'daily_limit')::integer,
    livemode = (request ->> 'livemode')::boolean, consented_at = at, failures = 0, setup_session = null
    where account_id = account.id
    returning * into topup;
  perform gateway.turn_auto_topup(account.id, case
    when (request ->> 'new_card')::boolean or topup.payment_method is null or not exists (
      select from gateway.stripe_customers
      where id = topup.customer_id and account_id = account.id and livemode = topup.livemode and deleted_at is null)
    then 'awaiting_card' else 'active' end, null, null, at);
  select * into topup from gateway.auto_topups where account_id = account.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'auto_topup.on', account.id, null, jsonb_build_object(
    'threshold', gateway.dollars(topup.threshold), 'amount', gateway.dollars(gateway.of_cents(topup.amount)),
    'fee', gateway.dollars(gateway.of_cents(topup.fee)), 'monthly_cap', gateway.dollars(gateway.of_cents(topup.monthly_cap)),
    'daily_limit', topup.daily_limit));
  return jsonb_build_object(
    'auto_topup', gateway.auto_topup_view(account.id, at), 'account_id', account.id,
    'due', topup.state = 'active' and account.balance - account.held < topup.threshold,
    'page', case topup.state when 'awaiting_card' then jsonb_build_object(
      'account_id', account.id, 'deployment', gateway.deployment_id(), 'email', account.email,
      'customer', (select id from gateway.stripe_customers
                   where account_id = account.id and livemode = topup.livemode and deleted_at is null
                   order by created_at, id limit 1)) end);
end;
$$;

-- Notes the page at which a card is to be left. seen: session, customer.
create function public.attach_auto_topup(caller jsonb, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  topup gateway.auto_topups;
  at timestamptz;
begin
  perform gateway.require(seen, 'session', 'customer');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  update gateway.auto_topups set setup_session = seen ->> 'session' where account_id = account.id and state = 'awaiting_card'
    returning * into topup;
  if found then
    perform gateway.note_customer(account.id, seen ->> 'customer', topup.livemode, at);
  end if;
  return gateway.auto_topup_view(account.id, at);
end;
$$;

-- Until when no further attempt is to be made, by what was charged before; null if one may be made now.
create function gateway.next_auto_topup(topup gateway.auto_topups, at timestamptz) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  month constant timestamptz := gateway.month_of(at)::timestamp at time zone 'utc';
  made record;
begin
  select coalesce(sum(amount) filter (where created_at >= month), 0) as charged,
         count(*) filter (where created_at > at - interval '1 day') as today,
         min(created_at) filter (where created_at > at - interval '1 day') as first_today,
         max(settled_at) as settled_at
    into made
    from gateway.payments
    where account_id = topup.account_id and kind = 'auto' and status in ('created', 'processing', 'succeeded')
      and created_at >= least(month, at - interval '1 day');
  return case
    when made.charged + topup.amount + topup.fee > topup.monthly_cap
      then (gateway.month_of(at) + interval '1 month') at time zone 'utc'
    when made.today >= topup.daily_limit then made.first_today + interval '1 day'
    when made.settled_at > at - interval '1 minute' then made.settled_at + interval '1 minute' end;
end;
$$;

-- An attempt with what Stripe is to be told.
create function gateway.auto_topup_to_make(payment gateway.payments, topup gateway.auto_topups) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'id', payment.id, 'account_id', payment.account_id, 'deployment', gateway.deployment_id(), 'amount', payment.amount,
    'credits', gateway.dollars(payment.credits), 'customer', topup.customer_id, 'method', topup.payment_method,
    'created', extract(epoch from payment.created_at)::bigint)
$$;

-- Begins an attempt for an account, or answers null: it is off, it is paused, there is credit enough by now, one is open, what was
-- agreed is used up. request: id (the payment's, a new one), livemode, taxed (tax comes on top of what is sold: a charge without its
-- customer cannot know how much, so it is turned off). Then the account's settles need not ask again before
-- topup_after. One whose outcome is unknown is handed out once more after a minute: under its key Stripe makes it once.
create function public.begin_auto_topup(target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  account gateway.accounts;
  topup gateway.auto_topups;
  open gateway.payments;
  next timestamptz;
  at timestamptz;
begin
  perform gateway.require(request || jsonb_build_object('target', target), 'target', 'id', 'livemode');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = target for no key update;
  at := gateway.now();
  if account.topup_below is null or at < account.topup_after then
    return null;
  end if;
  account := gateway.catch_up(account, at);
  select * into topup from gateway.auto_topups where account_id = target;
  if (request ->> 'taxed')::boolean then
    perform gateway.stop_auto_topup(target, 'tax_needs_checkout', at);
    return null;
  end if;
  if account.balance - account.held >= account.topup_below then
    return null;
  end if;
  select * into open from gateway.payments where account_id = target and kind = 'auto' and status in ('created', 'processing');
  if open.id is not null then
    next := at + interval '1 minute';
    if open.intent_id is not null or open.created_at < at - interval '23 hours'
      or open.livemode <> (request ->> 'livemode')::boolean then
      open := null;
    end if;
  elsif account.disabled_at is not null or account.payments_blocked_at is not null
    or topup.livemode <> (request ->> 'livemode')::boolean then
    next := at + interval '1 hour';
  else
    next := gateway.next_auto_topup(topup, at);
    if next is null then
      next := at + interval '1 minute';
      if topup.state = 'paused' then
        perform gateway.turn_auto_topup(target, 'active', null, null, at);
      end if;
      insert into gateway.payments (id, account_id, kind, status, amount, fee, credits, livemode, created_at, expires_at)
        values ((request ->> 'id')::uuid, target, 'auto', 'processing', topup.amount + topup.fee, topup.fee,
                gateway.of_cents(topup.amount), topup.livemode, at, at + interval '1 day')
        returning * into open;
    end if;
  end if;
  update gateway.accounts set topup_after = next where id = target;
  return case when open.id is not null then gateway.auto_topup_to_make(open, topup) end;
end;
$$;

-- What Stripe answered to an attempt. seen: as in gateway.settle_payment, with advice.
create function public.settle_auto_topup(target uuid, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  payment gateway.payments;
  account gateway.accounts;
  settled record;
  at timestamptz;
begin
  perform gateway.require(seen || jsonb_build_object('target', target), 'target', 'status', 'livemode');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into payment from gateway.payments where id = target and kind = 'auto';
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  if not found then
    return null;
  end if;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  settled := gateway.settle_payment(account, target, seen, at);
  return jsonb_build_object('outcome', settled.outcome, 'alert', settled.alert);
end;
$$;

-- For the cron job: attempts whose outcome is unknown (wanted: whether one that Stripe knows nothing of is to be made), and accounts
-- for which one is due although no call of theirs says so. query: limit.
create function public.list_auto_topups(query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'open', (
      select coalesce(jsonb_agg(jsonb_build_object('made', open.made, 'wanted', open.wanted)), '[]')
      from (
        select gateway.auto_topup_to_make(p, t) as made,
               t.state in ('active', 'paused') and a.payments_blocked_at is null and a.disabled_at is null
                 and p.created_at > at - interval '23 hours' as wanted
        from gateway.payments p
          join gateway.auto_topups t on t.account_id = p.account_id join gateway.accounts a on a.id = p.account_id
        where p.kind = 'auto' and p.status in ('created', 'processing') and p.created_at < at - interval '1 minute'
        order by p.created_at, p.id limit most) as open),
    'due', (
      select coalesce(jsonb_agg(due.id), '[]')
      from (
        select a.id from gateway.auto_topups t join gateway.accounts a on a.id = t.account_id
        where t.state in ('active', 'paused') and a.balance - a.held < a.topup_below and coalesce(a.topup_after <= at, true)
          and a.disabled_at is null and a.payments_blocked_at is null
        order by a.topup_after nulls first, a.id limit most) as due));
end;
$$;
