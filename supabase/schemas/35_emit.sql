-- Telling customers' webhooks, in the transaction that causes it.

-- Every event that a webhook can be told of, besides a test.
create function gateway.webhook_events() returns text[]
language sql immutable parallel safe
return array['balance.low', 'payment.succeeded', 'payment.refunded', 'key.spend_limit_reached', 'key.expiring',
             'subscription.changed', 'usage.daily', 'spend.threshold_reached', 'provider_key.refused', 'end_user.budget_reached'];

-- The event that a kind of mail is as well, so that one cause writes both; null where there is none.
create function gateway.event_of(kind text, payload jsonb) returns text
language sql immutable parallel safe
return case kind
  when 'receipt' then 'payment.succeeded'
  when 'refund' then 'payment.refunded'
  when 'low_balance' then 'balance.low'
  when 'out_of_credits' then 'balance.low'
  -- Of four fifths of a limit there is a mail alone.
  when 'spend_limit' then case payload ->> 'step' when '100' then 'key.spend_limit_reached' end
  when 'key_expiring' then 'key.expiring'
  when 'plan_started' then 'subscription.changed'
  when 'plan_changed' then 'subscription.changed'
  when 'plan_payment_failed' then 'subscription.changed'
  when 'plan_ending' then 'subscription.changed'
  when 'plan_ended' then 'subscription.changed'
  when 'spend_alert' then 'spend.threshold_reached'
  when 'provider_key_refused' then 'provider_key.refused'
end;

-- What an event tells of a mail's payload: all of it but what leads to more than it says (Stripe's receipt can be opened by whoever has
-- its address); and of a plan, what has become of it.
create function gateway.event_data(kind text, payload jsonb) returns jsonb
language sql immutable parallel safe
return case when starts_with(kind, 'plan_') then jsonb_build_object('change', substr(kind, 6)) else '{}' end
  || (payload - 'receipt_url');

-- Queues an event for the webhooks of an account that want it, once for each dedupe_key. They are told behind the act that causes it.
create function gateway.emit(account uuid, event text, dedupe_key text, data jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
    select id, emit.event, emit.dedupe_key, emit.data, at, at from gateway.webhooks
    where account_id = emit.account and disabled_at is null and emit.event = any (events)
    on conflict do nothing;
  if found then
    perform gateway.say_due('x-webhooks-due', account::text);
  end if;
end;
$$;
