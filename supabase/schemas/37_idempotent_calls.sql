-- Idempotency-Keys of calls of models. All of it under the lock of the account's row, so of two calls with one key the second
-- finds what the first has left.

-- What became of the call that has this key: null if none has, else why this one may not run (`refused`) or the sealed answer
-- that was given (`earlier`).
create function gateway.earlier_call(this_account uuid, idempotency jsonb, at timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  earlier gateway.idempotent_calls;
begin
  select * into earlier from gateway.idempotent_calls
    where account_id = this_account and key = idempotency ->> 'key' and expires_at > at;
  if not found then
    return null;
  end if;
  if earlier.fingerprint <> idempotency ->> 'fingerprint' then
    return jsonb_build_object('refused', gateway.refusal(409, 'idempotency_conflict'));
  end if;
  if earlier.ciphertext is null then
    return jsonb_build_object('refused', gateway.refusal(
      409, 'idempotency_in_progress', '{"retry_after_ms": 1000, "should_retry": true}'));
  end if;
  return jsonb_build_object(
    'earlier', jsonb_build_object('ciphertext', earlier.ciphertext, 'version', earlier.key_version));
end;
$$;

-- Gives the key to a call that begins: until it is over, or its hold is.
create function gateway.claim_key(this_account uuid, this_call uuid, idempotency jsonb, until timestamptz) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.idempotent_calls (account_id, key, fingerprint, call_id, expires_at)
    values (this_account, idempotency ->> 'key', idempotency ->> 'fingerprint', this_call, until)
    on conflict (account_id, key) do update set
      fingerprint = excluded.fingerprint, call_id = excluded.call_id, ciphertext = null, key_version = null,
      expires_at = excluded.expires_at
$$;

-- Ends what a call has of its key: its answer is kept, if it gave a whole one, else the key is free again. Repeated, it changes
-- nothing; and nothing of a later call that has the key by now.
create function gateway.remember_call(this_account uuid, settlement jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  most constant integer := 1000;
  this_call constant uuid := (settlement ->> 'call_id')::uuid;
  idempotency constant jsonb := settlement -> 'idempotency';
begin
  delete from gateway.idempotent_calls
    where account_id = this_account and key = idempotency ->> 'key' and call_id = this_call and ciphertext is null;
  if settlement ->> 'outcome' <> 'completed' or nullif(idempotency -> 'answer', 'null') is null then
    return;
  end if;
  insert into gateway.idempotent_calls
    (account_id, key, fingerprint, call_id, ciphertext, key_version, expires_at)
    values (this_account, idempotency ->> 'key', idempotency ->> 'fingerprint', this_call,
            idempotency #>> '{answer,ciphertext}', (idempotency #>> '{answer,version}')::integer, at + interval '10 minutes')
    on conflict do nothing;
  -- As much as an account may have kept; the oldest goes first.
  delete from gateway.idempotent_calls where account_id = this_account and ciphertext is not null and expires_at < (
    select expires_at from gateway.idempotent_calls
      where account_id = this_account order by expires_at desc offset most limit 1);
end;
$$;
