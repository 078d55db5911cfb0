-- What a person proves later is remembered like what they proved first: on the trail, and where trials are given.

-- Whether this account's person, by what the account is known by or by what they prove now, has ever had a trial.
create function gateway.has_had_trial(account uuid, proofs jsonb) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from gateway.trial_claims where proof_hash in (
      select gateway.proof_hash(kind, value) from gateway.identities where account_id = has_had_trial.account
      union all
      select gateway.proof_hash(shown ->> 'kind', shown ->> 'value')
        from jsonb_array_elements(has_had_trial.proofs) as shown))
$$;

-- Lets a person in who has proven to be one, by the way `method`. proofs: kind and value, the strongest first, at least
-- one; key: as in create_account, used for a new account and where `wants_key`. An account that is disabled stays shut,
-- which is a refusal to be remembered.
create or replace function gateway.sign_in(
  caller jsonb, method text, proofs jsonb, referral_code text, key jsonb, wants_key boolean)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  trial_credit constant bigint := 10000000000;
  trial_requests constant integer := 1000;
  trial_days constant interval := '3 days';
  at timestamptz;
  person uuid;
  account gateway.accounts;
  made gateway.api_keys;
  is_new boolean := false;
  added jsonb;
begin
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
    if gateway.claim_trial(proofs, at) then
      update gateway.accounts set trial_ends_at = at + trial_days, trial_requests_left = trial_requests
        where id = account.id returning * into account;
      account := (gateway.grant_credit(account, 'trial', trial_credit, account.trial_ends_at, 'trial', at)).account;
    end if;
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
      'trial', case when account.trial_ends_at is not null then jsonb_build_object(
        'active', account.trial_ends_at > at, 'ends_at', account.trial_ends_at,
        'requests_left', account.trial_requests_left) end,
      'created_at', account.created_at),
    'key', case when made.id is not null then jsonb_build_object(
      'id', made.id, 'name', made.name, 'environment', made.environment, 'prefix', made.prefix,
      'last_four', made.last_four, 'scopes', made.scopes) end);
end;
$$;
