-- Who an account belongs to, and what stays when that person leaves.

create table gateway.identities (
  kind text not null check (kind in ('privy', 'email', 'wallet')),
  value text not null,
  account_id uuid not null references gateway.accounts (id),
  verified_at timestamptz not null,
  primary key (kind, value)
);
comment on table gateway.identities is
  'What a person has proven to be: a Privy id, an e-mail address in lower case, a wallet. Each signs in to one account.';

create index identities_account on gateway.identities (account_id);
alter table gateway.identities enable row level security;

alter table gateway.accounts
  add column deleted_at timestamptz,
  add column referred_by text;
comment on column gateway.accounts.deleted_at is
  'When its person left: from then on it is disabled and says nothing of them; its ledger stays.';
comment on column gateway.accounts.referred_by is 'The referral code that was given at sign-up.';
