-- A key that is rotated keeps its row, its settings and its counters; its former secret goes on working for a while.

create table gateway.retired_secrets (
  key_hash text primary key,
  key_id uuid not null references gateway.api_keys (id),
  expires_at timestamptz not null
);
comment on table gateway.retired_secrets is
  'Former secrets of rotated keys, as hashes. Until it expires a former secret is the key itself: same limits, same counters, same settings.';

create index retired_secrets_key on gateway.retired_secrets (key_id);
alter table gateway.retired_secrets enable row level security;

alter table gateway.api_keys
  add column rotate_after_days integer check (rotate_after_days > 0),
  add column rotated_at timestamptz;
comment on column gateway.api_keys.rotate_after_days is 'How old its owner wants the secret to become; the key says when it is due.';

-- The key that one of these hashes is of, or nothing: by its secret, else by a former one, whose end is then the key's.
create function gateway.find_key(key_hashes jsonb) returns gateway.api_keys
language plpgsql stable set search_path = ''
as $$
declare
  hashes constant text[] := array(select jsonb_array_elements_text(key_hashes));
  key gateway.api_keys;
  retired gateway.retired_secrets;
begin
  select * into key from gateway.api_keys where key_hash = any (hashes);
  if not found then
    select * into retired from gateway.retired_secrets where key_hash = any (hashes);
    if found then
      select * into key from gateway.api_keys where id = retired.key_id;
      key.expires_at := least(key.expires_at, retired.expires_at);
    end if;
  end if;
  return key;
end;
$$;

-- Who calls, or a refusal. Every function that serves an endpoint begins with this; begin_request, whose refusals
-- are values, makes the same checks on rows it has locked.
create or replace function gateway.authenticate(caller jsonb, scope text) returns gateway.session
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
  refused := gateway.key_refusal(account, key, permissions, caller, scope, null, at);
  if refused is not null then
    perform gateway.refuse(refused);
  end if;
  return row (account.id, key.id, account.role)::gateway.session;
end;
$$;

-- Puts on the audit trail that authenticate refused a known key: its exception has undone everything, so the gateway
-- asks for this afterwards.
create function public.record_refusal(caller jsonb, code text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  key gateway.api_keys := gateway.find_key(caller -> 'key_hashes');
begin
  if key.id is not null then
    perform gateway.note_refusal(caller, key, code, gateway.now());
  end if;
  return null;
end;
$$;

revoke execute on function public.record_refusal(jsonb, text) from public, anon, authenticated;
grant execute on function public.record_refusal(jsonb, text) to service_role;
