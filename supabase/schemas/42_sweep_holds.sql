-- Housekeeping of holds and of what is remembered for a while.

-- Releases overdue holds, lapses expired grants and forgets what is no longer needed. Nothing is wrong if this never
-- runs: each account's next call does the same for that account. An account that is busy is left to its own calls, and
-- so is a record that somebody else is about to replace: this has many accounts' rows, and waits for nobody's.
create function public.sweep_holds() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  batch constant integer := 500;
  at timestamptz := gateway.now();
  due uuid;
  account gateway.accounts;
  accounts_swept integer := 0;
  forgotten integer;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
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
    select call_id from gateway.holds where state <> 'open' and created_at < at - gateway.holds_remembered()
    for update skip locked);
  get diagnostics forgotten = row_count;
  delete from gateway.idempotency_keys where (account_id, key) in (
    select account_id, key from gateway.idempotency_keys where created_at < at - interval '24 hours'
    for update skip locked);
  return jsonb_build_object('accounts', accounts_swept, 'forgotten', forgotten);
end;
$$;
