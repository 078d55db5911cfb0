-- The outbox of mail: rows are written by the transaction that causes them, and sent afterwards.

create table gateway.notifications (
  id bigint generated always as identity primary key,
  account_id uuid references gateway.account_ids (id),
  kind text not null,
  dedupe_key text not null,
  payload jsonb not null,
  state text not null default 'due' check (state in ('due', 'sending', 'sent', 'failed', 'suppressed', 'unknown')),
  address text,
  alone boolean not null default false,
  batch_id uuid,
  due_at timestamptz not null,
  expires_at timestamptz,
  first_tried_at timestamptz,
  claimed_until timestamptz,
  attempts integer not null default 0,
  message_id text,
  error text,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (account_id, kind, dedupe_key),
  check (account_id is not null or address is not null),
  check ((state = 'sending') = (claimed_until is not null))
);
comment on table gateway.notifications is
  'due; sending (frozen: the mails of a batch, their order, addresses and texts do not change any more, so that Resend knows a repetition by the batch''s id); sent, failed (refused by Resend), suppressed (the address takes no mail), unknown (a day after the first try nobody can say).';
comment on column gateway.notifications.account_id is
  'Null: it is to an address that may be nobody''s, a code to sign in with.';
comment on column gateway.notifications.address is 'Where it goes, from the first try on.';
comment on column gateway.notifications.expires_at is 'From then on it is of no use and is not sent. Null for most.';
comment on column gateway.notifications.alone is 'A batch with it was refused as a whole: it goes by itself.';

create index notifications_due on gateway.notifications (due_at, id) where state = 'due';
create index notifications_sending on gateway.notifications (claimed_until, id) where state = 'sending';
create index notifications_batch on gateway.notifications (batch_id) where state = 'sending';
create index notifications_message on gateway.notifications (message_id) where message_id is not null;
create index notifications_of_nobody on gateway.notifications (ended_at) where account_id is null;
create index notifications_ended on gateway.notifications (ended_at) where ended_at is not null;

create table gateway.mail_rounds (
  name text primary key,
  told_to timestamptz not null,
  after uuid
);
comment on table gateway.mail_rounds is
  'How far the cron job has looked for what time brings: moments (what ends soon), and usage_report (the months that are over).';
comment on column gateway.mail_rounds.told_to is 'What came before it is told.';
comment on column gateway.mail_rounds.after is 'The account up to which this round has come, in the order of ids.';

-- So that what ends soon is found without reading all. No call changes what is in them.
create index api_keys_expiring on gateway.api_keys (expires_at) where expires_at is not null and revoked_at is null;
create index credit_grants_expiring on gateway.credit_grants (expires_at)
  where live and expires_at is not null and source not in ('trial', 'subscription');
create index accounts_trials on gateway.accounts (trial_ends_at) where trial_ends_at is not null;
create index subscriptions_renewing on gateway.subscriptions (period_end) where ended_at is null;

create table gateway.notification_preferences (
  account_id uuid not null references gateway.account_ids (id),
  kind text not null,
  enabled boolean not null,
  primary key (account_id, kind)
);
comment on table gateway.notification_preferences is 'What an account has said about kinds of mail; of the others it gets all.';

create table gateway.mail_suppressions (
  address_hash text primary key,
  reason text not null,
  created_at timestamptz not null
);
comment on table gateway.mail_suppressions is
  'Addresses that take no mail: it bounced for good, or its reader complained. Hashes (gateway.proof_hash), since they outlive the account.';

create table gateway.resend_events (
  id text primary key,
  received_at timestamptz not null
);
comment on table gateway.resend_events is 'Events of Resend, each applied once; forgotten after 30 days.';

create index resend_events_received on gateway.resend_events (received_at);

alter table gateway.notifications enable row level security;
alter table gateway.mail_rounds enable row level security;
alter table gateway.notification_preferences enable row level security;
alter table gateway.mail_suppressions enable row level security;
alter table gateway.resend_events enable row level security;
