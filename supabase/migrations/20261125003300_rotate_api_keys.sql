-- New secrets for keys that stay what they are.

-- Gives a locked key a new secret; the old one goes on for `grace`. stored: hash, prefix, last_four.
-- Of the former secrets twenty go on at most: beyond that the oldest end now. Those that have ended are remembered
-- for a while, so that whoever still uses one is told what became of it.
create function gateway.rotate_key(
  caller jsonb, session gateway.session, inout key gateway.api_keys, stored jsonb, grace interval, at timestamptz)
language plpgsql volatile set search_path = ''
as $$
declare
  most_alive constant integer := 20;
  most_remembered constant integer := 100;
begin
  insert into gateway.retired_secrets (key_hash, key_id, expires_at) values (key.key_hash, key.id, at + grace);
  update gateway.retired_secrets set expires_at = at
    where key_id = key.id and expires_at > at and id not in (
      select id from gateway.retired_secrets where key_id = key.id and expires_at > at
        order by id desc limit most_alive);
  delete from gateway.retired_secrets
    where key_id = key.id and id not in (
      select id from gateway.retired_secrets where key_id = key.id order by id desc limit most_remembered);
  update gateway.api_keys set
    key_hash = stored ->> 'hash', prefix = stored ->> 'prefix', last_four = stored ->> 'last_four', rotated_at = at
    where id = key.id
    returning * into key;
  perform gateway.audit(caller, session.account_id, session.key_id, 'key.rotate', key.account_id, key.id::text,
    jsonb_build_object('former_secret_expires_at', at + grace));
end;
$$;

-- candidates: a new secret (hash, prefix, last_four) by environment, of which the key's own is taken.
create function public.rotate_api_key(caller jsonb, target uuid, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.api_keys := gateway.lock_active_key(account, target, at);
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  uncovered text := gateway.first_uncovered(own, key.scopes);
begin
  if uncovered is not null then
    -- The answer would hold a secret that may do more than the caller's.
    perform gateway.refuse(gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'required_scope', uncovered, 'message', 'A key rotates only keys whose scopes it has itself.')));
  end if;
  if not candidates ? key.environment then
    perform gateway.refuse(gateway.refusal(400, 'invalid_request', jsonb_build_object(
      'param', 'id', 'message', 'This deployment makes no keys of this key''s environment.')));
  end if;
  key := gateway.rotate_key(
    caller, session, key, candidates -> key.environment, make_interval(hours => grace_period_hours), at);
  return gateway.api_key_json(key, at);
end;
$$;

-- Every active key of an environment that the caller covers, the oldest first. candidates: new secrets of that
-- environment, taken in their order; the answer lists the keys in the same. What is left alone is counted.
create function public.rotate_api_keys(
  caller jsonb, environment text, grace_period_hours integer, candidates jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  own text[] := (select scopes from gateway.api_keys where id = session.key_id);
  key gateway.api_keys;
  rotated jsonb[] := '{}';
  skipped integer := 0;
begin
  for key in
    select * from gateway.api_keys as keys
      where keys.account_id = account.id and keys.environment = rotate_api_keys.environment
        and gateway.api_key_status(keys, at) = 'active'
      order by created_at, id
      for update
  loop
    if gateway.first_uncovered(own, key.scopes) is not null or cardinality(rotated) = jsonb_array_length(candidates) then
      skipped := skipped + 1;
    else
      key := gateway.rotate_key(caller, session, key, candidates -> cardinality(rotated),
                                make_interval(hours => grace_period_hours), at);
      rotated := array_append(rotated, gateway.api_key_json(key, at));
    end if;
  end loop;
  return jsonb_build_object('keys', to_jsonb(rotated), 'skipped', skipped);
end;
$$;

revoke execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) from public, anon, authenticated;
revoke execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) from public, anon, authenticated;
grant execute on function public.rotate_api_key(jsonb, uuid, integer, jsonb) to service_role;
grant execute on function public.rotate_api_keys(jsonb, text, integer, jsonb) to service_role;
