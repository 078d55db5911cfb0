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
