-- Idempotency-Keys. In the order of locks an account's row comes before its keys'.

-- Claims an Idempotency-Key for the session's account. Answers null when the work is to be done; the stored answer
-- when it was done before; refuses when the key came with another body. Two at once: the second waits for the first.
--
-- The account's row is locked first: two requests that lock the claim and the account in different orders would deadlock.
create function gateway.claim_idempotency(session gateway.session, idempotency jsonb, at timestamptz)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  earlier gateway.idempotency_keys;
begin
  if idempotency is null or idempotency = 'null' then
    return null;
  end if;
  perform from gateway.accounts where id = session.account_id for key share;
  delete from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key' and created_at < at - interval '24 hours';
  insert into gateway.idempotency_keys (account_id, key, fingerprint, created_at)
    values (session.account_id, idempotency ->> 'key', idempotency ->> 'fingerprint', at)
    on conflict do nothing;
  if found then
    return null;
  end if;
  select * into earlier from gateway.idempotency_keys
    where account_id = session.account_id and key = idempotency ->> 'key';
  if earlier.fingerprint <> idempotency ->> 'fingerprint' then
    perform gateway.refuse(gateway.refusal(409, 'idempotency_conflict'));
  end if;
  return earlier.answer;
end;
$$;

create function gateway.store_idempotent_answer(session gateway.session, idempotency jsonb, answer jsonb) returns void
language sql volatile set search_path = ''
as $$
  update gateway.idempotency_keys set answer = store_idempotent_answer.answer
    where account_id = session.account_id and key = idempotency ->> 'key'
$$;
