-- Mail that time causes and no act: what ends soon, and the months that are over. The cron job asks for it.

-- Tells of keys that expire between two moments: a week before where they live for two weeks, a day before where for
-- two days.
create function gateway.notify_of_expiring_keys(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(
    k.account_id, 'key_expiring', concat_ws(' ', k.id, extract(epoch from k.expires_at), step.days), jsonb_build_object(
      'key_id', k.id, 'key', gateway.key_in_mail(k), 'days', step.days, 'expires_at', k.expires_at), at)
  from (values (7), (1)) as step (days), lateral (select make_interval(hours => 24 * days) as notice) as n, gateway.api_keys k
  where k.revoked_at is null and k.expires_at > since + n.notice and k.expires_at <= at + n.notice
    and k.created_at <= k.expires_at - 2 * n.notice
  order by k.account_id, k.id
$$;

-- Tells of credit that lapses in a week: of all of it that an account has, at once. Of a trial and of a plan's month others tell.
create function gateway.notify_of_expiring_credit(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(account_id, 'credits_expiring', min(id)::text, jsonb_build_object(
    'amount', gateway.dollars(sum(remaining)::bigint), 'expires_at', min(expires_at)), at)
  from gateway.credit_grants
  where live and expires_at is not null and source not in ('trial', 'subscription')
    and expires_at > since + interval '7 days' and expires_at <= at + interval '7 days'
    and created_at <= expires_at - interval '14 days' and remaining >= gateway.no_balance()
  group by account_id
  order by account_id
$$;

-- Tells of trials that end in a day, and of those that have ended. Whoever has paid, or has a plan, goes on as before.
create function gateway.notify_of_trials(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(a.id, step.kind, extract(epoch from a.trial_ends_at)::text, jsonb_build_object(
    'ends_at', a.trial_ends_at, 'balance', gateway.dollars(a.balance), 'requests_left', a.trial_requests_left), at)
  from (values ('trial_ending', interval '1 day'), ('trial_ended', interval '0')) as step (kind, notice), gateway.accounts a
  where a.trial_ends_at > since + step.notice and a.trial_ends_at <= at + step.notice and a.disabled_at is null
    and not a.has_purchased and (a.plan is null or a.plan_ends_at <= at) and coalesce(a.subscription_ends_at <= at, true)
  order by a.id
$$;

-- Tells of plans that renew for another year in a week.
create function gateway.notify_of_renewals(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(s.account_id, 'plan_renewing', s.id || ' ' || extract(epoch from s.period_end), jsonb_build_object(
    'subscription_id', s.id, 'plan', s.plan, 'price', gateway.dollars(p.price_per_year), 'period_end', s.period_end), at)
  from gateway.subscriptions s join gateway.plans p on p.id = s.plan
  where s.ended_at is null and s.cancel_at is null and s.status = 'active' and s.months = 12
    and s.period_end > since + interval '7 days' and s.period_end <= at + interval '7 days'
  order by s.account_id
$$;

-- Reports to the next accounts what they used in a month that is over. Answers the last of them, null after all.
create function gateway.report_usage(begins timestamptz, after uuid, at timestamptz) returns uuid
language plpgsql volatile set search_path = ''
as $$
declare
  most constant integer := 200;
  ends constant timestamptz := gateway.months_after(begins, 1);
  looked_at uuid[];
begin
  looked_at := array(
    select id from gateway.accounts where id > coalesce(report_usage.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most);
  perform gateway.notify(a.id, 'usage_report', to_char(begins at time zone 'utc', 'YYYY-MM'), jsonb_build_object(
      'month', to_char(begins at time zone 'utc', 'YYYY-MM'), 'requests', used.requests, 'tokens', used.tokens,
      'spent', gateway.dollars(used.cost), 'balance', gateway.dollars(a.balance)), at)
    from gateway.accounts a, lateral (
      select sum(requests)::bigint as requests, sum(prompt_tokens + completion_tokens)::bigint as tokens, sum(cost)::bigint as cost
      from gateway.used(a.id, begins, ends)) as used
    where a.id = any (looked_at) and a.email is not null and used.requests > 0;
  return case when cardinality(looked_at) = most then looked_at[most] end;
end;
$$;

-- Queues what time has brought since it was last asked for. Whoever asks at the same moment finds it taken. After a pause of the cron
-- job nothing is told that is older than three days, and of reports only the last month's. Answers whether there is more to do.
create function public.queue_due_mail() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  month constant timestamptz := gateway.month_of(at)::timestamp at time zone 'utc';
  round gateway.mail_rounds;
  reached uuid;
begin
  insert into gateway.mail_rounds (name, told_to) values ('moments', at - interval '1 day'), ('usage_report', month)
    on conflict do nothing;
  select * into round from gateway.mail_rounds where name = 'moments' for update skip locked;
  if found then
    round.told_to := greatest(round.told_to, at - interval '3 days');
    perform gateway.notify_of_expiring_keys(round.told_to, at);
    perform gateway.notify_of_expiring_credit(round.told_to, at);
    perform gateway.notify_of_trials(round.told_to, at);
    perform gateway.notify_of_renewals(round.told_to, at);
    update gateway.mail_rounds set told_to = greatest(told_to, at) where name = 'moments';
  end if;
  -- Calls of the month's last minutes settle a little later.
  select * into round from gateway.mail_rounds
    where name = 'usage_report' and told_to < month and at >= month + interval '6 hours' for update skip locked;
  if not found then
    return '{"more": false}';
  end if;
  reached := gateway.report_usage(gateway.months_after(month, -1), round.after, at);
  update gateway.mail_rounds set after = reached, told_to = case when reached is null then month else told_to end
    where name = 'usage_report';
  return jsonb_build_object('more', reached is not null);
end;
$$;
