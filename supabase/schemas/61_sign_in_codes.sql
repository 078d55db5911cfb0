-- Sign-in by a code that is mailed.

-- Puts the mail with a code into the outbox, as a batch that its caller sends at once: whatever becomes of that, the cron job sends
-- it for as long as the code is good. `payload` says how the code is made of the pepper, which the database has not: the code stands
-- nowhere. A mail with an older code that is not sent yet is of no use any more.
create function gateway.queue_code(email text, payload jsonb, at timestamptz, lifetime interval) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  person constant text := gateway.proof_hash('email', queue_code.email);
  queued gateway.notifications;
begin
  update gateway.notifications set state = 'suppressed', claimed_until = null, ended_at = at, error = 'there is a newer code'
    where account_id is null and kind = 'sign_in_code' and dedupe_key = person and state in ('due', 'sending');
  insert into gateway.notifications
    (kind, dedupe_key, payload, state, address, batch_id, due_at, expires_at, first_tried_at, claimed_until, attempts, created_at)
    values ('sign_in_code', person, payload, 'sending', queue_code.email, gen_random_uuid(), at, at + lifetime, at,
            at + interval '1 minute', 1, at)
    returning * into queued;
  return jsonb_build_object('batch', queued.batch_id, 'id', queued.id);
end;
$$;

-- Keeps a new code for an address, which replaces an older one, and queues its mail. Does the same whoever the address belongs to.
-- An address that takes no mail is refused, as a value, so that it counts as an attempt.
-- request: email (in lower case), code_hash, referral_code, payload (what the mail's code is made of). Answers `answer` and `mail`.
create function public.request_code(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  lifetime constant interval := '10 minutes';
  person constant text := gateway.proof_hash('email', request ->> 'email');
  network constant text := gateway.network_of(caller);
  at timestamptz;
begin
  perform gateway.require(jsonb_build_object('caller', caller), 'caller');
  perform gateway.require(request, 'email', 'code_hash', 'payload');
  perform gateway.limit_attempts('code.address.hour', person, 6, interval '1 hour');
  perform gateway.limit_attempts('code.address.day', person, 20, interval '1 day');
  perform gateway.limit_attempts('code.pair.hour', person || ' ' || network, 4, interval '1 hour');
  perform gateway.limit_attempts('code.pair.day', person || ' ' || network, 10, interval '1 day');
  perform gateway.limit_attempts('code.network', network, 20, interval '1 hour');
  if exists (select from gateway.mail_suppressions where address_hash = person) then
    return jsonb_build_object('refused', gateway.refusal(409, 'mail_not_possible', jsonb_build_object(
      'param', 'email', 'message', 'This address has returned mail, or complained of it, so that none is sent to it: use another one.')));
  end if;
  at := gateway.now();
  insert into gateway.sign_in_codes (email_hash, code_hash, referral_code, expires_at)
    values (person, request ->> 'code_hash', request ->> 'referral_code', at + lifetime)
    on conflict (email_hash) do update set
      code_hash = excluded.code_hash, tries = 0, referral_code = excluded.referral_code, expires_at = excluded.expires_at;
  -- A few of those that nobody used, so that the table stays small.
  delete from gateway.sign_in_codes where email_hash in (
    select email_hash from gateway.sign_in_codes where expires_at < at - interval '1 day'
    order by expires_at limit 20 for update skip locked);
  perform gateway.forget_attempts();
  return jsonb_build_object(
    'answer', jsonb_build_object(
      'object', 'verification', 'email', request ->> 'email', 'expires_in', extract(epoch from lifetime)::integer),
    'mail', gateway.queue_code(request ->> 'email', request -> 'payload', at, lifetime));
end;
$$;

-- Signs in whoever knows the newest code of an address. Whatever is wrong with a code, the answer is the same, and a
-- wrong one is counted: that refusal is a value, so that the count stays.
-- request: email (in lower case), code_hashes (under each pepper); key: as in create_account.
create function public.verify_code(caller jsonb, request jsonb, key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most constant integer := 5;
  person constant text := gateway.proof_hash('email', request ->> 'email');
  code gateway.sign_in_codes;
  reason text;
begin
  perform gateway.require(request, 'email', 'code_hashes');
  perform gateway.limit_attempts('verify.network', gateway.network_of(caller), 60, interval '1 hour');
  select * into code from gateway.sign_in_codes where email_hash = person for update;
  reason := case
    when code.email_hash is null then 'no_code'
    when code.expires_at <= gateway.now() then 'code_expired'
    when code.tries >= most then 'code_used_up'
    when not coalesce(request -> 'code_hashes' ? code.code_hash, false) then 'code_wrong'
  end;
  if reason is not null then
    update gateway.sign_in_codes set tries = tries + 1 where email_hash = person and reason = 'code_wrong';
    perform gateway.note_failed_sign_in(caller, 'email', reason, null);
    return jsonb_build_object('refused', gateway.refusal(401, 'invalid_code'));
  end if;
  delete from gateway.sign_in_codes where email_hash = person;
  return gateway.sign_in(
    caller, 'email', jsonb_build_array(jsonb_build_object('kind', 'email', 'value', request ->> 'email')),
    code.referral_code, key, true);
end;
$$;
