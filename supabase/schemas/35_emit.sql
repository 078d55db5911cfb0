-- Telling customers' webhooks, in the transaction that causes it.

-- Every event that a webhook can be told of, besides a test.
create function gateway.webhook_events() returns text[]
language sql immutable parallel safe
return array['balance.low', 'payment.succeeded', 'payment.refunded', 'key.spend_limit_reached', 'key.expiring',
             'subscription.changed', 'usage.daily'];

-- The event that a kind of mail is as well, so that one cause writes both; null where there is none.
create function gateway.event_of(kind text, payload jsonb) returns text
language sql immutable parallel safe
return case kind
  when 'receipt' then 'payment.succeeded'
  when 'refund' then 'payment.refunded'
end;

-- Queues an event for the webhooks of an account that want it, once for each dedupe_key. Its payload without what leads to more than
-- it says: Stripe's receipt can be opened by whoever has its address.
create function gateway.emit(account uuid, event text, dedupe_key text, data jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
    select id, emit.event, emit.dedupe_key, emit.data - 'receipt_url', at, at from gateway.webhooks
    where account_id = emit.account and disabled_at is null and emit.event = any (events)
  on conflict do nothing
$$;
