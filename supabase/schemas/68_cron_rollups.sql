-- What the hourly cron asks for.

-- Sums up those of the next accounts whose hours are over, by id from the one after `after`: it looks at so many, sums up so
-- few, and ends when it has summed up so many requests, so that it is done long before the database's time limit. A
-- failure of one account is reported and does not stop the others. Returns how many accounts are done, which failed and why, and
-- after which one the next step begins: null when this was the last. Usage is exact without it: whatever is not rolled up is
-- counted when it is read.
--
-- Before the first of them the platform's hours are summed up, which are not the accounts' sum but counted by themselves.
-- Behind the last of them the oldest requests go, if they are older than `kept_days`; null keeps all.
create function public.roll_up_usage(after uuid default null, kept_days integer default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most_looked_at constant integer := 5000;
  most constant integer := 25;
  most_requests constant bigint := 100000;
  at constant timestamptz := gateway.now();
  looked_at uuid[];
  due uuid[];
  this_account uuid;
  last_done uuid := roll_up_usage.after;
  next uuid;
  step record;
  requests bigint := 0;
  accounts integer := 0;
  failed jsonb := '[]';
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  if roll_up_usage.after is null then
    perform gateway.roll_up_platform(at);
  end if;
  looked_at := array(
    select id from gateway.accounts
    where id > coalesce(roll_up_usage.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most_looked_at);
  due := array(
    select a.id from unnest(looked_at) as a (id) left join gateway.usage_totals t on t.account_id = a.id
    where exists (
      select from gateway.requests r
      where r.account_id = a.id and r.finished_at >= coalesce(t.rolled_up_to, '-infinity')
        and r.finished_at < gateway.last_whole_hour(at))
    order by a.id limit most);
  foreach this_account in array due loop
    begin
      step := gateway.roll_up(this_account, at, most_requests - requests);
      requests := requests + step.summed;
      if step.more then
        -- It is the first of the next step.
        return jsonb_build_object(
          'accounts', accounts, 'failed', failed,
          'next', coalesce(last_done, '00000000-0000-0000-0000-000000000000'), 'dropped', null);
      end if;
      accounts := accounts + (step.summed > 0)::integer;
    exception when others then
      failed := failed || jsonb_build_object('account_id', this_account, 'reason', sqlerrm);
    end;
    last_done := this_account;
  end loop;
  next := case
    when cardinality(due) = most then due[most]
    when cardinality(looked_at) = most_looked_at then looked_at[most_looked_at] end;
  return jsonb_build_object('accounts', accounts, 'failed', failed, 'next', next,
                            'dropped', case when next is null then gateway.drop_old_month(kept_days, at) end);
end;
$$;
