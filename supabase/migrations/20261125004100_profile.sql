-- What an account says of itself, and the little of it that its owner just changes.

create function gateway.profile(account gateway.accounts, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'profile', 'id', account.id, 'email', account.email, 'username', account.username,
    'role', account.role, 'plan', gateway.plan_in_force(account, at), 'referred_by', account.referred_by,
    'trial', case when account.trial_ends_at is null then null else jsonb_build_object(
      'active', account.trial_ends_at > at, 'ends_at', account.trial_ends_at,
      'requests_left', account.trial_requests_left) end,
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
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = session.account_id for update;
  -- Again, now that the account cannot be deleted meanwhile: nothing is written on one whose person has left.
  perform gateway.authenticate(caller, 'account:write');
  if account.username is distinct from request ->> 'username' then
    account.username := request ->> 'username';
    update gateway.accounts set username = account.username where id = account.id;
    -- The trail outlives the account's deletion, so it says what was changed and not into what.
    perform gateway.audit(caller, session.account_id, session.key_id, 'profile.update', account.id, null,
      '{"changed": ["username"]}');
  end if;
  return gateway.profile(account, gateway.now());
end;
$$;

revoke execute on function public.get_profile(jsonb) from public, anon, authenticated;
revoke execute on function public.update_profile(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.get_profile(jsonb) to service_role;
grant execute on function public.update_profile(jsonb, jsonb) to service_role;
