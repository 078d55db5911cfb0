-- Subscriptions to plans: what Stripe says of them, and the credit that their invoices paid for.

create table gateway.plan_prices (
  id text primary key,
  plan text not null references gateway.plans (id),
  months integer not null check (months in (1, 12)),
  created_at timestamptz not null
);
comment on table gateway.plan_prices is
  'Prices at Stripe by their ids: which plan each is of, and for how many months. A price that is sold no more still says what was bought.';

create table gateway.subscriptions (
  id text primary key,
  account_id uuid not null references gateway.account_ids (id),
  customer text not null,
  item text,
  plan text references gateway.plans (id),
  months integer,
  status text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  cancel_at timestamptz,
  next_plan text references gateway.plans (id),
  next_months integer,
  ended_at timestamptz,
  begun_at timestamptz not null,
  changes integer not null default 0,
  observed_at timestamptz not null,
  created_at timestamptz not null
);
comment on table gateway.subscriptions is
  'Subscriptions as they were when Stripe was last asked. They decide about limits; credit follows what invoices paid for.';
comment on column gateway.subscriptions.observed_at is
  'When Stripe was asked: of two answers the one that was asked for later holds, and nothing holds after an end.';
comment on column gateway.subscriptions.plan is 'Null where the price is no plan''s: it gives nothing.';
comment on column gateway.subscriptions.next_plan is
  'What it becomes with its period, by a schedule at Stripe; null where it stays what it is.';
comment on column gateway.subscriptions.changes is
  'How many changes of the plan Stripe has refused: part of the Idempotency-Key of the next.';

create index subscriptions_account on gateway.subscriptions (account_id, begun_at);

create table gateway.instalments (
  payment_id uuid not null references gateway.payments (id),
  line text not null,
  nth integer not null,
  account_id uuid not null references gateway.account_ids (id),
  subscription_id text not null,
  plan text,
  due_at timestamptz not null,
  period_end timestamptz not null check (period_end > due_at),
  amount bigint not null check (amount > 0),
  voided bigint not null default 0 check (voided between 0 and amount),
  forgiven bigint not null default 0 check (forgiven between 0 and amount),
  state text not null default 'due' check (state in ('due', 'granted', 'lapsed', 'void')),
  grant_id bigint unique,
  primary key (payment_id, line, nth),
  check ((state = 'granted') = (grant_id is not null)),
  check ((state = 'void') = (voided = amount))
);
comment on table gateway.instalments is
  'The credit of a plan, month by month, in nano-dollars: granted when it falls due, by the account''s next call, lapsed if none came in its month.';
comment on column gateway.instalments.voided is 'What of it reversals have taken before it was granted.';
comment on column gateway.instalments.forgiven is
  'What of it had lapsed unspent when its payment was reversed: nobody had it, so nobody owes it.';

create index instalments_due on gateway.instalments (account_id, due_at) where state = 'due';
create index instalments_of_subscription on gateway.instalments (subscription_id, period_end);

create table gateway.stripe_links (
  intent_id text primary key,
  invoice_id text not null,
  created_at timestamptz not null
);
comment on table gateway.stripe_links is
  'Which payment intent has paid which invoice: refunds and disputes name the one, what was bought stands on the other.';

create index stripe_links_invoice on gateway.stripe_links (invoice_id);
create index stripe_links_created on gateway.stripe_links (created_at);

alter table gateway.plan_prices enable row level security;
alter table gateway.subscriptions enable row level security;
alter table gateway.instalments enable row level security;
alter table gateway.stripe_links enable row level security;
