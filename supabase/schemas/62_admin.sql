-- What every act of an administrator begins with. Nobody hands out, or takes from others, what they may not do
-- themselves; and somebody can always administer.

-- Refuses a caller whose own permissions do not cover all of these. Own is what both the role and the key allow, as
-- they are now: locks that were waited for may have been a demotion's.
create function gateway.refuse_escalation(session gateway.session, permissions text[]) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  of_role text[];
  of_key text[];
  needed text;
begin
  select roles.permissions, api_keys.scopes into of_role, of_key
    from gateway.api_keys
    join gateway.accounts on accounts.id = api_keys.account_id and accounts.disabled_at is null
    join gateway.roles on roles.name = accounts.role
    where api_keys.id = session.key_id;
  foreach needed in array permissions loop
    if not coalesce(gateway.covers(of_role, needed) and gateway.covers(of_key, needed), false) then
      perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object('required_scope', needed)));
    end if;
  end loop;
end;
$$;

-- The same for all that a role may. The role `user` is what anyone gets by signing up: giving it or taking it lifts
-- nobody above anyone.
create function gateway.refuse_power_over(session gateway.session, role text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if role <> 'user' then
    perform gateway.refuse_escalation(session, (select permissions from gateway.roles where name = role));
  end if;
end;
$$;

-- The account that a request names by account_id or by email.
create function gateway.find_account(request jsonb) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  found_id uuid;
begin
  select id into found_id from gateway.accounts
    where id = (request ->> 'account_id')::uuid or email = lower(request ->> 'email');
  if found_id is null then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  return found_id;
end;
$$;

-- Locks an account that is to be changed. What its person has left behind stays as it is.
create function gateway.lock_account(account_id uuid) returns gateway.accounts
language plpgsql volatile set search_path = ''
as $$
declare
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = account_id for update;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'account_not_found'));
  end if;
  if account.deleted_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'account_deleted'));
  end if;
  return account;
end;
$$;

-- Refuses when this account is the last administrator who can act. Whatever may cost an administrator (deletion,
-- demotion, disabling) calls this before it locks the account's row: the lock on the role's row lets one such change
-- through at a time, so that two administrators cannot each count on the other. The order everywhere is the role's
-- row, then the account's. `for no key update`, for which foreign keys do not wait: who makes an administrator has locked the
-- account first, and a lock that conflicted with its foreign key to the role would deadlock.
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

-- Refuses credit beyond what an account can hold, a billion dollars: sums of many such accounts stay far from the end of
-- a bigint.
create function gateway.refuse_excess(balance bigint, amount bigint, param text) returns void
language plpgsql set search_path = ''
as $$
declare
  most constant bigint := 1000000000000000000;
begin
  if amount > most - balance then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
      'param', param, 'message', 'An account holds at most a billion US dollars.')));
  end if;
end;
$$;
