-- The way in for a new deployment: whoever holds the service key may make an administrator.

-- request: email. key: as in create_account. An account with this e-mail becomes an administrator and gets the key.
create function public.create_admin(request jsonb, key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  account gateway.accounts;
  made uuid;
begin
  insert into gateway.accounts (email, role) values (lower(request ->> 'email'), 'admin')
    on conflict (email) do update set role = 'admin'
    returning * into account;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, is_primary, scopes)
    values (account.id, key ->> 'hash', key ->> 'prefix', key ->> 'last_four', key ->> 'name', key ->> 'environment',
            true, array['*'])
    returning id into made;
  perform gateway.audit('{}', null, null, 'admin.create', account.id, made::text, '{"by": "service key"}');
  return jsonb_build_object('account_id', account.id, 'email', account.email, 'key_id', made);
end;
$$;

revoke execute on function public.create_admin(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.create_admin(jsonb, jsonb) to service_role;
