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
