-- Referrals as whoever recommends, or was recommended, sees them; and as administrators do.

create function gateway.referral_view(referral gateway.referrals, for_admin boolean) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'referral', 'id', referral.id,
    'state', case referral.state when 'reversing' then 'reversed' else referral.state end,
    'reward', gateway.dollars(case when referral.state in ('qualified', 'paid') then gateway.referral_reward() else 0 end),
    'due_at', referral.due_at, 'created_at', referral.created_at)
    || case when for_admin then jsonb_build_object(
      'referrer_id', referral.referrer_id, 'referred_id', referral.referred_id, 'payment_id', referral.payment_id,
      'reason', referral.reason) else '{}' end
$$;

-- The caller's code, which becomes `code` if it has none yet.
create function public.make_referral_code(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  known text;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  select c.code into known from gateway.referral_codes c where account_id = session.account_id;
  if known is null then
    insert into gateway.referral_codes (account_id, code, created_at)
      values (session.account_id, upper(make_referral_code.code), gateway.now())
      on conflict (account_id) do nothing;
    select c.code into known from gateway.referral_codes c where account_id = session.account_id;
  end if;
  return jsonb_build_object('object', 'referral_code', 'code', known, 'reward', gateway.dollars(gateway.referral_reward()),
                            'min_purchase', gateway.dollars(gateway.referral_reward()));
end;
$$;

-- Whether a code is somebody else's who could have recommended the caller.
create function public.validate_referral(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  perform gateway.limit_attempts('referral.network', gateway.network_of(caller), 30, interval '1 hour');
  return jsonb_build_object('object', 'referral_validation', 'code', upper(btrim(code)), 'valid', exists (
    select from gateway.referral_codes c join gateway.accounts a on a.id = c.account_id
    where c.code = upper(btrim(validate_referral.code)) and a.disabled_at is null and a.id <> session.account_id));
end;
$$;

-- Says who recommended the caller, once, before its first purchase.
create function public.apply_referral(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  referral gateway.referrals;
  refused text;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  perform gateway.limit_attempts('referral.account', session.account_id::text, 10, interval '1 hour');
  -- Both, in the order of ids: two that name each other at once take turns.
  perform from gateway.accounts where id = session.account_id
      or id = (select account_id from gateway.referral_codes c where c.code = upper(btrim(apply_referral.code)))
    order by id for no key update;
  select * into account from gateway.accounts where id = session.account_id;
  refused := gateway.note_referral(account, code, caller, gateway.now());
  if refused = 'unknown' then
    perform gateway.refuse(gateway.refusal(404, 'referral_code_not_found'));
  elsif refused is not null then
    perform gateway.refuse(gateway.refusal(409, 'referral_not_applicable', jsonb_build_object('message', case refused
      when 'own' then 'This is your own code.'
      when 'taken' then 'Somebody else is known to have recommended this account.'
      when 'late' then 'A code counts before an account''s first purchase.'
      else 'Whoever recommends has to have been here first.' end)));
  end if;
  update gateway.accounts set referred_by = upper(btrim(code)) where id = account.id;
  select * into referral from gateway.referrals where referred_id = account.id;
  return gateway.referral_view(referral, false);
end;
$$;

-- What the caller's recommendations have brought. Gives first what is due.
create function public.release_own_referrals(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  account := gateway.release_referrals(account, at);
  return (
    select jsonb_build_object(
      'object', 'referral_stats', 'referred', count(*), 'pending', count(*) filter (where state = 'pending'),
      'qualified', count(*) filter (where state = 'qualified'), 'paid', count(*) filter (where state = 'paid'),
      'unrewarded', count(*) filter (where state = 'refused'), 'reversed', count(*) filter (where state like 'revers%'),
      'earned', gateway.dollars(count(*) filter (where state = 'paid') * gateway.referral_reward()),
      'due', gateway.dollars(count(*) filter (where state = 'qualified') * gateway.referral_reward()))
    from gateway.referrals where referrer_id = account.id);
end;
$$;

-- query: limit, cursor {at, id}. Whom the caller recommended, newest first, without who they are.
create function public.list_referrals(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select referrals as referral, created_at, id from gateway.referrals
    where referrer_id = session.account_id
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.referral_view(referral, false) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: state, limit, cursor {at, id}. All of them, with why one was refused.
create function public.list_all_referrals(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select referrals as referral, created_at, id from gateway.referrals
    where (query ->> 'state' is null or query ->> 'state' = case state when 'reversing' then 'reversed' else state end)
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.referral_view(referral, true) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- Housekeeping: what is due to referrers, what was reversed, and purchases whose card nobody has told of within an hour. A few at
-- a time; answers how many accounts were looked after.
create function public.release_referrals() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  at timestamptz := gateway.now();
  account gateway.accounts;
  payment uuid;
  done integer := 0;
begin
  if not gateway.has_month(at + interval '7 days') then
    perform gateway.make_months(at);
  end if;
  for account in
    select * from gateway.accounts where id in (
      (select referrer_id from gateway.referrals where state = 'qualified' and due_at <= at order by due_at limit 50)
      union (select referrer_id from gateway.referrals where state = 'reversing' limit 50)
      union (select r.referred_id from gateway.referrals r join gateway.payments p on p.account_id = r.referred_id
             where r.state = 'pending' and p.status = 'succeeded' and p.fingerprint is null
               and p.settled_at between at - interval '1 day' and at - interval '1 hour' limit 50))
    order by id for no key update
  loop
    account := gateway.catch_up(account, at);
    account := gateway.release_referrals(account, at);
    for payment in
      select id from gateway.payments where account_id = account.id and status = 'succeeded' order by settled_at
    loop
      account := gateway.heed_referral(account, payment, at);
    end loop;
    done := done + 1;
  end loop;
  return jsonb_build_object('accounts', done);
end;
$$;
