-- What an administrator does to accounts and their credit.

-- Claims an Idempotency-Key for the session's account. Answers null when the work is to be done; the stored answer
-- when it was done before; refuses when the key came with another body. Two at once: the second waits for the first.
create function gateway.claim_idempotency(session gateway.session, idempotency jsonb, at timestamptz) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  earlier gateway.idempotency_keys;
begin
  if idempotency is null or idempotency = 'null' then
    return null;
  end if;
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

-- Creates an account with its primary key.
-- request: email, username, role, credits (nano-dollars), plan; key: hash, prefix, last_four, name, environment.
create function public.create_account(caller jsonb, request jsonb, key jsonb, idempotency jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:users');
  account gateway.accounts;
  made gateway.api_keys;
  at timestamptz := gateway.now();
  answer jsonb := gateway.claim_idempotency(session, idempotency, at);
begin
  if answer is not null then
    return answer;
  end if;
  if not exists (select from gateway.roles where name = coalesce(request ->> 'role', 'user')) then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      '{"param": "role", "message": "There is no such role."}'));
  end if;
  if request ->> 'plan' is not null and not exists (select from gateway.plans where id = request ->> 'plan') then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request',
      '{"param": "plan", "message": "There is no such plan."}'));
  end if;
  insert into gateway.accounts (email, username, role, plan, created_at)
    values (lower(request ->> 'email'), request ->> 'username', coalesce(request ->> 'role', 'user'),
            request ->> 'plan', at)
    on conflict (email) do nothing
    returning * into account;
  if not found then
    perform gateway.refuse(gateway.refusal(409, 'account_exists', '{"param": "email"}'));
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, is_primary, scopes, created_at)
    values (account.id, key ->> 'hash', key ->> 'prefix', key ->> 'last_four', key ->> 'name', key ->> 'environment',
            true, array['*'], at)
    returning * into made;
  perform gateway.refuse_excess(0, (request ->> 'credits')::bigint, 'credits');
  if (request ->> 'credits')::bigint > 0 then
    account := (gateway.grant_credit(account, 'admin', (request ->> 'credits')::bigint, null, 'opening credit', at)).account;
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'account.create', account.id, made.id::text,
    jsonb_build_object('role', account.role, 'plan', account.plan, 'credits', gateway.dollars(account.balance)));
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
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:credits');
  account gateway.accounts;
  at timestamptz;
  amount bigint := (request ->> 'amount')::bigint;
  change record;
  answer jsonb;
begin
  answer := gateway.claim_idempotency(session, idempotency, gateway.now());
  if answer is not null then
    return answer;
  end if;
  select * into account from gateway.accounts
    where id = (request ->> 'account_id')::uuid or email = lower(request ->> 'email') for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  at := gateway.now();
  account := gateway.catch_up(account, at);
  if amount > 0 then
    perform gateway.refuse_excess(account.balance, amount, 'amount');
    change := gateway.grant_credit(account, 'admin', amount, (request ->> 'expires_at')::timestamptz,
      coalesce(request ->> 'reason', ''), at);
    account := change.account;
  else
    if gateway.available(account, at) < -amount then
      perform gateway.refuse(gateway.refusal(402, 'insufficient_credits', jsonb_build_object(
        'required', gateway.dollars(-amount), 'available', gateway.dollars(gateway.available(account, at)))));
    end if;
    change := gateway.spend(account, -amount, 'admin_debit', null, coalesce(request ->> 'reason', ''), null, at, at);
    account := change.account;
    update gateway.accounts set balance = account.balance, next_expiry = account.next_expiry where id = account.id;
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'credits.change', account.id, null,
    jsonb_build_object('amount', gateway.dollars(amount), 'reason', request ->> 'reason',
                       'balance', gateway.dollars(account.balance)));
  answer := jsonb_build_object(
    'object', 'credit_change', 'account_id', account.id, 'amount', gateway.dollars(amount),
    'balance', gateway.dollars(account.balance), 'debt', gateway.dollars(account.debt));
  perform gateway.store_idempotent_answer(session, idempotency, answer);
  return answer;
end;
$$;

revoke execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
revoke execute on function public.add_credits(jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_account(jsonb, jsonb, jsonb, jsonb) to service_role;
grant execute on function public.add_credits(jsonb, jsonb, jsonb) to service_role;
