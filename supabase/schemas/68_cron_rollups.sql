-- What the hourly cron asks for.

-- Sums up those of the next accounts whose hours are over, by id from the one after `after`: it looks at so many, and
-- sums up so few, since whoever sums up an account keeps its lock until all are done, and the account's calls wait for
-- that. Answers how many, and after whom the next step begins: null when this was the last. Nothing is wrong if it never
-- comes: whatever reads an account's usage sums it up first. An account that is busy is left to the next run.
--
-- Behind the last of them the oldest requests go, if they are older than `kept_days`; null keeps all.
create function public.roll_up_usage(after uuid default null, kept_days integer default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most_looked_at constant integer := 5000;
  most constant integer := 25;
  at constant timestamptz := gateway.now();
  looked_at uuid[];
  due uuid[];
  next uuid;
  accounts integer := 0;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
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
  foreach next in array due loop
    perform from gateway.accounts where id = next for update skip locked;
    continue when not found;
    accounts := accounts + gateway.roll_up(next, at)::integer;
  end loop;
  next := case
    when cardinality(due) = most then due[most]
    when cardinality(looked_at) = most_looked_at then looked_at[most_looked_at] end;
  return jsonb_build_object('accounts', accounts, 'next', next,
                            'dropped', case when next is null then gateway.drop_old_month(kept_days, at) end);
end;
$$;
