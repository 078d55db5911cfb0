-- What accounts want to be told of that no transaction of theirs finds out by itself: a cron job looks.

-- Tells of what an account has spent since `since`, where that is as much as it wanted to be told of.
create function gateway.notify_of_spending(account uuid, period text, since timestamptz, threshold bigint, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  spent constant bigint := (
    select coalesce(sum(cost), 0) from gateway.used(account, since, date_trunc('hour', at, 'UTC') + interval '1 hour'));
begin
  if spent < threshold then
    return false;
  end if;
  perform gateway.notify(account, 'spend_alert', period || ' ' || (since at time zone 'utc')::date || ' ' || threshold, jsonb_build_object(
    'period', period, 'since', (since at time zone 'utc')::date, 'spent', gateway.dollars(spent),
    'threshold', gateway.dollars(threshold), 'at', at), at);
  return true;
end;
$$;

-- Looks at some of the accounts that have not been looked at for four minutes. Answers how many: 0 when all are.
create function public.look_at_spending() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 50;
  at timestamptz := gateway.now();
  day constant timestamptz := date_trunc('day', at, 'UTC');
  month constant timestamptz := date_trunc('month', at, 'UTC');
  this_account uuid;
  wanted gateway.spend_alerts;
  looked integer := 0;
begin
  for this_account in
    select account_id from gateway.spend_alerts
    where looked_at <= at - interval '4 minutes' and (per_day is not null or per_month is not null)
    order by looked_at limit most
  loop
    -- Whoever changes what is wanted has the account locked.
    perform from gateway.accounts where id = this_account for key share skip locked;
    continue when not found;
    select * into wanted from gateway.spend_alerts where account_id = this_account for update;
    if wanted.per_day is not null and wanted.day_told is distinct from (day at time zone 'utc')::date
      and gateway.notify_of_spending(this_account, 'day', day, wanted.per_day, at) then
      wanted.day_told := (day at time zone 'utc')::date;
    end if;
    if wanted.per_month is not null and wanted.month_told is distinct from (month at time zone 'utc')::date
      and gateway.notify_of_spending(this_account, 'month', month, wanted.per_month, at) then
      wanted.month_told := (month at time zone 'utc')::date;
    end if;
    update gateway.spend_alerts set day_told = wanted.day_told, month_told = wanted.month_told, looked_at = at
      where account_id = this_account;
    looked := looked + 1;
  end loop;
  return jsonb_build_object('looked', looked);
end;
$$;

-- Tells that providers refuse an account's own keys there, by their ids: of each key once a day.
create function gateway.notify_of_own_keys(account uuid, keys jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(
    notify_of_own_keys.account, 'provider_key_refused', k.id || ' ' || (at at time zone 'utc')::date,
    jsonb_build_object('provider', k.provider, 'key_id', k.id, 'name', k.name, 'last_four', k.last_four, 'at', at), at)
  from gateway.provider_keys as k
  where k.account_id = notify_of_own_keys.account and keys ? k.id::text
  order by k.priority, k.id
$$;
