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
