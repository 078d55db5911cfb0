-- Writing to the outbox, in the transaction that causes the mail.

-- The kinds that an account may switch off. Of money and of security everybody hears.
create function gateway.optional_mail() returns text[]
language sql immutable parallel safe
return array[
  'credits_expiring', 'end_user_budget', 'key_expiring', 'low_balance', 'out_of_credits', 'referral_reward', 'spend_limit', 'trial_ended', 'trial_ending',
  'usage_report'];

-- Whether an account gets mail of a kind: not without an address, and not where it does not want it.
create function gateway.wants_mail(account gateway.accounts, kind text) returns boolean
language sql stable set search_path = ''
as $$
  select account.email is not null and account.deleted_at is null and not exists (
    select from gateway.notification_preferences p
    where p.account_id = account.id and p.kind = wants_mail.kind and not p.enabled)
$$;

-- Queues a mail to an account, once for each dedupe_key of its kind. An account without an address gets none, and neither does one
-- that does not want it. Its webhooks are told of the same, whatever it wants of mail.
create function gateway.notify(account uuid, kind text, dedupe_key text, payload jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    select id, notify.kind, notify.dedupe_key, notify.payload, at, at from gateway.accounts a
    where id = notify.account and gateway.wants_mail(a, notify.kind)
    on conflict do nothing;
  select gateway.emit(notify.account, told.event, notify.kind || ' ' || notify.dedupe_key,
                      gateway.event_data(notify.kind, notify.payload), at)
    from (select gateway.event_of(notify.kind, notify.payload)) as told (event) where told.event is not null
$$;

-- Mail that is due is sent behind the act that causes it.
create function gateway.say_that_mail_is_due() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.say_due('x-mail-due', 'true');
  return null;
end;
$$;

create trigger said after insert on gateway.notifications
  for each row when (new.state = 'due' and new.due_at <= gateway.now()) execute function gateway.say_that_mail_is_due();

-- A key as a mail names it.
create function gateway.key_in_mail(key gateway.api_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_build_object('name', key.name, 'prefix', key.prefix, 'last_four', key.last_four) $$;

-- Mails what an entry of the audit trail says happened to an account's access: a key that was made or rotated, a sign-in from a
-- network that was not seen for ninety days. Whoever has just got the account knows of its first key.
create function gateway.notify_of_act(
  caller jsonb, account uuid, acting_key uuid, action text, target text, details jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  if action not in ('key.create', 'key.rotate', 'sign_in') or account is null
    or (select created_at > at - interval '1 minute' from gateway.accounts where id = account) then
    return;
  end if;
  if action = 'sign_in' then
    if caller ->> 'ip' is not null and not exists (
        select from gateway.audit_logs
        where target_account_id = account and audit_logs.action in ('sign_in', 'account.create')
          and created_at > at - interval '90 days'
          and gateway.network_of(jsonb_build_object('ip', ip)) = gateway.network_of(caller)) then
      perform gateway.notify(account, 'new_sign_in', gateway.network_of(caller) || ' ' || (at at time zone 'utc')::date,
        jsonb_build_object('method', details ->> 'method', 'network', gateway.network_of(caller),
                           'user_agent', caller ->> 'user_agent', 'at', at), at);
    end if;
    return;
  end if;
  -- A sign-in's own key is told of with the sign-in.
  if target ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' is not true or acting_key::text = target and action = 'key.create' then
    return;
  end if;
  select * into key from gateway.api_keys where id = target::uuid;
  perform gateway.notify_of_key(
    account, case action when 'key.create' then 'key_created' else 'key_rotated' end, target, gateway.key_in_mail(key), at);
end;
$$;

-- Mails what happened to a key. The first at once; what follows within ten minutes is one mail at their end, however many keys it
-- is about: whoever rotates a hundred wants two mails and no hundred.
create function gateway.notify_of_key(account uuid, kind text, target text, key jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_named constant integer := 20;
  gathers constant interval := '10 minutes';
  former gateway.notifications;
begin
  select * into former from gateway.notifications n
    where n.account_id = account and n.kind = notify_of_key.kind and n.created_at > at - gathers
    order by n.id desc limit 1;
  if former.state = 'due' then
    -- Unless it is being sent in this moment.
    update gateway.notifications n set payload = n.payload || jsonb_build_object(
      'count', (n.payload ->> 'count')::integer + 1,
      'keys', case when jsonb_array_length(n.payload -> 'keys') < most_named then n.payload -> 'keys' || key else n.payload -> 'keys' end)
      where n.id = former.id and n.state = 'due';
    if found then
      return;
    end if;
  end if;
  perform gateway.notify(account, kind, target || ' ' || extract(epoch from at),
    jsonb_build_object('count', 1, 'keys', jsonb_build_array(key), 'at', at),
    at + case when former.id is null then interval '0' else gathers end);
end;
$$;

-- Mails what became of a refund or a dispute, once its payment is known.
create function gateway.notify_of_reversal(reversal gateway.reversals, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where id = reversal.payment_id;
  if not found then
    return;
  end if;
  if reversal.kind = 'refund' and reversal.status = 'succeeded' then
    perform gateway.notify(payment.account_id, 'refund', reversal.id, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(reversal.amount)), 'payment_id', payment.id, 'at', at), at);
  elsif reversal.kind = 'dispute' and reversal.counts and reversal.status <> 'lost' then
    perform gateway.notify(payment.account_id, 'dispute', reversal.id, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(reversal.amount)), 'payment_id', payment.id, 'at', at), at);
  end if;
end;
$$;
