-- Sending what the outbox holds: in frozen batches, so that a crash at any moment sends no mail twice and loses none.

-- Claims a batch to send: one that whoever claimed it did not finish, whole and as it was; else up to a hundred mails that are due.
-- Null when there is nothing. A mail whose first try is nearly a day old is not sent again: Resend forgets repetitions after a day.
create function public.claim_notifications() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 100;
  lease constant interval := '5 minutes';
  at timestamptz := gateway.now();
  batch uuid;
  leader record;
begin
  loop
    -- Its first row stands for the batch: of two who look at once one has it.
    select batch_id into batch from gateway.notifications n
      where state = 'sending' and claimed_until <= at
        and id = (select min(id) from gateway.notifications o where o.batch_id = n.batch_id and o.state = 'sending')
      order by claimed_until, id limit 1 for update skip locked;
    exit when not found;
    update gateway.notifications set
      state = case when expires_at <= at then 'failed' else 'unknown' end, claimed_until = null, ended_at = at,
      error = case when expires_at <= at then 'too late' else 'no answer for a day' end
      where batch_id = batch and state = 'sending' and (first_tried_at <= at - interval '23 hours' or expires_at <= at);
    continue when found;
    update gateway.notifications set claimed_until = at + lease, attempts = attempts + 1
      where batch_id = batch and state = 'sending';
    exit;
  end loop;
  if batch is null then
    update gateway.notifications n set
      state = case when expires_at <= at then 'failed' else 'suppressed' end, ended_at = at,
      error = case when expires_at <= at then 'too late' end
      where id in (
        select n.id from gateway.notifications n left join gateway.accounts a on a.id = n.account_id
        where n.state = 'due' and n.due_at <= at and (
          n.expires_at <= at or n.account_id is not null and a.email is null or exists (
            select from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', coalesce(a.email, n.address))))
        order by n.due_at, n.id limit most for update of n skip locked);
    select id, alone into leader from gateway.notifications where state = 'due' and due_at <= at
      order by due_at, id limit 1 for update skip locked;
    if not found then
      return null;
    end if;
    batch := gen_random_uuid();
    update gateway.notifications n set
      state = 'sending', batch_id = batch, first_tried_at = coalesce(first_tried_at, at), claimed_until = at + lease,
      attempts = attempts + 1, address = coalesce((select email from gateway.accounts where id = n.account_id), address)
      where n.id in (
        select id from gateway.notifications o
        where state = 'due' and due_at <= at and case when leader.alone then id = leader.id else not alone end
        order by due_at, id limit most for update skip locked);
  end if;
  return jsonb_build_object('batch', batch, 'mails', (
    select jsonb_agg(jsonb_build_object(
      'id', id, 'account_id', account_id, 'kind', kind, 'address', address, 'payload', payload,
      'optional', kind = any (gateway.optional_mail())) order by id)
    from gateway.notifications where batch_id = batch and state = 'sending'));
end;
$$;

-- What became of a batch. outcome: sent [{id, message_id}], failed [{id, error}]; or retry_in (seconds) of a batch that is to be
-- sent again as it is; or split (true) of one that was refused as a whole: each mail of it goes by itself.
create function public.finish_notifications(batch uuid, outcome jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('batch', batch, 'outcome', outcome), 'batch', 'outcome');
  if (outcome ->> 'split')::boolean then
    update gateway.notifications set
      state = case when alone then 'failed' else 'due' end, alone = true, claimed_until = null, batch_id = null,
      error = left(outcome ->> 'error', 500), ended_at = case when alone then at end
      where batch_id = batch and state = 'sending';
  elsif outcome ->> 'retry_in' is not null then
    update gateway.notifications set
      claimed_until = at + make_interval(secs => (outcome ->> 'retry_in')::integer), error = left(outcome ->> 'error', 500)
      where batch_id = batch and state = 'sending';
  else
    update gateway.notifications n set
      state = 'sent', claimed_until = null, ended_at = at, message_id = s ->> 'message_id', error = null
      from jsonb_array_elements(outcome -> 'sent') as s
      where n.id = (s ->> 'id')::bigint and batch_id = batch and state = 'sending';
    update gateway.notifications n set state = 'failed', claimed_until = null, ended_at = at, error = left(f ->> 'error', 500)
      from jsonb_array_elements(outcome -> 'failed') as f
      where n.id = (f ->> 'id')::bigint and batch_id = batch and state = 'sending';
  end if;
  -- What was said is the account's alone, and need not be kept; an address that may be nobody's still less.
  delete from gateway.notifications where id in (
    select id from gateway.notifications where ended_at < at - interval '90 days' order by ended_at limit 200 for update skip locked);
  delete from gateway.notifications where id in (
    select id from gateway.notifications where account_id is null and ended_at < at - interval '1 day'
    order by ended_at limit 200 for update skip locked);
  delete from gateway.resend_events where id in (
    select id from gateway.resend_events where received_at < at - interval '30 days' order by received_at limit 200
    for update skip locked);
  return null;
end;
$$;

-- An event of Resend. event: id (Svix's), reason (null of one that suppresses nothing), address.
create function public.take_resend_event(event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(event, 'id');
  insert into gateway.resend_events (id, received_at) values (event ->> 'id', gateway.now()) on conflict do nothing;
  if not found then
    return '{"outcome": "duplicate"}';
  end if;
  if event ->> 'reason' is null or event ->> 'address' is null then
    return '{"outcome": "ignored"}';
  end if;
  insert into gateway.mail_suppressions (address_hash, reason, created_at)
    values (gateway.proof_hash('email', lower(event ->> 'address')), event ->> 'reason', gateway.now())
    on conflict do nothing;
  return '{"outcome": "applied"}';
end;
$$;
