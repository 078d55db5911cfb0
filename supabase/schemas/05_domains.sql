-- What columns may hold, said as domains.
--
-- A check constraint of a table is read from its text again by every statement that writes a row, whichever columns it
-- changes. A domain's is read once a session, and asked about the columns that a statement does change. The tables that
-- every call writes (accounts, api_keys, credit_grants, credit_transactions, holds, requests) have domains for that.

create domain gateway.unsigned_bigint as bigint check (value >= 0);
create domain gateway.unsigned_integer as integer check (value >= 0);
create domain gateway.positive_bigint as bigint check (value > 0);
create domain gateway.positive_integer as integer check (value > 0);
create domain gateway.nonzero_bigint as bigint check (value <> 0);
create domain gateway.lower_case_text as text check (value = lower(value));

create domain gateway.key_environment as text check (value in ('live', 'test', 'staging', 'development'));
create domain gateway.spend_period as text check (value in ('day', 'week', 'month'));
create domain gateway.grant_source as text
  check (value in ('trial', 'subscription', 'purchase', 'coupon', 'referral', 'admin', 'credit_back'));
create domain gateway.transaction_type as text
  check (value in ('trial', 'purchase', 'subscription', 'coupon', 'referral', 'admin_credit', 'admin_debit', 'usage',
                   'credit_back', 'money_back', 'expiry'));
create domain gateway.hold_state as text check (value in ('open', 'swept', 'tombstone'));
create domain gateway.request_outcome as text
  check (value in ('completed', 'failed', 'cut', 'client_left', 'deadline'));
