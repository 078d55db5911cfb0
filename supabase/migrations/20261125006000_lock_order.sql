-- Idempotency-Keys in the order of locks: an account's row comes before its keys'.

-- Claims an Idempotency-Key for the session's account. Answers null when the work is to be done; the stored answer
-- when it was done before; refuses when the key came with another body. Two at once: the second waits for the first.
--
-- The claim refers to the account, so it shares the account's row in any case. First of all, since of two that have the
-- claim and want the account, and the other way round, neither could go on.
create or replace function gateway.claim_idempotency(session gateway.session, idempotency jsonb, at timestamptz)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  earlier gateway.idempotency_keys;
begin
  if idempotency is null or idempotency = 'null' then
    return null;
  end if;
  perform from gateway.accounts where id = session.account_id for key share;
  delete from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key' and created_at < at - interval '24 hours';
  insert into gateway.idempotency_keys (account_id, key, fingerprint, created_at)
    values (session.account_id, idempotency ->> 'key', idempotency ->> 'fingerprint', at)
    on conflict do nothing;
  if found then
    return null;
  end if;
  select * into earlier from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key';
  if earlier.fingerprint <> idempotency ->> 'fingerprint' then
    perform gateway.refuse(gateway.refusal(409, 'idempotency_conflict'));
  end if;
  return earlier.answer;
end;
$$;

-- Releases overdue holds, lapses expired grants and forgets what is no longer needed. Nothing is wrong if this never
-- runs: each account's next call does the same for that account. An account that is busy is left to its own calls, and
-- so is a record that somebody else is about to replace: this has many accounts' rows, and waits for nobody's.
create or replace function public.sweep_holds() returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  batch constant integer := 500;
  at timestamptz := gateway.now();
  due uuid;
  account gateway.accounts;
  accounts_swept integer := 0;
  forgotten integer;
begin
  for due in
    select id from (
      select account_id as id from gateway.holds where state = 'open' and expires_at <= at
      union
      select account_id from gateway.credit_grants where live and expires_at <= at
    ) as overdue order by id limit batch
  loop
    select * into account from gateway.accounts where id = due for update skip locked;
    continue when not found;
    account := gateway.release_overdue(account, at);
    account := gateway.lapse(account, at);
    account := gateway.repay_debt(account, at);
    accounts_swept := accounts_swept + 1;
  end loop;
  -- Long after any settle could still arrive.
  delete from gateway.holds where call_id in (
    select call_id from gateway.holds where state <> 'open' and created_at < at - interval '30 days'
    for update skip locked);
  get diagnostics forgotten = row_count;
  delete from gateway.idempotency_keys where (account_id, key) in (
    select account_id, key from gateway.idempotency_keys where created_at < at - interval '24 hours'
    for update skip locked);
  return jsonb_build_object('accounts', accounts_swept, 'forgotten', forgotten);
end;
$$;
