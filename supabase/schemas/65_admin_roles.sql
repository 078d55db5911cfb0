-- Roles: how administrators make, change and assign them.
--
-- Locks: the row of `admin`, then another role's, then the account's. Behind them, here as in all that administrators
-- do, the caller is looked at once more: it may have been demoted, or its key revoked, by whoever it waited for.

-- A role as every endpoint shows it.
create function gateway.role_view(role gateway.roles) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object('object', 'role', 'name', role.name, 'permissions', role.permissions,
                            'built_in', role.built_in, 'created_at', role.created_at)
$$;

-- query: limit, cursor (the last name of the page before). By name.
create function public.list_roles(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select roles.name, gateway.role_view(roles) as view from gateway.roles
    where query ->> 'cursor' is null or roles.name > query ->> 'cursor'
    order by roles.name
    limit most + 1
  ),
  page as (select * from found order by name limit most)
  select gateway.page(
    (select jsonb_agg(view order by name) from page),
    case when (select count(*) from found) > most then (select max(name) from page) end)
  into answer;
  return answer;
end;
$$;

-- request: name, permissions.
create function public.create_role(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  wanted constant text[] := array(select jsonb_array_elements_text(request -> 'permissions'));
  role gateway.roles;
begin
  perform gateway.require(request, 'name', 'permissions');
  perform gateway.refuse_escalation(session, wanted);
  insert into gateway.roles (name, permissions, created_at)
    values (request ->> 'name', wanted, gateway.now())
    on conflict (name) do nothing
    returning * into role;
  if not found then
    perform gateway.refuse(gateway.refusal(409, 'role_exists', '{"param": "name"}'));
  end if;
  perform gateway.audit(caller, session.account_id, session.key_id, 'role.create', null, role.name,
    jsonb_build_object('before', null, 'after', jsonb_build_object('permissions', role.permissions)));
  return gateway.role_view(role);
end;
$$;

-- Locks a role that is to be changed or deleted: whoever assigns it meanwhile waits.
create function gateway.lock_custom_role(name text) returns gateway.roles
language plpgsql volatile set search_path = ''
as $$
declare
  role gateway.roles;
begin
  select * into role from gateway.roles where roles.name = lock_custom_role.name for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'role_not_found'));
  end if;
  if role.built_in then
    perform gateway.refuse(gateway.refusal(409, 'role_protected'));
  end if;
  return role;
end;
$$;

-- request: permissions, in place of those it has.
create function public.change_role(caller jsonb, name text, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  wanted constant text[] := array(select jsonb_array_elements_text(request -> 'permissions'));
  role gateway.roles := gateway.lock_custom_role(name);
  former constant text[] := role.permissions;
begin
  perform gateway.require(request, 'permissions');
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_escalation(session, former || wanted);
  if wanted <> former then
    update gateway.roles set permissions = wanted where roles.name = role.name returning * into role;
    perform gateway.audit(caller, session.account_id, session.key_id, 'role.update', null, role.name,
      jsonb_build_object('before', jsonb_build_object('permissions', former),
                         'after', jsonb_build_object('permissions', role.permissions)));
  end if;
  return gateway.role_view(role);
end;
$$;

create function public.delete_role(caller jsonb, name text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  role gateway.roles := gateway.lock_custom_role(name);
begin
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_escalation(session, role.permissions);
  if exists (select from gateway.accounts where accounts.role = delete_role.name) then
    perform gateway.refuse(gateway.refusal(409, 'role_in_use'));
  end if;
  delete from gateway.roles where roles.name = delete_role.name;
  perform gateway.audit(caller, session.account_id, session.key_id, 'role.delete', null, role.name,
    jsonb_build_object('before', jsonb_build_object('permissions', role.permissions), 'after', null));
  return jsonb_build_object('object', 'role', 'name', role.name, 'deleted', true);
end;
$$;

-- request: account_id or email, role.
create function public.assign_role(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:roles');
  target constant uuid := gateway.find_account(request);
  wanted constant text := request ->> 'role';
  account gateway.accounts;
begin
  perform from gateway.roles where name = 'admin' for no key update;
  -- Until we have committed it can be neither changed nor deleted.
  perform from gateway.roles where name = wanted for share;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'role_not_found', '{"param": "role"}'));
  end if;
  account := gateway.lock_account(target);
  perform gateway.authenticate(caller, 'admin:roles');
  perform gateway.refuse_power_over(session, wanted);
  perform gateway.refuse_power_over(session, account.role);
  if account.role <> wanted then
    perform gateway.refuse_last_admin(account.id);
    update gateway.accounts set role = wanted where id = account.id;
    perform gateway.audit(caller, session.account_id, session.key_id, 'role.assign', account.id, wanted,
      jsonb_build_object('before', jsonb_build_object('role', account.role),
                         'after', jsonb_build_object('role', wanted)));
  end if;
  return jsonb_build_object('object', 'role_assignment', 'account_id', account.id, 'role', wanted,
                            'former_role', account.role);
end;
$$;
