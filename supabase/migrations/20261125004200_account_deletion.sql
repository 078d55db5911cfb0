-- A person leaves: nothing says any more who it was, and the books stay as they are.

create table gateway.spent_trials (
  digest text primary key
);
comment on table gateway.spent_trials is
  'Digests of what people who had a trial and left had proven to be: who comes back is welcome, but gets no second trial.';

alter table gateway.spent_trials enable row level security;

create function gateway.identity_digest(kind text, value text) returns text
language sql immutable parallel safe set search_path = ''
as $$ select encode(sha256(convert_to(kind || ':' || value, 'UTF8')), 'hex') $$;

-- Whether somebody who has left had a trial under this identity. Whatever gives a trial asks for each identity.
create function gateway.had_trial(kind text, value text) returns boolean
language sql stable set search_path = ''
as $$ select exists (select from gateway.spent_trials where digest = gateway.identity_digest(kind, value)) $$;

-- Takes the person out of the caller's account and revokes its keys. Ledger, grants, requests and audit trail stay,
-- and a call that is under way is settled as any other.
create function public.delete_account(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
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

  if account.trial_ends_at is not null then
    insert into gateway.spent_trials (digest)
      select gateway.identity_digest(kind, value) from gateway.identities where account_id = account.id
      union
      select gateway.identity_digest('email', account.email) where account.email is not null
      on conflict do nothing;
  end if;
  -- Names and addresses of keys are the person's own words. A former secret is dead with its key.
  update gateway.api_keys set
    name = 'deleted', ip_allowlist = '{}', domain_allowlist = '{}', revoked_at = least(revoked_at, at)
    where account_id = account.id;
  get diagnostics keys = row_count;
  delete from gateway.provider_keys where account_id = account.id;
  delete from gateway.identities where account_id = account.id;
  delete from gateway.idempotency_keys where account_id = account.id;
  -- The answer to whoever made this account. It must stay: the same request again would make it anew.
  update gateway.idempotency_keys set answer = answer || '{"email": "", "username": null}'
    where answer ->> 'object' = 'account' and answer ->> 'id' = account.id::text;
  update gateway.accounts set
    email = null, username = null, referred_by = null, role = 'user', has_provider_keys = false,
    disabled_at = coalesce(disabled_at, at), deleted_at = at
    where id = account.id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'account.delete', account.id, null,
    jsonb_build_object('role', account.role, 'plan', account.plan, 'keys', keys,
                       'balance', gateway.dollars(account.balance)));
  return jsonb_build_object('object', 'account_deletion', 'id', account.id, 'deleted', true, 'deleted_at', at);
end;
$$;

revoke execute on function public.delete_account(jsonb) from public, anon, authenticated;
grant execute on function public.delete_account(jsonb) to service_role;
