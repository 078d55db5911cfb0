-- Locks the account that a key belongs to, and answers the account and the key as they are under the lock; no key, if the
-- hashes are nobody's.
--
-- The account's row is locked first and by itself: the order of every function that moves money. Its key needs no lock of its
-- own, since whoever changes a key locks the account before.
--
-- Here and in what else every call reads, a row is selected as one value: a list of its columns is made ready again by
-- every execution, which takes longer than to read the row.
create function gateway.lock_caller(key_hashes jsonb, out account gateway.accounts, out key gateway.api_keys)
language plpgsql
as $$
declare
  owner uuid;
  key_id uuid;
begin
  -- Nearly every key is known by its hash under the newest pepper.
  select account_id, id into owner, key_id from gateway.api_keys where key_hash = key_hashes ->> 0;
  if not found then
    key := gateway.find_key(key_hashes);
    if key.id is null then
      return;
    end if;
    owner := key.account_id;
    key_id := key.id;
  end if;
  account := (select whole from gateway.accounts as whole where id = owner for no key update);
  key := (select whole from gateway.api_keys as whole where id = key_id);
  if not key_hashes ? key.key_hash then
    -- A former secret, or one that a rotation has retired while this waited.
    key := gateway.find_key(key_hashes);
    if key.id is distinct from key_id then
      key := null;
    end if;
  end if;
end;
$$;
