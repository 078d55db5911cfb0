-- There is always somebody who can administer.

-- Refuses what would take the last administrator away: called with the account that is to be demoted, disabled or
-- deleted. The role's row is the lock that all of these share, so that two administrators cannot each be demoted in
-- the belief that the other one stays. It is taken before the account's own row: the order of every function. Foreign
-- keys do not wait for it.
create or replace function gateway.refuse_last_admin(account uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform from gateway.roles where name = 'admin' for no key update;
  if exists (select from gateway.accounts
               where id = account and role = 'admin' and disabled_at is null and deleted_at is null)
    and not exists (select from gateway.accounts
                      where id <> account and role = 'admin' and disabled_at is null and deleted_at is null) then
    perform gateway.refuse(gateway.refusal(409, 'last_admin'));
  end if;
end;
$$;

-- So that administrators, and the holders of any role, are found without reading every account; the newest first.
create index accounts_role on gateway.accounts (role, created_at, id);
