-- Credit of plans: paid for at once, granted month by month, by whatever of the account comes next.
--
-- Each function here expects the account's row to be locked by its caller, and is handed that row.

-- How long the credit of a month outlives it: between a period's end and the credit of the next lies more than an hour even if all
-- goes well, since Stripe keeps the invoice as a draft for so long.
create function gateway.plan_grace() returns interval
language sql immutable parallel safe
return interval '6 hours';

-- So many months after a moment, in UTC. Counted from the first day, so that what began on the 31st comes back to it.
create function gateway.months_after(start timestamptz, months integer) returns timestamptz
language sql immutable parallel safe
return (start at time zone 'utc' + make_interval(months => months)) at time zone 'utc';

-- Until when a subscription gives its plan's limits; null if it gives none. A period that has begun unpaid is given a week, and so is
-- one that is over, since what Stripe says of the next may be late.
create function gateway.gives_until(subscription gateway.subscriptions) returns timestamptz
language sql immutable parallel safe
return case
  when subscription.plan is null or subscription.status in ('incomplete', 'incomplete_expired') then null
  when subscription.ended_at is not null then subscription.ended_at
  when subscription.status in ('active', 'trialing') then coalesce(subscription.cancel_at, subscription.period_end + interval '7 days')
  when subscription.status = 'past_due' then least(subscription.cancel_at, subscription.period_start + interval '7 days')
end;

-- Writes down which plan the account has bought and until when, and when it has to be looked at again: derived from its
-- subscriptions and instalments, whatever has changed of them. Of two subscriptions the dearer plan holds.
create function gateway.sync_plan(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  chosen record;
  next_due timestamptz;
begin
  select s.plan, gateway.gives_until(s) as until into chosen
    from gateway.subscriptions s join gateway.plans p on p.id = s.plan
    where s.account_id = account.id and gateway.gives_until(s) is not null
    order by gateway.gives_until(s) > at desc, case when gateway.gives_until(s) > at then p.price_per_month end desc nulls last,
             gateway.gives_until(s) desc, s.id
    limit 1;
  account.subscription_plan := chosen.plan;
  account.subscription_ends_at := chosen.until;
  select min(due_at) into next_due from gateway.instalments where account_id = account.id and state = 'due';
  if chosen.until > at and exists (
      select from gateway.subscriptions s where s.account_id = account.id and gateway.gives_until(s) > chosen.until) then
    next_due := least(next_due, chosen.until);
  end if;
  account.next_instalment := next_due;
  update gateway.accounts set
    subscription_plan = account.subscription_plan, subscription_ends_at = account.subscription_ends_at,
    next_instalment = account.next_instalment
    where id = account.id;
end;
$$;

-- Grants the instalments that are due. A month that nobody was there for lapses without a trace in the ledger. With the next month
-- of the same subscription the grace of the one before is over.
create function gateway.grant_due(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  due gateway.instalments;
  granted record;
begin
  if account.next_instalment is null or account.next_instalment > at then
    return;
  end if;
  for due in
    select * from gateway.instalments where account_id = account.id and state = 'due' and due_at <= at
      order by due_at, payment_id, line, nth
  loop
    if due.period_end + gateway.plan_grace() <= at or exists (
        select from gateway.instalments next
        where next.subscription_id = due.subscription_id and next.state = 'due' and next.due_at between due.period_end and at) then
      update gateway.instalments set state = 'lapsed'
        where payment_id = due.payment_id and line = due.line and nth = due.nth;
      continue;
    end if;
    update gateway.credit_grants set expires_at = at
      where live and expires_at > at and id in (
        select grant_id from gateway.instalments
        where subscription_id = due.subscription_id and state = 'granted' and period_end <= due.due_at);
    if found then
      account.next_expiry := least(account.next_expiry, at);
      account := gateway.lapse(account, at);
    end if;
    granted := gateway.grant_credit(
      account, 'subscription', due.amount - due.voided, due.period_end + gateway.plan_grace(), 'plan ' || coalesce(due.plan, '?'),
      at);
    account := granted.account;
    update gateway.instalments set state = 'granted', grant_id = granted.grant_id
      where payment_id = due.payment_id and line = due.line and nth = due.nth;
  end loop;
  account := gateway.sync_plan(account, at);
end;
$$;

-- What of a payment is not yet due.
create function gateway.not_due_of(payment uuid) returns bigint
language sql stable set search_path = ''
as $$
  select coalesce(sum(amount - voided), 0)::bigint from gateway.instalments where payment_id = payment and state = 'due'
$$;

-- What of an instalment has lapsed unspent, and is not forgiven yet.
create function gateway.lapsed_of(instalment gateway.instalments) returns bigint
language sql stable set search_path = ''
as $$
  select case instalment.state
    when 'lapsed' then instalment.amount - instalment.voided
    when 'granted' then (
      select coalesce(-sum(t.amount), 0)::bigint from gateway.credit_transactions t
      where t.account_id = instalment.account_id and t.type = 'expiry' and t.grant_id = instalment.grant_id)
    else 0 end - instalment.forgiven
$$;

-- Takes so much of a payment's credit back: from its instalments that are not due, the last first; then from its grants, which is the
-- caller's to do; then from what has lapsed unspent. Answers what the grants are to bear, and debt beyond them.
create function gateway.void_instalments(
  account gateway.accounts, payment gateway.payments, amount bigint, at timestamptz) returns bigint
language plpgsql set search_path = ''
as $$
declare
  instalment gateway.instalments;
  rest bigint := amount;
  of_grants bigint;
  part bigint;
begin
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and state = 'due' order by due_at desc, line desc, nth desc
  loop
    exit when rest = 0;
    part := least(rest, instalment.amount - instalment.voided);
    rest := rest - part;
    update gateway.instalments i set
      voided = i.voided + part, state = case when i.voided + part = i.amount then 'void' else 'due' end
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  select least(rest, gateway.available(account, at), coalesce(sum(remaining), 0)) into of_grants
    from gateway.credit_grants where id = any (gateway.grants_of(payment)) and live;
  rest := rest - of_grants;
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and state in ('granted', 'lapsed') order by due_at, line, nth
  loop
    exit when rest = 0;
    part := least(rest, gateway.lapsed_of(instalment));
    rest := rest - part;
    update gateway.instalments i set forgiven = i.forgiven + part
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  return of_grants + rest;
end;
$$;

-- Gives so much of a payment's credit back, where a reversal was undone: the other way round. Answers what is to be granted: what
-- grants and debt had borne, and what would have been granted meanwhile.
create function gateway.restore_instalments(payment gateway.payments, amount bigint, at timestamptz) returns bigint
language plpgsql set search_path = ''
as $$
declare
  instalment gateway.instalments;
  borne bigint;
  rest bigint;
  part bigint;
begin
  select payment.taken_back - coalesce(sum(voided + forgiven), 0) into borne
    from gateway.instalments where payment_id = payment.id;
  borne := least(greatest(borne, 0), amount);
  rest := amount - borne;
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and forgiven > 0 order by due_at desc, line desc, nth desc
  loop
    exit when rest = 0;
    part := least(rest, instalment.forgiven);
    rest := rest - part;
    update gateway.instalments i set forgiven = i.forgiven - part
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  for instalment in
    select * from gateway.instalments
      where payment_id = payment.id and state in ('due', 'void') and voided > 0 and period_end + gateway.plan_grace() > at
      order by due_at, line, nth
  loop
    exit when rest = 0;
    part := least(rest, instalment.voided);
    rest := rest - part;
    update gateway.instalments i set voided = i.voided - part, state = 'due'
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  return borne + rest;
end;
$$;

-- The account as time has left it, for what shows it and has not locked it.
create function gateway.caught_up(this_account uuid) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = this_account for no key update;
  return gateway.catch_up(account, gateway.now());
end;
$$;
