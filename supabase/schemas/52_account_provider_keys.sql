-- An account's own keys at the providers.

-- What its owner may change of a key.
create function gateway.provider_key_settings(key gateway.provider_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'name', key.name, 'priority', key.priority, 'is_fallback', key.is_fallback, 'gateway_fallback', key.gateway_fallback,
    'allowed_models', key.allowed_models, 'allowed_keys', key.allowed_keys, 'disabled', key.disabled_at is not null)
$$;

-- How users keep their own provider keys here. All that the database ever sees of one is a Fernet token.
create function gateway.provider_key_json(key gateway.provider_keys) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'provider_key', 'id', key.id, 'provider', key.provider, 'last_four', key.last_four,
    'created_at', key.created_at, 'last_used_at', key.last_used_at) || gateway.provider_key_settings(key)
$$;

-- A key of an account, or a 404.
create function gateway.find_provider_key(this_account uuid, target uuid) returns gateway.provider_keys
language plpgsql stable set search_path = ''
as $$
declare
  key gateway.provider_keys;
begin
  select * into key from gateway.provider_keys where id = target and account_id = this_account;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'provider_key_not_found', '{"param": "id"}'));
  end if;
  return key;
end;
$$;

-- Puts settings into the row of a key whose account is locked: those that are absent stay, null clears.
-- settings: name, priority, is_fallback, gateway_fallback, allowed_models, allowed_keys, disabled; and secret, another key in its
-- place: ciphertext, version, last_four.
create function gateway.change_provider_key(key gateway.provider_keys, settings jsonb, at timestamptz)
returns gateway.provider_keys
language plpgsql volatile set search_path = ''
as $$
declare
  given constant jsonb := jsonb_strip_nulls(settings);
  secret constant jsonb := given -> 'secret';
  changed gateway.provider_keys := key;
begin
  if settings ? 'name' then
    changed.name := given ->> 'name';
  end if;
  changed.priority := coalesce((given ->> 'priority')::integer, key.priority);
  changed.is_fallback := coalesce((given ->> 'is_fallback')::boolean, key.is_fallback);
  changed.gateway_fallback := coalesce((given ->> 'gateway_fallback')::boolean, key.gateway_fallback);
  if settings ? 'allowed_models' then
    changed.allowed_models := array(select jsonb_array_elements_text(given -> 'allowed_models'));
  end if;
  if settings ? 'allowed_keys' then
    changed.allowed_keys := array(select jsonb_array_elements_text(given -> 'allowed_keys')::uuid);
    if exists (
      select from unnest(changed.allowed_keys) as allowed
      where not exists (select from gateway.api_keys where id = allowed and account_id = key.account_id)) then
      perform gateway.refuse(gateway.refusal(400, 'invalid_request', '{"param": "allowed_keys",
        "message": "`allowed_keys` are ids of API keys of this account; GET /user/api-keys lists them."}'));
    end if;
  end if;
  if given ? 'disabled' then
    changed.disabled_at := case when (given ->> 'disabled')::boolean then coalesce(key.disabled_at, at) end;
  end if;
  if secret is not null then
    perform gateway.require(secret, 'ciphertext', 'version', 'last_four');
    changed.ciphertext := secret ->> 'ciphertext';
    changed.key_version := (secret ->> 'version')::integer;
    changed.last_four := secret ->> 'last_four';
    changed.created_at := at;
    changed.last_used_at := null;
  end if;
  update gateway.provider_keys set
    name = changed.name, priority = changed.priority, is_fallback = changed.is_fallback,
    gateway_fallback = changed.gateway_fallback, allowed_models = changed.allowed_models,
    allowed_keys = changed.allowed_keys, disabled_at = changed.disabled_at, ciphertext = changed.ciphertext,
    key_version = changed.key_version, last_four = changed.last_four, created_at = changed.created_at,
    last_used_at = changed.last_used_at
    where id = key.id;
  perform gateway.note_provider_keys(key.account_id);
  return changed;
end;
$$;

-- Notes whether calls of a locked account have own keys to look for.
create function gateway.note_provider_keys(this_account uuid) returns void
language sql volatile set search_path = ''
as $$
  update gateway.accounts set
    has_provider_keys = exists (
      select from gateway.provider_keys where account_id = this_account and disabled_at is null)
    where id = this_account
$$;

-- Stores a key: in place of the first one at its provider, or, if it is additional, beside those that are there. An account has a
-- hundred at most: whoever locks it counts them. request: provider, additional, secret and settings as in
-- gateway.change_provider_key; what is in place of another has its settings where none are given.
create function public.set_provider_key(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  most constant integer := 100;
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz := gateway.now();
  key gateway.provider_keys;
  replaced boolean;
begin
  perform gateway.require(request, 'provider', 'secret', 'settings');
  perform gateway.require(request -> 'secret', 'ciphertext', 'version', 'last_four');
  if coalesce((request ->> 'additional')::boolean, false) is false then
    select * into key from gateway.provider_keys
      where account_id = account.id and provider = request ->> 'provider'
      order by is_fallback, priority, created_at, id limit 1;
  end if;
  replaced := key.id is not null;
  if not replaced then
    if (select count(*) from gateway.provider_keys where account_id = account.id) >= most then
      perform gateway.refuse(gateway.refusal(409, 'too_many_provider_keys', jsonb_build_object('most', most)));
    end if;
    insert into gateway.provider_keys (account_id, provider, ciphertext, key_version, last_four, created_at)
      values (account.id, request ->> 'provider', request #>> '{secret,ciphertext}', (request #>> '{secret,version}')::integer,
              request #>> '{secret,last_four}', at)
      returning * into key;
  end if;
  key := gateway.change_provider_key(
    key, '{"name": null, "disabled": false}' || (request -> 'settings') || jsonb_build_object('secret', request -> 'secret'), at);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.set', account.id, key.provider,
    jsonb_build_object('id', key.id, 'last_four', key.last_four, 'replaced', replaced));
  return gateway.provider_key_json(key);
end;
$$;

-- In the order in which they are asked, as far as that goes by the keys.
create function public.list_provider_keys(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return gateway.page((
    select jsonb_agg(gateway.provider_key_json(k) order by k.is_fallback, k.priority, k.provider, k.created_at, k.id)
    from gateway.provider_keys k where k.account_id = session.account_id), null);
end;
$$;

create function public.get_provider_key(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:read');
begin
  return gateway.provider_key_json(gateway.find_provider_key(session.account_id, target));
end;
$$;

-- settings: as in gateway.change_provider_key.
create function public.update_provider_key(caller jsonb, target uuid, settings jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key gateway.provider_keys := gateway.find_provider_key(account.id, target);
  before constant jsonb := gateway.provider_key_settings(key) || jsonb_build_object('last_four', key.last_four);
  after jsonb;
begin
  perform gateway.require(jsonb_build_object('settings', settings), 'settings');
  key := gateway.change_provider_key(key, settings, gateway.now());
  after := gateway.provider_key_settings(key) || jsonb_build_object('last_four', key.last_four);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.update', account.id, key.provider,
    jsonb_build_object('id', key.id, 'before', gateway.differing(before, after), 'after', gateway.differing(after, before)));
  return gateway.provider_key_json(key);
end;
$$;

-- Forgets one key.
create function public.remove_provider_key(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  key gateway.provider_keys := gateway.find_provider_key(account.id, target);
begin
  delete from gateway.provider_keys where id = key.id;
  perform gateway.note_provider_keys(account.id);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.delete', account.id, key.provider,
    jsonb_build_object('id', key.id));
  return jsonb_build_object('object', 'provider_key', 'id', key.id, 'provider', key.provider, 'deleted', true);
end;
$$;

-- Forgets all keys at a provider.
create function public.delete_provider_key(caller jsonb, provider text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  account gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
begin
  delete from gateway.provider_keys k
    where k.account_id = account.id and k.provider = delete_provider_key.provider;
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'provider_key_not_found', '{"param": "provider"}'));
  end if;
  perform gateway.note_provider_keys(account.id);
  perform gateway.audit(caller, session.account_id, session.key_id, 'provider_key.delete', account.id, provider, '{}');
  return jsonb_build_object('object', 'provider_key', 'provider', provider, 'deleted', true);
end;
$$;

-- Some keys that these versions of the keyring encrypted: the older ones that it still has, since what nobody can read
-- must not keep the rest from being renewed. For the same reason they are those behind `after`, the account and the id
-- of the last one that was listed before.
create function public.list_outdated_provider_keys(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(k), '[]') from (
    select account_id, id, ciphertext, key_version as version
    from gateway.provider_keys
    where key_version in (select older::integer from jsonb_array_elements_text(versions) as older)
      and (after ->> 'account_id' is null
        or (account_id, id) > ((after ->> 'account_id')::uuid, (after ->> 'id')::uuid))
    order by account_id, id limit 100
  ) k
$$;

-- Puts the same key under the newest version in the place of the older token, unless its owner has changed it since.
create function public.renew_provider_key(
  account_id uuid, id uuid, outdated text, ciphertext text, version integer)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  update gateway.provider_keys k set
    ciphertext = renew_provider_key.ciphertext, key_version = renew_provider_key.version
    where k.account_id = renew_provider_key.account_id and k.id = renew_provider_key.id
      and k.ciphertext = renew_provider_key.outdated;
  return jsonb_build_object('renewed', found);
end;
$$;
