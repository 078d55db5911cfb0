-- Whoever rotates a key that has leaked, with grace 0, ends every former secret of it: an older one that was to go on for
-- days may be the one that leaked, and could rotate the key once more.

-- Gives locked keys new secrets, the first of `stored` (hash, prefix, last_four) to the first of `targets`; the old ones
-- go on for `grace`, and those before them for no longer. Of a key's former secrets twenty go on at most: beyond that the
-- oldest end now. Those that have ended are remembered for a while, so that whoever still uses one is told what became
-- of it. In few statements, however many keys.
create or replace function gateway.rotate_keys(
  caller jsonb, session gateway.session, targets uuid[], stored jsonb, grace interval, at timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_alive constant integer := 20;
  most_remembered constant integer := 100;
begin
  insert into gateway.retired_secrets (key_hash, key_id, expires_at)
    select key_hash, id, at + grace from gateway.api_keys where id = any (targets);
  update gateway.retired_secrets set expires_at = at + grace
    where key_id = any (targets) and expires_at > at + grace;
  update gateway.retired_secrets set expires_at = at
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.retired_secrets
          where key_id = any (targets) and expires_at > at) as alive
      where age > most_alive);
  delete from gateway.retired_secrets
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.retired_secrets
          where key_id = any (targets)) as remembered
      where age > most_remembered and expires_at <= at);
  update gateway.api_keys set
    key_hash = made ->> 'hash', prefix = made ->> 'prefix', last_four = made ->> 'last_four', rotated_at = at
    from unnest(targets) with ordinality as target (key_id, place)
    join jsonb_array_elements(stored) with ordinality as candidate (made, turn) on turn = place
    where api_keys.id = target.key_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'key.rotate', session.account_id, key_id::text,
      jsonb_build_object('former_secret_expires_at', at + grace))
    from unnest(targets) as key_id;
end;
$$;
