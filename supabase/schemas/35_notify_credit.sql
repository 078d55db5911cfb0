-- Mail about credit that runs out. Where a settle causes it, the settle has read and locked all that it needs: it compares two
-- numbers, and only what crosses a line costs anything.

-- A balance of less than a cent is none: hardly a call fits it.
create function gateway.no_balance() returns bigint
language sql immutable parallel safe
return 10000000;

-- What an account whose balance has just risen is to be told of next. A low balance again only after it was a quarter above the
-- threshold, so that a balance about it is told of once; and whoever never had so much, a trial, is never told that it is low.
create function gateway.alert_after_rise(account gateway.accounts) returns bigint
language sql immutable parallel safe
return case
  when account.balance >= greatest(account.alert_below + account.alert_below / 4, gateway.no_balance())
    then greatest(account.alert_below, gateway.no_balance())
  when account.balance >= gateway.no_balance() then greatest(account.alert_at, gateway.no_balance())
  else account.alert_at
end;

-- Tells an account, whose row is locked, that its balance is low or that there is none. Answers what it is to be told of next.
create function gateway.notify_of_balance(account gateway.accounts, is_out boolean, at timestamptz) returns bigint
language plpgsql volatile set search_path = ''
as $$
begin
  perform gateway.notify(account.id, case when is_out then 'out_of_credits' else 'low_balance' end, extract(epoch from at)::text,
    jsonb_build_object('balance', gateway.dollars(account.balance), 'threshold', gateway.dollars(account.alert_below), 'at', at), at);
  return case when not is_out then gateway.no_balance() end;
end;
$$;

-- Which part of its limit, in percent, a key has reached with a call of this cost, after which it has spent so much: 80, 100 or null.
-- Like what follows, not put in its caller's place: most keys have no limit, and their calls need none of its parts.
create function gateway.spend_limit_step(spent bigint, cost bigint, spend_limit bigint) returns integer
language plpgsql immutable
as $$
begin
  return case
    when spent >= spend_limit and spent - cost < spend_limit then 100
    when spent >= spend_limit - spend_limit / 5 and spent - cost < spend_limit - spend_limit / 5 then 80
  end;
end;
$$;

-- Tells of a key that has reached a part of its limit: once a period, and once more where the limit was changed.
create function gateway.notify_of_spend_limit(this_key uuid, step integer, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = this_key;
  perform gateway.notify(key.account_id, 'spend_limit',
    concat_ws(' ', key.id, case when key.spend_period is not null then extract(epoch from key.spend_period_start) end, key.spend_limit, step),
    jsonb_build_object(
      'key_id', key.id, 'key', gateway.key_in_mail(key), 'step', step,
      'spent', gateway.dollars(gateway.spent_in_period(key, at)), 'limit', gateway.dollars(key.spend_limit),
      'period', key.spend_period, 'at', at), at);
end;
$$;

-- A call was refused for want of credit: what is left fits no call like it, though it never gets to be nothing. Only where little is
-- left, since a call may be dear.
create function gateway.notify_of_refusal(account gateway.accounts, key gateway.api_keys, code text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  little constant bigint := 1000000000;
begin
  if code = 'insufficient_credits' and account.balance < little and account.alert_at is not null then
    account.alert_at := gateway.notify_of_balance(account, true, at);
    update gateway.accounts set alert_at = account.alert_at where id = account.id;
  elsif code = 'spend_limit_reached'
    and gateway.spent_in_period(key, at) >= key.spend_limit - key.spend_limit / 5 then
    perform gateway.notify_of_spend_limit(key.id, 100, at);
  end if;
end;
$$;
