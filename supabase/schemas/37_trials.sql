-- What a trial is, and when it has done what it is for. Each function expects the account's row to be locked by its caller.

-- Gives an account its trial, or says why not: trial_used, its person has had one; trials_used_up, there is a promotion named `trial`,
-- and its budget pays no more for now. Whoever is refused for that has claimed nothing, and may begin one later.
create function gateway.begin_trial(inout account gateway.accounts, proofs jsonb, at timestamptz, out refused text)
language plpgsql set search_path = ''
as $$
declare
  trial_credit constant bigint := 10000000000;
  trial_requests constant integer := 1000;
  trial_days constant interval := '3 days';
  granted record;
  cost bigint := 0;
begin
  if not gateway.claim_trial(proofs, at) then
    refused := 'trial_used';
    return;
  end if;
  if exists (select from gateway.promotions where id = 'trial') then
    if not gateway.draw_on('trial', trial_credit, at) then
      perform gateway.unclaim_trial(proofs);
      refused := 'trials_used_up';
      return;
    end if;
    cost := trial_credit;
  end if;
  account.trial_ends_at := at + trial_days;
  account.trial_requests_left := trial_requests;
  update gateway.accounts set trial_ends_at = account.trial_ends_at, trial_requests_left = account.trial_requests_left
    where id = account.id;
  granted := gateway.grant_credit(account, 'trial', trial_credit, account.trial_ends_at, 'trial', at);
  account := granted.account;
  insert into gateway.trials (account_id, begun_at, grant_id, drawn) values (account.id, at, granted.grant_id, cost);
end;
$$;

-- An account has paid: if it has had a trial, that has done what it is for.
create function gateway.note_conversion(account gateway.accounts, by text, at timestamptz) returns void
language sql volatile set search_path = ''
as $$
  update gateway.trials set converted_at = at, converted_by = by where account_id = account.id and converted_at is null
$$;
