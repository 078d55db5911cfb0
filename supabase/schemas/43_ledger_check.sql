-- The proof that the books balance.

-- Every invariant of the ledger, for one account or for all. A clean ledger has no problems.
create function gateway.ledger_check(only_account uuid default null) returns jsonb
language sql stable set search_path = ''
as $$
  with
  accounts as (
    select * from gateway.accounts where only_account is null or id = only_account
  ),
  grants as (
    select account_id, sum(remaining) as remaining, min(expires_at) filter (where live) as next_expiry
    from gateway.credit_grants group by account_id
  ),
  ledger as (
    select account_id, sum(amount) as total, -coalesce(sum(amount) filter (where grant_id is null), 0) as debt,
           -coalesce(sum(amount) filter (where grant_id is null and type = 'money_back'), 0) as refund_debt
    from gateway.credit_transactions group by account_id
  ),
  by_grant as (
    select grant_id, sum(amount) as total from gateway.credit_transactions where grant_id is not null group by grant_id
  ),
  open_holds as (
    select account_id, sum(amount) as held, min(expires_at) as next_overdue
    from gateway.holds where state = 'open' group by account_id
  ),
  charged as (
    select call_id, -sum(amount) as amount from gateway.credit_transactions where call_id is not null group by call_id
  ),
  problems as (
    select a.id as account_id, 'balance differs from the grants less the debt' as problem,
           coalesce(g.remaining, 0) - a.debt as expected, a.balance as found
    from accounts a left join grants g on g.account_id = a.id
    where a.balance <> coalesce(g.remaining, 0) - a.debt
    union all
    select a.id, 'balance differs from the ledger', coalesce(l.total, 0), a.balance
    from accounts a left join ledger l on l.account_id = a.id
    where a.balance <> coalesce(l.total, 0)
    union all
    select a.id, 'debt differs from the ledger', coalesce(l.debt, 0), a.debt
    from accounts a left join ledger l on l.account_id = a.id
    where a.debt <> coalesce(l.debt, 0)
    union all
    select a.id, 'debt of refunds differs from the ledger', coalesce(l.refund_debt, 0), a.refund_debt
    from accounts a left join ledger l on l.account_id = a.id
    where a.refund_debt <> coalesce(l.refund_debt, 0)
    union all
    select a.id, 'held differs from the open holds', coalesce(h.held, 0), a.held
    from accounts a left join open_holds h on h.account_id = a.id
    where a.held <> coalesce(h.held, 0)
    union all
    select a.id, 'next_overdue is late', extract(epoch from h.next_overdue), extract(epoch from a.next_overdue)
    from accounts a join open_holds h on h.account_id = a.id
    where a.next_overdue is null or a.next_overdue > h.next_overdue
    union all
    select h.account_id, 'a hold''s key is not the account''s', 1, 0
    from gateway.holds h
    where h.state <> 'tombstone' and (only_account is null or h.account_id = only_account)
      and not exists (select from gateway.api_keys k where k.id = h.key_id and k.account_id = h.account_id)
    union all
    select t.account_id, 'a ledger row''s account or grant does not exist', 1, 0
    from gateway.credit_transactions t
    where (only_account is null or t.account_id = only_account)
      and (not exists (select from gateway.accounts a where a.id = t.account_id)
           or t.grant_id is not null
             and not exists (select from gateway.credit_grants c where c.id = t.grant_id and c.account_id = t.account_id))
    union all
    select a.id, 'a grant differs from its ledger rows', coalesce(b.total, 0), c.remaining
    from accounts a join gateway.credit_grants c on c.account_id = a.id left join by_grant b on b.grant_id = c.id
    where c.remaining <> coalesce(b.total, 0) or (c.live and c.remaining = 0) or (not c.live and c.remaining > 0)
      or c.remaining > c.amount
    union all
    select a.id, 'a request differs from its ledger rows', r.cost, coalesce(c.amount, 0)
    from accounts a join gateway.requests r on r.account_id = a.id left join charged c on c.call_id = r.call_id
    where r.cost <> coalesce(c.amount, 0)
    union all
    select a.id, 'a ledger row has no request', 0, c.amount
    from accounts a join gateway.credit_transactions t on t.account_id = a.id
    join charged c on c.call_id = t.call_id
    -- The requests of months that were dropped have left only their sums. Both rows have the settle's time.
    where t.created_at >= gateway.requests_since()
      and not exists (select from gateway.requests r where r.call_id = t.call_id)
    union all
    select t.account_id, 'a ledger row has no account', 0, t.amount
    from gateway.credit_transactions t
    where (only_account is null or t.account_id = only_account)
      and not exists (select from gateway.accounts a where a.id = t.account_id)
    union all
    select t.account_id, 'a ledger row has no grant of its account', 0, t.amount
    from gateway.credit_transactions t
    where (only_account is null or t.account_id = only_account) and t.grant_id is not null
      and not exists (select from gateway.credit_grants g where g.id = t.grant_id and g.account_id = t.account_id)
    union all
    select a.id, 'next_expiry is late', extract(epoch from g.next_expiry), extract(epoch from a.next_expiry)
    from accounts a join grants g on g.account_id = a.id
    where g.next_expiry is distinct from a.next_expiry
  )
  select jsonb_build_object(
    'ok', not exists (select from problems),
    'accounts', (select count(*) from accounts),
    'balance', trim_scale((select coalesce(sum(balance), 0) from accounts) * 0.000000001),
    'held', trim_scale((select coalesce(sum(held), 0) from accounts) * 0.000000001),
    'debt', trim_scale((select coalesce(sum(debt), 0) from accounts) * 0.000000001),
    'problems', (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from (select * from problems limit 100) p))
$$;

create function public.check_ledger(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform gateway.authenticate(caller, 'admin:ledger');
  return gateway.ledger_check();
end;
$$;
