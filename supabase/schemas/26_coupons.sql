-- Coupons: credit that is given for a code, alone or on top of a purchase, and discounts of plans; and the promotions whose budgets
-- bound what all of it costs.

create table gateway.promotions (
  id text primary key,
  budget bigint check (budget > 0),
  per_day boolean not null default false,
  day date,
  spent bigint not null default 0 check (spent >= 0),
  active boolean not null default true,
  created_at timestamptz not null,
  check (budget is null or spent <= budget)
);
comment on table gateway.promotions is
  'What gifts may cost, in nano-dollars: coupons name the promotion that they draw on. Without a budget it only counts.';
comment on column gateway.promotions.per_day is 'The budget is that of each day, in UTC: spent counts the one in day.';

create table gateway.coupons (
  id uuid primary key,
  code text not null unique check (code = upper(code)),
  kind text not null check (kind in ('credit', 'bonus', 'discount')),
  amount bigint check (amount > 0),
  basis_points integer check (basis_points > 0),
  max_bonus bigint check (max_bonus > 0),
  min_purchase bigint not null default 0 check (min_purchase >= 0),
  account_id uuid references gateway.account_ids (id),
  max_redemptions integer check (max_redemptions >= redemptions),
  redemptions integer not null default 0 check (redemptions >= 0),
  per_account integer not null default 1 check (per_account > 0),
  promotion text references gateway.promotions (id),
  first_purchase_only boolean not null default false,
  listed boolean not null default false,
  valid_from timestamptz,
  valid_until timestamptz,
  grant_days integer not null default 90 check (grant_days > 0),
  stripe_coupon_id text,
  batch uuid,
  active boolean not null default true,
  deleted_at timestamptz,
  created_at timestamptz not null,
  check (case kind
    when 'credit' then amount is not null and basis_points is null
    when 'bonus' then (amount is null) <> (basis_points is null)
    else amount is null and basis_points <= 10000 and stripe_coupon_id is not null end)
);
comment on table gateway.coupons is
  'amount in nano-dollars: of a credit, or of a bonus; basis_points: of a purchase, as a bonus of at most max_bonus, or off a plan''s price. account_id: whose alone it is.';
comment on column gateway.coupons.redemptions is 'Uses that are reserved or redeemed; one that was released counts no more.';
comment on column gateway.coupons.listed is 'Everybody sees it in GET /coupons/available. Of the others one has to be told.';
comment on column gateway.coupons.batch is 'Of those that were made together.';

-- The order of lists, newest first.
create index coupons_created on gateway.coupons (created_at, id);
create index coupons_account on gateway.coupons (account_id) where account_id is not null;
create index coupons_listed on gateway.coupons (created_at) where listed and account_id is null;
create index coupons_batch on gateway.coupons (batch) where batch is not null;

create table gateway.coupon_redemptions (
  id uuid primary key,
  coupon_id uuid not null references gateway.coupons (id),
  account_id uuid not null references gateway.account_ids (id),
  nth integer not null,
  state text not null check (state in ('reserved', 'redeemed', 'released')),
  value bigint not null check (value >= 0),
  payment_id uuid unique references gateway.payments (id),
  grant_id bigint unique,
  expires_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'reserved') = (ended_at is null))
);
comment on table gateway.coupon_redemptions is
  'Uses of coupons. Reserved until the payment or the subscription is paid (redeemed) or expires_at has passed (released). value is what it draws on the promotion, in nano-dollars.';

-- A second line behind the account's lock: no use twice.
create unique index coupon_redemptions_nth on gateway.coupon_redemptions (coupon_id, account_id, nth) where state <> 'released';
create index coupon_redemptions_account on gateway.coupon_redemptions (account_id, created_at, id);
create index coupon_redemptions_reserved on gateway.coupon_redemptions (expires_at) where state = 'reserved';

alter table gateway.promotions enable row level security;
alter table gateway.coupons enable row level security;
alter table gateway.coupon_redemptions enable row level security;
