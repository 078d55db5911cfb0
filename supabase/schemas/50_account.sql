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
