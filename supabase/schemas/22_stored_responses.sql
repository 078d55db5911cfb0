-- Responses that an account keeps, so that they can be read again and gone on from; all that is said in them is encrypted by
-- the gateway before it comes here.
--
-- A response that goes on from another is its child, and several may go on from one: a thread is the tree that has grown from one
-- response. It is kept, forgotten and measured as a whole, since its last response needs all that came before it.

-- What an account keeps and for how long. Written under the account's lock.
create table gateway.response_accounts (
  account_id uuid primary key references gateway.account_ids (id),
  retention_days integer check (retention_days between 0 and 3650),
  responses integer not null default 0 check (responses >= 0),
  bytes bigint not null default 0 check (bytes >= 0)
);
comment on table gateway.response_accounts is 'How much an account keeps of its responses. An account that never kept one may have no row.';
comment on column gateway.response_accounts.retention_days is
  'A thread goes so many days after its last response; 0 keeps none, null is the usual time (gateway.response_retention).';
comment on column gateway.response_accounts.bytes is 'Of all ciphertexts.';

create table gateway.response_threads (
  id uuid primary key,
  account_id uuid not null references gateway.account_ids (id),
  responses integer not null check (responses >= 0),
  bytes bigint not null check (bytes >= 0),
  updated_at timestamptz not null
);
comment on column gateway.response_threads.id is 'That of the response with which it began.';
comment on column gateway.response_threads.updated_at is 'When its last response came.';

create index response_threads_recent on gateway.response_threads (account_id, updated_at, id);

create table gateway.stored_responses (
  id uuid primary key,
  account_id uuid not null,
  thread_id uuid not null references gateway.response_threads (id) on delete cascade,
  previous_id uuid,
  depth integer not null check (depth > 0),
  input gateway.sealed_text not null,
  output gateway.sealed_text not null,
  shown gateway.sealed_text not null,
  bound bigint not null,
  tokens bigint not null,
  output_bound bigint not null,
  output_tokens bigint not null,
  images integer not null,
  modalities text[] not null,
  call_id uuid not null,
  created_at timestamptz not null
);
comment on column gateway.stored_responses.previous_id is 'The response that it goes on from, which may be deleted by now.';
comment on column gateway.stored_responses.depth is 'How many responses a conversation has that ends with this one.';
comment on column gateway.stored_responses.input is 'The items that its client said, in JSON.';
comment on column gateway.stored_responses.output is 'The items that its model said, in JSON.';
comment on column gateway.stored_responses.shown is 'The response without its output, in JSON.';
comment on column gateway.stored_responses.bound is 'No more tokens than its bytes has what was said in a prompt, images apart.';
comment on column gateway.stored_responses.tokens is 'No more tokens than this, by a count: tighter than its bytes.';
comment on column gateway.stored_responses.output_bound is 'The same of its output alone, as output_tokens is.';

-- Which items a model has said in which responses, by the names that clients know them by: who refers to one need not say it again.
create table gateway.response_items (
  response_id uuid not null references gateway.stored_responses (id) on delete cascade,
  item_id text not null check (length(item_id) between 1 and 200),
  account_id uuid not null,
  primary key (response_id, item_id)
);

create index response_items_named on gateway.response_items (account_id, item_id);

create index stored_responses_thread on gateway.stored_responses (thread_id);
create index stored_responses_version on gateway.stored_responses (least((input).version, (output).version, (shown).version));

alter table gateway.response_accounts enable row level security;
alter table gateway.response_threads enable row level security;
alter table gateway.stored_responses enable row level security;
alter table gateway.response_items enable row level security;
