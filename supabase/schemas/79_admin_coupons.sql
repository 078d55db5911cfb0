-- Coupons and promotions as administrators make and watch them.

create function gateway.coupon_view(coupon gateway.coupons) returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.coupon_offer(coupon) || jsonb_build_object(
    'object', 'coupon', 'id', coupon.id, 'account_id', coupon.account_id, 'max_redemptions', coupon.max_redemptions,
    'redemptions', coupon.redemptions, 'per_account', coupon.per_account, 'promotion', coupon.promotion,
    'listed', coupon.listed, 'valid_from', coupon.valid_from, 'stripe_coupon_id', coupon.stripe_coupon_id,
    'batch', coupon.batch, 'active', coupon.active, 'created_at', coupon.created_at)
$$;

create function gateway.promotion_view(promotion gateway.promotions, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'promotion', 'id', promotion.id, 'budget', gateway.dollars(promotion.budget), 'per_day', promotion.per_day,
    'spent', gateway.dollars(gateway.spent_of(promotion, at)),
    'active', promotion.active, 'created_at', promotion.created_at)
$$;

-- The coupon that an administrator names; refuses when there is none.
create function gateway.find_coupon(coupon_id uuid) returns gateway.coupons
language plpgsql stable set search_path = ''
as $$
declare
  coupon gateway.coupons;
begin
  select * into coupon from gateway.coupons where id = coupon_id and deleted_at is null;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'coupon_not_found'));
  end if;
  return coupon;
end;
$$;

-- Makes a coupon for each of these codes. request: kind, amount and max_bonus and min_purchase (nano-dollars), basis_points,
-- account_id, max_redemptions, per_account, promotion, first_purchase_only, listed, valid_from, valid_until, grant_days,
-- stripe_coupon_id. Of several made at once each can be used once.
create function public.create_coupons(caller jsonb, codes jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  at timestamptz := gateway.now();
  count constant integer := jsonb_array_length(codes);
  batch constant uuid := case when count > 1 then gen_random_uuid() end;
  made jsonb;
  answer jsonb;
begin
  perform gateway.require(request, 'kind');
  perform gateway.require(jsonb_build_object('codes', nullif(count, 0)), 'codes');
  answer := gateway.claim_idempotency(session, idempotency, at);
  if answer is not null then
    return answer;
  end if;
  if request ->> 'account_id' is not null and not exists (
      select from gateway.accounts where id = (request ->> 'account_id')::uuid and deleted_at is null) then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  if request ->> 'promotion' is not null and not exists (
      select from gateway.promotions where id = request ->> 'promotion') then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      '{"param": "promotion", "message": "There is no such promotion; PUT /admin/promotions/{id} makes one."}'));
  end if;
  with inserted as (
    insert into gateway.coupons (
        id, code, kind, amount, basis_points, max_bonus, min_purchase, account_id, max_redemptions, per_account, promotion,
        first_purchase_only, listed, valid_from, valid_until, grant_days, stripe_coupon_id, batch, created_at)
      select gen_random_uuid(), upper(code), request ->> 'kind', (request ->> 'amount')::bigint,
             (request ->> 'basis_points')::integer, (request ->> 'max_bonus')::bigint,
             coalesce((request ->> 'min_purchase')::bigint, 0), (request ->> 'account_id')::uuid,
             case when count > 1 then 1 else (request ->> 'max_redemptions')::integer end,
             coalesce((request ->> 'per_account')::integer, 1), request ->> 'promotion',
             coalesce((request ->> 'first_purchase_only')::boolean, false), coalesce((request ->> 'listed')::boolean, false),
             (request ->> 'valid_from')::timestamptz, (request ->> 'valid_until')::timestamptz,
             coalesce((request ->> 'grant_days')::integer, 90), request ->> 'stripe_coupon_id', batch, at
        from jsonb_array_elements_text(codes) as code
      on conflict (code) do nothing
      returning coupons.*)
  select jsonb_agg(gateway.coupon_view(i::gateway.coupons) order by code) into made from inserted i;
  if coalesce(jsonb_array_length(made), 0) < count then
    perform gateway.refuse(gateway.refusal(409, 'coupon_exists', '{"param": "code"}'));
  end if;
  -- Not the code: the trail is read by more than may give credit.
  perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.create', (request ->> 'account_id')::uuid,
    coalesce(batch::text, made -> 0 ->> 'id'), jsonb_build_object('count', count, 'after', (made -> 0) - 'code'));
  answer := jsonb_build_object('coupons', made);
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

-- query: kind, active, code, batch, promotion, account_id, limit, cursor {at, id}. Newest first.
create function public.list_coupons(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select coupons as coupon, created_at, id from gateway.coupons
    where deleted_at is null
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
      and (query ->> 'kind' is null or kind = query ->> 'kind')
      and (query ->> 'active' is null or active = (query ->> 'active')::boolean)
      and (query ->> 'code' is null or code = upper(query ->> 'code'))
      and (query ->> 'batch' is null or batch = (query ->> 'batch')::uuid)
      and (query ->> 'promotion' is null or promotion = query ->> 'promotion')
      and (query ->> 'account_id' is null or account_id = (query ->> 'account_id')::uuid)
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.coupon_view(coupon) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

create function public.get_coupon(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
begin
  return gateway.coupon_view(gateway.find_coupon(coupon_id));
end;
$$;

-- request: active, listed, max_redemptions, per_account, valid_from, valid_until. What is not named stays. What it gives does not
-- change: it was promised.
create function public.change_coupon(caller jsonb, coupon_id uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  former gateway.coupons;
  coupon gateway.coupons;
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  former := gateway.find_coupon(coupon_id);
  select * into former from gateway.coupons where id = former.id for no key update;
  coupon := jsonb_populate_record(former, request);
  if coupon.max_redemptions < former.redemptions then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'max_redemptions',
      'message', format('The coupon has %s uses already.', former.redemptions))));
  end if;
  if coupon is distinct from former then
    update gateway.coupons set
      active = coalesce(coupon.active, former.active), listed = coalesce(coupon.listed, former.listed),
      max_redemptions = coupon.max_redemptions, per_account = coalesce(coupon.per_account, former.per_account),
      valid_from = coupon.valid_from, valid_until = coupon.valid_until
      where id = former.id returning * into coupon;
    perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.update', coupon.account_id, coupon.id::text,
      jsonb_build_object('before', gateway.coupon_view(former) - 'code', 'after', gateway.coupon_view(coupon) - 'code'));
  end if;
  return gateway.coupon_view(coupon);
end;
$$;

-- Nobody can use it any more; what was used stays. Its code stays taken.
create function public.delete_coupon(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  coupon gateway.coupons;
begin
  update gateway.coupons set deleted_at = gateway.now(), active = false where id = coupon_id and deleted_at is null
    returning * into coupon;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'coupon_not_found'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.delete', coupon.account_id, coupon.id::text,
    jsonb_build_object('before', gateway.coupon_view(coupon) - 'code'));
  return jsonb_build_object('object', 'coupon', 'id', coupon.id, 'deleted', true);
end;
$$;

-- What a coupon has brought: its uses, what they gave, and what was paid with them.
create function public.get_coupon_analytics(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  coupon gateway.coupons := gateway.find_coupon(coupon_id);
  at timestamptz := gateway.now();
begin
  return (
    select jsonb_build_object(
      'object', 'coupon_analytics', 'coupon', gateway.coupon_view(coupon),
      'reserved', count(*) filter (where r.state = 'reserved'), 'redeemed', count(*) filter (where r.state = 'redeemed'),
      'released', count(*) filter (where r.state = 'released'),
      'accounts', count(distinct r.account_id) filter (where r.state = 'redeemed'),
      'credits', gateway.dollars(coalesce(sum(r.value) filter (where r.state = 'redeemed'), 0)::bigint),
      'paid', gateway.dollars(gateway.of_cents(coalesce(sum(p.paid) filter (where r.state = 'redeemed'), 0)::bigint)),
      'taken_back', gateway.dollars(coalesce(sum(p.taken_back) filter (where r.state = 'redeemed'), 0)::bigint),
      'first_redeemed_at', min(r.ended_at) filter (where r.state = 'redeemed'),
      'last_redeemed_at', max(r.ended_at) filter (where r.state = 'redeemed'),
      'days', (
        select coalesce(jsonb_agg(jsonb_build_object('date', day, 'redeemed', uses) order by day), '[]') from (
          select (ended_at at time zone 'utc')::date as day, count(*) as uses from gateway.coupon_redemptions
          where coupon_redemptions.coupon_id = coupon.id and state = 'redeemed' and ended_at > at - interval '30 days'
          group by 1) as days))
    from gateway.coupon_redemptions r left join gateway.payments p on p.id = r.payment_id
    where r.coupon_id = coupon.id);
end;
$$;

-- All coupons together, by kind, and the promotions.
create function public.get_coupon_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'object', 'coupon_stats',
    'kinds', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'kind', kinds.kind, 'coupons', c.coupons, 'active', c.active, 'reserved', r.reserved, 'redeemed', r.redeemed,
        'credits', gateway.dollars(r.credits)) order by kinds.kind), '[]')
      from unnest(array['bonus', 'credit', 'discount']) as kinds (kind),
      lateral (
        select count(*) as coupons, count(*) filter (where active and coalesce(valid_until > at, true)) as active
        from gateway.coupons where kind = kinds.kind and deleted_at is null) as c,
      lateral (
        select count(*) filter (where state = 'reserved') as reserved, count(*) filter (where state = 'redeemed') as redeemed,
               coalesce(sum(value) filter (where state = 'redeemed'), 0)::bigint as credits
        from gateway.coupon_redemptions join gateway.coupons on coupons.id = coupon_id where kind = kinds.kind) as r),
    'promotions', (
      select coalesce(jsonb_agg(gateway.promotion_view(p, at) order by id), '[]')
      from (select * from gateway.promotions order by id limit 100) p));
end;
$$;

-- query: limit, cursor (the id at which the page before ended).
create function public.list_promotions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with found as (
    select promotions as promotion, id from gateway.promotions
      where query ->> 'cursor' is null or id > query ->> 'cursor' order by id limit most + 1
  ),
  page as (select * from found order by id limit most)
  select gateway.page(
    (select jsonb_agg(gateway.promotion_view(promotion, at) order by id) from page),
    case when (select count(*) from found) > most then (select max(id) from page) end)
  into answer;
  return answer;
end;
$$;

-- request: budget (nano-dollars; null: none), per_day, active. Makes the promotion, or changes it: its budget is never below what
-- is spent.
create function public.set_promotion(caller jsonb, promotion text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  wanted constant bigint := (request ->> 'budget')::bigint;
  at timestamptz;
  former gateway.promotions;
  promoted gateway.promotions;
begin
  perform gateway.require(jsonb_build_object('promotion', promotion, 'request', request), 'promotion', 'request');
  insert into gateway.promotions (id, created_at) values (promotion, gateway.now()) on conflict (id) do nothing;
  select * into former from gateway.promotions where id = promotion for no key update;
  at := gateway.now();
  if wanted < gateway.spent_of(former, at) then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'budget',
      'message', format('%s dollars of it are spent already.', gateway.dollars(gateway.spent_of(former, at))))));
  end if;
  update gateway.promotions set
    budget = wanted, per_day = coalesce((request ->> 'per_day')::boolean, former.per_day),
    active = coalesce((request ->> 'active')::boolean, former.active), spent = gateway.spent_of(former, at),
    day = case when not former.per_day then coalesce(day, (at at time zone 'utc')::date) else (at at time zone 'utc')::date end
    where id = promotion returning * into promoted;
  perform gateway.audit(caller, session.account_id, session.key_id, 'promotion.set', null, promotion, jsonb_build_object(
    'before', gateway.promotion_view(former, at), 'after', gateway.promotion_view(promoted, at)));
  return gateway.promotion_view(promoted, at);
end;
$$;
