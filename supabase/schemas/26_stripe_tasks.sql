-- What Stripe is to be told, once its reason is in the books.

create table gateway.stripe_tasks (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('expire_session', 'cancel_subscription', 'delete_customer')),
  object_id text not null,
  account_id uuid not null references gateway.account_ids (id),
  due_at timestamptz not null,
  attempts integer not null default 0,
  done_at timestamptz,
  outcome text,
  created_at timestamptz not null,
  unique (kind, object_id)
);
comment on table gateway.stripe_tasks is
  'Calls of Stripe that are made until they are answered. Each says how something is to be, so that making it twice changes nothing.';
comment on column gateway.stripe_tasks.outcome is 'done, or Stripe''s code: it has refused, since it is so already, or for good.';

create index stripe_tasks_due on gateway.stripe_tasks (due_at) where done_at is null;

alter table gateway.stripe_tasks enable row level security;
