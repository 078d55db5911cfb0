-- Who recommended the gateway to whom, and what both got for it.

create table gateway.referral_codes (
  account_id uuid primary key references gateway.account_ids (id),
  code text not null unique check (code = upper(code)),
  rewarded integer not null default 0 check (rewarded >= 0),
  day date,
  rewarded_that_day integer not null default 0 check (rewarded_that_day >= 0),
  created_at timestamptz not null
);
comment on table gateway.referral_codes is
  'One an account. rewarded: the referrals by it that were rewarded, or are about to be, which have a limit, at all and by the day.';

create table gateway.referrals (
  id uuid primary key,
  referrer_id uuid not null references gateway.account_ids (id),
  referred_id uuid not null unique references gateway.account_ids (id),
  state text not null default 'pending' check (state in ('pending', 'qualified', 'paid', 'refused', 'reversing', 'reversed')),
  reason text,
  network text,
  payment_id uuid unique references gateway.payments (id),
  referred_grant_id bigint unique,
  referrer_grant_id bigint unique,
  referred_taken bigint not null default 0 check (referred_taken >= 0),
  referrer_taken bigint not null default 0 check (referrer_taken >= 0),
  drawn bigint not null default 0 check (drawn >= 0),
  due_at timestamptz,
  created_at timestamptz not null,
  check (referrer_id <> referred_id)
);
comment on table gateway.referrals is
  'pending until a first purchase that is large enough; qualified then (the referred has the reward, the referrer gets one at due_at); paid, refused (with a reason), and reversed when that purchase was taken back: reversing until the referrer''s part is, too.';
comment on column gateway.referrals.drawn is 'What it draws on the promotion `referral`, in nano-dollars.';
comment on column gateway.referrals.referred_taken is
  'What was taken of the referred''s reward when the purchase was taken back: given again if that is undone. Like referrer_taken.';
comment on column gateway.referrals.network is 'Where the code was given.';

create index referrals_referrer on gateway.referrals (referrer_id, created_at, id);
create index referrals_due on gateway.referrals (due_at) where state = 'qualified';
create index referrals_reversing on gateway.referrals (referrer_id) where state = 'reversing';
create index referrals_created on gateway.referrals (created_at, id);
-- So that a card is found on every account that uses it.
create index payments_fingerprint on gateway.payments (fingerprint) where fingerprint is not null;

alter table gateway.referral_codes enable row level security;
alter table gateway.referrals enable row level security;
