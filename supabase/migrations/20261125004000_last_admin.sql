-- Somebody can always administer.

-- Refuses when this account is the last administrator who can act. Whatever may cost an administrator (deletion,
-- demotion, disabling) calls this before it locks the account's row: the lock on the role's row lets one such change
-- through at a time, so that two administrators cannot each count on the other. The order everywhere is the role's
-- row, then the account's. It is a lock that foreign keys do not wait for, since whoever makes an administrator has
-- locked the account first.
create function gateway.refuse_last_admin(account uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform from gateway.roles where name = 'admin' for no key update;
  if exists (
      select from gateway.accounts
      where id = account and role = 'admin' and disabled_at is null and deleted_at is null)
    and not exists (
      select from gateway.accounts
      where id <> account and role = 'admin' and disabled_at is null and deleted_at is null) then
    perform gateway.refuse(gateway.refusal(409, 'last_admin'));
  end if;
end;
$$;
