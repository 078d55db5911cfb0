-- How credit is given, reserved, spent and lapses. Each function here expects the account's row to be locked by its
-- caller, and is handed that row; it changes the row's value in its caller through inout.

-- Adds a grant and its ledger row. It repays debt first, as far as it may (see repay_debt).
create function gateway.grant_credit(
  inout account gateway.accounts, source text, amount bigint, expires_at timestamptz, description text,
  at timestamptz, out grant_id bigint)
language plpgsql set search_path = ''
as $$
begin
  insert into gateway.credit_grants (account_id, source, amount, remaining, expires_at, created_at)
    values (account.id, grant_credit.source, grant_credit.amount, grant_credit.amount, grant_credit.expires_at, at)
    returning id into grant_id;
  account.balance := account.balance + amount;
  account.next_expiry := least(account.next_expiry, grant_credit.expires_at);
  account.has_purchased := account.has_purchased or source = 'purchase';
  account.alert_at := gateway.alert_after_rise(account);
  insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, description, created_at)
    values (account.id, case source when 'admin' then 'admin_credit' else source end, grant_credit.amount, grant_id,
            account.balance, grant_credit.description, at);
  update gateway.accounts set
    balance = account.balance, next_expiry = account.next_expiry, has_purchased = account.has_purchased,
    alert_at = account.alert_at
    where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;

-- What new holds may reserve: unexpired grants less everything reserved. Holds that older, expired grants will pay
-- are counted here too, which is on the safe side until they are settled.
create function gateway.available(account gateway.accounts, at timestamptz) returns bigint
language plpgsql stable
as $$
declare
  unexpired bigint := account.balance + account.debt;
begin
  if account.next_expiry <= at then
    select coalesce(sum(remaining), 0) into unexpired from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > at);
  end if;
  return greatest(unexpired - account.held, 0);
end;
$$;

-- Takes up to `amount` from the live grants that had not expired at `valid_at`, in the order of spending, and
-- writes a ledger row for each. Returns what was taken. The grants need no lock of their own: the account's is held.
create function gateway.spend(
  inout account gateway.accounts, amount bigint, type text, call uuid, description text, sources text[],
  valid_at timestamptz, at timestamptz, out taken bigint)
language plpgsql
as $$
declare
  credit record;
  part bigint;
begin
  taken := 0;
  while taken < amount loop
    select id, remaining into credit from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > valid_at)
        and (sources is null or source = any (sources))
      order by expires_at nulls last, id
      limit 1;
    exit when not found;
    part := least(credit.remaining, amount - taken);
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = credit.id;
    taken := taken + part;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (account.id, spend.type, -part, credit.id, call, account.balance, spend.description, at);
    if part = credit.remaining then
      account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
    end if;
  end loop;
end;
$$;

-- Records money owed, for calls (`usage`) or for a payment that was refunded (`money_back`): the ledger row has no grant.
create function gateway.take_on_debt(
  inout account gateway.accounts, amount bigint, type text, call uuid, description text, at timestamptz)
language plpgsql set search_path = ''
as $$
begin
  if amount <= 0 then
    return;
  end if;
  account.balance := account.balance - amount;
  account.debt := account.debt + amount;
  if type = 'money_back' then
    account.refund_debt := account.refund_debt + amount;
  end if;
  insert into gateway.credit_transactions
    (account_id, type, amount, call_id, balance_after, description, created_at)
    values (account.id, take_on_debt.type, -take_on_debt.amount, call, account.balance, take_on_debt.description, at);
end;
$$;

-- Pays up to `owed` of a debt of this type from these sources (null: any), out of what no open hold reserves. The balance
-- stays what it is: the debt's row is reversed and the grant that pays gets its own.
create function gateway.repay(
  inout account gateway.accounts, owed bigint, type text, sources text[], at timestamptz, out paid bigint)
language plpgsql set search_path = ''
as $$
declare
  payment record;
begin
  payment := gateway.spend(
    account, least(owed, gateway.available(account, at)), type, null, 'debt repaid', sources, at, at);
  account := payment.account;
  paid := payment.taken;
  if paid > 0 then
    account.debt := account.debt - paid;
    account.balance := account.balance + paid;
    insert into gateway.credit_transactions (account_id, type, amount, balance_after, description, created_at)
      values (account.id, repay.type, paid, account.balance, 'debt repaid', at);
  end if;
end;
$$;

-- Pays debt out of what no open hold reserves. What calls have cost is paid by any credit, since any could have paid the
-- call. A payment that was refunded is not paid by credit that was a gift (trial, coupon, referral): it would become money.
create function gateway.repay_debt(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  repaid record;
  former constant bigint := account.debt;
begin
  if account.debt = 0 then
    return;
  end if;
  if account.debt > account.refund_debt then
    repaid := gateway.repay(account, account.debt - account.refund_debt, 'usage', null, at);
    account := repaid.account;
  end if;
  if account.refund_debt > 0 then
    repaid := gateway.repay(
      account, account.refund_debt, 'money_back', array['purchase', 'admin', 'subscription', 'credit_back'], at);
    account := repaid.account;
    account.refund_debt := account.refund_debt - repaid.paid;
  end if;
  if account.debt < former then
    update gateway.accounts set
      balance = account.balance, debt = account.debt, refund_debt = account.refund_debt,
      next_expiry = account.next_expiry
      where id = account.id;
  end if;
end;
$$;

-- Lapses grants that have expired, unless a hold placed before their expiry is still open and may spend them.
create function gateway.lapse(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  oldest_hold timestamptz;
  expired record;
begin
  if account.next_expiry is null or account.next_expiry > at then
    return;
  end if;
  select min(created_at) into oldest_hold
    from gateway.holds where account_id = account.id and state = 'open' and amount > 0;
  for expired in
    select id, remaining from gateway.credit_grants
      where account_id = account.id and live and expires_at <= at
        and (oldest_hold is null or oldest_hold >= expires_at)
      order by expires_at, id
      for update
  loop
    update gateway.credit_grants set remaining = 0, live = false where id = expired.id;
    account.balance := account.balance - expired.remaining;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, created_at)
      values (account.id, 'expiry', -expired.remaining, expired.id, account.balance, at);
  end loop;
  account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  update gateway.accounts set balance = account.balance, next_expiry = account.next_expiry where id = account.id;
end;
$$;

-- Releases the account's holds that are past their time: the function that placed them died. The rows stay, so that
-- a late settle still counts. Such a call has been made, so its key's use is counted here.
create function gateway.release_overdue(inout account gateway.accounts, at timestamptz)
language plpgsql
as $$
declare
  overdue record;
begin
  for overdue in
    update gateway.holds set state = 'swept'
      where account_id = account.id and state = 'open' and expires_at <= at
      returning key_id, amount, created_at
  loop
    account.held := account.held - overdue.amount;
    update gateway.api_keys set
      requests_used = requests_used + 1, last_used_at = greatest(last_used_at, overdue.created_at)
      where id = overdue.key_id;
  end loop;
  account.next_overdue := (
    select min(expires_at) from gateway.holds where account_id = account.id and state = 'open');
  update gateway.accounts set held = account.held, next_overdue = account.next_overdue where id = account.id;
end;
$$;

-- Whether time has done anything to an account since it was last looked at. One expression, which is put in its caller's
-- place: to nearly every call it has done nothing, and then catch_up need not be called with the whole row.
create function gateway.is_behind(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return account.next_overdue <= at or account.next_expiry <= at or account.next_instalment <= at or account.debt > 0;

-- Everything time has done to a locked account since it was last looked at.
create function gateway.catch_up(inout account gateway.accounts, at timestamptz)
language plpgsql
as $$
begin
  if account.next_overdue <= at then
    account := gateway.release_overdue(account, at);
  end if;
  if account.next_expiry <= at then
    account := gateway.lapse(account, at);
  end if;
  if account.next_instalment <= at then
    account := gateway.grant_due(account, at);
  end if;
  if account.debt > 0 then
    account := gateway.repay_debt(account, at);
  end if;
end;
$$;

-- Returns money outside: a payment was refunded. Taken from the grants that the payment bought, in this order, never below what
-- open holds reserve; the rest is debt, which other credit that was paid for bears at once.
create function gateway.money_back(inout account gateway.accounts, purchases bigint[], amount bigint, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  purchase bigint;
  part bigint;
  owed bigint := amount;
begin
  foreach purchase in array purchases loop
    select least(owed, remaining, gateway.available(account, at)) into part
      from gateway.credit_grants where id = purchase and account_id = account.id and live for update;
    continue when coalesce(part, 0) <= 0;
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = purchase;
    owed := owed - part;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, created_at)
      values (account.id, 'money_back', -part, purchase, account.balance, at);
  end loop;
  account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  account := gateway.take_on_debt(account, owed, 'money_back', null, '', at);
  update gateway.accounts set
    balance = account.balance, debt = account.debt, refund_debt = account.refund_debt, next_expiry = account.next_expiry where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;
