-- Coupons as whoever has one sees them.

-- What a coupon gives, without what is the operator's.
create function gateway.coupon_offer(coupon gateway.coupons) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'code', coupon.code, 'kind', coupon.kind, 'amount', gateway.dollars(coupon.amount),
    'percent', trim_scale(coupon.basis_points * 0.01), 'max_bonus', gateway.dollars(coupon.max_bonus),
    'min_purchase', gateway.dollars(coupon.min_purchase), 'first_purchase_only', coupon.first_purchase_only,
    'grant_days', coupon.grant_days, 'valid_until', coupon.valid_until)
$$;

create function gateway.redemption_view(redemption gateway.coupon_redemptions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'coupon_redemption', 'id', redemption.id, 'code', coupons.code, 'kind', coupons.kind,
    'state', redemption.state, 'credits', gateway.dollars(redemption.value), 'payment_id', redemption.payment_id,
    'created_at', redemption.created_at)
  from gateway.coupons where id = redemption.coupon_id
$$;

-- Gives the credit of a coupon. A code that is not known is refused as a value, so that the try is counted.
create function public.redeem_coupon(caller jsonb, code text, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  coupon gateway.coupons;
  account gateway.accounts;
  used gateway.coupon_redemptions;
  granted record;
  answer jsonb;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  answer := gateway.claim_idempotency(session, idempotency, gateway.now());
  if answer is not null then
    return answer;
  end if;
  coupon := gateway.known_coupon(caller, session, code);
  if coupon.id is null then
    return jsonb_build_object('refused', gateway.refusal(404, 'coupon_not_found'));
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  account := gateway.catch_up(account, at);
  if coupon.kind <> 'credit' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'bonus' then 'This coupon is for a purchase of credit: name it as its `coupon`.'
      else 'This coupon is for a plan: name it in POST /subscription/checkout.' end)));
  end if;
  perform gateway.refuse_excess(account.balance, coupon.amount, 'code');
  used := gateway.take_coupon(account, coupon.id, coupon.amount, 'redeemed', null, null, at);
  granted := gateway.grant_credit(
    account, 'coupon', coupon.amount, at + make_interval(days => coupon.grant_days), 'coupon ' || coupon.code, at);
  account := granted.account;
  update gateway.coupon_redemptions set grant_id = granted.grant_id where id = used.id returning * into used;
  answer := gateway.redemption_view(used) || jsonb_build_object(
    'expires_at', at + make_interval(days => coupon.grant_days), 'balance', gateway.dollars(account.balance));
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

-- What the caller may use now: coupons of its own, and those that everybody is shown. Few, so all of them at once.
create function public.list_available_coupons(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  at timestamptz := gateway.now();
begin
  return gateway.page((
    select jsonb_agg('{"object": "coupon_offer"}' || gateway.coupon_offer(c) order by created_at desc, id desc) from (
      select * from gateway.coupons c
      where (account_id = session.account_id or listed and account_id is null)
        and active and deleted_at is null and coalesce(valid_from <= at, true) and coalesce(valid_until > at, true)
        and coalesce(redemptions < max_redemptions, true)
        and not (first_purchase_only and exists (
          select from gateway.payments where payments.account_id = session.account_id and status = 'succeeded'))
        and per_account > (select count(*) from gateway.coupon_redemptions r
                           where r.coupon_id = c.id and r.account_id = session.account_id and r.state <> 'released')
      order by created_at desc, id desc limit 100) as c), null);
end;
$$;

-- query: limit, cursor {at, id}. Newest first.
create function public.list_coupon_history(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select coupon_redemptions as redemption, created_at, id from gateway.coupon_redemptions
    where account_id = session.account_id
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.redemption_view(redemption) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;
