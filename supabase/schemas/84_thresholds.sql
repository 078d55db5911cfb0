-- From what on an account wants to be told.

create function gateway.thresholds_view(account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'notification_thresholds',
    'low_balance', case when a.alert_below > 0 then gateway.dollars(a.alert_below) end,
    'spend_per_day', gateway.dollars(s.per_day), 'spend_per_month', gateway.dollars(s.per_month))
  from gateway.accounts a left join gateway.spend_alerts s on s.account_id = a.id where a.id = account
$$;

create function public.get_thresholds(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.thresholds_view(session.account_id);
end;
$$;

-- changes: low_balance, spend_per_day, spend_per_month (nano-dollars; null: none). What is absent stays. A new threshold is told of when it
-- is met, also where another one was met before: a balance that is below it already, by the next settle. Whoever has nothing left was told
-- of that, and is told anew once there is something again.
create function public.set_thresholds(caller jsonb, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
begin
  perform gateway.require(jsonb_build_object('changes', changes), 'changes');
  if changes ? 'low_balance' then
    account.alert_below := coalesce((changes ->> 'low_balance')::bigint, 0);
    update gateway.accounts set
      alert_below = account.alert_below,
      alert_at = case when balance >= gateway.no_balance() then greatest(account.alert_below, gateway.no_balance()) else alert_at end
      where id = account.id;
  end if;
  if not changes ?| array['spend_per_day', 'spend_per_month'] then
    return gateway.thresholds_view(account.id);
  end if;
  insert into gateway.spend_alerts (account_id, looked_at) values (account.id, '-infinity') on conflict do nothing;
  update gateway.spend_alerts set
    per_day = case when changes ? 'spend_per_day' then (changes ->> 'spend_per_day')::bigint else per_day end,
    day_told = case when changes ? 'spend_per_day' then null else day_told end,
    per_month = case when changes ? 'spend_per_month' then (changes ->> 'spend_per_month')::bigint else per_month end,
    month_told = case when changes ? 'spend_per_month' then null else month_told end,
    looked_at = '-infinity'
    where account_id = account.id;
  return gateway.thresholds_view(account.id);
end;
$$;
