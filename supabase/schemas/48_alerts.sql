-- Looking for what somebody should be woken up for. The gateway asks, and adds what it finds elsewhere (in Redis, at providers).

-- Keeps what was found: [{cause, subject, details}].
create function gateway.keep_alerts(alerts jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.alerts (cause, subject, day, details, first_at, last_at, claimed_until)
    select told ->> 'cause', told ->> 'subject', (at at time zone 'utc')::date, told -> 'details', at, at, at
    from jsonb_array_elements(alerts) as told order by told ->> 'cause', told ->> 'subject'
    on conflict (cause, subject, day) do update set details = excluded.details, last_at = excluded.last_at
$$;

-- What the database tells of what has happened since a moment, and of what is wrong at present.
create function gateway.what_is_wrong(since timestamptz, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  with wrong (cause, subject, details) as (
    select 'payment_mismatch', '', jsonb_build_object('events', count(*), 'last', max(id))
      from gateway.stripe_events where outcome = 'mismatch' and received_at > since and received_at <= at having count(*) > 0
    union all
    select 'payment_unmatched', '', jsonb_build_object('events', count(*), 'since', min(received_at))
      from gateway.stripe_events where outcome = 'unmatched' and received_at < at - interval '1 hour' having count(*) > 0
    union all
    select 'dispute', '', jsonb_build_object(
        'disputes', count(*), 'amount', gateway.dollars(sum(gateway.of_cents(amount))::bigint), 'answer_by', min(due_by))
      from gateway.reversals where kind = 'dispute' and created_at > since and created_at <= at having count(*) > 0
    union all
    -- What Stripe has told us only when it was asked.
    select 'payments_untold', '', jsonb_build_object('events', count(*))
      from gateway.stripe_events where received_at > at - interval '1 day'
      having count(*) >= 3 and bool_and(received_at > created_at + interval '10 minutes')
    union all
    select 'budget', p.id, jsonb_build_object('budget', gateway.dollars(p.budget), 'spent', gateway.dollars(p.spent))
      from gateway.promotions p
      where p.active and p.spent >= p.budget - p.budget / 5 and (not p.per_day or p.day = (at at time zone 'utc')::date)
    union all
    -- What is a provider's fault, or ours: of fifty calls and more within a quarter of an hour, a quarter.
    select 'error_rate', '', jsonb_build_object('minutes', 15, 'requests', requests, 'failed', failed)
      from (
        select sum(c.requests) as requests, sum(c.requests) filter (where c.error_code in (
          'upstream_error', 'upstream_timeout', 'upstream_unavailable', 'upstream_rate_limited', 'no_provider', 'deadline_exceeded',
          'internal_error')) as failed
        from gateway.count_platform(at - interval '15 minutes', at) as c) as counted
      where requests >= 50 and failed * 4 >= requests
    union all
    select 'mail_waits', '', jsonb_build_object('mails', count(*), 'since', min(due_at))
      from gateway.notifications where state in ('due', 'sending') and due_at < at - interval '1 hour' having count(*) > 0
    union all
    select 'mail_returned', '', jsonb_build_object('addresses', returned, 'mails', sent)
      from (select count(*) as returned from gateway.mail_suppressions where created_at > at - interval '1 day') as r,
           (select count(*) as sent from gateway.notifications where state = 'sent' and ended_at > at - interval '1 day') as s
      where returned >= 5 and returned * 25 > sent
  )
  select coalesce(jsonb_agg(to_jsonb(wrong) order by cause, subject), '[]') from wrong
$$;

-- Checks some more of the ledger, once all of it a day, and keeps what does not balance. Answers whether there is more to check today.
create function public.check_ledger_by_itself() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  today constant date := (at at time zone 'utc')::date;
  round gateway.alert_rounds;
  first uuid := '00000000-0000-0000-0000-000000000000';
  last uuid;
  problems jsonb;
begin
  insert into gateway.alert_rounds (looked_to) values (at - interval '1 hour') on conflict do nothing;
  select * into round from gateway.alert_rounds for update skip locked;
  if not found or round.ledger_day = today and round.ledger_after is null then
    return '{"more": false}';
  end if;
  if round.ledger_day = today then
    first := round.ledger_after;
  end if;
  last := gateway.ledger_step(first);
  problems := gateway.ledger_check(first, coalesce(last, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) -> 'problems';
  if problems <> '[]' then
    perform gateway.keep_alerts(jsonb_build_array(jsonb_build_object('cause', 'ledger_problem', 'subject', '', 'details',
      jsonb_build_object('problems', jsonb_array_length(problems), 'account', problems #> '{0,account_id}',
                         'first', problems #> '{0,problem}'))), at);
  end if;
  update gateway.alert_rounds set ledger_day = today, ledger_after = last;
  return jsonb_build_object('more', last is not null);
end;
$$;

-- Keeps what is wrong: what the gateway has seen, and what the database finds. Of two who look at once one finds what has happened, and
-- nobody looks back for more than three days. seen: alerts; sends_mail, whether mail that waits is a sign of anything.
-- Answers how much was found, and how much of it is new today.
create function public.raise_alerts(seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  today constant date := (at at time zone 'utc')::date;
  round gateway.alert_rounds;
  all_of_them jsonb;
  before bigint;
begin
  perform gateway.require(seen, 'alerts', 'sends_mail');
  insert into gateway.alert_rounds (looked_to) values (at - interval '1 hour') on conflict do nothing;
  select * into round from gateway.alert_rounds for update skip locked;
  if found then
    -- What is being written in this moment has an earlier time than that at which it is seen.
    update gateway.alert_rounds set looked_to = greatest(looked_to, at - interval '1 minute');
  else
    round.looked_to := at;
  end if;
  all_of_them := (seen -> 'alerts') || gateway.what_is_wrong(greatest(round.looked_to, at - interval '3 days'), at);
  if not (seen ->> 'sends_mail')::boolean then
    all_of_them := (select coalesce(jsonb_agg(told), '[]') from jsonb_array_elements(all_of_them) as told
                    where told ->> 'cause' <> 'mail_waits');
  end if;
  before := (select count(*) from gateway.alerts where day = today);
  perform gateway.keep_alerts(all_of_them, at);
  delete from gateway.alerts where id in (
    select id from gateway.alerts where first_at < at - interval '90 days' order by first_at limit 200 for update skip locked);
  return jsonb_build_object('found', jsonb_array_length(all_of_them),
                            'raised', (select count(*) from gateway.alerts where day = today) - before);
end;
$$;

-- Alerts of the last day that were not told yet by mail or by webhook, where that is wanted; whoever takes them has two minutes.
-- wanted: mail, post.
create function public.claim_alerts(wanted jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  answer jsonb;
begin
  perform gateway.require(wanted, 'mail', 'post');
  with taken as (
    update gateway.alerts set claimed_until = at + interval '2 minutes'
      where id in (
        select id from gateway.alerts
        where (mailed_at is null and (wanted ->> 'mail')::boolean or posted_at is null and (wanted ->> 'post')::boolean)
          and claimed_until <= at and first_at > at - interval '1 day'
        order by first_at, id limit 20 for update skip locked)
      returning *)
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', id, 'cause', cause, 'subject', subject, 'details', details, 'at', first_at,
    'mail', mailed_at is null and (wanted ->> 'mail')::boolean, 'post', posted_at is null and (wanted ->> 'post')::boolean)
    order by first_at, cause, subject), '[]')
  into answer from taken;
  return answer;
end;
$$;

-- told: by what it was told: mailed, posted.
create function public.finish_alert(alert uuid, told jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('alert', alert), 'alert');
  perform gateway.require(told, 'mailed', 'posted');
  update gateway.alerts set
    mailed_at = case when (told ->> 'mailed')::boolean then coalesce(mailed_at, at) else mailed_at end,
    posted_at = case when (told ->> 'posted')::boolean then coalesce(posted_at, at) else posted_at end
    where id = alert;
  return jsonb_build_object('finished', found);
end;
$$;
