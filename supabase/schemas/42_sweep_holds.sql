-- Housekeeping of holds and of what is remembered for a while.

-- Releases overdue holds and lapses expired grants of the next accounts, by id from the one after `after`: few at a time, since
-- they stay locked until it is done. Forgets some of what is no longer needed. Answers how many accounts it has looked after,
-- which failed and why, and after whom the next step begins: null when this was the last.
--
-- Without it each account's next call does the same for that account. Locked rows are skipped (`skip locked`): this holds the
-- rows of many accounts, and must not wait for any.
create function public.sweep_holds(after uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 25;
  most_forgotten constant integer := 1000;
  at timestamptz := gateway.now();
  due uuid[];
  this_account uuid;
  account gateway.accounts;
  accounts integer := 0;
  failed jsonb := '[]';
  forgotten integer;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  due := array(
    select id from (
      select account_id as id from gateway.holds where state = 'open' and expires_at <= at
      union
      select account_id from gateway.credit_grants where live and expires_at <= at
    ) as overdue
    where id > coalesce(sweep_holds.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most);
  foreach this_account in array due loop
    begin
      select * into account from gateway.accounts where id = this_account for no key update skip locked;
      continue when not found;
      account := gateway.release_overdue(account, at);
      account := gateway.lapse(account, at);
      account := gateway.repay_debt(account, at);
      accounts := accounts + 1;
    exception when others then
      failed := failed || jsonb_build_object('account_id', this_account, 'reason', sqlerrm);
    end;
  end loop;
  -- Long after any settle could still arrive.
  delete from gateway.holds where call_id in (
    select call_id from gateway.holds where state <> 'open' and created_at < at - gateway.holds_remembered()
    order by created_at limit most_forgotten for update skip locked);
  get diagnostics forgotten = row_count;
  delete from gateway.idempotency_keys where (account_id, key) in (
    select account_id, key from gateway.idempotency_keys where created_at < at - interval '24 hours'
    order by created_at limit most_forgotten for update skip locked);
  delete from gateway.idempotent_calls where (account_id, key) in (
    select account_id, key from gateway.idempotent_calls where expires_at < at
    order by expires_at limit most_forgotten for update skip locked);
  return jsonb_build_object(
    'accounts', accounts, 'failed', failed, 'forgotten', forgotten,
    'next', case when cardinality(due) = most then due[most] end);
end;
$$;
