-- Sending what customers' webhooks are to be told. An event may arrive twice, since a function can die between an answer and the note
-- of it; both have the same id, by which its receiver knows.

-- After how long an event is tried again that was tried so often in vain; null: no more.
create function gateway.webhook_retry_in(attempts integer) returns interval
language sql immutable parallel safe
return (array[interval '1 minute', '5 minutes', '30 minutes', '2 hours', '5 hours', '10 hours', '14 hours', '20 hours', '24 hours'])
  [attempts];

-- Claims some deliveries that are due, of each webhook a few, so that none keeps the others waiting: whoever claims them has two
-- minutes. account: only those of this one, or null.
create function public.claim_webhook_deliveries(account uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 20;
  most_of_each constant integer := 4;
  looked_at constant integer := 1000;
  lease constant interval := '2 minutes';
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with due as (
    select d.id, d.webhook_id, d.due_at from gateway.webhook_deliveries d join gateway.webhooks w on w.id = d.webhook_id
    where d.ended_at is null and d.due_at <= at
      and (claim_webhook_deliveries.account is null or w.account_id = claim_webhook_deliveries.account)
    order by d.due_at, d.id limit looked_at
  ),
  chosen as (
    select id, due_at from (
      select id, due_at, row_number() over (partition by webhook_id order by due_at, id) as nth from due) as placed
    where nth <= most_of_each order by due_at, id limit most
  ),
  locked as (
    select id from gateway.webhook_deliveries
    where id in (select id from chosen) and ended_at is null and due_at <= at for update skip locked
  ),
  claimed as (
    update gateway.webhook_deliveries d set state = 'sending', attempts = attempts + 1, due_at = at + lease
      from locked where d.id = locked.id
      returning d.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', d.id, 'url', w.url, 'event', d.event, 'data', d.data, 'created_at', d.created_at, 'secrets', (
      select jsonb_agg(jsonb_build_object('ciphertext', s.ciphertext, 'version', s.key_version) order by s.id desc)
      from gateway.webhook_secrets s where s.webhook_id = w.id and (s.expires_at is null or s.expires_at > at)))
    order by d.created_at, d.id), '[]')
  into answer from claimed d join gateway.webhooks w on w.id = d.webhook_id;
  return answer;
end;
$$;

-- Gives up what waits for a webhook that is switched off, and what is on its way there.
create function gateway.drop_deliveries(hook uuid, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.webhook_deliveries set state = 'failed', ended_at = at, error = coalesce(error, 'The webhook was switched off.')
    where webhook_id = hook and ended_at is null
$$;

-- Switches a webhook off that takes nothing, visibly: its owner is mailed.
create function gateway.disable_webhook(hook gateway.webhooks, reason text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update gateway.webhooks set disabled_at = at, disabled_reason = reason where id = hook.id;
  perform gateway.drop_deliveries(hook.id, at);
  perform gateway.audit('{}', null, null, 'webhook.disable', hook.account_id, hook.id::text,
    jsonb_build_object('reason', reason));
  -- The rest of an address may hold a secret.
  perform gateway.notify(hook.account_id, 'webhook_disabled', hook.id || ' ' || extract(epoch from at), jsonb_build_object(
    'site', substring(hook.url from '^[a-z]+://[^/?#]+'), 'reason', reason, 'failing_since', hook.failing_since, 'at', at), at);
end;
$$;

-- What became of an attempt. outcome: status (of the answer, or null), error (in words for its owner, or null), duration_ms. A status of
-- 2xx is a success, all else is tried again; 410 switches the webhook off, and so do three days without a success. A test is tried
-- once. Answers the delivery as it is shown, or null if it is gone.
create function public.finish_webhook_delivery(delivery uuid, outcome jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  patience constant interval := '3 days';
  hook gateway.webhooks;
  done gateway.webhook_deliveries;
  taken constant boolean := coalesce((outcome ->> 'status')::integer between 200 and 299, false);
  retry_in interval;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('delivery', delivery, 'outcome', outcome), 'delivery', 'outcome');
  perform gateway.require(outcome, 'duration_ms');
  select w.* into hook from gateway.webhook_deliveries d join gateway.webhooks w on w.id = d.webhook_id where d.id = delivery;
  -- Whoever changes a webhook has its account locked; and a mail that is written refers to it.
  perform from gateway.accounts where id = hook.account_id for key share;
  at := gateway.now();
  select * into hook from gateway.webhooks where id = hook.id for no key update;
  select * into done from gateway.webhook_deliveries where id = delivery and state = 'sending' for update;
  if not found then
    return null;
  end if;
  retry_in := case when not taken and done.event <> 'webhook.test' and hook.disabled_at is null
                then gateway.webhook_retry_in(done.attempts) end;
  update gateway.webhook_deliveries set
    state = case when taken then 'delivered' when retry_in is null then 'failed' else 'due' end,
    due_at = at + coalesce(retry_in, '0'), ended_at = case when retry_in is null then at end,
    status = (outcome ->> 'status')::integer, error = left(outcome ->> 'error', 500),
    duration_ms = (outcome ->> 'duration_ms')::integer
    where id = done.id
    returning * into done;
  if taken then
    update gateway.webhooks set failing_since = null where id = hook.id and failing_since is not null;
  elsif done.event <> 'webhook.test' and hook.disabled_at is null then
    hook.failing_since := coalesce(hook.failing_since, at);
    update gateway.webhooks set failing_since = hook.failing_since where id = hook.id;
    if (outcome ->> 'status')::integer = 410 then
      perform gateway.disable_webhook(hook, 'gone', at);
    elsif hook.failing_since <= at - patience then
      perform gateway.disable_webhook(hook, 'failing', at);
    end if;
    select * into done from gateway.webhook_deliveries where id = done.id;
  end if;
  return gateway.webhook_delivery_json(done);
end;
$$;

-- A delivery as its owner sees it.
create function gateway.webhook_delivery_json(delivery gateway.webhook_deliveries) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'webhook_delivery', 'id', delivery.id, 'webhook_id', delivery.webhook_id, 'event', delivery.event,
    'state', case when delivery.ended_at is null then 'pending' else delivery.state end,
    'attempts', delivery.attempts, 'status', delivery.status, 'error', delivery.error, 'duration_ms', delivery.duration_ms,
    'data', delivery.data, 'created_at', delivery.created_at, 'ended_at', delivery.ended_at,
    'next_attempt_at', case when delivery.state = 'due' then delivery.due_at end)
$$;

-- Queues the usage of the days that are over, of some accounts whose webhooks want it; a quarter of an hour after midnight (UTC) the
-- last call of the day is settled. Answers how many webhooks were told: 0 when all are. What is older than a week is left out. Behind
-- the last of them the oldest deliveries go.
create function public.emit_daily_usage() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 50;
  at timestamptz := gateway.now();
  last_day constant date := ((at - interval '15 minutes') at time zone 'utc')::date - 1;
  hook gateway.webhooks;
  told integer := 0;
begin
  for hook in
    select * from gateway.webhooks
    where usage_told_on < last_day and disabled_at is null and 'usage.daily' = any (events)
    order by usage_told_on, id limit most
  loop
    -- Whoever deletes a webhook has its account locked.
    perform from gateway.accounts where id = hook.account_id for key share skip locked;
    continue when not found;
    insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
      select w.id, 'usage.daily', day::date::text, jsonb_build_object(
        'day', day::date, 'usage', (
          select gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                                 sum(completion_tokens), sum(reasoning_tokens), sum(cost))
          from gateway.used(w.account_id, day at time zone 'utc', (day + interval '1 day') at time zone 'utc'))), at, at
      from gateway.webhooks w,
        generate_series(greatest(w.usage_told_on + 1, last_day - 6)::timestamp, last_day::timestamp, interval '1 day') as day
      where w.id = hook.id
    on conflict do nothing;
    update gateway.webhooks set usage_told_on = last_day where id = hook.id and usage_told_on < last_day;
    told := told + found::integer;
  end loop;
  if told = 0 then
    delete from gateway.webhook_deliveries where id in (
      select id from gateway.webhook_deliveries where ended_at < at - interval '30 days'
      order by ended_at limit 1000 for update skip locked);
  end if;
  return jsonb_build_object('told', told);
end;
$$;
