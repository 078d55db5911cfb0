-- Credit: where it comes from, what is reserved, where it went. Money in nano-dollars throughout.
--
-- The rows that each call adds (holds, credit_transactions, requests) name accounts, keys and grants without foreign keys:
-- they are written by functions that have just read what they name, under the account's lock, and nothing that they name is
-- ever deleted. gateway.ledger_check tells of a row that names nothing, and of a grant with more left than was given.

create table gateway.credit_grants (
  id bigint generated always as identity primary key,
  account_id uuid not null references gateway.account_ids (id),
  source gateway.grant_source not null,
  amount gateway.positive_bigint not null,
  remaining gateway.unsigned_bigint not null,
  expires_at timestamptz,
  live boolean not null default true,
  created_at timestamptz not null
) with (fillfactor = 70);
create trigger kept before delete or truncate on gateway.credit_grants
  for each statement execute function gateway.forbid_change();
comment on table gateway.credit_grants is
  'Every credit an account ever got. Spent earliest expiry first, then oldest. Live until used up or lapsed.';

-- On `live` and not on `remaining`: a column of an index predicate would cost every settle an index entry.
create index credit_grants_live on gateway.credit_grants (account_id, expires_at, id) where live;

create sequence gateway.credit_transactions_id_seq maxvalue 99999999999 cycle;

create table gateway.credit_transactions (
  id bigint primary key default gateway.next_id('gateway.credit_transactions_id_seq'),
  account_id uuid not null,
  type gateway.transaction_type not null,
  amount gateway.nonzero_bigint not null,
  grant_id bigint,
  call_id uuid,
  balance_after bigint not null,
  description text not null default '',
  created_at timestamptz not null
) partition by range (id);
alter sequence gateway.credit_transactions_id_seq owned by gateway.credit_transactions.id;
comment on table gateway.credit_transactions is
  'The ledger, append-only: one row per change of a grant. A row without a grant is debt taken on (negative) or repaid (positive), of the type that it was taken on by. The sum is the balance.';

-- No foreign keys: to attach a month would lock all accounts and grants against every write. Whoever writes here has the
-- account's row locked and has just read the grant; grants are never deleted, an account with grants cannot be, and
-- ledger_check looks for strays.
-- A call charges a grant once; the index that says so is of each month (21_partitions.sql), since an index of all months
-- would have to contain the id.
-- By time, as they are listed: a query for a time in the past reads nothing that came after it.
create index credit_transactions_account on gateway.credit_transactions (account_id, created_at, id);
-- A partial index of everything but usage, which is nearly all of the ledger.
create index credit_transactions_type on gateway.credit_transactions (account_id, type, created_at, id) where type <> 'usage';
create index credit_transactions_movements on gateway.credit_transactions (created_at) where type <> 'usage';
create trigger append_only before update or delete on gateway.credit_transactions
  for each row execute function gateway.forbid_change();
create trigger not_truncated before truncate on gateway.credit_transactions
  for each statement execute function gateway.forbid_change();

create table gateway.holds (
  call_id uuid primary key,
  account_id uuid,
  key_id uuid,
  request_id text,
  model text,
  end_user text,
  state gateway.hold_state not null,
  amount gateway.unsigned_bigint not null default 0,
  settlement jsonb,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table gateway.holds is
  'A call''s reservation, from begin_request to finish_request, which deletes it. Swept: past its time and released, but a late settle still counts. Tombstone: finished before it began. What the call costs is no part of it: the prices that begin_request froze come back with the settlement.';
comment on column gateway.holds.request_id is 'With model what a call that runs is found and shown by (gateway.unfinished); null where call_id is its name.';
comment on column gateway.holds.end_user is 'Whose budget it reserves of, in an account that has any (gateway.end_users).';
comment on column gateway.holds.settlement is 'Of a tombstone: what the begin that comes after it is settled by.';

create index holds_open on gateway.holds (account_id, expires_at) where state = 'open';
create index holds_over on gateway.holds (created_at) where state <> 'open';

alter table gateway.credit_grants enable row level security;
alter table gateway.credit_transactions enable row level security;
alter table gateway.holds enable row level security;
