-- The roles that the gateway itself relies on. No administrator can change them, so what stands here holds; what is
-- changed here is carried to deployed databases by the next migration. A role that an administrator has made stays
-- theirs, whatever it is called.

insert into gateway.roles (name, permissions, built_in) values
  ('user', array['inference', 'models:read', 'keys:read', 'keys:write', 'billing:read', 'billing:write', 'chat:read',
                 'chat:write', 'usage:read', 'account:read', 'account:write'], true),
  ('developer', array['inference', 'models:read', 'keys:read', 'keys:write', 'billing:read', 'billing:write',
                      'chat:read', 'chat:write', 'usage:read', 'account:read', 'account:write', 'admin:monitor',
                      'admin:catalog'], true),
  ('admin', array['*'], true)
on conflict (name) do update set permissions = excluded.permissions
  where roles.built_in and roles.permissions <> excluded.permissions;
