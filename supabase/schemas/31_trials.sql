-- Trials: once a person, and never what a plan or purchased credit stands in front of.

-- A proof of who someone is, as it is kept where the person may not be known or may have left.
create function gateway.proof_hash(kind text, value text) returns text
language sql immutable parallel safe set search_path = ''
as $$ select encode(sha256(convert_to(kind || ':' || value, 'utf8')), 'hex') $$;

-- The mailbox that an address leads to, as far as the address tells: a word behind a + is of its owner's own choice, and Google's mailboxes
-- pass over dots. So one mailbox has one trial, whatever it is called.
create function gateway.mailbox(address text) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select case when domain in ('gmail.com', 'googlemail.com') then replace(box, '.', '') || '@gmail.com' else box || '@' || domain end
  from
    (select split_part(lower(address), '@', -1) as domain) as host,
    lateral (select left(lower(address), -(length(domain) + 1)) as name) as local,
    lateral (select coalesce(nullif(split_part(name, '+', 1), ''), name) as box) as owner
$$;

-- What a person proves, as trials are told apart by it.
create function gateway.trial_proof(kind text, value text) returns text
language sql immutable parallel safe
return gateway.proof_hash(kind, case kind when 'email' then gateway.mailbox(value) else value end);

-- Marks a person as having had a trial. Answers whether nothing of what they proved was marked before.
create function gateway.claim_trial(proofs jsonb, at timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  hashes constant text[] := array(
    select distinct gateway.trial_proof(shown ->> 'kind', shown ->> 'value') from jsonb_array_elements(proofs) as shown);
  claimed integer;
begin
  insert into gateway.trial_claims (proof_hash, claimed_at)
    select hash, at from unnest(hashes) as hash order by hash
    on conflict do nothing;
  get diagnostics claimed = row_count;
  return claimed = cardinality(hashes);
end;
$$;

-- Undoes a claim that gateway.claim_trial has just made, of a person who had claimed none before.
create function gateway.unclaim_trial(proofs jsonb) returns void
language sql volatile set search_path = ''
as $$
  delete from gateway.trial_claims where proof_hash in (
    select gateway.trial_proof(shown ->> 'kind', shown ->> 'value') from jsonb_array_elements(proofs) as shown)
$$;

-- Whether this account's person, by what the account is known by or by what they prove now, has ever had a trial.
create function gateway.has_had_trial(account uuid, proofs jsonb) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from gateway.trial_claims where proof_hash in (
      select gateway.trial_proof(kind, value) from gateway.identities where account_id = has_had_trial.account
      union all
      select gateway.trial_proof(shown ->> 'kind', shown ->> 'value')
        from jsonb_array_elements(has_had_trial.proofs) as shown))
$$;

-- Whether an account's trial is running: its credit has not lapsed, and its limits hold unless a plan gives others.
create function gateway.trial_runs(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return coalesce(account.trial_ends_at > at, false);

-- Whether the trial is what an account calls on, so that its calls are counted against it: it is running, and neither
-- purchased credit nor a plan stands in front of it.
create function gateway.is_in_trial(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return gateway.trial_runs(account, at) and not account.has_purchased
       and coalesce(account.plan is null or account.plan_ends_at <= at, false)
       and coalesce(account.subscription_ends_at <= at, true);

-- An account's trial as every endpoint shows it; null for whoever had none.
create function gateway.trial_json(account gateway.accounts, at timestamptz) returns jsonb
language sql stable
return case when account.trial_ends_at is not null then jsonb_build_object(
  'active', gateway.trial_runs(account, at), 'ends_at', account.trial_ends_at,
  'requests_left', account.trial_requests_left) end;
