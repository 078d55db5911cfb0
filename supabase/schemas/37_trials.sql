-- What a trial is, and when it has done what it is for. Each function expects the account's row to be locked by its caller.

-- Gives an account its trial. Whether its person may have one has been asked: gateway.claim_trial.
create function gateway.begin_trial(inout account gateway.accounts, at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  trial_credit constant bigint := 10000000000;
  trial_requests constant integer := 1000;
  trial_days constant interval := '3 days';
  granted record;
begin
  account.trial_ends_at := at + trial_days;
  account.trial_requests_left := trial_requests;
  update gateway.accounts set trial_ends_at = account.trial_ends_at, trial_requests_left = account.trial_requests_left
    where id = account.id;
  granted := gateway.grant_credit(account, 'trial', trial_credit, account.trial_ends_at, 'trial', at);
  account := granted.account;
  insert into gateway.trials (account_id, begun_at, grant_id) values (account.id, at, granted.grant_id);
end;
$$;

-- An account has paid: if it has had a trial, that has done what it is for.
create function gateway.note_conversion(account gateway.accounts, by text, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.trials set converted_at = at, converted_by = by where account_id = account.id and converted_at is null
$$;
