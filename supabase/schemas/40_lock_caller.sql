-- Locks the account that a key belongs to, and answers the account and the key as they are under the lock; no key, if the
-- hashes are nobody's.
--
-- The account's row is locked first and by itself: the order of every function that moves money. Its key needs no lock of its
-- own, since whoever changes a key locks the account before.
create function gateway.lock_caller(key_hashes jsonb, out account gateway.accounts, out key gateway.api_keys)
language plpgsql
as $$
declare
  known gateway.api_keys;
begin
  -- Nearly every key is known by its hash under the newest pepper.
  select * into known from gateway.api_keys where key_hash = key_hashes ->> 0;
  if not found then
    known := gateway.find_key(key_hashes);
    if known.id is null then
      return;
    end if;
  end if;
  select * into account from gateway.accounts where id = known.account_id for no key update;
  select * into key from gateway.api_keys where id = known.id;
  if not key_hashes ? key.key_hash then
    -- A former secret, or one that a rotation has retired while this waited.
    key := gateway.find_key(key_hashes);
    if key.id is distinct from known.id then
      key := null;
    end if;
  end if;
end;
$$;
