-- Apps get keys that their users agree to: a user's code, then the app's key for it.

-- Keeps what a user agrees to. request: code_hash, challenge, method, site, settings (of the key, as in create_api_key).
create function public.create_auth_code(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'keys:write');
  lifetime constant interval := '10 minutes';
  account constant gateway.accounts := gateway.lock_for_change(caller, session, 'keys:write');
  at timestamptz;
begin
  perform gateway.require(request, 'code_hash', 'challenge', 'method', 'settings');
  perform gateway.refuse_uncovered(session, array(select jsonb_array_elements_text(request #> '{settings,scopes}')));
  perform gateway.limit_attempts('auth_code.account', account.id::text, 30, interval '1 hour');
  at := gateway.now();
  insert into gateway.auth_codes (code_hash, account_id, challenge, method, site, settings, expires_at)
    values (request ->> 'code_hash', account.id, request ->> 'challenge', request ->> 'method',
            request ->> 'site', request -> 'settings', at + lifetime);
  -- A few of those that nobody used, so that the table stays small.
  delete from gateway.auth_codes where code_hash in (
    select code_hash from gateway.auth_codes where expires_at <= at order by expires_at limit 20 for update skip locked);
  perform gateway.audit(caller, session.account_id, session.key_id, 'auth_code.create', account.id, null,
    jsonb_build_object('site', request ->> 'site', 'settings', request -> 'settings'));
  return jsonb_build_object('created_at', at, 'expires_at', at + lifetime);
end;
$$;

-- Makes the key that a user has agreed to, for whoever shows the code and what its challenge was made of. The code ends with that,
-- and also with a wrong answer to its challenge, whose refusal is a value so that it does. What is wrong is told to nobody.
-- request: code_hashes (under each pepper), answers (the challenge by each method), method (or null); stored: as in create_api_key.
create function public.exchange_auth_code(caller jsonb, request jsonb, stored jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 100;
  hashes constant text[] := array(select jsonb_array_elements_text(request -> 'code_hashes'));
  code gateway.auth_codes;
  account gateway.accounts;
  key gateway.api_keys;
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('caller', caller), 'caller');
  perform gateway.require(request, 'code_hashes', 'answers');
  perform gateway.require(stored, 'hash', 'prefix', 'last_four', 'name', 'environment');
  select * into code from gateway.auth_codes where code_hash = any (hashes);
  select * into account from gateway.accounts where id = code.account_id for update;
  -- Of two that exchange it at once the second finds it gone.
  delete from gateway.auth_codes where code_hash = any (hashes) returning * into code;
  if not found then
    perform gateway.refuse(gateway.refusal(403, 'invalid_auth_code'));
  end if;
  at := gateway.now();
  if code.expires_at <= at or account.disabled_at is not null
    or code.method <> coalesce(request ->> 'method', code.method)
    or (request -> 'answers' ->> code.method = code.challenge) is not true then
    perform gateway.audit(caller, null, null, 'auth_code.refused', account.id, null,
      jsonb_build_object('site', code.site));
    return jsonb_build_object('refused', gateway.refusal(403, 'invalid_auth_code'));
  end if;
  if (select count(*) from gateway.api_keys as keys
        where account_id = account.id and gateway.api_key_status(keys, at) in ('active', 'disabled')) >= most then
    -- This undoes that the code has ended.
    perform gateway.refuse(gateway.refusal(409, 'too_many_api_keys', jsonb_build_object('most', most)));
  end if;
  insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, created_at)
    values (account.id, stored ->> 'hash', stored ->> 'prefix', stored ->> 'last_four', stored ->> 'name',
            stored ->> 'environment', at)
    returning * into key;
  key := gateway.change_key(account, key, code.settings, at);
  perform gateway.audit(caller, account.id, null, 'key.create', account.id, key.id::text,
    jsonb_build_object('environment', key.environment, 'site', code.site) || gateway.api_key_settings(key));
  return jsonb_build_object('user_id', account.id);
end;
$$;
