-- What a referral gives, and when it gives nothing. A reward follows a purchase with real money; whoever recommends waits until it
-- can hardly be taken back any more.
--
-- The referred's part is done under the referred's lock, the referrer's under the referrer's, so no function here locks two
-- accounts that it did not lock together.

-- A reward, and the least purchase that earns it, in nano-dollars.
create function gateway.referral_reward() returns bigint
language sql immutable parallel safe
return 10000000000;

-- What of a purchase's price stays paid, in nano-dollars.
create function gateway.kept_of(payment gateway.payments) returns bigint
language sql immutable parallel safe
return gateway.of_cents(payment.amount - payment.fee) - gateway.to_take_back(
  gateway.of_cents(payment.amount - payment.fee), payment.credits + payment.bonus, payment.taken_back);

-- Notes that an account was recommended by whoever has this code. Answers why not, or null. The account is locked.
create function gateway.note_referral(account gateway.accounts, code text, caller jsonb, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  referrer gateway.accounts;
begin
  select accounts.* into referrer from gateway.referral_codes join gateway.accounts on accounts.id = account_id
    where referral_codes.code = upper(btrim(note_referral.code)) and disabled_at is null;
  if not found then
    return 'unknown';
  elsif referrer.id = account.id then
    return 'own';
  elsif referrer.created_at >= account.created_at then
    return 'younger';
  elsif exists (select from gateway.referrals where referrer_id = account.id and referred_id = referrer.id) then
    return 'circle';
  elsif exists (select from gateway.payments where account_id = account.id and status = 'succeeded') then
    return 'late';
  end if;
  insert into gateway.referrals (id, referrer_id, referred_id, network, created_at)
    values (gen_random_uuid(), referrer.id, account.id, gateway.network_of(caller), at)
    on conflict (referred_id) do nothing;
  return case when not found then 'taken' end;
end;
$$;

-- Where an account's person signed up, or null.
create function gateway.sign_up_network(account uuid) returns text
language sql stable set search_path = ''
as $$
  select gateway.network_of(jsonb_build_object('ip', ip)) from gateway.audit_logs
  where target_account_id = account and action = 'account.create' and actor_account_id = account and ip is not null
  order by id limit 1
$$;

-- Why a referral earns nothing, or null: signs that referrer and referred are one person.
create function gateway.referral_fraud(referral gateway.referrals, payment gateway.payments) returns text
language sql stable set search_path = ''
as $$
  select case
    when not exists (select from gateway.accounts where id = referral.referrer_id and disabled_at is null) then 'referrer_gone'
    when exists (select from gateway.payments
                 where fingerprint = payment.fingerprint and account_id <> payment.account_id) then 'same_card'
    when gateway.sign_up_network(referral.referrer_id)
         in (gateway.sign_up_network(referral.referred_id), nullif(referral.network, 'unknown')) then 'same_network'
    when exists (
      select from gateway.identities i
      join gateway.trial_claims t on t.proof_hash = gateway.trial_proof(i.kind, i.value)
      join gateway.accounts a on a.id = i.account_id
      where i.account_id = referral.referred_id and t.claimed_at < a.created_at) then 'known_person'
  end
$$;

-- Counts one more reward of a referrer, unless there were ten, or three today.
create function gateway.count_referral(referrer uuid, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  most constant integer := 10;
  most_a_day constant integer := 3;
  today constant date := (at at time zone 'utc')::date;
begin
  update gateway.referral_codes set
    rewarded = rewarded + 1, day = today,
    rewarded_that_day = case when day is distinct from today then 1 else rewarded_that_day + 1 end
    where account_id = referrer and rewarded < most and (day is distinct from today or rewarded_that_day < most_a_day);
  return found;
end;
$$;

-- Gives the referred its reward once its purchase is one that earns it, or says why not. The card is known a moment after the
-- payment: until then, or for an hour, it waits.
create function gateway.qualify_referral(
  inout account gateway.accounts, referral gateway.referrals, payment gateway.payments, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  reward constant bigint := gateway.referral_reward();
  granted record;
  refused text;
  cost bigint := 0;
begin
  if payment.status <> 'succeeded' or payment.kind = 'invoice' or gateway.kept_of(payment) < reward
    or payment.fingerprint is null and payment.settled_at > at - interval '1 hour' then
    return;
  end if;
  refused := gateway.referral_fraud(referral, payment);
  if refused is null and not gateway.count_referral(referral.referrer_id, at) then
    refused := 'referrer_limit';
  end if;
  if refused is null and exists (select from gateway.promotions where id = 'referral') then
    if gateway.draw_on('referral', 2 * reward, at) then
      cost := 2 * reward;
    else
      refused := 'budget';
    end if;
  end if;
  if refused is not null then
    update gateway.referrals set state = 'refused', reason = refused, payment_id = payment.id where id = referral.id;
    return;
  end if;
  granted := gateway.grant_credit(account, 'referral', reward, at + interval '90 days', 'referral', at);
  account := granted.account;
  perform gateway.notify(account.id, 'referral_reward', referral.id::text, jsonb_build_object(
    'amount', gateway.dollars(gateway.referral_reward()), 'expires_at', at + interval '90 days'), at);
  update gateway.referrals set
    state = 'qualified', payment_id = payment.id, referred_grant_id = granted.grant_id, drawn = cost,
    due_at = at + interval '14 days'
    where id = referral.id;
end;
$$;

-- Takes back what is left of a gift; with_debt: what is spent of it is owed. Answers how much both come to.
create function gateway.retract_gift(
  inout account gateway.accounts, gift bigint, with_debt boolean, at timestamptz, out taken bigint)
language plpgsql set search_path = ''
as $$
declare
  left_of_it bigint;
  part bigint;
  owed bigint;
begin
  select remaining into left_of_it from gateway.credit_grants where id = gift and account_id = account.id;
  part := least(left_of_it, gateway.available(account, at));
  -- What was not spent and has not lapsed is left; beside what is taken now, the rest is owed.
  owed := left_of_it - part - (
    select coalesce(sum(amount), 0) from gateway.credit_transactions
    where account_id = account.id and grant_id = gift and amount < 0 and type <> 'expiry');
  taken := greatest(part, 0) + case when with_debt then greatest(owed, 0) else 0 end;
  if part > 0 then
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = gift;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, description, created_at)
      values (account.id, 'referral', -part, gift, account.balance, 'its purchase was returned', at);
    account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  end if;
  if with_debt then
    account := gateway.take_on_debt(account, owed, 'referral', null, 'its purchase was returned', at);
  end if;
  update gateway.accounts set balance = account.balance, debt = account.debt, next_expiry = account.next_expiry
    where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;

-- What a payment as it stands now means for its buyer's referral.
create function gateway.heed_referral(inout account gateway.accounts, this_payment uuid, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  referral gateway.referrals;
  payment gateway.payments;
  retracted record;
  is_kept boolean;
begin
  select * into referral from gateway.referrals where referred_id = account.id for update;
  if not found or referral.state = 'refused' then
    return;
  end if;
  select * into payment from gateway.payments where id = this_payment;
  if referral.state = 'pending' then
    account := gateway.qualify_referral(account, referral, payment, at);
    return;
  elsif referral.payment_id is distinct from payment.id then
    return;
  end if;
  is_kept := gateway.kept_of(payment) >= gateway.referral_reward();
  if referral.state in ('qualified', 'paid') and not is_kept then
    retracted := gateway.retract_gift(account, referral.referred_grant_id, true, at);
    account := retracted.account;
    -- The referrer's part waits for the referrer's own lock.
    update gateway.referrals set state = 'reversing', reason = 'purchase_returned', referred_taken = retracted.taken
      where id = referral.id;
  elsif referral.state in ('reversing', 'reversed') and is_kept then
    account := gateway.restore_referral(account, referral, at);
  end if;
end;
$$;

-- Gives again what a reversal that is undone had taken: to the referred at once, to the referrer under the referrer's own lock, who is
-- due for it like for the first one.
create function gateway.restore_referral(inout account gateway.accounts, referral gateway.referrals, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  granted record;
  next_state text := case when referral.referrer_grant_id is null then 'qualified' else 'paid' end;
begin
  if referral.referred_taken > 0 then
    granted := gateway.grant_credit(account, 'referral', referral.referred_taken, greatest(at + interval '30 days', (
      select expires_at from gateway.credit_grants where id = referral.referred_grant_id)), 'a reversal was undone', at);
    account := granted.account;
    referral.referred_grant_id := granted.grant_id;
  end if;
  if referral.state = 'reversed' then
    next_state := 'qualified';
    referral.due_at := greatest(referral.due_at, at);
    if referral.referrer_grant_id is null and referral.drawn > 0 then
      -- What the referrer has not had yet was given back to the promotion. If that has it no more, nothing will be due.
      if gateway.draw_on('referral', gateway.referral_reward(), at) then
        referral.drawn := 2 * gateway.referral_reward();
      else
        referral.due_at := null;
      end if;
    end if;
  end if;
  update gateway.referrals set
    state = next_state, reason = null, referred_taken = 0, referred_grant_id = referral.referred_grant_id, due_at = referral.due_at,
    drawn = referral.drawn
    where id = referral.id;
end;
$$;

-- Gives a referrer what is due, and takes back what was reversed.
create function gateway.release_referrals(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  referral gateway.referrals;
  granted record;
  retracted record;
  due bigint;
begin
  for referral in
    select * from gateway.referrals
      where referrer_id = account.id and (state = 'qualified' and due_at <= at or state = 'reversing')
      order by id for update skip locked
  loop
    if referral.state = 'reversing' then
      if referral.referrer_grant_id is not null then
        retracted := gateway.retract_gift(account, referral.referrer_grant_id, false, at);
        account := retracted.account;
        update gateway.referrals set referrer_taken = retracted.taken where id = referral.id;
      elsif referral.drawn > gateway.referral_reward() then
        perform gateway.undraw('referral', gateway.referral_reward(), referral.due_at - interval '14 days');
        update gateway.referrals set drawn = drawn - gateway.referral_reward() where id = referral.id
          and exists (select from gateway.promotions where id = 'referral' and not per_day);
      end if;
      update gateway.referrals set state = 'reversed' where id = referral.id;
    elsif account.disabled_at is null then
      -- Of one that it has had before, what was taken.
      due := case when referral.referrer_grant_id is null then gateway.referral_reward() else referral.referrer_taken end;
      if due > 0 then
        granted := gateway.grant_credit(account, 'referral', due, at + interval '90 days', 'referral', at);
        account := granted.account;
        referral.referrer_grant_id := granted.grant_id;
        perform gateway.notify(account.id, 'referral_reward', referral.id::text, jsonb_build_object(
          'amount', gateway.dollars(due), 'expires_at', at + interval '90 days'), at);
      end if;
      update gateway.referrals set state = 'paid', referrer_grant_id = referral.referrer_grant_id, referrer_taken = 0
        where id = referral.id;
    end if;
  end loop;
end;
$$;
