-- New secrets for keys that stay what they are.

-- Gives locked keys new secrets, the first of `stored` (hash, prefix, last_four) to the first of `targets`; the old ones
-- go on for `grace`, and those before them for no longer. Of a key's former secrets twenty go on at most: beyond that the
-- oldest end now. Those that have ended are remembered for a while, so that whoever still uses one is told what became
-- of it. In few statements, however many keys.
--
-- Whoever rotates a key that has leaked, with grace 0, ends every former secret of it: an older one that was to go on for
-- days may be the one that leaked, and could rotate the key once more.
create function gateway.rotate_keys(
  caller jsonb, session gateway.session, targets uuid[], stored jsonb, grace interval, at timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_alive constant integer := 20;
  most_remembered constant integer := 100;
begin
  insert into gateway.former_secrets (key_hash, key_id, expires_at)
    select key_hash, id, at + grace from gateway.api_keys where id = any (targets);
  update gateway.former_secrets set expires_at = at + grace
    where key_id = any (targets) and expires_at > at + grace;
  update gateway.former_secrets set expires_at = at
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.former_secrets
          where key_id = any (targets) and expires_at > at) as alive
      where age > most_alive);
  delete from gateway.former_secrets
    where id in (
      select id from (
        select id, row_number() over (partition by key_id order by id desc) as age from gateway.former_secrets
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

-- candidates: a new secret (hash, prefix, last_four) by environment, of which the key's own is taken.
create function public.rotate_api_key(caller jsonb, target uuid, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_living_key(account, target, at);
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  uncovered text := gateway.first_uncovered(own, key.scopes);
begin
  perform gateway.require(
    jsonb_build_object('grace', grace_period_hours, 'candidates', candidates), 'grace', 'candidates');
  if uncovered is not null then
    -- The answer would hold a secret that may do more than the caller's.
    perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'required_scope', uncovered, 'message', 'A key rotates only keys whose scopes it has itself.')));
  end if;
  if not candidates ? key.environment then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
      'param', 'id', 'message', 'This deployment makes no keys of this key''s environment.')));
  end if;
  perform gateway.rotate_keys(caller, session, array[key.id], jsonb_build_array(candidates -> key.environment),
                              make_interval(hours => grace_period_hours), at);
  select * into key from gateway.api_keys where id = target;
  return gateway.api_key_json(key, at);
end;
$$;

-- Every active key of an environment that the caller covers, the oldest first. candidates: new secrets of that
-- environment, taken in their order; the answer lists the keys in the same. What is left alone is counted.
create function public.rotate_api_keys(
  caller jsonb, environment text, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  targets uuid[];
  active integer;
begin
  perform gateway.require(
    jsonb_build_object('environment', environment, 'grace', grace_period_hours, 'candidates', candidates),
    'environment', 'grace', 'candidates');
  select coalesce(array_agg(id order by created_at, id) filter (where covered and turn <= jsonb_array_length(candidates)), '{}'),
         count(*)
    into targets, active
    from (
      select id, created_at, covered, row_number() over (partition by covered order by created_at, id) as turn
      from (
        select id, created_at, gateway.first_uncovered(own, scopes) is null as covered from gateway.api_keys as keys
          where keys.account_id = account.id and keys.environment = rotate_api_keys.environment
            and gateway.api_key_status(keys, at) = 'active'
          order by id for update) as locked) as ordered;
  perform gateway.rotate_keys(caller, session, targets, candidates, make_interval(hours => grace_period_hours), at);
  return jsonb_build_object(
    'keys', (
      select coalesce(jsonb_agg(gateway.api_key_json(keys, at) order by created_at, id), '[]')
      from gateway.api_keys as keys where id = any (targets)),
    'skipped', active - cardinality(targets));
end;
$$;
