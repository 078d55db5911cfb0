-- Auto top-up: credit that is bought by itself, with a card that its owner has left for that, within what they have agreed to.

create table gateway.auto_topups (
  account_id uuid primary key references gateway.account_ids (id),
  state text not null default 'off' check (state in ('off', 'awaiting_card', 'active', 'paused')),
  reason text,
  version integer not null default 0,
  threshold bigint check (threshold > 0),
  amount integer check (amount > 0),
  fee integer not null default 0 check (fee >= 0),
  monthly_cap integer check (monthly_cap >= amount + fee),
  daily_limit integer check (daily_limit between 1 and 10),
  livemode boolean,
  customer_id text references gateway.stripe_customers (id),
  payment_method text,
  card_brand text,
  card_last4 text,
  setup_session text unique,
  failures integer not null default 0 check (failures >= 0),
  paused_until timestamptz,
  consented_at timestamptz,
  changed_at timestamptz not null,
  check (state = 'off' or threshold is not null and amount is not null and monthly_cap is not null and daily_limit is not null
         and livemode is not null and consented_at is not null),
  check (state not in ('active', 'paused') or payment_method is not null and customer_id is not null),
  check ((state = 'paused') = (paused_until is not null))
);
comment on table gateway.auto_topups is
  'What an account has agreed to be charged by itself. threshold in nano-dollars; amount (of credit), fee and monthly_cap in cents. Only the account''s own word turns it on.';
comment on column gateway.auto_topups.state is
  'off (reason: why), awaiting_card (agreed to, until a card is left for it), active, paused (until paused_until).';
comment on column gateway.auto_topups.version is 'Counts the changes of its state: a mail about one is sent once.';
comment on column gateway.auto_topups.payment_method is 'The card that was left at Stripe, also while it is off.';
comment on column gateway.auto_topups.setup_session is 'The page at which a card was last to be left. Only that one turns it on.';
comment on column gateway.auto_topups.failures is 'Declines in a row.';

create index auto_topups_customer on gateway.auto_topups (customer_id);
create index auto_topups_method on gateway.auto_topups (payment_method);
-- What the cron job looks through.
create index auto_topups_on on gateway.auto_topups (account_id) where state in ('active', 'paused');

-- Never two attempts of an account at once, whoever makes them.
create unique index payments_auto on gateway.payments (account_id) where kind = 'auto' and status in ('created', 'processing');

alter table gateway.auto_topups enable row level security;
