-- Customers' webhooks: where an account wants to be told of what happens to it, and what is to be told there. Deliveries are
-- written by the transaction that causes them, and sent afterwards.

create table gateway.webhooks (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.account_ids (id),
  url text not null,
  description text,
  events text[] not null check (cardinality(events) > 0),
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('owner', 'failing', 'gone')),
  failing_since timestamptz,
  usage_told_on date not null,
  created_at timestamptz not null,
  check ((disabled_at is null) = (disabled_reason is null))
);
comment on table gateway.webhooks is 'Addresses of accounts'' own, each with the events that it is told of. Changed under the account''s lock.';
comment on column gateway.webhooks.disabled_reason is
  'owner: by its account; failing: nothing was taken for three days; gone: it has answered 410.';
comment on column gateway.webhooks.failing_since is 'Since when every delivery fails; null after one that was taken.';
comment on column gateway.webhooks.usage_told_on is 'The last day (UTC) whose usage it was told.';

create index webhooks_account on gateway.webhooks (account_id, created_at, id);
create index webhooks_usage on gateway.webhooks (usage_told_on) where disabled_at is null and 'usage.daily' = any (events);

create table gateway.webhook_secrets (
  id bigint generated always as identity primary key,
  webhook_id uuid not null references gateway.webhooks (id) on delete cascade,
  ciphertext text not null,
  key_version integer not null,
  expires_at timestamptz
);
comment on table gateway.webhook_secrets is
  'What deliveries are signed with, as Fernet tokens: the newest of a webhook has no end, former ones sign beside it until theirs.';

create index webhook_secrets_webhook on gateway.webhook_secrets (webhook_id, id);
create index webhook_secrets_version on gateway.webhook_secrets (key_version, id);

create table gateway.webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  webhook_id uuid not null references gateway.webhooks (id) on delete cascade,
  event text not null,
  dedupe_key text not null,
  data jsonb not null,
  state text not null default 'due' check (state in ('due', 'sending', 'delivered', 'failed')),
  due_at timestamptz not null,
  attempts integer not null default 0,
  status integer,
  error text,
  duration_ms integer,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (webhook_id, event, dedupe_key),
  check ((state in ('delivered', 'failed')) = (ended_at is not null))
);
comment on table gateway.webhook_deliveries is
  'due; sending (whoever has claimed it has until due_at, then it is due again); delivered (a status of 2xx); failed (given up). status, error and duration_ms are those of the last attempt.';

create index webhook_deliveries_due on gateway.webhook_deliveries (due_at, id) where ended_at is null;
create index webhook_deliveries_webhook on gateway.webhook_deliveries (webhook_id, created_at, id);
create index webhook_deliveries_ended on gateway.webhook_deliveries (ended_at) where ended_at is not null;

alter table gateway.webhooks enable row level security;
alter table gateway.webhook_secrets enable row level security;
alter table gateway.webhook_deliveries enable row level security;
