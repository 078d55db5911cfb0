-- Payments: what Stripe was asked for, what it has said of it, and what of it has come back.
--
-- Stripe counts cents, the ledger nano-dollars; a column says which. Rows come first and Stripe second: a payment's row is there,
-- and its id travels in Stripe's metadata, before Stripe is asked for anything.

create table gateway.deployment (
  one boolean primary key default true check (one),
  id uuid not null default gen_random_uuid()
);
comment on table gateway.deployment is
  'One row: the name of this database in the metadata of what it makes at Stripe, so that deployments which share a Stripe account tell their own events from the others''.';

create table gateway.credit_packages (
  id text primary key,
  amount integer not null check (amount >= 50),
  credits bigint not null check (credits > 0),
  active boolean not null default true
);
comment on table gateway.credit_packages is
  'What can be bought besides free amounts: its price in cents and the nano-dollars of credit that it gives, which may be more.';

create table gateway.stripe_customers (
  id text primary key,
  account_id uuid not null references gateway.account_ids (id),
  livemode boolean not null,
  deleted_at timestamptz,
  created_at timestamptz not null
);
comment on table gateway.stripe_customers is
  'Whose customer is whose at Stripe. A deleted one still says whose its late events are; of several the oldest is used.';

create index stripe_customers_account on gateway.stripe_customers (account_id, created_at);

create table gateway.payments (
  id uuid primary key,
  account_id uuid not null references gateway.account_ids (id),
  kind text not null check (kind in ('checkout', 'intent', 'auto', 'invoice')),
  status text not null default 'created'
    check (status in ('created', 'processing', 'failed', 'canceled', 'expired', 'succeeded', 'mismatch')),
  package text,
  amount integer not null check (amount >= 0),
  fee integer not null default 0 check (fee >= 0),
  paid integer check (paid >= 0),
  credits bigint not null check (credits > 0),
  bonus bigint not null default 0 check (bonus >= 0),
  taken_back bigint not null default 0 check (taken_back >= 0 and taken_back <= credits + bonus),
  livemode boolean not null,
  taxed boolean not null default false,
  session_id text unique,
  intent_id text unique,
  charge_id text unique,
  invoice_id text unique,
  subscription_id text,
  grant_id bigint unique,
  bonus_grant_id bigint unique,
  returned_grant_ids bigint[] not null default '{}',
  fingerprint text,
  receipt_url text,
  failure_code text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  settled_at timestamptz,
  check ((status = 'succeeded') = (paid is not null and (grant_id is not null or kind = 'invoice') and settled_at is not null)),
  -- Only an invoice may be of nothing, where a discount takes all of it.
  check (kind = 'invoice' or amount > 0 and fee < amount and paid is distinct from 0),
  check ((kind = 'invoice') = (invoice_id is not null))
);
comment on table gateway.payments is
  'Credit that is bought, by itself or with a plan (kind invoice, whose credit stands in gateway.instalments). In cents: amount (what is asked, before tax), fee (what of it is ours besides the credit), paid (what Stripe received). In nano-dollars: credits, bonus, taken_back (what reversals have taken of both by now).';
comment on column gateway.payments.status is
  'created, processing, failed (may still succeed), canceled, expired; succeeded is final, whatever comes back later; mismatch was paid, but not as it was asked for, and is never credited.';
comment on column gateway.payments.taxed is 'Whether Stripe adds tax to the amount: then an intent is of more than the amount.';
comment on column gateway.payments.returned_grant_ids is 'The grants that gave credit back when reversals were undone: they are the payment''s, too.';
comment on column gateway.payments.fingerprint is 'Of the card, as Stripe tells it: the same on every account that uses the card.';

-- The order of lists, newest first.
create index payments_account on gateway.payments (account_id, created_at, id);
-- The same of all accounts, for operators.
create index payments_all on gateway.payments (created_at, id);
-- What an account has under way, and what the cron job looks after.
-- Invoices of which nobody has told how they were paid.
create index payments_unlinked on gateway.payments (settled_at) where kind = 'invoice' and intent_id is null;
create index payments_open on gateway.payments (created_at) where status in ('created', 'processing');

create table gateway.reversals (
  id text primary key,
  request_id uuid unique,
  kind text not null check (kind in ('refund', 'dispute')),
  payment_id uuid references gateway.payments (id),
  intent_id text,
  charge_id text,
  amount integer not null check (amount >= 0),
  status text not null,
  rank integer not null,
  counts boolean not null,
  reason text,
  due_by timestamptz,
  disabled_at timestamptz,
  observed_at timestamptz not null,
  created_at timestamptz not null
);
comment on table gateway.reversals is
  'Refunds and disputes, in cents, as Stripe last told of them. Of a refund that we ask for the id is ours until Stripe has given it one.';
comment on column gateway.reversals.counts is 'Whether its amount is to be taken back by now (gateway.reversal_counts).';
comment on column gateway.reversals.rank is 'How far it has come: of a refund the higher rank holds, whatever is told later.';
comment on column gateway.reversals.disabled_at is 'When a dispute disabled the account: its end enables it, unless somebody else has disabled it.';

create index reversals_payment on gateway.reversals (payment_id);
-- Those that wait for their payment to be known by these.
create index reversals_of_intent on gateway.reversals (intent_id) where payment_id is null;
create index reversals_of_charge on gateway.reversals (charge_id) where payment_id is null;
-- Refunds that Stripe has not been asked for, or has not answered.
create index reversals_requested on gateway.reversals (created_at) where status = 'requested';

create table gateway.stripe_events (
  id text primary key,
  type text not null,
  object_id text,
  account_id uuid,
  outcome text not null
    check (outcome in ('applied', 'repeated', 'stale', 'unmatched', 'mismatch', 'ignored')),
  livemode boolean not null,
  seen jsonb,
  created_at timestamptz not null,
  received_at timestamptz not null
);
comment on table gateway.stripe_events is
  'Events of Stripe, each applied once; forgotten after 90 days, long after Stripe would send one again. seen is kept of an unmatched one only, to apply it once what it is about is known.';

create index stripe_events_received on gateway.stripe_events (received_at);
create index stripe_events_unmatched on gateway.stripe_events (object_id) where outcome = 'unmatched';

alter table gateway.deployment enable row level security;
alter table gateway.credit_packages enable row level security;
alter table gateway.stripe_customers enable row level security;
alter table gateway.payments enable row level security;
alter table gateway.reversals enable row level security;
alter table gateway.stripe_events enable row level security;
