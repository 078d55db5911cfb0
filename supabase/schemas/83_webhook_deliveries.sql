-- What was told to customers' webhooks, as their account looks at it and asks for it.

-- Deliveries of a webhook, from the newest or from the one after `cursor`. Another webhook's cursor gives an empty page.
create function gateway.deliveries_after(hook uuid, cursor uuid) returns setof gateway.webhook_deliveries
language sql stable set search_path = ''
as $$
  select * from gateway.webhook_deliveries
    where webhook_id = hook
      and (deliveries_after.cursor is null or (created_at, id) < (
        select created_at, id from gateway.webhook_deliveries where id = deliveries_after.cursor and webhook_id = hook))
$$;

-- Newest first. query: state (pending, delivered, failed or all), limit, cursor (the last id of the page before).
create function public.list_webhook_deliveries(caller jsonb, target uuid, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
  hook gateway.webhooks := gateway.find_webhook(session.account_id, target);
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select d as delivery, row_number() over (order by created_at desc, id desc) as place
    from gateway.deliveries_after(hook.id, (query ->> 'cursor')::uuid) as d
    where query ->> 'state' = 'all' or case when ended_at is null then 'pending' else state end = query ->> 'state'
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.webhook_delivery_json(delivery) order by place) filter (where place <= most),
    case when count(*) > most then (max((delivery).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

-- Sixty an hour, so that nobody is sent more than that on somebody's word.
create function gateway.limit_webhooks(account uuid) returns void
language sql volatile set search_path = ''
as $$ select gateway.limit_attempts('webhook.account', account::text, 60, interval '1 hour') $$;

-- Queues a test for a webhook. Answers its id, whose it is, and how it is shown.
create function public.test_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_enabled_webhook(account.id, target);
  delivery gateway.webhook_deliveries;
  at timestamptz;
begin
  perform gateway.limit_webhooks(account.id);
  at := gateway.now();
  insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
    values (hook.id, 'webhook.test', gen_random_uuid()::text, jsonb_build_object('webhook_id', hook.id), at, at)
    returning * into delivery;
  return jsonb_build_object('id', delivery.id, 'account_id', account.id, 'shown', gateway.webhook_delivery_json(delivery));
end;
$$;

-- Lets a delivery be tried now, and from the beginning, whatever has become of it. Its id stays, by which its receiver knows it.
create function public.replay_webhook_delivery(caller jsonb, target uuid, delivery uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
  again gateway.webhook_deliveries;
  at timestamptz;
begin
  select * into again from gateway.webhook_deliveries where id = delivery and webhook_id = hook.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'webhook_delivery_not_found'));
  end if;
  perform gateway.find_enabled_webhook(account.id, target);
  at := gateway.now();
  if again.state = 'sending' and again.due_at > at then
    perform gateway.refuse(gateway.refusal(409, 'webhook_delivery_under_way'));
  end if;
  perform gateway.limit_webhooks(account.id);
  at := gateway.now();
  update gateway.webhook_deliveries set state = 'due', due_at = at, attempts = 0, ended_at = null where id = again.id
    returning * into again;
  return jsonb_build_object('id', again.id, 'account_id', account.id, 'shown', gateway.webhook_delivery_json(again));
end;
$$;
