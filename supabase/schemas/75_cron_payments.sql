-- What is found out about payments without a webhook.

-- What Stripe is to be asked about, the oldest first: payments that may have been paid without our hearing of it, refunds that it
-- may never have been asked for, and which intents have paid invoices of which nobody has told that. Ends payments that were never begun there, and forgets old events.
create function public.list_open_payments(query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
begin
  perform gateway.release_coupons(null, at);
  update gateway.payments set status = 'expired' where id in (
    select id from gateway.payments
      where kind <> 'auto' and status in ('created', 'processing') and session_id is null and intent_id is null
        and created_at < at - interval '1 day'
      order by created_at limit most for update skip locked);
  delete from gateway.stripe_events where id in (
    select id from gateway.stripe_events where received_at < at - interval '90 days'
    order by received_at limit 1000 for update skip locked);
  delete from gateway.stripe_links where intent_id in (
    select l.intent_id from gateway.stripe_links l
    where l.created_at < at - interval '90 days'
      and not exists (select from gateway.payments where invoice_id = l.invoice_id)
    order by l.created_at limit 1000 for update skip locked);
  return jsonb_build_object(
    'surplus', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from (
      select * from gateway.surplus_subscriptions(null) limit most) as s),
    'payments', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'session', session_id, 'intent', intent_id, 'livemode', livemode) order by created_at, id), '[]')
      from (
        select * from gateway.payments
        where status in ('created', 'processing') and (session_id is not null or intent_id is not null)
          and created_at < at - interval '5 minutes' and created_at > at - interval '30 days'
        order by created_at, id limit most) as open),
    'refunds', (
      select coalesce(jsonb_agg(gateway.refund_to_make(r) order by r.created_at, r.id), '[]')
      from (
        select * from gateway.reversals where status = 'requested' and created_at < at - interval '1 minute'
        order by created_at limit most) as r),
    -- Without the intent a refund or a dispute would not find what it takes back. What was paid otherwise than by an intent has none,
    -- so it is not asked about for ever.
    'unlinked', (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'invoice', invoice_id) order by settled_at, id), '[]')
      from (
        select * from gateway.payments
        where kind = 'invoice' and intent_id is null and paid > 0
          and settled_at < at - interval '5 minutes' and settled_at > at - interval '3 days'
        order by settled_at, id limit most) as unlinked),
    -- And refunds and disputes that did not find it.
    'orphans', (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'intent', intent_id) order by created_at, id), '[]')
      from (
        select * from gateway.reversals
        where payment_id is null and intent_id is not null
          and created_at < at - interval '5 minutes' and created_at > at - interval '3 days'
        order by created_at, id limit most) as orphans),
    'unmatched', (select count(*) from gateway.stripe_events
                  where outcome = 'unmatched' and received_at < at - interval '1 hour'),
    -- Events are asked for from here on: with an hour before, since they arrive in any order.
    'since', coalesce((select extract(epoch from max(created_at) - interval '1 hour')::bigint
                       from gateway.stripe_events where received_at > at - interval '30 days'),
                      extract(epoch from at - interval '1 day')::bigint));
end;
$$;
