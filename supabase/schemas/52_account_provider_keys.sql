-- An account's own keys at the providers.

-- How users keep their own provider keys here. All that the database ever sees of one is a Fernet token.
create function gateway.provider_key_json(key gateway.provider_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'provider_key', 'provider', key.provider, 'name', key.name, 'last_four', key.last_four,
    'created_at', key.created_at, 'last_used_at', key.last_used_at)
$$;

-- Stores a key in place of the one before. request: provider, name, last_four, ciphertext, version.
create function public.set_provider_key(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  key gateway.provider_keys;
  replaced boolean;
  at timestamptz;
begin
  perform gateway.require(request, 'provider', 'ciphertext', 'version', 'last_four');
  perform from gateway.accounts where id = session.account_id for update;
  -- Again, now that the account cannot be deleted meanwhile: nothing is kept for a person who has left.
  perform gateway.authenticate(caller, 'keys:write');
  at := gateway.now();
  delete from gateway.provider_keys
    where account_id = session.account_id and provider = request ->> 'provider';
  replaced := found;
  insert into gateway.provider_keys (account_id, provider, ciphertext, key_version, last_four, name, created_at)
    values (session.account_id, request ->> 'provider', request ->> 'ciphertext', (request ->> 'version')::integer,
            request ->> 'last_four', request ->> 'name', at)
    returning * into key;
  update gateway.accounts set has_provider_keys = true where id = session.account_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.set', session.account_id,
    key.provider, jsonb_build_object('last_four', key.last_four, 'replaced', replaced));
  return gateway.provider_key_json(key);
end;
$$;

create function public.list_provider_keys(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return gateway.page((
    select jsonb_agg(gateway.provider_key_json(k) order by k.provider)
    from gateway.provider_keys k where k.account_id = session.account_id), null);
end;
$$;

create function public.delete_provider_key(caller jsonb, provider text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
begin
  perform from gateway.accounts where id = session.account_id for update;
  perform gateway.authenticate(caller, 'keys:write');
  delete from gateway.provider_keys k
    where k.account_id = session.account_id and k.provider = delete_provider_key.provider;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'provider_key_not_found', '{"param": "provider"}'));
  end if;
  update gateway.accounts set
    has_provider_keys = exists (select from gateway.provider_keys k where k.account_id = session.account_id)
    where id = session.account_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.delete', session.account_id,
    provider, '{}');
  return jsonb_build_object('object', 'provider_key', 'provider', provider, 'deleted', true);
end;
$$;

-- Some keys that these versions of the keyring encrypted: the older ones that it still has, since what nobody can read
-- must not keep the rest from being renewed. For the same reason they are those behind `after`, the account and the provider
-- of the last one that was listed before.
create function public.list_outdated_provider_keys(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(k), '[]') from (
    select account_id, provider, ciphertext, key_version as version
    from gateway.provider_keys
    where key_version in (select older::integer from jsonb_array_elements_text(versions) as older)
      and (after ->> 'account_id' is null
        or (account_id, provider) > ((after ->> 'account_id')::uuid, after ->> 'provider'))
    order by account_id, provider limit 100
  ) k
$$;

-- Puts the same key under the newest version in the place of the older token, unless its owner has changed it since.
create function public.renew_provider_key(
  account_id uuid, provider text, outdated text, ciphertext text, version integer)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  update gateway.provider_keys k set
    ciphertext = renew_provider_key.ciphertext, key_version = renew_provider_key.version
    where k.account_id = renew_provider_key.account_id and k.provider = renew_provider_key.provider
      and k.ciphertext = renew_provider_key.outdated;
  return jsonb_build_object('renewed', found);
end;
$$;
