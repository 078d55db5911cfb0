-- Derived from supabase/schemas by `cargo run -- schema --write`: change those and run it again. The first release
-- freezes this file; from then on `cargo run -- schema migration NAME` drafts the next one.

-- supabase/schemas/00_schema.sql

-- The schema `gateway` holds all tables and inner functions. PostgREST does not expose it: the only way in is a
-- function in `public`, and only for the role `service_role` (90_grants.sql).

create schema gateway;
comment on schema gateway is 'Tables and inner functions of the gateway. Not exposed; reached through functions in public.';

revoke all on schema gateway from public;

-- Supabase grants execute on new functions of `public` to anon and authenticated by default. Ours are for no one
-- until 90_grants.sql says otherwise.
alter default privileges in schema public revoke execute on functions from public, anon, authenticated;
alter default privileges revoke execute on functions from public;

-- The one clock. A function reads it once, after it has its locks: `now()` would be the time the transaction began,
-- which may lie before the commit that it waited for.
--
-- This and the other small functions of the hot path have a body that is parsed once, here, and that the planner puts
-- in the place of the call. A body in quotes with a search path of its own would be parsed and planned by every call.
create function gateway.now() returns timestamptz
language sql volatile
return clock_timestamp();

-- Nano-dollars as dollars, exactly: a product of decimals, never a quotient or a float.
create function gateway.dollars(amount bigint) returns numeric
language sql immutable parallel safe set search_path = ''
as $$ select trim_scale(amount * 0.000000001) $$;

-- A refusal that leaves no trace. PostgREST turns sqlstate PTxyz into the status xyz; the code travels as the
-- message and further members of the error as JSON in the details.
create function gateway.refuse(refusal jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    errcode = 'PT' || (refusal ->> 'status'),
    message = refusal ->> 'code',
    detail = (refusal - 'status' - 'code')::text;
end;
$$;

-- The value form of a refusal, for functions whose refusals must be remembered (an exception would undo the trace).
create function gateway.refusal(status integer, code text, members jsonb default '{}') returns jsonb
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_build_object('status', status, 'code', code) || members $$;

-- Every function of the API first checks that its arguments have the members it needs. In three-valued logic a null passes most
-- checks. A missing member is a fault of the gateway, not of a caller, so it is an error and no refusal.
create function gateway.require(argument jsonb, variadic members text[]) returns void
language plpgsql immutable parallel safe
as $$
declare
  member text;
begin
  foreach member in array members loop
    if argument ->> member is null then
      raise exception using errcode = 'null_value_not_allowed', message = format('`%s` is missing', member);
    end if;
  end loop;
end;
$$;

-- The page size that a query asks for. A null would be no limit at all.
create function gateway.page_size(query jsonb) returns integer
language plpgsql immutable parallel safe
as $$
declare
  size constant integer := (query ->> 'limit')::integer;
begin
  if (size between 1 and 1000) is not true then
    raise exception using errcode = 'null_value_not_allowed', message = '`limit` is missing or too large';
  end if;
  return size;
end;
$$;

-- A page of a list, as every list is shown. The cursor is where the next page begins; null says that there is none.
create function gateway.page(data jsonb, next_cursor text) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'list', 'data', coalesce(data, '[]'), 'has_more', next_cursor is not null, 'next_cursor', next_cursor);

-- The trigger of append-only tables, whose rows are evidence.
create function gateway.forbid_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception '% is append-only', tg_table_name;
end;
$$;

-- supabase/schemas/01_months.sql

-- Three tables grow with every call: requests, credit_transactions and audit_logs. Each is kept in one partition a month
-- (UTC), so that old requests go by dropping a table and a month that is over is never written again.
--
-- Requests go by when they ended. The other two go by their ids, whose leading digits are the month: so ids are unique
-- over all months, and a list that is ordered by id reads the newest month first and stops when its page is full.

-- The first id of a month: the days until it began, since 2026 began, and room for a hundred thousand million ids. For two
-- hundred years they are numbers that JavaScript still reads exactly. Every row of three tables asks for this, so it is one
-- expression that names its argument once: such a function Postgres puts in the caller's place.
create function gateway.first_id(at timestamptz) returns bigint
language sql immutable parallel safe
return (date_part('epoch', date_trunc('month', at at time zone 'utc')) / 86400 - 20454)::bigint * 100000000000;

-- The next id of a table whose partitions go by their ids.
create function gateway.next_id(numbers regclass) returns bigint
language sql volatile
return gateway.first_id(gateway.now()) + nextval(numbers);

-- How a partition's name ends.
create function gateway.month_name(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'utc', 'YYYY_MM');

-- Whether the month of a moment has its partitions: a look at the catalog's cache, which every call can afford. The
-- partitions of a month are made together, so one stands for all three.
create function gateway.has_month(at timestamptz) returns boolean
language sql stable
return to_regclass('gateway.requests_' || gateway.month_name(at)) is not null;

-- When a call began, by its id: the gateway's ids are UUIDv7, which begin with their time in milliseconds.
create function gateway.begun_at(call uuid) returns timestamptz
language sql immutable parallel safe
return to_timestamp(
  ('x' || left(call::text, 8) || substr(call::text, 10, 4))::bit(48)::bigint / 1000::double precision);

-- The earliest moment at which a call can have ended, so that it is looked for in the months since then and not in all.
-- The gateway's clock may be a week ahead of ours. An id that is no UUIDv7 says nothing, and neither does one of the future:
-- such a call is looked for everywhere.
create function gateway.earliest_end(call uuid, at timestamptz) returns timestamptz
language sql stable parallel safe
return case
  when substr(call::text, 15, 1) = '7' and gateway.begun_at(call) < at + interval '1 day'
  then gateway.begun_at(call) - interval '7 days'
  else '-infinity'
end;

-- supabase/schemas/02_role_settings.sql

-- How long roles may keep Postgres busy. While a transaction is open, vacuum clears nothing that it may still see, and every
-- call of a busy account gets slower. All of this is what Supabase lets the owner of a project set (its documentation,
-- "Timeouts"); PostgREST gives each transaction the settings of the role that it acts as.
--
-- The service: the gateway waits for DATABASE_TIMEOUT_MS, and what nobody waits for any more need not go on. PostgREST's own
-- connections, should it stop in the middle of a transaction. And people: the role that runs the migrations is the one that
-- consoles and the dashboard's editor use; a dump asks for no limit by itself.
--
-- Roles belong to all databases of a server, so that what is set already is left alone: two databases that are made at the
-- same time would get in each other's way.
do $$
declare
  wanted record;
begin
  for wanted in
    select it.* from (values
      ('service_role', 'statement_timeout', '15s'),
      ('authenticator', 'idle_in_transaction_session_timeout', '15s'),
      (current_user::text, 'idle_in_transaction_session_timeout', '5min')) as it (role, setting, value)
    where not exists (
      select from pg_catalog.pg_roles r
      where r.rolname = it.role and r.rolconfig @> array[it.setting || '=' || it.value])
  loop
    execute format('alter role %I set %I = %L', wanted.role, wanted.setting, wanted.value);
  end loop;
end
$$;

-- PostgREST reads the settings of its roles when it is told to.
notify pgrst, 'reload config';

-- supabase/schemas/05_domains.sql

-- What columns may hold, said as domains.
--
-- A check constraint of a table is read from its text again by every statement that writes a row, whichever columns it
-- changes. A domain's is read once a session, and asked about the columns that a statement does change. The tables that
-- every call writes (accounts, api_keys, credit_grants, credit_transactions, holds, requests) have domains for that.

create domain gateway.unsigned_bigint as bigint check (value >= 0);
create domain gateway.unsigned_integer as integer check (value >= 0);
create domain gateway.positive_bigint as bigint check (value > 0);
create domain gateway.positive_integer as integer check (value > 0);
create domain gateway.nonzero_bigint as bigint check (value <> 0);
create domain gateway.lower_case_text as text check (value = lower(value));

create domain gateway.key_environment as text check (value in ('live', 'test', 'staging', 'development'));
create domain gateway.spend_period as text check (value in ('day', 'week', 'month'));
create domain gateway.grant_source as text
  check (value in ('trial', 'subscription', 'purchase', 'coupon', 'referral', 'admin', 'credit_back'));
create domain gateway.transaction_type as text
  check (value in ('trial', 'purchase', 'subscription', 'coupon', 'referral', 'admin_credit', 'admin_debit', 'usage',
                   'credit_back', 'money_back', 'expiry'));
create domain gateway.hold_state as text check (value in ('open', 'swept', 'tombstone'));
create domain gateway.request_outcome as text
  check (value in ('completed', 'failed', 'cut', 'client_left', 'deadline'));

-- supabase/schemas/10_roles.sql

-- Roles: the built-in ones, and those that administrators make. A change holds on the next request of every holder,
-- since key validation reads the role's row. The built-in ones stand in seeds/roles.sql.

create table gateway.roles (
  name text primary key,
  permissions text[] not null,
  built_in boolean not null default false,
  created_at timestamptz not null default now()
);
comment on table gateway.roles is 'A name and the scopes that its holders may use; a key narrows them further.';
comment on column gateway.roles.built_in is 'What the gateway itself relies on: neither changed nor deleted.';

alter table gateway.roles enable row level security;

-- supabase/schemas/11_plans.sql

-- Plans: how much a caller may do. Their figures stand in seeds/plans.sql.

create table gateway.plans (
  id text primary key,
  name text not null,
  requests_per_minute bigint not null,
  burst bigint not null,
  requests_per_hour bigint not null,
  requests_per_day bigint not null,
  requests_per_month bigint not null,
  tokens_per_minute bigint not null,
  tokens_per_day bigint not null,
  tokens_per_month bigint not null,
  concurrency bigint not null,
  price_per_month bigint,
  price_per_year bigint,
  credits_per_month bigint not null,
  price_factor integer not null default 10000 check (price_factor between 1 and 100000),
  pinned boolean not null default false,
  limits text not null
);
comment on table gateway.plans is 'Limits and prices of each plan; money in nano-dollars, burst per 10 s.';
comment on column gateway.plans.price_factor is
  'What calls cost under this plan, in ten thousandths of what they cost else; no seed changes it.';
comment on column gateway.plans.pinned is
  'An administrator has the last word: no seed changes it.';
comment on column gateway.plans.limits is
  'Made of the figures by the trigger word_limits: what gateway.limits says of an account and a key without limits of their own.';

alter table gateway.plans enable row level security;

-- supabase/schemas/12_accounts.sql

-- Accounts, each one person's or organisation's, and who proved to be that person.
-- The row of an account is updated by each of its calls, so the table leaves room for updates in place and indexes
-- nothing that a call changes. What it changes stands together: the write-ahead log of an update reaches from the first byte that it
-- changes to the last.

create table gateway.accounts (
  id uuid primary key default gen_random_uuid(),
  month_requests bigint not null default 0,
  held gateway.unsigned_bigint not null default 0,
  balance bigint not null default 0,
  month_tokens bigint not null default 0,
  email gateway.lower_case_text,
  username text,
  role text not null default 'user' references gateway.roles (name),
  disabled_at timestamptz,
  payments_blocked_at timestamptz,
  deleted_at timestamptz,
  referred_by text,
  plan text references gateway.plans (id),
  plan_ends_at timestamptz,
  subscription_plan text references gateway.plans (id),
  subscription_ends_at timestamptz,
  next_instalment timestamptz,
  has_purchased boolean not null default false,
  has_provider_keys boolean not null default false,
  has_end_users boolean not null default false,
  trial_ends_at timestamptz,
  trial_requests_left gateway.unsigned_integer not null default 0,
  debt gateway.unsigned_bigint not null default 0,
  refund_debt gateway.unsigned_bigint not null default 0,
  next_expiry timestamptz,
  next_overdue timestamptz,
  topup_below bigint,
  topup_after timestamptz,
  alert_below gateway.unsigned_bigint not null default 10000000000,
  alert_at bigint,
  month date not null default date_trunc('month', now() at time zone 'utc')::date,
  month_own_requests bigint not null default 0,
  rate_limits jsonb not null default '{}',
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.accounts is
  'One row per account; money in nano-dollars. balance = what unlapsed grants still hold - debt. Locked first by everything that moves money.';
comment on column gateway.accounts.deleted_at is
  'When its person left: from then on it is disabled and says nothing of them; its ledger stays.';
comment on column gateway.accounts.payments_blocked_at is 'Since when a dispute of one of its payments keeps it from making others.';
comment on column gateway.accounts.referred_by is 'The referral code that was given at sign-up.';
comment on column gateway.accounts.plan is
  'The plan that an administrator gave, in force until plan_ends_at (null: open end). It stands before one that was bought.';
comment on column gateway.accounts.subscription_plan is
  'The plan that was bought, in force until subscription_ends_at: made of the account''s subscriptions by gateway.sync_plan.';
comment on column gateway.accounts.next_instalment is
  'When credit of a plan falls due, or another subscription takes over, so that most calls need not look.';
comment on column gateway.accounts.has_provider_keys is 'So that a call of an account without any need not look for one.';
comment on column gateway.accounts.has_end_users is
  'Whether any of its end users has a budget, so that a call of an account without any need not look for one.';
comment on column gateway.accounts.refund_debt is
  'The part of debt that refunded payments left. Credit that was a gift does not pay it; what calls have cost, any credit pays.';
comment on column gateway.accounts.next_expiry is 'The earliest expiry of a live grant, so that most calls need not look at grants.';
comment on column gateway.accounts.next_overdue is
  'No open hold is past its time before this, so that most calls need not look at holds. It may lie before the first that will be.';
comment on column gateway.accounts.topup_below is
  'Below which credit free to be spent a settle says that an auto top-up is due; null: there is none.';
comment on column gateway.accounts.topup_after is 'Before which no further auto top-up is tried, so that settles need not ask for one.';
comment on column gateway.accounts.alert_below is
  'Below which balance the account is told that it is low, once until it has risen clearly above it again.';
comment on column gateway.accounts.alert_at is
  'Below which balance the next settle has something to tell: alert_below, then what counts as nothing; null: it is told all. Armed by what raises the balance.';
comment on column gateway.accounts.month is 'The UTC month that month_requests, month_tokens and month_own_requests count.';
comment on column gateway.accounts.month_own_requests is 'Calls that own keys at providers have served: some a month may be free of a fee.';
comment on column gateway.accounts.rate_limits is 'What an operator set for this account instead of its plan''s limits.';

create unique index accounts_email on gateway.accounts (email);
create index accounts_email_beginning on gateway.accounts (email collate "C");
-- The order of administrators' lists, newest first; created_at and id together are their keyset cursor.
create index accounts_created on gateway.accounts (created_at, id);
-- So that administrators, and the holders of any role, are found without reading every account; the newest first.
create index accounts_role on gateway.accounts (role, created_at, id);
-- One index for each filter, so that a search for something rare does not scan all accounts.
create index accounts_plan on gateway.accounts (plan, created_at, id) where plan is not null;
create index accounts_disabled on gateway.accounts (created_at, id) where disabled_at is not null;

-- An update asks every foreign key that refers to its table whether the key has changed, and each call updates its account twice: so
-- what belongs to an account refers to its id here, where nothing is ever updated.
create table gateway.account_ids (
  id uuid primary key
);
comment on table gateway.account_ids is 'The ids of all accounts, for foreign keys to refer to.';

create function gateway.note_account_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  insert into gateway.account_ids values (new.id);
  return null;
end;
$$;
create trigger has_id after insert on gateway.accounts for each row execute function gateway.note_account_id();

create function gateway.forget_account_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  delete from gateway.account_ids where id = old.id;
  return null;
end;
$$;
create trigger had_id after delete on gateway.accounts for each row execute function gateway.forget_account_id();

create table gateway.identities (
  kind text not null check (kind in ('privy', 'email', 'wallet')),
  value text not null,
  account_id uuid not null references gateway.account_ids (id),
  verified_at timestamptz not null,
  primary key (kind, value)
);
comment on table gateway.identities is
  'What a person has proven to be: a Privy id, an e-mail address in lower case, a wallet. Each signs in to one account.';

create index identities_account on gateway.identities (account_id);

alter table gateway.accounts enable row level security;
alter table gateway.account_ids enable row level security;
alter table gateway.identities enable row level security;

-- supabase/schemas/13_api_keys.sql

-- The API keys of accounts. A key that is rotated keeps its row, its settings and its counters; its former secret goes on
-- working for a while.
-- Like an account's, a key's row is updated by each of its calls, once, when the call is over: there is room for updates in place, nothing that a
-- call changes is indexed, and all that it changes stands together.

create table gateway.api_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.account_ids (id),
  requests_used gateway.unsigned_bigint not null default 0,
  spent bigint not null default 0,
  spent_ever gateway.unsigned_bigint not null default 0,
  last_used_at timestamptz,
  key_hash text not null unique,
  prefix text not null,
  last_four text not null,
  name text not null,
  environment gateway.key_environment not null,
  is_primary boolean not null default false,
  from_sign_in boolean not null default false,
  scopes text[] not null default array['inference', 'models:read', 'chat:read', 'chat:write', 'usage:read', 'billing:read'],
  disabled_at timestamptz,
  revoked_at timestamptz,
  expires_at timestamptz,
  rotate_after_days gateway.positive_integer,
  rotated_at timestamptz,
  refused_code text,
  refused_at timestamptz,
  ip_allowlist inet[] not null default '{}',
  domain_allowlist text[] not null default '{}',
  allowed_models text[] not null default '{}',
  max_requests gateway.positive_bigint,
  spend_limit gateway.positive_bigint,
  spend_period gateway.spend_period,
  rate_limits jsonb not null default '{}',
  trace_content boolean not null default false,
  cache_ttl gateway.positive_integer,
  spend_period_start timestamptz not null default now(),
  created_at timestamptz not null default now()
) with (fillfactor = 70);
comment on table gateway.api_keys is
  'API keys as HMAC hashes, never the key. requests_used and spent (in nano-dollars, in the current spend_period; null: for ever) count calls that are over; what is still open is counted from the holds.';
comment on column gateway.api_keys.disabled_at is 'Since when its owner does not let it be used; unlike revoked_at, that may be taken back.';
comment on column gateway.api_keys.spent_ever is 'What its calls have cost in all, in nano-dollars, whatever became of its limits.';
comment on column gateway.api_keys.from_sign_in is 'A sign-in has issued it; it ends for another one when the account has too many keys.';
comment on column gateway.api_keys.rotate_after_days is 'How old its owner wants the secret to become; the key says when it is due.';
comment on column gateway.api_keys.refused_code is
  'How the key was last refused as the audit trail has it: a client that goes on with a dead key must not fill that.';
comment on column gateway.api_keys.trace_content is 'Whether what is said in its calls goes to the operator''s receiver of traces, if there is one.';
comment on column gateway.api_keys.cache_ttl is
  'For how many seconds the answers to its calls are kept for whoever asks the same, where a call does not say; null: none are.';
comment on column gateway.api_keys.rate_limits is 'Limits below the account''s; a higher figure has no effect.';

create index api_keys_account on gateway.api_keys (account_id, created_at, id);

-- The ids are in the order in which they were replaced.
create table gateway.former_secrets (
  id bigint generated always as identity,
  key_hash text primary key,
  key_id uuid not null references gateway.api_keys (id),
  expires_at timestamptz not null
);
comment on table gateway.former_secrets is
  'Former secrets of rotated keys, as hashes. Until it expires a former secret is the key itself: same limits, same counters, same settings.';

create index former_secrets_key on gateway.former_secrets (key_id);

alter table gateway.api_keys enable row level security;
alter table gateway.former_secrets enable row level security;

-- supabase/schemas/13_prices.sql

-- What a price consists of, and what a usage. Rust has the same two types: credits/price.rs and credits/usage.rs.

-- A price, in nano-dollars: of a million tokens of each kind; of a request, an image that is made, a search and a second of
-- sound each; of a million characters. What is null costs what its kind costs: a cached, written, pictured or heard token
-- what a prompt token does, a written_long one what a written one does, and a token that is thought, drawn or spoken what a
-- completion token does. A unit without a price costs nothing beside its tokens (see gateway.price_route).
--
-- tiers, by the length of the prompt: [{"above": 200000, "prompt": …, …}]. A prompt of strictly more tokens than that is
-- charged at that tier's prices as a whole, the highest that it reaches; what a tier does not name stays.
create type gateway.price as (
  prompt bigint, cached bigint, written bigint, written_long bigint, image_input bigint, audio_input bigint,
  completion bigint, reasoning bigint, image_output bigint, audio_output bigint,
  request bigint, image bigint, search bigint, second bigint, character bigint, tiers jsonb);

-- What a call used. Tokens: cached, written, image_input and audio_input are parts of the prompt that do not overlap;
-- written_long is a part of written; reasoning, image_output and audio_output are parts of the completion. Units beside them:
-- images that were made, searches, milliseconds of sound, characters.
create type gateway.usage as (
  prompt numeric, cached numeric, written numeric, written_long numeric, image_input numeric, audio_input numeric,
  completion numeric, reasoning numeric, image_output numeric, audio_output numeric,
  images numeric, searches numeric, milliseconds numeric, characters numeric);

-- Whether these are tiers or windows of a price: a list of objects that have all conditions, each of its form, and otherwise
-- prices that are whole numbers. A misspelt price would be one that is never charged.
create function gateway.are_price_changes(changes jsonb, conditions jsonb, optional jsonb default '{}') returns boolean
language plpgsql immutable set search_path = ''
as $$
declare
  price constant text := '^[0-9]{1,15}$';
  forms constant jsonb := conditions || optional || jsonb_build_object(
    'prompt', price, 'cached', price, 'written', price, 'written_long', price, 'image_input', price, 'audio_input', price,
    'completion', price, 'reasoning', price, 'image_output', price, 'audio_output', price, 'request', price, 'image', price,
    'search', price, 'second', price, 'character', price);
begin
  return jsonb_typeof(changes) = 'array' and changes <> '[]'
    and not jsonb_path_exists(changes, 'strict $[*] ? (@.type() != "object")')
    and not exists (
      select from jsonb_array_elements(changes) as change
      where not change ?& array(select jsonb_object_keys(conditions)) or exists (
        select from jsonb_each(change) as member
        where (member.value::text ~ (forms ->> member.key)) is not true));
end;
$$;

create function gateway.are_tiers(tiers jsonb) returns boolean
language plpgsql immutable set search_path = ''
as $$
begin
  return gateway.are_price_changes(tiers, '{"above": "^[0-9]{1,9}$"}');
end;
$$;

create function gateway.are_windows(windows jsonb) returns boolean
language plpgsql immutable set search_path = ''
as $$
declare
  minute constant text := '^"([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]|24:00)"$';
begin
  return gateway.are_price_changes(
      windows, jsonb_build_object('from', minute, 'until', minute),
      '{"days": "^\\[[1-7](, [1-7])*\\]$", "tiers": "^\\["}')
    and not exists (
      select from jsonb_array_elements(windows) as change
      where change ? 'tiers' and not gateway.are_tiers(change -> 'tiers'));
end;
$$;

-- The longest prompt, in tokens, of which neither tiers nor windows change the price, nor pictures: a model that can draw may do so
-- unasked, and is always held for at the price of that.
create function gateway.plain_up_to(tiers jsonb, windows jsonb, image_output_price bigint) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when windows is not null or image_output_price is not null then -1
    else coalesce((select min((tier ->> 'above')::bigint) from jsonb_array_elements(tiers) as tier), 9223372036854775807)
  end;
end;
$$;

-- A route as a hold freezes it: who serves the call, by which name, at what price.
create function gateway.candidate(
  provider text, model text, prompt bigint, cached bigint, written bigint, written_long bigint, image_input bigint,
  audio_input bigint, completion bigint, reasoning bigint, image_output bigint, audio_output bigint, request bigint,
  image bigint, search bigint, second bigint, "character" bigint, tiers jsonb)
returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'provider', provider, 'model', model, 'prompt', prompt, 'cached', cached, 'written', written,
    'written_long', written_long, 'image_input', image_input, 'audio_input', audio_input, 'completion', completion,
    'reasoning', reasoning, 'image_output', image_output, 'audio_output', audio_output, 'request', request, 'image', image,
    'search', search, 'second', second, 'character', "character", 'tiers', tiers));
end;
$$;

-- supabase/schemas/14_catalog.sql

-- The catalog: the models, and the routes by which each can be reached. Its rows stand in seeds/catalog.sql.

create table gateway.models (
  id text primary key,
  name text not null,
  developer text not null,
  description text not null default '',
  kind text not null default 'chat' check (kind in ('chat', 'embedding', 'rerank', 'image', 'speech', 'transcription')),
  context_length integer not null check (context_length > 0),
  max_output integer not null check (max_output >= 0),
  input_modalities text[] not null default array['text'],
  output_modalities text[] not null default array['text'],
  reasoning boolean not null default false,
  image_tokens integer not null default 0 check (image_tokens >= 0),
  tool_tokens integer not null default 600 check (tool_tokens >= 0),
  supported_parameters text[] not null default '{}',
  open_weights boolean not null default false,
  released_on date,
  deprecated_at timestamptz,
  enabled boolean not null default true,
  changed_by_hand boolean not null default false,
  created_at timestamptz not null default now()
);
comment on table gateway.models is
  'The catalog. image_tokens is the most that one input image can cost in prompt tokens, whatever its size.';
comment on column gateway.models.supported_parameters is
  'The parameters that ask for what the model can do, by OpenRouter''s names; empty where nobody says.';
comment on column gateway.models.deprecated_at is
  'Since when it is known that its developer will take it away; answers say so.';
comment on column gateway.models.changed_by_hand is
  'Whether an administrator has made or changed it: then no seed changes it back.';

create table gateway.model_routes (
  model_id text not null references gateway.models (id) on delete cascade,
  provider text not null,
  upstream_model text not null,
  prompt_price bigint check (prompt_price >= 0),
  cached_price bigint check (cached_price >= 0),
  written_price bigint check (written_price >= 0),
  written_long_price bigint check (written_long_price >= 0),
  image_input_price bigint check (image_input_price >= 0),
  audio_input_price bigint check (audio_input_price >= 0),
  completion_price bigint check (completion_price >= 0),
  reasoning_price bigint check (reasoning_price >= 0),
  image_output_price bigint check (image_output_price >= 0),
  audio_output_price bigint check (audio_output_price >= 0),
  request_price bigint not null default 0 check (request_price >= 0),
  prompt_image_price bigint check (prompt_image_price >= 0),
  image_price bigint check (image_price >= 0),
  image_prices jsonb check (
    jsonb_typeof(image_prices) = 'object'
    and not jsonb_path_exists(image_prices, '$.* ? (@.type() != "number" || @ < 0)')),
  search_price bigint check (search_price >= 0),
  second_price bigint check (second_price >= 0),
  character_price bigint check (character_price >= 0),
  tiers jsonb check (gateway.are_tiers(tiers)),
  windows jsonb check (gateway.are_windows(windows)),
  priced_by text not null default 'seed' check (priced_by in ('seed', 'provider', 'admin')),
  enabled boolean not null default true,
  supported_parameters text[] not null default '{}',
  quantization text not null default 'unknown'
    check (quantization in ('int4', 'int8', 'fp4', 'fp6', 'fp8', 'fp16', 'bf16', 'fp32', 'unknown')),
  data_policy text not null default 'unknown' check (data_policy in ('unknown', 'private', 'zdr')),
  plain_up_to bigint not null generated always as (gateway.plain_up_to(tiers, windows, image_output_price)) stored,
  candidate jsonb not null generated always as (gateway.candidate(
    provider, upstream_model, prompt_price, cached_price, written_price, written_long_price, image_input_price,
    audio_input_price, completion_price, reasoning_price, image_output_price, audio_output_price, request_price,
    image_price, search_price, second_price, character_price, tiers)) stored,
  primary key (model_id, provider),
  constraint images_are_sold_by_the_piece_or_by_their_tokens
    check (image_output_price is null or (image_price is null and image_prices is null))
);
comment on column gateway.models.tool_tokens is
  'The most that its providers add to a prompt by themselves when it comes with tools or a schema of the answer. Anthropic adds 159 to 530, others'' templates less.';
comment on table gateway.model_routes is
  'How a provider names and prices a model: the kinds of gateway.price, in nano-dollars. Without a prompt and a completion price it is not priced, and never used.';
comment on column gateway.model_routes.written_price is
  'For prompt tokens the provider writes into its cache for minutes; null: the prompt price.';
comment on column gateway.model_routes.written_long_price is
  'For those that it keeps for an hour or longer. Null: a long cache is not offered.';
comment on column gateway.model_routes.prompt_image_price is 'For an image in the prompt, beside its tokens.';
comment on column gateway.model_routes.image_price is 'For an image that is made, whatever its size and quality: the dearest.';
comment on column gateway.model_routes.image_prices is
  'For an image of this size and quality: {"1024x1024/high": 167000000}. Any other costs image_price, or without that as the dearest of them.';
comment on column gateway.model_routes.tiers is 'Prices of longer prompts: see gateway.price.';
comment on column gateway.model_routes.windows is
  'Prices at other hours, UTC: [{"from": "16:30", "until": "00:30", "days": [1, 7], "prompt": …}]. The end is not in it, and may be past midnight; the days are those on which it begins, Monday is 1; without them it is daily. What it does not name stays; a window may have tiers of its own.';
comment on column gateway.model_routes.plain_up_to is
  'The longest prompt that has one price at any hour, the one of the columns above, so that no call need look for tiers, windows and pictures.';
comment on column gateway.model_routes.candidate is 'What a hold freezes of it, so that no call puts it together.';

comment on column gateway.model_routes.supported_parameters is
  'The parameters that the model takes there, by OpenRouter''s names; empty where it takes those of the model.';
comment on column gateway.model_routes.data_policy is
  'What the provider has agreed to do with what our account sends it: train no models on it (private), or keep nothing of it (zdr).';
comment on column gateway.model_routes.priced_by is
  'Who has the last word about name and price: a seed, the provider''s own list, which no seed undoes, or an administrator, whom neither undoes.';

-- Further names of models, of the operator's making.
create table gateway.model_aliases (
  alias text primary key,
  model_id text not null references gateway.models (id) on delete cascade,
  created_at timestamptz not null default now()
);
create index model_aliases_model on gateway.model_aliases (model_id);

-- Models as the catalog shows them, made when they or their routes change (see list_anew): whoever reads the whole list reads texts.
create table gateway.listed_models (
  model_id text primary key references gateway.models (id) on delete cascade,
  free boolean not null,
  body json not null,
  openrouter_body json not null
);
comment on table gateway.listed_models is 'Each model as GET /models shows it, its routes and prices included; and as OpenRouter''s clients read it.';

-- Which list all of them make, in one row: nearly every reader wants the whole one. The list itself is not kept: it is a megabyte, that
-- each change of a model would write again.
create table gateway.catalog_version (
  is_only boolean primary key default true check (is_only),
  version uuid not null default gen_random_uuid(),
  models integer not null default 0
);
comment on table gateway.catalog_version is
  'Another version whenever a model or a route changes, so that whoever has a copy of the list need only ask whether it is still the one.';
comment on column gateway.catalog_version.models is 'How many are enabled.';

alter table gateway.models enable row level security;
alter table gateway.model_routes enable row level security;
alter table gateway.model_aliases enable row level security;
alter table gateway.listed_models enable row level security;
alter table gateway.catalog_version enable row level security;

-- supabase/schemas/15_ledger.sql

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

-- supabase/schemas/16_audit_logs.sql

-- The audit trail: evidence of who did what.

create sequence gateway.audit_logs_id_seq maxvalue 99999999999 cycle;

create table gateway.audit_logs (
  id bigint primary key default gateway.next_id('gateway.audit_logs_id_seq'),
  -- By bytes, whatever the database's language: the actions that begin with "key." are a range of the index.
  action text collate "C" not null,
  actor_account_id uuid,
  actor_key_id uuid,
  target_account_id uuid,
  target_id text,
  ip inet,
  user_agent text,
  request_id text,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
) partition by range (id);
alter sequence gateway.audit_logs_id_seq owned by gateway.audit_logs.id;
comment on table gateway.audit_logs is 'Security-relevant acts, append-only. details never holds a secret.';

-- Newest first, one for each thing to search by, each with the id that pages go by. Entries are few beside calls, which
-- write none.
create index audit_logs_target on gateway.audit_logs (target_account_id, id);
create index audit_logs_actor on gateway.audit_logs (actor_account_id, id);
create index audit_logs_action on gateway.audit_logs (action, id);
create index audit_logs_actor_key on gateway.audit_logs (actor_key_id, id);
create index audit_logs_target_id on gateway.audit_logs (target_id, id);
create index audit_logs_ip on gateway.audit_logs (ip, id);
create index audit_logs_request on gateway.audit_logs (request_id, id);
create index audit_logs_created on gateway.audit_logs (created_at);

create trigger append_only before update or delete on gateway.audit_logs
  for each row execute function gateway.forbid_change();
create trigger not_truncated before truncate on gateway.audit_logs
  for each statement execute function gateway.forbid_change();
-- `enable always`: the triggers fire in replication sessions (session_replication_role), too, so that only dropping them gets
-- around them.
alter table gateway.audit_logs enable always trigger append_only;
alter table gateway.audit_logs enable always trigger not_truncated;

alter table gateway.audit_logs enable row level security;

-- supabase/schemas/17_idempotency.sql

-- Idempotency keys: which requests were made, and their answers.

create table gateway.idempotency_keys (
  account_id uuid not null references gateway.account_ids (id),
  key text not null,
  fingerprint text not null,
  answer jsonb,
  created_at timestamptz not null,
  primary key (account_id, key)
);
comment on table gateway.idempotency_keys is
  'Answers of requests that gave or took credit, by the caller''s Idempotency-Key, for 24 h. fingerprint is a hash of path and body.';

create index idempotency_keys_told on gateway.idempotency_keys ((answer ->> 'id')) where answer ->> 'object' = 'account';
create index idempotency_keys_created on gateway.idempotency_keys (created_at);

alter table gateway.idempotency_keys enable row level security;

create table gateway.idempotent_calls (
  account_id uuid not null references gateway.account_ids (id),
  key text not null,
  fingerprint text not null,
  call_id uuid not null,
  ciphertext text,
  key_version integer,
  expires_at timestamptz not null,
  primary key (account_id, key)
);
comment on table gateway.idempotent_calls is
  'Calls of models by the caller''s Idempotency-Key: as long as its hold lives while one runs, then its answer for ten minutes, a Fernet token that only the gateway can read.';

create index idempotent_calls_of_account on gateway.idempotent_calls (account_id, expires_at);
create index idempotent_calls_expired on gateway.idempotent_calls (expires_at);

alter table gateway.idempotent_calls enable row level security;

-- supabase/schemas/17_provider_lists.sql

-- What providers' own lists of models say, as they were last read, and what of it waits for an administrator.

create table gateway.provider_lists (
  provider text primary key,
  tried_at timestamptz not null,
  read_at timestamptz,
  problem text,
  models integer not null default 0,
  unknown integer not null default 0,
  unknown_models text[] not null default '{}'
);
comment on table gateway.provider_lists is
  'The last look at each provider''s list: how many models it had, how many of them no route here knows, and the first of those.';

create table gateway.listed_routes (
  model_id text not null,
  provider text not null,
  seen_at timestamptz,
  missing_since timestamptz,
  price jsonb,
  problem text,
  primary key (model_id, provider),
  foreign key (model_id, provider) references gateway.model_routes (model_id, provider) on delete cascade on update cascade
);
comment on table gateway.listed_routes is
  'What a provider''s list says of a route: when it was last there, since when it is not, its price there, and why that was not taken.';

create table gateway.price_changes (
  id uuid primary key,
  model_id text not null,
  provider text not null,
  former jsonb not null,
  proposed jsonb not null,
  reason text not null,
  state text not null default 'waiting' check (state in ('waiting', 'approved', 'rejected', 'superseded')),
  found_at timestamptz not null,
  decided_at timestamptz,
  decided_by uuid,
  foreign key (model_id, provider) references gateway.model_routes (model_id, provider) on delete cascade on update cascade
);
comment on table gateway.price_changes is
  'Prices of a provider''s list that do not hold by themselves: they are too far from the present ones.';
create unique index price_changes_waiting on gateway.price_changes (model_id, provider) where state = 'waiting';
create index price_changes_route on gateway.price_changes (model_id, provider, found_at);

alter table gateway.provider_lists enable row level security;
alter table gateway.listed_routes enable row level security;
alter table gateway.price_changes enable row level security;

-- supabase/schemas/18_end_users.sql

-- End users: whom an account makes its calls for, as far as it has said what they may spend. Their names are the account's own words for
-- its customers, so they stand here and with their requests, and in no audit trail.

create table gateway.end_user_defaults (
  account_id uuid primary key references gateway.account_ids (id),
  budget gateway.unsigned_bigint not null,
  period gateway.spend_period
);
comment on table gateway.end_user_defaults is
  'What each end user may spend that has no budget of its own, in nano-dollars a period (null: for ever).';

create table gateway.end_users (
  account_id uuid not null references gateway.account_ids (id),
  name text not null,
  is_own boolean not null,
  budget gateway.unsigned_bigint,
  period gateway.spend_period,
  spent bigint not null default 0,
  spent_ever gateway.unsigned_bigint not null default 0,
  period_start timestamptz not null,
  told_step integer not null default 0 check (told_step in (0, 80, 100)),
  told_of bigint,
  created_at timestamptz not null,
  primary key (account_id, name)
) with (fillfactor = 70);
comment on table gateway.end_users is
  'End users with a budget of their own (is_own; without an amount they may spend what they like), and those that the default has been counted for. spent, in nano-dollars in the current period, counts calls that are over; what is still open is counted from the holds, as for keys.';
comment on column gateway.end_users.told_step is
  'Up to which part of its budget, in percent, its account was told in this period, while the budget was told_of.';
comment on column gateway.end_users.spent_ever is 'What all calls have cost that ended since created_at.';

create table gateway.end_user_erasures (
  id bigint generated always as identity primary key,
  account_id uuid not null references gateway.account_ids (id),
  name text
);
comment on table gateway.end_user_erasures is
  'End users whose requests are still to lose their names, too many for one statement; no name: all of the account''s, whose person has left.';

alter table gateway.end_user_defaults enable row level security;
alter table gateway.end_users enable row level security;
alter table gateway.end_user_erasures enable row level security;

-- supabase/schemas/18_provider_keys.sql

-- Users' own keys at the providers: as many as they like at each, in an order.

create table gateway.provider_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references gateway.account_ids (id),
  provider text not null,
  ciphertext text not null,
  key_version integer not null,
  last_four text not null,
  name text,
  priority integer not null default 0,
  is_fallback boolean not null default false,
  gateway_fallback boolean not null default false,
  allowed_models text[] not null default '{}',
  allowed_keys uuid[] not null default '{}',
  disabled_at timestamptz,
  created_at timestamptz not null,
  last_used_at timestamptz
);
comment on table gateway.provider_keys is
  'Fernet tokens: only the gateway has the keys, in its environment. key_version says which of them encrypted it.';
comment on column gateway.provider_keys.priority is 'The lower is asked first; of the same, at the cheapest provider.';
comment on column gateway.provider_keys.is_fallback is 'Asked behind all of the account''s that are none.';
comment on column gateway.provider_keys.gateway_fallback is
  'Whether the gateway''s own account may serve, and charge for, a call that this key cannot. Only if all keys that may serve the call say so.';
comment on column gateway.provider_keys.allowed_models is 'Patterns, as those of gateway.api_keys; all models if there is none.';
comment on column gateway.provider_keys.allowed_keys is 'The API keys whose calls may use it; all of the account''s if there is none.';

create index provider_keys_account on gateway.provider_keys (account_id, provider);
create index provider_keys_version on gateway.provider_keys (key_version, account_id, id);

alter table gateway.provider_keys enable row level security;

-- supabase/schemas/19_ranking.sql

-- What models and apps are used most, by the hour and over all accounts: what the public rankings are read from, however many requests
-- there are (39_ranking.sql).

create table gateway.ranking_hours (
  kind text not null check (kind in ('model', 'app')),
  hour timestamptz not null,
  name text not null,
  requests bigint not null,
  tokens bigint not null,
  primary key (kind, hour, name)
);
comment on table gateway.ranking_hours is
  'The most used models and apps of each hour that is summed up, by tokens; of two months. Accounts that have chosen so are not in it.';

create table gateway.ranking_days (like gateway.ranking_hours including indexes);
comment on table gateway.ranking_days is 'The sums of the hours of each whole day (UTC) that is summed up; hour is the day''s first.';

create table gateway.ranking_accounts (
  app text not null,
  account_id uuid not null,
  last_hour timestamptz not null,
  primary key (app, account_id)
);
comment on table gateway.ranking_accounts is
  'Which accounts an app in ranking_hours was used by, and when last, as far as it takes to know whether it may be shown: some of each hour, of a month.';

create index ranking_accounts_age on gateway.ranking_accounts (last_hour);
create index ranking_accounts_account on gateway.ranking_accounts (account_id);

create table gateway.ranking_choices (
  account_id uuid primary key references gateway.account_ids (id),
  choice text not null check (choice in ('named', 'excluded'))
);
comment on table gateway.ranking_choices is
  'Accounts that are in no ranking (excluded), and those whose apps are shown however few use them (named). No row: counted, and shown among enough others.';

alter table gateway.ranking_days enable row level security;
alter table gateway.ranking_hours enable row level security;
alter table gateway.ranking_accounts enable row level security;
alter table gateway.ranking_choices enable row level security;

-- supabase/schemas/19_refusals.sql

-- Calls that were refused before a provider was asked: they leave no request, and are counted by hour and reason.

create table gateway.refusal_hours (
  hour timestamptz not null,
  code text not null,
  calls bigint not null,
  primary key (hour, code)
);
comment on table gateway.refusal_hours is 'Refused calls by the hour in which the gateway told of them, and by the code that they were answered with.';

create table gateway.refusal_totals (
  code text primary key,
  calls bigint not null
);
comment on table gateway.refusal_totals is 'The sum of all refusal_hours: counters that only rise.';

alter table gateway.refusal_hours enable row level security;
alter table gateway.refusal_totals enable row level security;

-- supabase/schemas/19_usage.sql

-- Usage: every request, and what was used summed up by the hour, so that no total is ever counted from many requests.

create table gateway.requests (
  call_id uuid not null,
  account_id uuid not null,
  key_id uuid not null,
  request_id text,
  model text not null,
  provider text,
  outcome gateway.request_outcome not null,
  error_code text,
  stream boolean not null default false,
  prompt_tokens integer not null default 0,
  cached_tokens integer not null default 0,
  written_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  reasoning_tokens integer not null default 0,
  units jsonb,
  estimated boolean not null default false,
  clamped boolean not null default false,
  held bigint not null,
  cost bigint not null,
  markup integer,
  first_byte_ms integer,
  duration_ms integer,
  own_key boolean not null default false,
  replayed_call uuid,
  app text,
  end_user text,
  tags jsonb,
  metadata jsonb,
  answer_id text,
  finish_reason text,
  asked_ms integer,
  attempts jsonb,
  prompt_price bigint,
  cached_price bigint,
  completion_price bigint,
  price jsonb,
  created_at timestamptz not null,
  finished_at timestamptz not null
) partition by range (finished_at);
comment on table gateway.requests is
  'One row per call that was sent to a provider: its usage and what it cost. Its presence is what makes a settle happen once.';
comment on column gateway.requests.request_id is 'What its caller calls the request; null where nobody has named it, and call_id is its name.';
comment on column gateway.requests.units is
  'What it used besides, in the names of gateway.usage: tokens of pictures, sound and a long cache, which are parts of the prompt or the completion; images, searches, milliseconds, characters. Null for most.';
comment on column gateway.requests.clamped is
  'The provider reported more tokens than the model has, or more units than the call was held for; so many as that were charged.';
comment on column gateway.requests.end_user is 'Whom the account made it for, in the account''s own word for them; null where it did not say, or has had them deleted.';
comment on column gateway.requests.tags is 'What the account sorts it under: a list of texts, or null.';
comment on column gateway.requests.metadata is 'What the account said of it besides: an object, or null.';
comment on column gateway.requests.answer_id is 'What the provider has called its answer, where the client was told the same.';
comment on column gateway.requests.finish_reason is 'Why the first choice ended, in the provider''s word.';
comment on column gateway.requests.asked_ms is 'From the call''s start to the moment when its first provider was asked.';
comment on column gateway.requests.attempts is
  'The providers that were asked, where they were several or one has failed: provider, model (of a call that several might have answered), started_ms, duration_ms, first_byte_ms, status, error_code.';
comment on column gateway.requests.prompt_price is
  'Of the provider that served it, as it was frozen; with cached_price and completion_price all of a price that has nothing else which the call used.';
comment on column gateway.requests.price is 'Any other frozen price, as of gateway.price.';
comment on column gateway.requests.markup is 'In basis points: what it cost is so many ten-thousandths of what the provider''s prices come to. Null where nobody knew.';
comment on column gateway.requests.own_key is 'It went to the provider with the caller''s own key there, and cost nothing here but the operator''s fee, if there is one.';
comment on column gateway.requests.replayed_call is 'The earlier call whose cached answer was given again: this one was sent to no provider, and cost nothing.';

-- Each month has call_id as its primary key (21_partitions.sql): one of all months would have to contain the time, and
-- would let a call end twice. Over months it is the account's lock, under which a settle looks for the call first.

-- Ordered by when a call ended: finish_request reads the clock under the account's lock, so within an account no row can appear
-- before one that was listed already. A call's id orders by its beginning, and a settle may come days later.
create index requests_account on gateway.requests (account_id, finished_at);

-- Of those about which the account has said something, which is found to be shown or to be forgotten.
create index requests_labelled on gateway.requests (account_id, end_user, finished_at)
  where end_user is not null or tags is not null or metadata is not null;

-- Without foreign keys, as the requests that they sum up.
create table gateway.usage_hours (
  account_id uuid not null,
  hour timestamptz not null,
  key_id uuid not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, hour, key_id, model, provider)
);
comment on table gateway.usage_hours is
  'Requests by the hour in which they ended, for the hours before the account''s rolled_up_to. No provider is an empty text; cost in nano-dollars.';
comment on column gateway.usage_hours.failed is 'Neither completed nor left by the client.';

-- What usage_hours come to, once more: of a year there are days to be read, and no hours. And the beginning of what is no hour yet.
create table gateway.usage_days (like gateway.usage_hours including indexes);
comment on table gateway.usage_days is
  'The sums of the hours of each whole day (UTC) that lies before the account''s rolled_up_to; hour is the day''s first.';

create table gateway.usage_heads (like gateway.usage_hours);
comment on table gateway.usage_heads is
  'Requests from the account''s rolled_up_to up to its head_to, by the hour, where they are many: so that few are left to be counted one by one. Gone with their hour, which is summed up from the requests.';
create index usage_heads_account on gateway.usage_heads (account_id);

create table gateway.usage_totals (
  account_id uuid primary key,
  rolled_up_to timestamptz not null,
  head_to timestamptz check (head_to > rolled_up_to),
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null
);
comment on table gateway.usage_totals is
  'The sum of all usage_hours of an account, and the moment up to which they are summed up. Requests from then on, or from head_to, are counted one by one.';

alter table gateway.usage_days enable row level security;
alter table gateway.usage_heads enable row level security;
alter table gateway.usage_hours enable row level security;
alter table gateway.usage_totals enable row level security;
alter table gateway.requests enable row level security;

-- supabase/schemas/19_usage_labels.sql

-- Usage by what accounts say of their requests, summed up by the hour together with the rest (39_usage_labels.sql).

-- Without foreign keys, as usage_hours.
create table gateway.usage_labels (
  account_id uuid not null,
  hour timestamptz not null,
  kind text not null check (kind in ('user', 'tag')),
  label text not null,
  key_id uuid not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, hour, kind, label, key_id, model, provider)
);
comment on table gateway.usage_labels is
  'Requests by end user, and by tag, by the hour in which they ended, for the hours before the account''s rolled_up_to. A request without a label has no part here, one with several tags a part in each.';
comment on column gateway.usage_labels.label is 'Of an hour so many have rows of their own as gateway.most_labels() says, the dearest; the others are together in gateway.other_labels().';

create index usage_labels_user on gateway.usage_labels (account_id, label) where kind = 'user';

create table gateway.usage_label_days (like gateway.usage_labels including indexes);
comment on table gateway.usage_label_days is
  'The sums of the hours of each whole day (UTC) that lies before the account''s rolled_up_to; hour is the day''s first. Who is among the others of an hour is so of the day, too.';

create table gateway.usage_label_heads (like gateway.usage_labels);
comment on table gateway.usage_label_heads is 'Requests by end user and tag from the account''s rolled_up_to up to its head_to, as usage_heads.';
create index usage_label_heads_account on gateway.usage_label_heads (account_id);

create table gateway.usage_label_sums (
  account_id uuid not null,
  kind text not null,
  span text not null check (span in ('hour', 'day')),
  hour timestamptz not null,
  label text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, kind, span, hour, label)
);
comment on table gateway.usage_label_sums is
  'What those hours and days come to by label alone: what a report by end user or tag is read from, which else had a row for each key and model at each provider.';

create index usage_label_sums_user on gateway.usage_label_sums (account_id, label) where kind = 'user';

alter table gateway.usage_label_heads enable row level security;
alter table gateway.usage_label_sums enable row level security;
alter table gateway.usage_label_days enable row level security;
alter table gateway.usage_labels enable row level security;

-- supabase/schemas/19_usage_platform.sql

-- Usage of the whole platform, summed up by the hour: what monitor, metrics and reports of the operator are read from, so that
-- they cost the same however many requests there are.

-- The live end of every window is read by time over all accounts. Requests are written in the order in which they end, which is
-- what a BRIN index needs: a few bytes for every 128 pages, and next to nothing for a settle. Whoever reads looks at all of these, and
-- at each page of those that match: with fewer pages to a range the former is most of it once a month has ten million requests.
create index requests_time on gateway.requests using brin (finished_at) with (pages_per_range = 128, autosummarize = on);

create table gateway.platform_hours (
  part text not null check (part in ('total', 'model', 'provider', 'error')),
  hour timestamptz not null,
  value text not null,
  requests bigint not null,
  failed bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  charged bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations numeric not null,
  first_bytes numeric not null,
  primary key (part, hour, value)
);
comment on table gateway.platform_hours is
  'Requests of all accounts by the hour in which they ended, for the hours before rolled_up_to: all together, and once more by each model, provider and kind of error by itself. A window is read from some ten rows an hour, and not from one for each model at each provider with each end.';
comment on column gateway.platform_hours.value is 'Which model, provider or kind of error; of the total, an empty text.';
comment on column gateway.platform_hours.failed is 'Neither completed nor left by the client.';
comment on column gateway.platform_hours.charged is 'How many cost something.';
comment on column gateway.platform_hours.provider_cost is 'What of the cost the providers get by their prices, without our markup, in nano-dollars.';
comment on column gateway.platform_hours.durations is 'A histogram (38_histograms.sql): how many requests took so long.';
comment on column gateway.platform_hours.first_bytes is 'The same of the time until the first byte.';

create table gateway.platform_days (like gateway.platform_hours including indexes);
comment on table gateway.platform_days is 'The sums of the hours of each whole day (UTC) that lies before rolled_up_to; hour is the day''s first.';

create table gateway.platform_totals (
  model text not null,
  provider text not null,
  outcome gateway.request_outcome not null,
  error_code text not null,
  stream boolean not null,
  requests bigint not null,
  own_key bigint not null,
  estimated bigint not null,
  charged bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  provider_cost bigint not null,
  durations numeric not null,
  first_bytes numeric not null,
  duration_ms bigint not null,
  first_byte_ms bigint not null,
  primary key (model, provider, outcome, error_code, stream)
);
comment on table gateway.platform_totals is
  'Counters that only rise: all requests before rolled_up_to, by all that they can be told apart by. No provider and no error are empty texts.';
comment on column gateway.platform_totals.duration_ms is 'The sum of what the histogram counts; so is first_byte_ms.';

create table gateway.platform_heads (like gateway.platform_totals, hour timestamptz not null);
comment on table gateway.platform_heads is
  'The same of the requests from rolled_up_to up to head_to, where they are many (see gateway.usage_heads).';

create table gateway.platform_roll_up (
  one boolean primary key default true check (one),
  rolled_up_to timestamptz not null,
  head_to timestamptz check (head_to > rolled_up_to)
);
comment on table gateway.platform_roll_up is
  'One row, from the first summing up on: the moment up to which platform_hours are complete. Requests from then on, or from head_to, are counted one by one.';

alter table gateway.platform_days enable row level security;
alter table gateway.platform_heads enable row level security;
alter table gateway.platform_hours enable row level security;
alter table gateway.platform_totals enable row level security;
alter table gateway.platform_roll_up enable row level security;

-- supabase/schemas/20_attempts.sql

-- What sign-in remembers: attempts that anyone may make without a key, the codes that were mailed, and who has had a
-- trial.

create table gateway.attempts (
  kind text not null,
  subject text not null,
  times timestamptz[] not null,
  last_at timestamptz not null,
  primary key (kind, subject)
);
comment on table gateway.attempts is
  'The times of the attempts that still count against a limit, by what was tried and by whom: a network, an e-mail address as its hash, or both.';

create index attempts_last on gateway.attempts (last_at);

create table gateway.sign_in_codes (
  email_hash text primary key,
  code_hash text not null,
  tries integer not null default 0 check (tries between 0 and 5),
  referral_code text,
  expires_at timestamptz not null
);
comment on table gateway.sign_in_codes is
  'The newest code of each address, as an HMAC under the pepper that is bound to the address. Kept alike for addresses that are known and that are not.';

create index sign_in_codes_expiry on gateway.sign_in_codes (expires_at);

create table gateway.trial_claims (
  proof_hash text primary key,
  claimed_at timestamptz not null
);
comment on table gateway.trial_claims is
  'What people proved to be who were given a trial, as hashes: one trial a person, ever, also when the account is deleted.';

alter table gateway.attempts enable row level security;
alter table gateway.sign_in_codes enable row level security;
alter table gateway.trial_claims enable row level security;

-- supabase/schemas/21_partitions.sql

-- How the months of requests, credit_transactions and audit_logs come and go (01_months.sql).

-- Makes one month of one table. Not by `partition of`, which would lock the whole table against reading and writing: a
-- table that is attached keeps nobody waiting. It brings along what attaching does not: row level security, and what
-- the month's table is to refuse by itself.
create function gateway.make_partition(parent text, at timestamptz, lower text, upper text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  name constant text := parent || '_' || gateway.month_name(at);
begin
  execute format('create table gateway.%I (like gateway.%I including all)', name, parent);
  execute format('alter table gateway.%I enable row level security', name);
  if parent = 'requests' then
    execute format('alter table gateway.%I add primary key (call_id)', name);
  else
    execute format('create trigger not_truncated before truncate on gateway.%I
      for each statement execute function gateway.forbid_change()', name);
    execute format('alter table gateway.%I enable always trigger not_truncated', name);
  end if;
  if parent = 'credit_transactions' then
    execute format('create unique index on gateway.%I (call_id, grant_id) where call_id is not null', name);
  end if;
  execute format('alter table gateway.%I attach partition gateway.%I for values from (%L) to (%L)',
                 parent, name, lower, upper);
end;
$$;

-- Makes the partitions of a moment's month, unless they are there. An advisory lock lets one session at a time do it.
create function gateway.make_month(at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  starts constant timestamptz := date_trunc('month', at, 'UTC');
  ends constant timestamptz := date_trunc('month', starts + interval '32 days', 'UTC');
begin
  -- Not has_month: its cache may not know yet what others have made while this waited for its turn.
  if exists (
      select from pg_catalog.pg_class
      where relnamespace = 'gateway'::regnamespace and relname = 'requests_' || gateway.month_name(starts)) then
    return;
  end if;
  perform gateway.make_partition('requests', starts, starts::text, ends::text);
  perform gateway.make_partition(
    'credit_transactions', starts, gateway.first_id(starts)::text, gateway.first_id(ends)::text);
  perform gateway.make_partition('audit_logs', starts, gateway.first_id(starts)::text, gateway.first_id(ends)::text);
end;
$$;

-- Makes this month and, in a month's last week, the next one. The cron asks for it; if that never runs, a month is made
-- by the first call of the week before it: before that call has locked anything, and before anyone needs the month, so
-- that nobody who has locked an account can be waiting for a turn here.
create function gateway.make_months(at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(7020094213605);
  perform gateway.make_month(at);
  perform gateway.make_month(at + interval '7 days');
end;
$$;

-- The moment from which on every request is there: those that ended before have been dropped with their months.
create function gateway.requests_since() returns timestamptz
language sql stable set search_path = ''
as $$
  select to_timestamp(min(right(relname, 7)) || '+00', 'YYYY_MMTZH')
  from pg_catalog.pg_inherits join pg_catalog.pg_class on pg_class.oid = inhrelid
  where inhparent = 'gateway.requests'::regclass
$$;

-- Drops the oldest month of requests if all of it is older than so many days and every account's hours in it are summed
-- up, and the platform's. Answers which, or null. The sums and the ledger stay. To drop a month locks the table, so this gives up at once
-- where somebody is reading it for long: the next run comes in an hour.
create function gateway.drop_old_month(kept_days integer, at timestamptz) returns text
language plpgsql volatile set search_path = '' set lock_timeout = '250ms'
as $$
declare
  starts constant timestamptz := gateway.requests_since();
  ends constant timestamptz := date_trunc('month', starts + interval '32 days', 'UTC');
begin
  -- A null of any of these drops nothing.
  if (ends <= at - make_interval(days => kept_days)) is distinct from true then
    return null;
  end if;
  if coalesce((select rolled_up_to from gateway.platform_roll_up), '-infinity') < ends or exists (
      select from gateway.accounts a left join gateway.usage_totals t on t.account_id = a.id
      where coalesce(t.rolled_up_to, '-infinity') < ends and exists (
        select from gateway.requests r
        where r.account_id = a.id and r.finished_at >= coalesce(t.rolled_up_to, '-infinity') and r.finished_at < ends)) then
    return null;
  end if;
  execute format('drop table gateway.%I', 'requests_' || gateway.month_name(starts));
  return gateway.month_name(starts);
exception when lock_not_available then
  return null;
end;
$$;

-- supabase/schemas/22_chats.sql

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

-- supabase/schemas/22_deployment.sql

-- What the database knows of the deployments that use it, so that one that does not fit is noticed before its callers notice.

create table gateway.peppers (
  version integer primary key,
  fingerprint text not null unique,
  first_seen_at timestamptz not null
);
comment on table gateway.peppers is
  'Fingerprints (an HMAC of a constant) of the peppers that keys are hashed under, never a pepper. A deployment with another pepper knows no key.';

create table gateway.heartbeat (
  one boolean primary key default true check (one),
  at timestamptz not null
);
comment on table gateway.heartbeat is 'One row that health writes: whether the database takes writes at all shows in nothing else.';

create table gateway.production (
  one boolean primary key default true check (one),
  address text not null,
  since timestamptz not null
);
comment on table gateway.production is
  'One row, from the first start of a production deployment on: a hash of the address by which it knows this database. A preview that knows it by the same one has production''s variables. A copy of production''s data at another address is another database.';

alter table gateway.production enable row level security;
alter table gateway.peppers enable row level security;
alter table gateway.heartbeat enable row level security;

-- supabase/schemas/22_stored_responses.sql

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

-- supabase/schemas/23_payments.sql

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

-- supabase/schemas/24_subscriptions.sql

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

-- supabase/schemas/24_trials.sql

-- Trials that were begun, and what became of them.

create table gateway.trials (
  account_id uuid primary key references gateway.account_ids (id),
  begun_at timestamptz not null,
  grant_id bigint not null,
  drawn bigint not null default 0 check (drawn >= 0),
  converted_at timestamptz,
  converted_by text check (converted_by in ('purchase', 'subscription')),
  check ((converted_at is null) = (converted_by is null))
);
comment on table gateway.trials is
  'One row a trial. Converted when its account first paid, for credit or for a plan. What is left of it stands on the account and its grant.';

comment on column gateway.trials.drawn is 'What the promotion `trial` has paid of it, in nano-dollars.';

create index trials_begun on gateway.trials (begun_at);

alter table gateway.trials enable row level security;

-- supabase/schemas/25_auto_topup.sql

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

-- supabase/schemas/26_coupons.sql

-- Coupons: credit that is given for a code, alone or on top of a purchase, and discounts of plans; and the promotions whose budgets
-- bound what all of it costs.

create table gateway.promotions (
  id text primary key,
  budget bigint check (budget > 0),
  per_day boolean not null default false,
  day date,
  spent bigint not null default 0 check (spent >= 0),
  active boolean not null default true,
  created_at timestamptz not null,
  check (budget is null or spent <= budget)
);
comment on table gateway.promotions is
  'What gifts may cost, in nano-dollars: coupons name the promotion that they draw on. Without a budget it only counts.';
comment on column gateway.promotions.per_day is 'The budget is that of each day, in UTC: spent counts the one in day.';

create table gateway.coupons (
  id uuid primary key,
  code text not null unique check (code = upper(code)),
  kind text not null check (kind in ('credit', 'bonus', 'discount')),
  amount bigint check (amount > 0),
  basis_points integer check (basis_points > 0),
  max_bonus bigint check (max_bonus > 0),
  min_purchase bigint not null default 0 check (min_purchase >= 0),
  account_id uuid references gateway.account_ids (id),
  max_redemptions integer check (max_redemptions >= redemptions),
  redemptions integer not null default 0 check (redemptions >= 0),
  per_account integer not null default 1 check (per_account > 0),
  promotion text references gateway.promotions (id),
  first_purchase_only boolean not null default false,
  listed boolean not null default false,
  valid_from timestamptz,
  valid_until timestamptz,
  grant_days integer not null default 90 check (grant_days > 0),
  stripe_coupon_id text,
  batch uuid,
  active boolean not null default true,
  deleted_at timestamptz,
  created_at timestamptz not null,
  check (case kind
    when 'credit' then amount is not null and basis_points is null
    when 'bonus' then (amount is null) <> (basis_points is null)
    else amount is null and basis_points <= 10000 and stripe_coupon_id is not null end)
);
comment on table gateway.coupons is
  'amount in nano-dollars: of a credit, or of a bonus; basis_points: of a purchase, as a bonus of at most max_bonus, or off a plan''s price. account_id: whose alone it is.';
comment on column gateway.coupons.redemptions is 'Uses that are reserved or redeemed; one that was released counts no more.';
comment on column gateway.coupons.listed is 'Everybody sees it in GET /coupons/available. Of the others one has to be told.';
comment on column gateway.coupons.batch is 'Of those that were made together.';

-- The order of lists, newest first.
create index coupons_created on gateway.coupons (created_at, id);
create index coupons_account on gateway.coupons (account_id) where account_id is not null;
create index coupons_listed on gateway.coupons (created_at) where listed and account_id is null;
create index coupons_batch on gateway.coupons (batch) where batch is not null;

create table gateway.coupon_redemptions (
  id uuid primary key,
  coupon_id uuid not null references gateway.coupons (id),
  account_id uuid not null references gateway.account_ids (id),
  nth integer not null,
  state text not null check (state in ('reserved', 'redeemed', 'released')),
  value bigint not null check (value >= 0),
  payment_id uuid unique references gateway.payments (id),
  grant_id bigint unique,
  expires_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'reserved') = (ended_at is null))
);
comment on table gateway.coupon_redemptions is
  'Uses of coupons. Reserved until the payment or the subscription is paid (redeemed) or expires_at has passed (released). value is what it draws on the promotion, in nano-dollars.';

-- A second line behind the account's lock: no use twice.
create unique index coupon_redemptions_nth on gateway.coupon_redemptions (coupon_id, account_id, nth) where state <> 'released';
create index coupon_redemptions_account on gateway.coupon_redemptions (account_id, created_at, id);
create index coupon_redemptions_reserved on gateway.coupon_redemptions (expires_at) where state = 'reserved';

alter table gateway.promotions enable row level security;
alter table gateway.coupons enable row level security;
alter table gateway.coupon_redemptions enable row level security;

-- supabase/schemas/26_stripe_tasks.sql

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

-- supabase/schemas/27_referrals.sql

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

-- supabase/schemas/28_notifications.sql

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

-- supabase/schemas/29_alerts.sql

-- What the operator is told at once: each once a day and cause.

create table gateway.alerts (
  id uuid primary key default gen_random_uuid(),
  cause text not null,
  subject text not null,
  day date not null,
  details jsonb not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  claimed_until timestamptz not null,
  mailed_at timestamptz,
  posted_at timestamptz,
  unique (cause, subject, day)
);
comment on table gateway.alerts is
  'subject: what of the platform it is about, or an empty text; details: as they were found last. Found again on the same day (UTC), it is not told again.';
comment on column gateway.alerts.claimed_until is 'Whoever tells it has until then; then it is to be told again, where it was not.';

create index alerts_recent on gateway.alerts (first_at, id);

create table gateway.alert_rounds (
  one boolean primary key default true check (one),
  looked_to timestamptz not null,
  ledger_day date,
  ledger_after uuid
);
comment on table gateway.alert_rounds is
  'One row: up to when was looked for what had happened; the day whose ledger check has begun, and the account up to which it has come (null: it is done).';

-- So that what has happened lately is found without reading all.
create index reversals_disputed on gateway.reversals (created_at) where kind = 'dispute';
create index mail_suppressions_created on gateway.mail_suppressions (created_at);

alter table gateway.alerts enable row level security;
alter table gateway.alert_rounds enable row level security;

-- supabase/schemas/29_auth_codes.sql

-- Codes by which an app gets a key that its user has agreed to (OAuth with PKCE, RFC 7636).

create table gateway.auth_codes (
  code_hash text primary key,
  account_id uuid not null references gateway.account_ids (id),
  challenge text not null,
  method text not null check (method in ('S256', 'plain')),
  site text,
  settings jsonb not null,
  expires_at timestamptz not null
);
comment on table gateway.auth_codes is
  'What a user has agreed to and no app has exchanged yet: the settings of a key to be made. The code as an HMAC under the pepper, which ends with its first use, right or wrong. Whoever exchanges it must know what the challenge was made of.';

comment on column gateway.auth_codes.site is 'Where the app is that gets the code: scheme, host and port of the address that its user is sent back to.';

create index auth_codes_account on gateway.auth_codes (account_id);
create index auth_codes_expiry on gateway.auth_codes (expires_at);

alter table gateway.auth_codes enable row level security;

-- supabase/schemas/29_spend_alerts.sql

-- From which spending on an account wants to be told.

create table gateway.spend_alerts (
  account_id uuid primary key references gateway.account_ids (id),
  per_day bigint check (per_day > 0),
  per_month bigint check (per_month > 0),
  day_told date,
  month_told date,
  looked_at timestamptz not null
);
comment on table gateway.spend_alerts is 'In nano-dollars; null: not told. An account that never asked for it has no row.';
comment on column gateway.spend_alerts.day_told is 'The last day (UTC) of which it was told; month_told: the last month.';

create index spend_alerts_looked on gateway.spend_alerts (looked_at) where per_day is not null or per_month is not null;

alter table gateway.spend_alerts enable row level security;

-- supabase/schemas/29_webhooks.sql

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

-- supabase/schemas/30_authenticate.sql

-- Key validation: every check in its order, inside the same call as the work.

-- Whether a set of scopes or permissions covers one: itself, everything, or the area it belongs to (admin covers admin:users).
create function gateway.covers(granted text[], needed text) returns boolean
language sql immutable parallel safe
return granted && array[needed, '*', split_part(needed, ':', 1)];

-- example.com matches itself; *.example.com its subdomains.
create function gateway.domain_allowed(allowlist text[], host text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select exists (
    select from unnest(allowlist) as allowed
    where lower(host) = lower(allowed)
      or (allowed like '*.%' and right(lower(host), length(allowed) - 1) = lower(substr(allowed, 2)))
  )
$$;

-- openai/gpt-4o matches itself; openai/* every model of that developer.
create function gateway.model_allowed(allowed_models text[], model text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$
  select exists (
    select from unnest(allowed_models) as allowed
    where model = allowed or (allowed like '%*' and starts_with(model, left(allowed, -1)))
  )
$$;

-- The start of the spending period that holds `at`, in UTC; null for a limit without a period.
create function gateway.period_start(period text, at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_trunc(period, at at time zone 'utc') at time zone 'utc';

-- What a key has spent in the current period; a period that has passed counts nothing.
create function gateway.spent_in_period(key gateway.api_keys, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when key.spend_period is null or key.spend_period_start >= gateway.period_start(key.spend_period, at) then key.spent
  else 0
end;

-- What a key that has periods has spent in that of a moment, of what it has spent in the one that began then; and the later of the
-- two. Neither is put in its caller's place: most keys have no periods, and their calls need none of this.
create function gateway.spent_since(spent bigint, starts timestamptz, period text, at timestamptz) returns bigint
language plpgsql immutable
as $$
begin
  return case when starts >= gateway.period_start(period, at) then spent else 0 end;
end;
$$;

create function gateway.later_period(starts timestamptz, period text, at timestamptz) returns timestamptz
language plpgsql immutable
as $$
begin
  return greatest(starts, gateway.period_start(period, at));
end;
$$;

-- The first check that this key fails for this caller, scope and model, by its code, or null. No key has the scope `self`, and
-- each may do what asks for it: to read of itself. Every call asks it, and
-- hardly any gets a code: so what is said with a code is said elsewhere, and need not be made ready here.
create function gateway.failed_key_check(
  account gateway.accounts, key gateway.api_keys, permissions text[], caller jsonb, scope text, model text,
  at timestamptz)
returns text
language sql stable
return case
  when key.id is null then 'invalid_api_key'
  when key.revoked_at <= at then 'api_key_revoked'
  when key.expires_at <= at then 'api_key_expired'
  when key.disabled_at <= at then 'api_key_disabled'
  when account.disabled_at is not null then 'account_disabled'
  when cardinality(key.ip_allowlist) > 0
    and not coalesce((caller ->> 'ip')::inet <<= any (key.ip_allowlist), false) then 'ip_not_allowed'
  when cardinality(key.domain_allowlist) > 0
    and not coalesce(gateway.domain_allowed(key.domain_allowlist, caller ->> 'domain'), false)
    then 'domain_not_allowed'
  when (scope = 'self' or gateway.covers(permissions, scope) and gateway.covers(key.scopes, scope)) is not true
    then 'insufficient_scope'
  when scope <> 'inference' then null
  when key.requests_used >= key.max_requests then 'request_limit_reached'
  when gateway.spent_in_period(key, at) >= key.spend_limit then 'spend_limit_reached'
  when cardinality(key.allowed_models) > 0 and not gateway.model_allowed(key.allowed_models, model)
    then 'model_not_allowed'
end;

-- The same as a refusal, or null.
create function gateway.key_refusal(
  account gateway.accounts, key gateway.api_keys, permissions text[], caller jsonb, scope text, model text,
  at timestamptz)
returns jsonb
language plpgsql stable
as $$
declare
  code constant text := gateway.failed_key_check(account, key, permissions, caller, scope, model, at);
begin
  if code is null then
    return null;
  end if;
  return case
    when code in ('invalid_api_key', 'api_key_revoked', 'api_key_expired', 'api_key_disabled') then gateway.refusal(401, code)
    when code = 'insufficient_scope' then gateway.refusal(403, code, jsonb_build_object('required_scope', scope))
    when code = 'request_limit_reached' then gateway.refusal(429, code, '{"should_retry": false}')
    when code = 'spend_limit_reached' then gateway.refusal(402, code)
    when code = 'model_not_allowed' then gateway.refusal(403, code, jsonb_build_object('param', 'model'))
    else gateway.refusal(403, code)
  end;
end;
$$;

-- The key that one of these hashes is of, or nothing: by its secret, else by a former one, whose end is then the key's.
create function gateway.find_key(key_hashes jsonb) returns gateway.api_keys
language plpgsql stable set search_path = ''
as $$
declare
  hashes constant text[] := array(select jsonb_array_elements_text(key_hashes));
  key gateway.api_keys;
  former gateway.former_secrets;
begin
  select * into key from gateway.api_keys where key_hash = any (hashes);
  if not found then
    select * into former from gateway.former_secrets where key_hash = any (hashes);
    if found then
      select * into key from gateway.api_keys where id = former.key_id;
      key.expires_at := least(key.expires_at, former.expires_at);
    end if;
  end if;
  return key;
end;
$$;

create type gateway.session as (account_id uuid, key_id uuid, role text);

-- Who calls, or a refusal. Every function that serves an endpoint begins with this; begin_request, whose refusals
-- are values, makes the same checks on rows it has locked.
create function gateway.authenticate(caller jsonb, scope text) returns gateway.session
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.api_keys := gateway.find_key(caller -> 'key_hashes');
  account gateway.accounts;
  permissions text[];
  refused jsonb;
  at timestamptz := gateway.now();
begin
  select * into account from gateway.accounts where id = key.account_id;
  select roles.permissions into permissions from gateway.roles where name = account.role;
  -- This is about no model: what a key may use of them is asked where one is named.
  key.allowed_models := '{}';
  refused := gateway.key_refusal(account, key, permissions, caller, scope, null, at);
  if refused is not null then
    perform gateway.refuse(refused);
  end if;
  return row (account.id, key.id, account.role)::gateway.session;
end;
$$;

-- supabase/schemas/31_trials.sql

-- Trials: once a person, and never what a plan or purchased credit stands in front of.

-- A proof of who someone is, as it is kept where the person may not be known or may have left.
create function gateway.proof_hash(kind text, value text) returns text
language sql immutable parallel safe set search_path = ''
as $$ select encode(sha256(convert_to(kind || ':' || value, 'utf8')), 'hex') $$;

-- The mailbox that an address leads to, as far as the address tells: a word behind a + is of its owner's own choice, and Google's mailboxes
-- pass over dots. So one mailbox has one trial, whatever it is called.
create function gateway.mailbox(address text) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select case when domain in ('gmail.com', 'googlemail.com') then replace(box, '.', '') || '@gmail.com' else box || '@' || domain end
  from
    (select split_part(lower(address), '@', -1) as domain) as host,
    lateral (select left(lower(address), -(length(domain) + 1)) as name) as local,
    lateral (select coalesce(nullif(split_part(name, '+', 1), ''), name) as box) as owner
$$;

-- What a person proves, as trials are told apart by it.
create function gateway.trial_proof(kind text, value text) returns text
language sql immutable parallel safe
return gateway.proof_hash(kind, case kind when 'email' then gateway.mailbox(value) else value end);

-- Marks a person as having had a trial. Answers whether nothing of what they proved was marked before.
create function gateway.claim_trial(proofs jsonb, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  hashes constant text[] := array(
    select distinct gateway.trial_proof(shown ->> 'kind', shown ->> 'value') from jsonb_array_elements(proofs) as shown);
  claimed integer;
begin
  insert into gateway.trial_claims (proof_hash, claimed_at)
    select hash, at from unnest(hashes) as hash order by hash
    on conflict do nothing;
  get diagnostics claimed = row_count;
  return claimed = cardinality(hashes);
end;
$$;

-- Undoes a claim that gateway.claim_trial has just made, of a person who had claimed none before.
create function gateway.unclaim_trial(proofs jsonb) returns void
language sql volatile set search_path = ''
as $$
  delete from gateway.trial_claims where proof_hash in (
    select gateway.trial_proof(shown ->> 'kind', shown ->> 'value') from jsonb_array_elements(proofs) as shown)
$$;

-- Whether this account's person, by what the account is known by or by what they prove now, has ever had a trial.
create function gateway.has_had_trial(account uuid, proofs jsonb) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from gateway.trial_claims where proof_hash in (
      select gateway.trial_proof(kind, value) from gateway.identities where account_id = has_had_trial.account
      union all
      select gateway.trial_proof(shown ->> 'kind', shown ->> 'value')
        from jsonb_array_elements(has_had_trial.proofs) as shown))
$$;

-- Whether an account's trial is running: its credit has not lapsed, and its limits hold unless a plan gives others.
create function gateway.trial_runs(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return coalesce(account.trial_ends_at > at, false);

-- Whether the trial is what an account calls on, so that its calls are counted against it: it is running, and neither
-- purchased credit nor a plan stands in front of it.
create function gateway.is_in_trial(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return gateway.trial_runs(account, at) and not account.has_purchased
       and coalesce(account.plan is null or account.plan_ends_at <= at, false)
       and coalesce(account.subscription_ends_at <= at, true);

-- An account's trial as every endpoint shows it; null for whoever had none.
create function gateway.trial_json(account gateway.accounts, at timestamptz) returns jsonb
language sql stable
return case when account.trial_ends_at is not null then jsonb_build_object(
  'active', gateway.trial_runs(account, at), 'ends_at', account.trial_ends_at,
  'requests_left', account.trial_requests_left) end;

-- supabase/schemas/32_limits.sql

-- The rate limits in force, as the limiter in Redis takes them.

-- The plan whose limits an account has at this moment: the one that an administrator gave, else its subscription's, else trial
-- (dev), else purchased credit (customize), else free.
create function gateway.plan_in_force(account gateway.accounts, at timestamptz) returns text
language sql immutable parallel safe
return case
  when account.plan is not null and (account.plan_ends_at is null or account.plan_ends_at > at) then account.plan
  when account.subscription_ends_at > at then account.subscription_plan
  when gateway.trial_runs(account, at) then 'dev'
  when account.has_purchased then 'customize'
  else 'free'
end;

-- THE list of the limits that the limiter counts; each is a column of gateway.plans, and a line of the table in
-- shared/src/limits/windows.rs.
create function gateway.limit_names() returns text[]
language sql immutable parallel safe
return array['requests_per_minute', 'burst', 'requests_per_hour', 'requests_per_day', 'tokens_per_minute',
             'tokens_per_day', 'concurrency'];

-- Those that begin_request counts by itself, on the account's row.
create function gateway.month_limit_names() returns text[]
language sql immutable parallel safe
return array['requests_per_month', 'tokens_per_month'];

-- The month, in UTC, whose requests and tokens are counted at a moment.
create function gateway.month_of(at timestamptz) returns date
language sql immutable parallel safe
return date_trunc('month', at at time zone 'utc')::date;

-- Whether what an account's row has counted is of the month of a moment. A month that has passed counts nothing.
create function gateway.is_in_month(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return account.month >= gateway.month_of(at);

-- Limits as a text of pairs, NAME=OF_KEY/OF_ACCOUNT for each: the plan's; `of_account`, which an operator sets in their
-- place; `of_key`, which only lower.
create function gateway.limit_pairs(plan gateway.plans, of_account jsonb, of_key jsonb, environment text)
returns text
language plpgsql immutable
as $$
declare
  planned constant jsonb := to_jsonb(plan);
  name text;
  for_account bigint;
  for_key bigint;
  pairs text := '';
begin
  foreach name in array gateway.limit_names() loop
    for_account := coalesce((of_account ->> name)::bigint, (planned ->> name)::bigint);
    -- Keys of other environments spend the same credit, so they get half: a test must not starve the live service.
    for_key := case when environment = 'live' then for_account else (for_account + 1) / 2 end;
    for_key := least(for_key, (of_key ->> name)::bigint);
    pairs := pairs || ' ' || name || '=' || for_key || '/' || for_account;
  end loop;
  return pairs;
end;
$$;

-- Most accounts and keys have no limits of their own, and every call needs the text: it is made when the plan changes.
create function gateway.word_limits() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.limits := gateway.limit_pairs(new, '{}', '{}', 'live');
  return new;
end;
$$;
create trigger word_limits before insert or update on gateway.plans
  for each row execute function gateway.word_limits();

-- The same of a plan by its name, for the few that have limits of their own: a plan's whole row, handed on, would cost every call.
create function gateway.own_limit_pairs(plan text, of_account jsonb, of_key jsonb, environment text) returns text
language plpgsql stable
as $$
begin
  return (
    select gateway.limit_pairs(whole, of_account, of_key, environment) from gateway.plans as whole where id = plan);
end;
$$;

-- The limits of a key and of its account, as one text of pairs: account=ID key=ID plan=ID, then NAME=OF_KEY/OF_ACCOUNT for each.
-- The same limits are always the same text, which is its own version: a limiter that used another text used other
-- limits. Rates are counted by a key's id: a rotation, a former secret or a new pepper is no way to a fresh window. Behind them stands
-- cache=SECONDS, where the key has answers kept (see gateway.api_keys.cache_ttl): who looks for one must know it as soon as the limits.
-- Every call needs it, so it is one expression, which Postgres puts in the caller's place.
create function gateway.word_of_limits(
  account uuid, key uuid, plan text, of_plan text, of_account jsonb, of_key jsonb, environment text, cache_ttl integer)
returns text
language sql stable parallel safe
return 'account=' || account::text || ' key=' || key::text || ' plan=' || plan || case
  when of_account = '{}' and of_key = '{}' and environment = 'live' then of_plan
  else gateway.own_limit_pairs(plan, of_account, of_key, environment)
end || coalesce(' cache=' || cache_ttl::text, '');

create function gateway.limits(account gateway.accounts, key gateway.api_keys, plan gateway.plans) returns text
language sql stable parallel safe
return gateway.word_of_limits(
  account.id, key.id, plan.id, plan.limits, account.rate_limits, key.rate_limits, key.environment, key.cache_ttl);

-- The same for people: {"account": {"requests_per_minute": …}, "key": {…}}. Read out of the text, so that nobody is
-- shown other limits than the limiter takes.
create function gateway.limits_in_force(account gateway.accounts, key gateway.api_keys, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  plan gateway.plans;
begin
  select * into plan from gateway.plans where plans.id = gateway.plan_in_force(account, at);
  return (
    select jsonb_build_object('key', jsonb_object_agg(name, split_part(figures, '/', 1)::bigint),
                              'account', jsonb_object_agg(name, split_part(figures, '/', 2)::bigint))
    from unnest(string_to_array(gateway.limits(account, key, plan), ' ')) as pair,
         lateral (select split_part(pair, '=', 1), split_part(pair, '=', 2)) as named (name, figures)
    where name = any (gateway.limit_names()));
end;
$$;

-- What an operator set of an account's limits, each by its name; null where the plan's holds.
create function gateway.limits_view(rate_limits jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_object_agg(name, rate_limits -> name)
  from unnest(gateway.limit_names() || gateway.month_limit_names()) as name
$$;

-- supabase/schemas/33_pricing.sql

-- What a call costs. The gateway computes the same figure for the response (credits/price.rs); a test holds them equal.

-- A reported token count: absent is 0, and no provider's figure may overflow a sum.
create function gateway.token_count(usage jsonb, name text) returns integer
language sql immutable parallel safe
return least(greatest(coalesce((usage ->> name)::numeric, 0), 0), 1000000000)::integer;

-- The same of any count.
create function gateway.clamp(count numeric) returns numeric
language sql immutable parallel safe
return least(greatest(coalesce(count, 0), 0), 1000000000);

create function gateway.read_usage(usage jsonb) returns gateway.usage
language plpgsql immutable parallel safe
as $$
declare
  u constant gateway.usage := jsonb_populate_record(null::gateway.usage, usage);
begin
  return (
    gateway.clamp(u.prompt), gateway.clamp(u.cached), gateway.clamp(u.written), gateway.clamp(u.written_long),
    gateway.clamp(u.image_input), gateway.clamp(u.audio_input), gateway.clamp(u.completion), gateway.clamp(u.reasoning),
    gateway.clamp(u.image_output), gateway.clamp(u.audio_output), gateway.clamp(u.images), gateway.clamp(u.searches),
    gateway.clamp(u.milliseconds), gateway.clamp(u.characters))::gateway.usage;
end;
$$;

-- A frozen price for a prompt of this length: at the highest of the tiers that lie strictly below it.
create function gateway.in_tier(price jsonb, prompt numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (price - 'tiers') || coalesce((
    select tier from jsonb_array_elements(price -> 'tiers') as tier
    where (tier ->> 'above')::bigint < prompt order by (tier ->> 'above')::bigint desc limit 1), '{}');
end;
$$;

-- The price of each kind for a prompt of this length; a kind of token that has none costs what its prompt or completion does.
create function gateway.read_price(price jsonb, prompt numeric) returns gateway.price
language plpgsql immutable parallel safe
as $$
declare
  p constant gateway.price := jsonb_populate_record(
    null::gateway.price, case when price ? 'tiers' then gateway.in_tier(price, prompt) else price end);
begin
  return (
    p.prompt, coalesce(p.cached, p.prompt), coalesce(p.written, p.prompt), coalesce(p.written_long, p.written, p.prompt),
    coalesce(p.image_input, p.prompt), coalesce(p.audio_input, p.prompt), p.completion, coalesce(p.reasoning, p.completion),
    coalesce(p.image_output, p.completion), coalesce(p.audio_output, p.completion), p.request, coalesce(p.image, 0),
    coalesce(p.search, 0), coalesce(p.second, 0), coalesce(p.character, 0), null)::gateway.price;
end;
$$;

-- Parts of a total that are together more than it: the dearer ones are believed, one after the other, until nothing is left.
create function gateway.believed(total numeric, parts numeric[], prices bigint[]) returns numeric[]
language plpgsql immutable parallel safe
as $$
declare
  room numeric := total;
  part integer;
begin
  for part in select place from unnest(prices) with ordinality as priced (price, place) order by price desc, place loop
    parts[part] := least(parts[part], room);
    room := room - parts[part];
  end loop;
  return parts;
end;
$$;

-- A usage whose parts are together no more than what they are parts of.
create function gateway.believe(u gateway.usage, p gateway.price) returns gateway.usage
language plpgsql immutable parallel safe
as $$
declare
  written numeric := greatest(u.written - u.written_long, 0);
  parts numeric[];
begin
  if u.cached + written + u.written_long + u.image_input + u.audio_input > u.prompt then
    parts := gateway.believed(
      u.prompt, array[u.cached, written, u.written_long, u.image_input, u.audio_input],
      array[p.cached, p.written, p.written_long, p.image_input, p.audio_input]);
    u.cached := parts[1]; u.written := parts[2] + parts[3]; u.written_long := parts[3];
    u.image_input := parts[4]; u.audio_input := parts[5];
  end if;
  if u.reasoning + u.image_output + u.audio_output > u.completion then
    parts := gateway.believed(
      u.completion, array[u.reasoning, u.image_output, u.audio_output], array[p.reasoning, p.image_output, p.audio_output]);
    u.reasoning := parts[1]; u.image_output := parts[2]; u.audio_output := parts[3];
  end if;
  return u;
end;
$$;

-- Millionths of nano-dollars as what is charged: with the markup in basis points, rounded up once. The last factor is a product
-- on purpose: a quotient of numerics is rounded to 16 digits before it is rounded up.
-- Its argument stands there once, so that Postgres puts it in the caller's place; of what is not known it makes the most.
create function gateway.charge(millionths numeric, markup integer) returns bigint
language sql immutable parallel safe
return least(9223372036854775807, ceil(millionths * markup * 0.0000000001))::bigint;

-- The markup of a call under a plan, in basis points: what both make of a price. A part of one is rounded up.
create function gateway.plan_markup(markup integer, factor integer) returns integer
language sql immutable parallel safe
return case when factor = 10000 then markup else ceil(markup::bigint * factor * 0.0001)::integer end;

-- The one formula: what a usage costs at a candidate's frozen price. Null if a price that every call has is not known, which is
-- not free.
create function gateway.cost(price jsonb, usage jsonb, markup integer) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  u gateway.usage := gateway.read_usage(usage);
  p constant gateway.price := gateway.read_price(price, u.prompt);
  written numeric;
begin
  if p.prompt + p.completion + p.request + markup is null then
    return null;
  end if;
  u := gateway.believe(u, p);
  written := greatest(u.written - u.written_long, 0);
  return gateway.charge(
    (u.prompt - u.cached - written - u.written_long - u.image_input - u.audio_input) * p.prompt
    + u.cached * p.cached + written * p.written + u.written_long * p.written_long
    + u.image_input * p.image_input + u.audio_input * p.audio_input
    + (u.completion - u.reasoning - u.image_output - u.audio_output) * p.completion
    + u.reasoning * p.reasoning + u.image_output * p.image_output + u.audio_output * p.audio_output
    + (p.request + u.images * p.image + u.searches * p.search) * 1000000
    + u.milliseconds * p.second * 1000 + u.characters * p.character,
    markup);
end;
$$;

-- The same for what nearly every call is: text, of which some may be cached, at a price that has no tiers and no price of its own for
-- what is thought, as its caller knows. One expression, which is put in its caller's place. Null where the parts are more than the
-- prompt or a price is not known: then gateway.cost has the word.
create function gateway.text_cost(
  prompt_price bigint, cached_price bigint, written_price bigint, completion_price bigint, request_price bigint,
  prompt integer, cached integer, written integer, completion integer, markup integer)
returns bigint
language sql immutable parallel safe
return case when cached::bigint + written <= prompt then nullif(gateway.charge(
  (prompt - cached - written) * prompt_price::numeric + cached * coalesce(cached_price, prompt_price)::numeric
  + written * coalesce(written_price, prompt_price)::numeric + completion * completion_price::numeric
  + request_price::numeric * 1000000,
  markup), 9223372036854775807) end;

-- The units of a usage of which there are more than a call was held for (units, as of gateway.price_call).
create function gateway.exceeding(usage jsonb, units jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return coalesce((
    select jsonb_object_agg(name, (usage ->> name)::numeric)
    from unnest('{images,searches,milliseconds,characters}'::text[]) as name
    where (usage ->> name)::numeric > coalesce((units ->> name)::numeric, 0)), '{}');
end;
$$;

-- As many of these units as a call was held for.
create function gateway.bounds(exceeding jsonb, units jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (
    select jsonb_object_agg(name, coalesce(units -> name, '0')) from jsonb_object_keys(exceeding) as name);
end;
$$;

-- supabase/schemas/33_pricing_calls.sql

-- What a call may cost, before it is made: the routes that can serve it, their frozen prices, and the hold at the dearest.

-- A call and the routes that may serve it: the routes with their prices of this moment, cheapest first, as the answer
-- has them; the hold at the dearest of them; and the dearest price of each kind, request_price with all that is no token.
create type gateway.priced_call as (
  candidates jsonb, amount bigint, prompt_price bigint, completion_price bigint, request_price bigint);

-- One of the routes, with the dearest of its prices that the answer can reach.
create type gateway.priced_route as (
  candidate jsonb, prompt_price bigint, completion_price bigint, request_price bigint);

-- Whether a window of prices (gateway.model_routes.windows) is open at a moment. Past midnight it is that of the day before.
create function gateway.is_open(price_window jsonb, at timestamptz) returns boolean
language plpgsql immutable
as $$
declare
  utc constant timestamp := at at time zone 'utc';
  opens constant time := price_window ->> 'from';
  closes constant time := price_window ->> 'until';
  today constant boolean := not price_window ? 'days' or price_window -> 'days' @> to_jsonb(extract(isodow from utc));
  yesterday constant boolean :=
    not price_window ? 'days' or price_window -> 'days' @> to_jsonb(extract(isodow from utc - interval '1 day'));
begin
  return case when opens < closes then today and utc::time >= opens and utc::time < closes
              else (today and utc::time >= opens) or (yesterday and utc::time < closes) end;
end;
$$;

-- A price at a moment: of the windows that are open then, the later in the list has the last word.
create function gateway.price_at(price jsonb, windows jsonb, at timestamptz) returns jsonb
language plpgsql immutable
as $$
declare
  price_window jsonb;
begin
  for price_window in select * from jsonb_array_elements(windows) loop
    if gateway.is_open(price_window, at) then
      price := price || (price_window - '{from,until,days}'::text[]);
    end if;
  end loop;
  return price;
end;
$$;

-- The moments at which a price can be another within so many seconds: now, and whenever a window opens or closes.
create function gateway.price_moments(windows jsonb, at timestamptz, seconds double precision) returns setof timestamptz
language sql stable set search_path = ''
as $$
  select at
  union
  select moment
  from jsonb_array_elements(windows) as price_window,
    generate_series((at at time zone 'utc')::date, (at + make_interval(secs => seconds)) at time zone 'utc', '1 day') as day,
    lateral (values ((day + (price_window ->> 'from')::time) at time zone 'utc'),
                    ((day + (price_window ->> 'until')::time) at time zone 'utc')) as bounds (moment)
  where moment > at and moment <= at + make_interval(secs => seconds)
$$;

-- A price by which a route can serve a call: of the kinds that the call can have, the dearest in any tier that its prompt can
-- reach. `units` is the call's (see gateway.price_call).
create function gateway.dearest(candidate jsonb, call jsonb, units jsonb, prompt bigint) returns gateway.priced_route
language plpgsql stable
as $$
declare
  outputs constant jsonb := coalesce(nullif(units -> 'outputs', 'null'), '[]');
  asked constant gateway.usage := gateway.read_usage(units);
  tier jsonb;
  p gateway.price;
  dearest gateway.priced_route := (candidate, 0, 0, 0);
begin
  for tier in
    select '{}' union all
    select element from jsonb_array_elements(coalesce(candidate -> 'tiers', '[]')) as element
    where (element ->> 'above')::bigint < prompt
  loop
    p := gateway.read_price((candidate - 'tiers') || tier, prompt);
    dearest.prompt_price := greatest(
      dearest.prompt_price, p.prompt, p.cached, p.written,
      case when units ->> 'long_cache' = 'true' then p.written_long end,
      case when call -> 'modalities' ? 'image' then p.image_input end,
      case when call -> 'modalities' ? 'audio' then p.audio_input end);
    dearest.completion_price := greatest(
      dearest.completion_price, p.completion, p.reasoning, p.image_output,
      case when outputs ? 'audio' then p.audio_output end);
    dearest.request_price := greatest(
      dearest.request_price,
      least(9223372036854775807,
        p.request + asked.images * p.image + asked.searches * p.search
        + ceil(asked.milliseconds * p.second * 0.001) + ceil(asked.characters * p.character * 0.000001)));
  end loop;
  return dearest;
end;
$$;

-- A route for a call that plain prices do not price: frozen at the price of the moment, or, if a window opens or closes while the
-- call may run, at the dearest of these moments. Null if it has no price for what the call asks.
create function gateway.price_route(
  route gateway.model_routes, call jsonb, prompt bigint, output bigint, at timestamptz)
returns gateway.priced_route
language plpgsql stable
as $$
declare
  units constant jsonb := coalesce(nullif(call -> 'units', 'null'), '{}');
  asked constant gateway.usage := gateway.read_usage(units);
  frozen jsonb := route.candidate;
  moment timestamptz;
  at_moment gateway.priced_route;
  dearest gateway.priced_route;
begin
  -- A unit is paid for by itself or by the call's tokens; what is paid for by neither is not free.
  if route.prompt_price + route.completion_price = 0 and (
    (asked.images > 0 and coalesce(route.image_price, route.image_output_price) is null and route.image_prices is null)
    or (asked.searches > 0 and route.search_price is null)
    or (asked.milliseconds > 0 and coalesce(route.second_price, route.audio_input_price) is null)
    or (asked.characters > 0 and coalesce(route.character_price, route.audio_output_price) is null)) then
    return null;
  end if;
  if units -> 'outputs' ? 'image' and asked.images = 0 and (route.image_price is not null or route.image_prices is not null) then
    -- Of the pictures within an answer nobody knows before how many there are.
    return null;
  end if;
  if route.image_prices is not null then
    -- A size and quality that is not in the list may be the dearest.
    frozen := frozen || jsonb_build_object('image', coalesce(
      (route.image_prices ->> (units ->> 'image'))::bigint, route.image_price,
      (select max(price::bigint) from jsonb_each_text(route.image_prices) as listed (image, price))));
  end if;
  if route.prompt_image_price is not null then
    -- How many there are is known, whatever comes of the call.
    frozen := frozen || jsonb_build_object(
      'request', route.request_price + route.prompt_image_price * (call ->> 'images')::bigint);
  end if;
  if route.windows is null then
    return gateway.dearest(frozen, call, units, prompt);
  end if;
  for moment in
    select * from gateway.price_moments(route.windows, at, (call ->> 'hold_seconds')::double precision)
  loop
    at_moment := gateway.dearest(gateway.price_at(frozen, route.windows, moment), call, units, prompt);
    if dearest.candidate is null
      or prompt::numeric * at_moment.prompt_price + output::numeric * at_moment.completion_price
         + at_moment.request_price::numeric * 1000000
       > prompt::numeric * dearest.prompt_price + output::numeric * dearest.completion_price
         + dearest.request_price::numeric * 1000000 then
      dearest := at_moment;
    end if;
  end loop;
  return dearest;
end;
$$;

-- What so many tokens cost at these prices.
create function gateway.most_charged(
  prompt bigint, prompt_price bigint, output bigint, completion_price bigint, request_price bigint, markup integer)
returns bigint
language sql immutable parallel safe
return gateway.charge(
  least(prompt, 1000000000)::numeric * prompt_price + least(output, 1000000000)::numeric * completion_price
  + request_price::numeric * 1000000, markup);

-- Whether a route costs no more than its caller wishes. most: prompt, completion (of a million tokens), request, image (in the prompt),
-- each in nano-dollars; what is absent, or has no price, is not too dear.
create function gateway.is_within(route gateway.model_routes, most jsonb) returns boolean
language sql immutable parallel safe
return coalesce(route.prompt_price <= (most ->> 'prompt')::bigint, true)
  and coalesce(route.completion_price <= (most ->> 'completion')::bigint, true)
  and coalesce(route.request_price <= (most ->> 'request')::bigint, true)
  and coalesce(route.prompt_image_price <= (most ->> 'image')::bigint, true);

-- Prices a call (as of begin_request) for a model: `prompt` is its bound and `output` its limit, all choices together. A prompt
-- token may turn out new, cached or written into the cache, so it is held at the dearest of these; pictures, sound and a long
-- cache count where the call has them.
-- call.units, null for a call of text: outputs (what the answer may have besides text: image, audio), long_cache (whether
-- it asks for one), and the most of each unit that it can use: images, searches, milliseconds, characters; `image` is the size
-- and quality of each, as of model_routes.image_prices.
-- No route that is priced: no candidates. call.hedged: whether another may be asked beside, for which it is held, too; then
-- request_price has what the prompt costs there.
create function gateway.price_call(
  model text, call jsonb, prompt bigint, output bigint, markup integer, at timestamptz)
returns gateway.priced_call
language plpgsql stable
as $$
declare
  providers constant jsonb := call -> 'providers';
  is_plain constant boolean := call -> 'modalities' = '[]' and coalesce(call -> 'units', 'null') = 'null';
  priced gateway.priced_call;
begin
  select
    jsonb_agg((route).candidate order by cheapness, provider),
    max(gateway.most_charged(
      prompt, (route).prompt_price, output, (route).completion_price, (route).request_price, markup)),
    max((route).prompt_price), max((route).completion_price), max((route).request_price)
    into priced
    from (
      select
        r.provider, r.prompt_price + r.completion_price as cheapness,
        case when is_plain and prompt <= r.plain_up_to
          then (r.candidate, greatest(r.prompt_price, r.cached_price, r.written_price),
                greatest(r.completion_price, r.reasoning_price), r.request_price)::gateway.priced_route
          else gateway.price_route(r, call, prompt, output, at) end as route
      from gateway.model_routes as r
      where r.model_id = model and r.enabled and providers ? r.provider
        and r.prompt_price is not null and r.completion_price is not null
        and (not call ? 'wishes' or gateway.meets(r, call -> 'wishes'))
      -- Not to be merged into the query around it, which would price each route once a column.
      offset 0
    ) as routes
    where (route).candidate is not null;
  if call ->> 'hedged' = 'true' and jsonb_array_length(priced.candidates) > 1 then
    -- Of another that is asked beside and dropped the prompt is charged, rounded up by itself.
    priced.amount := priced.amount + gateway.most_charged(
      prompt, priced.prompt_price, 0, 0, priced.request_price + 1, markup);
    priced.request_price := 2 * priced.request_price + 2 + ceil(prompt * priced.prompt_price * 0.000001)::bigint;
  end if;
  return priced;
end;
$$;

-- How many output tokens, over all choices, `credit` surely buys after the prompt; a billion stands for any number.
create function gateway.affordable_output(priced gateway.priced_call, prompt bigint, credit bigint, markup integer)
returns bigint
language sql immutable parallel safe
return case
  when priced.completion_price = 0 then 1000000000
  else least(1000000000, div(
    div(credit * 10000000000::numeric, greatest(markup, 1)) - priced.prompt_price * prompt::numeric
    - priced.request_price::numeric * 1000000, priced.completion_price))::bigint
end;

-- The output limit that a call is priced with while its client has set none.
create function gateway.smallest_output() returns bigint
language sql immutable parallel safe
return 256;

-- The output limit of a choice where the client has set none: 4 096 tokens or what a quarter of the credit buys, if that is more;
-- never beyond the credit.
create function gateway.choose_output(
  priced gateway.priced_call, prompt bigint, credit bigint, max_output bigint, choices bigint, markup integer)
returns bigint
language plpgsql immutable
as $$
declare
  usual_output constant bigint := 4096;
begin
  return greatest(least(gateway.smallest_output(), max_output), least(
    max_output, gateway.affordable_output(priced, prompt, credit, markup) / choices,
    greatest(usual_output, gateway.affordable_output(priced, 0, credit / 4, markup) / choices)));
end;
$$;

-- supabase/schemas/33_route_wishes.sql

-- What a caller wishes of the routes that may serve a call: `wishes` of begin_request, with max_price (see gateway.is_within),
-- parameters (all of which a route must take), quantizations (one of which it must have) and data_policy (the least that it must
-- promise). A call without wishes costs nothing more.

-- Whether a route is as it is wished. Checked against the catalog of this moment, as the price is.
create function gateway.meets(route gateway.model_routes, wishes jsonb) returns boolean
language plpgsql stable
as $$
begin
  return gateway.is_within(route, wishes -> 'max_price')
    and (not wishes ? 'quantizations' or wishes -> 'quantizations' ? route.quantization)
    and (not wishes ? 'data_policy' or route.data_policy = 'zdr' or route.data_policy = wishes ->> 'data_policy')
    and (not wishes ? 'parameters' or to_jsonb(
      gateway.parameters_of_route((select whole from gateway.models as whole where id = route.model_id), route))
        @> (wishes -> 'parameters'));
end;
$$;

-- Of the providers that the caller allows those whose route is as it is wished: what a key of the caller's own may be used at.
-- What it costs there is between the caller and the provider.
create function gateway.allowed_providers(model text, call jsonb) returns jsonb
language plpgsql stable
as $$
begin
  if not call ? 'wishes' then
    return call -> 'allowed';
  end if;
  return (
    select coalesce(jsonb_agg(r.provider), '[]')
    from gateway.model_routes as r
    where r.model_id = model and gateway.allows(call -> 'allowed', r.provider) and gateway.meets(r, (call -> 'wishes') - 'max_price'));
end;
$$;

-- The refusal of a call that no route serves as it is wished: which wishes, and the parameters that none of its routes takes.
create function gateway.unmet_wishes(model gateway.models, call jsonb) returns jsonb
language plpgsql stable
as $$
declare
  wishes constant jsonb := call -> 'wishes';
  not_taken constant text[] := array(
    select wished from jsonb_array_elements_text(wishes -> 'parameters') as wished
    where not exists (
      select from gateway.model_routes as r
      where r.model_id = model.id and r.enabled and call -> 'providers' ? r.provider
        and wished = any (gateway.parameters_of_route(model, r)))
    order by wished);
begin
  return gateway.refusal(503, 'no_provider', jsonb_strip_nulls(jsonb_build_object(
    'param', 'provider', 'not_taken', case when not_taken <> '{}' then to_jsonb(not_taken) end,
    'message', format('No provider serves %s as `provider` wishes: %s. GET /v1/models/%s/endpoints tells what each is like.',
      model.id, concat_ws('; ',
        case when wishes ? 'max_price' then '`max_price` is in US dollars of a million tokens' end,
        case when not_taken <> '{}' then '`require_parameters`, and none takes ' || array_to_string(not_taken, ', ')
             when wishes ? 'parameters' then '`require_parameters`, and no single one takes all of them' end,
        case when wishes ? 'quantizations' then '`quantizations`' end,
        case wishes ->> 'data_policy' when 'zdr' then '`zdr`' when 'private' then '`data_collection`' end),
      model.id))));
end;
$$;

-- supabase/schemas/34_find_model.sql

-- Which model a caller means, and what is told where there is none.

-- A model's name without what clients vary in it: case, points for hyphens, a snapshot's date or `latest` at the end.
create function gateway.model_key(name text) returns text
language sql immutable parallel safe
return regexp_replace(replace(lower(name), '.', '-'), '-([0-9]{8}|latest)$', '');

-- Both ways in which a model can be meant.
create index models_by_key on gateway.models (gateway.model_key(id)) where enabled;
create index models_by_bare_key on gateway.models (gateway.model_key(substr(id, strpos(id, '/') + 1))) where enabled;
create unique index model_aliases_by_key on gateway.model_aliases (gateway.model_key(alias));

-- The model that is called so, or that an alias means, or the only one that is meant by it: clients leave out the developer, or write
-- the name as the developer's own API has it. Nothing where several could be meant. Allowlist, price and route go by the model that is
-- found here, however it was called.
create function gateway.find_model(asked text) returns gateway.models
language plpgsql stable set search_path = ''
as $$
declare
  key constant text := gateway.model_key(asked);
  model gateway.models;
  meant text[];
begin
  select * into model from gateway.models where id = asked and enabled;
  if found then
    return model;
  end if;
  select m.* into model
    from gateway.model_aliases a join gateway.models m on m.id = a.model_id and m.enabled
    where gateway.model_key(a.alias) = key;
  if found then
    return model;
  end if;
  meant := array(
    select id from gateway.models where enabled and gateway.model_key(id) = key
    union
    select id from gateway.models where enabled and gateway.model_key(substr(id, strpos(id, '/') + 1)) = key
    limit 2);
  if cardinality(meant) = 1 then
    select * into model from gateway.models where id = meant[1];
  end if;
  return model;
end;
$$;

-- The refusal of a model that is none, with those whose names have most words in common with it.
create function gateway.no_such_model(asked text) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  words constant text[] := regexp_split_to_array(gateway.model_key(asked), '[^a-z0-9]+');
  near text[];
begin
  near := array(
    select id
    from (
      select id, (select count(*) from unnest(regexp_split_to_array(gateway.model_key(id), '[^a-z0-9]+')) as word
                  where word <> '' and word = any (words)) as shared
      from gateway.models where enabled
    ) as scored
    where shared > 0 order by shared desc, abs(length(id) - length(asked)), id limit 3);
  if near = '{}' then
    return gateway.refusal(404, 'model_not_found', '{"param": "model"}');
  end if;
  return gateway.refusal(404, 'model_not_found', jsonb_build_object(
    'param', 'model', 'suggestions', to_jsonb(near),
    'message', format('There is no such model; did you mean %s? GET /v1/models lists them.',
                      array_to_string(near, ' or '))));
end;
$$;

-- supabase/schemas/34_own_keys.sql

-- A call of an account that has keys of its own at the model's providers goes there with these, and costs nothing here, unless the
-- operator charges a fee for it.

-- Own keys may serve a call (keys: a list in the order in which they are asked, each with id, provider, ciphertext and version).
-- fee: what is charged for that, in basis points of what the call would have cost here. falls_back: whether the gateway's own
-- account may serve where they cannot.
create type gateway.own_keys as (keys jsonb, fee integer, falls_back boolean);

-- Whether a caller lets a provider serve a call: one of a list, or `true`, which lets all of them.
create function gateway.allows(allowed jsonb, provider text) returns boolean
language sql immutable parallel safe
return allowed = 'true' or allowed ? provider;

-- The caller's own keys for a call: those at providers that have the model, of the ones that the caller allows; `keys` is null if
-- there is none. The calls that own keys have served this month are beyond the operator's allowance, or they cost nothing.
-- call: allowed, and own_key_fee: basis_points, free_monthly.
create function gateway.own_keys_for(account gateway.accounts, key_id uuid, model text, call jsonb)
returns gateway.own_keys
language sql stable set search_path = ''
as $$
  select
    jsonb_agg(
      jsonb_build_object('id', k.id, 'provider', k.provider, 'ciphertext', k.ciphertext, 'version', k.key_version)
      order by k.is_fallback, k.priority, r.prompt_price + r.completion_price nulls last, k.provider, k.created_at, k.id),
    case when account.month_own_requests >= (call #>> '{own_key_fee,free_monthly}')::bigint
      then (call #>> '{own_key_fee,basis_points}')::integer else 0 end,
    coalesce(bool_and(k.gateway_fallback), false)
  from gateway.provider_keys as k
  join gateway.model_routes as r on r.model_id = own_keys_for.model and r.provider = k.provider and r.enabled
  where k.account_id = account.id and k.disabled_at is null and gateway.allows(call -> 'allowed', k.provider)
    and (k.allowed_keys = '{}' or own_keys_for.key_id = any (k.allowed_keys))
    and (k.allowed_models = '{}' or gateway.model_allowed(k.allowed_models, own_keys_for.model))
$$;

-- The routes that own keys open, in the order of the keys; each with its key (own_key), what is charged instead of the markup, and
-- the most that can be (ceiling). `priced` are those of them that have a price for the call. Without a fee, or a price to reckon it
-- from, all of a route's prices are 0, so that the hold and the settle of such a call are those of a free model. By which units it
-- sells is said all the same, since what it is asked goes by that.
create function gateway.own_candidates(model text, keys jsonb, priced gateway.priced_call, fee_markup integer) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_agg(
    coalesce(
      frozen || jsonb_build_object('markup', fee_markup, 'ceiling', priced.amount),
      jsonb_build_object('provider', r.provider, 'model', r.upstream_model, 'prompt', 0, 'cached', 0, 'written', 0,
                         'completion', 0, 'request', 0, 'ceiling', 0)
      || jsonb_strip_nulls(jsonb_build_object(
        'image', case when r.image_price is not null or r.image_prices is not null then 0 end, 'search', 0 * r.search_price,
        'second', 0 * r.second_price, 'character', 0 * r.character_price)))
    || jsonb_build_object('own_key', key -> 'id')
    order by place)
  from jsonb_array_elements(keys) with ordinality as listed (key, place)
  join gateway.model_routes as r
    on r.model_id = own_candidates.model and r.provider = listed.key ->> 'provider' and r.enabled
  left join jsonb_array_elements(priced.candidates) as frozen_routes (frozen) on frozen ->> 'provider' = r.provider
$$;

-- A call that own keys may serve, one provider at a time: the hold covers the dearest that can happen, be it the fee or, where the gateway's own account may
-- serve behind them, its price.
create function gateway.price_own_call(
  own gateway.own_keys, model text, call jsonb, prompt bigint, output bigint, markup integer, at timestamptz)
returns gateway.priced_call
language plpgsql stable
as $$
declare
  fee_markup constant integer := gateway.plan_markup(markup, own.fee);
  priced gateway.priced_call := (null, 0, 0, 0, 0);
  ours gateway.priced_call;
begin
  if own.fee > 0 then
    -- What the caller would pay us at most says nothing of what the provider may take from him.
    priced := gateway.price_call(
      model, (call - 'hedged') #- '{wishes,max_price}' || jsonb_build_object('providers', jsonb_path_query_array(own.keys, '$[*].provider')),
      prompt, output, fee_markup, at);
    priced.amount := coalesce(priced.amount, 0);
    priced.prompt_price := coalesce(priced.prompt_price, 0);
    priced.completion_price := coalesce(priced.completion_price, 0);
    priced.request_price := coalesce(priced.request_price, 0);
  end if;
  priced.candidates := gateway.own_candidates(model, own.keys, priced, fee_markup);
  if own.falls_back then
    ours := gateway.price_call(model, call - 'hedged', prompt, output, markup, at);
    if ours.candidates is not null then
      return (
        priced.candidates || ours.candidates, greatest(priced.amount, ours.amount),
        greatest(priced.prompt_price, ours.prompt_price), greatest(priced.completion_price, ours.completion_price),
        greatest(priced.request_price, ours.request_price))::gateway.priced_call;
    end if;
  end if;
  return priced;
end;
$$;

-- The markup at which such a call buys tokens of the prices in its gateway.priced_call, at most.
create function gateway.own_markup(own gateway.own_keys, markup integer) returns integer
language sql immutable parallel safe
return case when own.falls_back then markup else gateway.plan_markup(markup, own.fee) end;

-- The keys as the gateway opens them: Fernet tokens by the keys' ids.
create function gateway.own_tokens(keys jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_object_agg(key ->> 'id', key - '{id,provider}'::text[]), '{}')
  from jsonb_array_elements(keys) as key
$$;

-- supabase/schemas/34_say_due.sql

-- What a transaction has queued is told with its answer (PostgREST sends what stands in `response.headers`), so that the gateway sends it
-- right behind the act, and not only by a cron job.

-- Sets a header of the answer. What two values were told of is told of as `several`.
create function gateway.say_due(header text, told text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  said jsonb;
begin
  select coalesce(jsonb_object_agg(named.key, named.value), '{}') into said
    from jsonb_array_elements(coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb) as entry,
      jsonb_each(entry) as named;
  said := said || jsonb_build_object(header, case when said ->> header <> told then 'several' else told end);
  perform set_config('response.headers',
    (select jsonb_agg(jsonb_build_object(named.key, named.value)) from jsonb_each(said) as named)::text, true);
end;
$$;

-- supabase/schemas/35_credits.sql

-- How credit is given, reserved, spent and lapses. Each function here expects the account's row to be locked by its
-- caller, and is handed that row; it changes the row's value in its caller through inout.

-- Adds a grant and its ledger row. It repays debt first, as far as it may (see repay_debt).
create function gateway.grant_credit(
  inout account gateway.accounts, source text, amount bigint, expires_at timestamptz, description text,
  at timestamptz, out grant_id bigint)
language plpgsql set search_path = ''
as $$
begin
  insert into gateway.credit_grants (account_id, source, amount, remaining, expires_at, created_at)
    values (account.id, grant_credit.source, grant_credit.amount, grant_credit.amount, grant_credit.expires_at, at)
    returning id into grant_id;
  account.balance := account.balance + amount;
  account.next_expiry := least(account.next_expiry, grant_credit.expires_at);
  account.has_purchased := account.has_purchased or source = 'purchase';
  account.alert_at := gateway.alert_after_rise(account);
  insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, description, created_at)
    values (account.id, case source when 'admin' then 'admin_credit' else source end, grant_credit.amount, grant_id,
            account.balance, grant_credit.description, at);
  update gateway.accounts set
    balance = account.balance, next_expiry = account.next_expiry, has_purchased = account.has_purchased,
    alert_at = account.alert_at
    where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;

-- What new holds may reserve: unexpired grants less everything reserved. Holds that older, expired grants will pay
-- are counted here too, which is on the safe side until they are settled.
create function gateway.available(account gateway.accounts, at timestamptz) returns bigint
language plpgsql stable
as $$
declare
  unexpired bigint := account.balance + account.debt;
begin
  if account.next_expiry <= at then
    select coalesce(sum(remaining), 0) into unexpired from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > at);
  end if;
  return greatest(unexpired - account.held, 0);
end;
$$;

-- Takes up to `amount` from the live grants that had not expired at `valid_at`, in the order of spending, and
-- writes a ledger row for each. Returns what was taken. The grants need no lock of their own: the account's is held.
create function gateway.spend(
  inout account gateway.accounts, amount bigint, type text, call uuid, description text, sources text[],
  valid_at timestamptz, at timestamptz, out taken bigint)
language plpgsql
as $$
declare
  credit record;
  part bigint;
begin
  taken := 0;
  while taken < amount loop
    select id, remaining into credit from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > valid_at)
        and (sources is null or source = any (sources))
      order by expires_at nulls last, id
      limit 1;
    exit when not found;
    part := least(credit.remaining, amount - taken);
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = credit.id;
    taken := taken + part;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (account.id, spend.type, -part, credit.id, call, account.balance, spend.description, at);
    if part = credit.remaining then
      account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
    end if;
  end loop;
end;
$$;

-- Records money owed, for calls (`usage`) or for a payment that was refunded (`money_back`): the ledger row has no grant.
create function gateway.take_on_debt(
  inout account gateway.accounts, amount bigint, type text, call uuid, description text, at timestamptz)
language plpgsql set search_path = ''
as $$
begin
  if amount <= 0 then
    return;
  end if;
  account.balance := account.balance - amount;
  account.debt := account.debt + amount;
  if type = 'money_back' then
    account.refund_debt := account.refund_debt + amount;
  end if;
  insert into gateway.credit_transactions
    (account_id, type, amount, call_id, balance_after, description, created_at)
    values (account.id, take_on_debt.type, -take_on_debt.amount, call, account.balance, take_on_debt.description, at);
end;
$$;

-- Pays up to `owed` of a debt of this type from these sources (null: any), out of what no open hold reserves. The balance
-- stays what it is: the debt's row is reversed and the grant that pays gets its own.
create function gateway.repay(
  inout account gateway.accounts, owed bigint, type text, sources text[], at timestamptz, out paid bigint)
language plpgsql set search_path = ''
as $$
declare
  payment record;
begin
  payment := gateway.spend(
    account, least(owed, gateway.available(account, at)), type, null, 'debt repaid', sources, at, at);
  account := payment.account;
  paid := payment.taken;
  if paid > 0 then
    account.debt := account.debt - paid;
    account.balance := account.balance + paid;
    insert into gateway.credit_transactions (account_id, type, amount, balance_after, description, created_at)
      values (account.id, repay.type, paid, account.balance, 'debt repaid', at);
  end if;
end;
$$;

-- Pays debt out of what no open hold reserves. What calls have cost is paid by any credit, since any could have paid the
-- call. A payment that was refunded is not paid by credit that was a gift (trial, coupon, referral): it would become money.
create function gateway.repay_debt(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  repaid record;
  former constant bigint := account.debt;
begin
  if account.debt = 0 then
    return;
  end if;
  if account.debt > account.refund_debt then
    repaid := gateway.repay(account, account.debt - account.refund_debt, 'usage', null, at);
    account := repaid.account;
  end if;
  if account.refund_debt > 0 then
    repaid := gateway.repay(
      account, account.refund_debt, 'money_back', array['purchase', 'admin', 'subscription', 'credit_back'], at);
    account := repaid.account;
    account.refund_debt := account.refund_debt - repaid.paid;
  end if;
  if account.debt < former then
    update gateway.accounts set
      balance = account.balance, debt = account.debt, refund_debt = account.refund_debt,
      next_expiry = account.next_expiry
      where id = account.id;
  end if;
end;
$$;

-- Lapses grants that have expired, unless a hold placed before their expiry is still open and may spend them.
create function gateway.lapse(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  oldest_hold timestamptz;
  expired record;
begin
  if account.next_expiry is null or account.next_expiry > at then
    return;
  end if;
  select min(created_at) into oldest_hold
    from gateway.holds where account_id = account.id and state = 'open' and amount > 0;
  for expired in
    select id, remaining from gateway.credit_grants
      where account_id = account.id and live and expires_at <= at
        and (oldest_hold is null or oldest_hold >= expires_at)
      order by expires_at, id
      for update
  loop
    update gateway.credit_grants set remaining = 0, live = false where id = expired.id;
    account.balance := account.balance - expired.remaining;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, created_at)
      values (account.id, 'expiry', -expired.remaining, expired.id, account.balance, at);
  end loop;
  account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  update gateway.accounts set balance = account.balance, next_expiry = account.next_expiry where id = account.id;
end;
$$;

-- Releases the account's holds that are past their time: the function that placed them died. The rows stay, so that
-- a late settle still counts. Such a call has been made, so its key's use is counted here.
create function gateway.release_overdue(inout account gateway.accounts, at timestamptz)
language plpgsql
as $$
declare
  overdue record;
begin
  for overdue in
    update gateway.holds set state = 'swept'
      where account_id = account.id and state = 'open' and expires_at <= at
      returning key_id, amount, created_at
  loop
    account.held := account.held - overdue.amount;
    update gateway.api_keys set
      requests_used = requests_used + 1, last_used_at = greatest(last_used_at, overdue.created_at)
      where id = overdue.key_id;
  end loop;
  account.next_overdue := (
    select min(expires_at) from gateway.holds where account_id = account.id and state = 'open');
  update gateway.accounts set held = account.held, next_overdue = account.next_overdue where id = account.id;
end;
$$;

-- Whether time has done anything to an account since it was last looked at. One expression, which is put in its caller's
-- place: to nearly every call it has done nothing, and then catch_up need not be called with the whole row.
create function gateway.is_behind(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return account.next_overdue <= at or account.next_expiry <= at or account.next_instalment <= at or account.debt > 0;

-- Everything time has done to a locked account since it was last looked at.
create function gateway.catch_up(inout account gateway.accounts, at timestamptz)
language plpgsql
as $$
begin
  if account.next_overdue <= at then
    account := gateway.release_overdue(account, at);
  end if;
  if account.next_expiry <= at then
    account := gateway.lapse(account, at);
  end if;
  if account.next_instalment <= at then
    account := gateway.grant_due(account, at);
  end if;
  if account.debt > 0 then
    account := gateway.repay_debt(account, at);
  end if;
end;
$$;

-- Returns money outside: a payment was refunded. Taken from the grants that the payment bought, in this order, never below what
-- open holds reserve; the rest is debt, which other credit that was paid for bears at once.
create function gateway.money_back(inout account gateway.accounts, purchases bigint[], amount bigint, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  purchase bigint;
  part bigint;
  owed bigint := amount;
begin
  foreach purchase in array purchases loop
    select least(owed, remaining, gateway.available(account, at)) into part
      from gateway.credit_grants where id = purchase and account_id = account.id and live for update;
    continue when coalesce(part, 0) <= 0;
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = purchase;
    owed := owed - part;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, created_at)
      values (account.id, 'money_back', -part, purchase, account.balance, at);
  end loop;
  account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  account := gateway.take_on_debt(account, owed, 'money_back', null, '', at);
  update gateway.accounts set
    balance = account.balance, debt = account.debt, refund_debt = account.refund_debt, next_expiry = account.next_expiry where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;

-- supabase/schemas/35_emit.sql

-- Telling customers' webhooks, in the transaction that causes it.

-- Every event that a webhook can be told of, besides a test.
create function gateway.webhook_events() returns text[]
language sql immutable parallel safe
return array['balance.low', 'payment.succeeded', 'payment.refunded', 'key.spend_limit_reached', 'key.expiring',
             'subscription.changed', 'usage.daily', 'spend.threshold_reached', 'provider_key.refused', 'end_user.budget_reached'];

-- The event that a kind of mail is as well, so that one cause writes both; null where there is none.
create function gateway.event_of(kind text, payload jsonb) returns text
language sql immutable parallel safe
return case kind
  when 'receipt' then 'payment.succeeded'
  when 'refund' then 'payment.refunded'
  when 'low_balance' then 'balance.low'
  when 'out_of_credits' then 'balance.low'
  -- Of four fifths of a limit there is a mail alone.
  when 'spend_limit' then case payload ->> 'step' when '100' then 'key.spend_limit_reached' end
  when 'key_expiring' then 'key.expiring'
  when 'plan_started' then 'subscription.changed'
  when 'plan_changed' then 'subscription.changed'
  when 'plan_payment_failed' then 'subscription.changed'
  when 'plan_ending' then 'subscription.changed'
  when 'plan_ended' then 'subscription.changed'
  when 'spend_alert' then 'spend.threshold_reached'
  when 'provider_key_refused' then 'provider_key.refused'
end;

-- What an event tells of a mail's payload: all of it but what leads to more than it says (Stripe's receipt can be opened by whoever has
-- its address); and of a plan, what has become of it.
create function gateway.event_data(kind text, payload jsonb) returns jsonb
language sql immutable parallel safe
return case when starts_with(kind, 'plan_') then jsonb_build_object('change', substr(kind, 6)) else '{}' end
  || (payload - 'receipt_url');

-- Queues an event for the webhooks of an account that want it, once for each dedupe_key. They are told behind the act that causes it.
create function gateway.emit(account uuid, event text, dedupe_key text, data jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
    select id, emit.event, emit.dedupe_key, emit.data, at, at from gateway.webhooks
    where account_id = emit.account and disabled_at is null and emit.event = any (events)
    on conflict do nothing;
  if found then
    perform gateway.say_due('x-webhooks-due', account::text);
  end if;
end;
$$;

-- supabase/schemas/35_notify.sql

-- Writing to the outbox, in the transaction that causes the mail.

-- The kinds that an account may switch off. Of money and of security everybody hears.
create function gateway.optional_mail() returns text[]
language sql immutable parallel safe
return array[
  'credits_expiring', 'end_user_budget', 'key_expiring', 'low_balance', 'out_of_credits', 'referral_reward', 'spend_limit', 'trial_ended', 'trial_ending',
  'usage_report'];

-- Whether an account gets mail of a kind: not without an address, and not where it does not want it.
create function gateway.wants_mail(account gateway.accounts, kind text) returns boolean
language sql stable set search_path = ''
as $$
  select account.email is not null and account.deleted_at is null and not exists (
    select from gateway.notification_preferences p
    where p.account_id = account.id and p.kind = wants_mail.kind and not p.enabled)
$$;

-- Queues a mail to an account, once for each dedupe_key of its kind. An account without an address gets none, and neither does one
-- that does not want it. Its webhooks are told of the same, whatever it wants of mail.
create function gateway.notify(account uuid, kind text, dedupe_key text, payload jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    select id, notify.kind, notify.dedupe_key, notify.payload, at, at from gateway.accounts a
    where id = notify.account and gateway.wants_mail(a, notify.kind)
    on conflict do nothing;
  select gateway.emit(notify.account, told.event, notify.kind || ' ' || notify.dedupe_key,
                      gateway.event_data(notify.kind, notify.payload), at)
    from (select gateway.event_of(notify.kind, notify.payload)) as told (event) where told.event is not null
$$;

-- Mail that is due is sent behind the act that causes it.
create function gateway.say_that_mail_is_due() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.say_due('x-mail-due', 'true');
  return null;
end;
$$;

create trigger said after insert on gateway.notifications
  for each row when (new.state = 'due' and new.due_at <= gateway.now()) execute function gateway.say_that_mail_is_due();

-- A key as a mail names it.
create function gateway.key_in_mail(key gateway.api_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_build_object('name', key.name, 'prefix', key.prefix, 'last_four', key.last_four) $$;

-- Mails what an entry of the audit trail says happened to an account's access: a key that was made or rotated, a sign-in from a
-- network that was not seen for ninety days. Whoever has just got the account knows of its first key.
create function gateway.notify_of_act(
  caller jsonb, account uuid, acting_key uuid, action text, target text, details jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  if action not in ('key.create', 'key.rotate', 'sign_in') or account is null
    or (select created_at > at - interval '1 minute' from gateway.accounts where id = account) then
    return;
  end if;
  if action = 'sign_in' then
    if caller ->> 'ip' is not null and not exists (
        select from gateway.audit_logs
        where target_account_id = account and audit_logs.action in ('sign_in', 'account.create')
          and created_at > at - interval '90 days'
          and gateway.network_of(jsonb_build_object('ip', ip)) = gateway.network_of(caller)) then
      perform gateway.notify(account, 'new_sign_in', gateway.network_of(caller) || ' ' || (at at time zone 'utc')::date,
        jsonb_build_object('method', details ->> 'method', 'network', gateway.network_of(caller),
                           'user_agent', caller ->> 'user_agent', 'at', at), at);
    end if;
    return;
  end if;
  -- A sign-in's own key is told of with the sign-in.
  if target ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' is not true or acting_key::text = target and action = 'key.create' then
    return;
  end if;
  select * into key from gateway.api_keys where id = target::uuid;
  perform gateway.notify_of_key(
    account, case action when 'key.create' then 'key_created' else 'key_rotated' end, target, gateway.key_in_mail(key), at);
end;
$$;

-- Mails what happened to a key. The first at once; what follows within ten minutes is one mail at their end, however many keys it
-- is about: whoever rotates a hundred wants two mails and no hundred.
create function gateway.notify_of_key(account uuid, kind text, target text, key jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_named constant integer := 20;
  gathers constant interval := '10 minutes';
  former gateway.notifications;
begin
  select * into former from gateway.notifications n
    where n.account_id = account and n.kind = notify_of_key.kind and n.created_at > at - gathers
    order by n.id desc limit 1;
  if former.state = 'due' then
    -- Unless it is being sent in this moment.
    update gateway.notifications n set payload = n.payload || jsonb_build_object(
      'count', (n.payload ->> 'count')::integer + 1,
      'keys', case when jsonb_array_length(n.payload -> 'keys') < most_named then n.payload -> 'keys' || key else n.payload -> 'keys' end)
      where n.id = former.id and n.state = 'due';
    if found then
      return;
    end if;
  end if;
  perform gateway.notify(account, kind, target || ' ' || extract(epoch from at),
    jsonb_build_object('count', 1, 'keys', jsonb_build_array(key), 'at', at),
    at + case when former.id is null then interval '0' else gathers end);
end;
$$;

-- Mails what became of a refund or a dispute, once its payment is known.
create function gateway.notify_of_reversal(reversal gateway.reversals, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where id = reversal.payment_id;
  if not found then
    return;
  end if;
  if reversal.kind = 'refund' and reversal.status = 'succeeded' then
    perform gateway.notify(payment.account_id, 'refund', reversal.id, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(reversal.amount)), 'payment_id', payment.id, 'at', at), at);
  elsif reversal.kind = 'dispute' and reversal.counts and reversal.status <> 'lost' then
    perform gateway.notify(payment.account_id, 'dispute', reversal.id, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(reversal.amount)), 'payment_id', payment.id, 'at', at), at);
  end if;
end;
$$;

-- supabase/schemas/35_notify_credit.sql

-- Mail about credit that runs out. Where a settle causes it, the settle has read and locked all that it needs: it compares two
-- numbers, and only what crosses a line costs anything.

-- A balance of less than a cent is none: hardly a call fits it.
create function gateway.no_balance() returns bigint
language sql immutable parallel safe
return 10000000;

-- What an account whose balance has just risen is to be told of next. A low balance again only after it was a quarter above the
-- threshold, so that a balance about it is told of once; and whoever never had so much, a trial, is never told that it is low.
create function gateway.alert_after_rise(account gateway.accounts) returns bigint
language sql immutable parallel safe
return case
  when account.balance >= greatest(account.alert_below + account.alert_below / 4, gateway.no_balance())
    then greatest(account.alert_below, gateway.no_balance())
  when account.balance >= gateway.no_balance() then greatest(account.alert_at, gateway.no_balance())
  else account.alert_at
end;

-- Tells an account, whose row is locked, that its balance is low or that there is none. Answers what it is to be told of next.
create function gateway.notify_of_balance(account gateway.accounts, is_out boolean, at timestamptz) returns bigint
language plpgsql volatile set search_path = ''
as $$
begin
  perform gateway.notify(account.id, case when is_out then 'out_of_credits' else 'low_balance' end, extract(epoch from at)::text,
    jsonb_build_object('balance', gateway.dollars(account.balance), 'threshold', gateway.dollars(account.alert_below), 'at', at), at);
  return case when not is_out then gateway.no_balance() end;
end;
$$;

-- Which part of its limit, in percent, a key has reached with a call of this cost, after which it has spent so much: 80, 100 or null.
-- Like what follows, not put in its caller's place: most keys have no limit, and their calls need none of its parts.
create function gateway.spend_limit_step(spent bigint, cost bigint, spend_limit bigint) returns integer
language plpgsql immutable
as $$
begin
  return case
    when spent >= spend_limit and spent - cost < spend_limit then 100
    when spent >= spend_limit - spend_limit / 5 and spent - cost < spend_limit - spend_limit / 5 then 80
  end;
end;
$$;

-- Tells of a key that has reached a part of its limit: once a period, and once more where the limit was changed.
create function gateway.notify_of_spend_limit(this_key uuid, step integer, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = this_key;
  perform gateway.notify(key.account_id, 'spend_limit',
    concat_ws(' ', key.id, case when key.spend_period is not null then extract(epoch from key.spend_period_start) end, key.spend_limit, step),
    jsonb_build_object(
      'key_id', key.id, 'key', gateway.key_in_mail(key), 'step', step,
      'spent', gateway.dollars(gateway.spent_in_period(key, at)), 'limit', gateway.dollars(key.spend_limit),
      'period', key.spend_period, 'at', at), at);
end;
$$;

-- A call was refused for want of credit: what is left fits no call like it, though it never gets to be nothing. Only where little is
-- left, since a call may be dear.
create function gateway.notify_of_refusal(account gateway.accounts, key gateway.api_keys, code text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  little constant bigint := 1000000000;
begin
  if code = 'insufficient_credits' and account.balance < little and account.alert_at is not null then
    account.alert_at := gateway.notify_of_balance(account, true, at);
    update gateway.accounts set alert_at = account.alert_at where id = account.id;
  elsif code = 'spend_limit_reached'
    and gateway.spent_in_period(key, at) >= key.spend_limit - key.spend_limit / 5 then
    perform gateway.notify_of_spend_limit(key.id, 100, at);
  end if;
end;
$$;

-- supabase/schemas/36_audit.sql

-- How the audit trail is written.

-- An entry's time is the clock's when it is written, not when its transaction began: so time and id agree.
create function gateway.audit(
  caller jsonb, session_account uuid, session_key uuid, action text, target_account uuid, target text, details jsonb)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  -- The month is missing only if no call and no cron has come for a week (see make_months).
  if not gateway.has_month(gateway.now() + interval '1 minute') then
    perform gateway.make_months(gateway.now());
  end if;
  if target_account = session_account then
    perform gateway.notify_of_act(
      caller, target_account, session_key, audit.action, audit.target, audit.details, gateway.now());
  end if;
  insert into gateway.audit_logs
    (action, actor_account_id, actor_key_id, target_account_id, target_id, ip, user_agent, request_id, details,
     created_at)
  values
    (audit.action, session_account, session_key, target_account, target, (caller ->> 'ip')::inet,
     caller ->> 'user_agent', caller ->> 'request_id', audit.details, gateway.now());
end;
$$;

-- Whether a refusal of this key needs no entry: the last one is the same and not an hour ago, or not a minute ago.
create function gateway.is_noted(key gateway.api_keys, code text, at timestamptz) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(
    at < key.refused_at + case key.refused_code when code then interval '1 hour' else interval '1 minute' end, false)
$$;

-- Puts a refused key on the audit trail: the same refusal of the same key once an hour, another one once a minute, so
-- that whoever alternates two does not fill it either. The key's row is locked or about to be: a refusal is never worth
-- waiting for another one.
create function gateway.note_refusal(caller jsonb, key gateway.api_keys, code text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if gateway.is_noted(key, code, at) then
    return;
  end if;
  update gateway.api_keys as keys set refused_code = code, refused_at = at
    where id = key.id and not gateway.is_noted(keys, code, at);
  if found then
    perform gateway.audit(caller, key.account_id, key.id, 'key.refused', key.account_id, key.id::text,
      jsonb_build_object('reason', code));
  end if;
end;
$$;

-- Puts on the audit trail that authenticate refused a known key: its exception has undone everything, so the gateway
-- asks for this afterwards.
create function public.record_refusal(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  key gateway.api_keys := gateway.find_key(caller -> 'key_hashes');
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  if key.id is not null then
    perform gateway.note_refusal(caller, key, code, gateway.now());
  end if;
  return null;
end;
$$;

-- supabase/schemas/36_instalments.sql

-- Credit of plans: paid for at once, granted month by month, by whatever of the account comes next.
--
-- Each function here expects the account's row to be locked by its caller, and is handed that row.

-- How long the credit of a month outlives it: between a period's end and the credit of the next lies more than an hour even if all
-- goes well, since Stripe keeps the invoice as a draft for so long.
create function gateway.plan_grace() returns interval
language sql immutable parallel safe
return interval '6 hours';

-- So many months after a moment, in UTC. Counted from the first day, so that what began on the 31st comes back to it.
create function gateway.months_after(start timestamptz, months integer) returns timestamptz
language sql immutable parallel safe
return (start at time zone 'utc' + make_interval(months => months)) at time zone 'utc';

-- Until when a subscription gives its plan's limits; null if it gives none. A period that has begun unpaid is given a week, and so is
-- one that is over, since what Stripe says of the next may be late.
create function gateway.gives_until(subscription gateway.subscriptions) returns timestamptz
language sql immutable parallel safe
return case
  when subscription.plan is null or subscription.status in ('incomplete', 'incomplete_expired') then null
  when subscription.ended_at is not null then subscription.ended_at
  when subscription.status in ('active', 'trialing') then coalesce(subscription.cancel_at, subscription.period_end + interval '7 days')
  when subscription.status = 'past_due' then least(subscription.cancel_at, subscription.period_start + interval '7 days')
end;

-- Writes down which plan the account has bought and until when, and when it has to be looked at again: derived from its
-- subscriptions and instalments, whatever has changed of them. Of two subscriptions the dearer plan holds.
create function gateway.sync_plan(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  chosen record;
  next_due timestamptz;
begin
  select s.plan, gateway.gives_until(s) as until into chosen
    from gateway.subscriptions s join gateway.plans p on p.id = s.plan
    where s.account_id = account.id and gateway.gives_until(s) is not null
    order by gateway.gives_until(s) > at desc, case when gateway.gives_until(s) > at then p.price_per_month end desc nulls last,
             gateway.gives_until(s) desc, s.id
    limit 1;
  account.subscription_plan := chosen.plan;
  account.subscription_ends_at := chosen.until;
  select min(due_at) into next_due from gateway.instalments where account_id = account.id and state = 'due';
  if chosen.until > at and exists (
      select from gateway.subscriptions s where s.account_id = account.id and gateway.gives_until(s) > chosen.until) then
    next_due := least(next_due, chosen.until);
  end if;
  account.next_instalment := next_due;
  update gateway.accounts set
    subscription_plan = account.subscription_plan, subscription_ends_at = account.subscription_ends_at,
    next_instalment = account.next_instalment
    where id = account.id;
end;
$$;

-- Grants the instalments that are due. A month that nobody was there for lapses without a trace in the ledger. With the next month
-- of the same subscription the grace of the one before is over.
create function gateway.grant_due(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  due gateway.instalments;
  granted record;
begin
  if account.next_instalment is null or account.next_instalment > at then
    return;
  end if;
  for due in
    select * from gateway.instalments where account_id = account.id and state = 'due' and due_at <= at
      order by due_at, payment_id, line, nth
  loop
    if due.period_end + gateway.plan_grace() <= at or exists (
        select from gateway.instalments next
        where next.subscription_id = due.subscription_id and next.state = 'due' and next.due_at between due.period_end and at) then
      update gateway.instalments set state = 'lapsed'
        where payment_id = due.payment_id and line = due.line and nth = due.nth;
      continue;
    end if;
    update gateway.credit_grants set expires_at = at
      where live and expires_at > at and id in (
        select grant_id from gateway.instalments
        where subscription_id = due.subscription_id and state = 'granted' and period_end <= due.due_at);
    if found then
      account.next_expiry := least(account.next_expiry, at);
      account := gateway.lapse(account, at);
    end if;
    granted := gateway.grant_credit(
      account, 'subscription', due.amount - due.voided, due.period_end + gateway.plan_grace(), 'plan ' || coalesce(due.plan, '?'),
      at);
    account := granted.account;
    update gateway.instalments set state = 'granted', grant_id = granted.grant_id
      where payment_id = due.payment_id and line = due.line and nth = due.nth;
  end loop;
  account := gateway.sync_plan(account, at);
end;
$$;

-- What of a payment is not yet due.
create function gateway.not_due_of(payment uuid) returns bigint
language sql stable set search_path = ''
as $$
  select coalesce(sum(amount - voided), 0)::bigint from gateway.instalments where payment_id = payment and state = 'due'
$$;

-- What of an instalment has lapsed unspent, and is not forgiven yet.
create function gateway.lapsed_of(instalment gateway.instalments) returns bigint
language sql stable set search_path = ''
as $$
  select case instalment.state
    when 'lapsed' then instalment.amount - instalment.voided
    when 'granted' then (
      select coalesce(-sum(t.amount), 0)::bigint from gateway.credit_transactions t
      where t.account_id = instalment.account_id and t.type = 'expiry' and t.grant_id = instalment.grant_id)
    else 0 end - instalment.forgiven
$$;

-- Takes so much of a payment's credit back: from its instalments that are not due, the last first; then from its grants, which is the
-- caller's to do; then from what has lapsed unspent. Answers what the grants are to bear, and debt beyond them.
create function gateway.void_instalments(
  account gateway.accounts, payment gateway.payments, amount bigint, at timestamptz) returns bigint
language plpgsql set search_path = ''
as $$
declare
  instalment gateway.instalments;
  rest bigint := amount;
  of_grants bigint;
  part bigint;
begin
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and state = 'due' order by due_at desc, line desc, nth desc
  loop
    exit when rest = 0;
    part := least(rest, instalment.amount - instalment.voided);
    rest := rest - part;
    update gateway.instalments i set
      voided = i.voided + part, state = case when i.voided + part = i.amount then 'void' else 'due' end
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  select least(rest, gateway.available(account, at), coalesce(sum(remaining), 0)) into of_grants
    from gateway.credit_grants where id = any (gateway.grants_of(payment)) and live;
  rest := rest - of_grants;
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and state in ('granted', 'lapsed') order by due_at, line, nth
  loop
    exit when rest = 0;
    part := least(rest, gateway.lapsed_of(instalment));
    rest := rest - part;
    update gateway.instalments i set forgiven = i.forgiven + part
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  return of_grants + rest;
end;
$$;

-- Gives so much of a payment's credit back, where a reversal was undone: the other way round. Answers what is to be granted: what
-- grants and debt had borne, and what would have been granted meanwhile.
create function gateway.restore_instalments(payment gateway.payments, amount bigint, at timestamptz) returns bigint
language plpgsql set search_path = ''
as $$
declare
  instalment gateway.instalments;
  borne bigint;
  rest bigint;
  part bigint;
begin
  select payment.taken_back - coalesce(sum(voided + forgiven), 0) into borne
    from gateway.instalments where payment_id = payment.id;
  borne := least(greatest(borne, 0), amount);
  rest := amount - borne;
  for instalment in
    select * from gateway.instalments where payment_id = payment.id and forgiven > 0 order by due_at desc, line desc, nth desc
  loop
    exit when rest = 0;
    part := least(rest, instalment.forgiven);
    rest := rest - part;
    update gateway.instalments i set forgiven = i.forgiven - part
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  for instalment in
    select * from gateway.instalments
      where payment_id = payment.id and state in ('due', 'void') and voided > 0 and period_end + gateway.plan_grace() > at
      order by due_at, line, nth
  loop
    exit when rest = 0;
    part := least(rest, instalment.voided);
    rest := rest - part;
    update gateway.instalments i set voided = i.voided - part, state = 'due'
      where i.payment_id = instalment.payment_id and i.line = instalment.line and i.nth = instalment.nth;
  end loop;
  return borne + rest;
end;
$$;

-- The account as time has left it, for what shows it and has not locked it.
create function gateway.caught_up(this_account uuid) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = this_account for no key update;
  return gateway.catch_up(account, gateway.now());
end;
$$;

-- supabase/schemas/37_idempotency.sql

-- Idempotency-Keys. In the order of locks an account's row comes before its keys'.

-- Claims an Idempotency-Key for the session's account. Answers null when the work is to be done; the stored answer
-- when it was done before; refuses when the key came with another body. Two at once: the second waits for the first.
--
-- The account's row is locked first: two requests that lock the claim and the account in different orders would deadlock.
create function gateway.claim_idempotency(session gateway.session, idempotency jsonb, at timestamptz)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  earlier gateway.idempotency_keys;
begin
  if idempotency is null or idempotency = 'null' then
    return null;
  end if;
  perform from gateway.accounts where id = session.account_id for key share;
  delete from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key' and created_at < at - interval '24 hours';
  insert into gateway.idempotency_keys (account_id, key, fingerprint, created_at)
    values (session.account_id, idempotency ->> 'key', idempotency ->> 'fingerprint', at)
    on conflict do nothing;
  if found then
    return null;
  end if;
  select * into earlier from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key';
  if earlier.fingerprint <> idempotency ->> 'fingerprint' then
    perform gateway.refuse(gateway.refusal(409, 'idempotency_conflict'));
  end if;
  return earlier.answer;
end;
$$;

create function gateway.store_idempotent_answer(session gateway.session, idempotency jsonb, answer jsonb) returns void
language sql volatile set search_path = ''
as $$
  update gateway.idempotency_keys set answer = store_idempotent_answer.answer
    where account_id = session.account_id and key = idempotency ->> 'key'
$$;

-- supabase/schemas/37_idempotent_calls.sql

-- Idempotency-Keys of calls of models. All of it under the lock of the account's row, so of two calls with one key the second
-- finds what the first has left.

-- What became of the call that has this key: null if none has, else why this one may not run (`refused`) or the sealed answer
-- that was given (`earlier`).
create function gateway.earlier_call(this_account uuid, idempotency jsonb, at timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  earlier gateway.idempotent_calls;
begin
  select * into earlier from gateway.idempotent_calls
    where account_id = this_account and key = idempotency ->> 'key' and expires_at > at;
  if not found then
    return null;
  end if;
  if earlier.fingerprint <> idempotency ->> 'fingerprint' then
    return jsonb_build_object('refused', gateway.refusal(409, 'idempotency_conflict'));
  end if;
  if earlier.ciphertext is null then
    return jsonb_build_object('refused', gateway.refusal(
      409, 'idempotency_in_progress', '{"retry_after_ms": 1000, "should_retry": true}'));
  end if;
  return jsonb_build_object(
    'earlier', jsonb_build_object('ciphertext', earlier.ciphertext, 'version', earlier.key_version));
end;
$$;

-- Gives the key to a call that begins: until it is over, or its hold is.
create function gateway.claim_key(this_account uuid, this_call uuid, idempotency jsonb, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.idempotent_calls (account_id, key, fingerprint, call_id, expires_at)
    values (this_account, idempotency ->> 'key', idempotency ->> 'fingerprint', this_call, until)
    on conflict (account_id, key) do update set
      fingerprint = excluded.fingerprint, call_id = excluded.call_id, ciphertext = null, key_version = null,
      expires_at = excluded.expires_at
$$;

-- Ends what a call has of its key: its answer is kept, if it gave a whole one, else the key is free again. Repeated, it changes
-- nothing; and nothing of a later call that has the key by now.
create function gateway.remember_call(this_account uuid, settlement jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  most constant integer := 1000;
  this_call constant uuid := (settlement ->> 'call_id')::uuid;
  idempotency constant jsonb := settlement -> 'idempotency';
begin
  delete from gateway.idempotent_calls
    where account_id = this_account and key = idempotency ->> 'key' and call_id = this_call and ciphertext is null;
  if settlement ->> 'outcome' <> 'completed' or nullif(idempotency -> 'answer', 'null') is null then
    return;
  end if;
  insert into gateway.idempotent_calls
    (account_id, key, fingerprint, call_id, ciphertext, key_version, expires_at)
    values (this_account, idempotency ->> 'key', idempotency ->> 'fingerprint', this_call,
            idempotency #>> '{answer,ciphertext}', (idempotency #>> '{answer,version}')::integer, at + interval '10 minutes')
    on conflict do nothing;
  -- As much as an account may have kept; the oldest goes first.
  delete from gateway.idempotent_calls where account_id = this_account and ciphertext is not null and expires_at < (
    select expires_at from gateway.idempotent_calls
      where account_id = this_account order by expires_at desc offset most limit 1);
end;
$$;

-- supabase/schemas/37_notify_end_users.sql

-- Telling an account that its end users come near their budgets. Whoever counts has the account's row locked.

-- Which part of a budget, in percent, was reached by who has spent so much: 100, 80 or 0. A budget of nothing is none to come near to.
create function gateway.budget_step(spent bigint, budget bigint) returns integer
language sql immutable parallel safe
return case
  when budget > 0 and spent >= budget then 100
  when budget > 0 and spent >= budget - budget / 5 then 80
  else 0
end;

-- Tells of an end user that has reached a part of its budget. Webhooks are told of each. Of mail the first goes at once; whoever follows
-- within an hour is in one mail at its end: ten thousand with a default budget are no ten thousand mails.
--
-- No key for duplicates has the name in it, since names are forgotten: what was told stands with the end user.
create function gateway.notify_of_budget(end_user gateway.end_users, step integer, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_named constant integer := 20;
  gathers constant interval := '1 hour';
  told constant jsonb := jsonb_build_object(
    'user', end_user.name, 'step', step, 'spent', gateway.dollars(end_user.spent), 'budget', gateway.dollars(end_user.budget),
    'period', coalesce(end_user.period, 'total'));
  former gateway.notifications;
begin
  perform gateway.emit(
    end_user.account_id, 'end_user.budget_reached', gen_random_uuid()::text, told || jsonb_build_object('at', at), at);
  select * into former from gateway.notifications n
    where n.account_id = end_user.account_id and n.kind = 'end_user_budget' and n.created_at > at - gathers
    order by n.id desc limit 1;
  if former.state = 'due' then
    -- Unless it is being sent in this moment.
    update gateway.notifications n set payload = n.payload || jsonb_build_object(
      'count', (n.payload ->> 'count')::integer + 1,
      'users', case when jsonb_array_length(n.payload -> 'users') < most_named then n.payload -> 'users' || told else n.payload -> 'users' end)
      where n.id = former.id and n.state = 'due';
    if found then
      return;
    end if;
  end if;
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    select id, 'end_user_budget', gen_random_uuid()::text,
           jsonb_build_object('count', 1, 'users', jsonb_build_array(told), 'at', at),
           at + case when former.id is null then interval '0' else gathers end, at
    from gateway.accounts a
    where id = end_user.account_id and gateway.wants_mail(a, 'end_user_budget');
end;
$$;

-- A call for an end user was refused for want of budget: what is left fits no call like it, though it never gets to be nothing. Only
-- where little is left, since a call may be dear.
create function gateway.notify_of_budget_refusal(end_user gateway.end_users, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  end_user.spent := gateway.spent_by_end_user(end_user, at);
  if gateway.budget_step(end_user.spent, end_user.budget) > 0
    and (end_user.told_step < 100 or end_user.told_of is distinct from end_user.budget) then
    update gateway.end_users set told_step = 100, told_of = end_user.budget
      where account_id = end_user.account_id and name = end_user.name;
    perform gateway.notify_of_budget(end_user, 100, at);
  end if;
end;
$$;

-- supabase/schemas/37_notify_plan.sql

-- Mail about plans that are bought, and about auto top-up.

-- Whether a subscription is one that its account has and pays for.
create function gateway.is_running(subscription gateway.subscriptions) returns boolean
language sql immutable parallel safe
return subscription.ended_at is null and coalesce(subscription.status in ('active', 'trialing'), false);

-- Tells what has become of a subscription between two looks at Stripe; nothing of one that never came to be.
create function gateway.notify_of_plan(former gateway.subscriptions, noted gateway.subscriptions, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  facts constant jsonb := jsonb_build_object(
    'subscription_id', noted.id, 'plan', noted.plan, 'former_plan', former.plan, 'months', noted.months,
    'period_end', noted.period_end, 'until', gateway.gives_until(noted), 'at', at);
  was_begun constant boolean := coalesce(former.status not in ('incomplete', 'incomplete_expired'), false);
begin
  if noted.plan is null then
    return;
  elsif noted.ended_at is not null then
    if was_begun and former.ended_at is null then
      perform gateway.notify(noted.account_id, 'plan_ended', noted.id, facts, at);
    end if;
  elsif gateway.is_running(noted) and not was_begun then
    perform gateway.notify(noted.account_id, 'plan_started', noted.id, facts, at);
  elsif gateway.is_running(noted) and (former.plan, former.months) is distinct from (noted.plan, noted.months) then
    perform gateway.notify(
      noted.account_id, 'plan_changed', concat_ws(' ', noted.id, noted.plan, noted.months, extract(epoch from noted.period_start)),
      facts, at);
  elsif noted.status in ('past_due', 'unpaid') and gateway.is_running(former) then
    perform gateway.notify(
      noted.account_id, 'plan_payment_failed', noted.id || ' ' || extract(epoch from noted.period_start), facts, at);
  end if;
  if noted.ended_at is null and was_begun and noted.cancel_at is not null and former.cancel_at is distinct from noted.cancel_at then
    perform gateway.notify(
      noted.account_id, 'plan_ending', noted.id || ' ' || extract(epoch from noted.cancel_at),
      facts || jsonb_build_object('until', noted.cancel_at), at);
  end if;
end;
$$;

-- Tells that auto top-up pauses, or is off though its account has not said so.
create function gateway.notify_of_auto_topup(topup gateway.auto_topups, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if topup.state = 'paused' or topup.state = 'off' and topup.reason not in ('switched_off', 'account_deleted') then
    perform gateway.notify(
      topup.account_id, case topup.state when 'paused' then 'auto_topup_paused' else 'auto_topup_off' end, topup.version::text,
      jsonb_build_object(
        'reason', topup.reason, 'amount', gateway.dollars(gateway.of_cents(topup.amount)),
        'threshold', gateway.dollars(topup.threshold), 'card_last4', topup.card_last4, 'until', topup.paused_until, 'at', at), at);
  end if;
end;
$$;

-- supabase/schemas/37_trials.sql

-- What a trial is, and when it has done what it is for. Each function expects the account's row to be locked by its caller.

-- Gives an account its trial, or says why not: trial_used, its person has had one; trials_used_up, there is a promotion named `trial`,
-- and its budget pays no more for now. Whoever is refused for that has claimed nothing, and may begin one later.
create function gateway.begin_trial(inout account gateway.accounts, proofs jsonb, at timestamptz, out refused text)
language plpgsql set search_path = ''
as $$
declare
  trial_credit constant bigint := 10000000000;
  trial_requests constant integer := 1000;
  trial_days constant interval := '3 days';
  granted record;
  cost bigint := 0;
begin
  if not gateway.claim_trial(proofs, at) then
    refused := 'trial_used';
    return;
  end if;
  if exists (select from gateway.promotions where id = 'trial') then
    if not gateway.draw_on('trial', trial_credit, at) then
      perform gateway.unclaim_trial(proofs);
      refused := 'trials_used_up';
      return;
    end if;
    cost := trial_credit;
  end if;
  account.trial_ends_at := at + trial_days;
  account.trial_requests_left := trial_requests;
  update gateway.accounts set trial_ends_at = account.trial_ends_at, trial_requests_left = account.trial_requests_left
    where id = account.id;
  granted := gateway.grant_credit(account, 'trial', trial_credit, account.trial_ends_at, 'trial', at);
  account := granted.account;
  insert into gateway.trials (account_id, begun_at, grant_id, drawn) values (account.id, at, granted.grant_id, cost);
end;
$$;

-- An account has paid: if it has had a trial, that has done what it is for.
create function gateway.note_conversion(account gateway.accounts, by text, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.trials set converted_at = at, converted_by = by where account_id = account.id and converted_at is null
$$;

-- supabase/schemas/38_attempts.sql

-- Limits on what anyone may try without a key, by how often it was tried lately.

-- Where a caller comes from: an IPv4 address, or the /64 of an IPv6 one, all of which one subscriber has.
create function gateway.network_of(caller jsonb) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select case family((caller ->> 'ip')::inet)
    when 4 then host((caller ->> 'ip')::inet)
    when 6 then network(set_masklen((caller ->> 'ip')::inet, 64))::text
    else 'unknown'
  end
$$;

-- Counts an attempt if there were fewer than `most` within `period`: null. If not, how long it takes until one more
-- may be made. The row stays locked, so attempts at the same time are counted one after the other.
create function gateway.count_attempt(kind text, subject text, most integer, period interval) returns interval
language plpgsql volatile set search_path = ''
as $$
declare
  recent timestamptz[];
  at timestamptz;
begin
  insert into gateway.attempts as attempts (kind, subject, times, last_at)
    values (count_attempt.kind, count_attempt.subject, '{}', gateway.now())
    on conflict on constraint attempts_pkey do update set times = attempts.times
    returning times into recent;
  at := gateway.now();
  recent := array(select tried from unnest(recent) as tried where tried > at - period order by tried);
  if cardinality(recent) >= most then
    return recent[cardinality(recent) - most + 1] + period - at;
  end if;
  update gateway.attempts set times = recent || at, last_at = at
    where attempts.kind = count_attempt.kind and attempts.subject = count_attempt.subject;
  return null;
end;
$$;

-- Counts an attempt or refuses it. The exception undoes what else the caller's function counted: a refused attempt
-- counts against nothing.
create function gateway.limit_attempts(kind text, subject text, most integer, period interval) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  wait interval := gateway.count_attempt(kind, subject, most, period);
begin
  if wait is not null then
    perform gateway.refuse(gateway.refusal(429, 'too_many_attempts', jsonb_build_object(
      'retry_after_ms', ceil(extract(epoch from wait) * 1000)::bigint,
      'should_retry', wait <= interval '1 minute')));
  end if;
end;
$$;

-- Forgets attempts that count for nothing any more, a few at a time, so that the table stays small without a cron job.
-- It comes last in its transaction and skips locked rows, so it waits for no one.
create function gateway.forget_attempts() returns void
language sql volatile set search_path = ''
as $$
  delete from gateway.attempts where (kind, subject) in (
    select kind, subject from gateway.attempts where last_at < gateway.now() - interval '1 day'
    order by last_at limit 20 for update skip locked)
$$;

-- Puts a failed sign-in on the audit trail, at most 20 an hour and network: whoever fails on purpose must not fill it.
create function gateway.note_failed_sign_in(caller jsonb, method text, reason text, account uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if gateway.count_attempt('sign_in.failed', gateway.network_of(caller), 20, interval '1 hour') is null then
    perform gateway.audit(caller, null, null, 'sign_in.failed', account, null,
      jsonb_build_object('method', method, 'reason', reason));
  end if;
  perform gateway.forget_attempts();
end;
$$;

-- supabase/schemas/38_end_users.sql

-- What end users may spend. Whoever asks has the account's row locked, so a budget is as hard as a key's spend limit: no two calls
-- see the same of it as free.

-- How many end users an account has on record at most. Names come with calls, and anyone may make them up.
create function gateway.most_end_users() returns integer
language sql immutable parallel safe
return 10000;

-- An end user with the budget that holds for it: its own, else the default. One that is not on record has no created_at, and is on
-- record from its first call on that a budget is asked about. Null for whom nothing holds.
create function gateway.end_user_of(owner uuid, called text) returns gateway.end_users
language plpgsql stable
as $$
declare
  known gateway.end_users := (
    select whole from gateway.end_users as whole where account_id = owner and name = called);
  usual gateway.end_user_defaults;
begin
  if known.is_own then
    return known;
  end if;
  usual := (select whole from gateway.end_user_defaults as whole where account_id = owner);
  if usual.account_id is null then
    return null;
  end if;
  known.account_id := owner;
  known.name := called;
  known.is_own := false;
  known.budget := usual.budget;
  known.period := usual.period;
  return known;
end;
$$;

-- What an end user has spent in the current period; a period that has passed counts nothing.
create function gateway.spent_by_end_user(end_user gateway.end_users, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when end_user.created_at is null then 0
  when end_user.period is null or end_user.period_start >= gateway.period_start(end_user.period, at) then end_user.spent
  else 0
end;

-- What the open calls of an end user have reserved.
create function gateway.held_for(owner uuid, called text) returns bigint
language sql stable
return (
  select coalesce(sum(amount), 0)::bigint from gateway.holds
  where account_id = owner and end_user = called and state = 'open');

-- Puts an end user on record for whom the default is counted. Answers whether there is room: whose period is over makes some.
create function gateway.keep_end_user(owner uuid, called text, at timestamptz) returns boolean
language plpgsql
as $$
begin
  if (select count(*) from gateway.end_users where account_id = owner) >= gateway.most_end_users() then
    delete from gateway.end_users where account_id = owner and name in (
      select e.name from gateway.end_users e join gateway.end_user_defaults d on d.account_id = e.account_id
        where e.account_id = owner and not e.is_own and e.period_start < gateway.period_start(d.period, at)
          and not exists (
            select from gateway.holds h where h.account_id = owner and h.end_user = e.name and h.state = 'open')
        limit 1000);
    if not found then
      return false;
    end if;
  end if;
  insert into gateway.end_users (account_id, name, is_own, period_start, created_at)
    values (owner, called, false, at, at)
    on conflict (account_id, name) do nothing;
  return true;
end;
$$;

-- Why an end user's call may not be made, or null; and the end user is on record from then on. `in_flight` is what its open calls have
-- reserved.
create function gateway.end_user_refusal(
  end_user gateway.end_users, in_flight bigint, required bigint, at timestamptz)
returns jsonb
language plpgsql
as $$
declare
  available constant bigint := end_user.budget - gateway.spent_by_end_user(end_user, at);
begin
  if available < required then
    return gateway.refusal(402, 'end_user_budget_reached', jsonb_build_object(
      'param', 'user', 'required', gateway.dollars(required), 'available', gateway.dollars(greatest(available, 0)),
      'should_retry', false));
  end if;
  if available - in_flight < required then
    return gateway.refusal(402, 'credits_in_flight', jsonb_build_object(
      'param', 'user', 'required', gateway.dollars(required),
      'available', gateway.dollars(greatest(available - in_flight, 0)), 'retry_after_ms', 1000, 'should_retry', true));
  end if;
  if end_user.created_at is null and not gateway.keep_end_user(end_user.account_id, end_user.name, at) then
    return gateway.refusal(429, 'too_many_end_users', jsonb_build_object(
      'param', 'user', 'most', gateway.most_end_users(), 'should_retry', false));
  end if;
  return null;
end;
$$;

-- Counts what a call has cost that is over, and was begun at `placed_at`, and tells of it once that is four fifths of the budget, and all
-- of it. One whom a crash has taken off the record is on it again.
create function gateway.charge_end_user(owner uuid, called text, cost bigint, placed_at timestamptz, at timestamptz)
returns void
language plpgsql
as $$
declare
  charged gateway.end_users := gateway.end_user_of(owner, called);
  starts timestamptz;
  told integer;
  step integer;
begin
  if charged.created_at is null then
    if charged.budget is null or not gateway.keep_end_user(owner, called, at) then
      return;
    end if;
    charged := gateway.end_user_of(owner, called);
  end if;
  starts := case when charged.period is null then charged.period_start
                 else greatest(charged.period_start, gateway.period_start(charged.period, placed_at)) end;
  charged.spent := gateway.spent_by_end_user(charged, placed_at) + cost;
  told := case when starts = charged.period_start and charged.told_of = charged.budget then charged.told_step else 0 end;
  step := case when cost > 0 then gateway.budget_step(charged.spent, charged.budget) else 0 end;
  update gateway.end_users set
    spent = charged.spent, spent_ever = spent_ever + cost, period_start = starts,
    told_step = greatest(told, step), told_of = charged.budget
    where account_id = owner and name = called;
  if step > told then
    perform gateway.notify_of_budget(charged, step, at);
  end if;
end;
$$;

-- supabase/schemas/38_histograms.sql

-- Histograms of latencies: the same bounds everywhere, so that those of many hours, models and providers can be added.
--
-- A histogram is one number, of which each place of sixteen digits counts one bucket, the shortest latencies in the lowest. So two
-- are added by "+" and any number of them by "sum", by what Postgres adds fastest of all that adds so many counts at once.

-- The upper bounds in milliseconds, each included; two of them to a doubling. A histogram has one place more, for what took longer.
create function gateway.latency_bounds() returns integer[]
language sql immutable parallel safe
return array[
  10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 1810, 2560, 3620, 5120, 7241, 10240, 14482, 20480, 28963,
  40960, 57926, 81920, 115852, 163840, 231705, 327680];

-- The histogram of one latency in milliseconds; null of none.
create function gateway.histogram(ms integer) returns numeric
language sql immutable parallel safe
return (array[
  1, 1e16, 1e32, 1e48, 1e64, 1e80, 1e96, 1e112, 1e128, 1e144, 1e160, 1e176, 1e192, 1e208, 1e224, 1e240, 1e256, 1e272, 1e288, 1e304,
  1e320, 1e336, 1e352, 1e368, 1e384, 1e400, 1e416, 1e432, 1e448, 1e464, 1e480, 1e496])[
  width_bucket(ms - 1, gateway.latency_bounds()) + 1];

-- The digits of a histogram's places, as bytes: of a text Postgres would look for a place from its beginning.
create function gateway.histogram_digits(histogram numeric) returns bytea
language sql immutable parallel safe
return convert_to(lpad(histogram::text, 512, '0'), 'UTF8');

-- What each bucket of a histogram counts; zeros of none.
create function gateway.buckets(histogram numeric) returns bigint[]
language plpgsql immutable parallel safe
as $$
declare
  digits constant bytea := gateway.histogram_digits(coalesce(histogram, 0));
  counts bigint[] := '{}';
begin
  for place in 1 .. 32 loop
    counts[place] := encode(substr(digits, 513 - 16 * place, 16), 'escape')::bigint;
  end loop;
  return counts;
end;
$$;

-- The percentiles that are shown of a histogram: which latency in milliseconds half of all, 95 and 99 in a hundred do not exceed, on a
-- straight line between the bounds of its bucket; nulls of none. Of what is longer than the last bound no more than that is known.
--
-- They are asked for of every model and provider, so one walk finds all three, and ends there.
create function gateway.latency(histogram numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  bounds constant integer[] := gateway.latency_bounds();
  digits constant bytea := gateway.histogram_digits(histogram);
  -- What all places come to is what is left by the largest that one of them holds: as the sum of a number's digits is by nine.
  counted constant numeric := histogram % 9999999999999999;
  wanted constant double precision[] := array[counted * 0.5, counted * 0.95, counted * 0.99];
  found integer[] := array[null, null, null];
  next integer := 1;
  up_to bigint := 0;
  lower integer := 0;
  n bigint;
begin
  for place in 1 .. 32 loop
    n := encode(substr(digits, 513 - 16 * place, 16), 'escape')::bigint;
    if n > 0 then
      up_to := up_to + n;
      while up_to >= wanted[next] loop
        found[next] := round(lower + (wanted[next] - (up_to - n)) / n * (coalesce(bounds[place], lower) - lower));
        next := next + 1;
      end loop;
      exit when next > 3;
    end if;
    lower := coalesce(bounds[place], lower);
  end loop;
  return jsonb_build_object('p50', found[1], 'p95', found[2], 'p99', found[3]);
end;
$$;

-- supabase/schemas/39_chat_turns.sql

-- A call as a turn of a chat that is kept: what was said before goes with it, and what it says is kept with its settlement.

-- What was said before a call and goes with it, oldest first, with its size in the prompt; or why the call may not be made.
create type gateway.call_history as (refused jsonb, history jsonb, items jsonb, bound bigint, images bigint, modalities jsonb);

-- Each of the modalities in an array of arrays once.
create function gateway.distinct_modalities(several jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct modality), '[]')
    from jsonb_array_elements(several) as listed, jsonb_array_elements(listed) as modality
$$;

-- Opens a turn of a locked account's session. Of the messages before, as many of the newest go with the call as its model's
-- context has room for beside the prompt and an answer; a hundred at most, of 8 MB, so that a turn costs the same however long
-- its chat is. What a tool answered goes with the message that asked it, or not at all. The newest instructions (a system or
-- developer message) go along from wherever they are, unless the call has its own.
--
-- call: as of begin_request, with session_id, instructed (has instructions of its own), prompt_tokens (the prompt without its
-- images by a count, which is tighter than its bound) and counted (whether prompt_bound is a count, too; then the messages
-- are held for by theirs).
--
-- A turn reads its chat and writes into it, so its key must be one that may.
create function gateway.open_turn(
  account gateway.accounts, key gateway.api_keys, permissions text[], call jsonb, model gateway.models, prompt bigint, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  most constant integer := 100;
  most_bytes constant integer := 8388608;
  smallest_output constant bigint := 256;
  usual_output constant bigint := 4096;
  counted constant boolean := coalesce((call ->> 'counted')::boolean, false);
  prompt_bound constant bigint := (call ->> 'prompt_bound')::bigint;
  answer constant bigint := greatest(smallest_output, least(
    model.max_output, coalesce((call ->> 'output_limit')::bigint, least(usual_output, model.context_length / 4))));
  room bigint := model.context_length - answer - (prompt - prompt_bound + coalesce((call ->> 'prompt_tokens')::bigint, prompt_bound));
  turn gateway.call_history;
  chat gateway.chat_sessions;
  instructions gateway.chat_messages;
  first integer;
  needed constant text[] := '{chat:read,chat:write}';
  uncovered constant text := coalesce(gateway.first_uncovered(key.scopes, needed), gateway.first_uncovered(permissions, needed));
begin
  if uncovered is not null then
    turn.refused := gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'param', 'session_id', 'required_scope', uncovered,
      'message', 'A turn of a kept chat reads it and writes into it: its key needs chat:read and chat:write.'));
    return turn;
  end if;
  select * into chat from gateway.chat_sessions
    where id = (call ->> 'session_id')::uuid and account_id = account.id
      and updated_at >= gateway.chats_forgotten_before(account.id, at);
  if not found then
    turn.refused := gateway.refusal(404, 'chat_session_not_found', '{"param": "session_id"}');
    return turn;
  end if;
  if chat.turn_until > at and chat.turn_call <> (call ->> 'call_id')::uuid then
    turn.refused := gateway.refusal(409, 'chat_session_busy',
      '{"param": "session_id", "retry_after_ms": 1000, "should_retry": true}');
    return turn;
  end if;
  if chat.messages >= (gateway.chat_bounds()).messages_a_session then
    turn.refused := gateway.refusal(409, 'chat_session_full', '{"param": "session_id"}');
    return turn;
  end if;
  if (select bytes >= (gateway.chat_bounds()).bytes from gateway.chat_accounts where account_id = account.id) then
    turn.refused := gateway.refusal(409, 'chat_storage_full', '{"param": "session_id"}');
    return turn;
  end if;

  if not coalesce((call ->> 'instructed')::boolean, false) then
    select * into instructions from gateway.chat_messages
      where session_id = chat.id and role in ('system', 'developer') order by position desc limit 1;
    room := room - coalesce(instructions.tokens + instructions.images * model.image_tokens, 0);
  end if;
  -- Where the messages begin that have room. No content is read for that: its size is known without it.
  select min(position) into first from (
    select position,
           sum(tokens + images * model.image_tokens) over newest <= room and sum(size) over newest <= most_bytes as has_room
    from (
      select position, tokens, images, pg_column_size(content) as size from gateway.chat_messages
        where session_id = chat.id and role not in ('system', 'developer') order by position desc limit most) as message
    window newest as (order by position desc)) as message
    where has_room;
  -- Without what a tool answered to a question that is out of sight.
  select min(position) into first from gateway.chat_messages
    where session_id = chat.id and position >= first and role not in ('system', 'developer', 'tool');

  select coalesce(jsonb_agg(to_jsonb(content) order by is_said, position), '[]'),
         coalesce(sum(case when counted then tokens else bound end), 0), coalesce(sum(images), 0),
         coalesce(jsonb_agg(to_jsonb(modalities)) filter (where modalities <> '{}'), '[]')
    into turn.history, turn.bound, turn.images, turn.modalities
    from (
      select true as is_said, position, content, tokens, bound, images, modalities from gateway.chat_messages
        where session_id = chat.id and position >= first and role not in ('system', 'developer')
      union all
      select false, position, content, tokens, bound, images, modalities from gateway.chat_messages
        where id = instructions.id) as taken;
  turn.modalities := gateway.distinct_modalities(turn.modalities);
  return turn;
end;
$$;

-- Takes the turn for a call, until it ends or its hold is past its time.
create function gateway.take_turn(call jsonb, until timestamptz) returns void
language sql
begin atomic
  update gateway.chat_sessions set turn_call = (call ->> 'call_id')::uuid, turn_until = until
    where id = (call ->> 'session_id')::uuid;
end;

-- Ends a turn of a locked account, and keeps what was said: turn {session_id, messages as gateway.add_chat_messages takes them,
-- title}. Of a session that was deleted meanwhile nothing is kept; one without a title gets it.
create function gateway.end_turn(account gateway.accounts, this_call uuid, turn jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  chat gateway.chat_sessions;
  first_title constant gateway.sealed_text := gateway.read_sealed(turn -> 'title');
  known bigint[];
  said jsonb;
begin
  select * into chat from gateway.chat_sessions
    where id = (turn ->> 'session_id')::uuid and account_id = account.id;
  if not found then
    return;
  end if;
  -- A client may send the same instructions with every call: they are kept once, until they change.
  select terms into known from gateway.chat_messages
    where session_id = chat.id and role in ('system', 'developer') order by position desc limit 1;
  said := (
    select jsonb_agg(message order by ordinality) from jsonb_array_elements(turn -> 'messages') with ordinality as one (message, ordinality)
    where message ->> 'role' not in ('system', 'developer')
      or gateway.chat_terms(account.id, message -> 'terms') is distinct from known);
  if said is not null then
    chat := gateway.add_chat_messages(chat, said, this_call, at);
    if chat.title is null and first_title is not null then
      update gateway.chat_sessions set title = first_title, bytes = bytes + gateway.sealed_size(first_title)
        where id = chat.id;
      update gateway.chat_accounts set bytes = bytes + gateway.sealed_size(first_title)
        where account_id = account.id;
    end if;
  end if;
  update gateway.chat_sessions set turn_call = null, turn_until = null where id = chat.id and turn_call = this_call;
end;
$$;

-- supabase/schemas/39_forget_end_users.sql

-- Whom an account has its end users' names from, it may have to forget them for. What their calls cost stays, and says of whom no longer.

-- Takes an end user's name out of what its account was told of its budget. Answers whether that is done: the words of a mail that is being
-- sent do not change any more.
create function gateway.erase_told(owner uuid, called text) returns boolean
language plpgsql volatile
as $$
begin
  update gateway.webhook_deliveries d set data = d.data || '{"user": null}'
    from gateway.webhooks w
    where w.account_id = owner and d.webhook_id = w.id and d.event = 'end_user.budget_reached' and d.data ->> 'user' = called;
  update gateway.notifications n set payload = n.payload || jsonb_build_object('users', (
      select jsonb_agg(case when told ->> 'user' = called then told || '{"user": null}' else told end order by place)
      from jsonb_array_elements(n.payload -> 'users') with ordinality as all_told (told, place)))
    where n.account_id = owner and n.kind = 'end_user_budget' and n.state <> 'sending'
      and n.payload -> 'users' @> jsonb_build_array(jsonb_build_object('user', called));
  return not exists (
    select from gateway.notifications n
    where n.account_id = owner and n.kind = 'end_user_budget' and n.state = 'sending'
      and n.payload -> 'users' @> jsonb_build_array(jsonb_build_object('user', called)));
end;
$$;

-- Takes an end user (null: all labels) out of an account's sums: at most so many rows of each table. Answers whether there are no more.
create function gateway.erase_summed_labels(owner uuid, called text, most integer) returns boolean
language plpgsql volatile
as $$
declare
  summed regclass;
  erased integer;
  is_done boolean := true;
begin
  foreach summed in array array[
    'gateway.usage_labels', 'gateway.usage_label_days', 'gateway.usage_label_heads', 'gateway.usage_label_sums']::regclass[] loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where account_id = $1 %2$s limit $3))',
      summed, case when called is not null then 'and kind = ''user'' and label = $2' end)
      using owner, called, most;
    get diagnostics erased = row_count;
    is_done := is_done and erased < most;
  end loop;
  return is_done;
end;
$$;

-- Takes what an account has said of requests out of some of them: of those for an end user, or of all (null). Answers whether there are no
-- more. The account's row is locked.
create function gateway.erase_labels(owner uuid, called text) returns boolean
language plpgsql volatile
as $$
declare
  most constant integer := 5000;
  erased integer;
begin
  -- Whoever sums up at the moment has read the name, and writes it down only now: so it is erased behind them.
  if not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || owner, 0)) then
    return false;
  end if;
  if called is null then
    update gateway.requests r set end_user = null, tags = null, metadata = null
      from (
        select call_id, finished_at from gateway.requests
          where account_id = owner and (end_user is not null or tags is not null or metadata is not null)
          limit most) as said
      where r.call_id = said.call_id and r.finished_at = said.finished_at;
  else
    update gateway.requests r set end_user = null, tags = null, metadata = null
      from (
        select call_id, finished_at from gateway.requests
          where account_id = owner and end_user = called limit most) as said
      where r.call_id = said.call_id and r.finished_at = said.finished_at;
  end if;
  get diagnostics erased = row_count;
  if erased = most then
    return false;
  end if;
  -- In reports it is nobody's from then on.
  return gateway.erase_summed_labels(owner, called, most) and (called is null or gateway.erase_told(owner, called));
end;
$$;

-- Forgets an end user of a locked account, or all whom it ever named (null). Its requests lose the name at once, or, where they are many,
-- in the hours to come. Answers whether it is done.
create function gateway.forget_end_users(owner uuid, called text default null) returns boolean
language plpgsql volatile
as $$
declare
  done boolean;
begin
  delete from gateway.end_users where account_id = owner and (called is null or name = called);
  if called is null then
    delete from gateway.end_user_defaults where account_id = owner;
  end if;
  delete from gateway.end_user_erasures where account_id = owner and (called is null or name = called);
  done := gateway.erase_labels(owner, called);
  if not done then
    insert into gateway.end_user_erasures (account_id, name) values (owner, called);
  end if;
  return done;
end;
$$;

-- supabase/schemas/39_offer.sql

-- What may serve a call of one model: its routes at their frozen prices, or why none may. A request that names several models gets
-- one offer of each, in turn, and one hold at the dearest.

-- The model, the caller's own keys there, what was said before, the priced routes, the size of the prompt and the output limit of a
-- choice; or why the model may not be asked.
create type gateway.offer as (
  model gateway.models, own gateway.own_keys, before gateway.call_history, priced gateway.priced_call, prompt bigint, output bigint,
  place bigint, refused jsonb);

-- Whether a refusal is about the model alone, so that another of the request's may be asked in its place. What the caller lacks, it
-- lacks with all that follow.
create function gateway.is_about_the_model(refused jsonb) returns boolean
language sql immutable parallel safe
return refused ->> 'code' in ('no_provider', 'model_not_priced', 'unsupported_modality');

-- The offer for a call of a locked account, its key counting what it has in flight as used already, of which held_in_flight is
-- reserved. `markup` is the plan's, `call` as of begin_request.
create function gateway.offer(
  account gateway.accounts, key gateway.api_keys, held_in_flight bigint, plan gateway.plans, permissions text[], markup integer,
  caller jsonb, call jsonb, at timestamptz)
returns gateway.offer
language plpgsql
as $$
declare
  choices constant bigint := (call ->> 'choices')::bigint;
  output_limit constant bigint := (call ->> 'output_limit')::bigint;
  model gateway.models;
  own gateway.own_keys;
  prompt bigint;
  output bigint;
  priced gateway.priced_call;
  end_user gateway.end_users;
  held_for_end_user bigint := 0;
  refused jsonb;
  before gateway.call_history;
  buys integer;
begin
  model := (select whole from gateway.models as whole where id = call ->> 'model' and enabled);
  if model.id is null then
    model := gateway.find_model(call ->> 'model');
  end if;
  prompt := (call ->> 'prompt_bound')::bigint + (call ->> 'images')::bigint * model.image_tokens
    + coalesce((call ->> 'tools')::boolean, true)::integer * model.tool_tokens;
  output := least(coalesce(output_limit, gateway.smallest_output()), model.max_output);
  if call ->> 'session_id' is not null and model.id is not null then
    before := gateway.open_turn(account, key, permissions, call, model, prompt, at);
  elsif call -> 'stored_response' is not null and model.id is not null then
    before := gateway.open_response(account, key, permissions, call, at);
  end if;
  if before.bound is not null then
    prompt := prompt + before.bound + before.images * model.image_tokens;
    call := call || jsonb_build_object(
      'modalities', call -> 'modalities' || before.modalities,
      'images', (call ->> 'images')::bigint + before.images);
  end if;
  if account.has_provider_keys then
    own := gateway.own_keys_for(
      account, key.id, model.id, call || jsonb_build_object('allowed', gateway.allowed_providers(model.id, call)));
  end if;
  loop
    priced := case when own.keys is null
      then gateway.price_call(model.id, call, prompt, output * choices, markup, at)
      else gateway.price_own_call(own, model.id, call, prompt, output * choices, markup, at) end;
    if priced.amount = 0 then
      -- What costs nothing takes nothing from what the key may spend, even if that is used up.
      key.spend_limit := null;
    end if;
    refused := gateway.call_refusal(
      account, key, held_in_flight, plan, permissions, model, priced, caller, call, at);
    -- Whose calls are for nobody in particular, or cost nothing, spends no end user's budget.
    if account.has_end_users and priced.amount > 0 and call ->> 'end_user' is not null then
      end_user := gateway.end_user_of(account.id, call ->> 'end_user');
      if end_user.budget is not null then
        held_for_end_user := gateway.held_for(account.id, end_user.name);
        if refused is null then
          refused := gateway.end_user_refusal(end_user, held_for_end_user, priced.amount, at);
        end if;
      end if;
    end if;
    -- Whoever cannot pay for our account still has his own.
    exit when not own.falls_back or (refused ->> 'status' = '402') is not true or own.keys is null;
    own.falls_back := false;
  end loop;
  buys := case when own.keys is null then markup else gateway.own_markup(own, markup) end;
  if before.refused is not null and coalesce(refused ->> 'status' not in ('401', '403'), true) then
    refused := before.refused;
  end if;
  if refused ->> 'code' in ('insufficient_credits', 'spend_limit_reached', 'end_user_budget_reached') then
    -- So that a client can ask for what there is credit for.
    refused := refused || jsonb_build_object(
      'requested_max_tokens', output, 'affordable_max_tokens', greatest(0, gateway.affordable_output(
        priced, prompt, ((refused ->> 'available')::numeric * 1000000000)::bigint, buys) / choices));
  elsif refused is null and output_limit is null then
    if priced.amount = 0 then
      output := model.max_output;
    else
      output := gateway.choose_output(
        priced, prompt, least(
          gateway.available(account, at), key.spend_limit - gateway.spent_in_period(key, at) - held_in_flight,
          end_user.budget - gateway.spent_by_end_user(end_user, at) - held_for_end_user),
        model.max_output, choices, buys);
      priced := case when own.keys is null
        then gateway.price_call(model.id, call, prompt, output * choices, markup, at)
        else gateway.price_own_call(own, model.id, call, prompt, output * choices, markup, at) end;
    end if;
  end if;
  return (model, own, before, priced, prompt, output, 0, refused)::gateway.offer;
end;
$$;

-- The routes of one of several offers. What the dearest of them is held for says nothing of what a call can cost at another: of one
-- of which nothing is known but who served it, no more is charged than that offer's own.
create function gateway.capped(candidates jsonb, amount bigint) returns jsonb
language sql immutable parallel safe
begin atomic
  select jsonb_agg(
      candidate || jsonb_build_object('ceiling', least((candidate ->> 'ceiling')::bigint, amount)) order by place)
    from jsonb_array_elements(candidates) with ordinality as listed (candidate, place);
end;

-- supabase/schemas/39_ranking.sql

-- How the rankings are summed up; 39_usage_ranking.sql reads them.

-- An app is shown from so many accounts on, so that a figure is nobody's own.
create function gateway.accounts_to_be_shown() returns integer
language sql immutable parallel safe
return 5;

-- Stands for whoever has left the rankings: what an account used of an app before it was excluded or deleted is in the hours all the
-- same, so it is remembered that somebody did.
create function gateway.somebody_who_left() returns uuid
language sql immutable parallel safe
return '00000000-0000-0000-0000-000000000000'::uuid;

-- Takes an account out of the rankings: out of those that its apps are known to be used by, and out of what is not summed up yet.
create function gateway.leave_ranking(owner uuid) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.ranking_choices (account_id, choice) values (owner, 'excluded')
    on conflict (account_id) do update set choice = excluded.choice;
  with left_behind as (
    delete from gateway.ranking_accounts where account_id = owner returning app, last_hour)
  insert into gateway.ranking_accounts as a (app, account_id, last_hour)
    select app, gateway.somebody_who_left(), last_hour from left_behind
    on conflict (app, account_id) do update set last_hour = greatest(a.last_hour, excluded.last_hour);
$$;

-- Whether an app may be shown for the hours from `since` on: enough accounts have used it, or only such as want to be named. One that
-- nobody is known to have used is nobody's to show, and neither is one of whose users some have left.
create function gateway.may_be_shown(this_app text, since timestamptz) returns boolean
language sql stable
return (
  select count(*) filter (where a.account_id <> gateway.somebody_who_left()) >= gateway.accounts_to_be_shown()
      or coalesce(bool_and(coalesce(c.choice = 'named', false)), false)
  from gateway.ranking_accounts a left join gateway.ranking_choices c on c.account_id = a.account_id
  where a.app = this_app and a.last_hour >= since);

-- Sums up the rankings' part of the requests in [since, until), a whole hour that is not summed up.
--
-- Of an hour the first hundred names stand, and of each app twice as many accounts as it takes to be shown: so an hour adds no more,
-- whatever clients call themselves, and still tells in any window whether there were enough.
create function gateway.sum_up_ranking(since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with counted as (
    select r.account_id, r.model, r.app, count(*) as requests, sum(prompt_tokens + completion_tokens)::bigint as tokens
    from gateway.requests r
    where r.finished_at >= since and r.finished_at < until and r.outcome <> 'failed' and not exists (
      select from gateway.ranking_choices c where c.account_id = r.account_id and c.choice = 'excluded')
    group by r.account_id, r.model, r.app
  ),
  names as (
    select 'model' as kind, model as name, sum(requests)::bigint as requests, sum(tokens)::bigint as tokens
    from counted group by model
    union all
    select 'app', app, sum(requests)::bigint, sum(tokens)::bigint from counted where app <> '' group by app
  ),
  ranked as (
    select *, row_number() over (partition by kind order by tokens desc, requests desc, name) as place from names
  ),
  hours as (
    insert into gateway.ranking_hours (kind, hour, name, requests, tokens)
      select kind, since, name, requests, tokens from ranked where place <= 100
      on conflict do nothing
  ),
  users as (
    select app, account_id, row_number() over (partition by app order by sum(tokens) desc, account_id) as place
    from counted where app in (select name from ranked where kind = 'app' and place <= 100)
    group by app, account_id
  )
  insert into gateway.ranking_accounts (app, account_id, last_hour)
    select app, account_id, since from users where place <= 2 * gateway.accounts_to_be_shown()
    on conflict (app, account_id) do update set last_hour = excluded.last_hour;
  delete from gateway.ranking_hours where hour < since - interval '1488 hours';
  delete from gateway.ranking_days where hour < since - interval '1488 hours';
  delete from gateway.ranking_accounts where last_hour < since - interval '744 hours';
$$;

-- Sums up the rankings' days that end in (since, until], whose hours are summed up.
create function gateway.sum_up_ranking_days(since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.ranking_days (kind, hour, name, requests, tokens)
    select kind, date_trunc('day', hour, 'UTC'), name, sum(requests), sum(tokens)
    from gateway.ranking_hours
    where kind in ('model', 'app') and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
    group by 1, 2, 3
$$;

-- supabase/schemas/39_stored_responses.sql

-- A call as a response that is stored, or that goes on from one that is: what was said before goes with it, and the new one is
-- stored with its settlement.

-- What an account keeps at most, how large a thread may be, and how much of it one call takes along.
create function gateway.response_bounds(
  out responses integer, out bytes bigint, out responses_a_thread integer, out bytes_a_thread bigint, out depth integer,
  out bytes_a_call bigint)
language sql immutable parallel safe
return (100000, 268435456::bigint, 2000, 67108864::bigint, 1000, 16777216::bigint);

-- For how many days an account keeps its responses: as long as OpenAI does, if it has not said otherwise.
create function gateway.response_retention(owner uuid) returns integer
language sql stable
return coalesce((select retention_days from gateway.response_accounts where account_id = owner), 30);

-- A thread of this account whose last response is older than this is forgotten.
create function gateway.responses_forgotten_before(owner uuid, at timestamptz) returns timestamptz
language sql stable
return at - make_interval(days => gateway.response_retention(owner));

-- Whether a response was given to this key; to whichever, where none is named.
create function gateway.was_given_to(response gateway.stored_responses, only_key uuid, at timestamptz) returns boolean
language sql stable
return only_key is null or exists (
  select from gateway.requests
  where call_id = response.call_id and key_id = only_key and finished_at >= gateway.earliest_end(response.call_id, at));

-- The conversation of a locked account that ends with the response `stored_response.previous` of a call, which goes on from it: of
-- each response the input and the output. One that lacks a response, since it was deleted, is none: nobody is told half of what was
-- said. `only_key`: whose response that must be (see gateway.open_response).
create function gateway.open_conversation(account gateway.accounts, only_key uuid, call jsonb, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  counted constant boolean := coalesce((call #>> '{stored_response,counted}')::boolean, false);
  wished constant boolean := (call #>> '{stored_response,wished}')::boolean;
  previous gateway.stored_responses;
  thread gateway.response_threads;
  before gateway.call_history;
  found_responses bigint;
  size bigint;
begin
  select * into previous from gateway.stored_responses as r
    where id = (call #>> '{stored_response,previous}')::uuid and account_id = account.id
      and gateway.was_given_to(r, only_key, at);
  select * into thread from gateway.response_threads
    where id = previous.thread_id and updated_at > gateway.responses_forgotten_before(account.id, at);
  if not found then
    before.refused := gateway.refusal(400, 'previous_response_not_found', '{"param": "previous_response_id"}');
    return before;
  end if;
  if previous.depth >= (gateway.response_bounds()).depth
    or (wished and (thread.responses >= (gateway.response_bounds()).responses_a_thread or thread.bytes >= (gateway.response_bounds()).bytes_a_thread)) then
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "previous_response_id"}');
    return before;
  end if;
  -- Sizes first: what is too large is not read.
  with recursive chain as (
    select id, previous_id, input, output, bound, tokens, images, modalities, depth from gateway.stored_responses
      where id = previous.id
    union all
    select r.id, r.previous_id, r.input, r.output, r.bound, r.tokens, r.images, r.modalities, r.depth
      from chain join gateway.stored_responses as r on r.id = chain.previous_id and r.account_id = account.id)
  select count(*), sum(pg_column_size(input) + pg_column_size(output)),
         case when sum(pg_column_size(input) + pg_column_size(output)) <= (gateway.response_bounds()).bytes_a_call then
           (select jsonb_agg(part order by depth, place)
              from chain, lateral (values (1, to_jsonb(input)), (2, to_jsonb(output))) as parts (place, part)) end,
         sum(case when counted then tokens else bound end), sum(images),
         coalesce(jsonb_agg(to_jsonb(modalities)) filter (where modalities <> '{}'), '[]')
    into found_responses, size, before.history, before.bound, before.images, before.modalities
    from chain;
  if found_responses < previous.depth then
    before := null;
    before.refused := gateway.refusal(400, 'previous_response_not_found', jsonb_build_object(
      'param', 'previous_response_id',
      'message', 'An earlier response of this conversation was deleted, so it cannot be gone on from. Leave out `previous_response_id` and send the conversation in `input`.'));
  elsif size > (gateway.response_bounds()).bytes_a_call then
    before := null;
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "previous_response_id"}');
  else
    before.modalities := gateway.distinct_modalities(before.modalities);
  end if;
  return before;
end;
$$;

-- What models have said in the stored responses of a locked account to which a call refers by ids of items: the output of each of
-- these responses, whole.
create function gateway.open_items(
  account gateway.accounts, only_key uuid, call jsonb, before gateway.call_history, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  counted constant boolean := coalesce((call #>> '{stored_response,counted}')::boolean, false);
  forgotten_before constant timestamptz := gateway.responses_forgotten_before(account.id, at);
  missing text;
  size bigint;
  said jsonb;
  added bigint;
begin
  with wanted as (
    select named.item_id, (
      select r.id from gateway.response_items as i
        join gateway.stored_responses as r on r.id = i.response_id
        join gateway.response_threads as t on t.id = r.thread_id
        where i.account_id = account.id and i.item_id = named.item_id and t.updated_at > forgotten_before
          and gateway.was_given_to(r, only_key, at)
        order by r.id desc limit 1) as response_id
    from (select distinct item_id
            from jsonb_array_elements_text(call #> '{stored_response,items}') as item_id) as named),
  found as (
    select r.id, r.output, r.output_bound, r.output_tokens from gateway.stored_responses as r
      where r.id in (select response_id from wanted))
  select (select min(item_id) from wanted where response_id is null), sum(pg_column_size(output)),
         case when sum(pg_column_size(output)) <= (gateway.response_bounds()).bytes_a_call
           then jsonb_agg(to_jsonb(output) order by id) end,
         sum(case when counted then output_tokens else output_bound end)
    into missing, size, said, added
    from found;
  if missing is not null then
    before := null;
    before.refused := gateway.refusal(404, 'item_not_found', jsonb_build_object('param', 'input', 'message', format(
      'Item with id ''%s'' not found. Items are kept with responses that are stored; send the item itself.', missing)));
  elsif size > (gateway.response_bounds()).bytes_a_call then
    before := null;
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "input"}');
  else
    before.items := said;
    before.bound := coalesce(before.bound, 0) + added;
    before.images := coalesce(before.images, 0);
    before.modalities := coalesce(before.modalities, '[]');
  end if;
  return before;
end;
$$;

-- What goes with a call of a locked account that was said before: the conversation that it goes on from, and the items to which it
-- refers.
--
-- A key that may not read what is kept goes on from what it was given itself, and from nothing else: whoever asks a model to repeat what
-- was said reads it.
create function gateway.open_response(
  account gateway.accounts, key gateway.api_keys, permissions text[], call jsonb, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  before gateway.call_history;
  only_key constant uuid := case
    when (gateway.covers(permissions, 'chat:read') and gateway.covers(key.scopes, 'chat:read')) is not true then key.id end;
begin
  if call #>> '{stored_response,previous}' is not null then
    before := gateway.open_conversation(account, only_key, call, at);
  end if;
  if call #> '{stored_response,items}' is not null and before.refused is null then
    before := gateway.open_items(account, only_key, call, before, at);
  end if;
  return before;
end;
$$;

-- Deletes threads of a locked account, and takes them off what it keeps. Answers how many responses there were.
create function gateway.delete_response_threads(owner uuid, targets uuid[]) returns bigint
language plpgsql
as $$
declare
  gone record;
begin
  with deleted as (
    delete from gateway.response_threads where account_id = owner and id = any (targets) returning responses, bytes)
  select coalesce(sum(responses), 0) as responses, coalesce(sum(bytes), 0) as bytes into gone from deleted;
  update gateway.response_accounts set responses = responses - gone.responses, bytes = bytes - gone.bytes
    where account_id = owner and gone.responses > 0;
  return gone.responses;
end;
$$;

-- Makes room among what a locked account keeps for a response of this thread: the threads go that were longest without a new
-- response, since who stores by default expects no refusal. Some at a time; the next response goes on.
create function gateway.make_room_for_response(owner uuid, thread uuid, adds bigint) returns void
language plpgsql
as $$
declare
  kept constant gateway.response_accounts := (select whole from gateway.response_accounts as whole where account_id = owner);
  too_many constant bigint := kept.responses + 1 - (gateway.response_bounds()).responses;
  too_large constant bigint := kept.bytes + adds - (gateway.response_bounds()).bytes;
begin
  if too_many <= 0 and too_large <= 0 then
    return;
  end if;
  perform gateway.delete_response_threads(owner, array(
    select id from (
      select id, coalesce(sum(responses) over older, 0) as responses, coalesce(sum(bytes) over older, 0) as bytes from (
        select id, responses, bytes, updated_at from gateway.response_threads
          where account_id = owner and id <> thread order by updated_at, id limit 200) as oldest
      window older as (order by updated_at, id rows between unbounded preceding and 1 preceding)) as oldest
    where responses < too_many or bytes < too_large));
end;
$$;

-- Stores the response that a call of a locked account gave: kept {id, previous, input,
-- output, shown, bound, tokens, output_bound, output_tokens, images, modalities, items}.
-- Not for a person who has left meanwhile, or who wants nothing kept.
create function gateway.store_response(account gateway.accounts, this_call uuid, kept jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  this_response constant uuid := (kept ->> 'id')::uuid;
  previous constant uuid := (kept ->> 'previous')::uuid;
  input constant gateway.sealed_text := gateway.read_sealed(kept -> 'input');
  output constant gateway.sealed_text := gateway.read_sealed(kept -> 'output');
  shown constant gateway.sealed_text := gateway.read_sealed(kept -> 'shown');
  size constant bigint := gateway.sealed_size(input) + gateway.sealed_size(output) + gateway.sealed_size(shown);
  before gateway.stored_responses;
  thread uuid;
begin
  if account.deleted_at is not null or gateway.response_retention(account.id) = 0 then
    return;
  end if;
  select * into before from gateway.stored_responses where id = previous and account_id = account.id;
  -- If what it goes on from was deleted while it ran, it begins a thread of its own, which says that it lacks something.
  thread := coalesce(before.thread_id, this_response);
  insert into gateway.response_accounts (account_id) values (account.id) on conflict do nothing;
  perform gateway.make_room_for_response(account.id, thread, size);
  insert into gateway.response_threads as t (id, account_id, responses, bytes, updated_at)
    values (thread, account.id, 1, size, at)
    on conflict (id) do update set
      responses = t.responses + 1, bytes = t.bytes + size, updated_at = greatest(t.updated_at, at);
  insert into gateway.stored_responses
    (id, account_id, thread_id, previous_id, depth, input, output, shown, bound, tokens, output_bound, output_tokens, images,
     modalities, call_id, created_at)
    values
    (this_response, account.id, thread, previous, coalesce(before.depth, (previous is not null)::integer) + 1, input, output,
     shown, (kept ->> 'bound')::bigint, (kept ->> 'tokens')::bigint, (kept ->> 'output_bound')::bigint,
     (kept ->> 'output_tokens')::bigint, (kept ->> 'images')::integer,
     array(select jsonb_array_elements_text(kept -> 'modalities')), this_call, at);
  insert into gateway.response_items (response_id, item_id, account_id)
    select distinct this_response, item_id, account.id from jsonb_array_elements_text(kept -> 'items') as item_id;
  update gateway.response_accounts set responses = responses + 1, bytes = bytes + size where account_id = account.id;
end;
$$;

-- supabase/schemas/39_usage.sql

-- How usage is summed up, and read. Every total is that of its hours and of the requests since: the two meet at
-- rolled_up_to, and a statement sees both as they were at one moment, so a total is exact whenever it is asked for. Whole days stand
-- for their hours, and many requests since by a sum of their beginning (39_usage_heads.sql), so that it costs much the same, too.

-- The requests that ended in [since, until), counted one by one.
create function gateway.count_requests(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language sql stable set search_path = ''
as $$
  select account_id, date_trunc('hour', finished_at, 'UTC'), key_id, model, coalesce(provider, ''), count(*),
         count(*) filter (where outcome not in ('completed', 'client_left')), count(*) filter (where own_key),
         sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
  from gateway.requests
  where account_id = this_account and finished_at >= since and finished_at < until
  group by 1, 2, 3, 4, 5
$$;

-- The end of the last hour that can be rolled up. A settle reads the clock before it commits, and clocks are set back: a request
-- that either puts into an hour that is rolled up already would never be counted. A margin of ten minutes exceeds both.
create function gateway.last_whole_hour(at timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$ select date_trunc('hour', at - interval '10 minutes', 'UTC') $$;

-- Where a step ends that sums up from `since`, a whole hour: after a day, or before that where so many requests lie between
-- the two, but never within an hour.
create function gateway.step_end(this_account uuid, since timestamptz, until timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$
  select least(until, since + interval '1 day', (
    select greatest(date_trunc('hour', finished_at, 'UTC'), since + interval '1 hour') from gateway.requests
    where account_id = this_account and finished_at >= since and finished_at < least(until, since + interval '1 day')
    order by finished_at offset 20000 limit 1))
$$;

-- Sums up an account's requests in [since, until), whole hours of which none is summed up.
create function gateway.sum_up(this_account uuid, since timestamptz, until timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  with hours as (
    insert into gateway.usage_hours
      select * from gateway.count_requests(this_account, since, until)
      returning *
  ),
  sums as (
    select coalesce(sum(requests), 0) as requests, coalesce(sum(failed), 0) as failed,
           coalesce(sum(own_key), 0) as own_key, coalesce(sum(prompt_tokens), 0) as prompt_tokens,
           coalesce(sum(cached_tokens), 0) as cached_tokens, coalesce(sum(completion_tokens), 0) as completion_tokens,
           coalesce(sum(reasoning_tokens), 0) as reasoning_tokens, coalesce(sum(cost), 0) as cost
    from hours
  ),
  gone as (delete from gateway.usage_heads where account_id = this_account and hour < until),
  gone_labels as (delete from gateway.usage_label_heads where account_id = this_account and hour < until),
  total as (
    insert into gateway.usage_totals as totals
      select this_account, until, null, requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens,
             reasoning_tokens, cost
      from sums
      on conflict (account_id) do update set
        rolled_up_to = excluded.rolled_up_to,
        head_to = case when totals.head_to > excluded.rolled_up_to then totals.head_to end,
        requests = totals.requests + excluded.requests,
        failed = totals.failed + excluded.failed,
        own_key = totals.own_key + excluded.own_key,
        prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = totals.cached_tokens + excluded.cached_tokens,
        completion_tokens = totals.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
        cost = totals.cost + excluded.cost
  )
  select requests::bigint from sums
$$;

-- Sums up the days of an account that end in (since, until], whose hours are summed up.
create function gateway.sum_up_days(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.usage_days
    select account_id, date_trunc('day', hour, 'UTC'), key_id, model, provider, sum(requests), sum(failed), sum(own_key),
           sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from gateway.usage_hours
    where account_id = this_account and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
    group by 1, 2, 3, 4, 5
$$;

-- Sums up the hours of an account that are over, in steps, until it has summed up so many requests. Answers how many, and
-- whether there are more. Whoever does the same for the account at the moment does it alone: a total is exact without it, and
-- no call waits for this, since the account's row is left to the calls.
create function gateway.roll_up(
  this_account uuid, at timestamptz, most bigint default 20000, out summed bigint, out more boolean)
language plpgsql volatile set search_path = ''
as $$
declare
  until constant timestamptz := gateway.last_whole_hour(at);
  before timestamptz;
  since timestamptz;
  ends timestamptz;
begin
  summed := 0;
  more := false;
  loop
    before := (select rolled_up_to from gateway.usage_totals where account_id = this_account);
    if before >= until then
      return;
    end if;
    -- Days without requests need no step.
    since := (
      select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests
      where account_id = this_account and finished_at >= coalesce(before, '-infinity') and finished_at < until);
    if since is null then
      return;
    end if;
    if summed >= most then
      more := true;
      return;
    end if;
    if summed = 0 then
      if not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || this_account, 0)) then
        return;
      end if;
      -- Another session may have rolled them up while this one waited for the advisory lock.
      continue when since < (select rolled_up_to from gateway.usage_totals where account_id = this_account);
    end if;
    ends := gateway.step_end(this_account, since, until);
    perform gateway.sum_up_labels(this_account, since, ends);
    summed := summed + gateway.sum_up(this_account, since, ends);
    perform gateway.sum_up_days(this_account, coalesce(before, since), ends);
    perform gateway.sum_up_label_days(this_account, coalesce(before, since), ends);
  end loop;
end;
$$;

-- From when on an account's requests are counted one by one.
create function gateway.counted_from(this_account uuid) returns timestamptz
language sql stable set search_path = ''
as $$ select coalesce(head_to, rolled_up_to) from gateway.usage_totals where account_id = this_account $$;

-- The usage in [since, until), which are whole hours, by the hour.
create function gateway.used_by_hour(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language sql stable set search_path = ''
as $$
  select * from gateway.usage_hours where account_id = this_account and hour >= since and hour < until
  union all
  select * from gateway.usage_heads where account_id = this_account and hour >= since and hour < until
  union all
  select * from gateway.count_requests(this_account, greatest(since, gateway.counted_from(this_account)), until)
$$;

-- The whole days (UTC) in [since, until) that are summed up: from the first moment of the first to the last of the last, where there is one.
create function gateway.whole_days(
  since timestamptz, until timestamptz, rolled_up_to timestamptz, out first timestamptz, out last timestamptz)
language sql immutable parallel safe set search_path = ''
as $$
  select case when days.first < days.last then days.first end, case when days.first < days.last then days.last end
  from (
    select date_trunc('day', since + interval '24 hours' - interval '1 microsecond', 'UTC') as first,
           -- Of what is not summed up at all, nothing is whole: "least" passes over a null.
           case when rolled_up_to is not null then date_trunc('day', least(until, rolled_up_to), 'UTC') end as last) as days
$$;

-- The usage in [since, until), which are whole hours: of whole days by the day, under its first hour.
create function gateway.used(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_hours
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account));
begin
  if days.first is null then
    return query select * from gateway.used_by_hour(this_account, since, until);
    return;
  end if;
  return query
    select * from gateway.usage_days where account_id = this_account and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_hours where account_id = this_account and hour >= since and hour < days.first
    union all
    select * from gateway.used_by_hour(this_account, days.last, until);
end;
$$;

-- Sums in the API's form. An expression, which Postgres puts in the caller's place: a query of its own takes longer than all that it does.
create function gateway.figures(
  requests numeric, failed numeric, own_key numeric, prompt numeric, cached numeric, completion numeric,
  reasoning numeric, cost numeric)
returns jsonb
language sql stable parallel safe
return jsonb_build_object(
  'requests', coalesce(requests, 0), 'failed', coalesce(failed, 0), 'own_key', coalesce(own_key, 0),
  'prompt_tokens', coalesce(prompt, 0), 'cached_tokens', coalesce(cached, 0),
  'completion_tokens', coalesce(completion, 0), 'reasoning_tokens', coalesce(reasoning, 0),
  'tokens', coalesce(prompt + completion, 0), 'cost', trim_scale(coalesce(cost, 0) * 0.000000001));

-- The usage in [since, until): the total, and its parts by day, model, provider, key and environment.
create function gateway.usage_by(this_account uuid, since timestamptz, until timestamptz)
returns table (part text, value text, figures jsonb, tokens numeric, cost numeric)
language sql stable set search_path = ''
as $$
  with used as (
    select u.*, (u.hour at time zone 'utc')::date as day, k.environment
    from gateway.used(this_account, since, until) u left join gateway.api_keys k on k.id = u.key_id
  )
  select case grouping(day, model, provider, key_id, environment)
           when 31 then 'total' when 15 then 'day' when 23 then 'model' when 27 then 'provider' when 29 then 'key'
           else 'environment' end,
         coalesce(day::text, model, provider, key_id::text, environment),
         gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                         sum(completion_tokens), sum(reasoning_tokens), sum(cost)),
         sum(prompt_tokens) + sum(completion_tokens), sum(cost)
  from used
  group by grouping sets ((), (day), (model), (provider), (key_id), (environment))
$$;

-- Everything that an account ever used.
create function gateway.used_ever(this_account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  with sums as (
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.usage_totals where account_id = this_account
    union all
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.usage_heads where account_id = this_account
    union all
    select requests, failed, own_key, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.count_requests(this_account, coalesce(gateway.counted_from(this_account), '-infinity'), 'infinity')
  )
  select gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                         sum(completion_tokens), sum(reasoning_tokens), sum(cost))
  from sums
$$;

-- The whole hours that a query asks for: from rounded down, to rounded up, at most 366 days up to the latter. Unless
-- it says otherwise they end with this hour and begin with the day (or month, as unit says) that lies so many days
-- before the last one's.
create function gateway.usage_window(
  query jsonb, unit text, days integer, at timestamptz, out since timestamptz, out until timestamptz)
language plpgsql stable set search_path = ''
as $$
declare
  moment constant interval := '1 microsecond';
  upto constant timestamptz := (query ->> 'to')::timestamptz;
begin
  until := coalesce(date_trunc('hour', upto - moment, 'UTC'), date_trunc('hour', at, 'UTC')) + interval '1 hour';
  since := date_trunc(unit, until - moment, 'UTC') - make_interval(hours => 24 * days);
  since := date_trunc('hour', coalesce((query ->> 'from')::timestamptz, since), 'UTC');
  since := greatest(since, until - make_interval(hours => 24 * 366));
  until := greatest(since, until);
end;
$$;

-- The keyset cursor of a list that is ordered by time, as the API writes it.
create function gateway.place(at timestamptz, id uuid) returns text
language sql stable set search_path = ''
as $$ select (extract(epoch from at) * 1000000)::bigint || '-' || id $$;

-- supabase/schemas/39_usage_heads.sql

-- The beginning of what is not summed up yet, where that is much: at the end of an hour an account, or the platform, has an hour's requests
-- to count and ten minutes' more, which would cost every reader the more the busier it is. So whoever reads sums them up, once they are many.
-- What is kept here is never the source of anything: the hours are summed up from the requests.

-- From so many requests on.
create function gateway.many_requests() returns integer
language sql immutable parallel safe
return 500;

-- Where a beginning ends. What is settled now and has read the clock is not in it: no settle goes on for longer than its role may
-- (02_role_settings.sql). A clock that is set back by more hides a request until its hour is over, which is made of the requests.
create function gateway.head_end(at timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$ select at - interval '2 minutes' $$;

-- Sums up an account's hours, as far as they are over, and the beginning of what remains. Planned as gateway.count_platform.
create function gateway.sum_up_latest(this_account uuid, at timestamptz) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.head_end(at);
  since timestamptz;
begin
  perform gateway.roll_up(this_account, at);
  since := gateway.counted_from(this_account);
  if (since < until and exists (
      select from gateway.requests
      where account_id = this_account and finished_at >= since and finished_at < until
      order by finished_at offset gateway.many_requests() limit 1)) is not true
    or not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || this_account, 0)) then
    return;
  end if;
  -- Again: another session may have done it, and committed since. And what has piled up in hours that are over is for roll_up.
  since := gateway.counted_from(this_account);
  if since >= until or exists (
      select from gateway.requests
      where account_id = this_account and finished_at >= since and finished_at < gateway.last_whole_hour(at)) then
    return;
  end if;
  with former as (delete from gateway.usage_heads where account_id = this_account returning *)
  insert into gateway.usage_heads
    select account_id, hour, key_id, model, provider, sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
           sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from (select * from former union all select * from gateway.count_requests(this_account, since, until)) as both_of
    group by 1, 2, 3, 4, 5;
  with former as (delete from gateway.usage_label_heads where account_id = this_account returning *)
  insert into gateway.usage_label_heads
    select account_id, hour, kind, label, key_id, model, provider, sum(requests), sum(prompt_tokens), sum(cached_tokens),
           sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from (select * from former union all select * from gateway.count_labels(this_account, since, until)) as both_of
    group by 1, 2, 3, 4, 5, 6, 7;
  update gateway.usage_totals set head_to = until where account_id = this_account;
end;
$$;

-- The same for the platform.
create function gateway.sum_up_platform_latest(at timestamptz) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.head_end(at);
  most constant bigint := 20000;
  since timestamptz;
begin
  if (select rolled_up_to from gateway.platform_roll_up) < gateway.last_whole_hour(at) is not false then
    perform gateway.roll_up_platform(at, most);
  end if;
  since := gateway.platform_counted_from();
  if (since < until and exists (
      select from gateway.requests where finished_at >= since and finished_at < until offset gateway.many_requests() limit 1)) is not true
    or not pg_try_advisory_xact_lock(7020094213606) then
    return;
  end if;
  since := gateway.platform_counted_from();
  if since >= until or (select rolled_up_to from gateway.platform_roll_up) < gateway.last_whole_hour(at) then
    return;
  end if;
  with former as (delete from gateway.platform_heads returning *)
  insert into gateway.platform_heads
    select model, provider, outcome, error_code, stream, sum(requests), sum(own_key), sum(estimated), sum(charged), sum(prompt_tokens),
           sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost), sum(provider_cost),
           sum(durations), sum(first_bytes), sum(duration_ms), sum(first_byte_ms), hour
    from (select * from former union all select * from gateway.count_platform(since, until)) as both_of
    group by 1, 2, 3, 4, 5, hour;
  update gateway.platform_roll_up set head_to = until;
end;
$$;

-- supabase/schemas/39_usage_labels.sql

-- How usage by end user and tag is summed up, and read. As with all usage (39_usage.sql), the hours that are summed up and the requests
-- since meet at rolled_up_to, and whole days stand for their hours. Anyone may make up names, so of an hour, and of a report, only so many
-- stand by themselves.

create function gateway.most_labels() returns integer
language sql immutable parallel safe
return 1000;

-- What the others are called together.
create function gateway.other_labels() returns text
language sql immutable parallel safe
return '…';

-- The labelled requests that ended in [since, until), counted one by one. Planned as gateway.count_platform.
create function gateway.count_labels(this_account uuid, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  if since >= until then
    return;
  end if;
  return query
  with labelled as (
    select r.*, date_trunc('hour', finished_at, 'UTC') as hour from gateway.requests r
    where account_id = this_account and finished_at >= since and finished_at < until
      and (end_user is not null or tags is not null or metadata is not null)
  ),
  labels as (
    select 'user' as kind, end_user as label, l.* from labelled l where end_user is not null
    union all
    select 'tag', tag, l.* from labelled l cross join jsonb_array_elements_text(coalesce(l.tags, '[]')) as tag
  )
  select this_account, hour, kind, label, key_id, model, coalesce(provider, ''), count(*),
         sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
  from labels
  group by hour, kind, label, key_id, model, coalesce(provider, '');
end;
$$;

-- Sums up an account's labelled requests in [since, until), whole hours of which none is summed up.
create function gateway.sum_up_labels(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with counted as (select * from gateway.count_labels(this_account, since, until)),
  places as (
    select hour, kind, label, row_number() over (partition by hour, kind order by sum(cost) desc, label) as place
    from counted group by hour, kind, label
  ),
  hours as (
    insert into gateway.usage_labels
      select this_account, hour, kind,
             case when place <= gateway.most_labels() then label else gateway.other_labels() end as named,
             key_id, model, provider, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
             sum(reasoning_tokens), sum(cost)::bigint
      from counted join places using (hour, kind, label)
      group by hour, kind, named, key_id, model, provider
      returning *
  )
  insert into gateway.usage_label_sums
    select this_account, kind, 'hour', hour, label, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
           sum(reasoning_tokens), sum(cost)
    from hours group by kind, hour, label
$$;

-- Sums up the labelled requests of an account's days that end in (since, until], whose hours are summed up.
create function gateway.sum_up_label_days(this_account uuid, since timestamptz, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  with days as (
    insert into gateway.usage_label_days
      select account_id, date_trunc('day', hour, 'UTC'), kind, label, key_id, model, provider, sum(requests), sum(prompt_tokens),
             sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
      from gateway.usage_labels
      where account_id = this_account and hour >= date_trunc('day', since, 'UTC') and hour < date_trunc('day', until, 'UTC')
      group by 1, 2, 3, 4, 5, 6, 7
      returning *
  )
  insert into gateway.usage_label_sums
    select account_id, kind, 'day', hour, label, sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
           sum(reasoning_tokens), sum(cost)
    from days group by account_id, kind, hour, label
$$;

-- The labelled usage of a kind in [since, until) that is not summed up by the hour yet.
create function gateway.latest_labels(this_account uuid, this_kind text, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language sql stable set search_path = ''
as $$
  select * from gateway.usage_label_heads
  where account_id = this_account and kind = this_kind and hour >= since and hour < until
  union all
  select * from gateway.count_labels(this_account, greatest(since, gateway.counted_from(this_account)), until)
  where kind = this_kind
$$;

-- The labelled usage of a kind in [since, until), which are whole hours: of whole days by the day, under its first hour, unless each hour is
-- asked for.
create function gateway.used_by_label(
  this_account uuid, this_kind text, by_hour boolean, since timestamptz, until timestamptz)
returns setof gateway.usage_labels
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account and not by_hour));
begin
  return query
    select * from gateway.usage_label_days
    where account_id = this_account and kind = this_kind and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_labels
    where account_id = this_account and kind = this_kind and hour >= since and hour < coalesce(days.first, until)
    union all
    select * from gateway.usage_labels
    where account_id = this_account and kind = this_kind and hour >= days.last and hour < until
    union all
    select * from gateway.latest_labels(this_account, this_kind, since, until);
end;
$$;

-- The same by label alone.
create function gateway.label_sums(this_account uuid, this_kind text, since timestamptz, until timestamptz)
returns setof gateway.usage_label_sums
language plpgsql stable set search_path = ''
as $$
declare
  days constant record := gateway.whole_days(
    since, until, (select rolled_up_to from gateway.usage_totals where account_id = this_account));
begin
  return query
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'day' and hour >= days.first and hour < days.last
    union all
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'hour' and hour >= since and hour < coalesce(days.first, until)
    union all
    select * from gateway.usage_label_sums
    where account_id = this_account and kind = this_kind and span = 'hour' and hour >= days.last and hour < until
    union all
    select account_id, kind, 'hour', hour, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.latest_labels(this_account, this_kind, since, until);
end;
$$;

-- supabase/schemas/39_usage_platform.sql

-- How the platform's usage is summed up; 39_usage_platform_read.sql reads it. As with an account's (39_usage.sql), a figure is that of the
-- hours that are summed up and of the requests since, which meet at rolled_up_to: it is exact whenever it is asked for. Whole days stand for
-- their hours, and many requests since by a sum of their beginning (39_usage_heads.sql).

-- What of a cost the provider gets by its prices, without our markup; of a call with the caller's own key there, nothing.
create function gateway.provider_cost(cost bigint, markup integer) returns bigint
language sql immutable parallel safe
return round(cost * 10000::numeric / nullif(markup, 0))::bigint;

-- The requests of all accounts that ended in [since, until), counted one by one.
--
-- Planned for its very window, and never by reading a whole month: of a window that it does not know Postgres thinks that much of the
-- table lies in it, and with ten million requests in a month each look at the last minutes took seconds. A plan that must not do what it
-- would has a cost for which Postgres compiles it, which takes longer than to run it.
create function gateway.count_platform(since timestamptz, until timestamptz) returns setof gateway.platform_heads
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  if since >= until then
    return;
  end if;
  return query
  select model, coalesce(provider, ''), outcome, coalesce(error_code, ''), stream,
         count(*), count(*) filter (where own_key), count(*) filter (where estimated), count(*) filter (where cost > 0),
         sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens),
         sum(cost)::bigint, coalesce(sum(gateway.provider_cost(cost, markup)) filter (where not own_key), 0)::bigint,
         coalesce(sum(gateway.histogram(duration_ms)), 0), coalesce(sum(gateway.histogram(first_byte_ms)), 0),
         coalesce(sum(duration_ms), 0), coalesce(sum(first_byte_ms), 0), date_trunc('hour', finished_at, 'UTC') as hour
  from gateway.requests
  where finished_at >= since and finished_at < until
  group by 1, 2, 3, 4, 5, hour;
end;
$$;

-- What is counted comes to, by the hour: in all, and by model, provider and kind of error.
create function gateway.platform_parts(counted gateway.platform_heads[]) returns setof gateway.platform_hours
language sql stable set search_path = ''
as $$
  select case grouping(model, provider, error_code) when 7 then 'total' when 3 then 'model' when 5 then 'provider' else 'error' end,
         hour, coalesce(model, provider, error_code, ''), sum(requests)::bigint,
         coalesce(sum(requests) filter (where outcome not in ('completed', 'client_left')), 0)::bigint, sum(own_key)::bigint,
         sum(estimated)::bigint, sum(charged)::bigint, sum(prompt_tokens)::bigint, sum(cached_tokens)::bigint,
         sum(written_tokens)::bigint, sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint, sum(cost)::bigint,
         sum(provider_cost)::bigint, sum(durations), sum(first_bytes)
  from unnest(counted)
  group by grouping sets ((hour), (hour, model), (hour, provider), (hour, error_code))
  -- Of those without a provider, or without an error, nobody asks.
  having coalesce(model, provider, error_code, 'total') <> ''
$$;

-- Sums up the platform's requests of an hour that is not summed up. Answers how many there were.
create function gateway.sum_up_platform(this_hour timestamptz) returns bigint
language sql volatile set search_path = ''
as $$
  with counted as materialized (select c from gateway.count_platform(this_hour, this_hour + interval '1 hour') as c),
  hours as (
    insert into gateway.platform_hours select * from gateway.platform_parts(array(select c from counted)) returning part, requests
  ),
  total as (
    insert into gateway.platform_totals as totals
      select (c).model, (c).provider, (c).outcome, (c).error_code, (c).stream, (c).requests, (c).own_key, (c).estimated, (c).charged,
             (c).prompt_tokens, (c).cached_tokens, (c).written_tokens, (c).completion_tokens, (c).reasoning_tokens, (c).cost,
             (c).provider_cost, (c).durations, (c).first_bytes, (c).duration_ms, (c).first_byte_ms
      from counted
      on conflict (model, provider, outcome, error_code, stream) do update set
        requests = totals.requests + excluded.requests,
        own_key = totals.own_key + excluded.own_key,
        estimated = totals.estimated + excluded.estimated,
        charged = totals.charged + excluded.charged,
        prompt_tokens = totals.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = totals.cached_tokens + excluded.cached_tokens,
        written_tokens = totals.written_tokens + excluded.written_tokens,
        completion_tokens = totals.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = totals.reasoning_tokens + excluded.reasoning_tokens,
        cost = totals.cost + excluded.cost,
        provider_cost = totals.provider_cost + excluded.provider_cost,
        durations = totals.durations + excluded.durations,
        first_bytes = totals.first_bytes + excluded.first_bytes,
        duration_ms = totals.duration_ms + excluded.duration_ms,
        first_byte_ms = totals.first_byte_ms + excluded.first_byte_ms
  )
  select coalesce(sum(requests), 0)::bigint from hours where part = 'total'
$$;

-- Sums up the platform's hours that are over, one after the other, until it has summed up so many requests. Answers whether there
-- are more. One session at a time does it; the others leave it to that one.
create function gateway.roll_up_platform(at timestamptz, most bigint default 100000) returns boolean
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.last_whole_hour(at);
  since timestamptz;
  before timestamptz;
  counted bigint;
  summed bigint := 0;
begin
  if not pg_try_advisory_xact_lock(7020094213606) then
    return false;
  end if;
  since := coalesce(
    (select rolled_up_to from gateway.platform_roll_up),
    (select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests),
    until);
  before := since;
  while since < until and summed < most loop
    counted := gateway.sum_up_platform(since);
    if counted > 0 then
      perform gateway.sum_up_ranking(since, since + interval '1 hour');
    end if;
    since := since + interval '1 hour';
    summed := summed + counted;
    if counted = 0 and since < until then
      -- One look passes over a day without requests.
      since := coalesce(
        (select date_trunc('hour', min(finished_at), 'UTC') from gateway.requests
          where finished_at >= since and finished_at < least(since + interval '1 day', until)),
        least(since + interval '1 day', until));
    end if;
  end loop;
  insert into gateway.platform_days
    select part, date_trunc('day', hour, 'UTC'), value, sum(requests), sum(failed), sum(own_key), sum(estimated), sum(charged),
           sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost),
           sum(provider_cost), sum(durations), sum(first_bytes)
    from gateway.platform_hours
    where part in ('total', 'model', 'provider', 'error')
      and hour >= date_trunc('day', before, 'UTC') and hour < date_trunc('day', since, 'UTC')
    group by 1, 2, 3;
  perform gateway.sum_up_ranking_days(before, since);
  delete from gateway.platform_heads where hour < since;
  insert into gateway.platform_roll_up as rolled (rolled_up_to) values (since)
    on conflict (one) do update set
      rolled_up_to = excluded.rolled_up_to, head_to = case when rolled.head_to > excluded.rolled_up_to then rolled.head_to end;
  return since < until;
end;
$$;

-- supabase/schemas/39_usage_platform_read.sql

-- How the platform's usage is read: from hours and days that are summed up, and from what has come since (39_usage_platform.sql).

-- From when on the platform's requests are counted one by one.
create function gateway.platform_counted_from() returns timestamptz
language sql stable set search_path = ''
as $$ select coalesce(head_to, rolled_up_to) from gateway.platform_roll_up $$;

-- These parts of the platform's usage in [since, until), which are whole hours: of whole days by the day, under its first hour. Without
-- settings of its own, so that Postgres puts it in its caller's place, and thousands of hours are not written down in between.
create function gateway.platform_used(since timestamptz, until timestamptz, parts text[]) returns setof gateway.platform_hours
language sql stable
begin atomic
  select d.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_days as d on d.part = any (parts) and d.hour >= days.first and d.hour < days.last
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.part = any (parts) and h.hour >= since and h.hour < coalesce(days.first, until)
  union all
  select h.* from gateway.whole_days(since, until, (select rolled_up_to from gateway.platform_roll_up)) as days
    join gateway.platform_hours as h on h.part = any (parts) and h.hour >= days.last and h.hour < until
  union all
  select l.* from gateway.platform_parts(array(
    select h from gateway.platform_heads as h where hour >= since and hour < until
    union all
    select c from gateway.count_platform(greatest(since, gateway.platform_counted_from()), until) as c)) as l
    where l.part = any (parts);
end;

-- The platform's usage in [since, until) by model, provider and kind of error, and all together by the day.
create function gateway.platform_by(since timestamptz, until timestamptz) returns setof gateway.platform_hours
language sql stable set search_path = ''
as $$
  select part, case when part = 'total' then date_trunc('day', hour, 'UTC') end as day, value, sum(requests)::bigint,
         sum(failed)::bigint, sum(own_key)::bigint, sum(estimated)::bigint, sum(charged)::bigint, sum(prompt_tokens)::bigint,
         sum(cached_tokens)::bigint, sum(written_tokens)::bigint, sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint,
         sum(cost)::bigint, sum(provider_cost)::bigint, sum(durations), sum(first_bytes)
  from gateway.platform_used(since, until, array['total', 'model', 'provider', 'error'])
  group by part, day, value
$$;

-- Several of them together.
create function gateway.platform_sum(used gateway.platform_hours[]) returns gateway.platform_hours
language sql stable set search_path = ''
as $$
  select 'total', min(hour), '', sum(requests)::bigint, sum(failed)::bigint, sum(own_key)::bigint, sum(estimated)::bigint,
         sum(charged)::bigint, sum(prompt_tokens)::bigint, sum(cached_tokens)::bigint, sum(written_tokens)::bigint,
         sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint, sum(cost)::bigint, sum(provider_cost)::bigint,
         sum(durations), sum(first_bytes)
  from unnest(used)
$$;

-- The platform's usage in the API's form.
create function gateway.platform_figures(used gateway.platform_hours) returns jsonb
language sql stable parallel safe
return gateway.figures(
    used.requests, used.failed, used.own_key, used.prompt_tokens, used.cached_tokens, used.completion_tokens, used.reasoning_tokens,
    used.cost)
  || jsonb_build_object(
    'estimated', coalesce(used.estimated, 0), 'written_tokens', coalesce(used.written_tokens, 0),
    'error_rate', case when used.requests > 0 then round(used.failed::numeric / used.requests, 4) else 0 end,
    'provider_cost', trim_scale(coalesce(used.provider_cost, 0) * 0.000000001),
    'margin', trim_scale(coalesce(used.cost - used.provider_cost, 0) * 0.000000001),
    'duration_ms', gateway.latency(used.durations), 'first_byte_ms', gateway.latency(used.first_bytes));

-- One part of it as a list, the dearest first. Only what is listed is told in the API's form, which takes longer than to find it.
create function gateway.platform_list(used gateway.platform_hours[], this_part text, most integer) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(this_part, listed.value, 'usage', gateway.platform_figures(listed))
    order by listed.cost desc, listed.requests desc, listed.value), '[]')
  from (
    select * from unnest(used) where part = this_part
    order by cost desc, requests desc, value limit most) as listed
$$;

-- supabase/schemas/39_usage_ranking.sql

-- How the rankings are read, from the hours and days that 39_ranking.sql has summed up.

-- What was used in [since, until), which are whole hours and summed up: of whole days by the day, under its first hour.
create function gateway.ranking_used(this_kind text, since timestamptz, until timestamptz) returns setof gateway.ranking_hours
language sql stable
begin atomic
  select d.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_days as d on d.kind = this_kind and d.hour >= days.first and d.hour < days.last
  union all
  select h.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_hours as h on h.kind = this_kind and h.hour >= since and h.hour < coalesce(days.first, until)
  union all
  select h.* from gateway.whole_days(since, until, until) as days
    join gateway.ranking_hours as h on h.kind = this_kind and h.hour >= days.last and h.hour < until;
end;

-- The most used models or apps of the last so many hours that are summed up, and the moment at which these end. `trend` compares with as
-- many hours before.
create function gateway.ranked(this_kind text, hours integer, until timestamptz, most integer)
returns table (place bigint, name text, requests bigint, tokens bigint, trend numeric)
language sql stable set search_path = ''
as $$
  with both_windows as (
    select u.name, u.requests, u.tokens, 0 as before
    from gateway.ranking_used(this_kind, until - make_interval(hours => hours), until) as u
    union all
    select u.name, 0, 0, u.tokens
    from gateway.ranking_used(this_kind, until - make_interval(hours => 2 * hours), until - make_interval(hours => hours)) as u
  ),
  used as (
    select b.name, sum(b.requests) as requests, sum(b.tokens) as tokens, sum(b.before) as before
    from both_windows b group by b.name
  ),
  shown as (
    select * from used u
    where u.requests > 0 and (this_kind = 'model' and exists (select from gateway.models m where m.id = u.name and m.enabled)
      or this_kind = 'app' and gateway.may_be_shown(u.name, until - make_interval(hours => hours)))
    order by u.tokens desc, u.requests desc, u.name limit most
  )
  select row_number() over (order by s.tokens desc, s.requests desc, s.name), s.name, s.requests::bigint, s.tokens::bigint,
         case when s.before > 0 then round((s.tokens - s.before) * 100 / s.before, 1) end
  from shown s
$$;

-- supabase/schemas/39_usual_call.sql

-- A call about which there is nothing to decide, as nearly every one is: what tells that it is one, for public.begin_request.

-- What begin_request is asked for a usual call, and by whom, as a row: Postgres reads one in a third of the time that JSON takes.
-- Without request_id the request goes by its call's id. What stands in `rest` makes no call an unusual one; it is for
-- gateway.begin_any_request: allowed, own_key_fee and end_user of the call, and older_hashes of the key.
create type gateway.usual_ask as (
  key_hash text, ip text, domain text, user_agent text, request_id text, call_id uuid, begun bigint, model text, kind text,
  providers text[], prompt_bound bigint, tools boolean, choices bigint, output_limit bigint, hold_seconds bigint, markup integer,
  rest jsonb);

-- Whether an account for which an operator has set limits of its own has calls and tokens left in its month. Hardly any has, so this
-- is not put in its caller's place, where every call would make its parts ready.
create function gateway.has_own_month_left(account gateway.accounts, plan_requests bigint, plan_tokens bigint) returns boolean
language plpgsql immutable
as $$
begin
  return account.month_requests < coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan_requests)
    and account.month_tokens < coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan_tokens);
end;
$$;

-- Whether a role may call. Asked by few: the built-in ones are never changed, and a test holds that each may.
create function gateway.may_call(role text) returns boolean
language plpgsql stable
as $$
begin
  return (select gateway.covers(permissions, 'inference') from gateway.roles where name = role);
end;
$$;

-- Whether nothing about an account, its month apart, keeps a call from being a usual one.
create function gateway.may_be_usual(account gateway.accounts, at timestamptz) returns boolean
language sql stable
return
  (account.role in ('user', 'developer', 'admin') or gateway.may_call(account.role))
  and account.disabled_at is null and not account.has_provider_keys and not account.has_end_users
  and gateway.is_behind(account, at) is not true and account.month >= gateway.month_of(at)
  -- In a trial that nothing has bought off, begin_any_request finds out whether a plan stands in front of it.
  and (account.trial_ends_at > at and not account.has_purchased) is not true;

-- The same as begin_request takes it for any call.
create function gateway.whole_ask(asked gateway.usual_ask) returns jsonb
language sql stable parallel safe
return jsonb_build_object(
  'caller', jsonb_strip_nulls(jsonb_build_object(
    'key_hashes', jsonb_build_array((asked).key_hash) || coalesce((asked).rest -> 'older_hashes', '[]'), 'ip', (asked).ip, 'domain', (asked).domain,
    'user_agent', (asked).user_agent, 'request_id', coalesce((asked).request_id, (asked).call_id::text))),
  'call', to_jsonb(asked) - '{key_hash,ip,domain,user_agent,request_id,rest}'::text[]
    || '{"allowed": true, "images": 0, "modalities": []}' || coalesce((asked).rest, '{}'));

-- supabase/schemas/40_begin_any_request.sql

-- The beginning of any call: gateway.lock_caller, gateway.offer (gateway.price_call, gateway.call_refusal), gateway.place_hold. See
-- public.begin_request, which begins a usual one by itself.

-- caller: key_hashes (newest pepper first), ip, domain, user_agent, request_id.
-- call: call_id, begun (when the gateway made it, in Unix time), model, kind (what it is asked for, as gateway.models has it), providers (those that may serve it at our cost), allowed (those that the caller lets serve it,
-- for whom a key of the caller's own may do; true: all of them), own_key_fee (what calls with such keys cost, see gateway.own_keys_for), wishes (see gateway.meets), hedged (see gateway.price_call), prompt_bound (tokens at most, without images), images, tools (whether the
-- prompt comes with tools or a schema, of which the provider makes a text of its own),
-- choices, output_limit (the client's, a choice; null: ours to choose), hold_seconds, markup (basis points), units (what it may use
-- besides tokens of text, see gateway.price_call), and of a turn of a kept chat session_id, instructed, prompt_tokens, counted
-- (see gateway.open_turn). Of a response that is to be stored, or that goes on from one that is, stored_response: wished (whether
-- it is to be stored), previous (the id of the one that it goes on from) and counted (as of a turn). And idempotency, of a call with
-- an Idempotency-Key: key and fingerprint. And end_user, whom the caller makes it for, in its own word.
-- And alternatives, further models that may answer in its place, in turn: of each what of the call is another there (model, providers,
-- allowed). They are held for together, once, at the dearest. The list ends at the first that the caller may not ask or cannot pay;
-- one that nobody serves as it is asked is left out.
-- Answers the frozen candidates, the output limit a choice and the hold, or `refused`; the limits either way; and, if
-- some candidates are the caller's own accounts, the caller's keys there as Fernet tokens, by their ids;
-- and of a turn the sealed messages before it, of a response the sealed conversation before it and, if it is to be stored, whether
-- its account keeps any (stores). With alternatives those that may be asked come as answers of their own, each with its place among the models
-- that were named, from 0, and `ends`: why the list went no further, null if it did.
create function gateway.begin_any_request(caller jsonb, call jsonb) returns jsonb
language plpgsql
as $$
declare
  markup integer := (call ->> 'markup')::integer;
  choices constant bigint := (call ->> 'choices')::bigint;
  hold_seconds constant double precision := (call ->> 'hold_seconds')::double precision;
  further constant jsonb := coalesce(call -> 'alternatives', '[]');
  locked record;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  permissions text[];
  at timestamptz;
  limits text;
  calls_in_flight bigint := 0;
  held_in_flight bigint := 0;
  offer gateway.offer;
  offers gateway.offer[];
  before gateway.call_history;
  refused jsonb;
  ends jsonb;
  earlier jsonb;
  held bigint := 0;
  placed record;
  answers jsonb[];
  answer jsonb;
begin
  if (choices > 0 and markup >= 0 and hold_seconds > 0 and coalesce((call ->> 'output_limit')::bigint, 1) > 0
      and (call ->> 'prompt_bound')::bigint >= 0 and (call ->> 'images')::bigint >= 0
      and jsonb_typeof(call -> 'providers') = 'array' and (jsonb_typeof(call -> 'allowed') = 'array' or call -> 'allowed' = 'true')
      and jsonb_typeof(call -> 'modalities') = 'array' and call ->> 'model' is not null
      and call ->> 'call_id' is not null) is not true then
    -- A null would pass for no choice, no prompt or no image, and hold next to nothing (see gateway.require).
    raise exception using errcode = 'null_value_not_allowed', message = 'a member of the call is missing or out of range';
  end if;
  locked := gateway.lock_caller(caller -> 'key_hashes');
  account := locked.account;
  key := locked.key;
  if key.id is null then
    return jsonb_build_object('refused', gateway.refusal(401, 'invalid_api_key'));
  end if;

  at := gateway.now();
  plan := (select whole from gateway.plans as whole where id = gateway.plan_in_force(account, at));
  markup := gateway.plan_markup(markup, plan.price_factor);
  select roles.permissions into permissions from gateway.roles where name = account.role;
  limits := gateway.limits(account, key, plan);
  if gateway.is_behind(account, at) then
    account := gateway.catch_up(account, at);
  end if;
  if account.month < gateway.month_of(at) then
    -- A month that has passed counts nothing; the row is written when the hold is placed.
    account.month_requests := 0;
    account.month_tokens := 0;
    account.month_own_requests := 0;
  end if;
  -- A key counts what is over. Where that decides, what is still open decides with it.
  if key.max_requests is not null or key.spend_limit is not null then
    select count(*), coalesce(sum(amount), 0) into calls_in_flight, held_in_flight
      from gateway.holds where account_id = account.id and key_id = key.id and state = 'open';
    key.requests_used := key.requests_used + calls_in_flight;
  end if;

  for place in 0 .. jsonb_array_length(further) loop
    offer := gateway.offer(
      account, key, held_in_flight, plan, permissions, markup, caller,
      call || case when place = 0 then '{}' else further -> (place - 1) end, at);
    offer.place := place;
    ends := offer.refused;
    if ends is null then
      offers := offers || offer;
      held := greatest(held, (offer.priced).amount);
    end if;
    exit when ends is not null and not gateway.is_about_the_model(ends);
  end loop;
  -- What ends the list is told only where those before it fail.
  if offers is null then
    refused := ends;
  end if;
  if call ->> 'idempotency' is not null and coalesce(refused ->> 'status' not in ('401', '403'), true) then
    -- Whatever has changed since, the answer was paid for.
    earlier := gateway.earlier_call(account.id, call -> 'idempotency', at);
    if earlier ? 'earlier' then
      return earlier || jsonb_build_object('limits', limits);
    end if;
    refused := coalesce(earlier -> 'refused', refused);
  end if;
  if refused is not null then
    if refused ->> 'status' in ('401', '403') then
      perform gateway.note_refusal(caller, key, refused ->> 'code', at);
    elsif refused ->> 'status' = '402' then
      perform gateway.notify_of_refusal(account, key, refused ->> 'code', at);
      if refused ->> 'code' = 'end_user_budget_reached' then
        perform gateway.notify_of_budget_refusal(gateway.end_user_of(account.id, call ->> 'end_user'), at);
      end if;
    end if;
    return jsonb_build_object(
      'refused', refused, 'limits', limits,
      'topup_due', case
        when refused ->> 'status' = '402' and account.balance - account.held < account.topup_below
          and coalesce(account.topup_after <= at, true)
        then account.id end);
  end if;

  placed := gateway.place_hold(
    (call ->> 'call_id')::uuid, account.id, key.id, held,
    at + make_interval(secs => hold_seconds), at, case when account.has_end_users then call ->> 'end_user' end,
    nullif(caller ->> 'request_id', call ->> 'call_id'), (offers[1]).model.id);
  if key.key_hash <> caller -> 'key_hashes' ->> 0 and caller -> 'key_hashes' ? key.key_hash then
    -- The hash under the newest pepper replaces an older one that matched; a former secret replaces nothing.
    update gateway.api_keys set key_hash = caller -> 'key_hashes' ->> 0 where id = key.id;
  end if;
  foreach offer in array offers loop
    answers := array_append(answers, jsonb_build_object(
      'account_id', account.id, 'key_id', key.id, 'model', (offer.model).id, 'held', held, 'markup', markup,
      'placed_at', at, 'limits', limits, 'output_limit', offer.output,
      'candidates', case when cardinality(offers) = 1 then (offer.priced).candidates
        else gateway.capped((offer.priced).candidates, (offer.priced).amount) end,
      'credit_limited', call ->> 'output_limit' is null and offer.output < (offer.model).max_output,
      'context_length', (offer.model).context_length,
      'reasoning', (offer.model).reasoning, 'image_tokens', (offer.model).image_tokens,
      'own_keys', gateway.own_tokens((offer.own).keys),
      'deprecated', extract(epoch from (offer.model).deprecated_at)::bigint,
      -- What a provider reports beyond these is not believed.
      'most_prompt', greatest((offer.model).context_length, offer.prompt),
      'most_completion', (offer.model).max_output * choices)
      || case when key.trace_content then '{"trace_content": true}'::jsonb else '{}' end
      || case when further = '[]' then '{}' else jsonb_build_object('place', offer.place) end);
  end loop;
  answer := answers[1];
  if not placed.is_open then
    return gateway.not_begun(placed.overtaken_by, answer);
  end if;
  if further <> '[]' then
    answer := answer || jsonb_build_object('alternatives', to_jsonb(answers[2:]), 'ends', ends);
  end if;
  before := (offers[1]).before;
  if call ->> 'session_id' is not null then
    perform gateway.take_turn(call, at + make_interval(secs => hold_seconds));
  end if;
  if before.history is not null then
    answer := answer || jsonb_build_object('history', before.history);
  end if;
  if before.items is not null then
    answer := answer || jsonb_build_object('items', before.items);
  end if;
  if call #>> '{stored_response,wished}' = 'true' then
    answer := answer || jsonb_build_object('stores', gateway.response_retention(account.id) > 0);
  end if;
  if call ->> 'idempotency' is not null then
    perform gateway.claim_key(
      account.id, (call ->> 'call_id')::uuid, call -> 'idempotency', at + make_interval(secs => hold_seconds));
  end if;
  perform gateway.commit_unflushed();
  return answer;
end;
$$;

-- supabase/schemas/40_begin_request.sql

-- The one database call before a provider is asked: who calls, what it may cost, and the hold for it.
--
-- Nearly every call is a usual one, about which there is nothing to decide: it asks as little as shows that gateway.call_refusal would
-- find nothing. Whatever a call may be besides, gateway.begin_any_request begins it, under the same lock.
--
-- Postgres makes each node of every statement and expression ready anew in each transaction, which takes longer than to run it. So
-- each table is read by a statement of its own and for few columns, since every join makes each of its columns ready again; and what
-- concerns hardly any call stands where only such a call comes.
--
-- Its one argument, which has no name, is the whole body of the request: {"caller": …, "call": …}, as gateway.begin_any_request takes
-- it, or of a call that may be a usual one {"row": …}, as gateway.usual_ask. PostgREST hands such an argument on as it came, where it
-- would read named ones out of the body first. It is json and not jsonb, which would take all of it apart.
--
-- The plans of its statements are made once a session, since made anew for each call they cost as much as the call; and they
-- read by index only, since a plan outlives the day on which a table was small.
create function public.begin_request(json) returns json
language plpgsql volatile security definer set search_path = '' set lock_timeout = '400ms'
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  body alias for $1;
  asked constant gateway.usual_ask := (body ->> 'row')::gateway.usual_ask;
  account gateway.accounts;
  key record;
  plan record;
  model record;
  routes record;
  prompt bigint;
  output bigint;
  markup integer;
  limits text;
  credit bigint;
  earliest_end timestamptz;
  until timestamptz;
  is_placed boolean := false;
  unflushed text;
  at timestamptz;
  in_words jsonb;
begin
  <<usual>>
  begin
    exit usual when (asked.choices > 0 and asked.markup >= 0 and asked.hold_seconds > 0 and asked.prompt_bound >= 0
      and coalesce(asked.output_limit, 1) > 0) is not true;
    -- The account's row is locked first and by itself: the order of every function that moves money. Its key is read after that.
    account := (
      select whole from gateway.accounts as whole
        where id = (select account_id from gateway.api_keys where key_hash = asked.key_hash)
        for no key update);
    at := gateway.now();
    exit usual when gateway.may_be_usual(account, at) is not true;
    select id, rate_limits, environment, cache_ttl into key from gateway.api_keys
      -- Its account is compared so that no index of the accounts serves: one may have many keys.
      where key_hash = asked.key_hash and account_id is not distinct from account.id
        and revoked_at is null and disabled_at is null and expires_at is null and max_requests is null and spend_limit is null
        and ip_allowlist = '{}' and domain_allowlist = '{}' and allowed_models = '{}' and not trace_content
        and gateway.covers(scopes, 'inference');
    exit usual when not found;
    select id, price_factor, plans.limits, requests_per_month, tokens_per_month into plan
      from gateway.plans where id = gateway.plan_in_force(account, at);
    exit usual when not found;
    -- As gateway.word_of_limits has it.
    if account.rate_limits = '{}' and key.rate_limits = '{}' and key.environment = 'live' then
      exit usual when account.month_requests >= plan.requests_per_month or account.month_tokens >= plan.tokens_per_month;
      limits := plan.limits;
    else
      exit usual when not gateway.has_own_month_left(account, plan.requests_per_month, plan.tokens_per_month);
      limits := gateway.own_limit_pairs(plan.id, account.rate_limits, key.rate_limits, key.environment);
    end if;
    select context_length, max_output, reasoning, image_tokens, tool_tokens, deprecated_at into model from gateway.models
      where id = asked.model and enabled and kind = coalesce(asked.kind, 'chat');
    exit usual when not found;
    prompt := asked.prompt_bound + coalesce(asked.tools, true)::integer * model.tool_tokens;
    output := least(asked.output_limit, model.max_output);
    markup := gateway.plan_markup(asked.markup, plan.price_factor);
    select string_agg(candidate, ', ') as candidates, max(most) as held, greatest(count(*), 1) as count into routes
      from (
        select
          r.candidate::text as candidate,
          -- A route at another price than the plain one is more than any credit.
          case when prompt <= r.plain_up_to then gateway.most_charged(
              prompt, greatest(r.prompt_price, r.cached_price, r.written_price),
              output * asked.choices, greatest(r.completion_price, r.reasoning_price), r.request_price, markup)
            else 9223372036854775807 end as most
        from gateway.model_routes as r
        where r.model_id = asked.model and r.enabled and r.provider = any (asked.providers)
          and r.prompt_price is not null and r.completion_price is not null
        order by r.prompt_price + r.completion_price, r.provider
      ) as priced;
    -- A client that sets no output limit may have all that its model can write, if a quarter of its credit buys it from all routes
    -- together: then gateway.choose_output would choose the same.
    credit := account.balance - account.held;
    exit usual when (
      routes.held <= credit and (asked.output_limit is not null or routes.held <= credit / nullif(4 * routes.count, 0))) is not true;
    -- As gateway.earliest_end has it, without taking the id apart.
    earliest_end := coalesce(least(to_timestamp(asked.begun), at) - interval '7 days', '-infinity');
    until := at + asked.hold_seconds * interval '1 second';
    -- As gateway.place_hold does it, for a call that has left nothing yet, in a month that is counted.
    insert into gateway.holds (call_id, account_id, key_id, request_id, model, state, amount, created_at, expires_at)
      select asked.call_id, account.id, key.id, asked.request_id, asked.model, 'open', routes.held, at, until
        where not exists (
          select from gateway.requests
            where call_id = asked.call_id and finished_at >= earliest_end and finished_at <= at + interval '1 day')
      on conflict (call_id) do nothing;
    is_placed := found;
  end;
  if not is_placed then
    -- Which may be the first thing that is written for a week: see make_months.
    if not gateway.has_month(gateway.now() + interval '7 days') then
      perform gateway.make_months(gateway.now());
    end if;
    in_words := case when asked.call_id is null then body::jsonb else gateway.whole_ask(asked) end;
    return gateway.begin_any_request(in_words -> 'caller', in_words -> 'call');
  end if;
  update gateway.accounts set
    held = accounts.held + routes.held, next_overdue = least(next_overdue, until), month_requests = month_requests + 1
    where id = account.id;

  -- An assignment costs a tenth of what `perform` does.
  unflushed := gateway.commit_unflushed();
  -- One `format` costs a tenth of what it takes to build an object. The limits are made of names, numbers and ids.
  return format(
    '{"output_limit":%s,"held":%s,"context_length":%s,"image_tokens":%s,"most_prompt":%s,"most_completion":%s,'
    '"account_id":"%s","key_id":"%s","model":%s,"markup":%s,"placed_at":%s,"candidates":[%s],'
    '"limits":"account=%s key=%s plan=%s%s%s","reasoning":%s,"credit_limited":false,"own_keys":{},"deprecated":%s}',
    output, routes.held, model.context_length, model.image_tokens, greatest(model.context_length, prompt),
    model.max_output * asked.choices, account.id, key.id, to_json(asked.model), markup, to_json(at), routes.candidates,
    account.id, key.id, plan.id, limits, ' cache=' || key.cache_ttl, model.reasoning::text,
    coalesce(extract(epoch from model.deprecated_at)::bigint::text, 'null'));
end;
$$;

-- supabase/schemas/40_call_refusal.sql

-- Where a model of this kind is asked.
create function gateway.asked_at(kind text) returns text
language sql immutable parallel safe
return case kind
  when 'chat' then 'ask it at POST /v1/chat/completions, /v1/messages or /v1/completions'
  when 'embedding' then 'ask it at POST /v1/embeddings'
  when 'rerank' then 'ask it at POST /v1/rerank'
  when 'speech' then 'ask it at POST /v1/audio/speech'
  when 'image' then 'ask it at POST /images/generate or /v1/images/edits'
  when 'transcription' then 'ask it at POST /v1/audio/transcriptions or /v1/audio/translations'
  else 'it is not asked at this address'
end;

-- Why a call may not be made, or null: the first that applies, in the order in which callers are told. `key` counts what it has
-- in flight as used already; `in_flight` is what that has reserved.
create function gateway.call_refusal(
  account gateway.accounts, key gateway.api_keys, in_flight bigint, plan gateway.plans, permissions text[],
  model gateway.models, priced gateway.priced_call, caller jsonb, call jsonb, at timestamptz)
returns jsonb
language plpgsql
as $$
declare
  asked_kind constant text := coalesce(call ->> 'kind', 'chat');
  -- Hardly any call fails, and to ask for the code alone needs no call of a function.
  refused constant jsonb := case
    when gateway.failed_key_check(account, key, permissions, caller, 'inference', coalesce(model.id, call ->> 'model'), at) is not null
    then gateway.key_refusal(account, key, permissions, caller, 'inference', coalesce(model.id, call ->> 'model'), at) end;
  required constant bigint := priced.amount;
  available bigint;
  key_credit bigint;
begin
  if refused is not null then
    return refused;
  end if;

  if model.id is null then
    return gateway.no_such_model(call ->> 'model');
  end if;
  -- A model of images that writes, too, can be chatted with.
  if model.kind <> asked_kind
    and not (asked_kind = 'chat' and model.kind = 'image' and model.output_modalities @> '{text,image}') then
    return gateway.refusal(400, 'unsupported_model', jsonb_build_object(
      'param', 'model', 'message', format('%s is a model of the kind %s: %s.', model.id, model.kind, gateway.asked_at(model.kind))));
  end if;
  -- Most calls are text alone, which needs no query. What the model does not take is not priced, whatever a provider may
  -- make of it.
  if call -> 'modalities' <> '[]'
    and not model.input_modalities @> array(select jsonb_array_elements_text(call -> 'modalities')) then
    return gateway.refusal(400, 'unsupported_modality',
      jsonb_build_object('param', 'messages', 'takes', model.input_modalities));
  end if;
  if asked_kind = 'chat' and call #> '{units,outputs}' ? 'image' and not model.output_modalities @> '{image}' then
    return gateway.refusal(400, 'unsupported_modality', jsonb_build_object(
      'param', 'modalities', 'gives', model.output_modalities, 'message', format(
        '%s makes no pictures: ask a model that has image in its output_modalities (GET /models), or leave out `modalities`.',
        model.id)));
  end if;
  if priced.candidates is null and call ? 'wishes' then
    return gateway.unmet_wishes(model, call);
  end if;
  if priced.candidates is null then
    -- A priced route that may serve the call has no price for what it asks.
    return gateway.refusal(503, case
      when exists (select from gateway.model_routes where model_id = model.id and prompt_price is not null
                                                          and completion_price is not null)
        and not exists (select from gateway.model_routes where model_id = model.id and prompt_price is not null
                          and completion_price is not null and enabled and call -> 'providers' ? provider)
      then 'no_provider' else 'model_not_priced' end);
  end if;

  if account.month_requests >= coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan.requests_per_month)
    or account.month_tokens >= coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan.tokens_per_month) then
    return gateway.refusal(429, 'quota_exceeded', '{"should_retry": false}');
  end if;
  if account.trial_requests_left <= 0 and gateway.is_in_trial(account, at) then
    return gateway.refusal(429, 'trial_requests_used', '{"should_retry": false}');
  end if;

  if required = 0 then
    return null;
  end if;
  available := gateway.available(account, at);
  -- What is free has just paid debt. What calls have cost, credit that open calls reserve will pay when they end.
  if account.refund_debt > 0 or account.debt > available + account.held then
    return gateway.refusal(402, 'account_in_debt',
      jsonb_build_object('required', gateway.dollars(account.debt), 'available', gateway.dollars(available)));
  end if;
  key_credit := key.spend_limit - gateway.spent_in_period(key, at);
  if key_credit < required then
    return gateway.refusal(402, 'spend_limit_reached',
      jsonb_build_object('required', gateway.dollars(required),
                         'available', gateway.dollars(greatest(key_credit, 0))));
  end if;
  if available + account.held - account.debt < required then
    return gateway.refusal(402, 'insufficient_credits',
      jsonb_build_object('required', gateway.dollars(required), 'available', gateway.dollars(available)));
  end if;
  if available < required or key_credit - in_flight < required then
    return gateway.refusal(402, 'credits_in_flight',
      jsonb_build_object('required', gateway.dollars(required),
                         'available', gateway.dollars(least(available, key_credit - in_flight)),
                         'retry_after_ms', 1000, 'should_retry', true));
  end if;
  return null;
end;
$$;

-- supabase/schemas/40_count_use.sql

-- Counts calls of a key that are over, and what they have cost. `calls` is 0 where the key's use was counted when its hold was swept.
-- A period that has begun since the hold was placed counts from nothing.
create function gateway.count_use(this_key uuid, calls integer, cost bigint, placed_at timestamptz, at timestamptz) returns void
language plpgsql volatile
as $$
declare
  limit_step integer;
begin
  update gateway.api_keys as k set
    requests_used = requests_used + calls,
    spent = count_use.cost + case when spend_period is null then spent
                        else gateway.spent_since(spent, spend_period_start, spend_period, placed_at) end,
    spent_ever = spent_ever + count_use.cost,
    spend_period_start = case when spend_period is null then spend_period_start
                              else gateway.later_period(spend_period_start, spend_period, placed_at) end,
    last_used_at = greatest(last_used_at, placed_at)
    where id = this_key
    returning case when spend_limit is not null then gateway.spend_limit_step(spent, count_use.cost, spend_limit) end into limit_step;
  if limit_step is not null then
    perform gateway.notify_of_spend_limit(this_key, limit_step, at);
  end if;
end;
$$;

-- supabase/schemas/40_lock_caller.sql

-- Locks the account that a key belongs to, and answers the account and the key as they are under the lock; no key, if the
-- hashes are nobody's.
--
-- The account's row is locked first and by itself: the order of every function that moves money. Its key needs no lock of its
-- own, since whoever changes a key locks the account before.
--
-- Here and in what else every call reads, a row is selected as one value: a list of its columns is made ready again by
-- every execution, which takes longer than to read the row.
create function gateway.lock_caller(key_hashes jsonb, out account gateway.accounts, out key gateway.api_keys)
language plpgsql
as $$
declare
  owner uuid;
  key_id uuid;
begin
  -- Nearly every key is known by its hash under the newest pepper.
  select account_id, id into owner, key_id from gateway.api_keys where key_hash = key_hashes ->> 0;
  if not found then
    key := gateway.find_key(key_hashes);
    if key.id is null then
      return;
    end if;
    owner := key.account_id;
    key_id := key.id;
  end if;
  account := (select whole from gateway.accounts as whole where id = owner for no key update);
  key := (select whole from gateway.api_keys as whole where id = key_id);
  if not key_hashes ? key.key_hash then
    -- A former secret, or one that a rotation has retired while this waited.
    key := gateway.find_key(key_hashes);
    if key.id is distinct from key_id then
      key := null;
    end if;
  end if;
end;
$$;

-- supabase/schemas/40_place_hold.sql

-- Places the hold of a call whose account is locked, and counts the call. Answers whether it stays open: not if the call has
-- begun before or is over, and not if its settle overtook it, which is then to be applied.
create function gateway.place_hold(
  this_call uuid, account_id uuid, key_id uuid, amount bigint, expires_at timestamptz, at timestamptz,
  end_user text default null, request_id text default null, model text default null, out is_open boolean, out overtaken_by jsonb)
language plpgsql
as $$
declare
  earliest_end constant timestamptz := gateway.earliest_end(this_call, at);
  latest_end constant timestamptz := greatest(at, place_hold.expires_at) + interval '1 day';
  this_month constant date := gateway.month_of(at);
begin
  -- Nothing has ended in a month to come; a day, because clocks are set back.
  insert into gateway.holds (call_id, account_id, key_id, request_id, model, end_user, state, amount, created_at, expires_at)
    select this_call, place_hold.account_id, place_hold.key_id, place_hold.request_id, place_hold.model, place_hold.end_user, 'open',
           place_hold.amount, at, place_hold.expires_at
      where not exists (
        select from gateway.requests where call_id = this_call and finished_at between earliest_end and latest_end)
    on conflict (call_id) do nothing;
  is_open := found;
  if not is_open then
    update gateway.holds as h set
      account_id = place_hold.account_id, key_id = place_hold.key_id, request_id = place_hold.request_id, model = place_hold.model,
      end_user = place_hold.end_user, state = 'open', amount = place_hold.amount, created_at = at, expires_at = place_hold.expires_at
      where h.call_id = this_call and h.state = 'tombstone'
      returning h.settlement into overtaken_by;
    if not found then
      return;
    end if;
    is_open := overtaken_by is null;
  end if;

  -- A month that has passed counts nothing.
  update gateway.accounts as a set
    held = a.held + place_hold.amount, next_overdue = least(a.next_overdue, place_hold.expires_at),
    month = greatest(a.month, this_month),
    month_requests = case when a.month >= this_month then a.month_requests else 0 end + 1,
    month_tokens = case when a.month >= this_month then a.month_tokens else 0 end,
    month_own_requests = case when a.month >= this_month then a.month_own_requests else 0 end,
    trial_requests_left = greatest(a.trial_requests_left - gateway.is_in_trial(a, at)::integer, 0)
    where a.id = place_hold.account_id;
end;
$$;

-- Why a call that was not placed is not begun: it has begun before, or its settle has overtaken it. Then it is settled now.
create function gateway.not_begun(overtaken_by jsonb, answer jsonb) returns jsonb
language plpgsql
as $$
declare
  served constant jsonb := jsonb_path_query_first(
    answer -> 'candidates', '$[*] ? (@.provider == $provider)', jsonb_build_object('provider', overtaken_by -> 'provider'));
begin
  if overtaken_by is not null then
    perform gateway.finish_any_request(overtaken_by || jsonb_build_object('hold', answer || jsonb_build_object(
      'price', served, 'own_key', served -> 'own_key', 'ceiling', served -> 'ceiling',
      'markup', coalesce(served -> 'markup', answer -> 'markup'))));
  end if;
  return jsonb_build_object('limits', answer -> 'limits', 'refused', gateway.refusal(409, 'call_finished'));
end;
$$;

-- A hold is a reservation, not money, so the answer of begin_request need not wait until it is on the disk. If the database crashes
-- before that, the settlement brings back what the hold was (see finish_request).
create function gateway.commit_unflushed() returns text
language sql volatile
return set_config('synchronous_commit', 'off', true);

-- supabase/schemas/41_finish_any_request.sql

-- The settle of any call, whatever it was and whatever has become of its hold: see public.finish_request, which settles a usual one
-- by itself.

-- settlement: call_id; outcome ('refused' and 'failed' cost nothing); provider; usage (as of
-- gateway.usage; what is 0 may be left out) or null; estimated (counted by us: at most the hold is charged); charge_hold (nothing is known of what a
-- reasoning model produced: the hold is charged); for the record request_id, error_code, stream, first_byte_ms,
-- duration_ms, asked_ms, attempts (see gateway.requests), app, end_user, tags, metadata, answer_id, finish_reason; turn, of a turn of a kept chat (see gateway.end_turn); stored_response, of a response that is stored (see
-- gateway.store_response); idempotency, of a call with an
-- Idempotency-Key: key, fingerprint and the sealed answer to be kept; and hold, what begin_request answered: account_id, key_id, model, held, markup, placed_at, most_prompt,
-- most_completion, units (the most of each that the call can use, as of gateway.price_call), with price, own_key (the id of the own key, null if it was ours) and ceiling (the most that it may cost) of the candidate that
-- served; replayed_call, the earlier call whose cached answer was given again (then it costs nothing); refused_keys, the ids of own keys that were refused. Null if it gave no answer; then the call was not made,
-- and is refused.
-- Applies once by call_id, however often, late or early it comes. Answers cost and balance, and whether the usage was
-- clamped: no call has more tokens than its model, or more units than it was held for; of those, how many were reported (exceeding);
-- and whether an auto top-up is due (see public.begin_auto_topup).
--
-- What it finds of the call, under the account's lock, says what has happened:
--   an open hold     the usual: it is settled and goes.
--   a swept hold     the call took longer than its hold lived: settled all the same, beyond what is held.
--   a tombstone      over before, and never charged.
--   a request        settled before: the same answer again.
--   nothing          with `hold`: a crash of the database lost the hold, which had not been written to disk. The call was
--                    made, so it is charged, and counted as begin_request had. Without: it has not begun; a
--                    tombstone stops the begin that may still come.
--
-- Its members are read out of JSON once, by these types.
create type gateway.told_hold as (
  account_id uuid, model text, markup integer, own_key uuid, ceiling bigint, price jsonb, most_prompt bigint,
  most_completion bigint, units jsonb);
create type gateway.told_settlement as (
  call_id uuid, outcome text, provider text, usage jsonb, estimated boolean, charge_hold boolean, request_id text,
  error_code text, stream boolean, first_byte_ms integer, duration_ms integer, asked_ms integer, attempts jsonb, app text,
  end_user text, tags jsonb, metadata jsonb, answer_id text, finish_reason text, replayed_call uuid, turn jsonb,
  stored_response jsonb, idempotency jsonb, refused_keys jsonb, hold gateway.told_hold);

create function gateway.finish_any_request(settlement jsonb) returns json
language plpgsql volatile
as $$
declare
  told constant gateway.told_settlement := jsonb_populate_record('(,,,,,,,,,,,,,,,,,,,,,,,,)'::gateway.told_settlement, settlement);
  facts constant gateway.told_hold := told.hold;
  this_call constant uuid := told.call_id;
  outcome constant text := told.outcome;
  price constant gateway.price := jsonb_populate_record('(,,,,,,,,,,,,,,,)'::gateway.price, facts.price);
  model constant text := coalesce(facts.model, '');
  usage jsonb := told.usage;
  used gateway.usage := jsonb_populate_record('(,,,,,,,,,,,,,)'::gateway.usage, usage);
  -- What is no token of text, or a part of one.
  units jsonb := case when coalesce(
      used.written_long, used.image_input, used.audio_input, used.image_output, used.audio_output, used.images, used.searches,
      used.milliseconds, used.characters) is not null
    then usage - '{prompt,cached,written,completion,reasoning}'::text[] end;
  prompt_tokens integer := gateway.clamp(used.prompt)::integer;
  completion_tokens integer := gateway.clamp(used.completion)::integer;
  cached_tokens integer;
  written_tokens integer;
  clamped boolean := coalesce(prompt_tokens > facts.most_prompt or completion_tokens > facts.most_completion, false);
  exceeding jsonb := '{}';
  owner uuid := facts.account_id;
  account gateway.accounts;
  hold gateway.holds;
  reserved bigint;
  most bigint;
  cost bigint := 0;
  paying bigint;
  payment record;
  is_plain boolean;
  at timestamptz;
begin
  if (this_call is not null
      and outcome in ('refused', 'failed', 'completed', 'cut', 'client_left', 'deadline')) is not true then
    raise exception using errcode = 'null_value_not_allowed', message = 'the settlement''s call or outcome is missing';
  end if;
  if owner is null then
    select account_id into owner from gateway.holds where call_id = this_call and state <> 'tombstone';
    if not found then
      return gateway.settle_without_hold(settlement);
    end if;
  end if;
  account := (select whole from gateway.accounts as whole where id = owner for no key update);
  at := gateway.now();
  if told.idempotency is not null and account.deleted_at is null then
    perform gateway.remember_call(owner, settlement, at);
  end if;
  -- The account's lock is held, so nobody else changes this hold: a second settle has waited here and finds it gone.
  if outcome <> 'refused' then
    delete from gateway.holds where call_id = this_call and account_id = owner and state <> 'tombstone'
      returning * into hold;
  end if;
  if hold.call_id is null then
    hold := (select whole from gateway.holds as whole where call_id = this_call);
    if hold.call_id is null and gateway.recover_hold(this_call, account, nullif(settlement -> 'hold', 'null'), at) then
      select * into account from gateway.accounts where id = owner;
      select * into hold from gateway.holds where call_id = this_call;
    end if;
    if hold.state is null or hold.state = 'tombstone' then
      return gateway.settle_without_hold(settlement);
    end if;
    if hold.account_id <> owner then
      perform gateway.refuse(gateway.refusal(409, 'call_finished'));
    end if;
    if outcome = 'refused' then
      if told.turn is not null then
        perform gateway.end_turn(account, this_call, told.turn, at);
      end if;
      return gateway.release_hold(account, hold, settlement, at);
    end if;
    delete from gateway.holds where call_id = this_call;
  end if;

  if clamped then
    prompt_tokens := least(prompt_tokens, facts.most_prompt);
    completion_tokens := least(completion_tokens, facts.most_completion);
    usage := usage || jsonb_build_object('prompt', prompt_tokens, 'completion', completion_tokens);
  end if;
  if units is not null and facts.units is not null then
    exceeding := gateway.exceeding(usage, facts.units);
    if exceeding <> '{}' then
      clamped := true;
      usage := usage || gateway.bounds(exceeding, facts.units);
      units := units || gateway.bounds(exceeding, facts.units);
    end if;
  end if;
  cached_tokens := gateway.clamp(used.cached)::integer;
  written_tokens := gateway.clamp(used.written)::integer;
  if outcome <> 'failed' and told.replayed_call is null then
    -- Uncounted is not free, and neither is a provider that was no candidate. A call that an own key has served costs its fee at
    -- most, whatever the hold covers besides.
    most := least(hold.amount, facts.ceiling);
    cost := most;
    if usage is not null and facts.price is not null and told.charge_hold is not true then
      if units is null then
        cost := case when price.tiers is null and price.reasoning is null then gateway.text_cost(
          price.prompt, price.cached, price.written, price.completion, price.request, prompt_tokens, cached_tokens,
          written_tokens, completion_tokens, facts.markup) end;
      else
        cost := null;
      end if;
      if cost is null then
        cost := coalesce(gateway.cost(facts.price, usage, facts.markup), most);
      end if;
      if told.estimated then
        cost := least(cost, most);
      end if;
    end if;
  end if;
  -- What the hold reserves is this call's; beyond it, only what nobody else has reserved. The rest is debt.
  reserved := case when hold.state = 'open' then hold.amount else 0 end;
  if cost > 0 and cost <= reserved then
    -- Nearly always one grant pays it all, and lives on.
    update gateway.credit_grants set remaining = remaining - cost
      where remaining > cost and id = (
        select id from gateway.credit_grants
          where account_id = owner and live and (expires_at is null or expires_at > hold.created_at)
          order by expires_at nulls last, id limit 1)
      returning id into paying;
  end if;
  if paying is not null then
    account.balance := account.balance - cost;
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (owner, 'usage', -cost, paying, this_call, account.balance, model, at);
  elsif cost > 0 then
    payment := gateway.spend(
      account, case when cost <= reserved then cost else least(cost, reserved + gateway.available(account, at)) end,
      'usage', this_call, model, null, hold.created_at, at);
    account := payment.account;
    if payment.taken < cost then
      account := gateway.take_on_debt(account, cost - payment.taken, 'usage', this_call, model, at);
    end if;
    update gateway.accounts set debt = account.debt, next_expiry = account.next_expiry where id = owner;
  end if;

  if facts.own_key is not null then
    update gateway.provider_keys set last_used_at = at where id = facts.own_key and account_id = account.id;
  end if;
  if told.refused_keys is not null then
    perform gateway.notify_of_own_keys(account.id, told.refused_keys, at);
  end if;
  is_plain := coalesce(
    units is null and price.request = 0 and price.written is null and price.reasoning is null and price.tiers is null, false);
  insert into gateway.requests
    (call_id, account_id, key_id, request_id, model, provider, outcome, error_code, stream, prompt_tokens,
     cached_tokens, written_tokens, completion_tokens, reasoning_tokens, units, estimated, clamped, held, cost, markup, first_byte_ms, duration_ms, app, own_key,
     end_user, tags, metadata, replayed_call, answer_id, finish_reason, asked_ms, attempts, prompt_price, cached_price, completion_price, price,
     created_at, finished_at)
    values
    (this_call, account.id, hold.key_id, told.request_id, model,
     told.provider, outcome,
     told.error_code, coalesce(told.stream, false),
     prompt_tokens, least(cached_tokens, prompt_tokens), least(written_tokens, prompt_tokens), completion_tokens,
     least(gateway.clamp(used.reasoning)::integer, completion_tokens), units,
     coalesce(told.estimated, false), clamped, hold.amount, cost, facts.markup,
     told.first_byte_ms, told.duration_ms, told.app, facts.own_key is not null,
     case when account.deleted_at is null then told.end_user end,
     case when account.deleted_at is null then told.tags end,
     case when account.deleted_at is null then told.metadata end,
     told.replayed_call, told.answer_id, told.finish_reason, told.asked_ms,
     told.attempts, case when is_plain then price.prompt end,
     case when is_plain then price.cached end, case when is_plain then price.completion end,
     case when not is_plain then facts.price end, hold.created_at, at);
  perform gateway.count_use(hold.key_id, (hold.state <> 'swept')::integer, cost, hold.created_at, at);
  if account.has_end_users and told.end_user is not null then
    perform gateway.charge_end_user(owner, told.end_user, cost, hold.created_at, at);
  end if;
  if account.balance < account.alert_at then
    account.alert_at := gateway.notify_of_balance(account, account.balance < gateway.no_balance(), at);
  end if;
  account.held := account.held - reserved;
  update gateway.accounts set
    balance = account.balance, held = account.held, alert_at = account.alert_at, month_tokens = month_tokens + prompt_tokens + completion_tokens,
    month_own_requests = month_own_requests + (facts.own_key is not null and outcome <> 'failed')::integer
    where id = owner;
  if account.debt > 0 then
    account := gateway.repay_debt(account, at);
  end if;
  if told.turn is not null then
    perform gateway.end_turn(account, this_call, told.turn, at);
  end if;
  if told.stored_response is not null then
    perform gateway.store_response(account, this_call, told.stored_response, at);
  end if;
  return format(
    '{"cost":%s,"balance":%s,"clamped":%s,"exceeding":%s,"topup_due":%s}', cost, account.balance, clamped::text, exceeding,
    ((account.balance - account.held < account.topup_below and coalesce(account.topup_after <= at, true)) is true)::text);
end;
$$;

-- supabase/schemas/41_finish_request.sql

-- The one database call after the answer: what the call cost, once, whatever failed in between.
--
-- Nearly every call is a usual one: whole, of text, at one price, covered by its hold and paid by one grant, of an account without
-- debt and of which nobody need be told. Its cost is known before anything is locked, so that the update of its account is the
-- lock. Whatever a settle may be besides, gateway.finish_any_request settles it.

-- The settlement of a usual call, and what is told of its hold, as a row: it is completed, of text, at a price without tiers. `price`
-- has the whole of that where it has one for what is written or for a request, as gateway.requests records it.
create type gateway.usual_settlement as (
  call_id uuid, account_id uuid, key_id uuid, model text, held bigint, markup integer, placed_at text, most_prompt bigint,
  most_completion bigint, prompt_price bigint, cached_price bigint, written_price bigint, completion_price bigint,
  request_price bigint, price jsonb, provider text, prompt integer, cached integer, written integer, completion integer,
  reasoning integer, request_id text, stream boolean, first_byte_ms integer, duration_ms integer, asked_ms integer, app text,
  end_user text, answer_id text, finish_reason text);

-- The same as finish_request takes it for any call.
create function gateway.whole_settlement(told gateway.usual_settlement) returns jsonb
language sql stable parallel safe
return jsonb_strip_nulls(jsonb_build_object(
  'call_id', (told).call_id, 'outcome', 'completed', 'provider', (told).provider,
  'usage', jsonb_build_object(
    'prompt', (told).prompt, 'cached', (told).cached, 'written', (told).written, 'completion', (told).completion,
    'reasoning', (told).reasoning),
  'request_id', (told).request_id, 'stream', (told).stream, 'first_byte_ms', (told).first_byte_ms,
  'duration_ms', (told).duration_ms, 'asked_ms', (told).asked_ms, 'app', (told).app, 'end_user', (told).end_user,
  'answer_id', (told).answer_id,
  'finish_reason', (told).finish_reason,
  'hold', jsonb_build_object(
    'account_id', (told).account_id, 'key_id', (told).key_id, 'model', (told).model, 'held', (told).held,
    'markup', (told).markup, 'placed_at', (told).placed_at, 'most_prompt', (told).most_prompt,
    'most_completion', (told).most_completion,
    'price', coalesce((told).price, jsonb_build_object(
      'prompt', (told).prompt_price, 'cached', (told).cached_price, 'completion', (told).completion_price, 'request', 0)))));

-- Its one argument, which has no name, is the whole body of the request: the settlement, or of a usual call {"row": …}, as
-- gateway.usual_settlement. It is planned like begin_request.
create function public.finish_request(json) returns json
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s'
  set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  body alias for $1;
  told constant gateway.usual_settlement := (body ->> 'row')::gateway.usual_settlement;
  cached constant integer := coalesce(told.cached, 0);
  written constant integer := coalesce(told.written, 0);
  cost constant bigint := gateway.text_cost(
    told.prompt_price, told.cached_price, told.written_price, told.completion_price, told.request_price, told.prompt, cached,
    written, told.completion, told.markup);
  balance bigint;
  topup_due boolean;
  hold gateway.holds;
  paying bigint;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  if cost <= told.held and told.prompt between 0 and told.most_prompt and told.completion between 0 and told.most_completion
      and cached >= 0 and written >= 0 and told.prompt <= 1000000000 and told.completion <= 1000000000 then
    update gateway.accounts as a set
      balance = a.balance - cost, held = a.held - told.held, month_tokens = a.month_tokens + told.prompt + told.completion
      where id = told.account_id and a.held >= told.held and debt = 0 and (a.balance - cost >= alert_at) is not false
        and (told.end_user is null or not has_end_users and deleted_at is null)
      returning a.balance, (a.balance - a.held < topup_below and coalesce(topup_after <= gateway.now(), true)) is true
      into balance, topup_due;
  end if;
  if balance is null then
    return gateway.finish_any_request(case when told.call_id is null then body::jsonb else gateway.whole_settlement(told) end);
  end if;
  at := gateway.now();
  delete from gateway.holds
    where call_id = told.call_id and account_id = told.account_id and state = 'open' and amount = told.held
    returning * into hold;
  if hold.call_id is not null and cost > 0 then
    -- Nearly always one grant pays it all, and lives on.
    update gateway.credit_grants set remaining = remaining - cost
      where remaining > cost and id = (
        select id from gateway.credit_grants
          where account_id = hold.account_id and live and (expires_at is null or expires_at > hold.created_at)
          order by expires_at nulls last, id limit 1)
      returning id into paying;
  end if;
  if hold.call_id is null or (cost > 0 and paying is null) then
    -- The account is locked, so nobody has seen what this undoes.
    update gateway.accounts as a set
      balance = a.balance + cost, held = a.held + told.held, month_tokens = a.month_tokens - told.prompt - told.completion
      where id = told.account_id;
    if hold.call_id is not null then
      insert into gateway.holds values (hold.*);
    end if;
    return gateway.finish_any_request(gateway.whole_settlement(told));
  end if;
  if cost > 0 then
    insert into gateway.credit_transactions
      (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
      values (hold.account_id, 'usage', -cost, paying, hold.call_id, balance, coalesce(told.model, ''), at);
  end if;
  insert into gateway.requests
    (call_id, account_id, key_id, request_id, model, provider, outcome, stream, prompt_tokens, cached_tokens, written_tokens,
     completion_tokens, reasoning_tokens, held, cost, markup, first_byte_ms, duration_ms, app, end_user, answer_id, finish_reason,
     asked_ms, prompt_price, cached_price, completion_price, price, created_at, finished_at)
    values
    (hold.call_id, hold.account_id, hold.key_id, told.request_id, coalesce(told.model, ''), told.provider, 'completed',
     coalesce(told.stream, false), told.prompt, cached, written, told.completion,
     least(greatest(coalesce(told.reasoning, 0), 0), told.completion), hold.amount, cost, told.markup, told.first_byte_ms,
     told.duration_ms, told.app, told.end_user, told.answer_id, told.finish_reason, told.asked_ms,
     case when told.price is null then told.prompt_price end, case when told.price is null then told.cached_price end,
     case when told.price is null then told.completion_price end, told.price, hold.created_at, at);
  -- As gateway.count_use does it, for a key whose spending nothing limits.
  update gateway.api_keys set
    requests_used = requests_used + 1, spent = spent + cost, spent_ever = spent_ever + cost,
    last_used_at = greatest(last_used_at, hold.created_at)
    where id = hold.key_id and spend_period is null and spend_limit is null;
  if not found then
    perform gateway.count_use(hold.key_id, 1, cost, hold.created_at, at);
  end if;
  return format('{"cost":%s,"balance":%s,"clamped":false,"exceeding":{},"topup_due":%s}', cost, balance, topup_due::text);
end;
$$;

-- supabase/schemas/41_recover_hold.sql

-- For how long after it was placed a hold can be recovered, and a tombstone or a swept hold is remembered. A request is kept for
-- longer, so a settle that is repeated finds it and charges nothing.
create function gateway.holds_remembered() returns interval
language sql immutable parallel safe
return interval '30 days';

-- Places again the hold of a locked account that a crash of the database has lost, as the settlement's facts have it, and
-- counts its call again: both were lost together. Answers whether it did: not without facts, not if the call is settled, and not
-- so late that what would tell is forgotten.
create function gateway.recover_hold(this_call uuid, account gateway.accounts, facts jsonb, at timestamptz)
returns boolean
language plpgsql
as $$
declare
  placed_at constant timestamptz := (facts ->> 'placed_at')::timestamptz;
  placed record;
begin
  if facts is null or account.id is null or placed_at < at - gateway.holds_remembered() then
    return false;
  end if;
  placed := gateway.place_hold(
    this_call, account.id, (facts ->> 'key_id')::uuid, (facts ->> 'held')::bigint, at, placed_at);
  return placed.is_open;
end;
$$;

-- supabase/schemas/41_release_hold.sql

-- Ends a call that was never sent to a provider: what it had reserved and the counts that decide go back to its account, which
-- is locked. No request is recorded, so a tombstone tells that the call is over.
create function gateway.release_hold(
  account gateway.accounts, hold gateway.holds, settlement jsonb, at timestamptz)
returns jsonb
language plpgsql
as $$
begin
  update gateway.holds set state = 'tombstone', amount = 0, settlement = (release_hold.settlement #- '{turn,messages}') - '{stored_response,end_user,tags,metadata}'::text[]
    where call_id = hold.call_id;
  update gateway.accounts set
    held = account.held - case when hold.state = 'open' then hold.amount else 0 end,
    month_requests = greatest(month_requests - 1, 0),
    trial_requests_left = trial_requests_left + gateway.is_in_trial(account, at)::integer
    where id = account.id;
  if hold.state = 'swept' then
    update gateway.api_keys set requests_used = greatest(requests_used - 1, 0) where id = hold.key_id;
  end if;
  return jsonb_build_object('cost', 0, 'balance', account.balance);
end;
$$;

-- supabase/schemas/41_settle_without_hold.sql

-- The settle of a call that has no hold to settle: it is settled already, or it has not begun, as far as is known. Then a
-- tombstone keeps the settlement for a begin_request that may still come.
create function gateway.settle_without_hold(settlement jsonb) returns jsonb
language plpgsql
as $$
declare
  this_call constant uuid := (settlement ->> 'call_id')::uuid;
  earliest_end constant timestamptz := gateway.earliest_end(this_call, gateway.now());
  settled gateway.requests;
begin
  select * into settled from gateway.requests
    where call_id = this_call and finished_at >= earliest_end;
  if found then
    return jsonb_build_object('cost', settled.cost, 'repeated', true);
  end if;
  insert into gateway.holds (call_id, state, settlement, created_at, expires_at)
    -- What was said in it is kept with its chat, or as a response, or not at all.
    values (this_call, 'tombstone', (settlement #- '{turn,messages}') - 'stored_response', gateway.now(), gateway.now())
    on conflict (call_id) do nothing;
  if found then
    -- Unless this has waited for a begin_request that was settled by an earlier tombstone, and took that away.
    select * into settled from gateway.requests
      where call_id = this_call and finished_at >= earliest_end;
    if not found then
      return jsonb_build_object('cost', 0, 'tombstone', true);
    end if;
    delete from gateway.holds where call_id = this_call and state = 'tombstone';
    return jsonb_build_object('cost', settled.cost, 'repeated', true);
  end if;
  if exists (select from gateway.holds where call_id = this_call and state <> 'tombstone') then
    -- A begin_request committed in this moment.
    return gateway.finish_any_request(settlement);
  end if;
  return jsonb_build_object('cost', 0, 'repeated', true);
end;
$$;

-- supabase/schemas/42_coupons.sql

-- How coupons are used. Limits and budgets hold by conditional updates under the account's lock: of any number at once as many get
-- through as there is room for. The order of locks: the account, its payments, the coupon, its promotion, grants.

-- What is spent of a promotion's budget: of a day that is over nothing counts.
create function gateway.spent_of(promotion gateway.promotions, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when promotion.per_day and promotion.day is distinct from (at at time zone 'utc')::date then 0 else promotion.spent end;

-- Takes so much of a promotion's budget; false if it is not there. Null names no promotion, and draws on nothing.
create function gateway.draw_on(promotion text, amount bigint, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  today constant date := (at at time zone 'utc')::date;
begin
  if promotion is null then
    return true;
  end if;
  update gateway.promotions set
    spent = case when per_day and day is distinct from today then 0 else spent end + amount, day = today
    where id = draw_on.promotion and active
      and (budget is null or case when per_day and day is distinct from today then 0 else spent end + amount <= budget);
  return found;
end;
$$;

-- Gives back what was drawn and is not used. Of a day that is over nothing is given back.
create function gateway.undraw(promotion text, amount bigint, drawn_at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.promotions set spent = greatest(spent - amount, 0)
    where id = undraw.promotion and (not per_day or day = (drawn_at at time zone 'utc')::date)
$$;

-- The coupon that a caller knows the code of, or nothing: there is none, it is another account's, or not for now. Whoever guesses
-- gets ten wrong tries an hour, by account and by network, and then not even a right one: so the refusal of a wrong one is a value,
-- which leaves the count. Before any lock of the account.
create function gateway.known_coupon(caller jsonb, session gateway.session, code text) returns gateway.coupons
language plpgsql volatile set search_path = ''
as $$
declare
  coupon gateway.coupons;
  network constant text := gateway.network_of(caller);
  at timestamptz;
begin
  perform gateway.limit_attempts('coupon.account', session.account_id::text, 10, interval '1 hour');
  perform gateway.limit_attempts('coupon.network', network, 10, interval '1 hour');
  at := gateway.now();
  select * into coupon from gateway.coupons
    where coupons.code = upper(btrim(known_coupon.code)) and active and deleted_at is null
      and (account_id is null or account_id = session.account_id) and coalesce(valid_from <= at, true);
  if found then
    -- It was no wrong one. The rows are locked, and the attempt just counted is the last.
    update gateway.attempts set times = times[:cardinality(times) - 1]
      where (kind, subject) in (('coupon.account', session.account_id::text), ('coupon.network', network));
  end if;
  return coupon;
end;
$$;

-- The use of a coupon by a locked account: reserved until expires_at, or redeemed at once. Refuses it where there is none left.
create function gateway.take_coupon(
  account gateway.accounts, coupon uuid, value bigint, state text, payment uuid, expires_at timestamptz, at timestamptz)
returns gateway.coupon_redemptions
language plpgsql volatile set search_path = ''
as $$
declare
  taken gateway.coupons;
  use integer;
  made gateway.coupon_redemptions;
begin
  select * into taken from gateway.coupons where id = take_coupon.coupon;
  if taken.valid_until <= at then
    perform gateway.refuse(gateway.refusal(409, 'coupon_expired'));
  end if;
  if taken.first_purchase_only and (
      exists (select from gateway.payments where account_id = account.id and status = 'succeeded')
      or exists (select from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
                 where r.account_id = account.id and r.state = 'reserved' and r.expires_at > at and c.first_purchase_only)) then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable',
      '{"message": "This coupon is for an account''s first purchase."}'));
  end if;
  select n into use from generate_series(1, taken.per_account) as n
    where not exists (
      select from gateway.coupon_redemptions r
      where r.coupon_id = taken.id and r.account_id = account.id and r.nth = n and r.state <> 'released')
    order by n limit 1;
  if use is null then
    perform gateway.refuse(gateway.refusal(409, 'coupon_already_redeemed'));
  end if;
  update gateway.coupons set redemptions = redemptions + 1
    where id = taken.id and active and deleted_at is null and (max_redemptions is null or redemptions < max_redemptions);
  if not found or not gateway.draw_on(taken.promotion, value, at) then
    perform gateway.refuse(gateway.refusal(409, 'coupon_used_up'));
  end if;
  insert into gateway.coupon_redemptions
    (id, coupon_id, account_id, nth, state, value, payment_id, expires_at, created_at, ended_at)
    values (gen_random_uuid(), taken.id, account.id, use, take_coupon.state, take_coupon.value, take_coupon.payment,
            take_coupon.expires_at, at, case take_coupon.state when 'redeemed' then at end)
    returning * into made;
  return made;
end;
$$;

-- Releases uses whose time has passed: of this account (null: of any), a few at a time. Who settles one at the same time is first
-- or finds it released. All coupons before all promotions, each in order, so that no two wait for each other.
create function gateway.release_coupons(account uuid, at timestamptz) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  released gateway.coupon_redemptions[];
  part record;
begin
  with late as (
    select id from gateway.coupon_redemptions
      where state = 'reserved' and expires_at <= at and (account is null or account_id = account)
      order by expires_at limit 100 for update skip locked
  ),
  ended as (
    update gateway.coupon_redemptions r set state = 'released', ended_at = at from late where r.id = late.id returning r.*)
  select array_agg(ended.*::gateway.coupon_redemptions) into released from ended;
  if released is null then
    return 0;
  end if;
  for part in select coupon_id, count(*) as uses from unnest(released) group by coupon_id order by coupon_id loop
    update gateway.coupons set redemptions = redemptions - part.uses where id = part.coupon_id;
  end loop;
  for part in
    select c.promotion, r.value, r.created_at from unnest(released) r join gateway.coupons c on c.id = r.coupon_id
      where c.promotion is not null order by c.promotion
  loop
    perform gateway.undraw(part.promotion, part.value, part.created_at);
  end loop;
  return cardinality(released);
end;
$$;

-- What a bonus comes to on a purchase of so much, in nano-dollars.
create function gateway.bonus_on(coupon gateway.coupons, bought bigint) returns bigint
language sql immutable parallel safe
return coalesce(coupon.amount, least(floor(bought::numeric * coupon.basis_points / 10000)::bigint, coupon.max_bonus));

-- Reserves a bonus for a payment that has just been begun.
create function gateway.reserve_bonus(
  account gateway.accounts, payment gateway.payments, coupon gateway.coupons, at timestamptz) returns gateway.payments
language plpgsql volatile set search_path = ''
as $$
declare
  bought constant bigint := gateway.of_cents(payment.amount - payment.fee);
  value constant bigint := gateway.bonus_on(coupon, bought);
  promised gateway.payments;
begin
  if coupon.kind <> 'bonus' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'credit' then 'This coupon is credit without a purchase: POST /coupons/redeem.'
      else 'This coupon is for a plan: name it in POST /subscription/checkout.' end)));
  end if;
  if bought < coupon.min_purchase then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message',
      format('This coupon is for purchases from %s dollars.', gateway.dollars(coupon.min_purchase)))));
  end if;
  perform gateway.release_coupons(account.id, at);
  -- An hour longer than it can be paid: what was paid in the last moment may be told of later.
  perform gateway.take_coupon(account, coupon.id, value, 'reserved', payment.id, payment.expires_at + interval '1 hour', at);
  update gateway.payments set bonus = value where id = payment.id returning * into promised;
  return promised;
end;
$$;

-- What of the promised bonus a payment that is paid now still gets: all of it, unless it was released meanwhile and there is none
-- left. Answers the payment, and when the bonus lapses.
create function gateway.settle_bonus(
  account gateway.accounts, inout payment gateway.payments, at timestamptz, out lapses_at timestamptz)
language plpgsql volatile set search_path = ''
as $$
declare
  reserved gateway.coupon_redemptions;
  coupon gateway.coupons;
begin
  select * into reserved from gateway.coupon_redemptions where payment_id = payment.id for update;
  if not found then
    lapses_at := at + interval '90 days';
    return;
  end if;
  select * into coupon from gateway.coupons where id = reserved.coupon_id;
  lapses_at := at + make_interval(days => coupon.grant_days);
  if reserved.state = 'released' then
    update gateway.coupons set redemptions = redemptions + 1
      where id = coupon.id and (max_redemptions is null or redemptions < max_redemptions)
        and not exists (select from gateway.coupon_redemptions r
                        where r.coupon_id = coupon.id and r.account_id = account.id and r.nth = reserved.nth and r.state <> 'released');
    if not found then
      update gateway.payments set bonus = 0 where id = payment.id returning * into payment;
      return;
    end if;
    if not gateway.draw_on(coupon.promotion, reserved.value, at) then
      update gateway.coupons set redemptions = redemptions - 1 where id = coupon.id;
      update gateway.payments set bonus = 0 where id = payment.id returning * into payment;
      return;
    end if;
  end if;
  update gateway.coupon_redemptions set state = 'redeemed', ended_at = at where id = reserved.id;
end;
$$;

-- Reserves a discount for a subscription that is about to be asked for. Answers Stripe's id of it and ours of the use, which goes
-- into the subscription's metadata.
create function gateway.reserve_discount(account gateway.accounts, coupon gateway.coupons, at timestamptz) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  reserved gateway.coupon_redemptions;
begin
  if coupon.kind <> 'discount' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'credit' then 'This coupon is credit without a purchase: POST /coupons/redeem.'
      else 'This coupon is for a purchase of credit: name it as its `coupon`.' end)));
  end if;
  perform gateway.release_coupons(account.id, at);
  -- An hour longer than the page is open: what was paid in the last moment may be told of later.
  reserved := gateway.take_coupon(account, coupon.id, 0, 'reserved', null, at + interval '2 hours', at);
  return jsonb_build_object('stripe_coupon', coupon.stripe_coupon_id, 'redemption', reserved.id);
end;
$$;

-- An invoice of a subscription that was begun with a discount of this account's is paid. One that was released meanwhile counts all
-- the same: Stripe has given it.
create function gateway.redeem_discount(of_account uuid, redemption uuid, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  used gateway.coupon_redemptions;
begin
  select * into used from gateway.coupon_redemptions where id = redemption and account_id = of_account for update;
  if used.state = 'released' then
    update gateway.coupons set redemptions = redemptions + 1, max_redemptions = greatest(max_redemptions, redemptions + 1)
      where id = used.coupon_id;
    update gateway.coupon_redemptions set nth = (
        select max(nth) + 1 from gateway.coupon_redemptions where coupon_id = used.coupon_id and account_id = used.account_id)
      where id = used.id;
  end if;
  update gateway.coupon_redemptions set state = 'redeemed', ended_at = at where id = used.id and state <> 'redeemed';
end;
$$;

-- supabase/schemas/42_payments.sql

-- What a payment gives and what of it must be taken back: derived from what Stripe has said, not added up event by event, so that
-- duplicates and any order of events come to one result.
--
-- Each function here expects the account's row to be locked by its caller, and is handed that row.

-- By what name this database's payments go at Stripe.
create function gateway.deployment_id() returns uuid
language plpgsql volatile set search_path = ''
as $$
declare
  name uuid;
begin
  select id into name from gateway.deployment;
  if not found then
    insert into gateway.deployment (one) values (true) on conflict do nothing;
    select id into name from gateway.deployment;
  end if;
  return name;
end;
$$;

-- Cents in nano-dollars.
create function gateway.of_cents(cents bigint) returns bigint
language sql immutable parallel safe
return cents * 10000000;

-- How far a payment has come. Of two words of Stripe the higher one holds, in whatever order they arrive.
create function gateway.payment_rank(status text) returns integer
language sql immutable parallel safe
return case status
  when 'created' then 0 when 'processing' then 1 when 'failed' then 2 when 'canceled' then 3 when 'expired' then 4 else 5
end;

-- How far a reversal has come. What Stripe has said stands above what we wanted.
create function gateway.reversal_rank(status text) returns integer
language sql immutable parallel safe
return case
  when status in ('requested', 'refused') then 0
  when status in ('succeeded', 'under_review') then 2
  when status in ('failed', 'canceled', 'won', 'lost') then 3
  when status in ('appeal_needs_response', 'appeal_under_review') then 4
  else 1
end;

-- Whether the money of a reversal is gone, or is about to go. A status that Stripe adds later counts until it is known.
create function gateway.reversal_counts(status text) returns boolean
language sql immutable parallel safe
return not (status in ('refused', 'failed', 'canceled', 'won', 'prevented') or starts_with(status, 'warning_'));

-- How much of a payment's credit is to be taken back when so many of the paid cents are reversed: absolute, so cumulative
-- amounts, partial refunds, and a refund beside a dispute of the same charge cannot count twice. Rounded up, once.
create function gateway.to_take_back(given bigint, paid bigint, reversed bigint) returns bigint
language sql immutable parallel safe
return coalesce(ceil(given::numeric * least(reversed, paid) / nullif(paid, 0))::bigint, 0);

-- The grants that hold what a payment gave, in the order in which it is taken back.
create function gateway.grants_of(payment gateway.payments) returns bigint[]
language sql stable set search_path = ''
as $$
  select array_remove(array[payment.bonus_grant_id, payment.grant_id] || array(
    select grant_id from gateway.instalments where payment_id = payment.id order by due_at desc, line, nth)
    || payment.returned_grant_ids, null)
$$;

-- How many of a payment's cents are reversed by now.
create function gateway.reversed_cents(payment uuid) returns bigint
language sql stable set search_path = ''
as $$ select coalesce(sum(amount), 0) from gateway.reversals where payment_id = payment and counts $$;

-- How many of the paid cents can be returned without debt: what is left of the credit, as a part of what was paid, rounded down.
create function gateway.unspent_cents(account gateway.accounts, payment gateway.payments, at timestamptz) returns bigint
language sql stable set search_path = ''
as $$
  select greatest(0, least(
    payment.paid - gateway.reversed_cents(payment.id),
    floor((payment.taken_back + gateway.not_due_of(payment.id) + least(gateway.available(account, at), (
      select coalesce(sum(remaining), 0) from gateway.credit_grants
      where id = any (gateway.grants_of(payment)) and live and (expires_at is null or expires_at > at)
      )))::numeric * payment.paid / (payment.credits + payment.bonus)) - gateway.reversed_cents(payment.id)))::bigint
$$;

-- Blocks payments of an account while a dispute of one of them counts. A dispute that says fraud disables it until the dispute is
-- closed; an administrator it does not, since somebody must be able to administer.
create function gateway.heed_disputes(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  dispute gateway.reversals;
  suspects boolean := false;
begin
  account.payments_blocked_at := case when exists (
      select from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.counts)
    then coalesce(account.payments_blocked_at, at) end;
  for dispute in
    select r.* from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.counts and r.status <> 'lost'
        and r.reason in ('fraudulent', 'unrecognized')
      order by r.created_at, r.id
  loop
    suspects := true;
    if dispute.disabled_at is null and account.role <> 'admin' then
      account.disabled_at := coalesce(account.disabled_at, at);
      update gateway.reversals set disabled_at = at where id = dispute.id;
    end if;
  end loop;
  if not suspects and account.deleted_at is null and exists (
      select from gateway.reversals r join gateway.payments p on p.id = r.payment_id
      where p.account_id = account.id and r.kind = 'dispute' and r.disabled_at = account.disabled_at) then
    account.disabled_at := null;
  end if;
  update gateway.accounts set
    payments_blocked_at = account.payments_blocked_at, disabled_at = account.disabled_at
    where id = account.id;
  if account.payments_blocked_at is not null then
    perform gateway.stop_auto_topup(account.id, 'disputed', at);
  end if;
end;
$$;

-- Gives a payment the reversals that were told of before it was known by what they name.
create function gateway.adopt_reversals(inout account gateway.accounts, payment gateway.payments, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  adopted text[];
begin
  with found as (
    update gateway.reversals set payment_id = payment.id
      where payment_id is null and (intent_id = payment.intent_id or charge_id = payment.charge_id
        or intent_id in (select l.intent_id from gateway.stripe_links l where l.invoice_id = payment.invoice_id))
      returning id)
  select array_agg(id) into adopted from found;
  if adopted is not null then
    perform gateway.notify_of_reversal(r, at) from gateway.reversals r where r.id = any (adopted) order by r.id;
    update gateway.stripe_events set outcome = 'applied', account_id = account.id, seen = null
      where object_id = any (adopted) and outcome = 'unmatched';
    account := gateway.heed_disputes(account, at);
  end if;
end;
$$;

-- Brings what was taken of a payment's credit to what its reversals come to. Books the difference, in either direction.
create function gateway.reconcile_payment(inout account gateway.accounts, this_payment uuid, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  returned record;
  target bigint;
  -- What of the difference moves credit: instalments bear the rest.
  part bigint;
begin
  select * into payment from gateway.payments where id = this_payment;
  account := gateway.adopt_reversals(account, payment, at);
  if payment.status <> 'succeeded' then
    return;
  end if;
  target := gateway.to_take_back(payment.credits + payment.bonus, payment.paid, gateway.reversed_cents(payment.id));
  if target > payment.taken_back then
    part := gateway.void_instalments(account, payment, target - payment.taken_back, at);
    if part > 0 then
      account := gateway.money_back(account, gateway.grants_of(payment), part, at);
    end if;
  elsif target < payment.taken_back then
    part := gateway.restore_instalments(payment, payment.taken_back - target, at);
    if part > 0 then
      returned := gateway.grant_credit(
        account, 'credit_back', part, case payment.kind when 'invoice' then at + interval '30 days' end, 'a reversal was undone',
        at);
      account := returned.account;
      update gateway.payments set returned_grant_ids = returned_grant_ids || returned.grant_id where id = payment.id;
    end if;
  end if;
  update gateway.payments set taken_back = target where id = payment.id;
  if payment.kind = 'invoice' then
    account := gateway.sync_plan(account, at);
    account := gateway.grant_due(account, at);
  end if;
  -- A purchase that was wholly returned buys no limits, and neither does what came with a plan.
  account.has_purchased := exists (
    select from gateway.payments
    where account_id = account.id and kind <> 'invoice' and status = 'succeeded' and taken_back < credits + bonus);
  update gateway.accounts set has_purchased = account.has_purchased where id = account.id;
  account := gateway.heed_referral(account, payment.id, at);
end;
$$;

-- Why what was paid is not what was asked for, or null.
create function gateway.payment_mismatch(payment gateway.payments, seen jsonb) returns text
language sql stable set search_path = ''
as $$
  select case
    when seen ->> 'currency' is distinct from 'usd' then 'the currency is not usd'
    when (seen ->> 'livemode')::boolean is distinct from payment.livemode then 'the mode is another'
    when (seen ->> 'amount')::bigint is distinct from payment.amount
      -- A session tells what is asked before tax; its intent only what there is to pay.
      and (payment.taxed and seen ->> 'session' is null and (seen ->> 'amount')::bigint > payment.amount) is not true
      then 'the amount is another'
    when coalesce((seen ->> 'paid')::bigint, 0) < payment.amount then 'less was paid'
    when seen ->> 'session' <> payment.session_id then 'the session is another'
    when seen ->> 'intent' <> payment.intent_id then 'the payment intent is another'
    when exists (select from gateway.payments
                 where (intent_id = seen ->> 'intent' or session_id = seen ->> 'session' or charge_id = seen ->> 'charge')
                   and id <> payment.id) then 'it is another payment''s'
    when exists (select from gateway.stripe_customers
                 where id = seen ->> 'customer' and account_id <> payment.account_id) then 'the customer is another account''s'
  end
$$;

-- Notes by what else a payment is known at Stripe; what is known stays.
create function gateway.note_payment(payment uuid, seen jsonb) returns gateway.payments
language sql volatile set search_path = ''
as $$
  update gateway.payments set
    session_id = coalesce(session_id, seen ->> 'session'), intent_id = coalesce(intent_id, seen ->> 'intent'),
    charge_id = coalesce(charge_id, seen ->> 'charge'), fingerprint = coalesce(fingerprint, seen ->> 'fingerprint'),
    receipt_url = coalesce(receipt_url, seen ->> 'receipt_url')
    where id = payment
    returning *
$$;

-- Notes whose customer this is; whose it was before, it stays.
create function gateway.note_customer(account uuid, customer text, livemode boolean, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.stripe_customers (id, account_id, livemode, created_at)
    select customer, note_customer.account, note_customer.livemode, at where customer is not null
    on conflict (id) do nothing
$$;

-- Applies what Stripe says of a payment: credits it, once, if it is paid as it was asked for. `alert` is for the operator.
-- seen: status (paid, processing, failed, canceled, expired), amount and paid (cents), currency, livemode, session, intent, charge,
-- customer, failure_code, advice (Stripe's, on a decline), card (one that was left with it; see gateway.note_card).
create function gateway.settle_payment(
  inout account gateway.accounts, this_payment uuid, seen jsonb, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  granted record;
  bonus record;
begin
  select * into payment from gateway.payments where id = this_payment;
  if payment.status in ('succeeded', 'mismatch') then
    outcome := 'repeated';
    if seen ->> 'status' = 'paid' then
      alert := gateway.payment_mismatch(payment, seen);
      if alert is null and payment.status = 'succeeded' then
        perform gateway.note_payment(payment.id, seen);
        account := gateway.reconcile_payment(account, payment.id, at);
      end if;
    end if;
    return;
  end if;
  if seen ->> 'status' <> 'paid' then
    outcome := case when gateway.payment_rank(seen ->> 'status') > gateway.payment_rank(payment.status) then 'applied' else 'stale' end;
    update gateway.payments set
      status = case outcome when 'applied' then seen ->> 'status' else status end,
      failure_code = coalesce(seen ->> 'failure_code', failure_code), intent_id = coalesce(intent_id, case kind when 'auto' then seen ->> 'intent' end)
      where id = payment.id;
    -- Of an auto top-up its account hears what becomes of the next ones.
    perform gateway.notify(account.id, 'payment_failed', payment.id::text, jsonb_build_object(
      'amount', gateway.dollars(gateway.of_cents(payment.amount)), 'payment_id', payment.id,
      'failure_code', seen ->> 'failure_code', 'at', at), at)
      where outcome = 'applied' and seen ->> 'status' = 'failed' and payment.kind <> 'auto';
    perform gateway.heed_auto_topup(payment, seen, at);
    return;
  end if;
  alert := gateway.payment_mismatch(payment, seen);
  if alert is not null then
    update gateway.payments set status = 'mismatch', failure_code = 'mismatch' where id = payment.id;
    outcome := 'mismatch';
    return;
  end if;
  outcome := 'applied';
  alert := case
    when account.deleted_at is not null then 'the account was deleted before it was paid: refund it'
    when payment.status in ('expired', 'canceled') then 'it was paid after it had ended' end;
  perform gateway.note_customer(account.id, seen ->> 'customer', payment.livemode, at);
  payment := gateway.note_payment(payment.id, seen);
  granted := gateway.grant_credit(account, 'purchase', payment.credits, null, 'payment ' || payment.id, at);
  account := granted.account;
  perform gateway.note_conversion(account, 'purchase', at);
  update gateway.payments set
    status = 'succeeded', paid = (seen ->> 'paid')::integer, grant_id = granted.grant_id, settled_at = at, failure_code = null
    where id = payment.id;
  bonus := gateway.settle_bonus(account, payment, at);
  payment := bonus.payment;
  if payment.bonus > 0 then
    granted := gateway.grant_credit(
      account, 'coupon', payment.bonus, bonus.lapses_at, 'bonus of payment ' || payment.id, at);
    account := granted.account;
    update gateway.payments set bonus_grant_id = granted.grant_id where id = payment.id;
    update gateway.coupon_redemptions set grant_id = granted.grant_id where payment_id = payment.id;
  end if;
  perform gateway.notify(account.id, 'receipt', payment.id::text, jsonb_build_object(
    'paid', gateway.dollars(gateway.of_cents((seen ->> 'paid')::bigint)), 'credits', gateway.dollars(payment.credits),
    'bonus', gateway.dollars(payment.bonus), 'auto', payment.kind = 'auto', 'payment_id', payment.id, 'receipt_url', payment.receipt_url, 'at', at), at);
  perform gateway.heed_auto_topup(payment, seen, at);
  account := gateway.reconcile_payment(account, payment.id, at);
end;
$$;

-- supabase/schemas/42_sweep_holds.sql

-- Housekeeping of holds and of what is remembered for a while.

-- Releases overdue holds and lapses expired grants of the next accounts, by id from the one after `after`: few at a time, since
-- they stay locked until it is done. Forgets some of what is no longer needed. Answers how many accounts it has looked after,
-- which failed and why, and after whom the next step begins: null when this was the last.
--
-- Without it each account's next call does the same for that account. Locked rows are skipped (`skip locked`): this holds the
-- rows of many accounts, and must not wait for any.
create function public.sweep_holds(after uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 25;
  most_forgotten constant integer := 1000;
  at timestamptz := gateway.now();
  due uuid[];
  this_account uuid;
  account gateway.accounts;
  accounts integer := 0;
  failed jsonb := '[]';
  forgotten integer;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  due := array(
    select id from (
      select account_id as id from gateway.holds where state = 'open' and expires_at <= at
      union
      select account_id from gateway.credit_grants where live and expires_at <= at
    ) as overdue
    where id > coalesce(sweep_holds.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most);
  foreach this_account in array due loop
    begin
      select * into account from gateway.accounts where id = this_account for no key update skip locked;
      continue when not found;
      account := gateway.release_overdue(account, at);
      account := gateway.lapse(account, at);
      account := gateway.repay_debt(account, at);
      accounts := accounts + 1;
    exception when others then
      failed := failed || jsonb_build_object('account_id', this_account, 'reason', sqlerrm);
    end;
  end loop;
  -- Long after any settle could still arrive.
  delete from gateway.holds where call_id in (
    select call_id from gateway.holds where state <> 'open' and created_at < at - gateway.holds_remembered()
    order by created_at limit most_forgotten for update skip locked);
  get diagnostics forgotten = row_count;
  delete from gateway.idempotency_keys where (account_id, key) in (
    select account_id, key from gateway.idempotency_keys where created_at < at - interval '24 hours'
    order by created_at limit most_forgotten for update skip locked);
  delete from gateway.idempotent_calls where (account_id, key) in (
    select account_id, key from gateway.idempotent_calls where expires_at < at
    order by expires_at limit most_forgotten for update skip locked);
  return jsonb_build_object(
    'accounts', accounts, 'failed', failed, 'forgotten', forgotten,
    'next', case when cardinality(due) = most then due[most] end);
end;
$$;

-- supabase/schemas/43_ledger_check.sql

-- The proof that the books balance.

-- Every invariant of the ledger, for the accounts whose ids lie behind `after` and up to `last`; for all without these. A clean
-- ledger has no problems. It reads all rows of these accounts and of no others.
create function gateway.ledger_check(
  after uuid default '00000000-0000-0000-0000-000000000000', last uuid default 'ffffffff-ffff-ffff-ffff-ffffffffffff')
returns jsonb
language sql stable set search_path = ''
as $$
  with
  accounts as (select * from gateway.accounts where id > after and id <= last),
  grants as materialized (select * from gateway.credit_grants where account_id > after and account_id <= last),
  transactions as materialized (
    select * from gateway.credit_transactions where account_id > after and account_id <= last
  ),
  requests as materialized (
    select call_id, account_id, cost from gateway.requests where account_id > after and account_id <= last
  ),
  -- A tombstone belongs to no account.
  holds as materialized (
    select * from gateway.holds where state <> 'tombstone' and account_id > after and account_id <= last
  ),
  of_grants as (
    select account_id, sum(remaining) as remaining, min(expires_at) filter (where live) as next_expiry
    from grants group by account_id
  ),
  ledger as (
    select account_id, sum(amount) as total, -coalesce(sum(amount) filter (where grant_id is null), 0) as debt,
           -coalesce(sum(amount) filter (where grant_id is null and type = 'money_back'), 0) as refund_debt
    from transactions group by account_id
  ),
  by_grant as (
    select grant_id, sum(amount) as total from transactions where grant_id is not null group by grant_id
  ),
  open_holds as (
    select account_id, sum(amount) as held, min(expires_at) as next_overdue
    from holds where state = 'open' group by account_id
  ),
  charged as (
    select account_id, call_id, -sum(amount) as amount, max(created_at) as created_at
    from transactions where call_id is not null group by account_id, call_id
  ),
  payments as materialized (select * from gateway.payments where account_id > after and account_id <= last),
  reversed as (
    select payment_id, sum(amount) as cents from gateway.reversals
    where counts and payment_id in (select id from payments) group by payment_id
  ),
  -- What the ledger says of all payments of an account: what was taken back, less what was given back of it.
  taken_back as (
    select account_id, -sum(amount) as amount from transactions
    where type = 'money_back' or (type = 'credit_back' and grant_id is not null and amount > 0) group by account_id
  ),
  instalments as materialized (
    select * from gateway.instalments where account_id > after and account_id <= last
  ),
  of_instalments as (
    select payment_id, sum(amount) as amount, sum(voided + forgiven) as borne from instalments group by payment_id
  ),
  problems as (
    select a.id as account_id, 'balance differs from the grants less the debt' as problem,
           coalesce(g.remaining, 0) - a.debt as expected, a.balance as found
    from accounts a left join of_grants g on g.account_id = a.id
    where a.balance <> coalesce(g.remaining, 0) - a.debt
    union all
    select a.id, 'balance differs from the ledger', coalesce(l.total, 0), a.balance
    from accounts a left join ledger l on l.account_id = a.id
    where a.balance <> coalesce(l.total, 0)
    union all
    select a.id, 'debt differs from the ledger', coalesce(l.debt, 0), a.debt
    from accounts a left join ledger l on l.account_id = a.id
    where a.debt <> coalesce(l.debt, 0)
    union all
    select a.id, 'debt of refunds differs from the ledger', coalesce(l.refund_debt, 0), a.refund_debt
    from accounts a left join ledger l on l.account_id = a.id
    where a.refund_debt <> coalesce(l.refund_debt, 0)
    union all
    select a.id, 'held differs from the open holds', coalesce(h.held, 0), a.held
    from accounts a left join open_holds h on h.account_id = a.id
    where a.held <> coalesce(h.held, 0)
    union all
    select a.id, 'next_overdue is late', extract(epoch from h.next_overdue), extract(epoch from a.next_overdue)
    from accounts a join open_holds h on h.account_id = a.id
    where a.next_overdue is null or a.next_overdue > h.next_overdue
    union all
    select a.id, 'next_expiry is late', extract(epoch from g.next_expiry), extract(epoch from a.next_expiry)
    from accounts a join of_grants g on g.account_id = a.id
    where g.next_expiry is distinct from a.next_expiry
    union all
    select h.account_id, 'a hold''s key is not the account''s', 1, 0
    from holds h
    where not exists (select from gateway.api_keys k where k.id = h.key_id and k.account_id = h.account_id)
    union all
    select c.account_id, 'a grant differs from its ledger rows', coalesce(b.total, 0), c.remaining
    from grants c left join by_grant b on b.grant_id = c.id
    where c.remaining <> coalesce(b.total, 0) or (c.live and c.remaining = 0) or (not c.live and c.remaining > 0)
      or c.remaining > c.amount
    union all
    select r.account_id, 'a request differs from its ledger rows', r.cost, coalesce(c.amount, 0)
    from requests r left join charged c on c.account_id = r.account_id and c.call_id = r.call_id
    where r.cost <> coalesce(c.amount, 0)
    union all
    select c.account_id, 'a ledger row has no request', 0, c.amount
    from charged c left join requests r on r.account_id = c.account_id and r.call_id = c.call_id
    -- The requests of months that were dropped have left only their sums. Both rows have the settle's time.
    where c.created_at >= gateway.requests_since() and r.call_id is null
    union all
    select t.account_id, 'a ledger row''s account does not exist', 0, t.amount
    from transactions t left join accounts a on a.id = t.account_id
    where a.id is null
    union all
    select t.account_id, 'a ledger row''s grant does not exist in its account', 0, t.amount
    from transactions t left join grants g on g.id = t.grant_id and g.account_id = t.account_id
    where t.grant_id is not null and g.id is null
    union all
    select p.account_id, 'a payment''s credit differs from its grants', p.credits + p.bonus,
           coalesce(g.amount, 0) + coalesce(b.amount, 0)
    from payments p
    left join grants g on g.id = p.grant_id and g.account_id = p.account_id and g.source = 'purchase'
    left join grants b on b.id = p.bonus_grant_id and b.account_id = p.account_id and b.source = 'coupon'
    where p.kind <> 'invoice' and case when p.status = 'succeeded' then g.amount is distinct from p.credits or coalesce(b.amount, 0) <> p.bonus
      else p.grant_id is not null or p.bonus_grant_id is not null end
    union all
    select p.account_id, 'what was taken back of a payment differs from its reversals',
           coalesce(gateway.to_take_back(p.credits + p.bonus, p.paid, coalesce(r.cents, 0)), 0), p.taken_back
    from payments p left join reversed r on r.payment_id = p.id
    where p.taken_back <> coalesce(gateway.to_take_back(p.credits + p.bonus, p.paid, coalesce(r.cents, 0)), 0)
    union all
    select p.account_id, 'what was taken back of payments differs from the ledger', sum(p.taken_back - coalesce(i.borne, 0)),
           coalesce(max(t.amount), 0)
    from payments p
    left join of_instalments i on i.payment_id = p.id
    left join taken_back t on t.account_id = p.account_id
    group by p.account_id having sum(p.taken_back - coalesce(i.borne, 0)) <> coalesce(max(t.amount), 0)
    union all
    select p.account_id, 'the credit of an invoice differs from its instalments', p.credits + p.bonus, coalesce(i.amount, 0)
    from payments p left join of_instalments i on i.payment_id = p.id
    where p.kind = 'invoice' and p.credits + p.bonus <> coalesce(i.amount, 0)
    union all
    select i.account_id, 'an instalment differs from its grant', i.amount - i.voided, coalesce(g.amount, 0)
    from instalments i left join grants g on g.id = i.grant_id and g.account_id = i.account_id and g.source = 'subscription'
    where case when i.state = 'granted' then g.amount is distinct from i.amount - i.voided else i.grant_id is not null end
    union all
    select i.account_id, 'an instalment is not its payment''s account''s', 1, 0
    from instalments i left join payments p on p.id = i.payment_id and p.account_id = i.account_id and p.kind = 'invoice'
    where p.id is null
    union all
    select i.account_id, 'next_instalment is late', extract(epoch from min(i.due_at)), extract(epoch from max(a.next_instalment))
    from instalments i join accounts a on a.id = i.account_id where i.state = 'due'
    group by i.account_id having max(a.next_instalment) is null or max(a.next_instalment) > min(i.due_at)
    union all
    select p.account_id, 'a payment that gave credit is no purchase', 1, 0
    from payments p join accounts a on a.id = p.account_id
    where p.kind <> 'invoice' and p.status = 'succeeded' and p.taken_back < p.credits + p.bonus and not a.has_purchased
    union all
    select r.account_id, 'a redeemed coupon''s credit differs from its grant', r.value, coalesce(g.amount, 0)
    from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
    left join grants g on g.id = r.grant_id and g.account_id = r.account_id and g.source = 'coupon'
    where r.account_id > after and r.account_id <= last
      and case when r.state = 'redeemed' and c.kind <> 'discount' then g.amount is distinct from r.value
        else r.grant_id is not null end
    union all
    select r.referred_id, 'a referral''s rewards differ from its grants', 1, 0
    from gateway.referrals r
    where r.referred_id > after and r.referred_id <= last and (
      (r.state in ('qualified', 'paid', 'reversing', 'reversed')) <> exists (
        select from grants g where g.id = r.referred_grant_id and g.account_id = r.referred_id and g.source = 'referral')
      or r.state = 'paid' and not exists (
        select from gateway.credit_grants g
        where g.id = r.referrer_grant_id and g.account_id = r.referrer_id and g.source = 'referral'))
    union all
    select e.account_id, 'what an end user has spent differs from its requests', coalesce(r.cost, 0), e.spent_ever
    from gateway.end_users e cross join lateral (
      select sum(q.cost)::bigint as cost from gateway.requests q
      where q.account_id = e.account_id and q.end_user = e.name and q.finished_at >= e.created_at) as r
    -- Whose first requests were dropped with their months.
    where e.account_id > after and e.account_id <= last and e.created_at >= gateway.requests_since()
      and e.spent_ever <> coalesce(r.cost, 0)
    union all
    -- What belongs to no account, with the first ones.
    select null, 'a coupon''s uses differ from its redemptions', count(r.id), c.redemptions
    from gateway.coupons c left join gateway.coupon_redemptions r on r.coupon_id = c.id and r.state <> 'released'
    where after = '00000000-0000-0000-0000-000000000000'
    group by c.id having c.redemptions <> count(r.id)
    union all
    select null, 'what a promotion has spent differs from what was drawn on it', coalesce(d.amount, 0), p.spent
    from gateway.promotions p left join (
      select promotion, sum(amount) as amount from (
        select c.promotion, r.value as amount
        from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id where r.state <> 'released'
        union all
        select 'referral', drawn from gateway.referrals where drawn > 0
        union all
        select 'trial', drawn from gateway.trials where drawn > 0) as draws
      group by promotion) as d on d.promotion = p.id
    where after = '00000000-0000-0000-0000-000000000000' and not p.per_day and p.spent <> coalesce(d.amount, 0)
  )
  select jsonb_build_object(
    'ok', not exists (select from problems),
    'accounts', (select count(*) from accounts),
    'balance', trim_scale((select coalesce(sum(balance), 0) from accounts) * 0.000000001),
    'held', trim_scale((select coalesce(sum(held), 0) from accounts) * 0.000000001),
    'debt', trim_scale((select coalesce(sum(debt), 0) from accounts) * 0.000000001),
    'problems', (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from (select * from problems limit 100) p))
$$;

-- The last of the next accounts that are checked together: as many as have so many requests together, so that it is done before
-- the database's time limit, however many accounts there are. Null: all that are left.
create function gateway.ledger_step(first uuid) returns uuid
language sql stable set search_path = ''
as $$
  -- The account with which there are enough; the last of so many, if there are not.
  select id from (
      select a.id, sum(coalesce(t.requests, 0)) over (order by a.id) as requests, row_number() over (order by a.id) as place
      from (select id from gateway.accounts where id > first order by id limit 20000) a
      left join gateway.usage_totals t on t.account_id = a.id) as summed
    where requests >= 500000 or place = 20000 order by id limit 1
$$;

-- Checks the next accounts, by id from where a report so far ended (null: from the first). Answers the report of all so far, with
-- next_cursor: null when these were the last.
create function public.check_ledger(caller jsonb, so_far text default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:ledger');
  -- As text: a JSON parser would round large amounts.
  former constant jsonb := so_far::jsonb;
  first constant uuid := coalesce((former ->> 'next_cursor')::uuid, '00000000-0000-0000-0000-000000000000');
  last constant uuid := gateway.ledger_step(first);
  report constant jsonb := gateway.ledger_check(first, coalesce(last, 'ffffffff-ffff-ffff-ffff-ffffffffffff'));
begin
  return jsonb_build_object(
    'ok', (report ->> 'ok')::boolean and coalesce((former ->> 'ok')::boolean, true),
    'problems', (
      select coalesce(jsonb_agg(problem), '[]') from (
        select problem from jsonb_array_elements(coalesce(former -> 'problems', '[]') || (report -> 'problems')) as problem
        limit 100) as told),
    'next_cursor', last)
    || (
      select jsonb_object_agg(name, (report ->> name)::numeric + coalesce((former ->> name)::numeric, 0))
      from unnest(array['accounts', 'balance', 'held', 'debt']) as name);
end;
$$;

-- supabase/schemas/44_stripe_events.sql

-- The only door for what Stripe says: one transaction an event, each event once.

-- Everything about one payment takes turns, whichever account it turns out to be of: a refund that is told of before its payment
-- is known by that id would miss it otherwise. The first lock of its transaction.
create function gateway.take_turns_at_intent(intent text) returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended('stripe intent ' || intent, 0)) where intent is not null $$;

-- The payment that an observation is about: by our own id, which only we put into Stripe's metadata, else by what Stripe calls it,
-- else by the invoice that its intent has paid.
create function gateway.find_payment(seen jsonb) returns gateway.payments
language plpgsql stable set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where id = (seen ->> 'payment')::uuid;
  if not found then
    select * into payment from gateway.payments where intent_id = seen ->> 'intent';
  end if;
  if not found then
    select * into payment from gateway.payments where charge_id = seen ->> 'charge';
  end if;
  if not found then
    select * into payment from gateway.payments where invoice_id = coalesce(
      seen ->> 'invoice', (select invoice_id from gateway.stripe_links where intent_id = seen ->> 'intent'));
  end if;
  return payment;
end;
$$;

-- Keeps what Stripe says of a refund or a dispute; null if it has said something newer before. A refund only goes on; a dispute
-- goes to and fro, so the newest look at it holds.
-- seen: id, kind, intent, charge, amount (cents), status, reason, due_by, observed_at, request (our id of a refund that we asked for).
create function gateway.note_reversal(seen jsonb, payment uuid, at timestamptz) returns gateway.reversals
language plpgsql volatile set search_path = ''
as $$
declare
  noted gateway.reversals;
begin
  -- One of ours has its name from Stripe now.
  update gateway.reversals set id = seen ->> 'id'
    where request_id = (seen ->> 'request')::uuid and id = request_id::text;
  insert into gateway.reversals as known
    (id, kind, payment_id, intent_id, charge_id, amount, status, rank, counts, reason, due_by, observed_at, created_at)
    values (
      seen ->> 'id', seen ->> 'kind', payment, seen ->> 'intent', seen ->> 'charge', (seen ->> 'amount')::integer,
      seen ->> 'status', gateway.reversal_rank(seen ->> 'status'), gateway.reversal_counts(seen ->> 'status'),
      seen ->> 'reason', (seen ->> 'due_by')::timestamptz, (seen ->> 'observed_at')::timestamptz, at)
    on conflict (id) do update set
      payment_id = coalesce(known.payment_id, excluded.payment_id), intent_id = coalesce(known.intent_id, excluded.intent_id),
      charge_id = coalesce(known.charge_id, excluded.charge_id), amount = excluded.amount, status = excluded.status,
      rank = excluded.rank, counts = excluded.counts, reason = coalesce(excluded.reason, known.reason),
      due_by = excluded.due_by, observed_at = excluded.observed_at
      where case known.kind
        when 'refund' then excluded.rank > known.rank
        else (excluded.observed_at, excluded.rank) > (known.observed_at, known.rank) end
    returning * into noted;
  perform gateway.notify_of_reversal(noted, at);
  return noted;
end;
$$;

-- Applies one observation to the account that it is about, whose row is locked.
create function gateway.apply_observation(
  inout account gateway.accounts, payment gateway.payments, seen jsonb, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  settled record;
  noted gateway.reversals;
begin
  if seen ->> 'kind' = 'card' then
    outcome := gateway.note_card(account, seen, (seen ->> 'livemode')::boolean, at);
  elsif seen ->> 'kind' = 'card_gone' then
    outcome := gateway.forget_card(account, seen ->> 'method', null, at);
  elsif seen ->> 'kind' = 'customer' then
    outcome := gateway.forget_customer(seen ->> 'id', at);
    perform gateway.forget_card(account, null, seen ->> 'id', at);
  elsif seen ->> 'kind' = 'subscription' then
    settled := gateway.note_subscription(account, seen, (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := settled.alert;
  elsif seen ->> 'kind' = 'invoice' then
    -- Both of one look at Stripe. Whether the subscription is news says nothing of what was paid.
    settled := gateway.note_subscription(
      account, seen -> 'of_subscription', (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    alert := settled.alert;
    settled := gateway.take_invoice(account, seen, (seen ->> 'livemode')::boolean, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := coalesce(settled.alert, alert);
  elsif seen ->> 'kind' = 'link' then
    outcome := 'applied';
    account := gateway.reconcile_payment(account, payment.id, at);
  elsif seen ->> 'kind' = 'payment' then
    settled := gateway.settle_payment(account, payment.id, seen, at);
    account := settled.account;
    outcome := settled.outcome;
    alert := settled.alert;
    if seen #>> '{card,method}' is not null and outcome <> 'mismatch' then
      perform gateway.note_card(account, seen -> 'card' || jsonb_build_object('customer', seen -> 'customer'),
                                payment.livemode, at);
    end if;
  elsif seen ->> 'kind' = 'charge' then
    if exists (select from gateway.payments
               where (intent_id = seen ->> 'intent' or charge_id = seen ->> 'charge') and id <> payment.id) then
      outcome := 'mismatch';
      alert := 'the charge is another payment''s';
      return;
    end if;
    perform gateway.note_payment(payment.id, seen);
    account := gateway.reconcile_payment(account, payment.id, at);
    outcome := 'applied';
  elsif seen ->> 'currency' is distinct from 'usd' then
    outcome := 'mismatch';
    alert := 'the currency is not usd';
  else
    noted := gateway.note_reversal(seen, payment.id, at);
    if noted.id is null then
      outcome := 'stale';
      return;
    end if;
    outcome := 'applied';
    account := gateway.reconcile_payment(account, payment.id, at);
    if noted.kind = 'dispute' then
      account := gateway.heed_disputes(account, at);
      alert := 'a dispute: ' || noted.status || coalesce(', ' || noted.reason, '')
        || coalesce(', answer it by ' || noted.due_by, '');
      perform gateway.audit('{}', null, null, 'payment.dispute', account.id, payment.id::text, jsonb_build_object(
        'dispute', noted.id, 'status', noted.status, 'reason', noted.reason, 'amount', gateway.dollars(gateway.of_cents(noted.amount)),
        'disabled', account.disabled_at is not null));
    end if;
  end if;
end;
$$;

-- Applies what a customer's deletion at Stripe means: the customer is not used any more.
create function gateway.forget_customer(customer text, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
begin
  update gateway.stripe_customers set deleted_at = coalesce(deleted_at, at) where id = customer;
  return case when found then 'applied' else 'ignored' end;
end;
$$;

-- event: id, type, created, livemode, object_id, seen (an observation; see gateway.settle_payment, gateway.note_reversal,
-- gateway.note_subscription and gateway.take_invoice; its kind may also be charge, customer, card,
-- card_gone, link or none). Answers what became of it: duplicate (this very event was here before), applied, repeated (its effect was), stale (something newer was), unmatched (nobody knows what it is about), mismatch, ignored; an alert, if the
-- operator should look; and surplus, the subscriptions of its account that are to be ended at Stripe.
create function public.apply_stripe_event(event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  told constant jsonb := event -> 'seen';
  at timestamptz;
  payment gateway.payments;
  owner uuid;
  account gateway.accounts;
  applied record;
  became text := 'ignored';
  alert text;
begin
  perform gateway.require(event, 'id', 'type', 'created', 'livemode');
  if exists (select from gateway.stripe_events where id = event ->> 'id' and outcome <> 'unmatched') then
    return '{"outcome": "duplicate"}';
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_invoice(told ->> 'invoice');
  perform gateway.take_turns_at_intent(told ->> 'intent');
  payment := gateway.find_payment(told);
  owner := coalesce(payment.account_id, gateway.card_owner(told));
  if owner is null and told ->> 'kind' in ('subscription', 'invoice') then
    owner := gateway.subscriber(told);
  end if;
  if owner is not null then
    select * into account from gateway.accounts where id = owner for no key update;
  end if;
  at := gateway.now();
  -- Behind the locks: a second delivery of the same event has waited for the first, and finds it.
  insert into gateway.stripe_events (id, type, object_id, account_id, outcome, livemode, created_at, received_at)
    values (event ->> 'id', event ->> 'type', event ->> 'object_id', account.id, became,
            (event ->> 'livemode')::boolean, (event ->> 'created')::timestamptz, at)
    on conflict (id) do update set account_id = excluded.account_id where stripe_events.outcome = 'unmatched';
  if not found then
    return '{"outcome": "duplicate"}';
  end if;
  if told ->> 'kind' = 'link' then
    perform gateway.note_link(told, at);
    became := 'applied';
  end if;
  if account.id is not null then
    account := gateway.catch_up(account, at);
    applied := gateway.apply_observation(account, payment, told || jsonb_build_object('livemode', event -> 'livemode'), at);
    became := applied.outcome;
    alert := applied.alert;
  elsif told ->> 'kind' in ('refund', 'dispute') then
    -- It waits here for its payment to be known by the intent or the charge.
    perform gateway.note_reversal(told, null, at);
    became := 'unmatched';
  elsif told ->> 'kind' in ('payment', 'charge') and told ->> 'deployment' = gateway.deployment_id()::text then
    became := 'unmatched';
    alert := 'it names a payment of this deployment, which has none such';
  elsif told ->> 'kind' in ('subscription', 'invoice') and told ->> 'deployment' = gateway.deployment_id()::text then
    became := 'unmatched';
    alert := 'it names an account of this deployment, which has none such';
  end if;
  update gateway.stripe_events set
    outcome = became, seen = case became when 'unmatched' then told end
    where id = event ->> 'id';
  return jsonb_build_object(
    'outcome', became, 'alert', alert, 'account_id', account.id, 'payment_id', payment.id,
    'surplus', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from gateway.surplus_subscriptions(account.id) s
                where account.id is not null and told ->> 'kind' in ('subscription', 'invoice')));
end;
$$;

-- supabase/schemas/45_subscriptions.sql

-- What Stripe says of subscriptions and their invoices: limits follow the subscription as it was last looked at, credit follows the
-- lines of invoices that are paid. Neither waits for the other.

-- Notes of which plan a price is, by the name under which it is sold: dev_month, team_year. What is known of a price stays, since
-- names move on to the price that follows it.
-- price: id, name, months.
create function gateway.note_price(price jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.plan_prices (id, plan, months, created_at)
    select price ->> 'id', p.id, (price ->> 'months')::integer, at from gateway.plans p
    where p.id || case price ->> 'months' when '1' then '_month' when '12' then '_year' end = price ->> 'name'
      and p.price_per_month > 0
    on conflict (id) do nothing
$$;

-- Whose a subscription or an invoice is: by the subscription, else by the customer, else by the metadata that this deployment gave
-- it. What names another deployment is nobody's here.
create function gateway.subscriber(seen jsonb) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  owner uuid;
begin
  if seen ->> 'deployment' <> coalesce((select id::text from gateway.deployment), '') then
    return null;
  end if;
  select account_id into owner from gateway.subscriptions where id = seen ->> 'subscription';
  if not found then
    select account_id into owner from gateway.stripe_customers where id = seen ->> 'customer';
  end if;
  if not found and seen ->> 'deployment' is not null then
    select id into owner from gateway.accounts where id = (seen ->> 'account')::uuid;
  end if;
  return owner;
end;
$$;

-- Whether a subscription or an invoice names another account than the one that it was found to be of.
create function gateway.names_another(account gateway.accounts, seen jsonb) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce((seen ->> 'account')::uuid <> account.id, false) or exists (
    select from gateway.stripe_customers where id = seen ->> 'customer' and account_id <> account.id)
$$;

-- Subscriptions that are to be ended at Stripe: all but the newest of an account, with their period; a deleted account's, at once.
create function gateway.surplus_subscriptions(of_account uuid)
returns table (id text, at_once boolean)
language sql stable set search_path = ''
as $$
  select s.id, a.deleted_at is not null
  from gateway.subscriptions s join gateway.accounts a on a.id = s.account_id
  where s.ended_at is null and s.status in ('active', 'trialing', 'past_due', 'unpaid')
    and (of_account is null or a.id = of_account)
    and (a.deleted_at is not null or s.cancel_at is null and exists (
      select from gateway.subscriptions newer
      where newer.account_id = a.id and newer.ended_at is null and newer.cancel_at is null
        and newer.status in ('active', 'trialing', 'past_due') and (newer.begun_at, newer.id) > (s.begun_at, s.id)))
$$;

-- Keeps how a subscription was when Stripe was asked.
-- seen: subscription, customer, account, deployment, item, price {id, name, months}, status, begun_at, period_start, period_end,
-- cancel_at, next {id, name, months} (the price that it changes to with its period, or null), ended_at, observed_at.
create function gateway.note_subscription(
  inout account gateway.accounts, seen jsonb, livemode boolean, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  noted gateway.subscriptions;
  former gateway.subscriptions;
  known gateway.plan_prices;
  coming gateway.plan_prices;
begin
  if gateway.names_another(account, seen) then
    outcome := 'mismatch';
    alert := 'a subscription names another account than its customer is of';
    return;
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  perform gateway.note_price(seen -> 'price', at);
  perform gateway.note_price(seen -> 'next', at);
  select * into known from gateway.plan_prices where id = seen #>> '{price,id}';
  select * into coming from gateway.plan_prices where id = seen #>> '{next,id}';
  select * into former from gateway.subscriptions where id = seen ->> 'subscription';
  insert into gateway.subscriptions as s
    (id, account_id, customer, item, plan, months, status, period_start, period_end, cancel_at, next_plan, next_months, ended_at,
     begun_at, observed_at, created_at)
    values (
      seen ->> 'subscription', account.id, seen ->> 'customer', seen ->> 'item', known.plan, known.months, seen ->> 'status',
      (seen ->> 'period_start')::timestamptz, (seen ->> 'period_end')::timestamptz, (seen ->> 'cancel_at')::timestamptz,
      coming.plan, coming.months,
      case when seen ->> 'status' in ('canceled', 'incomplete_expired')
        then coalesce((seen ->> 'ended_at')::timestamptz, (seen ->> 'observed_at')::timestamptz) end,
      (seen ->> 'begun_at')::timestamptz, (seen ->> 'observed_at')::timestamptz, at)
    on conflict (id) do update set
      item = excluded.item, plan = excluded.plan, months = excluded.months, status = excluded.status,
      period_start = excluded.period_start, period_end = excluded.period_end, cancel_at = excluded.cancel_at,
      next_plan = excluded.next_plan, next_months = excluded.next_months, ended_at = excluded.ended_at, observed_at = excluded.observed_at
      -- An end is final, whatever the clocks of those who asked say.
      where s.ended_at is null and (excluded.observed_at >= s.observed_at or excluded.ended_at is not null)
    returning * into noted;
  if noted.id is null then
    outcome := 'stale';
    return;
  end if;
  outcome := 'applied';
  account := gateway.sync_plan(account, at);
  account := gateway.grant_due(account, at);
  alert := case
    when known.id is null then 'the price ' || coalesce(seen #>> '{price,id}', '?') || ' is no plan''s: run `stripe setup`'
    when account.deleted_at is not null and noted.ended_at is null then 'a deleted account has a subscription: it is ended'
    when former.id is null and exists (select from gateway.surplus_subscriptions(account.id))
      then 'two subscriptions at once: the older ends with its period' end;
  if (former.plan, former.months, former.status, former.cancel_at, former.next_plan, former.next_months, former.ended_at) is distinct from
     (noted.plan, noted.months, noted.status, noted.cancel_at, noted.next_plan, noted.next_months, noted.ended_at) then
    perform gateway.audit('{}', null, null, 'subscription.' || noted.status, account.id, noted.id, jsonb_build_object(
      'plan', noted.plan, 'months', noted.months, 'period_end', noted.period_end, 'cancel_at', noted.cancel_at,
      'next_plan', noted.next_plan, 'next_months', noted.next_months, 'ended_at', noted.ended_at));
    perform gateway.notify_of_plan(former, noted, at);
  end if;
end;
$$;

-- What the lines of a paid invoice give: a row for each month of each line of a plan, and one of the net of what was prorated, which
-- we never ask for and only a hand at the Dashboard does. What was paid after its first month had passed counts from now on.
-- seen: lines [{id, price, starts_at, ends_at, amount, quantity, proration}], amount (cents without tax).
create function gateway.instalments_of(seen jsonb, at timestamptz)
returns table (line text, nth integer, plan text, due_at timestamptz, period_end timestamptz, amount bigint)
language sql stable set search_path = ''
as $$
  with lines as (
    select * from jsonb_to_recordset(seen -> 'lines') as l
      (id text, price text, starts_at timestamptz, ends_at timestamptz, amount bigint, quantity bigint, proration boolean)
  ),
  sold as (
    select l.*, p.plan, p.months, plans.credits_per_month, start, start <> l.starts_at as is_late
    from lines l join gateway.plan_prices p on p.id = l.price join gateway.plans on plans.id = p.plan,
      lateral (select case when least(gateway.months_after(l.starts_at, 1), l.ends_at) <= at then at else l.starts_at end as start) s
    where not l.proration
  ),
  net as (
    select least(sum(amount)::bigint, (seen ->> 'amount')::bigint) as cents, max(ends_at) as ends_at from lines where proration
    having count(*) > 0
  )
  select sold.id, nth, sold.plan, gateway.months_after(start, nth - 1),
    case when nth = months and not is_late then ends_at else gateway.months_after(start, nth) end,
    credits_per_month * quantity
  from sold, generate_series(1, months) as nth
  where credits_per_month * quantity > 0
  union all
  select 'proration', 1, null, at, greatest(ends_at, gateway.months_after(at, 1)), gateway.of_cents(cents) from net where cents > 0
$$;

-- Takes what a paid invoice gives, once.
-- seen: invoice, subscription, customer, account, deployment, redemption (of a discount), currency, amount and paid (cents, without
-- and with tax), receipt_url, lines, prices [{id, name, months}].
create function gateway.take_invoice(
  inout account gateway.accounts, seen jsonb, livemode boolean, at timestamptz, out outcome text, out alert text)
language plpgsql set search_path = ''
as $$
declare
  payment gateway.payments;
  strange text;
begin
  select * into payment from gateway.payments where invoice_id = seen ->> 'invoice';
  if found then
    outcome := 'repeated';
    account := gateway.reconcile_payment(account, payment.id, at);
    return;
  end if;
  alert := case
    when seen ->> 'currency' is distinct from 'usd' then 'the currency is not usd'
    when gateway.names_another(account, seen) then 'an invoice names another account than its customer is of' end;
  if alert is not null then
    outcome := 'mismatch';
    return;
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  perform gateway.note_price(price, at) from jsonb_array_elements(seen -> 'prices') as price;
  select string_agg(l ->> 'price', ', ') into strange from jsonb_array_elements(seen -> 'lines') as l
    where not (l ->> 'proration')::boolean and not exists (select from gateway.plan_prices where id = l ->> 'price');
  if not exists (select from gateway.instalments_of(seen, at)) then
    -- Sent again, it finds the price that is known by then.
    outcome := case when strange is null then 'ignored' else 'unmatched' end;
    alert := 'paid, and no plan''s: the price ' || strange;
    return;
  end if;
  outcome := 'applied';
  insert into gateway.payments
    (id, account_id, kind, status, amount, paid, credits, livemode, invoice_id, subscription_id, intent_id, receipt_url, created_at,
     expires_at, settled_at)
    values (
      gen_random_uuid(), account.id, 'invoice', 'succeeded', (seen ->> 'amount')::integer, (seen ->> 'paid')::integer,
      (select sum(amount) from gateway.instalments_of(seen, at)), livemode, seen ->> 'invoice', seen ->> 'subscription',
      (select l.intent_id from gateway.stripe_links l where l.invoice_id = seen ->> 'invoice' order by l.created_at, l.intent_id limit 1),
      seen ->> 'receipt_url', at, at, at)
    returning * into payment;
  insert into gateway.instalments
    (payment_id, line, nth, account_id, subscription_id, plan, due_at, period_end, amount)
    select payment.id, line, nth, account.id, seen ->> 'subscription', plan, due_at, period_end, amount
    from gateway.instalments_of(seen, at);
  perform gateway.note_conversion(account, 'subscription', at);
  perform gateway.redeem_discount(account.id, (seen ->> 'redemption')::uuid, at);
  perform gateway.notify(account.id, 'receipt', payment.id::text, jsonb_build_object(
    'paid', gateway.dollars(gateway.of_cents(payment.paid)), 'credits', gateway.dollars(payment.credits), 'bonus', 0, 'auto', false,
    'payment_id', payment.id, 'receipt_url', payment.receipt_url, 'at', at), at);
  account := gateway.sync_plan(account, at);
  account := gateway.grant_due(account, at);
  account := gateway.reconcile_payment(account, payment.id, at);
  alert := case
    when account.deleted_at is not null then 'the account was deleted before it paid: refund it'
    when strange is not null then 'a line of it is no plan''s: the price ' || strange
    when exists (select from gateway.instalments where payment_id = payment.id and line = 'proration')
      then 'a proration was paid: it gave credit for what it came to' end;
end;
$$;

-- Which intent has paid which invoice.
create function gateway.note_link(seen jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into gateway.stripe_links (intent_id, invoice_id, created_at)
    values (seen ->> 'intent', seen ->> 'invoice', at)
    on conflict (intent_id) do nothing;
  update gateway.payments set intent_id = seen ->> 'intent'
    where invoice_id = seen ->> 'invoice' and kind = 'invoice' and intent_id is null;
end;
$$;

-- Everything about one invoice takes turns, and after it everything about the intents that have paid it. In this order.
create function gateway.take_turns_at_invoice(invoice text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if invoice is not null then
    perform pg_advisory_xact_lock(hashtextextended('stripe invoice ' || invoice, 0));
    perform gateway.take_turns_at_intent(intent_id) from (
      select intent_id from gateway.stripe_links where invoice_id = invoice order by intent_id) as linked;
  end if;
end;
$$;

-- supabase/schemas/46_auto_topup.sql

-- What becomes of auto top-up. Each function here expects the account's row to be locked by its caller.

-- Turns auto top-up to a state: the one place that does. The account's own row then says when its next settle is to ask for one.
create function gateway.turn_auto_topup(this_account uuid, state text, reason text, until timestamptz, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  topup gateway.auto_topups;
begin
  update gateway.auto_topups set
    state = turn_auto_topup.state, reason = turn_auto_topup.reason, paused_until = until, changed_at = at, version = version + 1
    where account_id = this_account
    returning * into topup;
  if found then
    update gateway.accounts set
      topup_below = case when topup.state in ('active', 'paused') then topup.threshold end, topup_after = until
      where id = this_account;
    perform gateway.notify_of_auto_topup(topup, at);
  end if;
end;
$$;

-- Turns it off, if it is on.
create function gateway.stop_auto_topup(this_account uuid, reason text, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.turn_auto_topup(account_id, 'off', stop_auto_topup.reason, null, at)
    from gateway.auto_topups where account_id = this_account and state <> 'off'
$$;

-- Whether a decline will be one again: the bank wants its customer's word each time, or the card is gone
-- (https://docs.stripe.com/declines/codes). `advice` is what Stripe advises.
create function gateway.is_lasting_decline(code text, advice text) returns boolean
language sql immutable parallel safe
return coalesce(advice in ('do_not_try_again', 'confirm_card_data'), false) or coalesce(code in (
  'authentication_required', 'lost_card', 'stolen_card', 'pickup_card', 'expired_card', 'restricted_card', 'fraudulent',
  'invalid_account', 'stop_payment_order', 'revocation_of_authorization', 'revocation_of_all_authorizations', 'resource_missing',
  'payment_method_unexpected_state'),
  false);

-- What an attempt's end means for those to come. payment: as it was before; seen: as in gateway.settle_payment, with advice.
create function gateway.heed_auto_topup(payment gateway.payments, seen jsonb, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  code constant text := seen ->> 'failure_code';
  topup gateway.auto_topups;
begin
  if payment.kind <> 'auto' then
    return;
  end if;
  if seen ->> 'status' = 'paid' then
    update gateway.auto_topups set failures = 0 where account_id = payment.account_id;
    update gateway.accounts set topup_after = greatest(topup_after, at + interval '1 minute') where id = payment.account_id;
    return;
  end if;
  -- Of an attempt that has ended before, nothing new is learnt.
  if payment.status not in ('created', 'processing') or seen ->> 'status' not in ('failed', 'canceled') then
    return;
  end if;
  update gateway.auto_topups set failures = failures + (seen ->> 'status' = 'failed')::integer
    where account_id = payment.account_id and state in ('active', 'paused')
    returning * into topup;
  if not found then
    return;
  end if;
  if gateway.is_lasting_decline(code, seen ->> 'advice') then
    perform gateway.turn_auto_topup(payment.account_id, 'off', case code
      when 'authentication_required' then code when 'resource_missing' then 'card_removed'
      when 'payment_method_unexpected_state' then 'card_removed' else 'card_declined' end, null, at);
  elsif topup.failures >= 3 then
    perform gateway.turn_auto_topup(payment.account_id, 'off', 'declined_repeatedly', null, at);
  else
    perform gateway.turn_auto_topup(payment.account_id, 'paused',
      case seen ->> 'status' when 'failed' then 'card_declined' else 'unavailable' end, at + interval '6 hours', at);
  end if;
end;
$$;

-- Keeps a card that was left at Stripe, in place of one that was left before. seen: customer, method, brand, last4, session (the page
-- at which it was left for auto top-up, which then is turned on).
create function gateway.note_card(account gateway.accounts, seen jsonb, livemode boolean, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  topup gateway.auto_topups;
begin
  if account.deleted_at is not null then
    return 'ignored';
  end if;
  perform gateway.note_customer(account.id, seen ->> 'customer', livemode, at);
  if not exists (select from gateway.stripe_customers where id = seen ->> 'customer' and account_id = account.id) then
    return 'mismatch';
  end if;
  insert into gateway.auto_topups as known (account_id, customer_id, payment_method, card_brand, card_last4, changed_at)
    values (account.id, seen ->> 'customer', seen ->> 'method', seen ->> 'brand', seen ->> 'last4', at)
    on conflict (account_id) do update set
      customer_id = excluded.customer_id, payment_method = excluded.payment_method, card_brand = excluded.card_brand,
      card_last4 = excluded.card_last4, failures = 0
    returning * into topup;
  if topup.state = 'awaiting_card' and topup.setup_session = seen ->> 'session' and account.payments_blocked_at is null then
    perform gateway.turn_auto_topup(account.id, 'active', null, null, at);
  end if;
  return 'applied';
end;
$$;

-- Forgets the card of an account, and stops what was to be paid with it, if it is this one, or one of this customer.
create function gateway.forget_card(account gateway.accounts, method text, customer text, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
begin
  if not exists (select from gateway.auto_topups
                 where account_id = account.id and (payment_method = method or customer_id = customer)) then
    return 'ignored';
  end if;
  perform gateway.stop_auto_topup(account.id, 'card_removed', at);
  update gateway.auto_topups set payment_method = null, card_brand = null, card_last4 = null where account_id = account.id;
  return 'applied';
end;
$$;

-- Whose card an observation is about: of one that was left, the account that our own metadata names; of one that is gone, whoever
-- has it.
create function gateway.card_owner(seen jsonb) returns uuid
language plpgsql volatile set search_path = ''
as $$
begin
  return case seen ->> 'kind'
    when 'card' then (select id from gateway.accounts
                      where id = (seen ->> 'account')::uuid and seen ->> 'deployment' = gateway.deployment_id()::text)
    when 'card_gone' then (select account_id from gateway.auto_topups where payment_method = seen ->> 'method' limit 1)
    when 'customer' then (select account_id from gateway.stripe_customers where id = seen ->> 'id')
  end;
end;
$$;

-- supabase/schemas/47_notifications.sql

-- Sending what the outbox holds: in frozen batches, so that a crash at any moment sends no mail twice and loses none.

-- Claims a batch to send: one that whoever claimed it did not finish, whole and as it was; else up to a hundred mails that are due.
-- Null when there is nothing. A mail whose first try is nearly a day old is not sent again: Resend forgets repetitions after a day.
create function public.claim_notifications() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 100;
  lease constant interval := '5 minutes';
  at timestamptz := gateway.now();
  batch uuid;
  leader record;
begin
  loop
    -- Its first row stands for the batch: of two who look at once one has it.
    select batch_id into batch from gateway.notifications n
      where state = 'sending' and claimed_until <= at
        and id = (select min(id) from gateway.notifications o where o.batch_id = n.batch_id and o.state = 'sending')
      order by claimed_until, id limit 1 for update skip locked;
    exit when not found;
    update gateway.notifications set
      state = case when expires_at <= at then 'failed' else 'unknown' end, claimed_until = null, ended_at = at,
      error = case when expires_at <= at then 'too late' else 'no answer for a day' end
      where batch_id = batch and state = 'sending' and (first_tried_at <= at - interval '23 hours' or expires_at <= at);
    continue when found;
    update gateway.notifications set claimed_until = at + lease, attempts = attempts + 1
      where batch_id = batch and state = 'sending';
    exit;
  end loop;
  if batch is null then
    update gateway.notifications n set
      state = case when expires_at <= at then 'failed' else 'suppressed' end, ended_at = at,
      error = case when expires_at <= at then 'too late' end
      where id in (
        select n.id from gateway.notifications n left join gateway.accounts a on a.id = n.account_id
        where n.state = 'due' and n.due_at <= at and (
          n.expires_at <= at or n.account_id is not null and a.email is null or exists (
            select from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', coalesce(a.email, n.address))))
        order by n.due_at, n.id limit most for update of n skip locked);
    select id, alone into leader from gateway.notifications where state = 'due' and due_at <= at
      order by due_at, id limit 1 for update skip locked;
    if not found then
      return null;
    end if;
    batch := gen_random_uuid();
    update gateway.notifications n set
      state = 'sending', batch_id = batch, first_tried_at = coalesce(first_tried_at, at), claimed_until = at + lease,
      attempts = attempts + 1, address = coalesce((select email from gateway.accounts where id = n.account_id), address)
      where n.id in (
        select id from gateway.notifications o
        where state = 'due' and due_at <= at and case when leader.alone then id = leader.id else not alone end
        order by due_at, id limit most for update skip locked);
  end if;
  return jsonb_build_object('batch', batch, 'mails', (
    select jsonb_agg(jsonb_build_object(
      'id', id, 'account_id', account_id, 'kind', kind, 'address', address, 'payload', payload,
      'optional', kind = any (gateway.optional_mail())) order by id)
    from gateway.notifications where batch_id = batch and state = 'sending'));
end;
$$;

-- What became of a batch. outcome: sent [{id, message_id}], failed [{id, error}]; or retry_in (seconds) of a batch that is to be
-- sent again as it is; or split (true) of one that was refused as a whole: each mail of it goes by itself.
create function public.finish_notifications(batch uuid, outcome jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('batch', batch, 'outcome', outcome), 'batch', 'outcome');
  if (outcome ->> 'split')::boolean then
    update gateway.notifications set
      state = case when alone then 'failed' else 'due' end, alone = true, claimed_until = null, batch_id = null,
      error = left(outcome ->> 'error', 500), ended_at = case when alone then at end
      where batch_id = batch and state = 'sending';
  elsif outcome ->> 'retry_in' is not null then
    update gateway.notifications set
      claimed_until = at + make_interval(secs => (outcome ->> 'retry_in')::integer), error = left(outcome ->> 'error', 500)
      where batch_id = batch and state = 'sending';
  else
    update gateway.notifications n set
      state = 'sent', claimed_until = null, ended_at = at, message_id = s ->> 'message_id', error = null
      from jsonb_array_elements(outcome -> 'sent') as s
      where n.id = (s ->> 'id')::bigint and batch_id = batch and state = 'sending';
    update gateway.notifications n set state = 'failed', claimed_until = null, ended_at = at, error = left(f ->> 'error', 500)
      from jsonb_array_elements(outcome -> 'failed') as f
      where n.id = (f ->> 'id')::bigint and batch_id = batch and state = 'sending';
  end if;
  -- What was said is the account's alone, and need not be kept; an address that may be nobody's still less.
  delete from gateway.notifications where id in (
    select id from gateway.notifications where ended_at < at - interval '90 days' order by ended_at limit 200 for update skip locked);
  delete from gateway.notifications where id in (
    select id from gateway.notifications where account_id is null and ended_at < at - interval '1 day'
    order by ended_at limit 200 for update skip locked);
  delete from gateway.resend_events where id in (
    select id from gateway.resend_events where received_at < at - interval '30 days' order by received_at limit 200
    for update skip locked);
  return null;
end;
$$;

-- An event of Resend. event: id (Svix's), reason (null of one that suppresses nothing), address.
create function public.take_resend_event(event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(event, 'id');
  insert into gateway.resend_events (id, received_at) values (event ->> 'id', gateway.now()) on conflict do nothing;
  if not found then
    return '{"outcome": "duplicate"}';
  end if;
  if event ->> 'reason' is null or event ->> 'address' is null then
    return '{"outcome": "ignored"}';
  end if;
  insert into gateway.mail_suppressions (address_hash, reason, created_at)
    values (gateway.proof_hash('email', lower(event ->> 'address')), event ->> 'reason', gateway.now())
    on conflict do nothing;
  return '{"outcome": "applied"}';
end;
$$;

-- supabase/schemas/47_referrals.sql

-- What a referral gives, and when it gives nothing. A reward follows a purchase with real money; whoever recommends waits until it
-- can hardly be taken back any more.
--
-- The referred's part is done under the referred's lock, the referrer's under the referrer's, so no function here locks two
-- accounts that it did not lock together.

-- A reward, and the least purchase that earns it, in nano-dollars.
create function gateway.referral_reward() returns bigint
language sql immutable parallel safe
return 10000000000;

-- What of a purchase's price stays paid, in nano-dollars.
create function gateway.kept_of(payment gateway.payments) returns bigint
language sql immutable parallel safe
return gateway.of_cents(payment.amount - payment.fee) - gateway.to_take_back(
  gateway.of_cents(payment.amount - payment.fee), payment.credits + payment.bonus, payment.taken_back);

-- Notes that an account was recommended by whoever has this code. Answers why not, or null. The account is locked.
create function gateway.note_referral(account gateway.accounts, code text, caller jsonb, at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  referrer gateway.accounts;
begin
  select accounts.* into referrer from gateway.referral_codes join gateway.accounts on accounts.id = account_id
    where referral_codes.code = upper(btrim(note_referral.code)) and disabled_at is null;
  if not found then
    return 'unknown';
  elsif referrer.id = account.id then
    return 'own';
  elsif referrer.created_at >= account.created_at then
    return 'younger';
  elsif exists (select from gateway.referrals where referrer_id = account.id and referred_id = referrer.id) then
    return 'circle';
  elsif exists (select from gateway.payments where account_id = account.id and status = 'succeeded') then
    return 'late';
  end if;
  insert into gateway.referrals (id, referrer_id, referred_id, network, created_at)
    values (gen_random_uuid(), referrer.id, account.id, gateway.network_of(caller), at)
    on conflict (referred_id) do nothing;
  return case when not found then 'taken' end;
end;
$$;

-- Where an account's person signed up, or null.
create function gateway.sign_up_network(account uuid) returns text
language sql stable set search_path = ''
as $$
  select gateway.network_of(jsonb_build_object('ip', ip)) from gateway.audit_logs
  where target_account_id = account and action = 'account.create' and actor_account_id = account and ip is not null
  order by id limit 1
$$;

-- Why a referral earns nothing, or null: signs that referrer and referred are one person.
create function gateway.referral_fraud(referral gateway.referrals, payment gateway.payments) returns text
language sql stable set search_path = ''
as $$
  select case
    when not exists (select from gateway.accounts where id = referral.referrer_id and disabled_at is null) then 'referrer_gone'
    when exists (select from gateway.payments
                 where fingerprint = payment.fingerprint and account_id <> payment.account_id) then 'same_card'
    when gateway.sign_up_network(referral.referrer_id)
         in (gateway.sign_up_network(referral.referred_id), nullif(referral.network, 'unknown')) then 'same_network'
    when exists (
      select from gateway.identities i
      join gateway.trial_claims t on t.proof_hash = gateway.trial_proof(i.kind, i.value)
      join gateway.accounts a on a.id = i.account_id
      where i.account_id = referral.referred_id and t.claimed_at < a.created_at) then 'known_person'
  end
$$;

-- Counts one more reward of a referrer, unless there were ten, or three today.
create function gateway.count_referral(referrer uuid, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  most constant integer := 10;
  most_a_day constant integer := 3;
  today constant date := (at at time zone 'utc')::date;
begin
  update gateway.referral_codes set
    rewarded = rewarded + 1, day = today,
    rewarded_that_day = case when day is distinct from today then 1 else rewarded_that_day + 1 end
    where account_id = referrer and rewarded < most and (day is distinct from today or rewarded_that_day < most_a_day);
  return found;
end;
$$;

-- Gives the referred its reward once its purchase is one that earns it, or says why not. The card is known a moment after the
-- payment: until then, or for an hour, it waits.
create function gateway.qualify_referral(
  inout account gateway.accounts, referral gateway.referrals, payment gateway.payments, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  reward constant bigint := gateway.referral_reward();
  granted record;
  refused text;
  cost bigint := 0;
begin
  if payment.status <> 'succeeded' or payment.kind = 'invoice' or gateway.kept_of(payment) < reward
    or payment.fingerprint is null and payment.settled_at > at - interval '1 hour' then
    return;
  end if;
  refused := gateway.referral_fraud(referral, payment);
  if refused is null and not gateway.count_referral(referral.referrer_id, at) then
    refused := 'referrer_limit';
  end if;
  if refused is null and exists (select from gateway.promotions where id = 'referral') then
    if gateway.draw_on('referral', 2 * reward, at) then
      cost := 2 * reward;
    else
      refused := 'budget';
    end if;
  end if;
  if refused is not null then
    update gateway.referrals set state = 'refused', reason = refused, payment_id = payment.id where id = referral.id;
    return;
  end if;
  granted := gateway.grant_credit(account, 'referral', reward, at + interval '90 days', 'referral', at);
  account := granted.account;
  perform gateway.notify(account.id, 'referral_reward', referral.id::text, jsonb_build_object(
    'amount', gateway.dollars(gateway.referral_reward()), 'expires_at', at + interval '90 days'), at);
  update gateway.referrals set
    state = 'qualified', payment_id = payment.id, referred_grant_id = granted.grant_id, drawn = cost,
    due_at = at + interval '14 days'
    where id = referral.id;
end;
$$;

-- Takes back what is left of a gift; with_debt: what is spent of it is owed. Answers how much both come to.
create function gateway.retract_gift(
  inout account gateway.accounts, gift bigint, with_debt boolean, at timestamptz, out taken bigint)
language plpgsql set search_path = ''
as $$
declare
  left_of_it bigint;
  part bigint;
  owed bigint;
begin
  select remaining into left_of_it from gateway.credit_grants where id = gift and account_id = account.id;
  part := least(left_of_it, gateway.available(account, at));
  -- What was not spent and has not lapsed is left; beside what is taken now, the rest is owed.
  owed := left_of_it - part - (
    select coalesce(sum(amount), 0) from gateway.credit_transactions
    where account_id = account.id and grant_id = gift and amount < 0 and type <> 'expiry');
  taken := greatest(part, 0) + case when with_debt then greatest(owed, 0) else 0 end;
  if part > 0 then
    update gateway.credit_grants set remaining = remaining - part, live = remaining > part where id = gift;
    account.balance := account.balance - part;
    insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, description, created_at)
      values (account.id, 'referral', -part, gift, account.balance, 'its purchase was returned', at);
    account.next_expiry := (select min(expires_at) from gateway.credit_grants where account_id = account.id and live);
  end if;
  if with_debt then
    account := gateway.take_on_debt(account, owed, 'referral', null, 'its purchase was returned', at);
  end if;
  update gateway.accounts set balance = account.balance, debt = account.debt, next_expiry = account.next_expiry
    where id = account.id;
  account := gateway.repay_debt(account, at);
end;
$$;

-- What a payment as it stands now means for its buyer's referral.
create function gateway.heed_referral(inout account gateway.accounts, this_payment uuid, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  referral gateway.referrals;
  payment gateway.payments;
  retracted record;
  is_kept boolean;
begin
  select * into referral from gateway.referrals where referred_id = account.id for update;
  if not found or referral.state = 'refused' then
    return;
  end if;
  select * into payment from gateway.payments where id = this_payment;
  if referral.state = 'pending' then
    account := gateway.qualify_referral(account, referral, payment, at);
    return;
  elsif referral.payment_id is distinct from payment.id then
    return;
  end if;
  is_kept := gateway.kept_of(payment) >= gateway.referral_reward();
  if referral.state in ('qualified', 'paid') and not is_kept then
    retracted := gateway.retract_gift(account, referral.referred_grant_id, true, at);
    account := retracted.account;
    -- The referrer's part waits for the referrer's own lock.
    update gateway.referrals set state = 'reversing', reason = 'purchase_returned', referred_taken = retracted.taken
      where id = referral.id;
  elsif referral.state in ('reversing', 'reversed') and is_kept then
    account := gateway.restore_referral(account, referral, at);
  end if;
end;
$$;

-- Gives again what a reversal that is undone had taken: to the referred at once, to the referrer under the referrer's own lock, who is
-- due for it like for the first one.
create function gateway.restore_referral(inout account gateway.accounts, referral gateway.referrals, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  granted record;
  next_state text := case when referral.referrer_grant_id is null then 'qualified' else 'paid' end;
begin
  if referral.referred_taken > 0 then
    granted := gateway.grant_credit(account, 'referral', referral.referred_taken, greatest(at + interval '30 days', (
      select expires_at from gateway.credit_grants where id = referral.referred_grant_id)), 'a reversal was undone', at);
    account := granted.account;
    referral.referred_grant_id := granted.grant_id;
  end if;
  if referral.state = 'reversed' then
    next_state := 'qualified';
    referral.due_at := greatest(referral.due_at, at);
    if referral.referrer_grant_id is null and referral.drawn > 0 then
      -- What the referrer has not had yet was given back to the promotion. If that has it no more, nothing will be due.
      if gateway.draw_on('referral', gateway.referral_reward(), at) then
        referral.drawn := 2 * gateway.referral_reward();
      else
        referral.due_at := null;
      end if;
    end if;
  end if;
  update gateway.referrals set
    state = next_state, reason = null, referred_taken = 0, referred_grant_id = referral.referred_grant_id, due_at = referral.due_at,
    drawn = referral.drawn
    where id = referral.id;
end;
$$;

-- Gives a referrer what is due, and takes back what was reversed.
create function gateway.release_referrals(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  referral gateway.referrals;
  granted record;
  retracted record;
  due bigint;
begin
  for referral in
    select * from gateway.referrals
      where referrer_id = account.id and (state = 'qualified' and due_at <= at or state = 'reversing')
      order by id for update skip locked
  loop
    if referral.state = 'reversing' then
      if referral.referrer_grant_id is not null then
        retracted := gateway.retract_gift(account, referral.referrer_grant_id, false, at);
        account := retracted.account;
        update gateway.referrals set referrer_taken = retracted.taken where id = referral.id;
      elsif referral.drawn > gateway.referral_reward() then
        perform gateway.undraw('referral', gateway.referral_reward(), referral.due_at - interval '14 days');
        update gateway.referrals set drawn = drawn - gateway.referral_reward() where id = referral.id
          and exists (select from gateway.promotions where id = 'referral' and not per_day);
      end if;
      update gateway.referrals set state = 'reversed' where id = referral.id;
    elsif account.disabled_at is null then
      -- Of one that it has had before, what was taken.
      due := case when referral.referrer_grant_id is null then gateway.referral_reward() else referral.referrer_taken end;
      if due > 0 then
        granted := gateway.grant_credit(account, 'referral', due, at + interval '90 days', 'referral', at);
        account := granted.account;
        referral.referrer_grant_id := granted.grant_id;
        perform gateway.notify(account.id, 'referral_reward', referral.id::text, jsonb_build_object(
          'amount', gateway.dollars(due), 'expires_at', at + interval '90 days'), at);
      end if;
      update gateway.referrals set state = 'paid', referrer_grant_id = referral.referrer_grant_id, referrer_taken = 0
        where id = referral.id;
    end if;
  end loop;
end;
$$;

-- supabase/schemas/47_stripe_tasks.sql

-- Leaves it to be told to Stripe. Once is enough.
create function gateway.tell_stripe(kind text, object_id text, account uuid, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.stripe_tasks (kind, object_id, account_id, due_at, created_at)
    select tell_stripe.kind, tell_stripe.object_id, account, at, at where tell_stripe.object_id is not null
    on conflict do nothing
$$;

-- Ends at Stripe what an account has there that could still charge somebody: pages that are open, subscriptions, then the customer itself with its
-- cards. Whatever is paid meanwhile is credited to nobody, and the operator hears of it (see gateway.settle_payment).
create function gateway.leave_stripe(account uuid, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform gateway.tell_stripe('expire_session', session_id, account, at)
    from gateway.payments
    where account_id = account and session_id is not null and status in ('created', 'failed') and expires_at > at;
  perform gateway.tell_stripe('expire_session', setup_session, account, at)
    from gateway.auto_topups where account_id = account and state = 'awaiting_card';
  perform gateway.tell_stripe('cancel_subscription', id, account, at)
    from gateway.subscriptions where account_id = account and ended_at is null;
  perform gateway.tell_stripe('delete_customer', id, account, at)
    from gateway.stripe_customers where account_id = account and deleted_at is null;
end;
$$;

-- supabase/schemas/48_alerts.sql

-- Looking for what somebody should be woken up for. The gateway asks, and adds what it finds elsewhere (in Redis, at providers).

-- Keeps what was found: [{cause, subject, details}].
create function gateway.keep_alerts(alerts jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.alerts (cause, subject, day, details, first_at, last_at, claimed_until)
    select told ->> 'cause', told ->> 'subject', (at at time zone 'utc')::date, told -> 'details', at, at, at
    from jsonb_array_elements(alerts) as told order by told ->> 'cause', told ->> 'subject'
    on conflict (cause, subject, day) do update set details = excluded.details, last_at = excluded.last_at
$$;

-- What the database tells of what has happened since a moment, and of what is wrong at present.
create function gateway.what_is_wrong(since timestamptz, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  with wrong (cause, subject, details) as (
    select 'payment_mismatch', '', jsonb_build_object('events', count(*), 'last', max(id))
      from gateway.stripe_events where outcome = 'mismatch' and received_at > since and received_at <= at having count(*) > 0
    union all
    select 'payment_unmatched', '', jsonb_build_object('events', count(*), 'since', min(received_at))
      from gateway.stripe_events where outcome = 'unmatched' and received_at < at - interval '1 hour' having count(*) > 0
    union all
    select 'dispute', '', jsonb_build_object(
        'disputes', count(*), 'amount', gateway.dollars(sum(gateway.of_cents(amount))::bigint), 'answer_by', min(due_by))
      from gateway.reversals where kind = 'dispute' and created_at > since and created_at <= at having count(*) > 0
    union all
    -- What Stripe has told us only when it was asked.
    select 'payments_untold', '', jsonb_build_object('events', count(*))
      from gateway.stripe_events where received_at > at - interval '1 day'
      having count(*) >= 3 and bool_and(received_at > created_at + interval '10 minutes')
    union all
    select 'budget', p.id, jsonb_build_object('budget', gateway.dollars(p.budget), 'spent', gateway.dollars(p.spent))
      from gateway.promotions p
      where p.active and p.spent >= p.budget - p.budget / 5 and (not p.per_day or p.day = (at at time zone 'utc')::date)
    union all
    -- What is a provider's fault, or ours: of fifty calls and more within a quarter of an hour, a quarter.
    select 'error_rate', '', jsonb_build_object('minutes', 15, 'requests', requests, 'failed', failed)
      from (
        select sum(c.requests) as requests, sum(c.requests) filter (where c.error_code in (
          'upstream_error', 'upstream_timeout', 'upstream_unavailable', 'upstream_rate_limited', 'no_provider', 'deadline_exceeded',
          'internal_error')) as failed
        from gateway.count_platform(at - interval '15 minutes', at) as c) as counted
      where requests >= 50 and failed * 4 >= requests
    union all
    select 'mail_waits', '', jsonb_build_object('mails', count(*), 'since', min(due_at))
      from gateway.notifications where state in ('due', 'sending') and due_at < at - interval '1 hour' having count(*) > 0
    union all
    select 'mail_returned', '', jsonb_build_object('addresses', returned, 'mails', sent)
      from (select count(*) as returned from gateway.mail_suppressions where created_at > at - interval '1 day') as r,
           (select count(*) as sent from gateway.notifications where state = 'sent' and ended_at > at - interval '1 day') as s
      where returned >= 5 and returned * 25 > sent
  )
  select coalesce(jsonb_agg(to_jsonb(wrong) order by cause, subject), '[]') from wrong
$$;

-- Checks some more of the ledger, once all of it a day, and keeps what does not balance. Answers whether there is more to check today.
create function public.check_ledger_by_itself() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  today constant date := (at at time zone 'utc')::date;
  round gateway.alert_rounds;
  first uuid := '00000000-0000-0000-0000-000000000000';
  last uuid;
  problems jsonb;
begin
  insert into gateway.alert_rounds (looked_to) values (at - interval '1 hour') on conflict do nothing;
  select * into round from gateway.alert_rounds for update skip locked;
  if not found or round.ledger_day = today and round.ledger_after is null then
    return '{"more": false}';
  end if;
  if round.ledger_day = today then
    first := round.ledger_after;
  end if;
  last := gateway.ledger_step(first);
  problems := gateway.ledger_check(first, coalesce(last, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) -> 'problems';
  if problems <> '[]' then
    perform gateway.keep_alerts(jsonb_build_array(jsonb_build_object('cause', 'ledger_problem', 'subject', '', 'details',
      jsonb_build_object('problems', jsonb_array_length(problems), 'account', problems #> '{0,account_id}',
                         'first', problems #> '{0,problem}'))), at);
  end if;
  update gateway.alert_rounds set ledger_day = today, ledger_after = last;
  return jsonb_build_object('more', last is not null);
end;
$$;

-- Keeps what is wrong: what the gateway has seen, and what the database finds. Of two who look at once one finds what has happened, and
-- nobody looks back for more than three days. seen: alerts; sends_mail, whether mail that waits is a sign of anything.
-- Answers how much was found, and how much of it is new today.
create function public.raise_alerts(seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  today constant date := (at at time zone 'utc')::date;
  round gateway.alert_rounds;
  all_of_them jsonb;
  before bigint;
begin
  perform gateway.require(seen, 'alerts', 'sends_mail');
  insert into gateway.alert_rounds (looked_to) values (at - interval '1 hour') on conflict do nothing;
  select * into round from gateway.alert_rounds for update skip locked;
  if found then
    -- What is being written in this moment has an earlier time than that at which it is seen.
    update gateway.alert_rounds set looked_to = greatest(looked_to, at - interval '1 minute');
  else
    round.looked_to := at;
  end if;
  all_of_them := (seen -> 'alerts') || gateway.what_is_wrong(greatest(round.looked_to, at - interval '3 days'), at);
  if not (seen ->> 'sends_mail')::boolean then
    all_of_them := (select coalesce(jsonb_agg(told), '[]') from jsonb_array_elements(all_of_them) as told
                    where told ->> 'cause' <> 'mail_waits');
  end if;
  before := (select count(*) from gateway.alerts where day = today);
  perform gateway.keep_alerts(all_of_them, at);
  delete from gateway.alerts where id in (
    select id from gateway.alerts where first_at < at - interval '90 days' order by first_at limit 200 for update skip locked);
  return jsonb_build_object('found', jsonb_array_length(all_of_them),
                            'raised', (select count(*) from gateway.alerts where day = today) - before);
end;
$$;

-- Alerts of the last day that were not told yet by mail or by webhook, where that is wanted; whoever takes them has two minutes.
-- wanted: mail, post.
create function public.claim_alerts(wanted jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  answer jsonb;
begin
  perform gateway.require(wanted, 'mail', 'post');
  with taken as (
    update gateway.alerts set claimed_until = at + interval '2 minutes'
      where id in (
        select id from gateway.alerts
        where (mailed_at is null and (wanted ->> 'mail')::boolean or posted_at is null and (wanted ->> 'post')::boolean)
          and claimed_until <= at and first_at > at - interval '1 day'
        order by first_at, id limit 20 for update skip locked)
      returning *)
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', id, 'cause', cause, 'subject', subject, 'details', details, 'at', first_at,
    'mail', mailed_at is null and (wanted ->> 'mail')::boolean, 'post', posted_at is null and (wanted ->> 'post')::boolean)
    order by first_at, cause, subject), '[]')
  into answer from taken;
  return answer;
end;
$$;

-- told: by what it was told: mailed, posted.
create function public.finish_alert(alert uuid, told jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('alert', alert), 'alert');
  perform gateway.require(told, 'mailed', 'posted');
  update gateway.alerts set
    mailed_at = case when (told ->> 'mailed')::boolean then coalesce(mailed_at, at) else mailed_at end,
    posted_at = case when (told ->> 'posted')::boolean then coalesce(posted_at, at) else posted_at end
    where id = alert;
  return jsonb_build_object('finished', found);
end;
$$;

-- supabase/schemas/48_due_mail.sql

-- Mail that time causes and no act: what ends soon, and the months that are over. The cron job asks for it.

-- Tells of keys that expire between two moments: a week before where they live for two weeks, a day before where for
-- two days.
create function gateway.notify_of_expiring_keys(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(
    k.account_id, 'key_expiring', concat_ws(' ', k.id, extract(epoch from k.expires_at), step.days), jsonb_build_object(
      'key_id', k.id, 'key', gateway.key_in_mail(k), 'days', step.days, 'expires_at', k.expires_at), at)
  from (values (7), (1)) as step (days), lateral (select make_interval(hours => 24 * days) as notice) as n, gateway.api_keys k
  where k.revoked_at is null and k.expires_at > since + n.notice and k.expires_at <= at + n.notice
    and k.created_at <= k.expires_at - 2 * n.notice
  order by k.account_id, k.id
$$;

-- Tells of credit that lapses in a week: of all of it that an account has, at once. Of a trial and of a plan's month others tell.
create function gateway.notify_of_expiring_credit(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(account_id, 'credits_expiring', min(id)::text, jsonb_build_object(
    'amount', gateway.dollars(sum(remaining)::bigint), 'expires_at', min(expires_at)), at)
  from gateway.credit_grants
  where live and expires_at is not null and source not in ('trial', 'subscription')
    and expires_at > since + interval '7 days' and expires_at <= at + interval '7 days'
    and created_at <= expires_at - interval '14 days' and remaining >= gateway.no_balance()
  group by account_id
  order by account_id
$$;

-- Tells of trials that end in a day, and of those that have ended. Whoever has paid, or has a plan, goes on as before.
create function gateway.notify_of_trials(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(a.id, step.kind, extract(epoch from a.trial_ends_at)::text, jsonb_build_object(
    'ends_at', a.trial_ends_at, 'balance', gateway.dollars(a.balance), 'requests_left', a.trial_requests_left), at)
  from (values ('trial_ending', interval '1 day'), ('trial_ended', interval '0')) as step (kind, notice), gateway.accounts a
  where a.trial_ends_at > since + step.notice and a.trial_ends_at <= at + step.notice and a.disabled_at is null
    and not a.has_purchased and (a.plan is null or a.plan_ends_at <= at) and coalesce(a.subscription_ends_at <= at, true)
  order by a.id
$$;

-- Tells of plans that renew for another year in a week.
create function gateway.notify_of_renewals(since timestamptz, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(s.account_id, 'plan_renewing', s.id || ' ' || extract(epoch from s.period_end), jsonb_build_object(
    'subscription_id', s.id, 'plan', s.plan, 'price', gateway.dollars(p.price_per_year), 'period_end', s.period_end), at)
  from gateway.subscriptions s join gateway.plans p on p.id = s.plan
  where s.ended_at is null and s.cancel_at is null and s.status = 'active' and s.months = 12
    and s.period_end > since + interval '7 days' and s.period_end <= at + interval '7 days'
  order by s.account_id
$$;

-- Reports to the next accounts what they used in a month that is over. Answers the last of them, null after all.
create function gateway.report_usage(begins timestamptz, after uuid, at timestamptz) returns uuid
language plpgsql volatile set search_path = ''
as $$
declare
  most constant integer := 200;
  ends constant timestamptz := gateway.months_after(begins, 1);
  looked_at uuid[];
begin
  looked_at := array(
    select id from gateway.accounts where id > coalesce(report_usage.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most);
  perform gateway.notify(a.id, 'usage_report', to_char(begins at time zone 'utc', 'YYYY-MM'), jsonb_build_object(
      'month', to_char(begins at time zone 'utc', 'YYYY-MM'), 'requests', used.requests, 'tokens', used.tokens,
      'spent', gateway.dollars(used.cost), 'balance', gateway.dollars(a.balance)), at)
    from gateway.accounts a, lateral (
      select sum(requests)::bigint as requests, sum(prompt_tokens + completion_tokens)::bigint as tokens, sum(cost)::bigint as cost
      from gateway.used(a.id, begins, ends)) as used
    where a.id = any (looked_at) and a.email is not null and used.requests > 0;
  return case when cardinality(looked_at) = most then looked_at[most] end;
end;
$$;

-- Queues what time has brought since it was last asked for. Whoever asks at the same moment finds it taken. After a pause of the cron
-- job nothing is told that is older than three days, and of reports only the last month's. Answers whether there is more to do.
create function public.queue_due_mail() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  month constant timestamptz := gateway.month_of(at)::timestamp at time zone 'utc';
  round gateway.mail_rounds;
  reached uuid;
begin
  insert into gateway.mail_rounds (name, told_to) values ('moments', at - interval '1 day'), ('usage_report', month)
    on conflict do nothing;
  select * into round from gateway.mail_rounds where name = 'moments' for update skip locked;
  if found then
    round.told_to := greatest(round.told_to, at - interval '3 days');
    perform gateway.notify_of_expiring_keys(round.told_to, at);
    perform gateway.notify_of_expiring_credit(round.told_to, at);
    perform gateway.notify_of_trials(round.told_to, at);
    perform gateway.notify_of_renewals(round.told_to, at);
    update gateway.mail_rounds set told_to = greatest(told_to, at) where name = 'moments';
  end if;
  -- Calls of the month's last minutes settle a little later.
  select * into round from gateway.mail_rounds
    where name = 'usage_report' and told_to < month and at >= month + interval '6 hours' for update skip locked;
  if not found then
    return '{"more": false}';
  end if;
  reached := gateway.report_usage(gateway.months_after(month, -1), round.after, at);
  update gateway.mail_rounds set after = reached, told_to = case when reached is null then month else told_to end
    where name = 'usage_report';
  return jsonb_build_object('more', reached is not null);
end;
$$;

-- supabase/schemas/48_user_alerts.sql

-- What accounts want to be told of that no transaction of theirs finds out by itself: a cron job looks.

-- Tells of what an account has spent since `since`, where that is as much as it wanted to be told of.
create function gateway.notify_of_spending(account uuid, period text, since timestamptz, threshold bigint, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  spent constant bigint := (
    select coalesce(sum(cost), 0) from gateway.used(account, since, date_trunc('hour', at, 'UTC') + interval '1 hour'));
begin
  if spent < threshold then
    return false;
  end if;
  perform gateway.notify(account, 'spend_alert', period || ' ' || (since at time zone 'utc')::date || ' ' || threshold, jsonb_build_object(
    'period', period, 'since', (since at time zone 'utc')::date, 'spent', gateway.dollars(spent),
    'threshold', gateway.dollars(threshold), 'at', at), at);
  return true;
end;
$$;

-- Looks at some of the accounts that have not been looked at for four minutes. Answers how many: 0 when all are.
create function public.look_at_spending() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 50;
  at timestamptz := gateway.now();
  day constant timestamptz := date_trunc('day', at, 'UTC');
  month constant timestamptz := date_trunc('month', at, 'UTC');
  this_account uuid;
  wanted gateway.spend_alerts;
  looked integer := 0;
begin
  for this_account in
    select account_id from gateway.spend_alerts
    where looked_at <= at - interval '4 minutes' and (per_day is not null or per_month is not null)
    order by looked_at limit most
  loop
    -- Whoever changes what is wanted has the account locked.
    perform from gateway.accounts where id = this_account for key share skip locked;
    continue when not found;
    select * into wanted from gateway.spend_alerts where account_id = this_account for update;
    if wanted.per_day is not null and wanted.day_told is distinct from (day at time zone 'utc')::date
      and gateway.notify_of_spending(this_account, 'day', day, wanted.per_day, at) then
      wanted.day_told := (day at time zone 'utc')::date;
    end if;
    if wanted.per_month is not null and wanted.month_told is distinct from (month at time zone 'utc')::date
      and gateway.notify_of_spending(this_account, 'month', month, wanted.per_month, at) then
      wanted.month_told := (month at time zone 'utc')::date;
    end if;
    update gateway.spend_alerts set day_told = wanted.day_told, month_told = wanted.month_told, looked_at = at
      where account_id = this_account;
    looked := looked + 1;
  end loop;
  return jsonb_build_object('looked', looked);
end;
$$;

-- Tells that providers refuse an account's own keys there, by their ids: of each key once a day.
create function gateway.notify_of_own_keys(account uuid, keys jsonb, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  select gateway.notify(
    notify_of_own_keys.account, 'provider_key_refused', k.id || ' ' || (at at time zone 'utc')::date,
    jsonb_build_object('provider', k.provider, 'key_id', k.id, 'name', k.name, 'last_four', k.last_four, 'at', at), at)
  from gateway.provider_keys as k
  where k.account_id = notify_of_own_keys.account and keys ? k.id::text
  order by k.priority, k.id
$$;

-- supabase/schemas/48_webhooks.sql

-- Sending what customers' webhooks are to be told. An event may arrive twice, since a function can die between an answer and the note
-- of it; both have the same id, by which its receiver knows.

-- After how long an event is tried again that was tried so often in vain; null: no more.
create function gateway.webhook_retry_in(attempts integer) returns interval
language sql immutable parallel safe
return (array[interval '1 minute', '5 minutes', '30 minutes', '2 hours', '5 hours', '10 hours', '14 hours', '20 hours', '24 hours'])
  [attempts];

-- Claims some deliveries that are due, of each webhook a few, so that none keeps the others waiting: whoever claims them has two
-- minutes. account: only those of this one, or null.
create function public.claim_webhook_deliveries(account uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 20;
  most_of_each constant integer := 4;
  looked_at constant integer := 1000;
  lease constant interval := '2 minutes';
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with due as (
    select d.id, d.webhook_id, d.due_at from gateway.webhook_deliveries d join gateway.webhooks w on w.id = d.webhook_id
    where d.ended_at is null and d.due_at <= at
      and (claim_webhook_deliveries.account is null or w.account_id = claim_webhook_deliveries.account)
    order by d.due_at, d.id limit looked_at
  ),
  chosen as (
    select id, due_at from (
      select id, due_at, row_number() over (partition by webhook_id order by due_at, id) as nth from due) as placed
    where nth <= most_of_each order by due_at, id limit most
  ),
  locked as (
    select id from gateway.webhook_deliveries
    where id in (select id from chosen) and ended_at is null and due_at <= at for update skip locked
  ),
  claimed as (
    update gateway.webhook_deliveries d set state = 'sending', attempts = attempts + 1, due_at = at + lease
      from locked where d.id = locked.id
      returning d.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', d.id, 'url', w.url, 'event', d.event, 'data', d.data, 'created_at', d.created_at, 'secrets', (
      select jsonb_agg(jsonb_build_object('ciphertext', s.ciphertext, 'version', s.key_version) order by s.id desc)
      from gateway.webhook_secrets s where s.webhook_id = w.id and (s.expires_at is null or s.expires_at > at)))
    order by d.created_at, d.id), '[]')
  into answer from claimed d join gateway.webhooks w on w.id = d.webhook_id;
  return answer;
end;
$$;

-- Gives up what waits for a webhook that is switched off, and what is on its way there.
create function gateway.drop_deliveries(hook uuid, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.webhook_deliveries set state = 'failed', ended_at = at, error = coalesce(error, 'The webhook was switched off.')
    where webhook_id = hook and ended_at is null
$$;

-- Switches a webhook off that takes nothing, visibly: its owner is mailed.
create function gateway.disable_webhook(hook gateway.webhooks, reason text, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update gateway.webhooks set disabled_at = at, disabled_reason = reason where id = hook.id;
  perform gateway.drop_deliveries(hook.id, at);
  perform gateway.audit('{}', null, null, 'webhook.disable', hook.account_id, hook.id::text,
    jsonb_build_object('reason', reason));
  -- The rest of an address may hold a secret.
  perform gateway.notify(hook.account_id, 'webhook_disabled', hook.id || ' ' || extract(epoch from at), jsonb_build_object(
    'site', substring(hook.url from '^[a-z]+://[^/?#]+'), 'reason', reason, 'failing_since', hook.failing_since, 'at', at), at);
end;
$$;

-- What became of an attempt. outcome: status (of the answer, or null), error (in words for its owner, or null), duration_ms. A status of
-- 2xx is a success, all else is tried again; 410 switches the webhook off, and so do three days without a success. A test is tried
-- once. Answers the delivery as it is shown, or null if it is gone.
create function public.finish_webhook_delivery(delivery uuid, outcome jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  patience constant interval := '3 days';
  hook gateway.webhooks;
  done gateway.webhook_deliveries;
  taken constant boolean := coalesce((outcome ->> 'status')::integer between 200 and 299, false);
  retry_in interval;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('delivery', delivery, 'outcome', outcome), 'delivery', 'outcome');
  perform gateway.require(outcome, 'duration_ms');
  select w.* into hook from gateway.webhook_deliveries d join gateway.webhooks w on w.id = d.webhook_id where d.id = delivery;
  -- Whoever changes a webhook has its account locked; and a mail that is written refers to it.
  perform from gateway.accounts where id = hook.account_id for key share;
  at := gateway.now();
  select * into hook from gateway.webhooks where id = hook.id for no key update;
  select * into done from gateway.webhook_deliveries where id = delivery and state = 'sending' for update;
  if not found then
    return null;
  end if;
  retry_in := case when not taken and done.event <> 'webhook.test' and hook.disabled_at is null
                then gateway.webhook_retry_in(done.attempts) end;
  update gateway.webhook_deliveries set
    state = case when taken then 'delivered' when retry_in is null then 'failed' else 'due' end,
    due_at = at + coalesce(retry_in, '0'), ended_at = case when retry_in is null then at end,
    status = (outcome ->> 'status')::integer, error = left(outcome ->> 'error', 500),
    duration_ms = (outcome ->> 'duration_ms')::integer
    where id = done.id
    returning * into done;
  if taken then
    update gateway.webhooks set failing_since = null where id = hook.id and failing_since is not null;
  elsif done.event <> 'webhook.test' and hook.disabled_at is null then
    hook.failing_since := coalesce(hook.failing_since, at);
    update gateway.webhooks set failing_since = hook.failing_since where id = hook.id;
    if (outcome ->> 'status')::integer = 410 then
      perform gateway.disable_webhook(hook, 'gone', at);
    elsif hook.failing_since <= at - patience then
      perform gateway.disable_webhook(hook, 'failing', at);
    end if;
    select * into done from gateway.webhook_deliveries where id = done.id;
  end if;
  return gateway.webhook_delivery_json(done);
end;
$$;

-- A delivery as its owner sees it.
create function gateway.webhook_delivery_json(delivery gateway.webhook_deliveries) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'webhook_delivery', 'id', delivery.id, 'webhook_id', delivery.webhook_id, 'event', delivery.event,
    'state', case when delivery.ended_at is null then 'pending' else delivery.state end,
    'attempts', delivery.attempts, 'status', delivery.status, 'error', delivery.error, 'duration_ms', delivery.duration_ms,
    'data', delivery.data, 'created_at', delivery.created_at, 'ended_at', delivery.ended_at,
    'next_attempt_at', case when delivery.state = 'due' then delivery.due_at end)
$$;

-- Queues the usage of the days that are over, of some accounts whose webhooks want it; a quarter of an hour after midnight (UTC) the
-- last call of the day is settled. Answers how many webhooks were told: 0 when all are. What is older than a week is left out. Behind
-- the last of them the oldest deliveries go.
create function public.emit_daily_usage() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 50;
  at timestamptz := gateway.now();
  last_day constant date := ((at - interval '15 minutes') at time zone 'utc')::date - 1;
  hook gateway.webhooks;
  told integer := 0;
begin
  for hook in
    select * from gateway.webhooks
    where usage_told_on < last_day and disabled_at is null and 'usage.daily' = any (events)
    order by usage_told_on, id limit most
  loop
    -- Whoever deletes a webhook has its account locked.
    perform from gateway.accounts where id = hook.account_id for key share skip locked;
    continue when not found;
    insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
      select w.id, 'usage.daily', day::date::text, jsonb_build_object(
        'day', day::date, 'usage', (
          select gateway.figures(sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
                                 sum(completion_tokens), sum(reasoning_tokens), sum(cost))
          from gateway.used(w.account_id, day at time zone 'utc', (day + interval '1 day') at time zone 'utc'))), at, at
      from gateway.webhooks w,
        generate_series(greatest(w.usage_told_on + 1, last_day - 6)::timestamp, last_day::timestamp, interval '1 day') as day
      where w.id = hook.id
    on conflict do nothing;
    update gateway.webhooks set usage_told_on = last_day where id = hook.id and usage_told_on < last_day;
    told := told + found::integer;
  end loop;
  if told = 0 then
    delete from gateway.webhook_deliveries where id in (
      select id from gateway.webhook_deliveries where ended_at < at - interval '30 days'
      order by ended_at limit 1000 for update skip locked);
  end if;
  return jsonb_build_object('told', told);
end;
$$;

-- supabase/schemas/50_account.sql

-- An account's profile, and its deletion.

-- The profile, and the part of it that its owner may change.
create function gateway.profile(account gateway.accounts, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'profile', 'id', account.id, 'email', account.email, 'username', account.username,
    'role', account.role, 'plan', gateway.plan_in_force(account, at), 'referred_by', account.referred_by,
    'trial', gateway.trial_json(account, at),
    'identities', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value, 'verified_at', verified_at)
                                order by kind, value), '[]')
      from gateway.identities where account_id = account.id),
    'created_at', account.created_at)
$$;

create function public.get_profile(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return (select gateway.profile(a, gateway.now()) from gateway.accounts a where id = session.account_id);
end;
$$;

-- request: username (null: none). An e-mail address is proven, never claimed, so it is not among what changes here.
create function public.update_profile(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts;
begin
  if (request ? 'username') is not true then
    perform gateway.require(request, 'username');
  end if;
  select * into account from gateway.accounts where id = session.account_id for update;
  -- Again, now that the account cannot be deleted meanwhile: nothing is written on one whose person has left.
  perform gateway.authenticate(caller, 'account:write');
  if account.username is distinct from request ->> 'username' then
    account.username := request ->> 'username';
    update gateway.accounts set username = account.username where id = account.id;
    -- The audit trail outlives the account's deletion, so it holds no personal data: it names the field and not its value.
    perform gateway.audit(caller, session.account_id, session.key_id, 'profile.update', account.id, null,
      '{"changed": ["username"]}');
  end if;
  return gateway.profile(account, gateway.now());
end;
$$;

-- Deletes the personal data of the caller's account and revokes its keys. Ledger, grants, requests and audit trail stay, and a
-- call that is under way is settled as any other. The claims of trials, which name nobody, stay too: someone who signs up again
-- gets no second trial.
create function public.delete_account(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts;
  at timestamptz;
  keys integer;
begin
  perform gateway.refuse_last_admin(session.account_id);
  select * into account from gateway.accounts where id = session.account_id for update;
  -- Again, now that nothing can change: of two deletions at once the second finds its key revoked.
  perform gateway.authenticate(caller, 'account:write');
  at := gateway.now();

  -- Names and addresses of keys are the person's own words. A former secret is dead with its key.
  update gateway.api_keys set
    name = 'deleted', ip_allowlist = '{}', domain_allowlist = '{}', revoked_at = least(revoked_at, at)
    where account_id = account.id;
  get diagnostics keys = row_count;
  delete from gateway.provider_keys where account_id = account.id;
  delete from gateway.auth_codes where account_id = account.id;
  perform gateway.leave_stripe(account.id, at);
  perform gateway.stop_auto_topup(account.id, 'account_deleted', at);
  update gateway.auto_topups set payment_method = null, card_brand = null, card_last4 = null, setup_session = null
    where account_id = account.id;
  delete from gateway.identities where account_id = account.id;
  delete from gateway.chat_sessions where account_id = account.id;
  delete from gateway.chat_accounts where account_id = account.id;
  delete from gateway.response_threads where account_id = account.id;
  delete from gateway.response_accounts where account_id = account.id;
  delete from gateway.notifications where account_id = account.id;
  delete from gateway.notification_preferences where account_id = account.id;
  delete from gateway.webhooks where account_id = account.id;
  delete from gateway.spend_alerts where account_id = account.id;
  perform gateway.forget_end_users(account.id);
  perform gateway.leave_ranking(account.id);
  update gateway.referrals set network = null where referred_id = account.id;
  -- Payments stay with the ledger, without what leads to the person.
  update gateway.payments set receipt_url = null, fingerprint = null where account_id = account.id;
  delete from gateway.idempotency_keys where account_id = account.id;
  delete from gateway.idempotent_calls where account_id = account.id;
  -- The stored answer to the request that made this account keeps its row, else a retry would make the account again; only the
  -- personal data in it goes. A locked one is skipped: who has locked it is about to delete it and may wait for this account.
  update gateway.idempotency_keys as keys set answer = keys.answer || '{"email": "", "username": null}'
    from (
      select account_id, key from gateway.idempotency_keys
        where answer ->> 'object' = 'account' and answer ->> 'id' = account.id::text
        for update skip locked
    ) as told
    where keys.account_id = told.account_id and keys.key = told.key;
  update gateway.accounts set
    email = null, username = null, referred_by = null, role = 'user', has_provider_keys = false, has_end_users = false,
    disabled_at = coalesce(disabled_at, at), deleted_at = at
    where id = account.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'account.delete', account.id, null,
    jsonb_build_object('role', account.role, 'plan', account.plan, 'keys', keys,
                       'balance', gateway.dollars(account.balance)));
  return jsonb_build_object(
    'object', 'account_deletion', 'id', account.id, 'deleted', true, 'deleted_at', at,
    -- For the gateway: whether Stripe is to be told.
    'tells_stripe', exists (select from gateway.stripe_tasks where account_id = account.id and done_at is null));
end;
$$;

-- supabase/schemas/51_account_credit.sql

-- What an account sees of its money.

-- What an account sees of its money.
create function public.get_balance(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
begin
  select * into account from gateway.accounts where id = session.account_id;
  -- The credit of a plan's month comes, and what has expired goes, with whatever asks first.
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
  return jsonb_build_object(
    'object', 'balance',
    'credits', gateway.dollars(account.balance),
    'held', gateway.dollars(account.held),
    'available', gateway.dollars(case when account.debt > 0 then 0 else gateway.available(account, at) end),
    'debt', gateway.dollars(account.debt),
    'plan', gateway.plan_in_force(account, at),
    'trial', gateway.trial_json(account, at),
    'grants', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'source', source, 'amount', gateway.dollars(amount), 'remaining', gateway.dollars(remaining),
        'expires_at', expires_at, 'created_at', created_at) order by expires_at nulls last, id), '[]')
      from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > at)));
end;
$$;

-- query: type, source, from, to, limit, cursor (the last id of the page before). Newest first. A page of one source looks through
-- so many transactions at most, however few of them match: it may hold less than the limit and still have a page after it.
create function public.list_credit_transactions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most constant integer := gateway.page_size(query);
  window_size constant integer := case when query ->> 'source' is not null then 5000 else most + 1 end;
  since constant timestamptz := (query ->> 'from')::timestamptz;
  until constant timestamptz := (query ->> 'to')::timestamptz;
  after_id constant bigint := (query ->> 'cursor')::bigint;
  -- Another account's cursor lies before every entry, so its page is empty.
  after constant timestamptz := case when after_id is not null then coalesce((
    select created_at from gateway.credit_transactions where id = after_id and account_id = session.account_id),
    '-infinity') end;
  answer jsonb;
begin
  with scanned as (
    select * from gateway.credit_transactions t
    where t.account_id = session.account_id
      and (after is null or (t.created_at, t.id) < (after, after_id))
      and (query ->> 'type' is null or t.type = query ->> 'type')
      -- An id is given after the time is read, and in the same month but for a moment.
      and (since is null or t.created_at >= since and t.id >= gateway.first_id(since))
      and (until is null
           or t.created_at < until and t.id < gateway.first_id(until + interval '1 hour' + interval '1 month'))
    order by t.created_at desc, t.id desc
    limit window_size
  ),
  found as (
    select t.*, g.source from scanned t left join gateway.credit_grants g on g.id = t.grant_id
    where query ->> 'source' is null or g.source = query ->> 'source'
    order by t.created_at desc, t.id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most),
  -- Where the next page begins: after this one, or after what was looked through, or nowhere.
  ends as (
    select case
      when (select count(*) from found) > most then (select id from page order by created_at, id limit 1)
      when (select count(*) from scanned) = window_size then (select id from scanned order by created_at, id limit 1)
    end as next_cursor
  )
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'id', id, 'object', 'credit_transaction', 'type', type, 'source', source,
      'amount', gateway.dollars(amount), 'balance_after', gateway.dollars(balance_after),
      'call_id', call_id, 'description', description, 'created_at', created_at) order by created_at desc, id desc)
      from page),
    ends.next_cursor::text)
  into answer from ends;
  return answer;
end;
$$;

-- supabase/schemas/51_statement.sql

-- A month of an account's money, as it is filed.

-- query: month (its first day). Usage is that of the hours that are summed up and of the requests since, everything else of the ledger's
-- rows: what calls cost has a request each, so the two together are the ledger (gateway.ledger_check), and cost the same however many
-- calls there were. The balances are reckoned back from the present one.
create function public.get_statement(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most constant integer := 1000;
  since constant timestamptz := (query ->> 'month')::date::timestamp at time zone 'utc';
  until constant timestamptz := ((query ->> 'month')::date + interval '1 month') at time zone 'utc';
  answer jsonb;
begin
  perform gateway.require(query, 'month');
  with moved as (
    select min(id) as id, type, description, created_at, sum(amount)::bigint as amount, created_at >= until as is_later
    from gateway.credit_transactions
    where account_id = session.account_id and type <> 'usage' and created_at >= since and id >= gateway.first_id(since)
    -- A debt that is repaid is two rows, which are nothing together.
    group by type, description, created_at having sum(amount) <> 0
  ),
  used as (
    select *, hour >= until as is_later from gateway.used(session.account_id, since, 'infinity')
  ),
  sums as (
    select a.balance - coalesce((select sum(amount) from moved where is_later), 0)
        + coalesce((select sum(cost) from used where is_later), 0) as closing,
      coalesce((select sum(amount) from moved where not is_later), 0) as moved,
      coalesce((select sum(cost) from used where not is_later), 0) as used
    from gateway.accounts a where a.id = session.account_id
  )
  select jsonb_build_object(
    'object', 'statement', 'account_id', a.id, 'email', a.email, 'currency', 'usd',
    'from', since, 'to', until, 'is_over', gateway.now() >= until,
    'opening_balance', gateway.dollars((s.closing - s.moved + s.used)::bigint),
    'moved', gateway.dollars(s.moved::bigint), 'used', gateway.dollars(s.used::bigint),
    'closing_balance', gateway.dollars(s.closing::bigint),
    'movements', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'at', m.created_at, 'type', m.type, 'description', m.description, 'amount', gateway.dollars(m.amount))
        order by m.created_at, m.id), '[]')
      from (select * from moved where not is_later order by created_at, id limit most) as m),
    'has_more', (select count(*) from moved where not is_later) > most,
    'usage', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'model', u.model, 'requests', u.requests, 'tokens', u.tokens, 'cost', gateway.dollars(u.cost))
        order by u.cost desc, u.requests desc, u.model), '[]')
      from (
        select model, sum(requests) as requests, sum(prompt_tokens + completion_tokens) as tokens, sum(cost)::bigint as cost
        from used where not is_later group by model) as u))
  into answer
  from gateway.accounts a, sums s where a.id = session.account_id;
  return answer;
end;
$$;

-- supabase/schemas/52_account_provider_keys.sql

-- An account's own keys at the providers.

-- What its owner may change of a key.
create function gateway.provider_key_settings(key gateway.provider_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'name', key.name, 'priority', key.priority, 'is_fallback', key.is_fallback, 'gateway_fallback', key.gateway_fallback,
    'allowed_models', key.allowed_models, 'allowed_keys', key.allowed_keys, 'disabled', key.disabled_at is not null)
$$;

-- How users keep their own provider keys here. All that the database ever sees of one is a Fernet token.
create function gateway.provider_key_json(key gateway.provider_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'provider_key', 'id', key.id, 'provider', key.provider, 'last_four', key.last_four,
    'created_at', key.created_at, 'last_used_at', key.last_used_at) || gateway.provider_key_settings(key)
$$;

-- A key of an account, or a 404.
create function gateway.find_provider_key(this_account uuid, target uuid) returns gateway.provider_keys
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.provider_keys;
begin
  select * into key from gateway.provider_keys where id = target and account_id = this_account;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'provider_key_not_found', '{"param": "id"}'));
  end if;
  return key;
end;
$$;

-- Puts settings into the row of a key whose account is locked: those that are absent stay, null clears.
-- settings: name, priority, is_fallback, gateway_fallback, allowed_models, allowed_keys, disabled; and secret, another key in its
-- place: ciphertext, version, last_four.
create function gateway.change_provider_key(key gateway.provider_keys, settings jsonb, at timestamptz)
returns gateway.provider_keys
language plpgsql volatile set search_path = ''
as $$
declare
  given constant jsonb := jsonb_strip_nulls(settings);
  secret constant jsonb := given -> 'secret';
  changed gateway.provider_keys := key;
begin
  if settings ? 'name' then
    changed.name := given ->> 'name';
  end if;
  changed.priority := coalesce((given ->> 'priority')::integer, key.priority);
  changed.is_fallback := coalesce((given ->> 'is_fallback')::boolean, key.is_fallback);
  changed.gateway_fallback := coalesce((given ->> 'gateway_fallback')::boolean, key.gateway_fallback);
  if settings ? 'allowed_models' then
    changed.allowed_models := array(select jsonb_array_elements_text(given -> 'allowed_models'));
  end if;
  if settings ? 'allowed_keys' then
    changed.allowed_keys := array(select jsonb_array_elements_text(given -> 'allowed_keys')::uuid);
    if exists (
      select from unnest(changed.allowed_keys) as allowed
      where not exists (select from gateway.api_keys where id = allowed and account_id = key.account_id)) then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', '{"param": "allowed_keys",
        "message": "`allowed_keys` are ids of API keys of this account; GET /user/api-keys lists them."}'));
    end if;
  end if;
  if given ? 'disabled' then
    changed.disabled_at := case when (given ->> 'disabled')::boolean then coalesce(key.disabled_at, at) end;
  end if;
  if secret is not null then
    perform gateway.require(secret, 'ciphertext', 'version', 'last_four');
    changed.ciphertext := secret ->> 'ciphertext';
    changed.key_version := (secret ->> 'version')::integer;
    changed.last_four := secret ->> 'last_four';
    changed.created_at := at;
    changed.last_used_at := null;
  end if;
  update gateway.provider_keys set
    name = changed.name, priority = changed.priority, is_fallback = changed.is_fallback,
    gateway_fallback = changed.gateway_fallback, allowed_models = changed.allowed_models,
    allowed_keys = changed.allowed_keys, disabled_at = changed.disabled_at, ciphertext = changed.ciphertext,
    key_version = changed.key_version, last_four = changed.last_four, created_at = changed.created_at,
    last_used_at = changed.last_used_at
    where id = key.id;
  perform gateway.note_provider_keys(key.account_id);
  return changed;
end;
$$;

-- Notes whether calls of a locked account have own keys to look for.
create function gateway.note_provider_keys(this_account uuid) returns void
language sql volatile set search_path = ''
as $$
  update gateway.accounts set
    has_provider_keys = exists (
      select from gateway.provider_keys where account_id = this_account and disabled_at is null)
    where id = this_account
$$;

-- Stores a key: in place of the first one at its provider, or, if it is additional, beside those that are there. An account has a
-- hundred at most: whoever locks it counts them. request: provider, additional, secret and settings as in
-- gateway.change_provider_key; what is in place of another has its settings where none are given.
create function public.set_provider_key(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  most constant integer := 100;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.provider_keys;
  replaced boolean;
begin
  perform gateway.require(request, 'provider', 'secret', 'settings');
  perform gateway.require(request -> 'secret', 'ciphertext', 'version', 'last_four');
  if coalesce((request ->> 'additional')::boolean, false) is false then
    select * into key from gateway.provider_keys
      where account_id = account.id and provider = request ->> 'provider'
      order by is_fallback, priority, created_at, id limit 1;
  end if;
  replaced := key.id is not null;
  if not replaced then
    if (select count(*) from gateway.provider_keys where account_id = account.id) >= most then
      perform gateway.refuse(gateway.refusal(409, 'too_many_provider_keys', jsonb_build_object('most', most)));
    end if;
    insert into gateway.provider_keys (account_id, provider, ciphertext, key_version, last_four, created_at)
      values (account.id, request ->> 'provider', request #>> '{secret,ciphertext}', (request #>> '{secret,version}')::integer,
              request #>> '{secret,last_four}', at)
      returning * into key;
  end if;
  key := gateway.change_provider_key(
    key, '{"name": null, "disabled": false}' || (request -> 'settings') || jsonb_build_object('secret', request -> 'secret'), at);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.set', account.id, key.provider,
    jsonb_build_object('id', key.id, 'last_four', key.last_four, 'replaced', replaced));
  return gateway.provider_key_json(key);
end;
$$;

-- In the order in which they are asked, as far as that goes by the keys.
create function public.list_provider_keys(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return gateway.page((
    select jsonb_agg(gateway.provider_key_json(k) order by k.is_fallback, k.priority, k.provider, k.created_at, k.id)
    from gateway.provider_keys k where k.account_id = session.account_id), null);
end;
$$;

create function public.get_provider_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return gateway.provider_key_json(gateway.find_provider_key(session.account_id, target));
end;
$$;

-- settings: as in gateway.change_provider_key.
create function public.update_provider_key(caller jsonb, target uuid, settings jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key gateway.provider_keys := gateway.find_provider_key(account.id, target);
  before constant jsonb := gateway.provider_key_settings(key) || jsonb_build_object('last_four', key.last_four);
  after jsonb;
begin
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  key := gateway.change_provider_key(key, settings, gateway.now());
  after := gateway.provider_key_settings(key) || jsonb_build_object('last_four', key.last_four);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.update', account.id, key.provider,
    jsonb_build_object('id', key.id, 'before', gateway.differing(before, after), 'after', gateway.differing(after, before)));
  return gateway.provider_key_json(key);
end;
$$;

-- Forgets one key.
create function public.remove_provider_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key gateway.provider_keys := gateway.find_provider_key(account.id, target);
begin
  delete from gateway.provider_keys where id = key.id;
  perform gateway.note_provider_keys(account.id);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.delete', account.id, key.provider,
    jsonb_build_object('id', key.id));
  return jsonb_build_object('object', 'provider_key', 'id', key.id, 'provider', key.provider, 'deleted', true);
end;
$$;

-- Forgets all keys at a provider.
create function public.delete_provider_key(caller jsonb, provider text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
begin
  delete from gateway.provider_keys k
    where k.account_id = account.id and k.provider = delete_provider_key.provider;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'provider_key_not_found', '{"param": "provider"}'));
  end if;
  perform gateway.note_provider_keys(account.id);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.delete', account.id, provider, '{}');
  return jsonb_build_object('object', 'provider_key', 'provider', provider, 'deleted', true);
end;
$$;

-- Some keys that these versions of the keyring encrypted: the older ones that it still has, since what nobody can read
-- must not keep the rest from being renewed. For the same reason they are those behind `after`, the account and the id
-- of the last one that was listed before.
create function public.list_outdated_provider_keys(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(k), '[]') from (
    select account_id, id, ciphertext, key_version as version
    from gateway.provider_keys
    where key_version in (select older::integer from jsonb_array_elements_text(versions) as older)
      and (after ->> 'account_id' is null
        or (account_id, id) > ((after ->> 'account_id')::uuid, (after ->> 'id')::uuid))
    order by account_id, id limit 100
  ) k
$$;

-- Puts the same key under the newest version in the place of the older token, unless its owner has changed it since.
create function public.renew_provider_key(
  account_id uuid, id uuid, outdated text, ciphertext text, version integer)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  update gateway.provider_keys k set
    ciphertext = renew_provider_key.ciphertext, key_version = renew_provider_key.version
    where k.account_id = renew_provider_key.account_id and k.id = renew_provider_key.id
      and k.ciphertext = renew_provider_key.outdated;
  return jsonb_build_object('renewed', found);
end;
$$;

-- supabase/schemas/53_account_limits.sql

-- The limits that callers see, and lower.

-- All limits of the calling key, without what the rate limiter's windows have counted, which Redis knows.
create function public.get_limits(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at timestamptz := gateway.now();
  this_month constant date := date_trunc('month', at at time zone 'utc')::date;
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
  in_force jsonb;
  requests bigint;
  tokens bigint;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into key from gateway.api_keys where id = session.key_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  in_force := gateway.limits_in_force(account, key, at);
  requests := coalesce((account.rate_limits ->> 'requests_per_month')::bigint, plan.requests_per_month);
  tokens := coalesce((account.rate_limits ->> 'tokens_per_month')::bigint, plan.tokens_per_month);
  -- A month that has passed counts nothing.
  if account.month < this_month then
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  return jsonb_build_object(
    'object', 'limits', 'account_id', account.id, 'key_id', key.id,
    'plan', jsonb_build_object('id', plan.id, 'name', plan.name),
    'account', in_force -> 'account', 'key', in_force -> 'key',
    'key_requests', jsonb_build_object('limit', key.max_requests, 'used', key.requests_used),
    'key_spend_limit', gateway.api_key_json(key, at) -> 'spend_limit',
    'month', jsonb_build_object(
      'requests', jsonb_build_object('limit', requests, 'used', account.month_requests,
                                     'remaining', greatest(requests - account.month_requests, 0)),
      'tokens', jsonb_build_object('limit', tokens, 'used', account.month_tokens,
                                   'remaining', greatest(tokens - account.month_tokens, 0)),
      'resets_at', gateway.period_end('month', at)),
    'trial', gateway.trial_json(account, at));
end;
$$;

-- A key's own limits and those that follow for it.
create function gateway.rate_limits_json(account gateway.accounts, key gateway.api_keys, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'rate_limits', 'key_id', key.id, 'name', key.name, 'environment', key.environment,
    'rate_limits', key.rate_limits, 'in_force', gateway.limits_in_force(account, key, at) -> 'key')
$$;

-- Of every active key, the newest first. query: limit, cursor (the last key's id of the page before).
create function public.list_rate_limits(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  account gateway.accounts;
  answer jsonb;
begin
  select * into account from gateway.accounts where id = session.account_id;
  with found as (
    select keys as key, row_number() over (order by created_at desc, id desc) as place
    from gateway.keys_after(session.account_id, (query ->> 'cursor')::uuid) as keys
    where gateway.api_key_status(keys, at) = 'active'
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.rate_limits_json(account, key, at) order by place) filter (where place <= most),
    case when count(*) > most then (max((key).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

-- Replaces a key's own limits.
create function public.set_rate_limits(caller jsonb, target uuid, rate_limits jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  before constant jsonb := key.rate_limits;
begin
  perform gateway.require(jsonb_build_object('rate_limits', rate_limits), 'rate_limits');
  key := gateway.change_key(account, key, jsonb_build_object('rate_limits', set_rate_limits.rate_limits), at);
  if before <> key.rate_limits then
    perform gateway.audit(caller, session.account_id, session.key_id, 'limits.change', account.id, key.id::text,
      jsonb_build_object('before', before, 'after', key.rate_limits));
  end if;
  return gateway.rate_limits_json(account, key, at);
end;
$$;

-- supabase/schemas/53_end_users.sql

-- How an account says what its end users may spend, and sees what they have.

-- A budget in the API's words, or null.
create function gateway.budget_json(budget bigint, period text) returns jsonb
language sql immutable parallel safe
return case when budget is not null then
  jsonb_build_object('amount', gateway.dollars(budget), 'period', coalesce(period, 'total')) end;

create function gateway.default_budget(owner uuid) returns jsonb
language sql stable
return (select gateway.budget_json(budget, period) from gateway.end_user_defaults where account_id = owner);

-- An end user on record. One that the default holds for is handed in with it.
create function gateway.end_user_json(end_user gateway.end_users, at timestamptz) returns jsonb
language sql stable
return (
  select jsonb_build_object(
    'object', 'end_user', 'user', end_user.name, 'budget', gateway.budget_json(end_user.budget, end_user.period),
    'is_default', not end_user.is_own, 'spent', gateway.dollars(spent), 'held', gateway.dollars(held),
    'remaining', case when end_user.budget is not null then gateway.dollars(greatest(end_user.budget - spent - held, 0)) end,
    'resets_at', gateway.period_start(end_user.period, at) + ('1 ' || end_user.period)::interval,
    'spent_in_all', gateway.dollars(end_user.spent_ever), 'created_at', end_user.created_at)
  from (
    select gateway.spent_by_end_user(end_user, at) as spent, gateway.held_for(end_user.account_id, end_user.name) as held) as use);

-- query: user, limit, cursor (the last name of the page before).
create function public.list_end_users(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  most constant integer := gateway.page_size(query);
  at constant timestamptz := gateway.now();
  found constant text[] := array(
    select name from gateway.end_users
    where account_id = session.account_id
      and (query ->> 'cursor' is null or name > query ->> 'cursor')
      and (query ->> 'user' is null or name = query ->> 'user')
    order by name limit most + 1);
begin
  return gateway.page((
    select jsonb_agg(gateway.end_user_json(gateway.end_user_of(session.account_id, name), at) order by name)
    from unnest(found[:most]) as name), case when cardinality(found) > most then found[most] end)
    || jsonb_build_object('default_budget', gateway.default_budget(session.account_id));
end;
$$;

-- Says what an end user may spend, or, without `user`, what each may that has no budget of its own. request: user, budget {amount
-- (nano-dollars; null: what it likes), period}; no budget: the default holds for the user, or there is no default.
--
-- A budget counts from when it was set; another amount of the same period goes on counting.
create function public.set_end_user(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  called constant text := request ->> 'user';
  given constant jsonb := nullif(request -> 'budget', 'null');
  amount constant bigint := (given ->> 'amount')::bigint;
  new_period constant text := nullif(given ->> 'period', 'total');
  former text;
  at timestamptz;
begin
  if (request ? 'budget') is not true then
    perform gateway.require(request, 'budget');
  end if;
  if given is not null then
    perform gateway.require(given, 'period');
  end if;
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile.
  perform gateway.authenticate(caller, 'account:write');
  at := gateway.now();
  if called is null then
    select coalesce(period, 'total') into former from gateway.end_user_defaults where account_id = session.account_id;
    if amount is null then
      delete from gateway.end_user_defaults where account_id = session.account_id;
      delete from gateway.end_users where account_id = session.account_id and not is_own;
    else
      insert into gateway.end_user_defaults as d (account_id, budget, period)
        values (session.account_id, amount, new_period)
        on conflict (account_id) do update set budget = excluded.budget, period = excluded.period;
      if former <> coalesce(new_period, 'total') then
        update gateway.end_users set spent = 0, period_start = at where account_id = session.account_id and not is_own;
      end if;
    end if;
  elsif given is null then
    update gateway.end_users e set
      is_own = false, budget = null, period = null,
      spent = case when e.period is distinct from d.period then 0 else e.spent end,
      period_start = case when e.period is distinct from d.period then at else e.period_start end
      from gateway.end_user_defaults d
      where e.account_id = session.account_id and e.name = called and e.is_own and d.account_id = e.account_id;
    delete from gateway.end_users where account_id = session.account_id and name = called and is_own;
  else
    if (select count(*) from gateway.end_users where account_id = session.account_id) >= gateway.most_end_users()
      and not exists (select from gateway.end_users where account_id = session.account_id and name = called) then
      perform gateway.refuse(gateway.refusal(429, 'too_many_end_users', jsonb_build_object(
        'param', 'user', 'most', gateway.most_end_users(), 'should_retry', false)));
    end if;
    insert into gateway.end_users as e (account_id, name, is_own, budget, period, period_start, created_at)
      values (session.account_id, called, true, amount, new_period, at, at)
      on conflict (account_id, name) do update set
        is_own = true, budget = excluded.budget, period = excluded.period,
        spent = case when (gateway.end_user_of(e.account_id, e.name)).period is distinct from excluded.period then 0 else e.spent end,
        period_start = case when (gateway.end_user_of(e.account_id, e.name)).period is distinct from excluded.period then at
                            else e.period_start end;
  end if;
  update gateway.accounts set has_end_users =
    exists (select from gateway.end_users where account_id = session.account_id)
    or exists (select from gateway.end_user_defaults where account_id = session.account_id)
    where id = session.account_id;
  -- The audit trail outlives what is deleted, so it holds nobody's name.
  perform gateway.audit(caller, session.account_id, session.key_id, 'end_user.set', session.account_id, null,
    jsonb_build_object('is_default', called is null, 'budget', gateway.budget_json(amount, new_period)));
  if called is null then
    return jsonb_build_object('object', 'end_user_default', 'budget', gateway.default_budget(session.account_id));
  end if;
  return coalesce(
    (select gateway.end_user_json(gateway.end_user_of(e.account_id, e.name), at) from gateway.end_users e
      where e.account_id = session.account_id and e.name = called),
    jsonb_build_object('object', 'end_user', 'user', called, 'budget', gateway.default_budget(session.account_id),
      'is_default', true, 'spent', 0, 'held', gateway.dollars(gateway.held_for(session.account_id, called)),
      'remaining', null, 'resets_at', null, 'spent_in_all', 0, 'created_at', null));
end;
$$;

-- Forgets an end user: its budget, and its name wherever it stands beside a request. Whether it ever called makes no difference to the
-- answer, so a repeated one is as good.
create function public.delete_end_user(caller jsonb, called text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  done boolean;
begin
  perform gateway.require(jsonb_build_object('user', called), 'user');
  perform from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'account:write');
  done := gateway.forget_end_users(session.account_id, called);
  update gateway.accounts set has_end_users =
    exists (select from gateway.end_users where account_id = session.account_id)
    or exists (select from gateway.end_user_defaults where account_id = session.account_id)
    where id = session.account_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'end_user.delete', session.account_id, null, '{}');
  return jsonb_build_object('object', 'end_user', 'user', called, 'deleted', true, 'is_erased', done);
end;
$$;

-- supabase/schemas/54_api_keys.sql

-- What is shown of a key. Never its hash.

create function gateway.api_key_status(key gateway.api_keys, at timestamptz) returns text
language sql immutable parallel safe
return case
  when key.revoked_at <= at then 'revoked'
  when key.expires_at <= at then 'expired'
  when key.disabled_at <= at then 'disabled'
  else 'active'
end;

-- When the current spending period ends; null for a limit that never starts anew.
create function gateway.period_end(period text, at timestamptz) returns timestamptz
language sql immutable parallel safe
return (date_trunc(period, at at time zone 'utc') + ('1 ' || period)::interval) at time zone 'utc';

-- A key as every endpoint shows it.
create function gateway.api_key_json(key gateway.api_keys, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  status constant text := gateway.api_key_status(key, at);
  due constant timestamptz :=
    coalesce(key.rotated_at, key.created_at) + make_interval(hours => 24 * key.rotate_after_days);
begin
  return jsonb_build_object(
    'object', 'api_key', 'id', key.id, 'name', key.name, 'environment', key.environment, 'prefix', key.prefix,
    'last_four', key.last_four, 'scopes', key.scopes, 'is_primary', key.is_primary, 'status', status,
    'created_at', key.created_at, 'last_used_at', key.last_used_at, 'expires_at', key.expires_at,
    'revoked_at', key.revoked_at, 'max_requests', key.max_requests, 'requests_used', key.requests_used,
    'spend_limit', case when key.spend_limit is not null then jsonb_build_object(
      'amount', gateway.dollars(key.spend_limit), 'period', key.spend_period,
      'spent', gateway.dollars(gateway.spent_in_period(key, at)),
      'resets_at', gateway.period_end(key.spend_period, at)) end,
    'ip_allowlist', key.ip_allowlist, 'domain_allowlist', key.domain_allowlist,
    'allowed_models', key.allowed_models, 'rate_limits', key.rate_limits, 'trace_content', key.trace_content,
    'cache_ttl', key.cache_ttl, 'rotate_after_days', key.rotate_after_days, 'rotated_at', key.rotated_at, 'rotation_due_at', due,
    'rotation_due', coalesce(status = 'active' and due <= at, false),
    'former_secrets', (
      select coalesce(jsonb_agg(jsonb_build_object('expires_at', least(former.expires_at, key.expires_at))
                                order by former.id desc), '[]')
      from gateway.former_secrets as former
      where former.key_id = key.id and former.expires_at > at and status = 'active'));
end;
$$;

-- An account's keys, from the newest or from the one after `cursor`. Another account's cursor gives an empty page.
create function gateway.keys_after(account uuid, cursor uuid) returns setof gateway.api_keys
language sql stable set search_path = ''
as $$
  select * from gateway.api_keys
    where account_id = keys_after.account
      and (keys_after.cursor is null or (created_at, id) < (
        select created_at, id from gateway.api_keys
          where id = keys_after.cursor and account_id = keys_after.account))
$$;

-- Newest first. query: environment, status (or 'all'), limit, cursor (the last id of the page before).
create function public.list_api_keys(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with found as (
    select keys as key, row_number() over (order by created_at desc, id desc) as place
    from gateway.keys_after(session.account_id, (query ->> 'cursor')::uuid) as keys
    where (query ->> 'environment' is null or environment = query ->> 'environment')
      and (query ->> 'status' = 'all' or gateway.api_key_status(keys, at) = query ->> 'status')
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.api_key_json(key, at) order by place) filter (where place <= most),
    case when count(*) > most then (max((key).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

create function public.get_api_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = session.account_id;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  return gateway.api_key_json(key, gateway.now());
end;
$$;

-- supabase/schemas/55_api_keys_change.sql

-- How keys are made, changed and revoked.

-- Locks the account of a session that is about to change its keys, then looks at the caller once more: what became of
-- its own key while it waited counts.
create function gateway.lock_for_change(caller jsonb, session gateway.session, scope text) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = session.account_id for update;
  perform gateway.authenticate(caller, scope);
  return account;
end;
$$;

-- A key of a locked account, locked, that is not over: one that is disabled can be changed, if only to be enabled.
create function gateway.lock_living_key(account gateway.accounts, target uuid, at timestamptz)
returns gateway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = account.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  if gateway.api_key_status(key, at) not in ('active', 'disabled') then
    perform gateway.refuse(gateway.refusal(409, 'api_key_inactive'));
  end if;
  return key;
end;
$$;

-- The first of `scopes` that `granted` does not cover, or null.
create function gateway.first_uncovered(granted text[], scopes text[]) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select scope from unnest(scopes) with ordinality as asked (scope, place)
    where not gateway.covers(granted, scope)
    order by place limit 1
$$;

-- Nobody hands out more than he has: every scope must be covered by the calling key and by its role. `*` stands for
-- all that the role may, so only a key that has it itself may hand it on, whatever the role.
create function gateway.refuse_uncovered(session gateway.session, scopes text[]) returns void
language plpgsql stable set search_path = ''
as $$
declare
  own text[];
  permissions text[];
  uncovered text;
begin
  select api_keys.scopes, roles.permissions into own, permissions
    from gateway.api_keys
    join gateway.accounts on accounts.id = api_keys.account_id
    join gateway.roles on roles.name = accounts.role
    where api_keys.id = session.key_id;
  uncovered := coalesce(gateway.first_uncovered(own, refuse_uncovered.scopes),
                        gateway.first_uncovered(permissions, array_remove(refuse_uncovered.scopes, '*')));
  if uncovered is not null then
    perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'param', 'scopes', 'required_scope', uncovered,
      'message', 'A key hands out only scopes that it has itself.')));
  end if;
end;
$$;

-- A key's own limits are never above what its account has in force.
create function gateway.refuse_higher_limits(
  account gateway.accounts, key gateway.api_keys, rate_limits jsonb, at timestamptz)
returns void
language plpgsql stable set search_path = ''
as $$
declare
  in_force constant jsonb := gateway.limits_in_force(account, key, at) -> 'account';
  name text;
begin
  foreach name in array gateway.limit_names() loop
    if (rate_limits ->> name)::bigint > (in_force ->> name)::bigint then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
        'param', name, 'message', format('`%s` is at most %s, the account''s own.', name, in_force ->> name))));
    end if;
  end loop;
end;
$$;

-- What an owner may change of a key, as the audit trail keeps it.
create function gateway.api_key_settings(key gateway.api_keys) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'name', key.name, 'disabled', key.disabled_at is not null, 'scopes', key.scopes, 'expires_at', key.expires_at, 'max_requests', key.max_requests,
    'spend_limit', gateway.dollars(key.spend_limit), 'spend_period', key.spend_period,
    'ip_allowlist', key.ip_allowlist, 'domain_allowlist', key.domain_allowlist,
    'allowed_models', key.allowed_models, 'rate_limits', key.rate_limits, 'trace_content', key.trace_content,
    'cache_ttl', key.cache_ttl, 'rotate_after_days', key.rotate_after_days)
$$;

-- The members of `settings` that are not the same in `others`.
create function gateway.differing(settings jsonb, others jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(settings)
    where value is distinct from others -> key
$$;

-- Puts settings into a locked key's row: those that are absent stay, null clears.
-- settings: name, disabled, scopes, expires_in_days, expires_at, max_requests, spend_limit {amount (nano-dollars), period}, ip_allowlist,
-- domain_allowlist, allowed_models, rate_limits, trace_content, cache_ttl (seconds), rotate_after_days.
create function gateway.change_key(
  account gateway.accounts, key gateway.api_keys, settings jsonb, at timestamptz)
returns gateway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  -- JSON's null as SQL's, so that a member that is cleared reads like one that is absent.
  given constant jsonb := jsonb_strip_nulls(settings);
  changed gateway.api_keys := key;
  starts_anew boolean := false;
begin
  perform gateway.refuse_higher_limits(account, key, given -> 'rate_limits', at);
  if settings ? 'name' then
    changed.name := given ->> 'name';
  end if;
  if settings ? 'disabled' then
    changed.disabled_at := case when (given ->> 'disabled')::boolean then coalesce(key.disabled_at, at) end;
  end if;
  if settings ? 'scopes' then
    changed.scopes := array(select jsonb_array_elements_text(given -> 'scopes'));
  end if;
  if settings ? 'expires_in_days' then
    changed.expires_at := at + make_interval(hours => 24 * (given ->> 'expires_in_days')::integer);
  end if;
  if settings ? 'expires_at' then
    changed.expires_at := (given ->> 'expires_at')::timestamptz;
  end if;
  if settings ? 'max_requests' then
    changed.max_requests := (given ->> 'max_requests')::bigint;
  end if;
  if settings ? 'spend_limit' then
    changed.spend_limit := (given -> 'spend_limit' ->> 'amount')::bigint;
    changed.spend_period := given -> 'spend_limit' ->> 'period';
    -- A limit counts from when it was set; another amount of the same limit goes on counting.
    starts_anew := key.spend_limit is null or changed.spend_period is distinct from key.spend_period;
  end if;
  if settings ? 'ip_allowlist' then
    changed.ip_allowlist := array(select jsonb_array_elements_text(given -> 'ip_allowlist')::inet);
  end if;
  if settings ? 'domain_allowlist' then
    changed.domain_allowlist := array(select jsonb_array_elements_text(given -> 'domain_allowlist'));
  end if;
  if settings ? 'allowed_models' then
    changed.allowed_models := array(select jsonb_array_elements_text(given -> 'allowed_models'));
  end if;
  if settings ? 'rate_limits' then
    changed.rate_limits := coalesce(given -> 'rate_limits', '{}');
  end if;
  if settings ? 'trace_content' then
    changed.trace_content := coalesce((given ->> 'trace_content')::boolean, false);
  end if;
  if settings ? 'cache_ttl' then
    changed.cache_ttl := (given ->> 'cache_ttl')::integer;
  end if;
  if settings ? 'rotate_after_days' then
    changed.rotate_after_days := (given ->> 'rotate_after_days')::integer;
  end if;
  update gateway.api_keys set
    name = changed.name, disabled_at = changed.disabled_at, scopes = changed.scopes, expires_at = changed.expires_at,
    max_requests = changed.max_requests, spend_limit = changed.spend_limit, spend_period = changed.spend_period,
    spent = case when starts_anew then 0 else spent end,
    spend_period_start = case when starts_anew then at else spend_period_start end,
    ip_allowlist = changed.ip_allowlist, domain_allowlist = changed.domain_allowlist,
    allowed_models = changed.allowed_models, rate_limits = changed.rate_limits,
    trace_content = changed.trace_content, cache_ttl = changed.cache_ttl, rotate_after_days = changed.rotate_after_days
    where id = key.id
    returning * into changed;
  return changed;
end;
$$;

-- stored: hash, prefix, last_four, name, environment. settings: as in gateway.change_key. An account has at most a
-- hundred keys alive: whoever locks it counts them.
create function public.create_api_key(caller jsonb, stored jsonb, settings jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  most constant integer := 100;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  -- Behind the lock: the row of an Idempotency-Key refers to the account, so of two claims that both go on to lock
  -- it, neither could.
  answer jsonb := gateway.claim_idempotency(session, idempotency, at);
  key gateway.api_keys;
begin
  perform gateway.require(stored, 'hash', 'prefix', 'last_four', 'name', 'environment');
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  if answer is not null then
    return answer;
  end if;
  if (select count(*) from gateway.api_keys as keys
        where account_id = account.id and gateway.api_key_status(keys, at) in ('active', 'disabled')) >= most then
    perform gateway.refuse(gateway.refusal(409, 'too_many_api_keys', jsonb_build_object('most', most)));
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, created_at)
    values (account.id, stored ->> 'hash', stored ->> 'prefix', stored ->> 'last_four', stored ->> 'name',
            stored ->> 'environment', at)
    returning * into key;
  key := gateway.change_key(account, key, settings, at);
  perform gateway.refuse_uncovered(session, key.scopes);
  perform gateway.audit(caller, session.account_id, session.key_id, 'key.create', account.id, key.id::text,
    jsonb_build_object('environment', key.environment) || gateway.api_key_settings(key));
  answer := gateway.api_key_json(key, at);
  perform gateway.store_idempotent_answer(session, idempotency, answer || '{"replayed": true}');
  return answer || '{"replayed": false}';
end;
$$;

-- settings: as in gateway.change_key.
create function public.update_api_key(caller jsonb, target uuid, settings jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  before constant jsonb := gateway.api_key_settings(key);
  after jsonb;
begin
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  -- What the key has already is not handed out once more. Looked at before the change: the key may be the caller's.
  perform gateway.refuse_uncovered(session, array(
    select scope from jsonb_array_elements_text(settings -> 'scopes') with ordinality as asked (scope, place)
      where not gateway.covers(key.scopes, scope) order by place));
  key := gateway.change_key(account, key, settings, at);
  after := gateway.api_key_settings(key);
  if before <> after then
    perform gateway.audit(caller, session.account_id, session.key_id, 'key.update', account.id, key.id::text,
      jsonb_build_object('before', gateway.differing(before, after), 'after', gateway.differing(after, before)));
  end if;
  return gateway.api_key_json(key, at);
end;
$$;

-- Revokes a key with all its secrets. One that is revoked stays as it is.
create function public.revoke_api_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys;
begin
  select * into key from gateway.api_keys where id = target and account_id = account.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  if gateway.api_key_status(key, at) <> 'revoked' then
    update gateway.api_keys set revoked_at = at where id = key.id returning * into key;
    perform gateway.audit(caller, session.account_id, session.key_id, 'key.revoke', account.id, key.id::text,
      jsonb_build_object('name', key.name));
  end if;
  return gateway.api_key_json(key, at);
end;
$$;

-- supabase/schemas/56_api_keys_rotate.sql

-- New secrets for keys that stay what they are.

-- Gives locked keys new secrets, the first of `stored` (hash, prefix, last_four) to the first of `targets`; the old ones
-- go on for `grace`, and those before them for no longer. Of a key's former secrets twenty go on at most: beyond that the
-- oldest end now. Those that have ended are remembered for a while, so that whoever still uses one is told what became
-- of it. In few statements, however many keys.
--
-- Whoever rotates a key that has leaked, with grace 0, ends every former secret of it: an older one that was to go on for
-- days may be the one that leaked, and could rotate the key once more.
create function gateway.rotate_keys(
  caller jsonb, session gateway.session, targets uuid[], stored jsonb, grace interval, at timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_alive constant integer := 20;
  most_remembered constant integer := 100;
begin
  insert into gateway.former_secrets (key_hash, key_id, expires_at)
    select key_hash, id, at + grace from gateway.api_keys where id = any (targets);
  update gateway.former_secrets set expires_at = at + grace
    where key_id = any (targets) and expires_at > at + grace;
  update gateway.former_secrets set expires_at = at
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.former_secrets
          where key_id = any (targets) and expires_at > at) as alive
      where age > most_alive);
  delete from gateway.former_secrets
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.former_secrets
          where key_id = any (targets)) as remembered
      where age > most_remembered and expires_at <= at);
  update gateway.api_keys set
    key_hash = made ->> 'hash', prefix = made ->> 'prefix', last_four = made ->> 'last_four', rotated_at = at
    from unnest(targets) with ordinality as target (key_id, place)
    join jsonb_array_elements(stored) with ordinality as candidate (made, turn) on turn = place
    where api_keys.id = target.key_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'key.rotate', session.account_id, key_id::text,
      jsonb_build_object('former_secret_expires_at', at + grace))
    from unnest(targets) as key_id;
end;
$$;

-- candidates: a new secret (hash, prefix, last_four) by environment, of which the key's own is taken.
create function public.rotate_api_key(caller jsonb, target uuid, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  uncovered text := gateway.first_uncovered(own, key.scopes);
begin
  perform gateway.require(
    jsonb_build_object('grace', grace_period_hours, 'candidates', candidates), 'grace', 'candidates');
  if uncovered is not null then
    -- The answer would hold a secret that may do more than the caller's.
    perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'required_scope', uncovered, 'message', 'A key rotates only keys whose scopes it has itself.')));
  end if;
  if not candidates ? key.environment then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
      'param', 'id', 'message', 'This deployment makes no keys of this key''s environment.')));
  end if;
  perform gateway.rotate_keys(caller, session, array[key.id], jsonb_build_array(candidates -> key.environment),
                              make_interval(hours => grace_period_hours), at);
  select * into key from gateway.api_keys where id = target;
  return gateway.api_key_json(key, at);
end;
$$;

-- Every active key of an environment that the caller covers, the oldest first. candidates: new secrets of that
-- environment, taken in their order; the answer lists the keys in the same. What is left alone is counted.
create function public.rotate_api_keys(
  caller jsonb, environment text, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  targets uuid[];
  active integer;
begin
  perform gateway.require(
    jsonb_build_object('environment', environment, 'grace', grace_period_hours, 'candidates', candidates),
    'environment', 'grace', 'candidates');
  select coalesce(array_agg(id order by created_at, id) filter (where covered and turn <= jsonb_array_length(candidates)), '{}'),
         count(*)
    into targets, active
    from (
      select id, created_at, covered, row_number() over (partition by covered order by created_at, id) as turn
      from (
        select id, created_at, gateway.first_uncovered(own, scopes) is null as covered from gateway.api_keys as keys
          where keys.account_id = account.id and keys.environment = rotate_api_keys.environment
            and gateway.api_key_status(keys, at) = 'active'
          order by id for update) as locked) as ordered;
  perform gateway.rotate_keys(caller, session, targets, candidates, make_interval(hours => grace_period_hours), at);
  return jsonb_build_object(
    'keys', (
      select coalesce(jsonb_agg(gateway.api_key_json(keys, at) order by created_at, id), '[]')
      from gateway.api_keys as keys where id = any (targets)),
    'skipped', active - cardinality(targets));
end;
$$;

-- supabase/schemas/57_usage.sql

-- What an account sees of its usage.

create function public.get_monitor(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
  with month as (
    select * from gateway.usage_by(session.account_id, date_trunc('month', at, 'UTC'), 'infinity')
  ),
  models as (select * from month where part = 'model' order by cost desc, tokens desc, value limit 20)
  select jsonb_build_object(
    'object', 'usage_monitor',
    'credits', gateway.dollars(a.balance),
    'held', gateway.dollars(a.held),
    'today', (select figures from gateway.usage_by(a.id, date_trunc('day', at, 'UTC'), 'infinity')
              where part = 'total'),
    'this_month', (select figures from month where part = 'total'),
    'all_time', gateway.used_ever(a.id),
    'by_environment', (
      select coalesce(jsonb_agg(jsonb_build_object('environment', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from month where part = 'environment'),
    'by_model', (
      select coalesce(jsonb_agg(jsonb_build_object('model', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from models))
  into answer from gateway.accounts a where a.id = session.account_id;
  return answer;
end;
$$;

-- query: from, to.
create function public.get_environment_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
begin
  perform gateway.sum_up_latest(session.account_id, at);
  asked := gateway.usage_window(query, 'month', 0, at);
  return (
    select jsonb_build_object(
      'object', 'environment_usage', 'from', asked.since, 'to', asked.until,
      'environments', coalesce(jsonb_agg(jsonb_build_object('environment', value, 'usage', figures)
                                         order by cost desc, tokens desc, value), '[]'))
    from gateway.usage_by(session.account_id, asked.since, asked.until) where part = 'environment');
end;
$$;

-- query: from, to. Days without usage are listed too.
create function public.get_activity_stats(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  asked record;
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
  asked := gateway.usage_window(query, 'day', 29, at);
  with sums as (select * from gateway.usage_by(session.account_id, asked.since, asked.until)),
  days as (
    select day::date::text as day
    from generate_series(date_trunc('day', asked.since at time zone 'utc'),
                         (asked.until - interval '1 microsecond') at time zone 'utc', interval '1 day') as day
  )
  select jsonb_build_object(
    'object', 'activity_stats', 'from', asked.since, 'to', asked.until,
    'totals', (select figures from sums where part = 'total'),
    'by_day', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'day', day, 'usage', coalesce(figures, gateway.figures(0, 0, 0, 0, 0, 0, 0, 0))) order by day), '[]')
      from days left join sums on part = 'day' and value = day),
    'by_model', (
      select coalesce(jsonb_agg(jsonb_build_object('model', value, 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from sums where part = 'model'),
    'by_provider', (
      select coalesce(jsonb_agg(jsonb_build_object('provider', nullif(value, ''), 'usage', figures)
                                order by cost desc, tokens desc, value), '[]')
      from sums where part = 'provider'),
    'by_key', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'key_id', k.id, 'name', k.name, 'last_four', k.last_four, 'usage', figures)
        order by cost desc, tokens desc, value), '[]')
      from sums join gateway.api_keys k on k.id = value::uuid where part = 'key'))
  into answer;
  return answer;
end;
$$;

-- query: from, to, limit, cursor {at, id}. Every key of the account, the newest first, used or not.
create function public.list_key_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  at constant timestamptz := gateway.now();
  most constant integer := gateway.page_size(query);
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  asked record;
  answer jsonb;
begin
  perform gateway.sum_up_latest(session.account_id, at);
  asked := gateway.usage_window(query, 'month', 0, at);
  with found as (
    select * from gateway.api_keys
    where account_id = session.account_id
      and (after is null or (created_at, id) < (after, after_id))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most),
  sums as (select * from gateway.usage_by(session.account_id, asked.since, asked.until) where part = 'key')
  select jsonb_build_object('from', asked.since, 'to', asked.until) || gateway.page(
    (
      select jsonb_agg(jsonb_build_object(
        'object', 'api_key_usage', 'key_id', id, 'name', name, 'environment', environment, 'prefix', prefix,
        'last_four', last_four, 'created_at', created_at, 'revoked_at', revoked_at, 'last_used_at', last_used_at,
        'usage', coalesce(figures, gateway.figures(0, 0, 0, 0, 0, 0, 0, 0))) order by created_at desc, id desc)
      from page left join sums on value = id::text),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- supabase/schemas/58_openrouter_members.sql

-- What OpenRouter's clients read of a model besides what OpenAI's do (openrouter.ai/docs/api-reference, "Models").

-- The parameters that ask for what a model can do, by OpenRouter's names: of one for chat of which the catalog does not say, the usual
-- ones.
create function gateway.parameters_of(model gateway.models) returns text[]
language plpgsql stable
as $$
begin
  return case when model.supported_parameters <> '{}' then model.supported_parameters when model.kind <> 'chat' then '{}' else
    array['frequency_penalty', 'max_tokens', 'presence_penalty', 'response_format', 'seed', 'stop', 'temperature', 'tool_choice',
          'tools', 'top_p']
    || case when model.reasoning then array['include_reasoning', 'reasoning'] else '{}' end
  end;
end;
$$;

-- Those that it takes by a route.
create function gateway.parameters_of_route(model gateway.models, route gateway.model_routes) returns text[]
language plpgsql stable
as $$
begin
  return case when route.supported_parameters <> '{}' then route.supported_parameters else gateway.parameters_of(model) end;
end;
$$;

create function gateway.openrouter_members(model gateway.models) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'canonical_slug', model.id,
    'architecture', jsonb_build_object(
      'modality', array_to_string(model.input_modalities, '+') || '->' || array_to_string(model.output_modalities, '+'),
      'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities,
      'tokenizer', 'Other', 'instruct_type', null),
    'top_provider', jsonb_build_object(
      'context_length', model.context_length, 'max_completion_tokens', nullif(model.max_output, 0), 'is_moderated', false),
    'per_request_limits', null, 'default_parameters', null, 'supported_voices', null,
    'supported_parameters', gateway.parameters_of(model),
    'links', jsonb_build_object('details', '/api/v1/models/' || model.id || '/endpoints'));
end;
$$;

-- supabase/schemas/58_usage_activity_log.sql

-- Requests one by one.

-- A request as its account sees it.
create function gateway.request_json(request gateway.requests) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'request', 'status', 'finished', 'call_id', request.call_id,
    'request_id', coalesce(request.request_id, request.call_id::text), 'key_id', request.key_id,
    'model', request.model, 'provider', request.provider, 'outcome', request.outcome, 'error_code', request.error_code,
    'stream', request.stream, 'prompt_tokens', request.prompt_tokens, 'cached_tokens', request.cached_tokens,
    'written_tokens', request.written_tokens, 'completion_tokens', request.completion_tokens,
    'reasoning_tokens', request.reasoning_tokens, 'units', coalesce(request.units, '{}'), 'estimated', request.estimated,
    'clamped', request.clamped, 'own_key', request.own_key, 'replayed_call', request.replayed_call, 'cost', gateway.dollars(request.cost),
    'first_byte_ms', request.first_byte_ms, 'duration_ms', request.duration_ms, 'app', request.app,
    'user', request.end_user, 'tags', coalesce(request.tags, '[]'), 'metadata', request.metadata,
    'created_at', request.created_at, 'finished_at', request.finished_at, 'age_ms', null)
$$;

-- A call that is admitted and not settled, as the request that it will be. It ends later than all that have ended.
create function gateway.unfinished(hold gateway.holds) returns gateway.requests
language plpgsql immutable set search_path = ''
as $$
declare
  made gateway.requests;
begin
  made.call_id := hold.call_id;
  made.account_id := hold.account_id;
  made.key_id := hold.key_id;
  made.request_id := hold.request_id;
  made.model := coalesce(hold.model, '');
  made.end_user := hold.end_user;
  made.stream := false;
  made.estimated := false;
  made.clamped := false;
  made.own_key := false;
  made.prompt_tokens := 0;
  made.cached_tokens := 0;
  made.written_tokens := 0;
  made.completion_tokens := 0;
  made.reasoning_tokens := 0;
  made.held := hold.amount;
  made.cost := 0;
  made.created_at := hold.created_at;
  made.finished_at := timestamptz '2200-01-01 00:00:00+00';
  return made;
end;
$$;

-- What its reader sees of such a call (request_json, request_of_operator), as of its hold: it is running, or swept, past its
-- time, when its settle may still come.
create function gateway.unfinished_json(shown jsonb, hold gateway.holds, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select shown || jsonb_build_object(
    'status', case hold.state when 'open' then 'running' else 'swept' end, 'held', gateway.dollars(hold.amount), 'finished_at', null,
    'stream', null, 'age_ms', floor(extract(epoch from at - (shown ->> 'created_at')::timestamptz) * 1000)::bigint)
$$;

-- query: model, provider, key_id, user, outcome, from, to, limit, cursor {at, id}. Newest first, by when they ended. A page
-- looks through so many requests at most, however few of them match: it may hold less than the limit and still have
-- a page after it.
create function public.list_activity(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  most constant integer := gateway.page_size(query);
  filtered constant boolean := coalesce(
    query ->> 'model', query ->> 'provider', query ->> 'key_id', query ->> 'user', query ->> 'outcome') is not null;
  window_size constant integer := case when filtered then 5000 else most + 1 end;
  since constant timestamptz := coalesce((query ->> 'from')::timestamptz, '-infinity');
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  -- A bound that an index can use in any plan: the requests of the cursor's own moment are told apart by their ids.
  until constant timestamptz := least((query ->> 'to')::timestamptz, after + interval '1 microsecond', 'infinity');
  answer jsonb;
begin
  with scanned as (
    select * from gateway.requests
    where account_id = session.account_id and finished_at >= since and finished_at < until
      and (after is null or (finished_at, call_id) < (after, after_id))
    order by finished_at desc, call_id desc
    limit window_size
  ),
  found as (
    select * from scanned
    where (query ->> 'model' is null or model = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid)
      and (query ->> 'user' is null or end_user = query ->> 'user')
      and (query ->> 'outcome' is null or outcome = query ->> 'outcome')
    order by finished_at desc, call_id desc
    limit most + 1
  ),
  page as (select * from found order by finished_at desc, call_id desc limit most),
  -- Where the next page begins: after this one, or after what was looked through, or nowhere.
  ends as (
    select case
      when (select count(*) from found) > most
        then (select gateway.place(finished_at, call_id) from page order by finished_at, call_id limit 1)
      when (select count(*) from scanned) = window_size
        then (select gateway.place(finished_at, call_id) from scanned order by finished_at, call_id limit 1)
    end as next_cursor
  )
  select gateway.page(
    (
      select jsonb_agg(gateway.request_json(row(page.*)::gateway.requests) order by finished_at desc, call_id desc)
      from page),
    ends.next_cursor)
  into answer from ends;
  return answer;
end;
$$;

-- supabase/schemas/59_catalog.sql

-- The public catalog. These functions take no caller: anyone may ask, and the CDN answers most.

-- One kind of a price, in dollars as a text.
create function gateway.unit_price(price jsonb, kind text, unit numeric) returns text
language sql immutable parallel safe
return trim_scale((price ->> kind)::bigint * unit)::text;

-- A price (gateway.price, a tier or a window of it) in OpenRouter's names and units: US dollars, as texts; of a token, a character,
-- a request, a search, a second, an image each.
create function gateway.price_json(price jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'prompt', gateway.unit_price(price, 'prompt', 1e-15), 'completion', gateway.unit_price(price, 'completion', 1e-15),
    'request', gateway.unit_price(price, 'request', 1e-9), 'input_cache_read', gateway.unit_price(price, 'cached', 1e-15),
    'input_cache_write', gateway.unit_price(price, 'written', 1e-15),
    'input_cache_write_1h', gateway.unit_price(price, 'written_long', 1e-15),
    'internal_reasoning', gateway.unit_price(price, 'reasoning', 1e-15),
    'image_token', gateway.unit_price(price, 'image_input', 1e-15),
    'image_output', gateway.unit_price(price, 'image_output', 1e-15),
    'audio', gateway.unit_price(price, 'audio_input', 1e-15),
    'audio_output', gateway.unit_price(price, 'audio_output', 1e-15), 'web_search', gateway.unit_price(price, 'search', 1e-9),
    'generated_image', gateway.unit_price(price, 'image', 1e-9), 'second', gateway.unit_price(price, 'second', 1e-9),
    'character', gateway.unit_price(price, 'character', 1e-15)));
end;
$$;

-- What longer prompts and other hours cost, in OpenRouter's names.
create function gateway.overrides_json(tiers jsonb, windows jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return (
    with windows as (
      select change, jsonb_build_object(
        'utc_start', replace(change ->> 'from', ':', '')::integer, 'utc_end', replace(change ->> 'until', ':', '')::integer)
        || case when change ? 'days' then jsonb_build_object('utc_days', (
             select jsonb_agg((array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])[day::integer])
             from jsonb_array_elements_text(change -> 'days') as day)) else '{}' end as hours
      from jsonb_array_elements(overrides_json.windows) as change
    )
    select jsonb_agg(conditions || gateway.price_json(change))
    from (
      select change, '{}'::jsonb as hours, change -> 'above' as above from jsonb_array_elements(tiers) as change
      union all
      select change, hours, null from windows
      union all
      select tier, hours, tier -> 'above' from windows, jsonb_array_elements(change -> 'tiers') as tier
    ) as changes,
    lateral (select hours || case when above is null then '{}'
                                  else jsonb_build_object('min_prompt_tokens', above) end as conditions) as worded);
end;
$$;

-- All that a route may charge, in OpenRouter's shape; null where it is not priced. What its `overrides` name costs that much from a
-- length of the prompt on, or at these hours.
create function gateway.pricing_json(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
declare
  pricing jsonb;
begin
  if route.prompt_price is null or route.completion_price is null then
    return null;
  end if;
  pricing := gateway.price_json(route.candidate);
  if route.prompt_image_price is not null then
    pricing := pricing || jsonb_build_object('image', trim_scale(route.prompt_image_price * 1e-9)::text);
  end if;
  if route.image_prices is not null then
    pricing := pricing || jsonb_build_object('generated_images', (
      select jsonb_object_agg(key, trim_scale(value::numeric * 1e-9)::text) from jsonb_each_text(route.image_prices)));
  end if;
  if route.tiers is not null or route.windows is not null then
    pricing := pricing || jsonb_build_object('overrides', gateway.overrides_json(route.tiers, route.windows));
  end if;
  return pricing;
end;
$$;

-- Whether a route is priced, at nothing.
create function gateway.is_free(route gateway.model_routes) returns boolean
language plpgsql stable
as $$
begin
  return route.prompt_price = 0 and route.completion_price = 0 and route.windows is null
    and route.tiers is null and coalesce(route.prompt_image_price, 0) = 0 and route.image_prices is null
    and not jsonb_path_exists(route.candidate, '$.* ? (@.type() == "number" && @ > 0)');
end;
$$;

-- The price of a million tokens, in dollars.
create function gateway.route_json(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'provider', route.provider, 'upstream_model', route.upstream_model,
    'pricing', case when route.prompt_price is null or route.completion_price is null then null
      else jsonb_build_object(
        'prompt_per_million', gateway.dollars(route.prompt_price),
        'cached_per_million', gateway.dollars(coalesce(route.cached_price, route.prompt_price)),
        'written_per_million', gateway.dollars(coalesce(route.written_price, route.prompt_price)),
        'completion_per_million', gateway.dollars(route.completion_price),
        'request', gateway.dollars(route.request_price),
        'image', gateway.dollars(route.image_price)) end,
    'prices', gateway.pricing_json(route));
end;
$$;

-- A model in our own shape, which is a superset of OpenAI's and OpenRouter's.
create function gateway.model_json(model gateway.models) returns jsonb
language plpgsql stable
as $$
declare
  routes jsonb;
  free boolean;
begin
  select jsonb_agg(gateway.route_json(r) order by r.prompt_price + r.completion_price, r.provider), bool_and(gateway.is_free(r))
    into routes, free
    from gateway.model_routes r where r.model_id = model.id and r.enabled;
  return jsonb_build_object(
    'id', model.id, 'object', 'model', 'created', extract(epoch from model.created_at)::bigint,
    'type', 'model', 'display_name', model.name, 'created_at', model.created_at,
    'owned_by', model.developer, 'name', model.name, 'description', model.description, 'kind', model.kind,
    'context_length', model.context_length, 'max_output_tokens', model.max_output,
    'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities,
    'reasoning', model.reasoning,
    'open_weights', model.open_weights, 'released_on', model.released_on, 'deprecated_at', model.deprecated_at,
    'free', coalesce(free, false),
    -- Of the route that is asked first.
    'pricing', jsonb_path_query_first(routes, '$[*].prices ? (@.type() == "object")'),
    'routes', coalesce(routes, '[]')) || gateway.openrouter_members(model);
end;
$$;

-- Models by their ids as a page. As json, whose parts are texts that are not read again.
create function gateway.models_page(ids text[], more boolean) returns json
language plpgsql stable
as $$
begin
  return json_build_object(
    'object', 'list', 'data', coalesce((
      select json_agg(body order by model_id) from gateway.listed_models where model_id = any (ids)), '[]'),
    'has_more', more, 'next_cursor', case when more then ids[cardinality(ids)] end,
    'first_id', ids[1], 'last_id', ids[cardinality(ids)]);
end;
$$;

-- A page of the models that a query asks for. query: ids (with commas between), developer, provider, search, modality, free, limit, cursor
-- (the last id of the page before).
create function gateway.find_models(query jsonb) returns json
language plpgsql stable set search_path = ''
as $$
declare
  most constant integer := gateway.page_size(query);
  after constant text := query ->> 'cursor';
  wanted constant text[] := string_to_array(query ->> 'ids', ',');
  by_developer constant text := query ->> 'developer';
  by_provider constant text := query ->> 'provider';
  words constant text := lower(query ->> 'search');
  modality constant text := query ->> 'modality';
  is_free constant boolean := query ->> 'free';
  found text[];
begin
  found := array(
    select m.id
    from gateway.models m join gateway.listed_models l on l.model_id = m.id
    where m.enabled
      and (after is null or m.id > after)
      and (wanted is null or m.id = any (wanted))
      and (by_developer is null or m.developer = by_developer)
      and (by_provider is null or exists (
        select from gateway.model_routes r where r.model_id = m.id and r.enabled and r.provider = by_provider))
      and (words is null or strpos(lower(m.id || ' ' || m.name || ' ' || m.description), words) > 0)
      and (modality is null or modality = any (m.input_modalities || m.output_modalities))
      and (is_free is null or l.free = is_free)
    order by m.id
    limit most + 1);
  return gateway.models_page(found[:most], cardinality(found) > most);
end;
$$;

-- A conditional read (as HTTP's If-None-Match): {"version", "list"} of the whole catalog, only the version if that is the one `known` to
-- the reader, who then has the list. Of anything narrower the list, and null as its version. query: as above.
create function public.list_models(query jsonb, known uuid) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  whole constant uuid := (
    select version from gateway.catalog_version
    where jsonb_strip_nulls(query) - 'limit' = '{}' and models <= gateway.page_size(query));
begin
  return case when whole = known then json_build_object('version', whole)
    else json_build_object('version', whole, 'list', gateway.find_models(query)) end;
end;
$$;

-- query: developer, limit, cursor.
create function public.list_developer_models(query jsonb) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from gateway.models where enabled and developer = query ->> 'developer') then
    perform gateway.refuse(gateway.refusal(404, 'developer_not_found', '{"param": "name"}'));
  end if;
  return gateway.find_models(query);
end;
$$;

create function public.get_model(model_id text) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  model gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return (select body from gateway.listed_models as l where l.model_id = model.id);
end;
$$;

create function public.list_providers() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select gateway.page(jsonb_agg(p), null)
  from (
    select r.provider as id, 'provider' as object, count(*) as models,
           count(*) filter (where m.kind = 'image') as image_models,
           count(*) filter (where gateway.is_free(r)) as free_models,
           gateway.dollars(min(r.prompt_price)) as lowest_prompt_per_million,
           gateway.dollars(max(r.prompt_price)) as highest_prompt_per_million
    from gateway.model_routes r join gateway.models m on m.id = r.model_id and m.enabled
    where r.enabled
    group by r.provider
    order by r.provider
  ) p
$$;

-- supabase/schemas/60_listed_models.sql

-- Keeps gateway.listed_models what gateway.model_json says: statement by statement, so that a seed of a thousand routes makes each
-- model's text once.

-- Makes the texts of these models anew. Their rows are locked in order first, so that of two who change routes of one model the
-- second sees what the first has done.
create function gateway.list_anew(ids text[]) returns void
language plpgsql
as $$
begin
  -- The triggers are called by a statement that changed no row, too.
  if ids = '{}' then
    return;
  end if;
  perform from gateway.models where id = any (ids) order by id for no key update;
  insert into gateway.listed_models (model_id, free, body, openrouter_body)
    -- `reasoning` means something else to OpenRouter's clients, and may be absent.
    select id, (shown ->> 'free')::boolean, shown::text::json, (shown - 'reasoning')::text::json
      from (select id, gateway.model_json(m) as shown from gateway.models as m where id = any (ids) offset 0) as made
    on conflict (model_id) do update set
      free = excluded.free, body = excluded.body, openrouter_body = excluded.openrouter_body
    -- A seed that is applied again writes nothing.
    where (listed_models.free, listed_models.body::text, listed_models.openrouter_body::text)
      is distinct from (excluded.free, excluded.body::text, excluded.openrouter_body::text);
  -- Whoever changes another model at the same time waits here, and then sees what this has changed.
  insert into gateway.catalog_version (is_only) values (true) on conflict (is_only) do nothing;
  perform from gateway.catalog_version for update;
  update gateway.catalog_version set version = gen_random_uuid(), models = (select count(*) from gateway.models where enabled);
end;
$$;

create function gateway.list_changed_models() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select id from changed));
  return null;
end;
$$;

create function gateway.list_models_of_routes() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select distinct model_id from changed));
  return null;
end;
$$;

-- A route that changes its model leaves another one.
create function gateway.list_models_of_moved_routes() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform gateway.list_anew(array(select model_id from changed union select model_id from former));
  return null;
end;
$$;

create trigger listed_when_made after insert on gateway.models
  referencing new table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_changed after update on gateway.models
  referencing new table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_gone after delete on gateway.models
  referencing old table as changed for each statement execute function gateway.list_changed_models();
create trigger listed_when_made after insert on gateway.model_routes
  referencing new table as changed for each statement execute function gateway.list_models_of_routes();
create trigger listed_when_changed after update on gateway.model_routes
  referencing old table as former new table as changed
  for each statement execute function gateway.list_models_of_moved_routes();
create trigger listed_when_gone after delete on gateway.model_routes
  referencing old table as changed for each statement execute function gateway.list_models_of_routes();

-- supabase/schemas/60_sign_in.sql

-- Whoever proves who they are gets into their account, or gets one.

-- The account of a person, or null. proofs: kind and value, the strongest first. An account's own address is set by an
-- administrator or proven, so whoever proves the address owns the account.
create function gateway.find_person(proofs jsonb) returns uuid
language sql stable set search_path = ''
as $$
  select found.account_id
  from jsonb_array_elements(proofs) with ordinality as proof (shown, place),
  lateral (
    select identities.account_id, 1 as rank from gateway.identities
      where identities.kind = shown ->> 'kind' and identities.value = shown ->> 'value'
    union all
    select accounts.id, 2 from gateway.accounts
      where shown ->> 'kind' = 'email' and accounts.email = shown ->> 'value'
  ) as found
  order by place, rank
  limit 1
$$;

-- Waits for everyone who signs in with an address, or makes an account for it, and makes them wait until we have
-- committed. Before any other lock, as sign_in does.
create function gateway.take_turns_at_address(email text) returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended(gateway.proof_hash('email', email), 0)) $$;

-- A key that may do all that the role may: what a sign-in proves. A new account's is its primary one. However many keys
-- there are, whoever owns the account gets in, if only to revoke those that somebody else has made: at the limit the
-- sign-in's key that was not used for the longest time ends, and if there is none, there is one key more.
create function gateway.issue_key(caller jsonb, account uuid, key jsonb, is_first boolean, at timestamptz)
returns gateway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  most constant integer := 100;
  ended gateway.api_keys;
  made gateway.api_keys;
begin
  if (select count(*) from gateway.api_keys
      where account_id = account and revoked_at is null and (expires_at is null or expires_at > at)) >= most then
    update gateway.api_keys set revoked_at = at where id = (
        select id from gateway.api_keys
        where account_id = account and from_sign_in and revoked_at is null and (expires_at is null or expires_at > at)
        order by coalesce(last_used_at, created_at), id limit 1)
      returning * into ended;
    if found then
      perform gateway.audit(caller, account, null, 'key.revoke', account, ended.id::text,
        jsonb_build_object('name', ended.name, 'reason', 'too_many_api_keys'));
    end if;
  end if;
  insert into gateway.api_keys
    (account_id, key_hash, prefix, last_four, name, environment, is_primary, from_sign_in, scopes, created_at)
    values (account, key ->> 'hash', key ->> 'prefix', key ->> 'last_four',
            case when is_first then 'Primary key' else key ->> 'name' end, key ->> 'environment',
            is_first, not is_first, array['*'], at)
    returning * into made;
  return made;
end;
$$;

-- Lets a person in who has proven to be one, by the way `method`. proofs: kind and value, the strongest first, at least
-- one; key: as in create_account, used for a new account and where `wants_key`. An account that is disabled stays shut,
-- which is a refusal to be remembered.
create function gateway.sign_in(
  caller jsonb, method text, proofs jsonb, referral_code text, key jsonb, wants_key boolean)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  at timestamptz;
  person uuid;
  account gateway.accounts;
  made gateway.api_keys;
  trial record;
  is_new boolean := false;
  added jsonb;
begin
  if (jsonb_array_length(proofs) > 0) is not true or exists (
      select from jsonb_array_elements(proofs) as shown where shown ->> 'kind' is null or shown ->> 'value' is null) then
    raise exception using errcode = 'null_value_not_allowed', message = 'nothing was proven';
  end if;
  perform gateway.require(jsonb_build_object('caller', caller, 'wants_key', wants_key), 'caller', 'wants_key');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  -- Sign-ins that share a proof take turns: fifty first ones make one account. In the order of the numbers, so that
  -- no two wait for each other.
  perform pg_advisory_xact_lock(turn) from (
    select distinct hashtextextended(gateway.proof_hash(shown ->> 'kind', shown ->> 'value'), 0) as turn
    from jsonb_array_elements(proofs) as shown order by turn) as turns;
  -- More than once where an account is deleted, or made by an administrator, while this looks.
  for attempt in 1 .. 3 loop
    person := gateway.find_person(proofs);
    select * into account from gateway.accounts where id = person and deleted_at is null for update;
    exit when found;
    insert into gateway.accounts (email, referred_by, created_at)
      select (select shown ->> 'value' from jsonb_array_elements(proofs) with ordinality as proof (shown, place)
              where shown ->> 'kind' = 'email' order by place limit 1), sign_in.referral_code, gateway.now()
      on conflict (email) do nothing
      returning * into account;
    is_new := found;
    exit when found;
  end loop;
  if account.id is null then
    raise exception 'an address belongs to an account that nobody can sign in to';
  end if;
  at := gateway.now();
  if account.disabled_at is not null then
    perform gateway.note_failed_sign_in(caller, method, 'account_disabled', account.id);
    return jsonb_build_object('refused', gateway.refusal(403, 'account_disabled'));
  end if;

  -- What belongs to another account stays there: its identities, and the address that an administrator gave it.
  with fresh as (
    insert into gateway.identities (kind, value, account_id, verified_at)
      select shown ->> 'kind', shown ->> 'value', account.id, at from jsonb_array_elements(proofs) as shown
      where shown ->> 'kind' <> 'email'
        or not exists (select from gateway.accounts where email = shown ->> 'value' and id <> account.id)
      on conflict (kind, value) do nothing
      returning kind
  )
  select jsonb_agg(kind order by kind) into added from fresh;
  if account.email is null then
    update gateway.accounts set email = (
        select identities.value from jsonb_array_elements(proofs) with ordinality as proof (shown, place)
        join gateway.identities on identities.kind = 'email' and identities.value = shown ->> 'value'
        where shown ->> 'kind' = 'email' and identities.account_id = account.id
        order by place limit 1)
      where id = account.id returning * into account;
  end if;

  if is_new then
    perform gateway.audit(caller, account.id, null, 'account.create', account.id, null,
      jsonb_build_object('method', method, 'role', account.role));
    -- A code that nobody has is no reason to stay out.
    perform gateway.note_referral(account, sign_in.referral_code, caller, at) where sign_in.referral_code is not null;
    -- Nor is a trial that there is none of.
    trial := gateway.begin_trial(account, proofs, at);
    account := trial.account;
  else
    account := gateway.catch_up(account, at);
    -- What is proven beside somebody who has had a trial is that person's, whether or not the trial was here.
    if account.trial_ends_at is not null or gateway.has_had_trial(account.id, proofs) then
      perform gateway.claim_trial(proofs, at);
    end if;
    if added is not null then
      -- One more way in. Of the person only the kind: the trail outlives the account's deletion.
      perform gateway.audit(caller, account.id, null, 'sign_in.identity_added', account.id, null,
        jsonb_build_object('method', method, 'kinds', added));
    end if;
  end if;

  if is_new or wants_key then
    made := gateway.issue_key(caller, account.id, key, is_new, at);
    perform gateway.audit(caller, account.id, made.id, 'key.create', account.id, made.id::text,
      jsonb_build_object('name', made.name, 'environment', made.environment, 'scopes', made.scopes));
  end if;
  perform gateway.audit(caller, account.id, made.id, 'sign_in', account.id, null,
    jsonb_build_object('method', method, 'is_new_user', is_new));

  return jsonb_build_object(
    'object', 'sign_in',
    'is_new_user', is_new,
    'account', jsonb_build_object(
      'id', account.id, 'email', account.email, 'username', account.username, 'role', account.role,
      'plan', gateway.plan_in_force(account, at), 'credits', gateway.dollars(account.balance),
      'trial', gateway.trial_json(account, at),
      'created_at', account.created_at),
    'key', case when made.id is not null then jsonb_build_object(
      'id', made.id, 'name', made.name, 'environment', made.environment, 'prefix', made.prefix,
      'last_four', made.last_four, 'scopes', made.scopes) end);
end;
$$;

-- Signs in whoever showed tokens of Privy. The gateway has verified them: what they prove is in the request.
-- request: proofs (the Privy id, then verified addresses, then wallets), referral_code, issue_key.
create function public.sign_in_with_privy(caller jsonb, request jsonb, key jsonb) returns jsonb
language sql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
  select gateway.sign_in(caller, 'privy', request -> 'proofs', request ->> 'referral_code', key,
    (request ->> 'issue_key')::boolean)
$$;

-- Puts on the audit trail that tokens were refused. reason: one of the gateway's own words, nothing of the token.
create function public.record_failed_sign_in(caller jsonb, method text, reason text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(jsonb_build_object('method', method, 'reason', reason), 'method', 'reason');
  perform gateway.note_failed_sign_in(caller, method, reason, null);
  return null;
end;
$$;

-- supabase/schemas/61_sign_in_codes.sql

-- Sign-in by a code that is mailed.

-- Puts the mail with a code into the outbox, as a batch that its caller sends at once: whatever becomes of that, the cron job sends
-- it for as long as the code is good. `payload` says how the code is made of the pepper, which the database has not: the code stands
-- nowhere. A mail with an older code that is not sent yet is of no use any more.
create function gateway.queue_code(email text, payload jsonb, at timestamptz, lifetime interval) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  person constant text := gateway.proof_hash('email', queue_code.email);
  queued gateway.notifications;
begin
  update gateway.notifications set state = 'suppressed', claimed_until = null, ended_at = at, error = 'there is a newer code'
    where account_id is null and kind = 'sign_in_code' and dedupe_key = person and state in ('due', 'sending');
  insert into gateway.notifications
    (kind, dedupe_key, payload, state, address, batch_id, due_at, expires_at, first_tried_at, claimed_until, attempts, created_at)
    values ('sign_in_code', person, payload, 'sending', queue_code.email, gen_random_uuid(), at, at + lifetime, at,
            at + interval '1 minute', 1, at)
    returning * into queued;
  return jsonb_build_object('batch', queued.batch_id, 'id', queued.id);
end;
$$;

-- Keeps a new code for an address, which replaces an older one, and queues its mail. Does the same whoever the address belongs to.
-- An address that takes no mail is refused, as a value, so that it counts as an attempt.
-- request: email (in lower case), code_hash, referral_code, payload (what the mail's code is made of). Answers `answer` and `mail`.
create function public.request_code(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  lifetime constant interval := '10 minutes';
  person constant text := gateway.proof_hash('email', request ->> 'email');
  network constant text := gateway.network_of(caller);
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('caller', caller), 'caller');
  perform gateway.require(request, 'email', 'code_hash', 'payload');
  perform gateway.limit_attempts('code.address.hour', person, 6, interval '1 hour');
  perform gateway.limit_attempts('code.address.day', person, 20, interval '1 day');
  perform gateway.limit_attempts('code.pair.hour', person || ' ' || network, 4, interval '1 hour');
  perform gateway.limit_attempts('code.pair.day', person || ' ' || network, 10, interval '1 day');
  perform gateway.limit_attempts('code.network', network, 20, interval '1 hour');
  if exists (select from gateway.mail_suppressions where address_hash = person) then
    return jsonb_build_object('refused', gateway.refusal(409, 'mail_not_possible', jsonb_build_object(
      'param', 'email', 'message', 'This address has returned mail, or complained of it, so that none is sent to it: use another one.')));
  end if;
  at := gateway.now();
  insert into gateway.sign_in_codes (email_hash, code_hash, referral_code, expires_at)
    values (person, request ->> 'code_hash', request ->> 'referral_code', at + lifetime)
    on conflict (email_hash) do update set
      code_hash = excluded.code_hash, tries = 0, referral_code = excluded.referral_code, expires_at = excluded.expires_at;
  -- A few of those that nobody used, so that the table stays small.
  delete from gateway.sign_in_codes where email_hash in (
    select email_hash from gateway.sign_in_codes where expires_at < at - interval '1 day'
    order by expires_at limit 20 for update skip locked);
  perform gateway.forget_attempts();
  return jsonb_build_object(
    'answer', jsonb_build_object(
      'object', 'verification', 'email', request ->> 'email', 'expires_in', extract(epoch from lifetime)::integer),
    'mail', gateway.queue_code(request ->> 'email', request -> 'payload', at, lifetime));
end;
$$;

-- Signs in whoever knows the newest code of an address. Whatever is wrong with a code, the answer is the same, and a
-- wrong one is counted: that refusal is a value, so that the count stays.
-- request: email (in lower case), code_hashes (under each pepper); key: as in create_account.
create function public.verify_code(caller jsonb, request jsonb, key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 5;
  person constant text := gateway.proof_hash('email', request ->> 'email');
  code gateway.sign_in_codes;
  reason text;
begin
  perform gateway.require(request, 'email', 'code_hashes');
  perform gateway.limit_attempts('verify.network', gateway.network_of(caller), 60, interval '1 hour');
  select * into code from gateway.sign_in_codes where email_hash = person for update;
  reason := case
    when code.email_hash is null then 'no_code'
    when code.expires_at <= gateway.now() then 'code_expired'
    when code.tries >= most then 'code_used_up'
    when not coalesce(request -> 'code_hashes' ? code.code_hash, false) then 'code_wrong'
  end;
  if reason is not null then
    update gateway.sign_in_codes set tries = tries + 1 where email_hash = person and reason = 'code_wrong';
    perform gateway.note_failed_sign_in(caller, 'email', reason, null);
    return jsonb_build_object('refused', gateway.refusal(401, 'invalid_code'));
  end if;
  delete from gateway.sign_in_codes where email_hash = person;
  return gateway.sign_in(
    caller, 'email', jsonb_build_array(jsonb_build_object('kind', 'email', 'value', request ->> 'email')),
    code.referral_code, key, true);
end;
$$;

-- supabase/schemas/62_admin.sql

-- What every act of an administrator begins with. Nobody hands out, or takes from others, what they may not do
-- themselves; and somebody can always administer.

-- Refuses a caller whose own permissions do not cover all of these. Own is what both the role and the key allow, as
-- they are now: locks that were waited for may have been a demotion's.
create function gateway.refuse_escalation(session gateway.session, permissions text[]) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  of_role text[];
  of_key text[];
  needed text;
begin
  select roles.permissions, api_keys.scopes into of_role, of_key
    from gateway.api_keys
    join gateway.accounts on accounts.id = api_keys.account_id and accounts.disabled_at is null
    join gateway.roles on roles.name = accounts.role
    where api_keys.id = session.key_id;
  foreach needed in array permissions loop
    if not coalesce(gateway.covers(of_role, needed) and gateway.covers(of_key, needed), false) then
      perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object('required_scope', needed)));
    end if;
  end loop;
end;
$$;

-- The same for all that a role may. The role `user` is what anyone gets by signing up: giving it or taking it lifts
-- nobody above anyone.
create function gateway.refuse_power_over(session gateway.session, role text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if role <> 'user' then
    perform gateway.refuse_escalation(session, (select permissions from gateway.roles where name = role));
  end if;
end;
$$;

-- The account that a request names by account_id or by email.
create function gateway.find_account(request jsonb) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  found_id uuid;
begin
  select id into found_id from gateway.accounts
    where id = (request ->> 'account_id')::uuid or email = lower(request ->> 'email');
  if found_id is null then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  return found_id;
end;
$$;

-- Locks an account that is to be changed. What its person has left behind stays as it is.
create function gateway.lock_account(account_id uuid) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = account_id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  if account.deleted_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'account_deleted'));
  end if;
  return account;
end;
$$;

-- Refuses when this account is the last administrator who can act. Whatever may cost an administrator (deletion,
-- demotion, disabling) calls this before it locks the account's row: the lock on the role's row lets one such change
-- through at a time, so that two administrators cannot each count on the other. The order everywhere is the role's
-- row, then the account's. `for no key update`, for which foreign keys do not wait: who makes an administrator has locked the
-- account first, and a lock that conflicted with its foreign key to the role would deadlock.
create function gateway.refuse_last_admin(account uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform from gateway.roles where name = 'admin' for no key update;
  if exists (
      select from gateway.accounts
      where id = account and role = 'admin' and disabled_at is null and deleted_at is null)
    and not exists (
      select from gateway.accounts
      where id <> account and role = 'admin' and disabled_at is null and deleted_at is null) then
    perform gateway.refuse(gateway.refusal(409, 'last_admin'));
  end if;
end;
$$;

-- Refuses credit beyond what an account can hold, a billion dollars: sums of many such accounts stay far from the end of
-- a bigint.
create function gateway.refuse_excess(balance bigint, amount bigint, param text) returns void
language plpgsql set search_path = ''
as $$
declare
  most constant bigint := 1000000000000000000;
begin
  if amount > most - balance then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
      'param', param, 'message', 'An account holds at most a billion US dollars.')));
  end if;
end;
$$;

-- supabase/schemas/63_admin_users.sql

-- What administrators see and change of accounts.

-- An account as administrators see it.
create function gateway.account_view(account gateway.accounts, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  keys record;
  this_month constant boolean := account.month = date_trunc('month', at at time zone 'utc')::date;
begin
  select count(*) filter (where coalesce(revoked_at > at, true) and coalesce(expires_at > at, true)) as usable,
         max(last_used_at) as last_used_at
    into keys from gateway.api_keys where account_id = account.id;
  return jsonb_build_object(
    'object', 'account', 'id', account.id, 'email', account.email, 'username', account.username,
    'role', account.role,
    'status', case when account.deleted_at is not null then 'deleted'
                   when account.disabled_at is not null then 'disabled' else 'active' end,
    'disabled_at', account.disabled_at, 'deleted_at', account.deleted_at,
    'plan', account.plan, 'plan_ends_at', account.plan_ends_at, 'plan_in_force', gateway.plan_in_force(account, at),
    'balance', gateway.dollars(account.balance), 'held', gateway.dollars(account.held),
    'debt', gateway.dollars(account.debt),
    'trial', gateway.trial_json(account, at),
    'rate_limits', gateway.limits_view(account.rate_limits),
    'month', jsonb_build_object('requests', case when this_month then account.month_requests else 0 end,
                                'tokens', case when this_month then account.month_tokens else 0 end),
    'keys', keys.usable, 'last_used_at', keys.last_used_at, 'created_at', account.created_at);
end;
$$;

-- query: email (exact, or the beginning with a * behind it), role, plan, status, from, to, limit, cursor {at, id}
-- (the account at which the page before ended). Each search is planned for what it asks.
create function public.list_users(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:users');
  at timestamptz := gateway.now();
  most integer := gateway.page_size(query);
  address constant text := lower(query ->> 'email');
  beginning constant text := case when address like '%*' then left(address, -1) end;
  answer jsonb;
begin
  with found as (
    select accounts as account, created_at, id from gateway.accounts
    where (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
      and (address is null or beginning is not null or email = address)
      and (beginning is null or starts_with(email collate "C", beginning))
      and (query ->> 'role' is null or role = query ->> 'role')
      and (query ->> 'plan' is null or plan = query ->> 'plan')
      and case query ->> 'status'
            when 'active' then disabled_at is null and deleted_at is null
            when 'disabled' then disabled_at is not null and deleted_at is null
            -- Who has left is disabled, too.
            when 'deleted' then disabled_at is not null and deleted_at is not null
            else true end
      and (query ->> 'from' is null or created_at >= (query ->> 'from')::timestamptz)
      and (query ->> 'to' is null or created_at < (query ->> 'to')::timestamptz)
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.account_view(account, at) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: limit, cursor {at, id}. The holders of a role, newest first, as far as whoever assigns roles needs
-- to know them.
create function public.list_role_users(caller jsonb, name text, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  if not exists (select from gateway.roles where roles.name = list_role_users.name) then
    perform gateway.refuse(gateway.refusal(404, 'role_not_found'));
  end if;
  with found as (
    select * from gateway.accounts
    where role = list_role_users.name
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'object', 'role_holder', 'id', id, 'email', email, 'username', username, 'disabled_at', disabled_at,
      'deleted_at', deleted_at, 'created_at', created_at) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

create function public.get_user(caller jsonb, account_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:users');
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = get_user.account_id;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  return gateway.account_view(account, gateway.now());
end;
$$;

-- request: username (null takes it away), disabled. What is not named stays.
create function public.change_user(caller jsonb, account_id uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:users');
  disable constant boolean := (request ->> 'disabled')::boolean;
  at timestamptz;
  former gateway.accounts;
  account gateway.accounts;
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  if disable then
    -- The lock of refuse_last_admin, before the account's.
    perform from gateway.roles where name = 'admin' for no key update;
  end if;
  former := gateway.lock_account(account_id);
  perform gateway.authenticate(caller, 'admin:users');
  at := gateway.now();
  account := former;
  if request ? 'username' then
    account.username := request ->> 'username';
  end if;
  if disable <> (account.disabled_at is not null) then
    -- To enable is to give back what the role may.
    perform gateway.refuse_power_over(session, account.role);
    if disable then
      perform gateway.refuse_last_admin(account.id);
    end if;
    account.disabled_at := case when disable then at end;
  end if;
  if account is distinct from former then
    update gateway.accounts set username = account.username, disabled_at = account.disabled_at where id = account.id;
    -- Of a name, which is the person's and which the trail would outlive, only that it was changed.
    perform gateway.audit(caller, session.account_id, session.key_id, 'user.update', account.id, null,
      jsonb_build_object(
        'renamed', account.username is distinct from former.username,
        'before', jsonb_build_object('disabled', former.disabled_at is not null),
        'after', jsonb_build_object('disabled', account.disabled_at is not null)));
  end if;
  return gateway.account_view(account, at);
end;
$$;

-- supabase/schemas/64_admin_create.sql

-- Accounts and credit that administrators give, with what was before on record; and no more than they may give.

-- Creates an account with its primary key.
-- request: email, username, role, credits (nano-dollars), plan; key: hash, prefix, last_four, name, environment.
-- A role, credit and a plan are given by whoever may give them elsewhere: making accounts is no way around that.
create function public.create_account(caller jsonb, request jsonb, key jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:users');
  account gateway.accounts;
  made gateway.api_keys;
  at timestamptz := gateway.now();
  role constant text := coalesce(request ->> 'role', 'user');
  credits constant bigint := coalesce((request ->> 'credits')::bigint, 0);
  there_is_role boolean;
  answer jsonb;
begin
  perform gateway.require(request, 'email');
  perform gateway.require(key, 'hash', 'prefix', 'last_four', 'name', 'environment');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_address(lower(request ->> 'email'));
  -- Until we have committed the role can be neither changed nor deleted. Before the claim, which shares the caller's
  -- account: rows of roles come first.
  perform from gateway.roles where name = role for share;
  there_is_role := found;
  answer := gateway.claim_idempotency(session, idempotency, at);
  if answer is not null then
    return answer;
  end if;
  if not there_is_role then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      '{"param": "role", "message": "There is no such role."}'));
  end if;
  if request ->> 'plan' is not null and not exists (select from gateway.plans where id = request ->> 'plan') then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      jsonb_build_object('param', 'plan', 'message', (
        select 'There is no such plan; there are ' || string_agg(id, ', ' order by price_per_month, id) || '.'
        from gateway.plans))));
  end if;
  -- An address that signs in to an account is taken, too: whoever has it would never find a second one.
  insert into gateway.accounts (email, username, role, plan, created_at)
    select lower(request ->> 'email'), request ->> 'username', role, request ->> 'plan', at
      where not exists (
        select from gateway.identities where kind = 'email' and value = lower(request ->> 'email'))
    on conflict (email) do nothing
    returning * into account;
  if not found then
    perform gateway.refuse(gateway.refusal(409, 'account_exists', '{"param": "email"}'));
  end if;
  -- After every lock that may have been waited for (an earlier request with the same key, the same address), the caller is
  -- authenticated again: it may have been demoted meanwhile.
  perform gateway.authenticate(caller, 'admin:users');
  perform gateway.refuse_power_over(session, role);
  if credits > 0 then
    perform gateway.refuse_escalation(session, '{admin:credits}');
  end if;
  if request ->> 'plan' is not null then
    perform gateway.refuse_escalation(session, '{admin:plans}');
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, is_primary, scopes, created_at)
    values (account.id, key ->> 'hash', key ->> 'prefix', key ->> 'last_four', key ->> 'name', key ->> 'environment',
            true, array['*'], at)
    returning * into made;
  perform gateway.refuse_excess(0, credits, 'credits');
  if credits > 0 then
    account := (gateway.grant_credit(account, 'admin', credits, null, 'opening credit', at)).account;
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'account.create', account.id, made.id::text,
    jsonb_build_object('before', null, 'after', jsonb_build_object(
      'role', account.role, 'plan', account.plan, 'balance', gateway.dollars(account.balance))));
  answer := jsonb_build_object(
    'object', 'account', 'id', account.id, 'email', account.email, 'username', account.username,
    'role', account.role, 'plan', gateway.plan_in_force(account, at), 'credits', gateway.dollars(account.balance),
    'created_at', account.created_at,
    'key', jsonb_build_object('id', made.id, 'name', made.name, 'environment', made.environment,
                              'prefix', made.prefix, 'last_four', made.last_four, 'scopes', made.scopes));
  perform gateway.store_idempotent_answer(session, idempotency, answer || '{"replayed": true}');
  return answer || '{"replayed": false}';
end;
$$;

-- Gives credit (a positive amount) or takes unspent credit back (a negative one; never into debt).
-- request: account_id or email, amount (nano-dollars), reason, expires_at.
create function public.add_credits(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:credits');
  account gateway.accounts;
  former gateway.accounts;
  at timestamptz;
  amount bigint := (request ->> 'amount')::bigint;
  change record;
  answer jsonb;
begin
  perform gateway.require(jsonb_build_object('amount', nullif(amount, 0)), 'amount');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  answer := gateway.claim_idempotency(session, idempotency, gateway.now());
  if answer is not null then
    return answer;
  end if;
  -- Not `for update`: the claim above shares the giver's row, so two administrators who give each other
  -- credit, or one who gives it to themselves twice, would deadlock.
  select * into account from gateway.accounts where id = gateway.find_account(request) for no key update;
  if account.deleted_at is not null then
    -- Nobody could ever spend it.
    perform gateway.refuse(gateway.refusal(409, 'account_deleted'));
  end if;
  perform gateway.authenticate(caller, 'admin:credits');
  at := gateway.now();
  account := gateway.catch_up(account, at);
  former := account;
  if amount > 0 then
    perform gateway.refuse_excess(account.balance, amount, 'amount');
    change := gateway.grant_credit(account, 'admin', amount, (request ->> 'expires_at')::timestamptz,
      coalesce(request ->> 'reason', ''), at);
    account := change.account;
  else
    if gateway.available(account, at) < -amount then
      perform gateway.refuse(gateway.refusal(402, 'insufficient_credits', jsonb_build_object(
        'message', 'No more can be taken than is unspent.',
        'required', gateway.dollars(-amount), 'available', gateway.dollars(gateway.available(account, at)))));
    end if;
    change := gateway.spend(account, -amount, 'admin_debit', null, coalesce(request ->> 'reason', ''), null, at, at);
    account := change.account;
    update gateway.accounts set balance = account.balance, next_expiry = account.next_expiry where id = account.id;
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'credits.change', account.id, null,
    jsonb_build_object(
      'amount', gateway.dollars(amount), 'reason', request ->> 'reason',
      'before', jsonb_build_object('balance', gateway.dollars(former.balance), 'debt', gateway.dollars(former.debt)),
      'after', jsonb_build_object('balance', gateway.dollars(account.balance), 'debt', gateway.dollars(account.debt))));
  answer := jsonb_build_object(
    'object', 'credit_change', 'account_id', account.id, 'amount', gateway.dollars(amount),
    'balance', gateway.dollars(account.balance), 'debt', gateway.dollars(account.debt));
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

-- request: email. key: as in create_account. The account that this address signs in to becomes an administrator and gets
-- the key; if it is disabled it stays so. The role's row is locked before the account's.
create function public.create_admin(request jsonb, key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  address constant text := lower(request ->> 'email');
  account gateway.accounts;
  former text;
  made gateway.api_keys;
begin
  perform gateway.require(request, 'email');
  perform gateway.require(key, 'hash', 'prefix', 'last_four', 'name', 'environment');
  perform gateway.take_turns_at_address(address);
  perform from gateway.roles where name = 'admin' for share;
  select * into account from gateway.accounts
    where id = gateway.find_person(jsonb_build_array(jsonb_build_object('kind', 'email', 'value', address)))
      and deleted_at is null for update;
  if found then
    former := account.role;
    update gateway.accounts set role = 'admin' where id = account.id returning * into account;
  else
    insert into gateway.accounts (email, role, created_at) values (address, 'admin', gateway.now())
      returning * into account;
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, is_primary, scopes, created_at)
    values (account.id, key ->> 'hash', key ->> 'prefix', key ->> 'last_four', key ->> 'name', key ->> 'environment',
            not exists (select from gateway.api_keys where account_id = account.id and is_primary), array['*'],
            gateway.now())
    returning * into made;
  perform gateway.audit('{}', null, null, 'role.assign', account.id, account.role, jsonb_build_object(
    'by', 'service key', 'key_id', made.id,
    'before', case when former is not null then jsonb_build_object('role', former) end,
    'after', jsonb_build_object('role', account.role)));
  perform gateway.audit('{}', null, null, 'key.create', account.id, made.id::text, jsonb_build_object(
    'by', 'service key', 'name', made.name, 'environment', made.environment, 'scopes', made.scopes));
  return jsonb_build_object('account_id', account.id, 'email', coalesce(account.email, address), 'key_id', made.id,
                            'disabled', account.disabled_at is not null);
end;
$$;

-- supabase/schemas/65_admin_roles.sql

-- Roles: how administrators make, change and assign them.
--
-- Locks: the row of `admin`, then another role's, then the account's. Behind them, here as in all that administrators
-- do, the caller is looked at once more: it may have been demoted, or its key revoked, by whoever it waited for.

-- A role as every endpoint shows it.
create function gateway.role_view(role gateway.roles) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object('object', 'role', 'name', role.name, 'permissions', role.permissions,
                            'built_in', role.built_in, 'created_at', role.created_at)
$$;

-- query: limit, cursor (the last name of the page before). By name.
create function public.list_roles(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select roles.name, gateway.role_view(roles) as view from gateway.roles
    where query ->> 'cursor' is null or roles.name > query ->> 'cursor'
    order by roles.name
    limit most + 1
  ),
  page as (select * from found order by name limit most)
  select gateway.page(
    (select jsonb_agg(view order by name) from page),
    case when (select count(*) from found) > most then (select max(name) from page) end)
  into answer;
  return answer;
end;
$$;

-- request: name, permissions.
create function public.create_role(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  wanted constant text[] := array(select jsonb_array_elements_text(request -> 'permissions'));
  role gateway.roles;
begin
  perform gateway.require(request, 'name', 'permissions');
  perform gateway.refuse_escalation(session, wanted);
  insert into gateway.roles (name, permissions, created_at)
    values (request ->> 'name', wanted, gateway.now())
    on conflict (name) do nothing
    returning * into role;
  if not found then
    perform gateway.refuse(gateway.refusal(409, 'role_exists', '{"param": "name"}'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'role.create', null, role.name,
    jsonb_build_object('before', null, 'after', jsonb_build_object('permissions', role.permissions)));
  return gateway.role_view(role);
end;
$$;

-- Locks a role that is to be changed or deleted: whoever assigns it meanwhile waits.
create function gateway.lock_custom_role(name text) returns gateway.roles
language plpgsql volatile set search_path = ''
as $$
declare
  role gateway.roles;
begin
  select * into role from gateway.roles where roles.name = lock_custom_role.name for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'role_not_found'));
  end if;
  if role.built_in then
    perform gateway.refuse(gateway.refusal(409, 'role_protected'));
  end if;
  return role;
end;
$$;

-- request: permissions, in place of those it has.
create function public.change_role(caller jsonb, name text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  wanted constant text[] := array(select jsonb_array_elements_text(request -> 'permissions'));
  role gateway.roles := gateway.lock_custom_role(name);
  former constant text[] := role.permissions;
begin
  perform gateway.require(request, 'permissions');
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_escalation(session, former || wanted);
  if wanted <> former then
    update gateway.roles set permissions = wanted where roles.name = role.name returning * into role;
    perform gateway.audit(caller, session.account_id, session.key_id, 'role.update', null, role.name,
      jsonb_build_object('before', jsonb_build_object('permissions', former),
                         'after', jsonb_build_object('permissions', role.permissions)));
  end if;
  return gateway.role_view(role);
end;
$$;

create function public.delete_role(caller jsonb, name text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  role gateway.roles := gateway.lock_custom_role(name);
begin
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_escalation(session, role.permissions);
  if exists (select from gateway.accounts where accounts.role = delete_role.name) then
    perform gateway.refuse(gateway.refusal(409, 'role_in_use'));
  end if;
  delete from gateway.roles where roles.name = delete_role.name;
  perform gateway.audit(caller, session.account_id, session.key_id, 'role.delete', null, role.name,
    jsonb_build_object('before', jsonb_build_object('permissions', role.permissions), 'after', null));
  return jsonb_build_object('object', 'role', 'name', role.name, 'deleted', true);
end;
$$;

-- request: account_id or email, role.
create function public.assign_role(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  target constant uuid := gateway.find_account(request);
  wanted constant text := request ->> 'role';
  account gateway.accounts;
begin
  perform from gateway.roles where name = 'admin' for no key update;
  -- Until we have committed it can be neither changed nor deleted.
  perform from gateway.roles where name = wanted for share;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'role_not_found', '{"param": "role"}'));
  end if;
  account := gateway.lock_account(target);
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_power_over(session, wanted);
  perform gateway.refuse_power_over(session, account.role);
  if account.role <> wanted then
    perform gateway.refuse_last_admin(account.id);
    update gateway.accounts set role = wanted where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'role.assign', account.id, wanted,
      jsonb_build_object('before', jsonb_build_object('role', account.role),
                         'after', jsonb_build_object('role', wanted)));
  end if;
  return jsonb_build_object('object', 'role_assignment', 'account_id', account.id, 'role', wanted,
                            'former_role', account.role);
end;
$$;

-- supabase/schemas/66_admin_limits.sql

-- What administrators set in place of what an account's plan gives, and the plan itself. Both hold on the next call,
-- since begin_request reads the account's row.

-- request: account_id or email, limits (each by its name: a figure, or null to go back to the plan's).
create function public.set_account_limits(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
  account gateway.accounts := gateway.lock_account(gateway.find_account(request));
  wanted constant jsonb := jsonb_strip_nulls(account.rate_limits || (request -> 'limits'));
begin
  perform gateway.require(request, 'limits');
  perform gateway.authenticate(caller, 'admin:limits');
  if wanted <> account.rate_limits then
    update gateway.accounts set rate_limits = wanted where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'limits.change', account.id, null,
      jsonb_build_object('before', account.rate_limits, 'after', wanted));
  end if;
  return jsonb_build_object('object', 'account_limits', 'account_id', account.id,
                            'plan_in_force', gateway.plan_in_force(account, gateway.now()),
                            'rate_limits', gateway.limits_view(wanted));
end;
$$;

-- request: account_id or email, plan (null takes it away), ends_at (null: open end).
create function public.assign_plan(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
  former gateway.accounts := gateway.lock_account(gateway.find_account(request));
  account gateway.accounts := former;
begin
  if (request ? 'plan') is not true then
    perform gateway.require(request, 'plan');
  end if;
  perform gateway.authenticate(caller, 'admin:plans');
  account.plan := request ->> 'plan';
  account.plan_ends_at := (request ->> 'ends_at')::timestamptz;
  if account.plan is not null and not exists (select from gateway.plans where id = account.plan) then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'param', 'plan', 'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  if account is distinct from former then
    update gateway.accounts set plan = account.plan, plan_ends_at = account.plan_ends_at where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'plan.assign', account.id, account.plan,
      jsonb_build_object(
        'before', jsonb_build_object('plan', former.plan, 'ends_at', former.plan_ends_at),
        'after', jsonb_build_object('plan', account.plan, 'ends_at', account.plan_ends_at)));
  end if;
  return jsonb_build_object('object', 'plan_assignment', 'account_id', account.id, 'plan', account.plan,
                            'ends_at', account.plan_ends_at,
                            'plan_in_force', gateway.plan_in_force(account, gateway.now()));
end;
$$;

-- supabase/schemas/67_audit_logs.sql

-- The audit trail is searched, by administrators and by the accounts that it is about.

-- query: action (exact, or with a dot at its end all that begin so), actor_account_id, target_account_id, key_id (the
-- key that acted or that it is about), ip, request_id, from, to, limit, cursor (the last id of the page before).
-- Newest first. Each search is planned for what it asks.
create function public.list_audit_logs(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:audit');
  most integer := gateway.page_size(query);
  wanted constant text := query ->> 'action';
  -- "key." to "key/", the character that follows the dot.
  beyond constant text := case when wanted like '%.' then left(wanted, -1) || '/' end;
  -- Ids and times agree but for entries of the same moment: the id from which on all is later than `to`. Without it a
  -- search in the past would read everything since.
  last constant bigint := case when query ->> 'to' is not null then coalesce((
    select max(id) from (
      select id from gateway.audit_logs where created_at < (query ->> 'to')::timestamptz + interval '1 minute'
      order by created_at desc limit 1000) as near), 0) end;
  answer jsonb;
begin
  with found as (
    select * from gateway.audit_logs
    where (query ->> 'cursor' is null or id < (query ->> 'cursor')::bigint)
      and (last is null or id <= last)
      and (wanted is null or beyond is not null or action = wanted)
      and (beyond is null or (action >= wanted and action < beyond))
      and (query ->> 'actor_account_id' is null or actor_account_id = (query ->> 'actor_account_id')::uuid)
      and (query ->> 'target_account_id' is null or target_account_id = (query ->> 'target_account_id')::uuid)
      and (query ->> 'key_id' is null or actor_key_id = (query ->> 'key_id')::uuid or target_id = query ->> 'key_id')
      and (query ->> 'ip' is null or ip = (query ->> 'ip')::inet)
      and (query ->> 'request_id' is null or request_id = query ->> 'request_id')
      and (query ->> 'from' is null or created_at >= (query ->> 'from')::timestamptz
                                       and id >= gateway.first_id((query ->> 'from')::timestamptz))
      and (query ->> 'to' is null or created_at < (query ->> 'to')::timestamptz)
    order by id desc
    limit most + 1
  ),
  page as (select * from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'object', 'audit_log', 'id', id, 'action', action, 'actor_account_id', actor_account_id,
      'actor_key_id', actor_key_id, 'target_account_id', target_account_id, 'target_id', target_id,
      'ip', host(ip), 'user_agent', user_agent, 'request_id', request_id, 'details', details,
      'created_at', created_at) order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id) from page)::text end)
  into answer;
  return answer;
end;
$$;

-- query: action, key_id, from, to, limit, cursor, as above: what concerns the caller's own keys and sign-ins. Of an
-- administrator's act it says that an administrator did it, and nothing of who that was.
create function public.list_key_audit_logs(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  most integer := gateway.page_size(query);
  wanted constant text := query ->> 'action';
  beyond constant text := case when wanted like '%.' then left(wanted, -1) || '/' end;
  answer jsonb;
begin
  with found as (
    select *,
      case when actor_account_id is null then 'visitor' when actor_account_id = session.account_id then 'account'
           else 'administrator' end as actor
    from gateway.audit_logs
    where target_account_id = session.account_id
      and (starts_with(action, 'key.') or starts_with(action, 'provider_key.') or action = 'sign_in'
           or starts_with(action, 'sign_in.')
           -- Of one key; the account's are an administrator's act.
           or (action = 'limits.change' and target_id is not null))
      and (query ->> 'cursor' is null or id < (query ->> 'cursor')::bigint)
      and (wanted is null or beyond is not null or action = wanted)
      and (beyond is null or (action >= wanted and action < beyond))
      and (query ->> 'key_id' is null or target_id = query ->> 'key_id'
           or (actor_key_id = (query ->> 'key_id')::uuid and actor_account_id = session.account_id))
      and (query ->> 'from' is null or created_at >= (query ->> 'from')::timestamptz
                                       and id >= gateway.first_id((query ->> 'from')::timestamptz))
      and (query ->> 'to' is null or created_at < (query ->> 'to')::timestamptz)
    order by id desc
    limit most + 1
  ),
  page as (select *, actor <> 'administrator' as shown from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'object', 'audit_log', 'id', id, 'action', action, 'actor', actor,
      'actor_key_id', case when shown then actor_key_id end, 'target_id', target_id,
      'ip', case when shown then host(ip) end, 'user_agent', case when shown then user_agent end,
      'request_id', case when shown then request_id end, 'details', details, 'created_at', created_at)
      order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id) from page)::text end)
  into answer;
  return answer;
end;
$$;

-- supabase/schemas/68_cron_rollups.sql

-- What the hourly cron asks for.

-- Sums up those of the next accounts whose hours are over, by id from the one after `after`: it looks at so many, sums up so
-- few, and ends when it has summed up so many requests, so that it is done long before the database's time limit. A
-- failure of one account is reported and does not stop the others. Returns how many accounts are done, which failed and why, and
-- after which one the next step begins: null when this was the last. Usage is exact without it: whatever is not rolled up is
-- counted when it is read.
--
-- Before the first of them the platform's hours are summed up, which are not the accounts' sum but counted by themselves.
-- Behind the last of them the oldest requests go, if they are older than `kept_days`; null keeps all.
create function public.roll_up_usage(after uuid default null, kept_days integer default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most_looked_at constant integer := 5000;
  most constant integer := 25;
  most_requests constant bigint := 100000;
  at constant timestamptz := gateway.now();
  looked_at uuid[];
  due uuid[];
  this_account uuid;
  last_done uuid := roll_up_usage.after;
  next uuid;
  step record;
  requests bigint := 0;
  accounts integer := 0;
  failed jsonb := '[]';
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  if roll_up_usage.after is null then
    perform gateway.roll_up_platform(at);
  end if;
  looked_at := array(
    select id from gateway.accounts
    where id > coalesce(roll_up_usage.after, '00000000-0000-0000-0000-000000000000')
    order by id limit most_looked_at);
  due := array(
    select a.id from unnest(looked_at) as a (id) left join gateway.usage_totals t on t.account_id = a.id
    where exists (
      select from gateway.requests r
      where r.account_id = a.id and r.finished_at >= coalesce(t.rolled_up_to, '-infinity')
        and r.finished_at < gateway.last_whole_hour(at))
    order by a.id limit most);
  foreach this_account in array due loop
    begin
      step := gateway.roll_up(this_account, at, most_requests - requests);
      requests := requests + step.summed;
      if step.more then
        -- It is the first of the next step.
        return jsonb_build_object(
          'accounts', accounts, 'failed', failed,
          'next', coalesce(last_done, '00000000-0000-0000-0000-000000000000'), 'dropped', null);
      end if;
      accounts := accounts + (step.summed > 0)::integer;
    exception when others then
      failed := failed || jsonb_build_object('account_id', this_account, 'reason', sqlerrm);
    end;
    last_done := this_account;
  end loop;
  next := case
    when cardinality(due) = most then due[most]
    when cardinality(looked_at) = most_looked_at then looked_at[most_looked_at] end;
  return jsonb_build_object('accounts', accounts, 'failed', failed, 'next', next,
                            'dropped', case when next is null then gateway.drop_old_month(kept_days, at) end);
end;
$$;

-- supabase/schemas/68_refusals.sql

-- Counting calls that were refused.

-- refused: how many with each code, as an instance of the gateway has counted them. The rows are taken in the codes' order, those of the
-- hour before the totals.
create function public.note_refusals(refused jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s'
as $$
begin
  insert into gateway.refusal_hours as hours (hour, code, calls)
    select date_trunc('hour', gateway.now(), 'UTC'), told.key, told.value::bigint
      from jsonb_each_text(refused) as told where told.value is not null order by told.key
    on conflict (hour, code) do update set calls = hours.calls + excluded.calls;
  insert into gateway.refusal_totals as totals (code, calls)
    select told.key, told.value::bigint from jsonb_each_text(refused) as told where told.value is not null order by told.key
    on conflict (code) do update set calls = totals.calls + excluded.calls;
  return '{}';
end;
$$;

-- supabase/schemas/69_check_caller.sql

-- Authenticates the caller of a request that is refused before its own database call.

-- Refuses whom the request's own function would have refused; else returns the account and the limits in force.
create function public.check_caller(caller jsonb, scope text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, scope);
  account gateway.accounts;
  key gateway.api_keys;
  plan gateway.plans;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into key from gateway.api_keys where id = session.key_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, gateway.now());
  return jsonb_build_object('account_id', session.account_id, 'limits', gateway.limits(account, key, plan));
end;
$$;

-- supabase/schemas/69_public.sql

-- Whether the database can do what calls need, and fits the deployment that asks.

-- The newest migration that was applied; null if none is on record, as where the schema was made by hand.
create function gateway.migrated_to() returns text
language plpgsql stable set search_path = ''
as $$
begin
  return (select max(version) from supabase_migrations.schema_migrations);
exception when undefined_table then
  return null;
end;
$$;

-- peppers: the fingerprints of the deployment's peppers, by version. One that is new here is kept. deployment: environment, and address,
-- a hash of the address by which it knows this database: that of production is kept. Writes a row, but not again
-- within five seconds, so that it may be asked often; a database that takes no writes raises its own error.
create function public.health(peppers jsonb default '{}', deployment jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at constant timestamptz := gateway.now();
begin
  insert into gateway.heartbeat as former (at) values (at)
    on conflict (one) do update set at = excluded.at where former.at < excluded.at - interval '5 seconds';
  insert into gateway.peppers (version, fingerprint, first_seen_at)
    select shown.key::integer, shown.value, at from jsonb_each_text(peppers) as shown
    on conflict do nothing;
  if deployment ->> 'environment' = 'production' and deployment ->> 'address' is not null then
    insert into gateway.production as known (address, since) values (deployment ->> 'address', at)
      on conflict (one) do update set address = excluded.address, since = at where known.address <> excluded.address;
  end if;
  return jsonb_build_object(
    'status', 'ok',
    'migrated_to', gateway.migrated_to(),
    'is_productions', exists (select from gateway.production where address = health.deployment ->> 'address'),
    'unknown_peppers', (
      select coalesce(jsonb_agg(shown.key::integer order by shown.key::integer), '[]')
      from jsonb_each_text(health.peppers) as shown
      where not exists (select from gateway.peppers as known where known.fingerprint = shown.value)));
end;
$$;

-- supabase/schemas/70_chats.sql

-- Chat sessions: made, listed, changed, deleted, forgotten in time.

-- What an account keeps at most.
create function gateway.chat_bounds(out sessions integer, out messages_a_session integer, out bytes bigint)
language sql immutable parallel safe
return (10000, 100000, 536870912::bigint);

-- A session of this account whose last message is older than this is forgotten; minus infinity if none ever is.
create function gateway.chats_forgotten_before(owner uuid, at timestamptz) returns timestamptz
language sql stable
return coalesce(
  (select at - make_interval(days => retention_days) from gateway.chat_accounts where account_id = owner), '-infinity');

create function gateway.chat_session_json(chat gateway.chat_sessions) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'chat.session', 'id', chat.id, 'model', chat.model, 'message_count', chat.messages, 'bytes', chat.bytes,
  'title', to_jsonb(chat.title), 'metadata', to_jsonb(chat.metadata),
  'created_at', chat.created_at, 'updated_at', chat.updated_at);

create function gateway.chat_message_json(message gateway.chat_messages) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'chat.session.message', 'id', message.id::text, 'session_id', message.session_id,
  'position', message.position, 'message', to_jsonb(message.content), 'call_id', message.call_id,
  'created_at', message.created_at);

-- A sealed text as a request brings it; null stays null.
create function gateway.read_sealed(sealed jsonb) returns gateway.sealed_text
language plpgsql immutable
as $$
begin
  if sealed is null or sealed = 'null' then
    return null;
  end if;
  perform gateway.require(sealed, 'ciphertext', 'version');
  return row (sealed ->> 'ciphertext', (sealed ->> 'version')::integer)::gateway.sealed_text;
end;
$$;

create function gateway.sealed_size(sealed gateway.sealed_text) returns integer
language sql immutable
return coalesce(length(sealed.ciphertext), 0);

-- Locks the account of a caller who is about to change its chats, looks at the caller once more, and forgets what is
-- past its retention. Answers what the account keeps.
create function gateway.lock_chats(caller jsonb, session gateway.session, out kept gateway.chat_accounts)
language plpgsql
as $$
begin
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile: nothing is kept for a person who has left.
  perform gateway.authenticate(caller, 'chat:write');
  insert into gateway.chat_accounts (account_id) values (session.account_id) on conflict do nothing;
  perform gateway.forget_chats(session.account_id, 20);
  select * into kept from gateway.chat_accounts where account_id = session.account_id;
end;
$$;

-- Deletes sessions of a locked account, and takes them off what it keeps. Answers how many there were.
create function gateway.delete_chats(owner uuid, targets uuid[]) returns integer
language plpgsql
as $$
declare
  gone record;
begin
  with deleted as (delete from gateway.chat_sessions where account_id = owner and id = any (targets) returning id, bytes),
  -- The messages go by cascade; counted before, since a session counts those that it ever had.
  counted as (
    select count(*) as messages from gateway.chat_messages
      where session_id = any (targets) and account_id = owner)
  select count(*) as sessions, coalesce(sum(bytes), 0) as bytes, max(counted.messages) as messages
    into gone from deleted, counted;
  update gateway.chat_accounts set
    sessions = sessions - gone.sessions, messages = messages - coalesce(gone.messages, 0), bytes = bytes - gone.bytes
    where account_id = owner;
  return gone.sessions;
end;
$$;

-- Forgets the oldest sessions of a locked account that are past its retention. Answers how many.
create function gateway.forget_chats(owner uuid, most integer) returns integer
language plpgsql
as $$
declare
  before constant timestamptz := gateway.chats_forgotten_before(owner, gateway.now());
begin
  if before = '-infinity' then
    return 0;
  end if;
  return gateway.delete_chats(owner, array(
    select id from gateway.chat_sessions where account_id = owner and updated_at < before
      order by updated_at, id limit most));
end;
$$;

-- The caller's session, unless it is to be forgotten; refuses if there is none.
create function gateway.find_chat(session gateway.session, target uuid) returns gateway.chat_sessions
language plpgsql stable
as $$
declare
  chat gateway.chat_sessions;
begin
  select * into chat from gateway.chat_sessions
    where id = target and account_id = session.account_id
      and updated_at >= gateway.chats_forgotten_before(session.account_id, gateway.now());
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'chat_session_not_found'));
  end if;
  return chat;
end;
$$;

-- Refuses what is beyond the bounds: `adds` bytes more.
create function gateway.refuse_full_chats(kept gateway.chat_accounts, adds bigint) returns void
language plpgsql
as $$
begin
  if adds > 0 and kept.bytes + adds > (gateway.chat_bounds()).bytes then
    perform gateway.refuse(gateway.refusal(409, 'chat_storage_full'));
  end if;
end;
$$;

-- request: id, model, title and metadata {ciphertext, version} or null.
create function public.create_chat_session(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  at constant timestamptz := gateway.now();
  title constant gateway.sealed_text := gateway.read_sealed(request -> 'title');
  metadata constant gateway.sealed_text := gateway.read_sealed(request -> 'metadata');
  size constant integer := gateway.sealed_size(title) + gateway.sealed_size(metadata);
  chat gateway.chat_sessions;
begin
  perform gateway.require(request, 'id');
  perform gateway.refuse_full_chats(kept, size);
  if kept.sessions >= (gateway.chat_bounds()).sessions then
    perform gateway.refuse(gateway.refusal(409, 'too_many_chat_sessions'));
  end if;
  insert into gateway.chat_sessions (id, account_id, title, metadata, model, bytes, created_at, updated_at)
    values ((request ->> 'id')::uuid, session.account_id, title, metadata, request ->> 'model', size, at, at)
    returning * into chat;
  update gateway.chat_accounts set sessions = sessions + 1, bytes = bytes + size where account_id = session.account_id;
  return gateway.chat_session_json(chat);
end;
$$;

-- query: limit, cursor {at, id}. By their last message, newest first.
create function public.list_chat_sessions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  most constant integer := gateway.page_size(query);
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
  after constant timestamptz := coalesce((query -> 'cursor' ->> 'at')::timestamptz, 'infinity');
  after_id constant uuid := coalesce((query -> 'cursor' ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  answer jsonb;
begin
  with found as (
    select chats, updated_at, id from gateway.chat_sessions as chats
    where account_id = session.account_id and updated_at >= since and (updated_at, id) < (after, after_id)
    order by updated_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by updated_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_session_json(chats) order by updated_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(updated_at, id) from page order by updated_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: limit, cursor (a position). The session, and a page of its messages, oldest first.
create function public.get_chat_session(caller jsonb, target uuid, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  most constant integer := gateway.page_size(query);
  messages jsonb;
begin
  with found as (
    select m, position from gateway.chat_messages m
    where session_id = chat.id and position > coalesce((query ->> 'cursor')::bigint, -1)
    order by position limit most + 1
  ),
  page as (select * from found order by position limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_message_json(m) order by position) from page),
    case when (select count(*) from found) > most then (select max(position)::text from page) end)
  into messages;
  return gateway.chat_session_json(chat) || jsonb_build_object('messages', messages);
end;
$$;

-- request: the members that change, of model, title and metadata; null clears.
create function public.update_chat_session(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  size integer := gateway.sealed_size(chat.title) + gateway.sealed_size(chat.metadata);
begin
  if request is null then
    perform gateway.require(request, 'request');
  end if;
  if request ? 'title' then
    chat.title := gateway.read_sealed(request -> 'title');
  end if;
  if request ? 'metadata' then
    chat.metadata := gateway.read_sealed(request -> 'metadata');
  end if;
  if request ? 'model' then
    chat.model := request ->> 'model';
  end if;
  size := gateway.sealed_size(chat.title) + gateway.sealed_size(chat.metadata) - size;
  perform gateway.refuse_full_chats(kept, size);
  update gateway.chat_sessions set
    title = chat.title, metadata = chat.metadata, model = chat.model, bytes = bytes + size
    where id = chat.id
    returning * into chat;
  update gateway.chat_accounts set bytes = bytes + size where account_id = session.account_id;
  return gateway.chat_session_json(chat);
end;
$$;

create function public.delete_chat_session(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
begin
  perform gateway.delete_chats(session.account_id, array[chat.id]);
  return jsonb_build_object('object', 'chat.session', 'id', chat.id, 'deleted', true);
end;
$$;

-- supabase/schemas/71_chat_messages.sql

-- The messages of chat sessions: put there, searched, counted, handed out.

-- Terms as an account's messages have them: a word of one account has another term than the same word of another, so that
-- neither can be told from the other's, and the index need not be asked for the account besides.
create function gateway.chat_terms(owner uuid, terms jsonb) returns bigint[]
language sql stable
return array(
  select hashint8extended(term::bigint, uuid_hash_extended(owner, 0)) from jsonb_array_elements_text(terms) as term);

-- Puts messages at the end of a session of a locked account. added: an array of {role, content {ciphertext, version}, terms,
-- bound, tokens, images, modalities}. Answers the session as it is then.
create function gateway.add_chat_messages(chat gateway.chat_sessions, added jsonb, this_call uuid, at timestamptz)
returns gateway.chat_sessions
language plpgsql
as $$
declare
  size bigint;
  count integer;
begin
  with written as (
    insert into gateway.chat_messages
      (session_id, account_id, position, role, content, terms, bound, tokens, images, modalities, call_id, created_at)
    select chat.id, chat.account_id, chat.messages + ordinality::integer - 1, message ->> 'role',
           gateway.read_sealed(message -> 'content'),
           gateway.chat_terms(chat.account_id, message -> 'terms'),
           (message ->> 'bound')::bigint, (message ->> 'tokens')::bigint, (message ->> 'images')::integer,
           array(select jsonb_array_elements_text(message -> 'modalities')), this_call, at
    from jsonb_array_elements(added) with ordinality as one (message, ordinality)
    returning gateway.sealed_size(content) as bytes)
  select count(*), coalesce(sum(bytes), 0) into count, size from written;
  update gateway.chat_sessions set
    messages = messages + count, bytes = bytes + size, updated_at = greatest(updated_at, at)
    where id = chat.id
    returning * into chat;
  update gateway.chat_accounts set messages = messages + count, bytes = bytes + size
    where account_id = chat.account_id;
  return chat;
end;
$$;

-- request: one message, as gateway.add_chat_messages takes it.
create function public.add_chat_message(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  message gateway.chat_messages;
begin
  perform gateway.require(request, 'role', 'content', 'terms', 'bound', 'tokens', 'images', 'modalities');
  perform gateway.refuse_full_chats(kept, length(request -> 'content' ->> 'ciphertext'));
  if chat.messages >= (gateway.chat_bounds()).messages_a_session then
    perform gateway.refuse(gateway.refusal(409, 'chat_session_full'));
  end if;
  chat := gateway.add_chat_messages(chat, jsonb_build_array(request), null, gateway.now());
  select * into message from gateway.chat_messages where session_id = chat.id and position = chat.messages - 1;
  return gateway.chat_message_json(message);
end;
$$;

-- query: terms, an array of arrays: the searched words' terms under one key of the keyring each; session_id; limit, cursor
-- (a message's id). Messages that hold all the words, newest first.
create function public.search_chats(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  most constant integer := gateway.page_size(query);
  before constant bigint := coalesce((query ->> 'cursor')::bigint, 9223372036854775807);
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
  answer jsonb;
begin
  perform gateway.require(query, 'terms');
  with found as (
    select m, (m).id
    from jsonb_array_elements(query -> 'terms') as ring (terms)
    cross join lateral (
      select one as m from gateway.chat_messages as one
      where ring.terms <> '[]' and terms @> gateway.chat_terms(session.account_id, ring.terms)
        and account_id = session.account_id and one.id < before
        and (query ->> 'session_id' is null or session_id = (query ->> 'session_id')::uuid)
    ) as hit
    join gateway.chat_sessions s on s.id = (m).session_id and s.updated_at >= since
    order by (m).id desc limit most + 1
  ),
  page as (select * from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_message_json(m) order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id)::text from page) end)
  into answer;
  return answer;
end;
$$;

create function public.get_chat_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  kept gateway.chat_accounts;
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
begin
  select * into kept from gateway.chat_accounts where account_id = session.account_id;
  return jsonb_build_object(
    'object', 'chat.stats', 'sessions', coalesce(kept.sessions, 0), 'messages', coalesce(kept.messages, 0),
    'bytes', coalesce(kept.bytes, 0), 'bytes_limit', (gateway.chat_bounds()).bytes,
    'sessions_limit', (gateway.chat_bounds()).sessions,
    'last_message_at', (select max(updated_at) from gateway.chat_sessions
                          where account_id = session.account_id and updated_at >= since),
    'retention_days', kept.retention_days);
end;
$$;

-- supabase/schemas/72_privacy.sql

-- An account's retention, and the job that enforces it; and how it stands in rankings.

create function gateway.privacy_json(owner uuid) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'privacy',
  'chat_retention_days', (select retention_days from gateway.chat_accounts where account_id = owner),
  'response_retention_days', gateway.response_retention(owner),
  'ranking', coalesce((select choice from gateway.ranking_choices where account_id = owner), 'counted'));

create function public.get_privacy(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.privacy_json(session.account_id);
end;
$$;

-- request: what changes of chat_retention_days (null: until deleted), response_retention_days (0: none is kept) and ranking (counted,
-- named, excluded). What is past a shorter time is out of sight at once.
create function public.update_privacy(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  before jsonb;
  after jsonb;
begin
  if (request ?| '{chat_retention_days,response_retention_days,ranking}') is not true then
    perform gateway.require(request, 'response_retention_days');
  end if;
  perform gateway.require(request, name)
    from unnest(array['response_retention_days', 'ranking']) as name where request ? name;
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile.
  perform gateway.authenticate(caller, 'account:write');
  before := gateway.privacy_json(session.account_id);
  if request ? 'chat_retention_days' then
    insert into gateway.chat_accounts (account_id, retention_days)
      values (session.account_id, (request ->> 'chat_retention_days')::integer)
      on conflict (account_id) do update set retention_days = excluded.retention_days;
  end if;
  if request ? 'response_retention_days' then
    insert into gateway.response_accounts (account_id, retention_days)
      values (session.account_id, (request ->> 'response_retention_days')::integer)
      on conflict (account_id) do update set retention_days = excluded.retention_days;
  end if;
  if request ? 'ranking' then
    delete from gateway.ranking_choices where account_id = session.account_id;
    if request ->> 'ranking' <> 'counted' then
      insert into gateway.ranking_choices (account_id, choice) values (session.account_id, request ->> 'ranking');
    end if;
    if request ->> 'ranking' = 'excluded' then
      perform gateway.leave_ranking(session.account_id);
    end if;
  end if;
  after := gateway.privacy_json(session.account_id);
  if after <> before then
    perform gateway.audit(caller, session.account_id, session.key_id, 'privacy.update', session.account_id, null,
      jsonb_build_object('before', before - 'object', 'after', after - 'object'));
  end if;
  return after;
end;
$$;

-- Forgets the end users that are still to be forgotten, and chats and responses that are past their accounts' retention: so many accounts a run, and so much of each. Nothing is
-- wrong if this comes late: what is past its time is not shown. An account that is busy is left to the next run.
create function public.apply_retention() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at constant timestamptz := gateway.now();
  most_responses constant integer := 5000;
  due uuid;
  forgotten integer := 0;
  forgotten_responses bigint := 0;
  erasure gateway.end_user_erasures;
begin
  for due in
    select account_id from gateway.chat_accounts c
      where retention_days is not null and exists (
        select from gateway.chat_sessions s
          where s.account_id = c.account_id and s.updated_at < at - make_interval(days => c.retention_days))
      order by account_id limit 50
  loop
    perform from gateway.accounts where id = due for no key update skip locked;
    continue when not found;
    forgotten := forgotten + gateway.forget_chats(due, 50);
  end loop;
  for due in
    select account_id from gateway.response_accounts r
      where exists (
        select from gateway.response_threads t
          where t.account_id = r.account_id
            and t.updated_at <= at - make_interval(days => gateway.response_retention(r.account_id)))
      order by account_id limit 50
  loop
    exit when forgotten_responses >= most_responses;
    perform from gateway.accounts where id = due for no key update skip locked;
    continue when not found;
    forgotten_responses := forgotten_responses + gateway.forget_responses(due, 500);
  end loop;
  for erasure in select * from gateway.end_user_erasures order by id limit 20
  loop
    perform from gateway.accounts where id = erasure.account_id for no key update skip locked;
    continue when not found;
    if gateway.erase_labels(erasure.account_id, erasure.name) then
      delete from gateway.end_user_erasures where id = erasure.id;
    end if;
  end loop;
  return jsonb_build_object('sessions', forgotten, 'responses', forgotten_responses);
end;
$$;

-- Some of what these versions of the keyring sealed of chats: titles and metadata of sessions, messages. Each has the id and
-- the members that are sealed. They are those behind `after`, the last session and the last message that were listed before,
-- so that what nobody can open is passed by and not listed again.
create function public.list_outdated_chats(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with older as (select version::integer from jsonb_array_elements_text(versions) as version)
  select jsonb_build_object(
    'sessions', (
      select coalesce(jsonb_agg(s), '[]') from (
        select id, title, metadata from gateway.chat_sessions
        where least((title).version, (metadata).version) in (select version from older)
          and (after ->> 'session' is null or id > (after ->> 'session')::uuid)
        order by id limit 100) s),
    'messages', (
      select coalesce(jsonb_agg(m), '[]') from (
        select id::text, content from gateway.chat_messages
        where (content).version in (select version from older)
          and (after ->> 'message' is null or id > (after ->> 'message')::bigint)
        order by id limit 500) m))
$$;

-- renewed: sessions and messages as they were listed, each member an array of the outdated ciphertext and what takes its place;
-- a message has its terms under the new key besides. What has changed meanwhile stays as it is.
create function public.renew_chats(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  sessions integer;
  messages integer;
begin
  perform gateway.require(renewed, 'sessions', 'messages');
  update gateway.chat_sessions s set
    title = case when (s.title).ciphertext = one -> 'title' ->> 0
      then gateway.read_sealed(one -> 'title' -> 1) else s.title end,
    metadata = case when (s.metadata).ciphertext = one -> 'metadata' ->> 0
      then gateway.read_sealed(one -> 'metadata' -> 1) else s.metadata end
    from jsonb_array_elements(renewed -> 'sessions') as one
    where s.id = (one ->> 'id')::uuid;
  get diagnostics sessions = row_count;
  update gateway.chat_messages m set
    content = gateway.read_sealed(one -> 'content' -> 1), terms = gateway.chat_terms(m.account_id, one -> 'terms')
    from jsonb_array_elements(renewed -> 'messages') as one
    where m.id = (one ->> 'id')::bigint and (m.content).ciphertext = one -> 'content' ->> 0;
  get diagnostics messages = row_count;
  return jsonb_build_object('renewed', sessions + messages);
end;
$$;

-- supabase/schemas/73_payments.sql

-- Buying credit: what an account begins, is told, and sees of its payments.

-- A payment as its account sees it.
create function gateway.payment_view(payment gateway.payments) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'payment', 'id', payment.id, 'kind', payment.kind, 'status', payment.status, 'package', payment.package,
    'currency', 'usd', 'amount', gateway.dollars(gateway.of_cents(payment.amount)),
    'fee', gateway.dollars(gateway.of_cents(payment.fee)), 'paid', gateway.dollars(gateway.of_cents(payment.paid)),
    'credits', gateway.dollars(payment.credits), 'bonus', gateway.dollars(payment.bonus),
    'coupon', (select code from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
               where r.payment_id = payment.id),
    'taken_back', gateway.dollars(payment.taken_back),
    'refunded', gateway.dollars(gateway.of_cents((
      select coalesce(sum(amount), 0)::bigint from gateway.reversals
      where payment_id = payment.id and kind = 'refund' and counts))),
    'disputed', exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts),
    'session_id', payment.session_id, 'intent_id', payment.intent_id, 'subscription_id', payment.subscription_id, 'failure_code', payment.failure_code,
    'receipt_url', payment.receipt_url, 'livemode', payment.livemode,
    'created_at', payment.created_at, 'expires_at', payment.expires_at, 'settled_at', payment.settled_at)
$$;

-- A payment with what Stripe is to be told besides.
create function gateway.payment_to_make(payment gateway.payments) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'payment', gateway.payment_view(payment), 'id', payment.id, 'account_id', payment.account_id, 'status', payment.status,
    'amount', payment.amount - payment.fee, 'fee', payment.fee, 'credits', gateway.dollars(payment.credits),
    'expires_at', extract(epoch from payment.expires_at)::bigint, 'deployment', gateway.deployment_id(),
    'customer', (
      select id from gateway.stripe_customers
      where account_id = payment.account_id and livemode = payment.livemode and deleted_at is null
      order by created_at, id limit 1),
    'email', (select email from gateway.accounts where id = payment.account_id))
$$;

-- request: id (the payment's, a new one), kind (checkout, intent), package or amount (cents of credit), fee (basis points on top),
-- livemode, taxed (tax comes on top of the amount), coupon (a code; an unknown one is refused as a value, so that the try is counted). A repetition answers how the payment stands.
create function public.begin_payment(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  least_amount constant integer := 500;
  most_amount constant integer := 100000;
  most_a_day constant integer := 200000;
  bought gateway.credit_packages;
  account gateway.accounts;
  payment gateway.payments;
  coupon gateway.coupons;
  earlier jsonb;
  fee integer;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'kind', 'fee', 'livemode');
  perform gateway.require(jsonb_build_object('bought', coalesce(request ->> 'package', request ->> 'amount')), 'bought');
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into payment from gateway.payments where id = (earlier ->> 'payment')::uuid;
    return gateway.payment_to_make(payment);
  end if;
  if request ->> 'package' is not null then
    select * into bought from gateway.credit_packages where id = request ->> 'package' and active;
    if not found then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request',
        '{"param": "package", "message": "There is no such package; GET /api/stripe/credit-packages lists them."}'));
    end if;
  else
    bought.amount := (request ->> 'amount')::integer;
    bought.credits := gateway.of_cents(bought.amount);
    if bought.amount not between least_amount and most_amount then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'amount', 'message',
        format('`amount` is from %s to %s dollars.', least_amount / 100, most_amount / 100))));
    end if;
  end if;
  -- Thieves try cards by the thousand.
  perform gateway.limit_attempts('payment.account', session.account_id::text, 5, interval '1 hour');
  perform gateway.limit_attempts('payment.network', gateway.network_of(caller), 20, interval '1 hour');
  if request ->> 'coupon' is not null then
    coupon := gateway.known_coupon(caller, session, request ->> 'coupon');
    if coupon.id is null then
      return jsonb_build_object('refused', gateway.refusal(404, 'coupon_not_found', '{"param": "coupon"}'));
    end if;
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  if account.payments_blocked_at is not null then
    perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
  end if;
  perform gateway.refuse_excess(account.balance, bought.credits, 'amount');
  fee := ceil(bought.amount::numeric * (request ->> 'fee')::integer / 10000);
  if fee + bought.amount + (
      select coalesce(sum(amount), 0) from gateway.payments
      where account_id = account.id and created_at > at - interval '1 day'
        and status in ('created', 'processing', 'succeeded')) > most_a_day then
    perform gateway.refuse(gateway.refusal(429, 'payment_limit_reached'));
  end if;
  insert into gateway.payments (id, account_id, kind, package, amount, fee, credits, livemode, taxed, created_at, expires_at)
    values ((request ->> 'id')::uuid, account.id, request ->> 'kind', bought.id, bought.amount + fee, fee, bought.credits,
            (request ->> 'livemode')::boolean, coalesce((request ->> 'taxed')::boolean, false), at, at + interval '1 hour')
    returning * into payment;
  if coupon.id is not null then
    payment := gateway.reserve_bonus(account, payment, coupon, at);
  end if;
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('payment', payment.id));
  return gateway.payment_to_make(payment);
end;
$$;

-- The payment of the session's account that has this id, ours or Stripe's; refuses when there is none, or another's.
create function gateway.own_payment(session gateway.session, target text) returns gateway.payments
language plpgsql stable set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  select * into payment from gateway.payments where session_id = target;
  if not found then
    select * into payment from gateway.payments where intent_id = target;
  end if;
  if not found and target ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into payment from gateway.payments where id = target::uuid;
  end if;
  if payment.account_id is distinct from session.account_id then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  return payment;
end;
$$;

-- Notes what Stripe calls a payment that it was asked for. seen: session, intent, customer.
create function public.attach_payment(caller jsonb, target text, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  payment gateway.payments := gateway.own_payment(session, target);
  account gateway.accounts;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('known', coalesce(seen ->> 'session', seen ->> 'intent')), 'known');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  perform gateway.note_customer(account.id, seen ->> 'customer', payment.livemode, at);
  payment := gateway.note_payment(payment.id, seen);
  -- A webhook may have been faster.
  account := gateway.catch_up(account, at);
  account := gateway.reconcile_payment(account, payment.id, at);
  return gateway.payment_view(payment);
end;
$$;

-- Applies what Stripe has just said of a payment of the caller's: whoever comes back from paying need not wait for a webhook.
-- seen: as in gateway.settle_payment, with payment, the id that Stripe has of it.
create function public.confirm_payment(caller jsonb, target text, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  payment gateway.payments := gateway.own_payment(session, target);
  account gateway.accounts;
  settled record;
  at timestamptz;
begin
  perform gateway.require(seen, 'payment', 'status', 'livemode');
  if seen ->> 'payment' <> payment.id::text then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  settled := gateway.settle_payment(account, payment.id, seen, at);
  select * into payment from gateway.payments where id = payment.id;
  return jsonb_build_object('payment', gateway.payment_view(payment), 'outcome', settled.outcome, 'alert', settled.alert);
end;
$$;

create function public.get_payment(caller jsonb, target text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  return gateway.payment_view(gateway.own_payment(session, target));
end;
$$;

-- query: status, limit, cursor {at, id}. Newest first.
create function public.list_payments(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select payments as payment, created_at, id from gateway.payments
    where account_id = session.account_id
      and (query ->> 'status' is null or status = query ->> 'status')
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.payment_view(payment) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: fee (basis points), which is added to each price. Few, so all of them at once.
create function public.list_credit_packages(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  perform gateway.require(query, 'fee');
  return gateway.page((
    select jsonb_agg(jsonb_build_object(
      'object', 'credit_package', 'id', id,
      'price', gateway.dollars(gateway.of_cents(amount + ceil(amount::numeric * (query ->> 'fee')::integer / 10000)::bigint)),
      'fee', gateway.dollars(gateway.of_cents(ceil(amount::numeric * (query ->> 'fee')::integer / 10000)::bigint)),
      'credits', gateway.dollars(credits)) order by amount, id)
    from gateway.credit_packages where active), null);
end;
$$;

-- supabase/schemas/73_stored_responses.sql

-- Stored responses: read, deleted, sealed anew.

-- The caller's stored response, unless it is to be forgotten; refuses if there is none.
create function gateway.find_response(session gateway.session, target uuid) returns gateway.stored_responses
language plpgsql stable
as $$
declare
  response gateway.stored_responses;
begin
  select r.* into response from gateway.stored_responses as r join gateway.response_threads as t on t.id = r.thread_id
    where r.id = target and r.account_id = session.account_id
      and t.updated_at > gateway.responses_forgotten_before(session.account_id, gateway.now());
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'response_not_found'));
  end if;
  return response;
end;
$$;

-- What was said in a response and how it is shown, all of it sealed.
create function public.get_response(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  response gateway.stored_responses := gateway.find_response(session, target);
begin
  return jsonb_build_object('id', response.id, 'input', to_jsonb(response.input), 'output', to_jsonb(response.output),
    'shown', to_jsonb(response.shown));
end;
$$;

-- Whether there is such a response, for who wants to change it.
create function public.check_response(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  response gateway.stored_responses := gateway.find_response(session, target);
begin
  return jsonb_build_object('id', response.id);
end;
$$;

-- Deletes one response, at once and for good. Those that go on from it stay, but nothing goes on from them any more.
create function public.delete_response(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  response gateway.stored_responses;
  size bigint;
begin
  perform from gateway.accounts where id = session.account_id for no key update;
  response := gateway.find_response(session, target);
  size := gateway.sealed_size(response.input) + gateway.sealed_size(response.output) + gateway.sealed_size(response.shown);
  delete from gateway.stored_responses where id = response.id;
  update gateway.response_threads set responses = responses - 1, bytes = bytes - size where id = response.thread_id;
  delete from gateway.response_threads where id = response.thread_id and responses = 0;
  update gateway.response_accounts set responses = responses - 1, bytes = bytes - size
    where account_id = session.account_id;
  return jsonb_build_object('id', response.id, 'deleted', true);
end;
$$;

-- Forgets the oldest threads of a locked account that are past its retention, of about so many responses. Answers how many
-- responses there were.
create function gateway.forget_responses(owner uuid, most bigint) returns bigint
language sql volatile
begin atomic
  select gateway.delete_response_threads(owner, array(
    select id from (
      select id, sum(responses) over (order by updated_at, id) - responses as before from (
        select id, responses, updated_at from gateway.response_threads
          where account_id = owner and updated_at <= gateway.responses_forgotten_before(owner, gateway.now())
          order by updated_at, id limit 1000) as oldest) as oldest
    where before < most));
end;

-- Some of what these versions of the keyring sealed of responses, behind the last that was listed before (see
-- list_outdated_chats).
create function public.list_outdated_responses(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with older as (select version::integer from jsonb_array_elements_text(versions) as version)
  select jsonb_build_object('responses', (
    select coalesce(jsonb_agg(r), '[]') from (
      select id, input, output, shown from gateway.stored_responses
      where least((input).version, (output).version, (shown).version) in (select version from older)
        and (after ->> 'response' is null or id > (after ->> 'response')::uuid)
      order by id limit 50) r))
$$;

-- renewed: responses as they were listed, each member an array of the outdated ciphertext and what takes its place. What has
-- changed meanwhile stays as it is.
create function public.renew_responses(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  responses integer;
begin
  perform gateway.require(renewed, 'responses');
  update gateway.stored_responses r set
    input = case when (r.input).ciphertext = one -> 'input' ->> 0 then gateway.read_sealed(one -> 'input' -> 1) else r.input end,
    output = case when (r.output).ciphertext = one -> 'output' ->> 0 then gateway.read_sealed(one -> 'output' -> 1) else r.output end,
    shown = case when (r.shown).ciphertext = one -> 'shown' ->> 0 then gateway.read_sealed(one -> 'shown' -> 1) else r.shown end
    from jsonb_array_elements(renewed -> 'responses') as one
    where r.id = (one ->> 'id')::uuid;
  get diagnostics responses = row_count;
  return jsonb_build_object('renewed', responses);
end;
$$;

-- supabase/schemas/74_refunds.sql

-- Refunds that we ask Stripe for: the credit goes first, then Stripe is asked, under the refund's id as its Idempotency-Key, and
-- what it answers holds.

-- A refund as whoever asked for it sees it.
create function gateway.refund_view(refund gateway.reversals) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'refund', 'id', coalesce(refund.request_id::text, refund.id),
    'stripe_id', case when refund.id <> refund.request_id::text then refund.id end,
    'payment_id', refund.payment_id, 'amount', gateway.dollars(gateway.of_cents(refund.amount)), 'currency', 'usd',
    'status', refund.status, 'reason', refund.reason, 'created_at', refund.created_at)
$$;

-- A refund with what Stripe is to be told: nothing, once it has answered.
create function gateway.refund_to_make(refund gateway.reversals) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'refund', gateway.refund_view(refund), 'id', refund.request_id, 'intent', refund.intent_id, 'amount', refund.amount,
    'reason', refund.reason, 'payment', refund.payment_id, 'pending', refund.status = 'requested')
$$;

-- Takes the credit of a refund that is about to be asked for. amount: cents; null for what is unspent. `force` lets it exceed that,
-- as debt.
create function gateway.place_refund(
  inout account gateway.accounts, payment gateway.payments, id uuid, amount bigint, reason text, force boolean,
  at timestamptz, out refund gateway.reversals)
language plpgsql set search_path = ''
as $$
declare
  unspent bigint;
  rest bigint;
begin
  if payment.status <> 'succeeded' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', format('The payment is %s: only one that has succeeded can be refunded.', payment.status))));
  end if;
  if exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts) then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', 'The payment is disputed: its bank decides who has the money.')));
  end if;
  if payment.intent_id is null and payment.kind = 'invoice' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable', jsonb_build_object(
      'message', 'No card is known to have paid this invoice: refund it at Stripe.')));
  end if;
  unspent := gateway.unspent_cents(account, payment, at);
  rest := payment.paid - gateway.reversed_cents(payment.id);
  amount := coalesce(amount, unspent);
  if amount > rest or amount > unspent and not force or amount <= 0 then
    perform gateway.refuse(gateway.refusal(409, 'refund_exceeds_payment', jsonb_build_object(
      'unspent', gateway.dollars(gateway.of_cents(unspent)), 'rest', gateway.dollars(gateway.of_cents(rest)))));
  end if;
  insert into gateway.reversals
    (id, request_id, kind, payment_id, intent_id, charge_id, amount, status, rank, counts, reason, observed_at, created_at)
    values (place_refund.id::text, place_refund.id, 'refund', payment.id, payment.intent_id, payment.charge_id,
            place_refund.amount, 'requested', gateway.reversal_rank('requested'), true, place_refund.reason, at, at)
    returning * into refund;
  account := gateway.reconcile_payment(account, payment.id, at);
end;
$$;

-- An administrator's refund. request: id (the refund's, a new one), payment_id, amount (cents; null: what is unspent), reason, force.
create function public.begin_refund(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:refunds');
  payment gateway.payments;
  account gateway.accounts;
  former gateway.accounts;
  placed record;
  refund gateway.reversals;
  earlier jsonb;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'payment_id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into refund from gateway.reversals where request_id = (earlier ->> 'refund')::uuid;
    return gateway.refund_to_make(refund);
  end if;
  select * into payment from gateway.payments where id = (request ->> 'payment_id')::uuid;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'payment_not_found'));
  end if;
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  perform gateway.authenticate(caller, 'admin:refunds');
  select * into payment from gateway.payments where id = payment.id;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  former := account;
  placed := gateway.place_refund(
    account, payment, (request ->> 'id')::uuid, (request ->> 'amount')::bigint, request ->> 'reason',
    coalesce((request ->> 'force')::boolean, false), at);
  account := placed.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'payment.refund', account.id, payment.id::text,
    jsonb_build_object(
      'refund', request ->> 'id', 'amount', gateway.dollars(gateway.of_cents((placed.refund).amount)), 'reason', request ->> 'reason',
      'before', jsonb_build_object('balance', gateway.dollars(former.balance), 'debt', gateway.dollars(former.debt)),
      'after', jsonb_build_object('balance', gateway.dollars(account.balance), 'debt', gateway.dollars(account.debt))));
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('refund', request ->> 'id'));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- A buyer's refund of what is unspent of a payment that is not a day old. id: the refund's, a new one.
create function public.begin_own_refund(caller jsonb, target text, id uuid, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  payment gateway.payments;
  account gateway.accounts;
  placed record;
  refund gateway.reversals;
  earlier jsonb;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('target', target, 'id', id), 'target', 'id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    select * into refund from gateway.reversals where request_id = (earlier ->> 'refund')::uuid;
    return gateway.refund_to_make(refund);
  end if;
  select * into account from gateway.accounts where accounts.id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  payment := gateway.own_payment(session, target);
  at := gateway.now();
  if payment.kind = 'invoice' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable',
      '{"message": "A plan is not refunded by itself: POST /subscription/cancel ends it with its period. Contact support."}'));
  end if;
  if payment.settled_at <= at - interval '24 hours' then
    perform gateway.refuse(gateway.refusal(409, 'payment_not_refundable',
      '{"message": "Unused credit can be refunded for 24 hours after it was bought. Contact support."}'));
  end if;
  account := gateway.catch_up(account, at);
  placed := gateway.place_refund(
    account, payment, begin_own_refund.id, null, 'requested_by_customer', false, at);
  account := placed.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'payment.refund', account.id, payment.id::text,
    jsonb_build_object('refund', begin_own_refund.id, 'amount', gateway.dollars(gateway.of_cents((placed.refund).amount))));
  perform gateway.store_idempotent_answer(session, idempotency, jsonb_build_object('refund', begin_own_refund.id));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- What Stripe answered when it was asked for a refund: what it made (seen, as in gateway.note_reversal), or that it will not, which
-- gives the credit back. A refund that Stripe has told of meanwhile is not refused any more.
create function public.finish_refund(refund uuid, seen jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  noted gateway.reversals;
  payment gateway.payments;
  account gateway.accounts;
  at timestamptz;
begin
  select * into noted from gateway.reversals where request_id = refund;
  if not found then
    return null;
  end if;
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(noted.intent_id);
  select * into payment from gateway.payments where id = noted.payment_id;
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  if seen is null then
    update gateway.reversals set status = 'refused', counts = false where request_id = refund and status = 'requested';
  else
    perform gateway.note_reversal(seen || jsonb_build_object('request', refund), payment.id, at);
  end if;
  account := gateway.reconcile_payment(account, payment.id, at);
  select * into noted from gateway.reversals where request_id = refund;
  return gateway.refund_view(noted);
end;
$$;

-- supabase/schemas/75_cron_payments.sql

-- What is found out about payments without a webhook.

-- What Stripe is to be asked about, the oldest first: payments that may have been paid without our hearing of it, refunds that it
-- may never have been asked for, and which intents have paid invoices of which nobody has told that. Ends payments that were never begun there, and forgets old events.
create function public.list_open_payments(query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
begin
  perform gateway.release_coupons(null, at);
  update gateway.payments set status = 'expired' where id in (
    select id from gateway.payments
      where kind <> 'auto' and status in ('created', 'processing') and session_id is null and intent_id is null
        and created_at < at - interval '1 day'
      order by created_at limit most for update skip locked);
  delete from gateway.stripe_events where id in (
    select id from gateway.stripe_events where received_at < at - interval '90 days'
    order by received_at limit 1000 for update skip locked);
  delete from gateway.stripe_links where intent_id in (
    select l.intent_id from gateway.stripe_links l
    where l.created_at < at - interval '90 days'
      and not exists (select from gateway.payments where invoice_id = l.invoice_id)
    order by l.created_at limit 1000 for update skip locked);
  return jsonb_build_object(
    'surplus', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from (
      select * from gateway.surplus_subscriptions(null) limit most) as s),
    'payments', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'session', session_id, 'intent', intent_id, 'livemode', livemode) order by created_at, id), '[]')
      from (
        select * from gateway.payments
        where status in ('created', 'processing') and (session_id is not null or intent_id is not null)
          and created_at < at - interval '5 minutes' and created_at > at - interval '30 days'
        order by created_at, id limit most) as open),
    'refunds', (
      select coalesce(jsonb_agg(gateway.refund_to_make(r) order by r.created_at, r.id), '[]')
      from (
        select * from gateway.reversals where status = 'requested' and created_at < at - interval '1 minute'
        order by created_at limit most) as r),
    -- Without the intent a refund or a dispute would not find what it takes back. What was paid otherwise than by an intent has none,
    -- so it is not asked about for ever.
    'unlinked', (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'invoice', invoice_id) order by settled_at, id), '[]')
      from (
        select * from gateway.payments
        where kind = 'invoice' and intent_id is null and paid > 0
          and settled_at < at - interval '5 minutes' and settled_at > at - interval '3 days'
        order by settled_at, id limit most) as unlinked),
    -- And refunds and disputes that did not find it.
    'orphans', (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'intent', intent_id) order by created_at, id), '[]')
      from (
        select * from gateway.reversals
        where payment_id is null and intent_id is not null
          and created_at < at - interval '5 minutes' and created_at > at - interval '3 days'
        order by created_at, id limit most) as orphans),
    'unmatched', (select count(*) from gateway.stripe_events
                  where outcome = 'unmatched' and received_at < at - interval '1 hour'),
    -- Events are asked for from here on: with an hour before, since they arrive in any order.
    'since', coalesce((select extract(epoch from max(created_at) - interval '1 hour')::bigint
                       from gateway.stripe_events where received_at > at - interval '30 days'),
                      extract(epoch from at - interval '1 day')::bigint));
end;
$$;

-- supabase/schemas/76_subscriptions.sql

-- Plans that are bought: what an account begins, changes and sees of its subscriptions.

-- A subscription as its account sees it.
create function gateway.subscription_view(subscription gateway.subscriptions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'subscription', 'id', subscription.id, 'plan', subscription.plan,
    'interval', case subscription.months when 1 then 'month' when 12 then 'year' end,
    'status', subscription.status, 'period_start', subscription.period_start, 'period_end', subscription.period_end,
    'next_plan', subscription.next_plan,
    'next_interval', case subscription.next_months when 1 then 'month' when 12 then 'year' end,
    'cancel_at', subscription.cancel_at, 'ended_at', subscription.ended_at, 'begun_at', subscription.begun_at)
$$;

-- The plan with this name, sold for so many months at once. Refuses when there is none.
create function gateway.plan_for_sale(wanted text, months text) returns gateway.plans
language plpgsql stable set search_path = ''
as $$
declare
  plan gateway.plans;
begin
  select * into plan from gateway.plans where id = wanted;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'param', 'plan', 'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans where price_per_month > 0))));
  end if;
  if (case months when '1' then plan.price_per_month > 0 when '12' then plan.price_per_year > 0 end) is not true then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'plan', 'message',
      format('%s is not sold by itself, or not for this interval; GET /subscription/plans lists what is.', plan.id))));
  end if;
  return plan;
end;
$$;

-- The session's subscription with this id; without one, the newest that has not ended. Refuses when there is none, or another's.
create function gateway.own_subscription(session gateway.session, target text) returns gateway.subscriptions
language plpgsql stable set search_path = ''
as $$
declare
  subscription gateway.subscriptions;
begin
  select * into subscription from gateway.subscriptions
    where account_id = session.account_id and case when target is null then ended_at is null and status <> 'incomplete' else id = target end
    order by begun_at desc, id desc limit 1;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found'));
  end if;
  return subscription;
end;
$$;

-- An account as Stripe is to know it.
create function gateway.customer_to_use(account gateway.accounts, livemode boolean) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'account_id', account.id, 'deployment', gateway.deployment_id(), 'email', account.email,
    'customer', (
      select id from gateway.stripe_customers c
      where c.account_id = account.id and c.livemode = customer_to_use.livemode and c.deleted_at is null
      order by c.created_at, c.id limit 1))
$$;

-- request: id (of what is asked of Stripe, a new one), plan, months, livemode, coupon (a code, or null). A repetition answers the
-- same. A code that is none is answered as `refused`, so that the attempt stays counted.
create function public.begin_subscription(caller jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  coupon gateway.coupons;
  account gateway.accounts;
  begun jsonb;
  at timestamptz;
begin
  perform gateway.require(request, 'id', 'plan', 'months', 'livemode');
  begun := gateway.claim_idempotency(session, idempotency, gateway.now());
  if begun is null then
    perform gateway.plan_for_sale(request ->> 'plan', request ->> 'months');
    perform gateway.limit_attempts('payment.account', session.account_id::text, 5, interval '1 hour');
    perform gateway.limit_attempts('payment.network', gateway.network_of(caller), 20, interval '1 hour');
    if request ->> 'coupon' is not null then
      coupon := gateway.known_coupon(caller, session, request ->> 'coupon');
      if coupon.id is null then
        return jsonb_build_object('refused', gateway.refusal(404, 'coupon_not_found', '{"param": "coupon"}'));
      end if;
    end if;
    select * into account from gateway.accounts where id = session.account_id for no key update;
    perform gateway.authenticate(caller, 'billing:write');
    at := gateway.now();
    if account.payments_blocked_at is not null then
      perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
    end if;
    if exists (select from gateway.subscriptions
               where account_id = account.id and ended_at is null and status not in ('incomplete', 'incomplete_expired')) then
      perform gateway.refuse(gateway.refusal(409, 'subscription_exists'));
    end if;
    begun := jsonb_build_object('id', request ->> 'id', 'expires_at', extract(epoch from at + interval '1 hour')::bigint);
    if coupon.id is not null then
      begun := begun || gateway.reserve_discount(account, coupon, at);
    end if;
    perform gateway.store_idempotent_answer(session, idempotency, begun);
  else
    select * into account from gateway.accounts where id = session.account_id;
  end if;
  return begun || gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
end;
$$;

-- Notes which customer at Stripe is the session's account. Answers the one to use: of two at once the first.
-- request: customer, livemode.
create function public.set_customer(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
begin
  perform gateway.require(request, 'customer', 'livemode');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.note_customer(account.id, request ->> 'customer', (request ->> 'livemode')::boolean, gateway.now());
  return gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
end;
$$;

-- The customer whose pages at Stripe the session may see. request: livemode.
create function public.get_customer(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  known jsonb;
begin
  perform gateway.require(request, 'livemode');
  select * into account from gateway.accounts where id = session.account_id;
  known := gateway.customer_to_use(account, (request ->> 'livemode')::boolean);
  if known ->> 'customer' is null then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found', jsonb_build_object(
      'message', 'This account has bought nothing yet: POST /subscription/checkout sells a plan.')));
  end if;
  return known;
end;
$$;

-- What is to be asked of Stripe for a change of the session's subscription: how (cancel, resume, upgrade, downgrade), and whether
-- anything is (pending). A dearer plan, or a longer interval, begins now; a smaller one, or a shorter, with the next period.
-- request: change (cancel, resume, change), subscription (null: the newest), and of a change plan and months.
create function public.begin_subscription_change(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  how text := request ->> 'change';
  months constant integer := (request ->> 'months')::integer;
  account gateway.accounts;
  subscription gateway.subscriptions;
  former gateway.plans;
  plan gateway.plans;
  pending boolean;
begin
  perform gateway.require(request, 'change');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  subscription := gateway.own_subscription(session, request ->> 'subscription');
  if subscription.ended_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'subscription_ended'));
  end if;
  if how = 'change' then
    perform gateway.require(request, 'plan', 'months');
    plan := gateway.plan_for_sale(request ->> 'plan', request ->> 'months');
    select * into former from gateway.plans where id = subscription.plan;
    if (plan.id, months) is not distinct from (subscription.plan, subscription.months) then
      -- It stays what it is: what was to come does not.
      how := 'resume';
      pending := subscription.next_plan is not null;
    elsif plan.price_per_month < former.price_per_month or months < subscription.months then
      how := 'downgrade';
      pending := subscription.cancel_at is not null
        or (plan.id, months) is distinct from (subscription.next_plan, subscription.next_months);
    else
      how := 'upgrade';
      pending := true;
      if account.payments_blocked_at is not null then
        perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
      end if;
    end if;
    if pending and how <> 'resume' and subscription.status not in ('active', 'trialing') then
      perform gateway.refuse(gateway.refusal(409, 'subscription_unpaid'));
    end if;
  elsif how = 'cancel' then
    pending := subscription.cancel_at is null;
  else
    pending := subscription.cancel_at is not null or subscription.next_plan is not null;
  end if;
  if how = 'upgrade' then
    -- Whoever has got hold of an account could try cards here as well.
    perform gateway.limit_attempts('plan.upgrade', account.id::text, 10, interval '1 hour');
  end if;
  if pending then
    perform gateway.audit(caller, session.account_id, session.key_id, 'subscription.' || how, account.id, subscription.id,
      jsonb_strip_nulls(jsonb_build_object('plan', plan.id, 'months', request -> 'months')));
  end if;
  return jsonb_build_object(
    'subscription', gateway.subscription_view(subscription), 'id', subscription.id, 'item', subscription.item, 'how', how,
    'pending', pending,
    -- The same attempt has the same name, whoever repeats it.
    'attempt', format('%s-%s-%s-%s-%s', subscription.id, extract(epoch from subscription.period_start)::bigint, request ->> 'plan',
                      request ->> 'months', subscription.changes));
end;
$$;

-- What Stripe answered to a change of the session's subscription: how that is now (seen, as in gateway.note_subscription), or that it
-- will not, so that the next attempt is another.
create function public.finish_subscription_change(caller jsonb, subscription text, seen jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('subscription', subscription), 'subscription');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.own_subscription(session, subscription);
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  if seen is null or seen = 'null' then
    update gateway.subscriptions set changes = changes + 1 where id = finish_subscription_change.subscription;
  elsif seen ->> 'subscription' is distinct from subscription then
    perform gateway.refuse(gateway.refusal(404, 'subscription_not_found'));
  else
    perform gateway.require(seen, 'status', 'observed_at', 'period_start', 'period_end', 'begun_at', 'customer', 'livemode');
    account := gateway.catch_up(account, at);
    perform gateway.note_subscription(account, seen, (seen ->> 'livemode')::boolean, at);
  end if;
  return gateway.subscription_view(gateway.own_subscription(session, subscription));
end;
$$;

-- supabase/schemas/77_auto_topup.sql

-- Auto top-up: what an account agrees to, and the attempts. A settle that leaves less than was agreed says so (topup_due), and
-- whoever hears of it begins an attempt here: in the database first, then at Stripe, under the payment's id as Idempotency-Key.

-- As its account sees it.
create function gateway.auto_topup_view(target uuid, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'auto_topup', 'state', coalesce(t.state, 'off'), 'reason', t.reason,
    'threshold', gateway.dollars(t.threshold), 'amount', gateway.dollars(gateway.of_cents(t.amount)),
    'charge', gateway.dollars(gateway.of_cents(t.amount + t.fee)),
    'monthly_cap', gateway.dollars(gateway.of_cents(t.monthly_cap)), 'daily_limit', t.daily_limit,
    'charged_this_month', gateway.dollars(gateway.of_cents((
      select coalesce(sum(amount), 0)::bigint from gateway.payments
      where account_id = target and kind = 'auto' and status in ('created', 'processing', 'succeeded')
        and created_at >= gateway.month_of(at)::timestamp at time zone 'utc'))),
    'card', case when t.payment_method is not null then jsonb_build_object('brand', t.card_brand, 'last4', t.card_last4) end,
    'paused_until', t.paused_until, 'consented_at', t.consented_at)
  from (select target) as asked left join gateway.auto_topups t on t.account_id = target
$$;

create function public.get_auto_topup(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  return jsonb_build_object(
    'auto_topup', gateway.auto_topup_view(session.account_id, gateway.now()),
    -- The page at which a card may have been left of which nobody has told yet.
    'page', (select setup_session from gateway.auto_topups where account_id = session.account_id and state = 'awaiting_card'));
end;
$$;

-- request: enabled; if it is: threshold (nano-dollars), amount and monthly_cap (cents), fee (basis points on top of the amount, which
-- stay as they were agreed to), daily_limit, livemode, new_card. Answers what is agreed now, and what Stripe is to be told if a card
-- must be left first.
create function public.set_auto_topup(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  enabled constant boolean := (request ->> 'enabled')::boolean;
  account gateway.accounts;
  topup gateway.auto_topups;
  fee_of_amount integer;
  at timestamptz;
begin
  perform gateway.require(request, 'enabled');
  if enabled then
    perform gateway.require(request, 'threshold', 'amount', 'monthly_cap', 'fee', 'daily_limit', 'livemode', 'new_card');
    -- At the page for a card, thieves try cards.
    perform gateway.limit_attempts('auto_topup.account', session.account_id::text, 10, interval '1 hour');
    perform gateway.limit_attempts('auto_topup.network', gateway.network_of(caller), 40, interval '1 hour');
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  if not enabled then
    perform gateway.stop_auto_topup(account.id, 'switched_off', at);
    perform gateway.audit(caller, session.account_id, session.key_id, 'auto_topup.off', account.id, null, '{}');
    return jsonb_build_object('auto_topup', gateway.auto_topup_view(account.id, at));
  end if;
  if account.payments_blocked_at is not null then
    perform gateway.refuse(gateway.refusal(403, 'payments_blocked'));
  end if;
  fee_of_amount := ceil((request ->> 'amount')::numeric * (request ->> 'fee')::integer / 10000);
  if (request ->> 'monthly_cap')::integer < (request ->> 'amount')::integer + fee_of_amount then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'monthly_cap', 'message', format(
      '`monthly_cap` is at least what one top-up is charged with: %s dollars.',
      gateway.dollars(gateway.of_cents((request ->> 'amount')::integer + fee_of_amount))))));
  end if;
  insert into gateway.auto_topups (account_id, changed_at) values (account.id, at) on conflict do nothing;
  update gateway.auto_topups set
    threshold = (request ->> 'threshold')::bigint, amount = (request ->> 'amount')::integer, fee = fee_of_amount,
    monthly_cap = (request ->> 'monthly_cap')::integer, daily_limit = (request ->> 'daily_limit')::integer,
    livemode = (request ->> 'livemode')::boolean, consented_at = at, failures = 0, setup_session = null
    where account_id = account.id
    returning * into topup;
  perform gateway.turn_auto_topup(account.id, case
    when (request ->> 'new_card')::boolean or topup.payment_method is null or not exists (
      select from gateway.stripe_customers
      where id = topup.customer_id and account_id = account.id and livemode = topup.livemode and deleted_at is null)
    then 'awaiting_card' else 'active' end, null, null, at);
  select * into topup from gateway.auto_topups where account_id = account.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'auto_topup.on', account.id, null, jsonb_build_object(
    'threshold', gateway.dollars(topup.threshold), 'amount', gateway.dollars(gateway.of_cents(topup.amount)),
    'fee', gateway.dollars(gateway.of_cents(topup.fee)), 'monthly_cap', gateway.dollars(gateway.of_cents(topup.monthly_cap)),
    'daily_limit', topup.daily_limit));
  return jsonb_build_object(
    'auto_topup', gateway.auto_topup_view(account.id, at), 'account_id', account.id,
    'due', topup.state = 'active' and account.balance - account.held < topup.threshold,
    'page', case topup.state when 'awaiting_card' then jsonb_build_object(
      'account_id', account.id, 'deployment', gateway.deployment_id(), 'email', account.email,
      'customer', (select id from gateway.stripe_customers
                   where account_id = account.id and livemode = topup.livemode and deleted_at is null
                   order by created_at, id limit 1)) end);
end;
$$;

-- Notes the page at which a card is to be left. seen: session, customer.
create function public.attach_auto_topup(caller jsonb, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  topup gateway.auto_topups;
  at timestamptz;
begin
  perform gateway.require(seen, 'session', 'customer');
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  update gateway.auto_topups set setup_session = seen ->> 'session' where account_id = account.id and state = 'awaiting_card'
    returning * into topup;
  if found then
    perform gateway.note_customer(account.id, seen ->> 'customer', topup.livemode, at);
  end if;
  return gateway.auto_topup_view(account.id, at);
end;
$$;

-- Until when no further attempt is to be made, by what was charged before; null if one may be made now.
create function gateway.next_auto_topup(topup gateway.auto_topups, at timestamptz) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  month constant timestamptz := gateway.month_of(at)::timestamp at time zone 'utc';
  made record;
begin
  select coalesce(sum(amount) filter (where created_at >= month), 0) as charged,
         count(*) filter (where created_at > at - interval '1 day') as today,
         min(created_at) filter (where created_at > at - interval '1 day') as first_today,
         max(settled_at) as settled_at
    into made
    from gateway.payments
    where account_id = topup.account_id and kind = 'auto' and status in ('created', 'processing', 'succeeded')
      and created_at >= least(month, at - interval '1 day');
  return case
    when made.charged + topup.amount + topup.fee > topup.monthly_cap
      then (gateway.month_of(at) + interval '1 month') at time zone 'utc'
    when made.today >= topup.daily_limit then made.first_today + interval '1 day'
    when made.settled_at > at - interval '1 minute' then made.settled_at + interval '1 minute' end;
end;
$$;

-- An attempt with what Stripe is to be told.
create function gateway.auto_topup_to_make(payment gateway.payments, topup gateway.auto_topups) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'id', payment.id, 'account_id', payment.account_id, 'deployment', gateway.deployment_id(), 'amount', payment.amount,
    'credits', gateway.dollars(payment.credits), 'customer', topup.customer_id, 'method', topup.payment_method,
    'created', extract(epoch from payment.created_at)::bigint)
$$;

-- Begins an attempt for an account, or answers null: it is off, it is paused, there is credit enough by now, one is open, what was
-- agreed is used up. request: id (the payment's, a new one), livemode, taxed (tax comes on top of what is sold: a charge without its
-- customer cannot know how much, so it is turned off). Then the account's settles need not ask again before
-- topup_after. One whose outcome is unknown is handed out once more after a minute: under its key Stripe makes it once.
create function public.begin_auto_topup(target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  account gateway.accounts;
  topup gateway.auto_topups;
  open gateway.payments;
  next timestamptz;
  at timestamptz;
begin
  perform gateway.require(request || jsonb_build_object('target', target), 'target', 'id', 'livemode');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = target for no key update;
  at := gateway.now();
  if account.topup_below is null or at < account.topup_after then
    return null;
  end if;
  account := gateway.catch_up(account, at);
  select * into topup from gateway.auto_topups where account_id = target;
  if (request ->> 'taxed')::boolean then
    perform gateway.stop_auto_topup(target, 'tax_needs_checkout', at);
    return null;
  end if;
  if account.balance - account.held >= account.topup_below then
    return null;
  end if;
  select * into open from gateway.payments where account_id = target and kind = 'auto' and status in ('created', 'processing');
  if open.id is not null then
    next := at + interval '1 minute';
    if open.intent_id is not null or open.created_at < at - interval '23 hours'
      or open.livemode <> (request ->> 'livemode')::boolean then
      open := null;
    end if;
  elsif account.disabled_at is not null or account.payments_blocked_at is not null
    or topup.livemode <> (request ->> 'livemode')::boolean then
    next := at + interval '1 hour';
  else
    next := gateway.next_auto_topup(topup, at);
    if next is null then
      next := at + interval '1 minute';
      if topup.state = 'paused' then
        perform gateway.turn_auto_topup(target, 'active', null, null, at);
      end if;
      insert into gateway.payments (id, account_id, kind, status, amount, fee, credits, livemode, created_at, expires_at)
        values ((request ->> 'id')::uuid, target, 'auto', 'processing', topup.amount + topup.fee, topup.fee,
                gateway.of_cents(topup.amount), topup.livemode, at, at + interval '1 day')
        returning * into open;
    end if;
  end if;
  update gateway.accounts set topup_after = next where id = target;
  return case when open.id is not null then gateway.auto_topup_to_make(open, topup) end;
end;
$$;

-- What Stripe answered to an attempt. seen: as in gateway.settle_payment, with advice.
create function public.settle_auto_topup(target uuid, seen jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  payment gateway.payments;
  account gateway.accounts;
  settled record;
  at timestamptz;
begin
  perform gateway.require(seen || jsonb_build_object('target', target), 'target', 'status', 'livemode');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(seen ->> 'intent');
  select * into payment from gateway.payments where id = target and kind = 'auto';
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  if not found then
    return null;
  end if;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  settled := gateway.settle_payment(account, target, seen, at);
  return jsonb_build_object('outcome', settled.outcome, 'alert', settled.alert);
end;
$$;

-- For the cron job: attempts whose outcome is unknown (wanted: whether one that Stripe knows nothing of is to be made), and accounts
-- for which one is due although no call of theirs says so. query: limit.
create function public.list_auto_topups(query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'open', (
      select coalesce(jsonb_agg(jsonb_build_object('made', open.made, 'wanted', open.wanted)), '[]')
      from (
        select gateway.auto_topup_to_make(p, t) as made,
               t.state in ('active', 'paused') and a.payments_blocked_at is null and a.disabled_at is null
                 and p.created_at > at - interval '23 hours' as wanted
        from gateway.payments p
          join gateway.auto_topups t on t.account_id = p.account_id join gateway.accounts a on a.id = p.account_id
        where p.kind = 'auto' and p.status in ('created', 'processing') and p.created_at < at - interval '1 minute'
        order by p.created_at, p.id limit most) as open),
    'due', (
      select coalesce(jsonb_agg(due.id), '[]')
      from (
        select a.id from gateway.auto_topups t join gateway.accounts a on a.id = t.account_id
        where t.state in ('active', 'paused') and a.balance - a.held < a.topup_below and coalesce(a.topup_after <= at, true)
          and a.disabled_at is null and a.payments_blocked_at is null
        order by a.topup_after nulls first, a.id limit most) as due));
end;
$$;

-- supabase/schemas/77_plans.sql

-- What plans there are, and what an account has of its own.

-- Every limit of a plan, with what an operator set in its place.
create function gateway.plan_limits(plan gateway.plans, of_account jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_object_agg(name, coalesce((of_account ->> name)::bigint, (to_jsonb(plan) ->> name)::bigint))
  from unnest(gateway.limit_names() || gateway.month_limit_names()) as name
$$;

-- A plan as everybody sees it.
create function gateway.plan_view(plan gateway.plans) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'plan', 'id', plan.id, 'name', plan.name, 'currency', 'usd',
    'price_per_month', gateway.dollars(plan.price_per_month), 'price_per_year', gateway.dollars(plan.price_per_year),
    'credits_per_month', gateway.dollars(plan.credits_per_month), 'limits', gateway.plan_limits(plan, '{}'))
$$;

-- Few, so all of them at once, the cheapest first. query: sold (only those that can be subscribed to).
create function public.list_plans(query jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select gateway.page(jsonb_agg(gateway.plan_view(plans) order by price_per_month, requests_per_minute, id), null)
  from gateway.plans where coalesce(query ->> 'sold', 'false') = 'false' or price_per_month > 0
$$;

create function public.get_plan(plan text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  known gateway.plans;
begin
  select * into known from gateway.plans where id = plan;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  return gateway.plan_view(known);
end;
$$;

-- Which plan is in force, why, until when, and what is bought.
create function public.get_account_plan(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
  plan gateway.plans;
  source text;
begin
  select * into account from gateway.accounts where id = session.account_id;
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  source := case
    when account.plan is not null and coalesce(account.plan_ends_at > at, true) then 'administrator'
    when account.subscription_ends_at > at then 'subscription'
    when gateway.trial_runs(account, at) then 'trial'
    when account.has_purchased then 'purchase'
    else 'none' end;
  return jsonb_build_object(
    'object', 'account_plan', 'plan', gateway.plan_view(plan), 'source', source,
    'ends_at', case source
      when 'administrator' then account.plan_ends_at when 'subscription' then account.subscription_ends_at
      when 'trial' then account.trial_ends_at end,
    'subscription', (
      select gateway.subscription_view(s) from gateway.subscriptions s
      where s.account_id = account.id and s.status not in ('incomplete', 'incomplete_expired')
      order by s.ended_at is null desc, s.begun_at desc, s.id desc limit 1),
    'next_credits', (
      select jsonb_build_object('amount', gateway.dollars((i.amount - i.voided)), 'at', i.due_at) from gateway.instalments i
      where i.account_id = account.id and i.state = 'due' order by i.due_at, i.payment_id, i.line, i.nth limit 1));
end;
$$;

-- What is used of the plan: this month's requests and tokens, and the credit that came with it.
create function public.get_plan_usage(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
  plan gateway.plans;
  limits jsonb;
begin
  select * into account from gateway.accounts where id = session.account_id;
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  limits := gateway.plan_limits(plan, account.rate_limits);
  -- A month that has passed counts nothing.
  if not gateway.is_in_month(account, at) then
    account.month_requests := 0;
    account.month_tokens := 0;
  end if;
  return jsonb_build_object(
    'object', 'plan_usage', 'plan', plan.id,
    'requests', jsonb_build_object(
      'limit', limits -> 'requests_per_month', 'used', account.month_requests,
      'remaining', greatest((limits ->> 'requests_per_month')::bigint - account.month_requests, 0)),
    'tokens', jsonb_build_object(
      'limit', limits -> 'tokens_per_month', 'used', account.month_tokens,
      'remaining', greatest((limits ->> 'tokens_per_month')::bigint - account.month_tokens, 0)),
    'resets_at', gateway.period_end('month', at),
    'credits', (
      select jsonb_build_object(
        'granted', gateway.dollars(coalesce(sum(amount), 0)::bigint),
        'used', gateway.dollars(coalesce(sum(amount - remaining), 0)::bigint),
        'remaining', gateway.dollars(coalesce(sum(remaining), 0)::bigint), 'expires_at', min(expires_at))
      from gateway.credit_grants
      where account_id = account.id and source = 'subscription' and expires_at > at));
end;
$$;

-- What the account may: every limit in force, and the plan's credit.
create function public.get_plan_entitlements(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at constant timestamptz := gateway.now();
  plan gateway.plans;
begin
  select * into account from gateway.accounts where id = session.account_id;
  select * into plan from gateway.plans where id = gateway.plan_in_force(account, at);
  return jsonb_build_object(
    'object', 'plan_entitlements', 'plan', plan.id, 'credits_per_month', gateway.dollars(plan.credits_per_month),
    'limits', gateway.plan_limits(plan, account.rate_limits),
    'permissions', (
      select to_jsonb(permissions) from gateway.roles where name = account.role));
end;
$$;

-- supabase/schemas/78_coupons.sql

-- Coupons as whoever has one sees them.

-- What a coupon gives, without what is the operator's.
create function gateway.coupon_offer(coupon gateway.coupons) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'code', coupon.code, 'kind', coupon.kind, 'amount', gateway.dollars(coupon.amount),
    'percent', trim_scale(coupon.basis_points * 0.01), 'max_bonus', gateway.dollars(coupon.max_bonus),
    'min_purchase', gateway.dollars(coupon.min_purchase), 'first_purchase_only', coupon.first_purchase_only,
    'grant_days', coupon.grant_days, 'valid_until', coupon.valid_until)
$$;

create function gateway.redemption_view(redemption gateway.coupon_redemptions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'coupon_redemption', 'id', redemption.id, 'code', coupons.code, 'kind', coupons.kind,
    'state', redemption.state, 'credits', gateway.dollars(redemption.value), 'payment_id', redemption.payment_id,
    'created_at', redemption.created_at)
  from gateway.coupons where id = redemption.coupon_id
$$;

-- Gives the credit of a coupon. A code that is not known is refused as a value, so that the try is counted.
create function public.redeem_coupon(caller jsonb, code text, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  coupon gateway.coupons;
  account gateway.accounts;
  used gateway.coupon_redemptions;
  granted record;
  answer jsonb;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  answer := gateway.claim_idempotency(session, idempotency, gateway.now());
  if answer is not null then
    return answer;
  end if;
  coupon := gateway.known_coupon(caller, session, code);
  if coupon.id is null then
    return jsonb_build_object('refused', gateway.refusal(404, 'coupon_not_found'));
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  account := gateway.catch_up(account, at);
  if coupon.kind <> 'credit' then
    perform gateway.refuse(gateway.refusal(409, 'coupon_not_applicable', jsonb_build_object('message', case coupon.kind
      when 'bonus' then 'This coupon is for a purchase of credit: name it as its `coupon`.'
      else 'This coupon is for a plan: name it in POST /subscription/checkout.' end)));
  end if;
  perform gateway.refuse_excess(account.balance, coupon.amount, 'code');
  used := gateway.take_coupon(account, coupon.id, coupon.amount, 'redeemed', null, null, at);
  granted := gateway.grant_credit(
    account, 'coupon', coupon.amount, at + make_interval(days => coupon.grant_days), 'coupon ' || coupon.code, at);
  account := granted.account;
  update gateway.coupon_redemptions set grant_id = granted.grant_id where id = used.id returning * into used;
  answer := gateway.redemption_view(used) || jsonb_build_object(
    'expires_at', at + make_interval(days => coupon.grant_days), 'balance', gateway.dollars(account.balance));
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

-- What the caller may use now: coupons of its own, and those that everybody is shown. Few, so all of them at once.
create function public.list_available_coupons(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  at timestamptz := gateway.now();
begin
  return gateway.page((
    select jsonb_agg('{"object": "coupon_offer"}' || gateway.coupon_offer(c) order by created_at desc, id desc) from (
      select * from gateway.coupons c
      where (account_id = session.account_id or listed and account_id is null)
        and active and deleted_at is null and coalesce(valid_from <= at, true) and coalesce(valid_until > at, true)
        and coalesce(redemptions < max_redemptions, true)
        and not (first_purchase_only and exists (
          select from gateway.payments where payments.account_id = session.account_id and status = 'succeeded'))
        and per_account > (select count(*) from gateway.coupon_redemptions r
                           where r.coupon_id = c.id and r.account_id = session.account_id and r.state <> 'released')
      order by created_at desc, id desc limit 100) as c), null);
end;
$$;

-- query: limit, cursor {at, id}. Newest first.
create function public.list_coupon_history(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select coupon_redemptions as redemption, created_at, id from gateway.coupon_redemptions
    where account_id = session.account_id
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.redemption_view(redemption) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- supabase/schemas/78_stripe_tasks.sql

-- What Stripe is still to be told, the oldest first; whoever takes one has five minutes for it, and more each time. account: only
-- those of this one, or null.
create function public.claim_stripe_tasks(query jsonb, account uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with taken as (
    update gateway.stripe_tasks set attempts = attempts + 1, due_at = at + least(attempts + 1, 12) * interval '5 minutes'
      where id in (
        select id from gateway.stripe_tasks
        where done_at is null and due_at <= at and (account is null or account_id = account)
        order by due_at, id limit most for update skip locked)
      returning id, kind, object_id, attempts)
  select coalesce(jsonb_agg(to_jsonb(taken) order by id), '[]') into answer from taken;
  return answer;
end;
$$;

-- outcome: done, or Stripe's code.
create function public.finish_stripe_task(task bigint, outcome text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(jsonb_build_object('task', task, 'outcome', outcome), 'task', 'outcome');
  update gateway.stripe_tasks set done_at = gateway.now(), outcome = finish_stripe_task.outcome
    where id = task and done_at is null;
  return jsonb_build_object('finished', found);
end;
$$;

-- supabase/schemas/78_trials.sql

-- The trial of an account, as it sees and begins it; and what all trials came to.

-- What a trial is to its account: had or not, and whether it may be begun.
create function gateway.trial_status(account gateway.accounts, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'trial',
    'status', case
      when account.trial_ends_at > at then 'active'
      when account.trial_ends_at is not null then 'ended'
      when gateway.has_had_trial(account.id, '[]') then 'used'
      when exists (select from gateway.identities where account_id = account.id) then 'available'
      else 'unproven' end,
    'begun_at', t.begun_at, 'ends_at', account.trial_ends_at,
    'requests_left', case when account.trial_ends_at > at then account.trial_requests_left end,
    'credits', gateway.dollars(g.amount), 'credits_left', gateway.dollars(case when account.trial_ends_at > at then g.remaining end),
    'converted_at', t.converted_at)
  from (select) as one
  left join gateway.trials t on t.account_id = account.id
  left join gateway.credit_grants g on g.id = t.grant_id
$$;

create function public.get_trial(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = session.account_id;
  return gateway.trial_status(account, gateway.now());
end;
$$;

-- Begins the trial of an account that came without one, such as one that an administrator made: once a person, so everything that
-- the account's person has proven is claimed, in the same turns that signing in takes.
create function public.start_trial(caller jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  proofs jsonb;
  earlier jsonb;
  trial record;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    return earlier;
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  account := gateway.catch_up(account, at);
  select jsonb_agg(jsonb_build_object('kind', kind, 'value', value)) into proofs
    from gateway.identities where account_id = account.id;
  if proofs is null then
    perform gateway.refuse(gateway.refusal(403, 'identity_required'));
  end if;
  if account.trial_ends_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'trial_used'));
  end if;
  trial := gateway.begin_trial(account, proofs, at);
  -- Who was refused leaves no claim behind: an exception undoes it.
  if trial.refused is not null then
    perform gateway.refuse(gateway.refusal(409, trial.refused));
  end if;
  account := trial.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'trial.start', account.id, null, '{}');
  earlier := gateway.trial_status(account, at);
  perform gateway.store_idempotent_answer(session, idempotency, earlier);
  return earlier;
end;
$$;

-- What trials that were begun in a time came to. query: from, to (null: until now).
create function public.get_trial_analytics(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:trials');
  at constant timestamptz := gateway.now();
  until constant timestamptz := coalesce((query ->> 'to')::timestamptz, at);
  since constant timestamptz := coalesce((query ->> 'from')::timestamptz, until - interval '30 days');
  answer jsonb;
begin
  with trials as (
    select t.*, a.trial_ends_at > at as is_active, a.trial_requests_left, g.amount, g.remaining,
      -- What a trial's end took of it was not used.
      g.amount - g.remaining + coalesce((
        select sum(x.amount) from gateway.credit_transactions x
        where x.account_id = t.account_id and x.type = 'expiry' and x.grant_id = t.grant_id), 0) as used
    from gateway.trials t join gateway.accounts a on a.id = t.account_id join gateway.credit_grants g on g.id = t.grant_id
    where t.begun_at >= since and t.begun_at < until
  )
  select jsonb_build_object(
    'object', 'trial_analytics', 'from', since, 'to', until,
    'begun', count(*), 'active', count(*) filter (where is_active),
    'ended', count(*) filter (where not is_active),
    'unused', count(*) filter (where used = 0),
    'converted', count(converted_at),
    'converted_by_purchase', count(*) filter (where converted_by = 'purchase'),
    'converted_by_subscription', count(*) filter (where converted_by = 'subscription'),
    'conversion_rate', case when count(*) > 0 then round(count(converted_at)::numeric / count(*), 4) else 0 end,
    'median_hours_to_convert', round((percentile_cont(0.5) within group (
      order by extract(epoch from converted_at - begun_at) / 3600) filter (where converted_at is not null))::numeric, 1),
    'credits_granted', gateway.dollars(coalesce(sum(amount), 0)::bigint),
    'credits_used', gateway.dollars(coalesce(sum(used), 0)::bigint))
  into answer from trials;
  return answer;
end;
$$;

-- supabase/schemas/79_admin_coupons.sql

-- Coupons and promotions as administrators make and watch them.

create function gateway.coupon_view(coupon gateway.coupons) returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.coupon_offer(coupon) || jsonb_build_object(
    'object', 'coupon', 'id', coupon.id, 'account_id', coupon.account_id, 'max_redemptions', coupon.max_redemptions,
    'redemptions', coupon.redemptions, 'per_account', coupon.per_account, 'promotion', coupon.promotion,
    'listed', coupon.listed, 'valid_from', coupon.valid_from, 'stripe_coupon_id', coupon.stripe_coupon_id,
    'batch', coupon.batch, 'active', coupon.active, 'created_at', coupon.created_at)
$$;

create function gateway.promotion_view(promotion gateway.promotions, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'promotion', 'id', promotion.id, 'budget', gateway.dollars(promotion.budget), 'per_day', promotion.per_day,
    'spent', gateway.dollars(gateway.spent_of(promotion, at)),
    'active', promotion.active, 'created_at', promotion.created_at)
$$;

-- The coupon that an administrator names; refuses when there is none.
create function gateway.find_coupon(coupon_id uuid) returns gateway.coupons
language plpgsql stable set search_path = ''
as $$
declare
  coupon gateway.coupons;
begin
  select * into coupon from gateway.coupons where id = coupon_id and deleted_at is null;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'coupon_not_found'));
  end if;
  return coupon;
end;
$$;

-- Makes a coupon for each of these codes. request: kind, amount and max_bonus and min_purchase (nano-dollars), basis_points,
-- account_id, max_redemptions, per_account, promotion, first_purchase_only, listed, valid_from, valid_until, grant_days,
-- stripe_coupon_id. Of several made at once each can be used once.
create function public.create_coupons(caller jsonb, codes jsonb, request jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  at timestamptz := gateway.now();
  count constant integer := jsonb_array_length(codes);
  batch constant uuid := case when count > 1 then gen_random_uuid() end;
  made jsonb;
  answer jsonb;
begin
  perform gateway.require(request, 'kind');
  perform gateway.require(jsonb_build_object('codes', nullif(count, 0)), 'codes');
  answer := gateway.claim_idempotency(session, idempotency, at);
  if answer is not null then
    return answer;
  end if;
  if request ->> 'account_id' is not null and not exists (
      select from gateway.accounts where id = (request ->> 'account_id')::uuid and deleted_at is null) then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  if request ->> 'promotion' is not null and not exists (
      select from gateway.promotions where id = request ->> 'promotion') then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      '{"param": "promotion", "message": "There is no such promotion; PUT /admin/promotions/{id} makes one."}'));
  end if;
  with inserted as (
    insert into gateway.coupons (
        id, code, kind, amount, basis_points, max_bonus, min_purchase, account_id, max_redemptions, per_account, promotion,
        first_purchase_only, listed, valid_from, valid_until, grant_days, stripe_coupon_id, batch, created_at)
      select gen_random_uuid(), upper(code), request ->> 'kind', (request ->> 'amount')::bigint,
             (request ->> 'basis_points')::integer, (request ->> 'max_bonus')::bigint,
             coalesce((request ->> 'min_purchase')::bigint, 0), (request ->> 'account_id')::uuid,
             case when count > 1 then 1 else (request ->> 'max_redemptions')::integer end,
             coalesce((request ->> 'per_account')::integer, 1), request ->> 'promotion',
             coalesce((request ->> 'first_purchase_only')::boolean, false), coalesce((request ->> 'listed')::boolean, false),
             (request ->> 'valid_from')::timestamptz, (request ->> 'valid_until')::timestamptz,
             coalesce((request ->> 'grant_days')::integer, 90), request ->> 'stripe_coupon_id', batch, at
        from jsonb_array_elements_text(codes) as code
      on conflict (code) do nothing
      returning coupons.*)
  select jsonb_agg(gateway.coupon_view(i::gateway.coupons) order by code) into made from inserted i;
  if coalesce(jsonb_array_length(made), 0) < count then
    perform gateway.refuse(gateway.refusal(409, 'coupon_exists', '{"param": "code"}'));
  end if;
  -- Not the code: the trail is read by more than may give credit.
  perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.create', (request ->> 'account_id')::uuid,
    coalesce(batch::text, made -> 0 ->> 'id'), jsonb_build_object('count', count, 'after', (made -> 0) - 'code'));
  answer := jsonb_build_object('coupons', made);
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

-- query: kind, active, code, batch, promotion, account_id, limit, cursor {at, id}. Newest first.
create function public.list_coupons(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select coupons as coupon, created_at, id from gateway.coupons
    where deleted_at is null
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
      and (query ->> 'kind' is null or kind = query ->> 'kind')
      and (query ->> 'active' is null or active = (query ->> 'active')::boolean)
      and (query ->> 'code' is null or code = upper(query ->> 'code'))
      and (query ->> 'batch' is null or batch = (query ->> 'batch')::uuid)
      and (query ->> 'promotion' is null or promotion = query ->> 'promotion')
      and (query ->> 'account_id' is null or account_id = (query ->> 'account_id')::uuid)
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.coupon_view(coupon) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

create function public.get_coupon(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
begin
  return gateway.coupon_view(gateway.find_coupon(coupon_id));
end;
$$;

-- request: active, listed, max_redemptions, per_account, valid_from, valid_until. What is not named stays. What it gives does not
-- change: it was promised.
create function public.change_coupon(caller jsonb, coupon_id uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  former gateway.coupons;
  coupon gateway.coupons;
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  former := gateway.find_coupon(coupon_id);
  select * into former from gateway.coupons where id = former.id for no key update;
  coupon := jsonb_populate_record(former, request);
  if coupon.max_redemptions < former.redemptions then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'max_redemptions',
      'message', format('The coupon has %s uses already.', former.redemptions))));
  end if;
  if coupon is distinct from former then
    update gateway.coupons set
      active = coalesce(coupon.active, former.active), listed = coalesce(coupon.listed, former.listed),
      max_redemptions = coupon.max_redemptions, per_account = coalesce(coupon.per_account, former.per_account),
      valid_from = coupon.valid_from, valid_until = coupon.valid_until
      where id = former.id returning * into coupon;
    perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.update', coupon.account_id, coupon.id::text,
      jsonb_build_object('before', gateway.coupon_view(former) - 'code', 'after', gateway.coupon_view(coupon) - 'code'));
  end if;
  return gateway.coupon_view(coupon);
end;
$$;

-- Nobody can use it any more; what was used stays. Its code stays taken.
create function public.delete_coupon(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  coupon gateway.coupons;
begin
  update gateway.coupons set deleted_at = gateway.now(), active = false where id = coupon_id and deleted_at is null
    returning * into coupon;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'coupon_not_found'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'coupon.delete', coupon.account_id, coupon.id::text,
    jsonb_build_object('before', gateway.coupon_view(coupon) - 'code'));
  return jsonb_build_object('object', 'coupon', 'id', coupon.id, 'deleted', true);
end;
$$;

-- What a coupon has brought: its uses, what they gave, and what was paid with them.
create function public.get_coupon_analytics(caller jsonb, coupon_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  coupon gateway.coupons := gateway.find_coupon(coupon_id);
  at timestamptz := gateway.now();
begin
  return (
    select jsonb_build_object(
      'object', 'coupon_analytics', 'coupon', gateway.coupon_view(coupon),
      'reserved', count(*) filter (where r.state = 'reserved'), 'redeemed', count(*) filter (where r.state = 'redeemed'),
      'released', count(*) filter (where r.state = 'released'),
      'accounts', count(distinct r.account_id) filter (where r.state = 'redeemed'),
      'credits', gateway.dollars(coalesce(sum(r.value) filter (where r.state = 'redeemed'), 0)::bigint),
      'paid', gateway.dollars(gateway.of_cents(coalesce(sum(p.paid) filter (where r.state = 'redeemed'), 0)::bigint)),
      'taken_back', gateway.dollars(coalesce(sum(p.taken_back) filter (where r.state = 'redeemed'), 0)::bigint),
      'first_redeemed_at', min(r.ended_at) filter (where r.state = 'redeemed'),
      'last_redeemed_at', max(r.ended_at) filter (where r.state = 'redeemed'),
      'days', (
        select coalesce(jsonb_agg(jsonb_build_object('date', day, 'redeemed', uses) order by day), '[]') from (
          select (ended_at at time zone 'utc')::date as day, count(*) as uses from gateway.coupon_redemptions
          where coupon_redemptions.coupon_id = coupon.id and state = 'redeemed' and ended_at > at - interval '30 days'
          group by 1) as days))
    from gateway.coupon_redemptions r left join gateway.payments p on p.id = r.payment_id
    where r.coupon_id = coupon.id);
end;
$$;

-- All coupons together, by kind, and the promotions.
create function public.get_coupon_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'object', 'coupon_stats',
    'kinds', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'kind', kinds.kind, 'coupons', c.coupons, 'active', c.active, 'reserved', r.reserved, 'redeemed', r.redeemed,
        'credits', gateway.dollars(r.credits)) order by kinds.kind), '[]')
      from unnest(array['bonus', 'credit', 'discount']) as kinds (kind),
      lateral (
        select count(*) as coupons, count(*) filter (where active and coalesce(valid_until > at, true)) as active
        from gateway.coupons where kind = kinds.kind and deleted_at is null) as c,
      lateral (
        select count(*) filter (where state = 'reserved') as reserved, count(*) filter (where state = 'redeemed') as redeemed,
               coalesce(sum(value) filter (where state = 'redeemed'), 0)::bigint as credits
        from gateway.coupon_redemptions join gateway.coupons on coupons.id = coupon_id where kind = kinds.kind) as r),
    'promotions', (
      select coalesce(jsonb_agg(gateway.promotion_view(p, at) order by id), '[]')
      from (select * from gateway.promotions order by id limit 100) p));
end;
$$;

-- query: limit, cursor (the id at which the page before ended).
create function public.list_promotions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with found as (
    select promotions as promotion, id from gateway.promotions
      where query ->> 'cursor' is null or id > query ->> 'cursor' order by id limit most + 1
  ),
  page as (select * from found order by id limit most)
  select gateway.page(
    (select jsonb_agg(gateway.promotion_view(promotion, at) order by id) from page),
    case when (select count(*) from found) > most then (select max(id) from page) end)
  into answer;
  return answer;
end;
$$;

-- request: budget (nano-dollars; null: none), per_day, active. Makes the promotion, or changes it: its budget is never below what
-- is spent.
create function public.set_promotion(caller jsonb, promotion text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  wanted constant bigint := (request ->> 'budget')::bigint;
  at timestamptz;
  former gateway.promotions;
  promoted gateway.promotions;
begin
  perform gateway.require(jsonb_build_object('promotion', promotion, 'request', request), 'promotion', 'request');
  insert into gateway.promotions (id, created_at) values (promotion, gateway.now()) on conflict (id) do nothing;
  select * into former from gateway.promotions where id = promotion for no key update;
  at := gateway.now();
  if wanted < gateway.spent_of(former, at) then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'budget',
      'message', format('%s dollars of it are spent already.', gateway.dollars(gateway.spent_of(former, at))))));
  end if;
  update gateway.promotions set
    budget = wanted, per_day = coalesce((request ->> 'per_day')::boolean, former.per_day),
    active = coalesce((request ->> 'active')::boolean, former.active), spent = gateway.spent_of(former, at),
    day = case when not former.per_day then coalesce(day, (at at time zone 'utc')::date) else (at at time zone 'utc')::date end
    where id = promotion returning * into promoted;
  perform gateway.audit(caller, session.account_id, session.key_id, 'promotion.set', null, promotion, jsonb_build_object(
    'before', gateway.promotion_view(former, at), 'after', gateway.promotion_view(promoted, at)));
  return gateway.promotion_view(promoted, at);
end;
$$;

-- supabase/schemas/79_warnings.sql

-- What is done when Stripe warns of a payment, or says more of its refunds than has been told.

-- Begins the refund of all that is left of a payment which its bank holds to be fraud: cheaper than the dispute that would follow.
-- What was spent of it is debt. Null where nothing is to be refunded. warning: id (the refund's, always the same of one warning),
-- intent, charge.
create function public.begin_warned_refund(warning jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  payment gateway.payments;
  account gateway.accounts;
  refund gateway.reversals;
  placed record;
  rest bigint;
  at timestamptz;
begin
  perform gateway.require(warning, 'id');
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  perform gateway.take_turns_at_intent(warning ->> 'intent');
  payment := gateway.find_payment(warning);
  select * into account from gateway.accounts where id = payment.account_id for no key update;
  if not found then
    return null;
  end if;
  select * into refund from gateway.reversals where request_id = (warning ->> 'id')::uuid;
  if found then
    return gateway.refund_to_make(refund);
  end if;
  at := gateway.now();
  select * into payment from gateway.payments where id = payment.id;
  rest := payment.paid - gateway.reversed_cents(payment.id);
  if payment.status <> 'succeeded' or rest <= 0
    or exists (select from gateway.reversals where payment_id = payment.id and kind = 'dispute' and counts) then
    return null;
  end if;
  account := gateway.catch_up(account, at);
  placed := gateway.place_refund(account, payment, (warning ->> 'id')::uuid, rest, 'fraudulent', true, at);
  perform gateway.audit('{}', null, null, 'payment.refund', account.id, payment.id::text, jsonb_build_object(
    'refund', warning ->> 'id', 'amount', gateway.dollars(gateway.of_cents(rest)), 'reason', 'fraudulent'));
  return gateway.refund_to_make(placed.refund);
end;
$$;

-- Whether Stripe has refunded more of a charge than has been told of: seen: intent, charge, refunded (cents, all of them together).
create function public.misses_refunds(seen jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  payment gateway.payments;
begin
  perform gateway.require(seen, 'refunded');
  payment := gateway.find_payment(seen);
  return to_jsonb(payment.id is not null and (seen ->> 'refunded')::bigint > (
    select coalesce(sum(amount), 0) from gateway.reversals where payment_id = payment.id and kind = 'refund' and counts));
end;
$$;

-- supabase/schemas/80_referrals.sql

-- Referrals as whoever recommends, or was recommended, sees them; and as administrators do.

create function gateway.referral_view(referral gateway.referrals, for_admin boolean) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'referral', 'id', referral.id,
    'state', case referral.state when 'reversing' then 'reversed' else referral.state end,
    'reward', gateway.dollars(case when referral.state in ('qualified', 'paid') then gateway.referral_reward() else 0 end),
    'due_at', referral.due_at, 'created_at', referral.created_at)
    || case when for_admin then jsonb_build_object(
      'referrer_id', referral.referrer_id, 'referred_id', referral.referred_id, 'payment_id', referral.payment_id,
      'reason', referral.reason) else '{}' end
$$;

-- The caller's code, which becomes `code` if it has none yet.
create function public.make_referral_code(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  known text;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  select c.code into known from gateway.referral_codes c where account_id = session.account_id;
  if known is null then
    insert into gateway.referral_codes (account_id, code, created_at)
      values (session.account_id, upper(make_referral_code.code), gateway.now())
      on conflict (account_id) do nothing;
    select c.code into known from gateway.referral_codes c where account_id = session.account_id;
  end if;
  return jsonb_build_object('object', 'referral_code', 'code', known, 'reward', gateway.dollars(gateway.referral_reward()),
                            'min_purchase', gateway.dollars(gateway.referral_reward()));
end;
$$;

-- Whether a code is somebody else's who could have recommended the caller.
create function public.validate_referral(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  perform gateway.limit_attempts('referral.network', gateway.network_of(caller), 30, interval '1 hour');
  return jsonb_build_object('object', 'referral_validation', 'code', upper(btrim(code)), 'valid', exists (
    select from gateway.referral_codes c join gateway.accounts a on a.id = c.account_id
    where c.code = upper(btrim(validate_referral.code)) and a.disabled_at is null and a.id <> session.account_id));
end;
$$;

-- Says who recommended the caller, once, before its first purchase.
create function public.apply_referral(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  referral gateway.referrals;
  refused text;
begin
  perform gateway.require(jsonb_build_object('code', code), 'code');
  perform gateway.limit_attempts('referral.account', session.account_id::text, 10, interval '1 hour');
  -- Both, in the order of ids: two that name each other at once take turns.
  perform from gateway.accounts where id = session.account_id
      or id = (select account_id from gateway.referral_codes c where c.code = upper(btrim(apply_referral.code)))
    order by id for no key update;
  select * into account from gateway.accounts where id = session.account_id;
  refused := gateway.note_referral(account, code, caller, gateway.now());
  if refused = 'unknown' then
    perform gateway.refuse(gateway.refusal(404, 'referral_code_not_found'));
  elsif refused is not null then
    perform gateway.refuse(gateway.refusal(409, 'referral_not_applicable', jsonb_build_object('message', case refused
      when 'own' then 'This is your own code.'
      when 'taken' then 'Somebody else is known to have recommended this account.'
      when 'late' then 'A code counts before an account''s first purchase.'
      else 'Whoever recommends has to have been here first.' end)));
  end if;
  update gateway.accounts set referred_by = upper(btrim(code)) where id = account.id;
  select * into referral from gateway.referrals where referred_id = account.id;
  return gateway.referral_view(referral, false);
end;
$$;

-- What the caller's recommendations have brought. Gives first what is due.
create function public.release_own_referrals(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  account := gateway.release_referrals(account, at);
  return (
    select jsonb_build_object(
      'object', 'referral_stats', 'referred', count(*), 'pending', count(*) filter (where state = 'pending'),
      'qualified', count(*) filter (where state = 'qualified'), 'paid', count(*) filter (where state = 'paid'),
      'unrewarded', count(*) filter (where state = 'refused'), 'reversed', count(*) filter (where state like 'revers%'),
      'earned', gateway.dollars(count(*) filter (where state = 'paid') * gateway.referral_reward()),
      'due', gateway.dollars(count(*) filter (where state = 'qualified') * gateway.referral_reward()))
    from gateway.referrals where referrer_id = account.id);
end;
$$;

-- query: limit, cursor {at, id}. Whom the caller recommended, newest first, without who they are.
create function public.list_referrals(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select referrals as referral, created_at, id from gateway.referrals
    where referrer_id = session.account_id
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.referral_view(referral, false) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: state, limit, cursor {at, id}. All of them, with why one was refused.
create function public.list_all_referrals(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:coupons');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select referrals as referral, created_at, id from gateway.referrals
    where (query ->> 'state' is null or query ->> 'state' = case state when 'reversing' then 'reversed' else state end)
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.referral_view(referral, true) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- Housekeeping: what is due to referrers, what was reversed, and purchases whose card nobody has told of within an hour. A few at
-- a time; answers how many accounts were looked after.
create function public.release_referrals() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  at timestamptz := gateway.now();
  account gateway.accounts;
  payment uuid;
  done integer := 0;
begin
  if not gateway.has_month(at + interval '7 days') then
    perform gateway.make_months(at);
  end if;
  for account in
    select * from gateway.accounts where id in (
      (select referrer_id from gateway.referrals where state = 'qualified' and due_at <= at order by due_at limit 50)
      union (select referrer_id from gateway.referrals where state = 'reversing' limit 50)
      union (select r.referred_id from gateway.referrals r join gateway.payments p on p.account_id = r.referred_id
             where r.state = 'pending' and p.status = 'succeeded' and p.fingerprint is null
               and p.settled_at between at - interval '1 day' and at - interval '1 hour' limit 50))
    order by id for no key update
  loop
    account := gateway.catch_up(account, at);
    account := gateway.release_referrals(account, at);
    for payment in
      select id from gateway.payments where account_id = account.id and status = 'succeeded' order by settled_at
    loop
      account := gateway.heed_referral(account, payment, at);
    end loop;
    done := done + 1;
  end loop;
  return jsonb_build_object('accounts', done);
end;
$$;

-- supabase/schemas/80_set_up.sql

-- For `cargo run -- stripe setup`: by what name this database's things go at Stripe, and what its plans are sold for, in cents.
create function public.describe_deployment() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  return jsonb_build_object(
    'id', gateway.deployment_id(),
    'plans', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'name', name, 'month', price_per_month / 10000000, 'year', price_per_year / 10000000) order by price_per_month, id), '[]')
      from gateway.plans where price_per_month > 0));
end;
$$;

-- supabase/schemas/81_notifications.sql

-- Mail as whoever gets it, and whoever administers, sees it.

create function gateway.preferences_view(account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'notification_preferences',
    'address', a.email, 'suppressed', (
      select reason from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', a.email)),
    'kinds', (
      select jsonb_object_agg(mail.kind, coalesce(p.enabled, true) order by mail.kind)
      from unnest(gateway.optional_mail()) as mail (kind)
      left join gateway.notification_preferences p on p.account_id = a.id and p.kind = mail.kind))
  from gateway.accounts a where id = account
$$;

-- Says of a kind whether an account wants it.
create function gateway.set_preference(account uuid, kind text, enabled boolean) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.notification_preferences (account_id, kind, enabled)
    select id, set_preference.kind, set_preference.enabled from gateway.accounts
    where id = set_preference.account and set_preference.kind = any (gateway.optional_mail()) and deleted_at is null
    on conflict (account_id, kind) do update set enabled = excluded.enabled
$$;

create function public.get_notification_preferences(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.preferences_view(session.account_id);
end;
$$;

-- request: by kind, whether the account wants it. Others stay.
create function public.set_notification_preferences(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  perform gateway.set_preference(session.account_id, kind, enabled::boolean)
    from jsonb_each_text(request) as asked (kind, enabled) where enabled is not null order by kind;
  return gateway.preferences_view(session.account_id);
end;
$$;

-- One click in a mail: the account gets no more of this kind. The gateway has checked that the link is its own.
create function public.unsubscribe(account uuid, kind text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(jsonb_build_object('account', account, 'kind', kind), 'account', 'kind');
  perform gateway.set_preference(account, kind, false);
  return '{}';
end;
$$;

-- Queues a mail that the caller asks for: `test`, or `usage_report`, of this month so far.
create function public.request_mail(caller jsonb, kind text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts;
  this_month constant date := date_trunc('month', gateway.now() at time zone 'utc')::date;
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('kind', kind), 'kind');
  perform gateway.limit_attempts('mail.account', session.account_id::text, 5, interval '1 hour');
  select * into account from gateway.accounts where id = session.account_id;
  if account.email is null then
    perform gateway.refuse(gateway.refusal(409, 'mail_not_possible', '{"message": "This account has no e-mail address."}'));
  elsif exists (select from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', account.email)) then
    perform gateway.refuse(gateway.refusal(409, 'mail_not_possible',
      '{"message": "This account''s address has returned mail, or complained of it, so that none is sent to it."}'));
  end if;
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    values (account.id, request_mail.kind, 'asked ' || extract(epoch from at), case request_mail.kind
      when 'usage_report' then jsonb_build_object(
        'month', to_char(this_month, 'YYYY-MM'),
        'requests', case when account.month = this_month then account.month_requests else 0 end,
        'tokens', case when account.month = this_month then account.month_tokens else 0 end,
        'spent', gateway.dollars((
          select coalesce(-sum(amount), 0)::bigint from gateway.credit_transactions
          where account_id = account.id and type = 'usage' and call_id is not null
            and created_at >= this_month::timestamp at time zone 'utc')),
        'balance', gateway.dollars(account.balance))
      else jsonb_build_object('at', at) end, at, at);
  return jsonb_build_object('object', 'notification', 'kind', kind, 'address', account.email);
end;
$$;

-- How the outbox stands.
create function public.get_notification_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:notifications');
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'object', 'notification_stats',
    'due', (select count(*) from gateway.notifications where state = 'due'),
    'sending', (select count(*) from gateway.notifications where state = 'sending'),
    'oldest_due_at', (select min(due_at) from gateway.notifications where state = 'due'),
    'ended', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'count', count) order by kind, state), '[]')
      from (select kind, state, count(*) from gateway.notifications
            where ended_at > at - interval '30 days' group by kind, state) as counted),
    'suppressed_addresses', (select count(*) from gateway.mail_suppressions));
end;
$$;

-- supabase/schemas/82_admin_models.sql

-- The catalog as administrators see and change it: models and aliases. What they change no seed changes back.

create function gateway.model_view(model gateway.models) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'object', 'model', 'id', model.id, 'name', model.name, 'owned_by', model.developer, 'description', model.description,
    'kind', model.kind, 'context_length', model.context_length, 'max_output_tokens', model.max_output,
    'input_modalities', model.input_modalities, 'output_modalities', model.output_modalities, 'reasoning', model.reasoning,
    'supported_parameters', model.supported_parameters, 'deprecated_at', model.deprecated_at,
    'enabled', model.enabled, 'image_tokens', model.image_tokens, 'tool_tokens', model.tool_tokens,
    'changed_by_hand', model.changed_by_hand,
    'aliases', coalesce((select jsonb_agg(alias order by alias) from gateway.model_aliases where model_id = model.id), '[]'),
    -- Those that are disabled, too.
    'routes', coalesce((
      select jsonb_agg(gateway.route_view(r) order by provider) from gateway.model_routes r where r.model_id = model.id), '[]'));
end;
$$;

-- A price (gateway.price, a tier or a window of it) in dollars: of a million tokens or characters, of a request, an image, a search, a
-- second each.
create function gateway.price_view(price jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return (
    select coalesce(jsonb_object_agg(key, case
      when key in ('above', 'from', 'until', 'days') then value
      when key = 'tiers' then (select jsonb_agg(gateway.price_view(tier)) from jsonb_array_elements(value) as tier)
      else to_jsonb(gateway.dollars(value::bigint)) end), '{}')
    from jsonb_each(price) where key not in ('provider', 'model'));
end;
$$;

create function gateway.route_view(route gateway.model_routes) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object(
    'object', 'route', 'model', route.model_id, 'provider', route.provider, 'upstream_model', route.upstream_model,
    'enabled', route.enabled, 'priced_by', route.priced_by, 'supported_parameters', route.supported_parameters,
    'quantization', route.quantization, 'data_policy', route.data_policy,
    'price', case when route.prompt_price is not null and route.completion_price is not null then
      gateway.price_view(route.candidate) || jsonb_strip_nulls(jsonb_build_object(
        'prompt_image', gateway.dollars(route.prompt_image_price),
        'windows', (select jsonb_agg(gateway.price_view(change)) from jsonb_array_elements(route.windows) as change))) end,
    'image_prices', (
      select jsonb_object_agg(key, gateway.dollars(value::bigint)) from jsonb_each_text(route.image_prices)));
end;
$$;

-- The model that an administrator names by its id, locked; refuses when there is none.
create function gateway.lock_model(asked text) returns gateway.models
language plpgsql volatile
as $$
declare
  model gateway.models;
begin
  select * into model from gateway.models where id = asked for no key update;
  if not found then
    perform gateway.refuse(gateway.no_such_model(asked));
  end if;
  return model;
end;
$$;

-- Of two who name models at once the second sees what the first has named.
create function gateway.lock_names() returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended('names of models', 0)) $$;

-- Refuses a name by which another model is called already, however it is spelt.
create function gateway.require_free_name(name text) returns void
language plpgsql stable
as $$
declare
  key constant text := gateway.model_key(name);
  taken constant text := (
    select id from gateway.models
      where gateway.model_key(id) = key or gateway.model_key(substr(id, strpos(id, '/') + 1)) = key
    union all select model_id from gateway.model_aliases where gateway.model_key(alias) = key
    limit 1);
begin
  if taken is not null then
    perform gateway.refuse(gateway.refusal(409, 'model_exists', jsonb_build_object(
      'model', taken, 'message', format('%s is called so already, or could be meant by it.', taken))));
  end if;
end;
$$;

-- Refuses a model whose images nobody could hold for.
create function gateway.require_image_tokens(model gateway.models) returns void
language plpgsql stable
as $$
begin
  if model.input_modalities @> '{image}' and coalesce(model.image_tokens, 0) = 0 then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'image_tokens',
      'message', 'A model that takes images says in `image_tokens` how many prompt tokens one costs at most.')));
  end if;
end;
$$;

-- query: search, enabled, deprecated, limit, cursor (the last id of the page before).
create function public.list_admin_models(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  found constant text[] := array(
    select id from gateway.models
    where (query ->> 'cursor' is null or id > query ->> 'cursor')
      and (query ->> 'search' is null or strpos(lower(id || ' ' || name), lower(query ->> 'search')) > 0)
      and (query ->> 'enabled' is null or enabled = (query ->> 'enabled')::boolean)
      and (query ->> 'deprecated' is null or (deprecated_at is not null) = (query ->> 'deprecated')::boolean)
    order by id limit most + 1);
begin
  return gateway.page(
    (select jsonb_agg(gateway.model_view(m) order by id) from gateway.models m where id = any (found[:most])),
    case when cardinality(found) > most then found[most] end);
end;
$$;

create function public.get_admin_model(caller jsonb, model text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  known gateway.models;
begin
  select * into known from gateway.models where id = model;
  if not found then
    perform gateway.refuse(gateway.no_such_model(model));
  end if;
  return gateway.model_view(known);
end;
$$;

-- request: id, name, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens,
-- tool_tokens, supported_parameters, open_weights. It has no route yet.
create function public.create_model(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  made gateway.models;
begin
  perform gateway.require(request, 'id', 'context_length', 'max_output');
  perform gateway.lock_names();
  perform gateway.require_free_name(request ->> 'id');
  made := jsonb_populate_record(null::gateway.models, request);
  perform gateway.require_image_tokens(made);
  insert into gateway.models (
      id, name, developer, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning,
      image_tokens, tool_tokens, supported_parameters, open_weights, changed_by_hand, created_at)
    values (
      made.id, coalesce(made.name, made.id), split_part(made.id, '/', 1), coalesce(made.description, ''),
      coalesce(made.kind, 'chat'), made.context_length, made.max_output, coalesce(made.input_modalities, '{text}'),
      coalesce(made.output_modalities, '{text}'), coalesce(made.reasoning, false), coalesce(made.image_tokens, 0),
      coalesce(made.tool_tokens, 600), coalesce(made.supported_parameters, '{}'), coalesce(made.open_weights, false), true,
      gateway.now())
    returning * into made;
  perform gateway.audit(caller, session.account_id, session.key_id, 'model.create', null, made.id,
    jsonb_build_object('after', gateway.model_view(made)));
  return gateway.model_view(made);
end;
$$;

-- request: any of name, description, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens,
-- tool_tokens, supported_parameters, deprecated_at (null: it is not), enabled. What is not named stays.
create function public.change_model(caller jsonb, model text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  former gateway.models;
  wanted gateway.models;
  before jsonb;
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  former := gateway.lock_model(model);
  before := gateway.model_view(former);
  wanted := jsonb_populate_record(former, request);
  if wanted is distinct from former then
    perform gateway.require_image_tokens(wanted);
    update gateway.models set
      name = wanted.name, description = wanted.description, context_length = wanted.context_length,
      max_output = wanted.max_output, input_modalities = wanted.input_modalities,
      output_modalities = wanted.output_modalities, reasoning = wanted.reasoning, image_tokens = wanted.image_tokens,
      tool_tokens = wanted.tool_tokens, supported_parameters = wanted.supported_parameters,
      deprecated_at = wanted.deprecated_at, enabled = wanted.enabled, changed_by_hand = true
      where id = former.id returning * into wanted;
    perform gateway.audit(caller, session.account_id, session.key_id, 'model.update', null, former.id,
      jsonb_build_object('before', before, 'after', gateway.model_view(wanted)));
  end if;
  return gateway.model_view(wanted);
end;
$$;

create function gateway.alias_view(alias gateway.model_aliases) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'alias', 'alias', alias.alias, 'model', alias.model_id, 'created_at', alias.created_at);

-- query: limit, cursor (the alias at which the page before ended).
create function public.list_aliases(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  found constant text[] := array(
    select alias from gateway.model_aliases where query ->> 'cursor' is null or alias > query ->> 'cursor'
    order by alias limit most + 1);
begin
  return gateway.page(
    (select jsonb_agg(gateway.alias_view(a) order by alias) from gateway.model_aliases a where alias = any (found[:most])),
    case when cardinality(found) > most then found[most] end);
end;
$$;

-- Makes an alias, or has it mean another model. Whoever calls it is priced and let in as for the model that it means.
create function public.set_alias(caller jsonb, alias text, model text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  meant gateway.models;
  former gateway.model_aliases;
  made gateway.model_aliases;
begin
  perform gateway.require(jsonb_build_object('alias', alias, 'model', model), 'alias', 'model');
  perform gateway.lock_names();
  meant := gateway.lock_model(model);
  select * into former from gateway.model_aliases a where a.alias = set_alias.alias for no key update;
  if not found then
    perform gateway.require_free_name(alias);
  end if;
  insert into gateway.model_aliases (alias, model_id, created_at) values (alias, meant.id, gateway.now())
    on conflict on constraint model_aliases_pkey do update set model_id = excluded.model_id
    returning * into made;
  if former is distinct from made then
    perform gateway.audit(caller, session.account_id, session.key_id, 'alias.set', null, made.alias, jsonb_build_object(
      'before', case when former.alias is not null then gateway.alias_view(former) end, 'after', gateway.alias_view(made)));
  end if;
  return gateway.alias_view(made);
end;
$$;

create function public.delete_alias(caller jsonb, alias text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  gone gateway.model_aliases;
begin
  delete from gateway.model_aliases a where a.alias = delete_alias.alias returning * into gone;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'alias_not_found', '{"param": "alias"}'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'alias.delete', null, gone.alias,
    jsonb_build_object('before', gateway.alias_view(gone)));
  return jsonb_build_object('object', 'alias', 'alias', gone.alias, 'deleted', true);
end;
$$;

-- supabase/schemas/82_monitor.sql

-- What an operator looks at first: whether calls are served, what they bring, and whether anything waits.

-- What the platform owes its accounts, and what is reserved of it.
create function gateway.liabilities() returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'accounts', count(*), 'balance', gateway.dollars(coalesce(sum(balance), 0)::bigint),
    'held', gateway.dollars(coalesce(sum(held), 0)::bigint), 'debt', gateway.dollars(coalesce(sum(debt), 0)::bigint),
    'in_debt', count(*) filter (where debt > 0))
  from gateway.accounts
$$;

-- The last five minutes, counted one by one. Planned as gateway.count_platform.
create function gateway.platform_now(at timestamptz) returns jsonb
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
begin
  return (
    select jsonb_build_object(
      'minutes', 5, 'requests', count(*), 'failed', count(*) filter (where outcome not in ('completed', 'client_left')),
      'cost', trim_scale(coalesce(sum(cost), 0) * 0.000000001),
      'duration_ms', gateway.latency(sum(gateway.histogram(duration_ms))),
      'first_byte_ms', gateway.latency(sum(gateway.histogram(first_byte_ms))))
    from gateway.requests where finished_at >= at - interval '5 minutes');
end;
$$;

-- query: hours (so many up to the end of this one). The window before it is as long. `now` are the last five minutes.
create function public.get_platform_monitor(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:monitor');
  at constant timestamptz := gateway.now();
  length constant interval := make_interval(hours => coalesce((query ->> 'hours')::integer, 24));
  until constant timestamptz := date_trunc('hour', at, 'UTC') + interval '1 hour';
  since constant timestamptz := until - length;
begin
  perform gateway.sum_up_platform_latest(at);
  return (
    with used as materialized (select array(select u from gateway.platform_by(since, until) as u) as parts)
    select jsonb_build_object(
      'object', 'platform_monitor', 'from', since, 'to', until, 'now', gateway.platform_now(at),
      'window', gateway.platform_figures(gateway.platform_sum(array(select u from unnest(parts) as u where part = 'total'))),
      'before', gateway.platform_figures(gateway.platform_sum(array(
        select u from gateway.platform_used(since - length, since, array['total']) as u))),
      'by_provider', gateway.platform_list(parts, 'provider', 50), 'by_model', gateway.platform_list(parts, 'model', 20),
      'errors', (
        select coalesce(jsonb_agg(jsonb_build_object('code', value, 'requests', requests) order by requests desc, value), '[]')
        from unnest(parts) where part = 'error'),
      'refusals', (
        select coalesce(jsonb_agg(jsonb_build_object('code', code, 'calls', calls) order by calls desc, code), '[]')
        from (
          select code, sum(calls)::bigint as calls from gateway.refusal_hours where hour >= since and hour < until group by code
        ) as refused),
      'holds', (
        select jsonb_build_object(
          'open', count(*), 'amount', gateway.dollars(coalesce(sum(amount), 0)::bigint),
          'overdue', count(*) filter (where expires_at < at))
        from gateway.holds where state = 'open'),
      'mail', (
        select jsonb_build_object(
          'due', count(*) filter (where state in ('due', 'sending')), 'oldest_due_at', min(due_at) filter (where state in ('due', 'sending')))
        from gateway.notifications where state in ('due', 'sending')),
      'liabilities', gateway.liabilities())
    from used);
end;
$$;

-- supabase/schemas/82_provisioning.sql

-- Keys and credit in the words of OpenRouter's API: a key about itself, and keys that a backend makes for its own customers.

-- In nano-dollars, in the UTC day, week and month of a moment.
create type gateway.recent_spending as (day bigint, week bigint, month bigint);

-- What each key of an account has spent lately, of those that have spent anything.
create function gateway.spent_lately(this_account uuid, at timestamptz)
returns table (key_id uuid, spent gateway.recent_spending)
language sql stable set search_path = ''
as $$
  select key_id, row(
    coalesce(sum(cost) filter (where hour >= gateway.period_start('day', at)), 0)::bigint,
    coalesce(sum(cost) filter (where hour >= gateway.period_start('week', at)), 0)::bigint,
    coalesce(sum(cost) filter (where hour >= gateway.period_start('month', at)), 0)::bigint)::gateway.recent_spending
  from gateway.used(
    this_account, least(gateway.period_start('week', at), gateway.period_start('month', at)), 'infinity')
  group by key_id
$$;

-- What every answer about a key says. A call with an own key at a provider costs nothing here, and what it costs there is not
-- known, so its figures are 0.
create function gateway.key_figures(key gateway.api_keys, spent gateway.recent_spending, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'label', key.prefix || '...' || key.last_four,
    'limit', gateway.dollars(key.spend_limit),
    'limit_remaining', gateway.dollars(greatest(key.spend_limit - gateway.spent_in_period(key, at), 0)),
    'limit_reset', case key.spend_period when 'day' then 'daily' when 'week' then 'weekly' when 'month' then 'monthly' end,
    'include_byok_in_limit', false,
    'usage', gateway.dollars(key.spent_ever),
    'usage_daily', coalesce(gateway.dollars((spent).day), 0),
    'usage_weekly', coalesce(gateway.dollars((spent).week), 0),
    'usage_monthly', coalesce(gateway.dollars((spent).month), 0),
    'byok_usage', 0, 'byok_usage_daily', 0, 'byok_usage_weekly', 0, 'byok_usage_monthly', 0,
    'creator_user_id', key.account_id, 'workspace_id', key.account_id, 'expires_at', key.expires_at)
$$;

-- A key as its owner's backend sees it. What is called its `hash` there is its id here.
create function gateway.provisioned_key_json(key gateway.api_keys, spent gateway.recent_spending, at timestamptz)
returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.key_figures(key, spent, at) || jsonb_build_object(
    'hash', key.id, 'name', key.name, 'disabled', key.disabled_at is not null, 'created_at', key.created_at,
    'updated_at', key.rotated_at, 'external_user', null)
$$;

-- One key, or a 404: one that was revoked is gone.
create function gateway.provisioned_key(this_account uuid, target uuid, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.api_keys;
  spent gateway.recent_spending;
begin
  select * into key from gateway.api_keys where id = target and account_id = this_account and revoked_at is null;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'api_key_not_found'));
  end if;
  select (lately.spent).* into spent from gateway.spent_lately(this_account, at) as lately where key_id = target;
  return gateway.provisioned_key_json(key, spent, at);
end;
$$;

-- The calling key about itself.
create function public.get_calling_key(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  at constant timestamptz := gateway.now();
  key gateway.api_keys;
  account gateway.accounts;
  spent gateway.recent_spending;
  manages boolean;
begin
  select * into key from gateway.api_keys where id = session.key_id;
  select * into account from gateway.accounts where id = session.account_id;
  select (lately.spent).* into spent from gateway.spent_lately(account.id, at) as lately where key_id = key.id;
  manages := gateway.covers(key.scopes, 'keys:write');
  return jsonb_build_object('data', gateway.key_figures(key, spent, at) || jsonb_build_object(
    'is_free_tier', not account.has_purchased,
    'is_management_key', manages, 'is_provisioning_key', manages,
    'organization_id', null,
    'allowed_data_regions', '["global"]'::jsonb,
    'rate_limit', jsonb_build_object(
      'requests', -1, 'interval', '10s', 'note', 'GET /user/limits says what limits this key.'),
    -- There is no other limit for models that cost nothing.
    'free_model_daily_requests', (
      select jsonb_build_object('limit', a_day, 'used', used.requests, 'remaining', greatest(a_day - used.requests, 0))
      from (select (gateway.limits_in_force(account, key, at) -> 'key' ->> 'requests_per_day')::bigint as a_day) as limits,
           (select coalesce(sum(requests), 0)::bigint as requests
            from gateway.used(account.id, gateway.period_start('day', at), 'infinity') where key_id = key.id) as used)));
end;
$$;

-- The account's credit: all that it has had but what has lapsed or went back, and all that it has used.
create function public.get_credits(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  balance constant numeric := public.get_balance(caller) -> 'credits';
  used constant numeric := gateway.used_ever(session.account_id) -> 'cost';
begin
  return jsonb_build_object(
    'data', jsonb_build_object('total_credits', trim_scale(balance + used), 'total_usage', used),
    'balance', balance::text, 'total_used', used::text);
end;
$$;

-- A hundred keys from the newest on. query: offset, include_disabled.
create function public.list_provisioned_keys(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
  at constant timestamptz := gateway.now();
  all_of_them constant boolean := coalesce((query ->> 'include_disabled')::boolean, false);
begin
  return jsonb_build_object('data', (
    select coalesce(jsonb_agg(gateway.provisioned_key_json(key, spent, at) order by (key).created_at desc, (key).id desc), '[]')
    from (
      select keys as key from gateway.api_keys as keys
      where account_id = session.account_id and revoked_at is null
        and (all_of_them or gateway.api_key_status(keys, at) = 'active')
      order by created_at desc, id desc limit 100 offset coalesce((query ->> 'offset')::integer, 0)
    ) as page
    left join gateway.spent_lately(session.account_id, at) as lately on lately.key_id = (page.key).id));
end;
$$;

create function public.get_provisioned_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return jsonb_build_object('data', gateway.provisioned_key(session.account_id, target, gateway.now()));
end;
$$;

-- stored, settings, idempotency: as in create_api_key.
create function public.create_provisioned_key(caller jsonb, stored jsonb, settings jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  made constant jsonb := public.create_api_key(caller, stored, settings, idempotency);
begin
  return jsonb_build_object(
    'data', gateway.provisioned_key(session.account_id, (made ->> 'id')::uuid, gateway.now()),
    'replayed', made -> 'replayed');
end;
$$;

-- changes: name, disabled, limit (nano-dollars) and period, each of which stays as it is where it is absent. Without a limit there is
-- no period.
create function public.change_provisioned_key(caller jsonb, target uuid, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account constant gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key constant gateway.api_keys := gateway.lock_living_key(account, target, gateway.now());
  settings jsonb := changes - '{limit,period}'::text[];
  amount bigint := key.spend_limit;
  period text := key.spend_period;
begin
  if changes ? 'limit' then
    amount := (changes ->> 'limit')::bigint;
  end if;
  if changes ? 'period' then
    period := changes ->> 'period';
  end if;
  if changes ?| '{limit,period}' then
    settings := settings || jsonb_build_object('spend_limit', case when amount is not null then
      jsonb_build_object('amount', amount, 'period', period) end);
  end if;
  perform public.update_api_key(caller, target, settings);
  return jsonb_build_object('data', gateway.provisioned_key(account.id, target, gateway.now()));
end;
$$;

-- Revokes a key; one that is gone is not found.
create function public.delete_provisioned_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
begin
  perform gateway.lock_for_change(caller, session, 'keys:write');
  perform gateway.provisioned_key(session.account_id, target, gateway.now());
  perform public.revoke_api_key(caller, target);
  return '{"deleted": true}';
end;
$$;

-- supabase/schemas/82_webhooks.sql

-- Customers' webhooks, as their account manages them. Who changes one has the account locked.

-- A webhook as its owner sees it. Its secret is shown when it is made, and never again.
create function gateway.webhook_json(hook gateway.webhooks, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'webhook', 'id', hook.id, 'url', hook.url, 'description', hook.description, 'events', hook.events,
    'status', case when hook.disabled_at is null then 'enabled' else 'disabled' end,
    'disabled_at', hook.disabled_at, 'disabled_reason', hook.disabled_reason, 'failing_since', hook.failing_since,
    'former_secrets', (
      select coalesce(jsonb_agg(jsonb_build_object('expires_at', expires_at) order by id desc), '[]')
      from gateway.webhook_secrets where webhook_id = hook.id and expires_at > at),
    'created_at', hook.created_at)
$$;

-- A webhook of an account, or a refusal.
create function gateway.find_webhook(account uuid, target uuid) returns gateway.webhooks
language plpgsql stable set search_path = ''
as $$
declare
  hook gateway.webhooks;
begin
  select * into hook from gateway.webhooks where id = target and account_id = account;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'webhook_not_found'));
  end if;
  return hook;
end;
$$;

-- One that is switched on.
create function gateway.find_enabled_webhook(account uuid, target uuid) returns gateway.webhooks
language plpgsql stable set search_path = ''
as $$
declare
  hook gateway.webhooks := gateway.find_webhook(account, target);
begin
  if hook.disabled_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'webhook_disabled'));
  end if;
  return hook;
end;
$$;

-- The events of a request, each once and in our order.
create function gateway.read_webhook_events(events jsonb) returns text[]
language sql immutable parallel safe set search_path = ''
as $$
  select array(select event from unnest(gateway.webhook_events()) with ordinality as known (event, place)
               where events ? event order by place)
$$;

-- The last day whose usage a webhook need not be told that wants it from now on.
create function gateway.yesterday(at timestamptz) returns date
language sql immutable parallel safe
return (at at time zone 'utc')::date - 1;

-- request: url, description (or null), events, ciphertext, version (of its secret). An account has at most ten.
create function public.create_webhook(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  most constant integer := 10;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  at timestamptz := gateway.now();
  hook gateway.webhooks;
begin
  perform gateway.require(request, 'url', 'events', 'ciphertext', 'version');
  if (select count(*) from gateway.webhooks where account_id = account.id) >= most then
    perform gateway.refuse(gateway.refusal(409, 'too_many_webhooks', jsonb_build_object('most', most)));
  end if;
  insert into gateway.webhooks (account_id, url, description, events, usage_told_on, created_at)
    values (account.id, request ->> 'url', request ->> 'description', gateway.read_webhook_events(request -> 'events'),
            gateway.yesterday(at), at)
    returning * into hook;
  insert into gateway.webhook_secrets (webhook_id, ciphertext, key_version)
    values (hook.id, request ->> 'ciphertext', (request ->> 'version')::integer);
  -- The audit trail outlives the account's deletion: of an address, which is its owner's, it says nothing.
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.create', account.id, hook.id::text,
    jsonb_build_object('events', hook.events));
  return gateway.webhook_json(hook, at);
end;
$$;

-- Oldest first: there are few.
create function public.list_webhooks(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
  at timestamptz := gateway.now();
begin
  return gateway.page((
    select jsonb_agg(gateway.webhook_json(w, at) order by w.created_at, w.id)
    from gateway.webhooks w where w.account_id = session.account_id), null);
end;
$$;

create function public.get_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.webhook_json(gateway.find_webhook(session.account_id, target), gateway.now());
end;
$$;

-- changes: url, description (null: none), events, enabled; what is absent stays. Another address, or one that is switched on, is given
-- time anew to take something.
create function public.update_webhook(caller jsonb, target uuid, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  at timestamptz := gateway.now();
  before gateway.webhooks := gateway.find_webhook(account.id, target);
  hook gateway.webhooks := before;
begin
  perform gateway.require(jsonb_build_object('changes', changes), 'changes');
  hook.url := coalesce(changes ->> 'url', hook.url);
  if changes ? 'description' then
    hook.description := changes ->> 'description';
  end if;
  if changes ->> 'events' is not null then
    hook.events := gateway.read_webhook_events(changes -> 'events');
  end if;
  if (changes ->> 'enabled')::boolean then
    hook.disabled_at := null;
    hook.disabled_reason := null;
  elsif not (changes ->> 'enabled')::boolean and hook.disabled_at is null then
    hook.disabled_at := at;
    hook.disabled_reason := 'owner';
    perform gateway.drop_deliveries(hook.id, at);
  end if;
  if hook.url <> before.url or (hook.disabled_at is null and before.disabled_at is not null) then
    hook.failing_since := null;
  end if;
  if 'usage.daily' = any (hook.events) and hook.disabled_at is null
    and ('usage.daily' <> all (before.events) or before.disabled_at is not null) then
    hook.usage_told_on := greatest(hook.usage_told_on, gateway.yesterday(at));
  end if;
  update gateway.webhooks set
    url = hook.url, description = hook.description, events = hook.events, disabled_at = hook.disabled_at,
    disabled_reason = hook.disabled_reason, failing_since = hook.failing_since, usage_told_on = hook.usage_told_on
    where id = hook.id;
  if hook is distinct from before then
    perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.update', account.id, hook.id::text,
      jsonb_build_object('moved', hook.url <> before.url, 'events', hook.events, 'enabled', hook.disabled_at is null));
  end if;
  return gateway.webhook_json(hook, at);
end;
$$;

-- With its secrets and its deliveries.
create function public.delete_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
begin
  delete from gateway.webhooks where id = hook.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.delete', account.id, hook.id::text, '{}');
  return jsonb_build_object('object', 'webhook', 'id', hook.id, 'deleted', true);
end;
$$;

-- Gives a webhook a new secret. The former one signs beside it for so many hours, and those before it no longer than that; of more
-- than four the oldest end at once. request: ciphertext, version, overlap_hours.
create function public.rotate_webhook_secret(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  most_former constant integer := 4;
  at timestamptz := gateway.now();
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
  ends timestamptz;
begin
  perform gateway.require(request, 'ciphertext', 'version', 'overlap_hours');
  ends := at + make_interval(hours => (request ->> 'overlap_hours')::integer);
  update gateway.webhook_secrets set expires_at = least(expires_at, ends) where webhook_id = hook.id;
  delete from gateway.webhook_secrets where webhook_id = hook.id and (expires_at <= at or id not in (
    select id from gateway.webhook_secrets where webhook_id = hook.id order by id desc limit most_former));
  insert into gateway.webhook_secrets (webhook_id, ciphertext, key_version)
    values (hook.id, request ->> 'ciphertext', (request ->> 'version')::integer);
  perform gateway.audit(caller, session.account_id, session.key_id, 'webhook.rotate_secret', account.id, hook.id::text,
    jsonb_build_object('overlap_hours', (request ->> 'overlap_hours')::integer));
  return gateway.webhook_json(hook, at);
end;
$$;

-- Some of the secrets that these versions of the keyring sealed, behind `after`, the last that was listed before.
create function public.list_outdated_webhook_secrets(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(s), '[]') from (
    select id, ciphertext, key_version as version from gateway.webhook_secrets
    where key_version in (select older::integer from jsonb_array_elements_text(versions) as older)
      and (after ->> 'secret' is null or id > (after ->> 'secret')::bigint)
    order by id limit 100) s
$$;

-- renewed: [{id, secret: [the outdated ciphertext, {ciphertext, version}]}].
create function public.renew_webhook_secrets(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  secrets integer;
begin
  perform gateway.require(jsonb_build_object('renewed', renewed), 'renewed');
  update gateway.webhook_secrets s set
    ciphertext = one -> 'secret' -> 1 ->> 'ciphertext', key_version = (one -> 'secret' -> 1 ->> 'version')::integer
    from jsonb_array_elements(renewed) as one
    where s.id = (one ->> 'id')::bigint and s.ciphertext = one -> 'secret' ->> 0;
  get diagnostics secrets = row_count;
  return jsonb_build_object('renewed', secrets);
end;
$$;

-- supabase/schemas/83_admin_routes.sql

-- Routes and prices as administrators see and change them, and what plans make of prices. Calls that run keep the prices that their
-- holds have frozen.

-- query: model, provider, enabled, priced_by, limit, cursor (model and provider, with a space between, of the last one before).
create function public.list_routes(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  most constant integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select r as route, model_id, provider from gateway.model_routes r
    where (query ->> 'cursor' is null
        or (model_id, provider) > (split_part(query ->> 'cursor', ' ', 1), split_part(query ->> 'cursor', ' ', 2)))
      and (query ->> 'model' is null or model_id = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'enabled' is null or enabled = (query ->> 'enabled')::boolean)
      and (query ->> 'priced_by' is null or priced_by = query ->> 'priced_by')
    order by model_id, provider limit most + 1
  ),
  page as (select * from found order by model_id, provider limit most)
  select gateway.page(
    (select jsonb_agg(gateway.route_view(route) order by model_id, provider) from page),
    case when (select count(*) from found) > most
      then (select model_id || ' ' || provider from page order by model_id desc, provider desc limit 1) end)
  into answer;
  return answer;
end;
$$;

-- Gives routes of a provider the prices of a gateway.price each, all kinds of them, and says who has the last word. One statement, so
-- that the catalog is listed anew once.
create function gateway.price_anew(of_models text[], at_provider text, prices jsonb[], by text) returns void
language plpgsql volatile
as $$
begin
  update gateway.model_routes as r set
    prompt_price = p.prompt, cached_price = p.cached, written_price = p.written, written_long_price = p.written_long,
    image_input_price = p.image_input, audio_input_price = p.audio_input, completion_price = p.completion,
    reasoning_price = p.reasoning, image_output_price = p.image_output, audio_output_price = p.audio_output,
    request_price = coalesce(p.request, 0), image_price = p.image, search_price = p.search, second_price = p.second,
    character_price = p.character, tiers = p.tiers, priced_by = by
    from unnest(of_models, prices) as of_one (model_id, price),
      lateral jsonb_populate_record(null::gateway.price, of_one.price) as p
    where r.model_id = of_one.model_id and r.provider = at_provider;
end;
$$;

-- Makes a route, or changes it. request: model, provider, and any of upstream_model, enabled, price (gateway.price in nano-dollars, with
-- `windows` and `prompt_image`: all of it, what it does not name has none), pinned (whether the provider's list may not change the price;
-- true with a price, unless said otherwise), supported_parameters, quantization, data_policy. What is not named stays.
create function public.set_route(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  model gateway.models;
  former gateway.model_routes;
  route gateway.model_routes;
  price constant jsonb := nullif(request -> 'price', 'null');
  pinned constant boolean := request ->> 'pinned';
begin
  perform gateway.require(request, 'model', 'provider');
  model := gateway.lock_model(request ->> 'model');
  select * into former from gateway.model_routes where model_id = model.id and provider = request ->> 'provider'
    for no key update;
  if not found then
    if request ->> 'upstream_model' is null then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'upstream_model',
        'message', format('%s has no route at %s yet: say in `upstream_model` what it is called there.',
                          model.id, request ->> 'provider'))));
    end if;
    insert into gateway.model_routes (model_id, provider, upstream_model, priced_by)
      values (model.id, request ->> 'provider', request ->> 'upstream_model', 'admin');
  end if;
  if price is not null then
    perform gateway.price_anew(
      array[model.id], request ->> 'provider', array[price - '{windows,prompt_image}'::text[]], 'admin');
    update gateway.model_routes set
      windows = nullif(price -> 'windows', 'null'), prompt_image_price = (price ->> 'prompt_image')::bigint,
      image_prices = case when price ? 'image' or price ? 'image_output' then null else image_prices end
      where model_id = model.id and provider = request ->> 'provider';
  end if;
  update gateway.model_routes set
    upstream_model = coalesce(request ->> 'upstream_model', upstream_model),
    enabled = coalesce((request ->> 'enabled')::boolean, enabled),
    supported_parameters = case when nullif(request -> 'supported_parameters', 'null') is not null
      then array(select jsonb_array_elements_text(request -> 'supported_parameters')) else supported_parameters end,
    quantization = coalesce(request ->> 'quantization', quantization),
    data_policy = coalesce(request ->> 'data_policy', data_policy),
    priced_by = case
      when pinned then 'admin' when not pinned then 'provider'
      -- A name that is changed is not to be changed back.
      when request ->> 'upstream_model' <> upstream_model then 'admin' else priced_by end
    where model_id = model.id and provider = request ->> 'provider'
    returning * into route;
  if former is distinct from route then
    perform gateway.audit(caller, session.account_id, session.key_id, 'route.set', null, model.id, jsonb_build_object(
      'before', case when former.model_id is not null then gateway.route_view(former) end, 'after', gateway.route_view(route)));
  end if;
  return gateway.route_view(route);
end;
$$;

-- A plan as administrators see it.
create function gateway.admin_plan_view(plan gateway.plans) returns jsonb
language sql stable
return gateway.plan_view(plan) || jsonb_build_object(
  'price_factor', trim_scale(plan.price_factor * 0.0001), 'pinned', plan.pinned);

create function public.list_admin_plans(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
begin
  return gateway.page(
    (select jsonb_agg(gateway.admin_plan_view(p) order by price_per_month, requests_per_minute, id) from gateway.plans p), null);
end;
$$;

-- request: what changes of name, price_per_month, price_per_year (null: not sold by the year), credits_per_month (nano-dollars), limits
-- (some of gateway.limit_names() and gateway.month_limit_names()), price_factor (basis points) and pinned. Whatever seeds would change,
-- they do not any longer, unless `pinned` says otherwise.
create function public.change_plan(caller jsonb, plan text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:plans');
  members constant text[] := array['name', 'price_per_month', 'credits_per_month', 'limits', 'price_factor', 'pinned'];
  new_limits constant jsonb := coalesce(request -> 'limits', '{}');
  former gateway.plans;
  changed gateway.plans;
begin
  if (request ?| (members || 'price_per_year'::text)) is not true then
    perform gateway.require(request, 'name');
  end if;
  perform gateway.require(request, member) from unnest(members) as member where request ? member;
  select * into former from gateway.plans where id = plan for no key update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'plan_not_found', jsonb_build_object(
      'plans', (select jsonb_agg(id order by price_per_month, id) from gateway.plans))));
  end if;
  update gateway.plans set
    name = coalesce(request ->> 'name', name),
    requests_per_minute = coalesce((new_limits ->> 'requests_per_minute')::bigint, requests_per_minute),
    burst = coalesce((new_limits ->> 'burst')::bigint, burst),
    requests_per_hour = coalesce((new_limits ->> 'requests_per_hour')::bigint, requests_per_hour),
    requests_per_day = coalesce((new_limits ->> 'requests_per_day')::bigint, requests_per_day),
    requests_per_month = coalesce((new_limits ->> 'requests_per_month')::bigint, requests_per_month),
    tokens_per_minute = coalesce((new_limits ->> 'tokens_per_minute')::bigint, tokens_per_minute),
    tokens_per_day = coalesce((new_limits ->> 'tokens_per_day')::bigint, tokens_per_day),
    tokens_per_month = coalesce((new_limits ->> 'tokens_per_month')::bigint, tokens_per_month),
    concurrency = coalesce((new_limits ->> 'concurrency')::bigint, concurrency),
    price_per_month = coalesce((request ->> 'price_per_month')::bigint, price_per_month),
    price_per_year = case when request ? 'price_per_year' then (request ->> 'price_per_year')::bigint else price_per_year end,
    credits_per_month = coalesce((request ->> 'credits_per_month')::bigint, credits_per_month),
    price_factor = coalesce((request ->> 'price_factor')::integer, price_factor),
    pinned = coalesce(
      (request ->> 'pinned')::boolean,
      pinned or request ?| '{name,limits,price_per_month,price_per_year,credits_per_month}')
    where id = former.id returning * into changed;
  if changed.price_per_year is not null and changed.price_per_month = 0 then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object('param', 'price_per_year', 'message',
      'What is not sold by the month is not sold by the year: give both prices, or neither.')));
  end if;
  if former is distinct from changed then
    perform gateway.audit(caller, session.account_id, session.key_id, 'plan.update', null, former.id, jsonb_build_object(
      'before', gateway.admin_plan_view(former), 'after', gateway.admin_plan_view(changed)));
  end if;
  return gateway.admin_plan_view(changed);
end;
$$;

-- supabase/schemas/83_auth_codes.sql

-- Apps get keys that their users agree to: a user's code, then the app's key for it.

-- Keeps what a user agrees to. request: code_hash, challenge, method, site, settings (of the key, as in create_api_key).
create function public.create_auth_code(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  lifetime constant interval := '10 minutes';
  account constant gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz;
begin
  perform gateway.require(request, 'code_hash', 'challenge', 'method', 'settings');
  perform gateway.refuse_uncovered(session, array(select jsonb_array_elements_text(request #> '{settings,scopes}')));
  perform gateway.limit_attempts('auth_code.account', account.id::text, 30, interval '1 hour');
  at := gateway.now();
  insert into gateway.auth_codes (code_hash, account_id, challenge, method, site, settings, expires_at)
    values (request ->> 'code_hash', account.id, request ->> 'challenge', request ->> 'method',
            request ->> 'site', request -> 'settings', at + lifetime);
  -- A few of those that nobody used, so that the table stays small.
  delete from gateway.auth_codes where code_hash in (
    select code_hash from gateway.auth_codes where expires_at <= at order by expires_at limit 20 for update skip locked);
  perform gateway.audit(caller, session.account_id, session.key_id, 'auth_code.create', account.id, null,
    jsonb_build_object('site', request ->> 'site', 'settings', request -> 'settings'));
  return jsonb_build_object('created_at', at, 'expires_at', at + lifetime);
end;
$$;

-- Makes the key that a user has agreed to, for whoever shows the code and what its challenge was made of. The code ends with that,
-- and also with a wrong answer to its challenge, whose refusal is a value so that it does. What is wrong is told to nobody.
-- request: code_hashes (under each pepper), answers (the challenge by each method), method (or null); stored: as in create_api_key.
create function public.exchange_auth_code(caller jsonb, request jsonb, stored jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 100;
  hashes constant text[] := array(select jsonb_array_elements_text(request -> 'code_hashes'));
  code gateway.auth_codes;
  account gateway.accounts;
  key gateway.api_keys;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('caller', caller), 'caller');
  perform gateway.require(request, 'code_hashes', 'answers');
  perform gateway.require(stored, 'hash', 'prefix', 'last_four', 'name', 'environment');
  select * into code from gateway.auth_codes where code_hash = any (hashes);
  select * into account from gateway.accounts where id = code.account_id for update;
  -- Of two that exchange it at once the second finds it gone.
  delete from gateway.auth_codes where code_hash = any (hashes) returning * into code;
  if not found then
    perform gateway.refuse(gateway.refusal(403, 'invalid_auth_code'));
  end if;
  at := gateway.now();
  if code.expires_at <= at or account.disabled_at is not null
    or code.method <> coalesce(request ->> 'method', code.method)
    or (request -> 'answers' ->> code.method = code.challenge) is not true then
    perform gateway.audit(caller, null, null, 'auth_code.refused', account.id, null,
      jsonb_build_object('site', code.site));
    return jsonb_build_object('refused', gateway.refusal(403, 'invalid_auth_code'));
  end if;
  if (select count(*) from gateway.api_keys as keys
        where account_id = account.id and gateway.api_key_status(keys, at) in ('active', 'disabled')) >= most then
    -- This undoes that the code has ended.
    perform gateway.refuse(gateway.refusal(409, 'too_many_api_keys', jsonb_build_object('most', most)));
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, created_at)
    values (account.id, stored ->> 'hash', stored ->> 'prefix', stored ->> 'last_four', stored ->> 'name',
            stored ->> 'environment', at)
    returning * into key;
  key := gateway.change_key(account, key, code.settings, at);
  perform gateway.audit(caller, account.id, null, 'key.create', account.id, key.id::text,
    jsonb_build_object('environment', key.environment, 'site', code.site) || gateway.api_key_settings(key));
  return jsonb_build_object('user_id', account.id);
end;
$$;

-- supabase/schemas/83_platform_reports.sql

-- What an operator reports: usage, the ledger's movements, and what is owed to accounts.

-- query: from, to. Days without usage are listed too.
create function public.get_platform_usage(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  asked constant record := gateway.usage_window(query, 'day', 29, gateway.now());
begin
  perform gateway.sum_up_platform_latest(gateway.now());
  return (
    with used as materialized (select array(select u from gateway.platform_by(asked.since, asked.until) as u) as parts)
    select jsonb_build_object(
      'object', 'platform_usage', 'from', asked.since, 'to', asked.until,
      'totals', gateway.platform_figures(gateway.platform_sum(array(select u from unnest(parts) as u where part = 'total'))),
      'by_day', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'day', (hour at time zone 'utc')::date, 'usage', gateway.platform_figures(u)) order by hour), '[]')
        from unnest(parts) as u where part = 'total'),
      'by_model', gateway.platform_list(parts, 'model', 1000), 'by_provider', gateway.platform_list(parts, 'provider', 100))
    from used);
end;
$$;

-- The ledger's movements in [since, until), but for usage, by day and type. Read from an index that has no usage.
create function gateway.movements(since timestamptz, until timestamptz)
returns table (day date, type text, transactions bigint, amount numeric)
language sql stable set search_path = ''
as $$
  select (created_at at time zone 'utc')::date, type::text, count(*), sum(amount)
  from gateway.credit_transactions
  where type <> 'usage' and created_at >= since and created_at < until
  group by 1, 2
$$;

-- query: from, to. What calls cost comes from the hours that are summed up, everything else from the ledger.
create function public.get_transaction_analytics(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  asked constant record := gateway.usage_window(query, 'day', 29, gateway.now());
begin
  perform gateway.sum_up_platform_latest(gateway.now());
  return (
    with movements as (
      select * from gateway.movements(asked.since, asked.until)
      union all
      select (hour at time zone 'utc')::date, 'usage', sum(charged)::bigint, -sum(cost)
      from gateway.platform_used(asked.since, asked.until, array['total']) where charged > 0 group by 1
    ),
    by_type as (
      select type, sum(transactions) as transactions, sum(amount) as amount from movements group by type
    ),
    by_day as (
      select day, sum(amount) filter (where amount > 0) as credited, -sum(amount) filter (where amount < 0) as debited,
             jsonb_object_agg(type, trim_scale(amount * 0.000000001)) as types
      from movements group by day
    )
    select jsonb_build_object(
      'object', 'transaction_analytics', 'from', asked.since, 'to', asked.until,
      'by_type', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'type', type, 'transactions', transactions, 'amount', trim_scale(amount * 0.000000001)) order by type), '[]') from by_type),
      'by_day', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'day', day, 'credited', trim_scale(coalesce(credited, 0) * 0.000000001),
          'debited', trim_scale(coalesce(debited, 0) * 0.000000001), 'amounts', types) order by day), '[]') from by_day)));
end;
$$;

-- What accounts have, by where it came from, and what of it lapses soon.
create function public.get_platform_balance(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:usage');
  at constant timestamptz := gateway.now();
begin
  return (
    with sources as (
      select source, count(*) as grants, sum(remaining) as remaining,
             coalesce(sum(remaining) filter (where expires_at < at + interval '30 days'), 0) as lapsing
      from gateway.credit_grants where live group by source
    )
    select jsonb_build_object(
      'object', 'platform_balance', 'at', at, 'totals', gateway.liabilities(),
      'by_source', coalesce(jsonb_agg(jsonb_build_object(
        'source', source, 'grants', grants, 'remaining', gateway.dollars(remaining::bigint),
        'lapsing_in_30_days', gateway.dollars(lapsing::bigint)) order by source), '[]'))
    from sources);
end;
$$;

-- supabase/schemas/83_webhook_deliveries.sql

-- What was told to customers' webhooks, as their account looks at it and asks for it.

-- Deliveries of a webhook, from the newest or from the one after `cursor`. Another webhook's cursor gives an empty page.
create function gateway.deliveries_after(hook uuid, cursor uuid) returns setof gateway.webhook_deliveries
language sql stable set search_path = ''
as $$
  select * from gateway.webhook_deliveries
    where webhook_id = hook
      and (deliveries_after.cursor is null or (created_at, id) < (
        select created_at, id from gateway.webhook_deliveries where id = deliveries_after.cursor and webhook_id = hook))
$$;

-- Newest first. query: state (pending, delivered, failed or all), limit, cursor (the last id of the page before).
create function public.list_webhook_deliveries(caller jsonb, target uuid, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
  hook gateway.webhooks := gateway.find_webhook(session.account_id, target);
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select d as delivery, row_number() over (order by created_at desc, id desc) as place
    from gateway.deliveries_after(hook.id, (query ->> 'cursor')::uuid) as d
    where query ->> 'state' = 'all' or case when ended_at is null then 'pending' else state end = query ->> 'state'
    order by place
    limit most + 1
  )
  select gateway.page(
    jsonb_agg(gateway.webhook_delivery_json(delivery) order by place) filter (where place <= most),
    case when count(*) > most then (max((delivery).id::text) filter (where place = most)) end)
  into answer from found;
  return answer;
end;
$$;

-- Sixty an hour, so that nobody is sent more than that on somebody's word.
create function gateway.limit_webhooks(account uuid) returns void
language sql volatile set search_path = ''
as $$ select gateway.limit_attempts('webhook.account', account::text, 60, interval '1 hour') $$;

-- Queues a test for a webhook. Answers its id, whose it is, and how it is shown.
create function public.test_webhook(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_enabled_webhook(account.id, target);
  delivery gateway.webhook_deliveries;
  at timestamptz;
begin
  perform gateway.limit_webhooks(account.id);
  at := gateway.now();
  insert into gateway.webhook_deliveries (webhook_id, event, dedupe_key, data, due_at, created_at)
    values (hook.id, 'webhook.test', gen_random_uuid()::text, jsonb_build_object('webhook_id', hook.id), at, at)
    returning * into delivery;
  return jsonb_build_object('id', delivery.id, 'account_id', account.id, 'shown', gateway.webhook_delivery_json(delivery));
end;
$$;

-- Lets a delivery be tried now, and from the beginning, whatever has become of it. Its id stays, by which its receiver knows it.
create function public.replay_webhook_delivery(caller jsonb, target uuid, delivery uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
  hook gateway.webhooks := gateway.find_webhook(account.id, target);
  again gateway.webhook_deliveries;
  at timestamptz;
begin
  select * into again from gateway.webhook_deliveries where id = delivery and webhook_id = hook.id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'webhook_delivery_not_found'));
  end if;
  perform gateway.find_enabled_webhook(account.id, target);
  at := gateway.now();
  if again.state = 'sending' and again.due_at > at then
    perform gateway.refuse(gateway.refusal(409, 'webhook_delivery_under_way'));
  end if;
  perform gateway.limit_webhooks(account.id);
  at := gateway.now();
  update gateway.webhook_deliveries set state = 'due', due_at = at, attempts = 0, ended_at = null where id = again.id
    returning * into again;
  return jsonb_build_object('id', again.id, 'account_id', account.id, 'shown', gateway.webhook_delivery_json(again));
end;
$$;

-- supabase/schemas/84_admin_alerts.sql

-- What administrators see of alerts and of the limits.

-- Newest first. query: cause (or null), limit, cursor (the last id of the page before).
create function public.list_alerts(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with listed as (
    select a as alert, row_number() over (order by first_at desc, id desc) as place
    from gateway.alerts a
    where (query ->> 'cause' is null or cause = query ->> 'cause')
      and (query ->> 'cursor' is null or (first_at, id) < (
        select first_at, id from gateway.alerts where id = (query ->> 'cursor')::uuid))
    order by place limit most + 1
  )
  select gateway.page(
    jsonb_agg(jsonb_build_object(
      'object', 'alert', 'id', (alert).id, 'cause', (alert).cause, 'subject', nullif((alert).subject, ''), 'day', (alert).day,
      'details', (alert).details, 'first_at', (alert).first_at, 'last_at', (alert).last_at, 'mailed_at', (alert).mailed_at,
      'posted_at', (alert).posted_at) order by place) filter (where place <= most),
    case when count(*) > most then (max((alert).id::text) filter (where place = most)) end)
  into answer from listed;
  return answer;
end;
$$;

-- How the limits of the platform stand: each plan's, how many accounts and keys have their own, and what is open at present.
create function public.get_limit_system(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:limits');
begin
  return jsonb_build_object(
    'object', 'rate_limit_system',
    'plans', (
      select jsonb_agg(jsonb_build_object('id', p.id, 'limits', (
        select jsonb_object_agg(name, (to_jsonb(p) ->> name)::bigint) from unnest(gateway.limit_names()) as name))
        order by p.requests_per_minute, p.id)
      from gateway.plans p),
    'accounts_with_own_limits', (select count(*) from gateway.accounts where rate_limits <> '{}' and deleted_at is null),
    'keys_with_own_limits', (select count(*) from gateway.api_keys where rate_limits <> '{}' and revoked_at is null),
    'open_calls', (select count(*) from gateway.holds where state = 'open'));
end;
$$;

-- supabase/schemas/84_generation.sql

-- One call as OpenRouter's clients look it up.

-- A call of an account that is over, or nothing. asked: call_id, or else answer_id, the provider's id of an answer, by which the
-- account's newest calls are looked through: whoever asks by it asks soon.
create function gateway.find_generation(account uuid, asked jsonb) returns gateway.requests
language plpgsql stable
as $$
declare
  window_size constant integer := 5000;
  call constant uuid := asked ->> 'call_id';
  answer constant text := asked ->> 'answer_id';
  made gateway.requests;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and account_id = account and finished_at >= gateway.earliest_end(call, gateway.now());
  else
    select * into made from (
        select * from gateway.requests where account_id = account
          order by finished_at desc limit window_size) as newest
      where answer_id = answer order by finished_at desc limit 1;
  end if;
  return made;
end;
$$;

-- A call of the calling key, or of its account where the key may see what that has used (see gateway.find_generation).
create function public.get_generation(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  sees_all constant boolean := (
    select gateway.covers(k.scopes, 'usage:read') and gateway.covers(r.permissions, 'usage:read')
    from gateway.api_keys as k, gateway.roles as r where k.id = session.key_id and r.name = session.role);
  made gateway.requests := gateway.find_generation(session.account_id, asked);
begin
  if made.call_id is null or not (sees_all or made.key_id = session.key_id) then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found'));
  end if;
  return jsonb_build_object('data', jsonb_build_object(
    'id', 'gen-' || replace(made.call_id::text, '-', ''), 'upstream_id', made.answer_id,
    'request_id', coalesce(made.request_id, made.call_id::text),
    'session_id', null, 'external_user', made.end_user,
    'model', made.model, 'provider_name', coalesce(made.provider, ''), 'router', null, 'preset_id', null,
    'service_tier', null, 'api_type', null,
    'created_at', made.created_at, 'streamed', made.stream, 'cancelled', made.outcome = 'client_left',
    'finish_reason', coalesce(made.finish_reason, case made.outcome when 'completed' then 'stop' else 'error' end),
    'native_finish_reason', made.finish_reason,
    'latency', coalesce(made.first_byte_ms, made.duration_ms, 0),
    'generation_time', coalesce(made.duration_ms - made.first_byte_ms, 0), 'moderation_latency', null,
    'tokens_prompt', made.prompt_tokens, 'tokens_completion', made.completion_tokens,
    'native_tokens_prompt', made.prompt_tokens, 'native_tokens_completion', made.completion_tokens,
    'native_tokens_reasoning', made.reasoning_tokens, 'native_tokens_cached', made.cached_tokens,
    'native_tokens_cache_creation', made.written_tokens,
    'native_tokens_completion_images', coalesce((made.units ->> 'image_output')::integer, 0),
    'num_media_prompt', 0, 'num_media_completion', coalesce((made.units ->> 'images')::integer, 0),
    'num_input_audio_prompt', 0, 'num_search_results', coalesce((made.units ->> 'searches')::integer, 0), 'num_fetches', 0,
    'billable_web_search_calls', 0, 'web_search_engine', null,
    'total_cost', gateway.dollars(made.cost), 'usage', gateway.dollars(made.cost),
    'upstream_inference_cost', 0, 'cache_discount', null, 'is_byok', made.own_key,
    'origin', coalesce(made.app, ''), 'http_referer', made.app, 'user_agent', null, 'app_id', null,
    'data_region', 'global', 'workspace_id', made.account_id, 'response_cache_source_id', 'gen-' || replace(made.replayed_call::text, '-', ''),
    'provider_responses', null));
end;
$$;

-- What was used in each of the last thirty UTC days that are over, or in one of them, by model and provider. query: date, key_id.
create function public.list_openrouter_activity(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  today constant timestamptz := gateway.period_start('day', gateway.now());
  day constant timestamptz := (query ->> 'date')::date::timestamp at time zone 'utc';
  since constant timestamptz := greatest(coalesce(day, '-infinity'), today - interval '720 hours');
  until constant timestamptz := least(coalesce(day + interval '24 hours', 'infinity'), today);
begin
  return jsonb_build_object('data', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'date', used_on, 'model', model, 'model_permaslug', model, 'endpoint_id', provider || ' | ' || model,
      'provider_name', provider, 'requests', requests, 'usage', gateway.dollars(cost), 'byok_usage_inference', 0,
      'prompt_tokens', prompt, 'completion_tokens', completion, 'reasoning_tokens', reasoning,
      'workspace_id', session.account_id) order by used_on desc, cost desc, model, provider), '[]')
    from (
      select (hour at time zone 'utc')::date as used_on, model, provider, sum(requests)::bigint as requests,
             sum(cost)::bigint as cost, sum(prompt_tokens)::bigint as prompt, sum(completion_tokens)::bigint as completion,
             sum(reasoning_tokens)::bigint as reasoning
      from gateway.used(session.account_id, since, until)
      where query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid
      group by 1, 2, 3
    ) as days));
end;
$$;

-- supabase/schemas/84_metrics.sql

-- What a scraper of metrics is told: counters that only rise, and the state of the moment. In the database they are exact over all
-- instances of the gateway, of which none lives long enough to count for itself.

create function public.get_platform_metrics(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:metrics');
  at constant timestamptz := gateway.now();
begin
  perform gateway.sum_up_platform_latest(at);
  return (
    with counted as materialized (
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.platform_totals
      union all
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.platform_heads
      union all
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.count_platform(coalesce(gateway.platform_counted_from(), '-infinity'), 'infinity')
    ),
    outcomes as (
      select model, provider, outcome, stream, sum(requests) as requests from counted group by 1, 2, 3, 4
    ),
    errors as (
      select provider, error_code as code, sum(requests) as requests from counted where error_code <> '' group by 1, 2
    ),
    models as (
      select model, provider, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached, sum(written_tokens) as written,
             sum(completion_tokens) as completion, sum(reasoning_tokens) as reasoning, sum(estimated) as estimated,
             trim_scale(sum(cost) * 0.000000001) as cost, trim_scale(sum(provider_cost) * 0.000000001) as provider_cost
      from counted group by 1, 2
    ),
    latencies as (
      select provider, stream, gateway.buckets(sum(durations)) as durations, gateway.buckets(sum(first_bytes)) as first_bytes,
             trim_scale(sum(duration_ms) * 0.001) as duration_seconds, trim_scale(sum(first_byte_ms) * 0.001) as first_byte_seconds
      from counted group by 1, 2
    ),
    owed as materialized (select gateway.liabilities() as figures)
    select jsonb_build_object(
      'bounds_ms', gateway.latency_bounds(),
      'outcomes', (select coalesce(jsonb_agg(to_jsonb(outcomes) order by model, provider, outcome, stream), '[]') from outcomes),
      'errors', (select coalesce(jsonb_agg(to_jsonb(errors) order by provider, code), '[]') from errors),
      'models', (select coalesce(jsonb_agg(to_jsonb(models) order by model, provider), '[]') from models),
      'refusals', (
        select coalesce(jsonb_agg(jsonb_build_object('code', code, 'calls', calls) order by code), '[]') from gateway.refusal_totals),
      'latencies', (select coalesce(jsonb_agg(to_jsonb(latencies) order by provider, stream), '[]') from latencies),
      'gauges', jsonb_build_object(
        'holds_open', (select count(*) from gateway.holds where state = 'open'),
        'holds_overdue', (select count(*) from gateway.holds where state = 'open' and expires_at < at),
        'mail_due', (select count(*) from gateway.notifications where state in ('due', 'sending')),
        'accounts', owed.figures -> 'accounts', 'accounts_in_debt', owed.figures -> 'in_debt',
        'balance_usd', owed.figures -> 'balance', 'held_usd', owed.figures -> 'held', 'debt_usd', owed.figures -> 'debt'))
    from owed);
end;
$$;

-- supabase/schemas/84_provider_lists.sql

-- What becomes of a provider's own list: routes are seen or missing, and a price changes by itself only within bounds.

-- Whether a price may take another's place by itself: no kind of it at any length of a prompt is more than `factor` hundredths of
-- what it was, or less than that part of it, and none begins or ceases to cost.
create function gateway.is_near(former jsonb, proposed jsonb, factor integer) returns boolean
language plpgsql immutable
as $$
declare
  length numeric;
begin
  for length in
    select 0 union
    select (tier ->> 'above')::numeric + 1
    from jsonb_array_elements(coalesce(former -> 'tiers', '[]') || coalesce(proposed -> 'tiers', '[]')) as tier
  loop
    if exists (
      select
      from jsonb_each_text(to_jsonb(gateway.read_price(former, length))) as was (kind, price)
      join jsonb_each_text(to_jsonb(gateway.read_price(proposed, length))) as is_now (kind, price) using (kind)
      where was.price is distinct from is_now.price and not coalesce(
        was.price::numeric > 0 and is_now.price::numeric > 0
        and is_now.price::numeric * 100 <= was.price::numeric * factor
        and was.price::numeric * 100 <= is_now.price::numeric * factor, false)) then
      return false;
    end if;
  end loop;
  return true;
end;
$$;

-- The price that a list proposes for a route: what it does not name stays, tiers included.
create function gateway.proposed_price(candidate jsonb, listed jsonb) returns jsonb
language sql immutable parallel safe
return (candidate - '{provider,model}'::text[]) || jsonb_strip_nulls(listed);

-- listed: by the provider's name of each model its price (as gateway.price in nano-dollars), an empty object where the list has none, or
-- {"problem": …} where it could not be read. problem: why there is no list; then routes are left as they are. factor: how far a price may
-- go by itself, in hundredths.
create function public.apply_provider_list(provider text, listed jsonb, problem text, factor integer) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at timestamptz := gateway.now();
  route gateway.model_routes;
  entry jsonb;
  offered jsonb;
  present jsonb;
  waiting gateway.price_changes;
  near text[] := '{}';
  prices jsonb[] := '{}';
  raised integer := 0;
  unknown text[];
begin
  perform gateway.require(jsonb_build_object('provider', provider, 'factor', factor), 'provider', 'factor');
  if problem is not null then
    insert into gateway.provider_lists as l (provider, tried_at, problem) values (apply_provider_list.provider, at, problem)
      on conflict on constraint provider_lists_pkey do update set tried_at = at, problem = excluded.problem;
    return jsonb_build_object('changed', 0, 'waiting', 0, 'unknown', 0);
  end if;
  perform gateway.require(jsonb_build_object('listed', listed), 'listed');
  -- Models before their routes, as everybody locks them.
  perform from gateway.models m
    where id in (select model_id from gateway.model_routes r where r.provider = apply_provider_list.provider)
    order by id for no key update;
  unknown := array(
    select name from jsonb_object_keys(listed) as name
    where not exists (
      select from gateway.model_routes r where r.provider = apply_provider_list.provider and r.upstream_model = name)
    order by name);
  insert into gateway.provider_lists as l (provider, tried_at, read_at, models, unknown, unknown_models)
    values (apply_provider_list.provider, at, at, (select count(*) from jsonb_object_keys(listed)), cardinality(unknown),
            unknown[:100])
    on conflict on constraint provider_lists_pkey do update set
      tried_at = at, read_at = at, problem = null, models = excluded.models, unknown = excluded.unknown,
      unknown_models = excluded.unknown_models;
  insert into gateway.listed_routes as l (model_id, provider, seen_at, missing_since, price, problem)
    select r.model_id, r.provider, case when listed ? r.upstream_model then at end,
           case when not listed ? r.upstream_model then at end,
           nullif(listed -> r.upstream_model, '{}') - 'problem', listed -> r.upstream_model ->> 'problem'
    from gateway.model_routes r where r.provider = apply_provider_list.provider
    on conflict on constraint listed_routes_pkey do update set
      seen_at = coalesce(excluded.seen_at, l.seen_at),
      missing_since = case when excluded.missing_since is not null then coalesce(l.missing_since, at) end,
      price = coalesce(excluded.price, l.price), problem = excluded.problem;

  for route in
    select r.* from gateway.model_routes r
    where r.provider = apply_provider_list.provider and r.prompt_price is not null and r.completion_price is not null
      and jsonb_typeof(listed -> r.upstream_model) = 'object' and listed -> r.upstream_model <> '{}'
      and not listed -> r.upstream_model ? 'problem'
      and not jsonb_path_exists(listed -> r.upstream_model, 'lax $.** ? (@.type() == "number" && @ < 0)')
    order by r.model_id
    for no key update
  loop
    entry := listed -> route.upstream_model;
    present := route.candidate - '{provider,model}'::text[];
    offered := gateway.proposed_price(route.candidate, entry);
    select * into waiting from gateway.price_changes c
      where c.model_id = route.model_id and c.provider = route.provider and c.state = 'waiting' for no key update;
    if waiting.id is not null and (offered = present or waiting.proposed <> offered or waiting.former <> present) then
      update gateway.price_changes set state = 'superseded', decided_at = at where id = waiting.id;
      waiting := null;
    end if;
    if offered = present or waiting.id is not null then
      continue;
    end if;
    if route.priced_by <> 'admin' and route.windows is null and gateway.is_near(present, offered, factor) then
      near := near || route.model_id;
      prices := prices || offered;
      continue;
    end if;
    if exists (
      select from gateway.price_changes c
      where c.model_id = route.model_id and c.provider = route.provider and c.state = 'rejected'
        and c.proposed = offered and c.former = present) then
      -- An administrator has said no to this already.
      continue;
    end if;
    raised := raised + 1;
    insert into gateway.price_changes (id, model_id, provider, former, proposed, reason, found_at)
      values (gen_random_uuid(), route.model_id, route.provider, present, offered, case
        when route.priced_by = 'admin' then 'the price is an administrator''s'
        when route.windows is not null then 'the price goes by the hour'
        else 'the price is too far from the present one' end, at);
  end loop;
  perform gateway.price_anew(near, provider, prices, 'provider');
  return jsonb_build_object('changed', cardinality(near), 'waiting', raised, 'unknown', cardinality(unknown));
end;
$$;

create function gateway.price_change_view(change gateway.price_changes) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'price_change', 'id', change.id, 'model', change.model_id, 'provider', change.provider,
  'former', gateway.price_view(change.former), 'proposed', gateway.price_view(change.proposed), 'reason', change.reason,
  'state', change.state, 'found_at', change.found_at, 'decided_at', change.decided_at);

-- Takes a price that waits, or does not. decision: approve or reject.
create function public.decide_price_change(caller jsonb, change_id uuid, decision text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  change gateway.price_changes;
  route gateway.model_routes;
begin
  perform gateway.require(jsonb_build_object('decision', decision), 'decision');
  select * into change from gateway.price_changes where id = change_id;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'price_change_not_found'));
  end if;
  perform gateway.lock_model(change.model_id);
  select * into route from gateway.model_routes where model_id = change.model_id and provider = change.provider for no key update;
  select * into change from gateway.price_changes where id = change_id for no key update;
  if change.state <> 'waiting' or change.former <> route.candidate - '{provider,model}'::text[] then
    -- Or the price has become another since: what was looked at is not what would be changed.
    perform gateway.refuse(gateway.refusal(409, 'price_change_decided', jsonb_build_object('state', change.state)));
  end if;
  if decision = 'approve' then
    perform gateway.price_anew(array[route.model_id], route.provider, array[change.proposed], 'provider');
  end if;
  update gateway.price_changes set
    state = case decision when 'approve' then 'approved' else 'rejected' end, decided_at = gateway.now(),
    decided_by = session.account_id
    where id = change.id returning * into change;
  perform gateway.audit(caller, session.account_id, session.key_id, 'price_change.' || decision, null, change.model_id,
    jsonb_build_object('change', gateway.price_change_view(change)));
  return gateway.price_change_view(change);
end;
$$;

-- How the catalog stands to what providers' lists say. Of long lists the first hundred.
create function public.get_catalog_status(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:models');
  at constant timestamptz := gateway.now();
  stale_after constant interval := '2 days';
begin
  return jsonb_build_object(
    'object', 'catalog_status',
    'models', (
      select jsonb_build_object(
        'all', count(*), 'enabled', count(*) filter (where enabled), 'deprecated', count(*) filter (where deprecated_at <= at),
        'unreachable', count(*) filter (where enabled and not exists (
          select from gateway.model_routes r where r.model_id = m.id and r.enabled and r.prompt_price is not null
                                               and r.completion_price is not null)))
      from gateway.models m),
    'routes', (
      select jsonb_build_object(
        'all', count(*), 'enabled', count(*) filter (where enabled),
        'by_seed', count(*) filter (where priced_by = 'seed'), 'by_provider', count(*) filter (where priced_by = 'provider'),
        'by_admin', count(*) filter (where priced_by = 'admin'))
      from gateway.model_routes),
    'providers', coalesce((
      select jsonb_agg(jsonb_build_object(
        'provider', l.provider, 'tried_at', l.tried_at, 'read_at', l.read_at, 'problem', l.problem,
        'stale', coalesce(l.read_at < at - stale_after, true), 'models', l.models, 'unknown', l.unknown,
        'unknown_models', l.unknown_models) order by l.provider)
      from gateway.provider_lists l), '[]'),
    'vanished', coalesce((
      select jsonb_agg(jsonb_build_object(
        'model', model_id, 'provider', provider, 'since', missing_since, 'seen_at', seen_at) order by missing_since, model_id, provider)
      from (select * from gateway.listed_routes where missing_since is not null
            order by missing_since, model_id, provider limit 100) as gone), '[]'),
    'drift', coalesce((
      select jsonb_agg(jsonb_build_object(
        'model', model_id, 'provider', provider, 'price', gateway.price_view(present), 'listed', gateway.price_view(listed),
        'problem', problem) order by model_id, provider)
      from (
        select l.model_id, l.provider, l.problem, r.candidate as present, l.price as listed
        from gateway.listed_routes l join gateway.model_routes r using (model_id, provider)
        where l.problem is not null
          or (l.price is not null and gateway.proposed_price(r.candidate, l.price) <> r.candidate - '{provider,model}'::text[])
        order by l.model_id, l.provider limit 100) as drifted), '[]'),
    'waiting', coalesce((
      select jsonb_agg(gateway.price_change_view(c) order by c.found_at, c.id)
      from (select * from gateway.price_changes where state = 'waiting' order by found_at, id limit 100) c), '[]'));
end;
$$;

-- supabase/schemas/84_thresholds.sql

-- From what on an account wants to be told.

create function gateway.thresholds_view(account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'notification_thresholds',
    'low_balance', case when a.alert_below > 0 then gateway.dollars(a.alert_below) end,
    'spend_per_day', gateway.dollars(s.per_day), 'spend_per_month', gateway.dollars(s.per_month))
  from gateway.accounts a left join gateway.spend_alerts s on s.account_id = a.id where a.id = account
$$;

create function public.get_thresholds(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.thresholds_view(session.account_id);
end;
$$;

-- changes: low_balance, spend_per_day, spend_per_month (nano-dollars; null: none). What is absent stays. A new threshold is told of when it
-- is met, also where another one was met before: a balance that is below it already, by the next settle. Whoever has nothing left was told
-- of that, and is told anew once there is something again.
create function public.set_thresholds(caller jsonb, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'account:write');
begin
  perform gateway.require(jsonb_build_object('changes', changes), 'changes');
  if changes ? 'low_balance' then
    account.alert_below := coalesce((changes ->> 'low_balance')::bigint, 0);
    update gateway.accounts set
      alert_below = account.alert_below,
      alert_at = case when balance >= gateway.no_balance() then greatest(account.alert_below, gateway.no_balance()) else alert_at end
      where id = account.id;
  end if;
  if not changes ?| array['spend_per_day', 'spend_per_month'] then
    return gateway.thresholds_view(account.id);
  end if;
  insert into gateway.spend_alerts (account_id, looked_at) values (account.id, '-infinity') on conflict do nothing;
  update gateway.spend_alerts set
    per_day = case when changes ? 'spend_per_day' then (changes ->> 'spend_per_day')::bigint else per_day end,
    day_told = case when changes ? 'spend_per_day' then null else day_told end,
    per_month = case when changes ? 'spend_per_month' then (changes ->> 'spend_per_month')::bigint else per_month end,
    month_told = case when changes ? 'spend_per_month' then null else month_told end,
    looked_at = '-infinity'
    where account_id = account.id;
  return gateway.thresholds_view(account.id);
end;
$$;

-- supabase/schemas/85_generation_content.sql

-- What was said in one call, where the account keeps it: in a chat, or as a stored response.

-- Answers `messages` of a chat, or `input` and `output` of a response, all of it sealed. asked: see gateway.find_generation.
create function public.get_generation_content(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  window_size constant integer := 5000;
  made constant gateway.requests := gateway.find_generation(session.account_id, asked);
  kept jsonb;
begin
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found'));
  end if;
  -- What was said last is looked through first, and nothing beyond it.
  select jsonb_agg(jsonb_build_object('role', role, 'content', to_jsonb(content)) order by position) into kept
    from (
      select role, content, position, call_id from gateway.chat_messages where account_id = session.account_id
        order by id desc limit window_size) as newest
    where call_id = made.call_id;
  if kept is not null then
    return jsonb_build_object('messages', kept);
  end if;
  select jsonb_build_object('input', to_jsonb(r.input), 'output', to_jsonb(r.output)) into kept
    from gateway.response_threads as t join gateway.stored_responses as r on r.thread_id = t.id
    where t.account_id = session.account_id and r.call_id = made.call_id
      and t.updated_at >= greatest(made.created_at, gateway.responses_forgotten_before(session.account_id, gateway.now()));
  if kept is null then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found', jsonb_build_object('message',
      'What was said in this call is not kept: only turns of a chat (`?session_id=`) and stored responses are.')));
  end if;
  return kept;
end;
$$;

-- supabase/schemas/85_openrouter_models.sql

-- The catalog as OpenRouter's clients list it. These functions take no caller, but for the one that goes by the calling key: anyone may
-- ask, and the CDN answers most.

-- Models that can be used. query: kind; or else output_modalities (a list, or ["all"]; without it those that write); q (a part of id,
-- name or description); input_modalities, supported_parameters (lists, of which a model must have all).
create function gateway.usable_models(query jsonb) returns setof gateway.models
language sql stable set search_path = ''
as $$
  select * from gateway.models as m
  where m.enabled
    and exists (select from gateway.model_routes as r where r.model_id = m.id and r.enabled
                  and r.prompt_price is not null and r.completion_price is not null)
    and case
      when query ->> 'kind' is not null then m.kind = query ->> 'kind'
      when query ->> 'output_modalities' is null then m.kind = 'chat' or m.kind = 'image' and m.output_modalities @> '{text}'
      when query -> 'output_modalities' ? 'all' then true
      else m.output_modalities @> array(select jsonb_array_elements_text(query -> 'output_modalities'))
    end
    and (query ->> 'q' is null
      or strpos(lower(m.id || ' ' || m.name || ' ' || m.description), lower(query ->> 'q')) > 0)
    and (query ->> 'input_modalities' is null
      or m.input_modalities @> array(select jsonb_array_elements_text(query -> 'input_modalities')))
    and (query ->> 'supported_parameters' is null
      or gateway.parameters_of(m) @> array(select jsonb_array_elements_text(query -> 'supported_parameters')))
$$;

-- A page of them, all of those that the allowlist holds (null: of all) if the query has no limit. query: as above, offset, limit.
-- As json, whose parts are texts that are not read again.
create function gateway.openrouter_page(query jsonb, allowed_models text[]) returns json
language plpgsql stable set search_path = ''
as $$
declare
  start constant bigint := coalesce((query ->> 'offset')::bigint, 0);
  most constant bigint := (query ->> 'limit')::bigint;
  answer json;
begin
  with usable as (
    select m.id, row_number() over (order by m.id) as place, count(*) over () as total
    from gateway.usable_models(query) as m
    where coalesce(cardinality(allowed_models), 0) = 0 or gateway.model_allowed(allowed_models, m.id)
  )
  select json_build_object(
    'data', coalesce(json_agg(openrouter_body order by place)
                       filter (where place > start and (most is null or place <= start + most)), '[]'),
    'total_count', coalesce(max(total), 0),
    'links', json_build_object('next', case when start + most < max(total) then
      format('/api/v1/models?offset=%s&limit=%s', start + most, most) end))
  into answer from usable join gateway.listed_models on model_id = usable.id;
  return answer;
end;
$$;

-- Nearly every client asks for all of them: a conditional read, as list_models is.
create function public.list_openrouter_models(query jsonb, known uuid) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  whole constant uuid := (select version from gateway.catalog_version where query = '{}');
begin
  return case when whole = known then json_build_object('version', whole)
    else json_build_object('version', whole, 'list', gateway.openrouter_page(query, null)) end;
end;
$$;

-- How many there are.
create function public.count_openrouter_models(query jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$ select jsonb_build_object('data', jsonb_build_object('count', count(*))) from gateway.usable_models(query) $$;

-- Those that the calling key may use.
create function public.list_models_of_key(caller jsonb, query jsonb) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'self');
  allowed constant text[] := (select allowed_models from gateway.api_keys where id = session.key_id);
begin
  return gateway.openrouter_page(query, allowed);
end;
$$;

-- A route in OpenRouter's words; it calls one an endpoint.
create function gateway.openrouter_endpoint(model gateway.models, route gateway.model_routes) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'name', route.provider || ' | ' || model.id, 'model_id', model.id, 'model_name', model.name,
    'provider_name', route.provider, 'tag', route.provider,
    'context_length', model.context_length, 'max_completion_tokens', nullif(model.max_output, 0), 'max_prompt_tokens', null,
    'pricing', gateway.pricing_json(route), 'quantization', route.quantization, 'status', 0,
    'supported_parameters', gateway.parameters_of_route(model, route),
    'supports_implicit_caching', route.cached_price is not null,
    'supports_tool_choice', (
      select jsonb_build_object('auto', takes, 'function', takes, 'none', takes, 'required', takes)
      from (select gateway.parameters_of_route(model, route) @> '{tool_choice}' as takes) as it),
    'uptime_last_5m', null, 'uptime_last_30m', null, 'uptime_last_1d', null,
    'latency_last_30m', null, 'throughput_last_30m', null)
$$;

create function public.get_openrouter_model(model_id text) returns json
language plpgsql stable security definer set search_path = ''
as $$
declare
  model constant gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return json_build_object('data', (
    select openrouter_body from gateway.listed_models as listed where listed.model_id = model.id));
end;
$$;

-- A model with the routes that can be used, the cheapest first.
create function public.get_model_endpoints(model_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  model constant gateway.models := gateway.find_model(model_id);
begin
  if model.id is null then
    perform gateway.refuse(gateway.no_such_model(model_id));
  end if;
  return jsonb_build_object('data', jsonb_build_object(
    'id', model.id, 'name', model.name, 'created', extract(epoch from model.created_at)::bigint,
    'description', model.description, 'architecture', gateway.openrouter_members(model) -> 'architecture',
    'endpoints', (
      select coalesce(jsonb_agg(gateway.openrouter_endpoint(model, r) order by r.prompt_price + r.completion_price, r.provider), '[]')
      from gateway.model_routes as r
      where r.model_id = model.id and r.enabled and r.prompt_price is not null and r.completion_price is not null)));
end;
$$;

-- The routes that can be used whose provider keeps nothing of what our account sends it, by model and price.
create function public.list_zdr_endpoints() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('data', coalesce(
    jsonb_agg(gateway.openrouter_endpoint(m, r) order by m.id, r.prompt_price + r.completion_price, r.provider), '[]'))
  from gateway.model_routes as r join gateway.models as m on m.id = r.model_id and m.enabled
  where r.data_policy = 'zdr' and r.enabled and r.prompt_price is not null and r.completion_price is not null
$$;

-- Who serves models that can be used.
create function public.list_openrouter_providers() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('data', coalesce(jsonb_agg(jsonb_build_object('slug', provider) order by provider), '[]'))
  from (
    select distinct r.provider from gateway.model_routes as r join gateway.models as m on m.id = r.model_id and m.enabled
    where r.enabled and r.prompt_price is not null and r.completion_price is not null
  ) as serving
$$;

-- supabase/schemas/85_platform_payments.sql

-- What was bought by all accounts, and what came back of it: what an operator asks for who hears of a dispute or a refund.

-- A payment as an operator sees it: as its account does, whose it is, and each refund and dispute of it.
create function gateway.payment_of_operator(payment gateway.payments) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'platform_payment', 'payment', gateway.payment_view(payment), 'account_id', payment.account_id,
    'email', (select email from gateway.accounts where id = payment.account_id),
    'reversals', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', id, 'kind', kind, 'status', status, 'amount', gateway.dollars(gateway.of_cents(amount)), 'counts', counts,
        'reason', reason, 'due_by', due_by, 'created_at', created_at) order by created_at, id)
      from gateway.reversals where payment_id = payment.id), '[]'))
$$;

-- query: account_id, status, reversal (refund, dispute: those of which there is one, however it stands), limit, cursor {at, id}.
-- Newest first.
create function public.list_platform_payments(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:payments');
  most constant integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select payments as payment, created_at, id from gateway.payments
    where (query ->> 'account_id' is null or account_id = (query ->> 'account_id')::uuid)
      and (query ->> 'status' is null or status = query ->> 'status')
      and (query ->> 'reversal' is null or exists (
        select from gateway.reversals where payment_id = payments.id and kind = query ->> 'reversal'))
      and (query -> 'cursor' ->> 'at' is null
           or (created_at, id) < ((query -> 'cursor' ->> 'at')::timestamptz, (query -> 'cursor' ->> 'id')::uuid))
    order by created_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.payment_of_operator(payment) order by created_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(created_at, id) from page order by created_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- supabase/schemas/85_platform_requests.sql

-- Finding one call among all, and those of one account: what support asks for.

-- A request as an operator sees it: whose it was, what was reserved for it and what of its cost the provider gets, besides.
-- What its account has written down about it is for the account.
create function gateway.request_of_operator(request gateway.requests) returns jsonb
language sql stable set search_path = ''
as $$
  select gateway.request_json(request) - 'metadata' || jsonb_build_object(
    'account_id', request.account_id, 'held', gateway.dollars(request.held),
    'provider_cost', gateway.dollars(case when request.own_key then 0 else gateway.provider_cost(request.cost, request.markup) end))
$$;

-- query: id (a call's, a request's as its caller was told it, or the provider's of an answer), status (finished, or running: calls that
-- are not settled; those with this id of both, where it is not said), account_id, key_id, model, provider, outcome, error_code, from,
-- to, limit, cursor {at, id}. Newest first, by when they ended; without times those of the last day. A page looks through so
-- many requests at most, however few of them match: it may hold less than the limit and still have a page after it.
--
-- Names that callers give their requests have no index, which every settle would pay for. But the gateway's own are their calls' ids,
-- and UUIDv7: they say when the request began, and requests are found by time. Of calls that run there are never many; one that
-- was swept is found by its own id alone, in public.get_platform_request.
create function public.list_platform_requests(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:requests');
  at constant timestamptz := gateway.now();
  most constant integer := gateway.page_size(query);
  most_looked_at constant integer := 20000;
  this_id constant text := query ->> 'id';
  status constant text := query ->> 'status';
  is_dated constant boolean := coalesce(this_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$', false);
  begun constant timestamptz := case when is_dated then gateway.begun_at(this_id::uuid) end;
  after constant timestamptz := (query -> 'cursor' ->> 'at')::timestamptz;
  after_id constant uuid := (query -> 'cursor' ->> 'id')::uuid;
  until constant timestamptz := least(
    coalesce((query ->> 'to')::timestamptz, begun + interval '1 day', 'infinity'), after + interval '1 microsecond');
  since constant timestamptz := coalesce(
    (query ->> 'from')::timestamptz, begun - interval '10 minutes', least(until, at) - interval '1 day');
  answer jsonb;
begin
  with scanned as (
    (select r as made, null::gateway.holds as hold, r.finished_at as ended, r.call_id from gateway.requests r
    where status is distinct from 'running' and r.finished_at >= since and r.finished_at < until
      and (query ->> 'account_id' is null or r.account_id = (query ->> 'account_id')::uuid)
      and (this_id is null or r.request_id = this_id or r.call_id::text = this_id or r.answer_id = this_id)
      and (after is null or (r.finished_at, r.call_id) < (after, after_id))
    order by r.finished_at desc, r.call_id desc
    limit most_looked_at)
    union all
    select u.made, h, (u.made).finished_at, h.call_id
    from gateway.holds h cross join lateral (select gateway.unfinished(h)) as u (made)
    where h.state = 'open' and (status = 'running' or status is null and this_id is not null)
      and (query ->> 'account_id' is null or h.account_id = (query ->> 'account_id')::uuid)
      and (this_id is null or h.request_id = this_id or h.call_id::text = this_id)
      and (after is null or ((u.made).finished_at, h.call_id) < (after, after_id))
  ),
  found as (
    select * from scanned
    where (query ->> 'model' is null or (made).model = query ->> 'model')
      and (query ->> 'provider' is null or (made).provider = query ->> 'provider')
      and (query ->> 'key_id' is null or (made).key_id = (query ->> 'key_id')::uuid)
      and (query ->> 'outcome' is null or (made).outcome = query ->> 'outcome')
      and (query ->> 'error_code' is null or (made).error_code = query ->> 'error_code')
    order by ended desc, call_id desc
    limit most + 1
  ),
  page as (select * from found order by ended desc, call_id desc limit most),
  ends as (
    select case
      when (select count(*) from found) > most
        then (select gateway.place(ended, call_id) from page order by ended, call_id limit 1)
      when (select count(*) from scanned) >= most_looked_at
        then (select gateway.place(ended, call_id) from scanned order by ended, call_id limit 1)
    end as next_cursor
  ),
  told as (select ended, call_id, hold, gateway.request_of_operator(made) as shown from page)
  select gateway.page(
    (
      select jsonb_agg(
        case when hold is null then shown else gateway.unfinished_json(shown, hold, at) end order by ended desc, call_id desc)
      from told),
    ends.next_cursor)
  into answer from ends;
  return answer;
end;
$$;

-- supabase/schemas/85_request_detail.sql

-- One request with all that is known of it: the providers that were asked, and what each part of it cost.

-- The attempts, in the order in which they were made; times in ms since the call's start. A single one that succeeded is not recorded
-- beside its request, which tells all of it.
create function gateway.request_attempts(request gateway.requests) returns jsonb
language sql immutable set search_path = ''
as $$
  select case
    when request.attempts is not null then (
      select jsonb_agg(
        jsonb_build_object('model', request.model, 'first_byte_ms', null, 'status', null, 'error_code', null) || attempt
        order by place)
      from jsonb_array_elements(request.attempts) with ordinality as made (attempt, place))
    when request.provider is null or request.asked_ms is null then '[]'
    else jsonb_build_array(jsonb_build_object(
      'provider', request.provider, 'model', request.model, 'started_ms', request.asked_ms,
      'duration_ms', greatest(request.duration_ms - request.asked_ms, 0), 'first_byte_ms', request.first_byte_ms,
      'status', case when request.first_byte_ms is not null then 200 end, 'error_code', null))
  end
$$;

-- What a request cost, part by part, in nano-dollars: of the parts together the very cost. A part's share is what it raises the rounded
-- sum by, so that each is at most one nano-dollar off. What the price and the usage do not explain is a part of its own: `reserved`, where
-- nobody knew what was used and the hold was charged, or `limited`, what an estimate would have cost beyond the hold.
create function gateway.request_costs(request gateway.requests) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  u gateway.usage := gateway.read_usage(coalesce(request.units, '{}') || jsonb_build_object(
    'prompt', request.prompt_tokens, 'cached', request.cached_tokens, 'written', request.written_tokens,
    'completion', request.completion_tokens, 'reasoning', request.reasoning_tokens));
  price constant jsonb := coalesce(request.price, jsonb_strip_nulls(jsonb_build_object(
    'prompt', request.prompt_price, 'cached', request.cached_price, 'completion', request.completion_price, 'request', 0)));
  p constant gateway.price := gateway.read_price(price, u.prompt);
  explained bigint := 0;
  told jsonb := '[]';
begin
  if request.outcome = 'failed' then
    return told;
  end if;
  if p.prompt + p.completion + p.request + request.markup is not null then
    u := gateway.believe(u, p);
    with parts (place, kind, quantity, millionths) as (
      values
        (1, 'input', u.prompt - u.cached - greatest(u.written, u.written_long) - u.image_input - u.audio_input, p.prompt),
        (2, 'cached', u.cached, p.cached),
        (3, 'written', greatest(u.written - u.written_long, 0), p.written),
        (4, 'written_long', u.written_long, p.written_long),
        (5, 'image_input', u.image_input, p.image_input),
        (6, 'audio_input', u.audio_input, p.audio_input),
        (7, 'output', u.completion - u.reasoning - u.image_output - u.audio_output, p.completion),
        (8, 'reasoning', u.reasoning, p.reasoning),
        (9, 'image_output', u.image_output, p.image_output),
        (10, 'audio_output', u.audio_output, p.audio_output),
        (11, 'request', (p.request > 0)::integer, p.request * 1000000::numeric),
        (12, 'images', u.images, p.image * 1000000::numeric),
        (13, 'searches', u.searches, p.search * 1000000::numeric),
        (14, 'milliseconds', u.milliseconds, p.second * 1000::numeric),
        (15, 'characters', u.characters, p.character)
    ),
    summed as (
      select place, kind, quantity, gateway.charge(sum(quantity * millionths) over (order by place), request.markup) as up_to
      from parts where quantity > 0
    ),
    shares as (
      select place, kind, quantity, up_to - lag(up_to, 1, 0::bigint) over (order by place) as cost from summed
    )
    select coalesce(sum(cost), 0),
           coalesce(jsonb_agg(
             jsonb_build_object('kind', kind, 'quantity', quantity, 'cost', gateway.dollars(cost)) order by place), '[]')
      into explained, told from shares;
  end if;
  if request.cost <> explained then
    told := told || jsonb_build_object(
      'kind', case when request.cost > explained then 'reserved' else 'limited' end,
      'quantity', 1, 'cost', gateway.dollars(request.cost - explained));
  end if;
  return told;
end;
$$;

-- A request in the form in which its reader sees it (request_json, request_of_operator), with its attempts and its costs. What the
-- gateway took itself is what was no provider's time.
create function gateway.request_detail(request gateway.requests, shown jsonb) returns jsonb
language plpgsql immutable set search_path = ''
as $$
declare
  attempts constant jsonb := gateway.request_attempts(request);
begin
  return jsonb_build_object(
    'object', 'request_detail', 'request', shown, 'attempts', attempts, 'costs', gateway.request_costs(request),
    'overhead_ms', case when request.asked_ms is not null then greatest(request.duration_ms - (
      select sum((attempt ->> 'duration_ms')::integer) from jsonb_array_elements(attempts) as attempt), 0) end,
    'answer_id', request.answer_id, 'finish_reason', request.finish_reason);
end;
$$;

-- A call that is admitted and not settled, of one account or of any (null): by its id, or, while it runs, the newest by its request's id.
-- So few run that the latter needs no index.
create function gateway.find_unfinished(account uuid, asked jsonb) returns gateway.holds
language plpgsql stable
as $$
declare
  hold gateway.holds := (
    select h from gateway.holds as h
      where h.call_id = (asked ->> 'call_id')::uuid and h.state <> 'tombstone'
        and (find_unfinished.account is null or h.account_id = find_unfinished.account));
begin
  if hold.call_id is null then
    hold := (
      select h from gateway.holds as h
        where h.state = 'open' and h.request_id = asked ->> 'id'
          and (find_unfinished.account is null or h.account_id = find_unfinished.account)
        order by h.created_at desc limit 1);
  end if;
  return hold;
end;
$$;

-- A request of the caller's account. asked: call_id, where the id is one, and id: a request's as its caller was told it, or the
-- provider's id of the answer, by which the account's newest requests are looked through. A call that is not settled is found as well, by
-- the first two.
create function public.get_request(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  window_size constant integer := 5000;
  at constant timestamptz := gateway.now();
  call constant uuid := asked ->> 'call_id';
  made gateway.requests;
  hold gateway.holds;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and account_id = session.account_id and finished_at >= gateway.earliest_end(call, at);
  end if;
  if made.call_id is null then
    hold := gateway.find_unfinished(session.account_id, asked);
    if hold.call_id is not null then
      made := gateway.unfinished(hold);
      return gateway.request_detail(made, gateway.unfinished_json(gateway.request_json(made), hold, at));
    end if;
    select * into made from (
        select * from gateway.requests where account_id = session.account_id
          order by finished_at desc limit window_size) as newest
      where request_id = asked ->> 'id' or answer_id = asked ->> 'id' order by finished_at desc limit 1;
  end if;
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'request_not_found'));
  end if;
  return gateway.request_detail(made, gateway.request_json(made));
end;
$$;

-- The same among all accounts. By a request's or a provider's id it is found as public.list_platform_requests finds it: ids that say when they
-- were made (UUIDv7) at any time, others within the last day.
create function public.get_platform_request(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:requests');
  at constant timestamptz := gateway.now();
  call constant uuid := asked ->> 'call_id';
  begun constant timestamptz := case when substr(call::text, 15, 1) = '7' then gateway.begun_at(call) end;
  since constant timestamptz := coalesce(begun - interval '10 minutes', at - interval '1 day');
  until constant timestamptz := coalesce(begun + interval '1 day', 'infinity');
  made gateway.requests;
  hold gateway.holds;
begin
  if call is not null then
    select * into made from gateway.requests
      where call_id = call and finished_at >= gateway.earliest_end(call, at);
  end if;
  if made.call_id is null then
    hold := gateway.find_unfinished(null, asked);
    if hold.call_id is not null then
      made := gateway.unfinished(hold);
      return gateway.request_detail(made, gateway.unfinished_json(gateway.request_of_operator(made), hold, at));
    end if;
    select * into made from gateway.requests
      where finished_at >= since and finished_at < until
        and (request_id = asked ->> 'id' or answer_id = asked ->> 'id')
      order by finished_at desc limit 1;
  end if;
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'request_not_found'));
  end if;
  return gateway.request_detail(made, gateway.request_of_operator(made));
end;
$$;

-- supabase/schemas/86_report.sql

-- Usage in groups, for a report.

-- query: from, to (whole hours), group_by (day, hour, model, provider, key, user or tag), model, provider, key_id, user, tag. Of user and
-- tag one at most is asked about.
--
-- A request with several tags counts in the group of each. Those that are for no end user are a group by themselves: all that there was,
-- less what was for one.
create function public.get_report(caller jsonb, query jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  group_by constant text := query ->> 'group_by';
  since constant timestamptz := query ->> 'from';
  until constant timestamptz := query ->> 'to';
  label_kind constant text := case
    when group_by = 'user' or query ->> 'user' is not null then 'user'
    when group_by = 'tag' or query ->> 'tag' is not null then 'tag' end;
  counts_nobody constant boolean := group_by = 'user' and query ->> 'user' is null;
  -- Whether nothing else than the label counts.
  by_label constant boolean := group_by in ('user', 'tag') and query ->> 'model' is null and query ->> 'provider' is null
    and query ->> 'key_id' is null;
  answer jsonb;
begin
  perform gateway.require(query, 'from', 'to', 'group_by');
  perform gateway.sum_up_latest(session.account_id, gateway.now());
  with labelled as (
    select hour, key_id, model, provider, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.used_by_label(session.account_id, label_kind, group_by = 'hour', since, until)
    where label_kind is not null and not by_label
    union all
    select hour, null, null, null, label, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost
    from gateway.label_sums(session.account_id, label_kind, since, until) where by_label
  ),
  usage as (
    select hour, key_id, model, provider, null as label, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from gateway.used_by_hour(session.account_id, since, until)
    where group_by = 'hour' and label_kind is null
    union all
    select hour, key_id, model, provider, null, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from gateway.used(session.account_id, since, until)
    where group_by <> 'hour' and (label_kind is null or counts_nobody)
    union all
    select hour, key_id, model, provider, label, requests, prompt_tokens, cached_tokens, completion_tokens,
           reasoning_tokens, cost
    from labelled where label = coalesce(query ->> 'user', query ->> 'tag', label)
    union all
    select null, key_id, model, provider, null, -sum(requests), -sum(prompt_tokens), -sum(cached_tokens), -sum(completion_tokens),
           -sum(reasoning_tokens), -sum(cost)
    from labelled where counts_nobody group by key_id, model, provider
  ),
  -- What is told in JSON, which takes longer than to sum it up, are the groups and no rows.
  summed as (
    select case group_by
        when 'day' then (hour at time zone 'utc')::date::text
        when 'hour' then to_jsonb(hour) #>> '{}'
        when 'model' then model
        when 'provider' then provider
        when 'key' then key_id::text
        else label
      end as value,
      sum(cost) as cost, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached, sum(completion_tokens) as completion,
      sum(reasoning_tokens) as reasoning, sum(requests) as requests
    from usage
    where (query ->> 'model' is null or model = query ->> 'model')
      and (query ->> 'provider' is null or provider = query ->> 'provider')
      and (query ->> 'key_id' is null or key_id = (query ->> 'key_id')::uuid)
    group by value having sum(requests) > 0
  ),
  groups as (
    select jsonb_build_object(case group_by when 'key' then 'key_id' else group_by end, value) as part, cost, prompt, cached, completion,
           reasoning, requests
    from summed
  ),
  placed as (
    select *, group_by in ('user', 'tag') and row_number() over (
        partition by coalesce(part ->> group_by, gateway.other_labels()) = gateway.other_labels()
        order by cost desc, requests desc, part) > gateway.most_labels() as is_other
    from groups
  ),
  told as (
    select case when is_other then jsonb_build_object(group_by, gateway.other_labels()) else part end as part, sum(cost) as cost,
           sum(prompt) as prompt, sum(cached) as cached, sum(completion) as completion, sum(reasoning) as reasoning,
           sum(requests) as requests
    from placed group by 1
  )
  select jsonb_build_object('results', coalesce(jsonb_agg(
    part || case when group_by = 'key' then jsonb_build_object('key_name', k.name) else '{}' end || jsonb_build_object(
      'total_cost', trim_scale(cost * 0.000000001), 'input_tokens', prompt, 'cached_input_tokens', cached,
      'output_tokens', completion, 'reasoning_tokens', reasoning, 'request_count', requests)
    order by case when group_by in ('day', 'hour') then part end, cost desc, requests desc, part), '[]'))
  into answer
  from told left join gateway.api_keys k on k.id = (part ->> 'key_id')::uuid;
  return answer;
end;
$$;

-- supabase/schemas/87_ranking.sql

-- What is used most, for anyone to see.

-- query: kind (model or app), window (day, week or month), limit. Ends with the last hour that is summed up.
create function public.get_ranking(query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  most constant integer := gateway.page_size(query);
  hours constant integer := case query ->> 'window' when 'day' then 24 when 'week' then 168 when 'month' then 720 end;
  until constant timestamptz := (select rolled_up_to from gateway.platform_roll_up);
begin
  perform gateway.require(query, 'kind', 'window');
  return jsonb_build_object(
    'window', query ->> 'window', 'from', until - make_interval(hours => hours), 'to', until) || gateway.page((
      select jsonb_agg(jsonb_build_object(
        'object', 'ranking', 'rank', r.place, query ->> 'kind', r.name, 'requests', r.requests, 'tokens', r.tokens,
        'trend_percentage', r.trend) || case when query ->> 'kind' = 'model'
          then jsonb_build_object('name', m.name, 'developer', m.developer) else '{}' end order by r.place)
      from gateway.ranked(query ->> 'kind', hours, until, most) r left join gateway.models m on m.id = r.name), null);
end;
$$;

-- supabase/schemas/90_grants.sql

-- Who may call what: the service may call the functions of `public`, and nobody may do anything else. No table, no
-- sequence and no function of `gateway` is anybody's. A test finds functions of `public`, and privileges, that are not
-- on this list.

-- 36_audit.sql
revoke execute on function public.record_refusal(jsonb, text) from public, anon, authenticated;
grant execute on function public.record_refusal(jsonb, text) to service_role;

-- 40_begin_request.sql
revoke execute on function public.begin_request(json) from public, anon, authenticated;
grant execute on function public.begin_request(json) to service_role;

-- 41_finish_request.sql
revoke execute on function public.finish_request(json) from public, anon, authenticated;
grant execute on function public.finish_request(json) to service_role;

-- 42_sweep_holds.sql
revoke execute on function public.sweep_holds(uuid) from public, anon, authenticated;
grant execute on function public.sweep_holds(uuid) to service_role;

-- 43_ledger_check.sql
revoke execute on function public.check_ledger(jsonb, text) from public, anon, authenticated;
grant execute on function public.check_ledger(jsonb, text) to service_role;

-- 44_stripe_events.sql
revoke execute on function public.apply_stripe_event(jsonb) from public, anon, authenticated;
grant execute on function public.apply_stripe_event(jsonb) to service_role;

-- 48_due_mail.sql
revoke execute on function public.queue_due_mail() from public, anon, authenticated;
grant execute on function public.queue_due_mail() to service_role;

-- 48_webhooks.sql
revoke execute on function public.claim_webhook_deliveries(uuid) from public, anon, authenticated;
grant execute on function public.claim_webhook_deliveries(uuid) to service_role;
revoke execute on function public.finish_webhook_delivery(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_webhook_delivery(uuid, jsonb) to service_role;
revoke execute on function public.emit_daily_usage() from public, anon, authenticated;
grant execute on function public.emit_daily_usage() to service_role;

-- 50_account.sql
revoke execute on function public.get_profile(jsonb) from public, anon, authenticated;
grant execute on function public.get_profile(jsonb) to service_role;
revoke execute on function public.update_profile(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.update_profile(jsonb, jsonb) to service_role;
revoke execute on function public.delete_account(jsonb) from public, anon, authenticated;
grant execute on function public.delete_account(jsonb) to service_role;

-- 51_account_credit.sql
revoke execute on function public.get_balance(jsonb) from public, anon, authenticated;
grant execute on function public.get_balance(jsonb) to service_role;
revoke execute on function public.list_credit_transactions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_credit_transactions(jsonb, jsonb) to service_role;

-- 51_statement.sql
revoke execute on function public.get_statement(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_statement(jsonb, jsonb) to service_role;

-- 52_account_provider_keys.sql
revoke execute on function public.set_provider_key(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_provider_key(jsonb, jsonb) to service_role;
revoke execute on function public.list_provider_keys(jsonb) from public, anon, authenticated;
grant execute on function public.list_provider_keys(jsonb) to service_role;
revoke execute on function public.get_provider_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_provider_key(jsonb, uuid) to service_role;
revoke execute on function public.update_provider_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_provider_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.remove_provider_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.remove_provider_key(jsonb, uuid) to service_role;
revoke execute on function public.delete_provider_key(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_provider_key(jsonb, text) to service_role;
revoke execute on function public.list_outdated_provider_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_provider_keys(jsonb, jsonb) to service_role;
revoke execute on function public.renew_provider_key(uuid, uuid, text, text, integer) from public, anon, authenticated;
grant execute on function public.renew_provider_key(uuid, uuid, text, text, integer) to service_role;

-- 53_account_limits.sql
revoke execute on function public.get_limits(jsonb) from public, anon, authenticated;
grant execute on function public.get_limits(jsonb) to service_role;
revoke execute on function public.list_rate_limits(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_rate_limits(jsonb, jsonb) to service_role;
revoke execute on function public.set_rate_limits(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.set_rate_limits(jsonb, uuid, jsonb) to service_role;

-- 53_end_users.sql
revoke execute on function public.list_end_users(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_end_users(jsonb, jsonb) to service_role;
revoke execute on function public.set_end_user(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_end_user(jsonb, jsonb) to service_role;
revoke execute on function public.delete_end_user(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_end_user(jsonb, text) to service_role;

-- 54_api_keys.sql
revoke execute on function public.list_api_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_api_keys(jsonb, jsonb) to service_role;
revoke execute on function public.get_api_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_api_key(jsonb, uuid) to service_role;

-- 55_api_keys_change.sql
revoke execute on function public.create_api_key(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_api_key(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.update_api_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_api_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.revoke_api_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.revoke_api_key(jsonb, uuid) to service_role;

-- 56_api_keys_rotate.sql
revoke execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) to service_role;
revoke execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) to service_role;

-- 57_usage.sql
revoke execute on function public.get_monitor(jsonb) from public, anon, authenticated;
grant execute on function public.get_monitor(jsonb) to service_role;
revoke execute on function public.get_environment_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_environment_usage(jsonb, jsonb) to service_role;
revoke execute on function public.get_activity_stats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_activity_stats(jsonb, jsonb) to service_role;
revoke execute on function public.list_key_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_key_usage(jsonb, jsonb) to service_role;

-- 58_usage_activity_log.sql
revoke execute on function public.list_activity(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_activity(jsonb, jsonb) to service_role;

-- 59_catalog.sql
revoke execute on function public.list_models(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.list_models(jsonb, uuid) to service_role;
revoke execute on function public.list_developer_models(jsonb) from public, anon, authenticated;
grant execute on function public.list_developer_models(jsonb) to service_role;
revoke execute on function public.get_model(text) from public, anon, authenticated;
grant execute on function public.get_model(text) to service_role;
revoke execute on function public.list_providers() from public, anon, authenticated;
grant execute on function public.list_providers() to service_role;

-- 60_sign_in.sql
revoke execute on function public.sign_in_with_privy(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.sign_in_with_privy(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.record_failed_sign_in(jsonb, text, text) from public, anon, authenticated;
grant execute on function public.record_failed_sign_in(jsonb, text, text) to service_role;

-- 61_sign_in_codes.sql
revoke execute on function public.request_code(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.request_code(jsonb, jsonb) to service_role;
revoke execute on function public.verify_code(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.verify_code(jsonb, jsonb, jsonb) to service_role;

-- 63_admin_users.sql
revoke execute on function public.list_users(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_users(jsonb, jsonb) to service_role;
revoke execute on function public.list_role_users(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.list_role_users(jsonb, text, jsonb) to service_role;
revoke execute on function public.get_user(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_user(jsonb, uuid) to service_role;
revoke execute on function public.change_user(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_user(jsonb, uuid, jsonb) to service_role;

-- 64_admin_create.sql
revoke execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.add_credits(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.add_credits(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.create_admin(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_admin(jsonb, jsonb) to service_role;

-- 65_admin_roles.sql
revoke execute on function public.list_roles(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_roles(jsonb, jsonb) to service_role;
revoke execute on function public.create_role(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_role(jsonb, jsonb) to service_role;
revoke execute on function public.change_role(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_role(jsonb, text, jsonb) to service_role;
revoke execute on function public.delete_role(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_role(jsonb, text) to service_role;
revoke execute on function public.assign_role(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.assign_role(jsonb, jsonb) to service_role;

-- 66_admin_limits.sql
revoke execute on function public.set_account_limits(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_account_limits(jsonb, jsonb) to service_role;
revoke execute on function public.assign_plan(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.assign_plan(jsonb, jsonb) to service_role;

-- 67_audit_logs.sql
revoke execute on function public.list_audit_logs(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_audit_logs(jsonb, jsonb) to service_role;
revoke execute on function public.list_key_audit_logs(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_key_audit_logs(jsonb, jsonb) to service_role;

-- 68_cron_rollups.sql
revoke execute on function public.roll_up_usage(uuid, integer) from public, anon, authenticated;
grant execute on function public.roll_up_usage(uuid, integer) to service_role;

-- 69_check_caller.sql
revoke execute on function public.check_caller(jsonb, text) from public, anon, authenticated;
grant execute on function public.check_caller(jsonb, text) to service_role;

-- 69_public.sql
revoke execute on function public.health(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.health(jsonb, jsonb) to service_role;

-- 70_chats.sql
revoke execute on function public.create_chat_session(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_chat_session(jsonb, jsonb) to service_role;
revoke execute on function public.list_chat_sessions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_chat_sessions(jsonb, jsonb) to service_role;
revoke execute on function public.get_chat_session(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.get_chat_session(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.update_chat_session(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_chat_session(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_chat_session(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_chat_session(jsonb, uuid) to service_role;

-- 71_chat_messages.sql
revoke execute on function public.add_chat_message(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.add_chat_message(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.search_chats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.search_chats(jsonb, jsonb) to service_role;
revoke execute on function public.get_chat_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_chat_stats(jsonb) to service_role;

-- 72_privacy.sql
revoke execute on function public.get_privacy(jsonb) from public, anon, authenticated;
grant execute on function public.get_privacy(jsonb) to service_role;
revoke execute on function public.update_privacy(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.update_privacy(jsonb, jsonb) to service_role;
revoke execute on function public.apply_retention() from public, anon, authenticated;
grant execute on function public.apply_retention() to service_role;
revoke execute on function public.list_outdated_chats(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_chats(jsonb, jsonb) to service_role;
revoke execute on function public.renew_chats(jsonb) from public, anon, authenticated;
grant execute on function public.renew_chats(jsonb) to service_role;

-- 73_payments.sql
revoke execute on function public.begin_payment(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_payment(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.attach_payment(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.attach_payment(jsonb, text, jsonb) to service_role;
revoke execute on function public.confirm_payment(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.confirm_payment(jsonb, text, jsonb) to service_role;
revoke execute on function public.get_payment(jsonb, text) from public, anon, authenticated;
grant execute on function public.get_payment(jsonb, text) to service_role;
revoke execute on function public.list_payments(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_payments(jsonb, jsonb) to service_role;
revoke execute on function public.list_credit_packages(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_credit_packages(jsonb, jsonb) to service_role;

-- 73_stored_responses.sql
revoke execute on function public.get_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_response(jsonb, uuid) to service_role;
revoke execute on function public.check_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.check_response(jsonb, uuid) to service_role;
revoke execute on function public.delete_response(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_response(jsonb, uuid) to service_role;
revoke execute on function public.list_outdated_responses(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_responses(jsonb, jsonb) to service_role;
revoke execute on function public.renew_responses(jsonb) from public, anon, authenticated;
grant execute on function public.renew_responses(jsonb) to service_role;

-- 74_refunds.sql
revoke execute on function public.begin_refund(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_refund(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.begin_own_refund(jsonb, text, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.begin_own_refund(jsonb, text, uuid, jsonb) to service_role;
revoke execute on function public.finish_refund(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_refund(uuid, jsonb) to service_role;

-- 75_cron_payments.sql
revoke execute on function public.list_open_payments(jsonb) from public, anon, authenticated;
grant execute on function public.list_open_payments(jsonb) to service_role;

-- 76_subscriptions.sql
revoke execute on function public.begin_subscription(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_subscription(jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.set_customer(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_customer(jsonb, jsonb) to service_role;
revoke execute on function public.get_customer(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_customer(jsonb, jsonb) to service_role;
revoke execute on function public.begin_subscription_change(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.begin_subscription_change(jsonb, jsonb) to service_role;
revoke execute on function public.finish_subscription_change(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.finish_subscription_change(jsonb, text, jsonb) to service_role;

-- 77_plans.sql
revoke execute on function public.list_plans(jsonb) from public, anon, authenticated;
grant execute on function public.list_plans(jsonb) to service_role;
revoke execute on function public.get_plan(text) from public, anon, authenticated;
grant execute on function public.get_plan(text) to service_role;
revoke execute on function public.get_account_plan(jsonb) from public, anon, authenticated;
grant execute on function public.get_account_plan(jsonb) to service_role;
revoke execute on function public.get_plan_usage(jsonb) from public, anon, authenticated;
grant execute on function public.get_plan_usage(jsonb) to service_role;
revoke execute on function public.get_plan_entitlements(jsonb) from public, anon, authenticated;
grant execute on function public.get_plan_entitlements(jsonb) to service_role;

-- 78_trials.sql
revoke execute on function public.get_trial(jsonb) from public, anon, authenticated;
grant execute on function public.get_trial(jsonb) to service_role;
revoke execute on function public.start_trial(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.start_trial(jsonb, jsonb) to service_role;
revoke execute on function public.get_trial_analytics(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_trial_analytics(jsonb, jsonb) to service_role;

-- 77_auto_topup.sql
revoke execute on function public.get_auto_topup(jsonb) from public, anon, authenticated;
grant execute on function public.get_auto_topup(jsonb) to service_role;
revoke execute on function public.set_auto_topup(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_auto_topup(jsonb, jsonb) to service_role;
revoke execute on function public.attach_auto_topup(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.attach_auto_topup(jsonb, jsonb) to service_role;
revoke execute on function public.begin_auto_topup(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.begin_auto_topup(uuid, jsonb) to service_role;
revoke execute on function public.settle_auto_topup(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.settle_auto_topup(uuid, jsonb) to service_role;
revoke execute on function public.list_auto_topups(jsonb) from public, anon, authenticated;
grant execute on function public.list_auto_topups(jsonb) to service_role;

-- 78_stripe_tasks.sql
revoke execute on function public.claim_stripe_tasks(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.claim_stripe_tasks(jsonb, uuid) to service_role;
revoke execute on function public.finish_stripe_task(bigint, text) from public, anon, authenticated;
grant execute on function public.finish_stripe_task(bigint, text) to service_role;

-- 79_warnings.sql
revoke execute on function public.begin_warned_refund(jsonb) from public, anon, authenticated;
grant execute on function public.begin_warned_refund(jsonb) to service_role;
revoke execute on function public.misses_refunds(jsonb) from public, anon, authenticated;
grant execute on function public.misses_refunds(jsonb) to service_role;

-- 80_set_up.sql
revoke execute on function public.describe_deployment() from public, anon, authenticated;
grant execute on function public.describe_deployment() to service_role;

-- 78_coupons.sql
revoke execute on function public.redeem_coupon(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.redeem_coupon(jsonb, text, jsonb) to service_role;
revoke execute on function public.list_available_coupons(jsonb) from public, anon, authenticated;
grant execute on function public.list_available_coupons(jsonb) to service_role;
revoke execute on function public.list_coupon_history(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_coupon_history(jsonb, jsonb) to service_role;

-- 79_admin_coupons.sql
revoke execute on function public.create_coupons(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_coupons(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.list_coupons(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_coupons(jsonb, jsonb) to service_role;
revoke execute on function public.get_coupon(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_coupon(jsonb, uuid) to service_role;
revoke execute on function public.change_coupon(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_coupon(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_coupon(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_coupon(jsonb, uuid) to service_role;
revoke execute on function public.get_coupon_analytics(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_coupon_analytics(jsonb, uuid) to service_role;
revoke execute on function public.get_coupon_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_coupon_stats(jsonb) to service_role;
revoke execute on function public.list_promotions(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_promotions(jsonb, jsonb) to service_role;
revoke execute on function public.set_promotion(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.set_promotion(jsonb, text, jsonb) to service_role;

-- 80_referrals.sql
revoke execute on function public.make_referral_code(jsonb, text) from public, anon, authenticated;
grant execute on function public.make_referral_code(jsonb, text) to service_role;
revoke execute on function public.validate_referral(jsonb, text) from public, anon, authenticated;
grant execute on function public.validate_referral(jsonb, text) to service_role;
revoke execute on function public.apply_referral(jsonb, text) from public, anon, authenticated;
grant execute on function public.apply_referral(jsonb, text) to service_role;
revoke execute on function public.release_own_referrals(jsonb) from public, anon, authenticated;
grant execute on function public.release_own_referrals(jsonb) to service_role;
revoke execute on function public.list_referrals(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_referrals(jsonb, jsonb) to service_role;
revoke execute on function public.list_all_referrals(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_all_referrals(jsonb, jsonb) to service_role;
revoke execute on function public.release_referrals() from public, anon, authenticated;
grant execute on function public.release_referrals() to service_role;

-- 47_notifications.sql
revoke execute on function public.claim_notifications() from public, anon, authenticated;
grant execute on function public.claim_notifications() to service_role;
revoke execute on function public.finish_notifications(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_notifications(uuid, jsonb) to service_role;
revoke execute on function public.take_resend_event(jsonb) from public, anon, authenticated;
grant execute on function public.take_resend_event(jsonb) to service_role;

-- 81_notifications.sql
revoke execute on function public.get_notification_preferences(jsonb) from public, anon, authenticated;
grant execute on function public.get_notification_preferences(jsonb) to service_role;
revoke execute on function public.set_notification_preferences(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_notification_preferences(jsonb, jsonb) to service_role;
revoke execute on function public.unsubscribe(uuid, text) from public, anon, authenticated;
grant execute on function public.unsubscribe(uuid, text) to service_role;
revoke execute on function public.request_mail(jsonb, text) from public, anon, authenticated;
grant execute on function public.request_mail(jsonb, text) to service_role;
revoke execute on function public.get_notification_stats(jsonb) from public, anon, authenticated;
grant execute on function public.get_notification_stats(jsonb) to service_role;

-- 82_admin_models.sql
revoke execute on function public.list_admin_models(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_admin_models(jsonb, jsonb) to service_role;
revoke execute on function public.get_admin_model(jsonb, text) from public, anon, authenticated;
grant execute on function public.get_admin_model(jsonb, text) to service_role;
revoke execute on function public.create_model(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_model(jsonb, jsonb) to service_role;
revoke execute on function public.change_model(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_model(jsonb, text, jsonb) to service_role;
revoke execute on function public.list_aliases(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_aliases(jsonb, jsonb) to service_role;
revoke execute on function public.set_alias(jsonb, text, text) from public, anon, authenticated;
grant execute on function public.set_alias(jsonb, text, text) to service_role;
revoke execute on function public.delete_alias(jsonb, text) from public, anon, authenticated;
grant execute on function public.delete_alias(jsonb, text) to service_role;

-- 83_admin_routes.sql
revoke execute on function public.list_routes(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_routes(jsonb, jsonb) to service_role;
revoke execute on function public.set_route(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_route(jsonb, jsonb) to service_role;
revoke execute on function public.list_admin_plans(jsonb) from public, anon, authenticated;
grant execute on function public.list_admin_plans(jsonb) to service_role;
revoke execute on function public.change_plan(jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.change_plan(jsonb, text, jsonb) to service_role;

-- 84_provider_lists.sql
revoke execute on function public.apply_provider_list(text, jsonb, text, integer) from public, anon, authenticated;
grant execute on function public.apply_provider_list(text, jsonb, text, integer) to service_role;
revoke execute on function public.decide_price_change(jsonb, uuid, text) from public, anon, authenticated;
grant execute on function public.decide_price_change(jsonb, uuid, text) to service_role;
revoke execute on function public.get_catalog_status(jsonb) from public, anon, authenticated;
grant execute on function public.get_catalog_status(jsonb) to service_role;
-- 82_monitor.sql
revoke execute on function public.get_platform_monitor(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_monitor(jsonb, jsonb) to service_role;

-- 83_platform_reports.sql
revoke execute on function public.get_platform_usage(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_usage(jsonb, jsonb) to service_role;
revoke execute on function public.get_transaction_analytics(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_transaction_analytics(jsonb, jsonb) to service_role;
revoke execute on function public.get_platform_balance(jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_balance(jsonb) to service_role;

-- 84_metrics.sql
revoke execute on function public.get_platform_metrics(jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_metrics(jsonb) to service_role;

-- 85_platform_requests.sql
revoke execute on function public.list_platform_requests(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_platform_requests(jsonb, jsonb) to service_role;
revoke execute on function public.list_platform_payments(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_platform_payments(jsonb, jsonb) to service_role;

-- 86_report.sql
revoke execute on function public.get_report(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_report(jsonb, jsonb) to service_role;
-- 82_webhooks.sql
revoke execute on function public.create_webhook(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_webhook(jsonb, jsonb) to service_role;
revoke execute on function public.list_webhooks(jsonb) from public, anon, authenticated;
grant execute on function public.list_webhooks(jsonb) to service_role;
revoke execute on function public.get_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_webhook(jsonb, uuid) to service_role;
revoke execute on function public.update_webhook(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.update_webhook(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_webhook(jsonb, uuid) to service_role;
revoke execute on function public.rotate_webhook_secret(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_webhook_secret(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.list_outdated_webhook_secrets(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_outdated_webhook_secrets(jsonb, jsonb) to service_role;
revoke execute on function public.renew_webhook_secrets(jsonb) from public, anon, authenticated;
grant execute on function public.renew_webhook_secrets(jsonb) to service_role;

-- 83_webhook_deliveries.sql
revoke execute on function public.list_webhook_deliveries(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.list_webhook_deliveries(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.test_webhook(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.test_webhook(jsonb, uuid) to service_role;
revoke execute on function public.replay_webhook_delivery(jsonb, uuid, uuid) from public, anon, authenticated;
grant execute on function public.replay_webhook_delivery(jsonb, uuid, uuid) to service_role;

-- 82_provisioning.sql
revoke execute on function public.get_calling_key(jsonb) from public, anon, authenticated;
grant execute on function public.get_calling_key(jsonb) to service_role;
revoke execute on function public.get_credits(jsonb) from public, anon, authenticated;
grant execute on function public.get_credits(jsonb) to service_role;
revoke execute on function public.list_provisioned_keys(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_provisioned_keys(jsonb, jsonb) to service_role;
revoke execute on function public.get_provisioned_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.get_provisioned_key(jsonb, uuid) to service_role;
revoke execute on function public.create_provisioned_key(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_provisioned_key(jsonb, jsonb, jsonb, jsonb) to service_role;
revoke execute on function public.change_provisioned_key(jsonb, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.change_provisioned_key(jsonb, uuid, jsonb) to service_role;
revoke execute on function public.delete_provisioned_key(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.delete_provisioned_key(jsonb, uuid) to service_role;

-- 83_auth_codes.sql
revoke execute on function public.create_auth_code(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_auth_code(jsonb, jsonb) to service_role;
revoke execute on function public.exchange_auth_code(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.exchange_auth_code(jsonb, jsonb, jsonb) to service_role;

-- 85_openrouter_models.sql
revoke execute on function public.list_openrouter_models(jsonb, uuid) from public, anon, authenticated;
grant execute on function public.list_openrouter_models(jsonb, uuid) to service_role;
revoke execute on function public.count_openrouter_models(jsonb) from public, anon, authenticated;
grant execute on function public.count_openrouter_models(jsonb) to service_role;
revoke execute on function public.list_models_of_key(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_models_of_key(jsonb, jsonb) to service_role;
revoke execute on function public.get_openrouter_model(text) from public, anon, authenticated;
grant execute on function public.get_openrouter_model(text) to service_role;
revoke execute on function public.get_model_endpoints(text) from public, anon, authenticated;
grant execute on function public.get_model_endpoints(text) to service_role;
revoke execute on function public.list_zdr_endpoints() from public, anon, authenticated;
grant execute on function public.list_zdr_endpoints() to service_role;
revoke execute on function public.list_openrouter_providers() from public, anon, authenticated;
grant execute on function public.list_openrouter_providers() to service_role;

-- 84_generation.sql
revoke execute on function public.get_generation_content(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_generation_content(jsonb, jsonb) to service_role;
revoke execute on function public.get_generation(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_generation(jsonb, jsonb) to service_role;
revoke execute on function public.list_openrouter_activity(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_openrouter_activity(jsonb, jsonb) to service_role;
-- 48_alerts.sql
revoke execute on function public.check_ledger_by_itself() from public, anon, authenticated;
grant execute on function public.check_ledger_by_itself() to service_role;
revoke execute on function public.raise_alerts(jsonb) from public, anon, authenticated;
grant execute on function public.raise_alerts(jsonb) to service_role;
revoke execute on function public.claim_alerts(jsonb) from public, anon, authenticated;
grant execute on function public.claim_alerts(jsonb) to service_role;
revoke execute on function public.finish_alert(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.finish_alert(uuid, jsonb) to service_role;

-- 84_admin_alerts.sql
revoke execute on function public.list_alerts(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.list_alerts(jsonb, jsonb) to service_role;
revoke execute on function public.get_limit_system(jsonb) from public, anon, authenticated;
grant execute on function public.get_limit_system(jsonb) to service_role;

-- 48_user_alerts.sql
revoke execute on function public.look_at_spending() from public, anon, authenticated;
grant execute on function public.look_at_spending() to service_role;

-- 84_thresholds.sql
revoke execute on function public.get_thresholds(jsonb) from public, anon, authenticated;
grant execute on function public.get_thresholds(jsonb) to service_role;
revoke execute on function public.set_thresholds(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_thresholds(jsonb, jsonb) to service_role;

-- 87_ranking.sql
revoke execute on function public.get_ranking(jsonb) from public, anon, authenticated;
grant execute on function public.get_ranking(jsonb) to service_role;

-- 85_request_detail.sql
revoke execute on function public.get_request(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_request(jsonb, jsonb) to service_role;
revoke execute on function public.get_platform_request(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_platform_request(jsonb, jsonb) to service_role;

-- 68_refusals.sql
revoke execute on function public.note_refusals(jsonb) from public, anon, authenticated;
grant execute on function public.note_refusals(jsonb) to service_role;
