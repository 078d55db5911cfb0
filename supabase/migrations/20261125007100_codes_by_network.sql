-- One network cannot use up the codes of an address that is not its own: it gets fewer than the address.

comment on table gateway.attempts is
  'The times of the attempts that still count against a limit, by what was tried and by whom: a network, an e-mail address as its hash, or both.';

-- Keeps a new code for an address, which replaces an older one. Does the same whoever the address belongs to.
-- request: email (in lower case), code_hash, referral_code.
create or replace function public.request_code(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  lifetime constant interval := '10 minutes';
  person constant text := gateway.proof_hash('email', request ->> 'email');
  network constant text := gateway.network_of(caller);
  at timestamptz;
begin
  perform gateway.limit_attempts('code.address.hour', person, 6, interval '1 hour');
  perform gateway.limit_attempts('code.address.day', person, 20, interval '1 day');
  perform gateway.limit_attempts('code.pair.hour', person || ' ' || network, 4, interval '1 hour');
  perform gateway.limit_attempts('code.pair.day', person || ' ' || network, 10, interval '1 day');
  perform gateway.limit_attempts('code.network', network, 20, interval '1 hour');
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
    'object', 'verification', 'email', request ->> 'email', 'expires_in', extract(epoch from lifetime)::integer);
end;
$$;
