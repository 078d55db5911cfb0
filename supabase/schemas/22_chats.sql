-- Chats that an account keeps: sessions and their messages, both encrypted by the gateway before they come here.

-- A text that only the gateway can read: a Fernet token, and the version of the keyring's key that made it.
create type gateway.sealed_text as (ciphertext text, version integer);

-- What an account keeps and for how long. Written under the account's lock.
create table gateway.chat_accounts (
  account_id uuid primary key references gateway.account_ids (id),
  retention_days integer check (retention_days between 1 and 3650),
  sessions integer not null default 0 check (sessions >= 0),
  messages bigint not null default 0 check (messages >= 0),
  bytes bigint not null default 0 check (bytes >= 0)
);
comment on table gateway.chat_accounts is 'How much an account keeps of its chats. An account that never kept one has no row.';
comment on column gateway.chat_accounts.retention_days is 'A session goes so many days after its last message; null keeps it until it is deleted.';
comment on column gateway.chat_accounts.bytes is 'Of all ciphertexts.';

create table gateway.chat_sessions (
  id uuid primary key,
  account_id uuid not null references gateway.account_ids (id),
  title gateway.sealed_text,
  metadata gateway.sealed_text,
  model text,
  messages integer not null default 0,
  bytes bigint not null default 0,
  turn_call uuid,
  turn_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table gateway.chat_sessions is 'A conversation. What people write is sealed.';
comment on column gateway.chat_sessions.messages is 'How many it has ever had: the next one''s position.';
comment on column gateway.chat_sessions.turn_call is
  'The call whose turn it is, until it ends or turn_until has passed: two turns at once would be told in each other''s words.';
comment on column gateway.chat_sessions.bytes is 'Of its own ciphertexts and its messages''.';

create index chat_sessions_recent on gateway.chat_sessions (account_id, updated_at, id);
create index chat_sessions_version on gateway.chat_sessions (least((title).version, (metadata).version));

create table gateway.chat_messages (
  id bigint generated always as identity primary key,
  session_id uuid not null references gateway.chat_sessions (id) on delete cascade,
  account_id uuid not null,
  position integer not null,
  role text not null,
  content gateway.sealed_text not null,
  terms bigint[] not null,
  bound bigint not null,
  tokens bigint not null,
  images integer not null,
  modalities text[] not null,
  call_id uuid,
  created_at timestamptz not null,
  unique (session_id, position)
);
comment on column gateway.chat_messages.content is 'The message, as one of chat completions in JSON.';
comment on column gateway.chat_messages.terms is
  'A blind index: keyed hashes of its words, so that it can be searched without being readable. The key is derived from that of the content.';
comment on column gateway.chat_messages.bound is 'No more tokens than its bytes does it have in a prompt, images apart.';
comment on column gateway.chat_messages.tokens is 'No more tokens than this, by a count: tighter than its bytes.';
comment on column gateway.chat_messages.call_id is 'The call that it was part of; null if it was put here by hand.';

-- A hash is of one account and one word, so that this alone finds an account's messages with that word.
create index chat_messages_terms on gateway.chat_messages using gin (terms);
create index chat_messages_account on gateway.chat_messages (account_id, id);
-- The newest instructions of a long chat may be its very first message.
create index chat_messages_instructions on gateway.chat_messages (session_id, position) where role in ('system', 'developer');
create index chat_messages_version on gateway.chat_messages (((content).version));

alter table gateway.chat_accounts enable row level security;
alter table gateway.chat_sessions enable row level security;
alter table gateway.chat_messages enable row level security;
