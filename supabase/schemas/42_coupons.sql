-- How coupons are used. Limits and budgets hold by conditional updates under the account's lock: of any number at once as many get
-- through as there is room for. The order of locks: the account, its payments, the coupon, its promotion, grants.

-- What is spent of a promotion's budget: of a day that is over nothing counts.
create function gateway.spent_of(promotion gateway.promotions, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when promotion.per_day and promotion.day is distinct from (at at time zone 'utc')::date then 0 else promotion.spent end;

-- Takes so much of a promotion's budget; false if it is not there. Null names no promotion, and draws on nothing.
create function gateway.draw_on(promotion text, amount bigint, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  today constant date := (at at time zone 'utc')::date;
begin
  if promotion is null then
    return true;
  end if;
  update gateway.promotions set
    spent = case when per_day and day is distinct from today then 0 else spent end + amount, day = today
    where id = draw_on.promotion and active
      and (budget is null or case when per_day and day is distinct from today then 0 else spent end + amount <= budget);
  return found;
end;
$$;

-- Gives back what was drawn and is not used. Of a day that is over nothing is given back.
create function gateway.undraw(promotion text, amount bigint, drawn_at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.promotions set spent = greatest(spent - amount, 0)
    where id = undraw.promotion and (not per_day or day = (drawn_at at time zone 'utc')::date)
$$;

-- The coupon that a caller knows the code of, or nothing: there is none, it is another account's, or not for now. Whoever guesses
-- gets ten wrong tries an hour, by account and by network, and then not even a right one: so the refusal of a wrong one is a value,
-- which leaves the count. Before any lock of the account.
create function gateway.known_coupon(caller jsonb, session gateway.session, code text) returns gateway.coupons
language plpgsql volatile set search_path = ''
as $$
declare
  coupon gateway.coupons;
  network constant text := gateway.network_of(caller);
  at timestamptz;
begin
  perform gateway.limit_attempts('coupon.account', session.account_id::text, 10, interval '1 hour');
  perform gateway.limit_attempts('coupon.network', network, 10, interval '1 hour');
  at := gateway.now();
  select * into coupon from gateway.coupons
    where coupons.code = upper(btrim(known_coupon.code)) and active and deleted_at is null
      and (account_id is null or account_id = session.account_id) and coalesce(valid_from <= at, true);
  if found then
    -- It was no wrong one. The rows are locked, and the attempt just counted is the last.
    update gateway.attempts set times = times[:cardinality(times) - 1]
      where (kind, subject) in (('coupon.account', session.account_id::text), ('coupon.network', network));
  end if;
  return coupon;
end;
$$;

-- The use of a coupon by a locked account: reserved until expires_at, or redeemed at once. Refuses it where there is none left.
create function gateway.take_coupon(
  account gateway.accounts, coupon uuid, value bigint, state text, payment uuid, expires_at timestamptz, at timestamptz)
returns gateway.coupon_redemptions
language plpgsql volatile set search_path = ''
as $$
declare
  taken gateway.coupons;
  use integer;
  made gateway.coupon_redemptions;
begin
  select * into taken from gateway.coupons where id = take_coupon.coupon;
  if taken.valid_until <= at then
    perform gateway.refuse(gateway.refusal(409, 'coupon_expired'));
  end if;
  if taken.first_purchase_only and (
      exists (select from gateway.payments where account_id = account.id and status = 'succeeded')
      or exists (select from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
                 where r.account_id = account.id and r.state = 'reserved' and r.expires_at > at and c.first_purchase_only)) then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable',
      '{"message": "This coupon is for an account''s first purchase."}'));
  end if;
  select n into use from generate_series(1, taken.per_account) as n
    where not exists (
      select from gateway.coupon_redemptions r
      where r.coupon_id = taken.id and r.account_id = account.id and r.nth = n and r.state <> 'released')
    order by n limit 1;
  if use is null then
    perform gateway.refuse(gateway.refusal(409, 'coupon_already_redeemed'));
  end if;
  update gateway.coupons set redemptions = redemptions + 1
    where id = taken.id and active and deleted_at is null and (max_redemptions is null or redemptions < max_redemptions);
  if not found or not gateway.draw_on(taken.promotion, value, at) then
    perform gateway.refuse(gateway.refusal(409, 'coupon_used_up'));
  end if;
  insert into gateway.coupon_redemptions
    (id, coupon_id, account_id, nth, state, value, payment_id, expires_at, created_at, ended_at)
    values (gen_random_uuid(), taken.id, account.id, use, take_coupon.state, take_coupon.value, take_coupon.payment,
            take_coupon.expires_at, at, case take_coupon.state when 'redeemed' then at end)
    returning * into made;
  return made;
end;
$$;

-- Releases uses whose time has passed: of this account (null: of any), a few at a time. Who settles one at the same time is first
-- or finds it released. All coupons before all promotions, each in order, so that no two wait for each other.
create function gateway.release_coupons(account uuid, at timestamptz) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  released gateway.coupon_redemptions[];
  part record;
begin
  with late as (
    select id from gateway.coupon_redemptions
      where state = 'reserved' and expires_at <= at and (account is null or account_id = account)
      order by expires_at limit 100 for update skip locked
  ),
  ended as (
    update gateway.coupon_redemptions r set state = 'released', ended_at = at from late where r.id = late.id returning r.*)
  select array_agg(ended.*::gateway.coupon_redemptions) into released from ended;
  if released is null then
    return 0;
  end if;
  for part in select coupon_id, count(*) as uses from unnest(released) group by coupon_id order by coupon_id loop
    update gateway.coupons set redemptions = redemptions - part.uses where id = part.coupon_id;
  end loop;
  for part in
    select c.promotion, r.value, r.created_at from unnest(released) r join gateway.coupons c on c.id = r.coupon_id
      where c.promotion is not null order by c.promotion
  loop
    perform gateway.undraw(part.promotion, part.value, part.created_at);
  end loop;
  return cardinality(released);
end;
$$;

-- What a bonus comes to on a purchase of so much, in nano-dollars.
create function gateway.bonus_on(coupon gateway.coupons, bought bigint) returns bigint
language sql immutable parallel safe
return coalesce(coupon.amount, least(floor(bought::numeric * coupon.basis_points / 10000)::bigint, coupon.max_bonus));

-- Reserves a bonus for a payment that has just been begun.
create function gateway.reserve_bonus(
  account gateway.accounts, payment gateway.payments, coupon gateway.coupons, at timestamptz) returns gateway.payments
language plpgsql volatile set search_path = ''
as $$
declare
  bought constant bigint := gateway.of_cents(payment.amount - payment.fee);
  value constant bigint := gateway.bonus_on(coupon, bought);
  promised gateway.payments;
begin
  if coupon.kind <> 'bonus' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'credit' then 'This coupon is credit without a purchase: POST /coupons/redeem.'
      else 'This coupon is for a plan: name it in POST /subscription/checkout.' end)));
  end if;
  if bought < coupon.min_purchase then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message',
      format('This coupon is for purchases from %s dollars.', gateway.dollars(coupon.min_purchase)))));
  end if;
  perform gateway.release_coupons(account.id, at);
  -- An hour longer than it can be paid: what was paid in the last moment may be told of later.
  perform gateway.take_coupon(account, coupon.id, value, 'reserved', payment.id, payment.expires_at + interval '1 hour', at);
  update gateway.payments set bonus = value where id = payment.id returning * into promised;
  return promised;
end;
$$;

-- What of the promised bonus a payment that is paid now still gets: all of it, unless it was released meanwhile and there is none
-- left. Answers the payment, and when the bonus lapses.
create function gateway.settle_bonus(
  account gateway.accounts, inout payment gateway.payments, at timestamptz, out lapses_at timestamptz)
language plpgsql volatile set search_path = ''
as $$
declare
  reserved gateway.coupon_redemptions;
  coupon gateway.coupons;
begin
  select * into reserved from gateway.coupon_redemptions where payment_id = payment.id for update;
  if not found then
    lapses_at := at + interval '90 days';
    return;
  end if;
  select * into coupon from gateway.coupons where id = reserved.coupon_id;
  lapses_at := at + make_interval(days => coupon.grant_days);
  if reserved.state = 'released' then
    update gateway.coupons set redemptions = redemptions + 1
      where id = coupon.id and (max_redemptions is null or redemptions < max_redemptions)
        and not exists (select from gateway.coupon_redemptions r
                        where r.coupon_id = coupon.id and r.account_id = account.id and r.nth = reserved.nth and r.state <> 'released');
    if not found then
      update gateway.payments set bonus = 0 where id = payment.id returning * into payment;
      return;
    end if;
    if not gateway.draw_on(coupon.promotion, reserved.value, at) then
      update gateway.coupons set redemptions = redemptions - 1 where id = coupon.id;
      update gateway.payments set bonus = 0 where id = payment.id returning * into payment;
      return;
    end if;
  end if;
  update gateway.coupon_redemptions set state = 'redeemed', ended_at = at where id = reserved.id;
end;
$$;

-- Reserves a discount for a subscription that is about to be asked for. Answers Stripe's id of it and ours of the use, which goes
-- into the subscription's metadata.
create function gateway.reserve_discount(account gateway.accounts, coupon gateway.coupons, at timestamptz) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  reserved gateway.coupon_redemptions;
begin
  if coupon.kind <> 'discount' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'credit' then 'This coupon is credit without a purchase: POST /coupons/redeem.'
      else 'This coupon is for a purchase of credit: name it as its `coupon`.' end)));
  end if;
  perform gateway.release_coupons(account.id, at);
  -- An hour longer than the page is open: what was paid in the last moment may be told of later.
  reserved := gateway.take_coupon(account, coupon.id, 0, 'reserved', null, at + interval '2 hours', at);
  return jsonb_build_object('stripe_coupon', coupon.stripe_coupon_id, 'redemption', reserved.id);
end;
$$;

-- An invoice of a subscription that was begun with a discount of this account's is paid. One that was released meanwhile counts all
-- the same: Stripe has given it.
create function gateway.redeem_discount(of_account uuid, redemption uuid, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  used gateway.coupon_redemptions;
begin
  select * into used from gateway.coupon_redemptions where id = redemption and account_id = of_account for update;
  if used.state = 'released' then
    update gateway.coupons set redemptions = redemptions + 1, max_redemptions = greatest(max_redemptions, redemptions + 1)
      where id = used.coupon_id;
    update gateway.coupon_redemptions set nth = (
        select max(nth) + 1 from gateway.coupon_redemptions where coupon_id = used.coupon_id and account_id = used.account_id)
      where id = used.id;
  end if;
  update gateway.coupon_redemptions set state = 'redeemed', ended_at = at where id = used.id and state <> 'redeemed';
end;
$$;
