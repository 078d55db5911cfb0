-- What becomes of auto top-up. Each function here expects the account's row to be locked by its caller.

-- Turns auto top-up to a state: the one place that does. The account's own row then says when its next settle is to ask for one.
create function gateway.turn_auto_topup(this_account uuid, state text, reason text, until timestamptz, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  topup gateway.auto_topups;
begin
  update gateway.auto_topups set
    state = turn_auto_topup.state, reason = turn_auto_topup.reason, paused_until = until, changed_at = at, version = version + 1
    where account_id = this_account
    returning * into topup;
  if found then
    update gateway.accounts set
      topup_below = case when topup.state in ('active', 'paused') then topup.threshold end, topup_after = until
      where id = this_account;
    perform gateway.notify_of_auto_topup(topup, at);
  end if;
end;
$$;

-- Turns it off, if it is on.
create function gateway.stop_auto_topup(this_account uuid, reason text, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.turn_auto_topup(account_id, 'off', stop_auto_topup.reason, null, at)
    from gateway.auto_topups where account_id = this_account and state <> 'off'
$$;

-- Whether a decline will be one again: the bank wants its customer's word each time, or the card is gone
-- (https://docs.stripe.com/declines/codes). `advice` is what Stripe advises.
create function gateway.is_lasting_decline(code text, advice text) returns boolean
language sql immutable parallel safe
return coalesce(advice in ('do_not_try_again', 'confirm_card_data'), false) or coalesce(code in (
  'authentication_required', 'lost_card', 'stolen_card', 'pickup_card', 'expired_card', 'restricted_card', 'fraudulent',
  'invalid_account', 'stop_payment_order', 'revocation_of_authorization', 'revocation_of_all_authorizations', 'resource_missing',
  'payment_method_unexpected_state'),
  false);

-- What an attempt's end means for those to come. payment: as it was before; seen: as in gateway.settle_payment, with advice.
create function gateway.heed_auto_topup(payment gateway.payments, seen jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  code constant text := seen ->> 'failure_code';
  topup gateway.auto_topups;
begin
  if payment.kind <> 'auto' then
    return;
  end if;
  if seen ->> 'status' = 'paid' then
    update gateway.auto_topups set failures = 0 where account_id = payment.account_id;
    update gateway.accounts set topup_after = greatest(topup_after, at + interval '1 minute') where id = payment.account_id;
    return;
  end if;
  -- Of an attempt that has ended before, nothing new is learnt.
  if payment.status not in ('created', 'processing') or seen ->> 'status' not in ('failed', 'canceled') then
    return;
  end if;
  update gateway.auto_topups set failures = failures + (seen ->> 'status' = 'failed')::integer
    where account_id = payment.account_id and state in ('active', 'paused')
    returning * into topup;
  if not found then
    return;
  end if;
  if gateway.is_lasting_decline(code, seen ->> 'advice') then
    perform gateway.turn_auto_topup(payment.account_id, 'off', case code
      when 'authentication_required' then code when 'resource_missing' then 'card_removed'
      when 'payment_method_unexpected_state' then 'card_removed' else 'card_declined' end, null, at);
  elsif topup.failures >= 3 then
    perform gateway.turn_auto_topup(payment.account_id, 'off', 'declined_repeatedly', null, at);
  else
    perform gateway.turn_auto_topup(payment.account_id, 'paused',
      case seen ->> 'status' when 'failed' then 'card_declined' else 'unavailable' end, at + interval '6 hours', at);
  end if;
end;
$$;

-- Keeps a card that was left at Stripe, in place of one that was left before. seen: customer, method, brand, last4, session (the page
-- at which it was left for auto top-up, which then is turned on).
create function gateway.note_card(account gateway.accounts, seen jsonb, livemode boolean, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  topup gateway.auto_topups;
begin
  if account.deleted_at is not null then
    return 'ignored';
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  if not exists (select from gateway.stripe_customers where id = seen ->> 'customer' and account_id = account.id) then
    return 'mismatch';
  end if;
  insert into gateway.auto_topups as known (account_id, customer_id, payment_method, card_brand, card_last4, changed_at)
    values (account.id, seen ->> 'customer', seen ->> 'method', seen ->> 'brand', seen ->> 'last4', at)
    on conflict (account_id) do update set
      customer_id = excluded.customer_id, payment_method = excluded.payment_method, card_brand = excluded.card_brand,
      card_last4 = excluded.card_last4, failures = 0
    returning * into topup;
  if topup.state = 'awaiting_card' and topup.setup_session = seen ->> 'session' and account.payments_blocked_at is null then
    perform gateway.turn_auto_topup(account.id, 'active', null, null, at);
  end if;
  return 'applied';
end;
$$;

-- Forgets the card of an account, and stops what was to be paid with it, if it is this one, or one of this customer.
create function gateway.forget_card(account gateway.accounts, method text, customer text, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
begin
  if not exists (select from gateway.auto_topups
                 where account_id = account.id and (payment_method = method or customer_id = customer)) then
    return 'ignored';
  end if;
  perform gateway.stop_auto_topup(account.id, 'card_removed', at);
  update gateway.auto_topups set payment_method = null, card_brand = null, card_last4 = null where account_id = account.id;
  return 'applied';
end;
$$;

-- Whose card an observation is about: of one that was left, the account that our own metadata names; of one that is gone, whoever
-- has it.
create function gateway.card_owner(seen jsonb) returns uuid
language plpgsql volatile set search_path = ''
as $$
begin
  return case seen ->> 'kind'
    when 'card' then (select id from gateway.accounts
                      where id = (seen ->> 'account')::uuid and seen ->> 'deployment' = gateway.deployment_id()::text)
    when 'card_gone' then (select account_id from gateway.auto_topups where payment_method = seen ->> 'method' limit 1)
    when 'customer' then (select account_id from gateway.stripe_customers where id = seen ->> 'id')
  end;
end;
$$;
