-- Leaves it to be told to Stripe. Once is enough.
create function gateway.tell_stripe(kind text, object_id text, account uuid, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.stripe_tasks (kind, object_id, account_id, due_at, created_at)
    select tell_stripe.kind, tell_stripe.object_id, account, at, at where tell_stripe.object_id is not null
    on conflict do nothing
$$;

-- Ends at Stripe what an account has there that could still charge somebody: pages that are open, subscriptions, then the customer itself with its
-- cards. Whatever is paid meanwhile is credited to nobody, and the operator hears of it (see gateway.settle_payment).
create function gateway.leave_stripe(account uuid, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform gateway.tell_stripe('expire_session', session_id, account, at)
    from gateway.payments
    where account_id = account and session_id is not null and status in ('created', 'failed') and expires_at > at;
  perform gateway.tell_stripe('expire_session', setup_session, account, at)
    from gateway.auto_topups where account_id = account and state = 'awaiting_card';
  perform gateway.tell_stripe('cancel_subscription', id, account, at)
    from gateway.subscriptions where account_id = account and ended_at is null;
  perform gateway.tell_stripe('delete_customer', id, account, at)
    from gateway.stripe_customers where account_id = account and deleted_at is null;
end;
$$;
