-- What sign-in remembers: attempts that anyone may make without a key, the codes that were mailed, and who has had a
-- trial.

create table gateway.attempts (
  kind text not null,
  subject text not null,
  times timestamptz[] not null,
  last_at timestamptz not null,
  primary key (kind, subject)
);
comment on table gateway.attempts is
  'The times of the attempts that still count against a limit, by what was tried and by whom: a network, an e-mail address as its hash, or both.';

create index attempts_last on gateway.attempts (last_at);

create table gateway.sign_in_codes (
  email_hash text primary key,
  code_hash text not null,
  tries integer not null default 0 check (tries between 0 and 5),
  referral_code text,
  expires_at timestamptz not null
);
comment on table gateway.sign_in_codes is
  'The newest code of each address, as an HMAC under the pepper that is bound to the address. Kept alike for addresses that are known and that are not.';

create index sign_in_codes_expiry on gateway.sign_in_codes (expires_at);

create table gateway.trial_claims (
  proof_hash text primary key,
  claimed_at timestamptz not null
);
comment on table gateway.trial_claims is
  'What people proved to be who were given a trial, as hashes: one trial a person, ever, also when the account is deleted.';

alter table gateway.attempts enable row level security;
alter table gateway.sign_in_codes enable row level security;
alter table gateway.trial_claims enable row level security;
