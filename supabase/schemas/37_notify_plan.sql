-- Mail about plans that are bought, and about auto top-up.

-- Whether a subscription is one that its account has and pays for.
create function gateway.is_running(subscription gateway.subscriptions) returns boolean
language sql immutable parallel safe
return subscription.ended_at is null and coalesce(subscription.status in ('active', 'trialing'), false);

-- Tells what has become of a subscription between two looks at Stripe; nothing of one that never came to be.
create function gateway.notify_of_plan(former gateway.subscriptions, noted gateway.subscriptions, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  facts constant jsonb := jsonb_build_object(
    'subscription_id', noted.id, 'plan', noted.plan, 'former_plan', former.plan, 'months', noted.months,
    'period_end', noted.period_end, 'until', gateway.gives_until(noted), 'at', at);
  was_begun constant boolean := coalesce(former.status not in ('incomplete', 'incomplete_expired'), false);
begin
  if noted.plan is null then
    return;
  elsif noted.ended_at is not null then
    if was_begun and former.ended_at is null then
      perform gateway.notify(noted.account_id, 'plan_ended', noted.id, facts, at);
    end if;
  elsif gateway.is_running(noted) and not was_begun then
    perform gateway.notify(noted.account_id, 'plan_started', noted.id, facts, at);
  elsif gateway.is_running(noted) and (former.plan, former.months) is distinct from (noted.plan, noted.months) then
    perform gateway.notify(
      noted.account_id, 'plan_changed', concat_ws(' ', noted.id, noted.plan, noted.months, extract(epoch from noted.period_start)),
      facts, at);
  elsif noted.status in ('past_due', 'unpaid') and gateway.is_running(former) then
    perform gateway.notify(
      noted.account_id, 'plan_payment_failed', noted.id || ' ' || extract(epoch from noted.period_start), facts, at);
  end if;
  if noted.ended_at is null and was_begun and noted.cancel_at is not null and former.cancel_at is distinct from noted.cancel_at then
    perform gateway.notify(
      noted.account_id, 'plan_ending', noted.id || ' ' || extract(epoch from noted.cancel_at),
      facts || jsonb_build_object('until', noted.cancel_at), at);
  end if;
end;
$$;

-- Tells that auto top-up pauses, or is off though its account has not said so.
create function gateway.notify_of_auto_topup(topup gateway.auto_topups, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if topup.state = 'paused' or topup.state = 'off' and topup.reason not in ('switched_off', 'account_deleted') then
    perform gateway.notify(
      topup.account_id, case topup.state when 'paused' then 'auto_topup_paused' else 'auto_topup_off' end, topup.version::text,
      jsonb_build_object(
        'reason', topup.reason, 'amount', gateway.dollars(gateway.of_cents(topup.amount)),
        'threshold', gateway.dollars(topup.threshold), 'card_last4', topup.card_last4, 'until', topup.paused_until, 'at', at), at);
  end if;
end;
$$;
