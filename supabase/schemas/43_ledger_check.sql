-- The proof that the books balance.

-- Every invariant of the ledger, for the accounts whose ids lie behind `after` and up to `last`; for all without these. A clean
-- ledger has no problems. It reads all rows of these accounts and of no others.
create function gateway.ledger_check(
  after uuid default '00000000-0000-0000-0000-000000000000', last uuid default 'ffffffff-ffff-ffff-ffff-ffffffffffff')
returns jsonb
language sql stable set search_path = ''
as $$
  with
  accounts as (select * from gateway.accounts where id > after and id <= last),
  grants as materialized (select * from gateway.credit_grants where account_id > after and account_id <= last),
  transactions as materialized (
    select * from gateway.credit_transactions where account_id > after and account_id <= last
  ),
  requests as materialized (
    select call_id, account_id, cost from gateway.requests where account_id > after and account_id <= last
  ),
  -- A tombstone belongs to no account.
  holds as materialized (
    select * from gateway.holds where state <> 'tombstone' and account_id > after and account_id <= last
  ),
  of_grants as (
    select account_id, sum(remaining) as remaining, min(expires_at) filter (where live) as next_expiry
    from grants group by account_id
  ),
  ledger as (
    select account_id, sum(amount) as total, -coalesce(sum(amount) filter (where grant_id is null), 0) as debt,
           -coalesce(sum(amount) filter (where grant_id is null and type = 'money_back'), 0) as refund_debt
    from transactions group by account_id
  ),
  by_grant as (
    select grant_id, sum(amount) as total from transactions where grant_id is not null group by grant_id
  ),
  open_holds as (
    select account_id, sum(amount) as held, min(expires_at) as next_overdue
    from holds where state = 'open' group by account_id
  ),
  charged as (
    select account_id, call_id, -sum(amount) as amount, max(created_at) as created_at
    from transactions where call_id is not null group by account_id, call_id
  ),
  payments as materialized (select * from gateway.payments where account_id > after and account_id <= last),
  reversed as (
    select payment_id, sum(amount) as cents from gateway.reversals
    where counts and payment_id in (select id from payments) group by payment_id
  ),
  -- What the ledger says of all payments of an account: what was taken back, less what was given back of it.
  taken_back as (
    select account_id, -sum(amount) as amount from transactions
    where type = 'money_back' or (type = 'credit_back' and grant_id is not null and amount > 0) group by account_id
  ),
  instalments as materialized (
    select * from gateway.instalments where account_id > after and account_id <= last
  ),
  of_instalments as (
    select payment_id, sum(amount) as amount, sum(voided + forgiven) as borne from instalments group by payment_id
  ),
  problems as (
    select a.id as account_id, 'balance differs from the grants less the debt' as problem,
           coalesce(g.remaining, 0) - a.debt as expected, a.balance as found
    from accounts a left join of_grants g on g.account_id = a.id
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
    select a.id, 'next_expiry is late', extract(epoch from g.next_expiry), extract(epoch from a.next_expiry)
    from accounts a join of_grants g on g.account_id = a.id
    where g.next_expiry is distinct from a.next_expiry
    union all
    select h.account_id, 'a hold''s key is not the account''s', 1, 0
    from holds h
    where not exists (select from gateway.api_keys k where k.id = h.key_id and k.account_id = h.account_id)
    union all
    select c.account_id, 'a grant differs from its ledger rows', coalesce(b.total, 0), c.remaining
    from grants c left join by_grant b on b.grant_id = c.id
    where c.remaining <> coalesce(b.total, 0) or (c.live and c.remaining = 0) or (not c.live and c.remaining > 0)
      or c.remaining > c.amount
    union all
    select r.account_id, 'a request differs from its ledger rows', r.cost, coalesce(c.amount, 0)
    from requests r left join charged c on c.account_id = r.account_id and c.call_id = r.call_id
    where r.cost <> coalesce(c.amount, 0)
    union all
    select c.account_id, 'a ledger row has no request', 0, c.amount
    from charged c left join requests r on r.account_id = c.account_id and r.call_id = c.call_id
    -- The requests of months that were dropped have left only their sums. Both rows have the settle's time.
    where c.created_at >= gateway.requests_since() and r.call_id is null
    union all
    select t.account_id, 'a ledger row''s account does not exist', 0, t.amount
    from transactions t left join accounts a on a.id = t.account_id
    where a.id is null
    union all
    select t.account_id, 'a ledger row''s grant does not exist in its account', 0, t.amount
    from transactions t left join grants g on g.id = t.grant_id and g.account_id = t.account_id
    where t.grant_id is not null and g.id is null
    union all
    select p.account_id, 'a payment''s credit differs from its grants', p.credits + p.bonus,
           coalesce(g.amount, 0) + coalesce(b.amount, 0)
    from payments p
    left join grants g on g.id = p.grant_id and g.account_id = p.account_id and g.source = 'purchase'
    left join grants b on b.id = p.bonus_grant_id and b.account_id = p.account_id and b.source = 'coupon'
    where p.kind <> 'invoice' and case when p.status = 'succeeded' then g.amount is distinct from p.credits or coalesce(b.amount, 0) <> p.bonus
      else p.grant_id is not null or p.bonus_grant_id is not null end
    union all
    select p.account_id, 'what was taken back of a payment differs from its reversals',
           coalesce(gateway.to_take_back(p.credits + p.bonus, p.paid, coalesce(r.cents, 0)), 0), p.taken_back
    from payments p left join reversed r on r.payment_id = p.id
    where p.taken_back <> coalesce(gateway.to_take_back(p.credits + p.bonus, p.paid, coalesce(r.cents, 0)), 0)
    union all
    select p.account_id, 'what was taken back of payments differs from the ledger', sum(p.taken_back - coalesce(i.borne, 0)),
           coalesce(max(t.amount), 0)
    from payments p
    left join of_instalments i on i.payment_id = p.id
    left join taken_back t on t.account_id = p.account_id
    group by p.account_id having sum(p.taken_back - coalesce(i.borne, 0)) <> coalesce(max(t.amount), 0)
    union all
    select p.account_id, 'the credit of an invoice differs from its instalments', p.credits + p.bonus, coalesce(i.amount, 0)
    from payments p left join of_instalments i on i.payment_id = p.id
    where p.kind = 'invoice' and p.credits + p.bonus <> coalesce(i.amount, 0)
    union all
    select i.account_id, 'an instalment differs from its grant', i.amount - i.voided, coalesce(g.amount, 0)
    from instalments i left join grants g on g.id = i.grant_id and g.account_id = i.account_id and g.source = 'subscription'
    where case when i.state = 'granted' then g.amount is distinct from i.amount - i.voided else i.grant_id is not null end
    union all
    select i.account_id, 'an instalment is not its payment''s account''s', 1, 0
    from instalments i left join payments p on p.id = i.payment_id and p.account_id = i.account_id and p.kind = 'invoice'
    where p.id is null
    union all
    select i.account_id, 'next_instalment is late', extract(epoch from min(i.due_at)), extract(epoch from max(a.next_instalment))
    from instalments i join accounts a on a.id = i.account_id where i.state = 'due'
    group by i.account_id having max(a.next_instalment) is null or max(a.next_instalment) > min(i.due_at)
    union all
    select p.account_id, 'a payment that gave credit is no purchase', 1, 0
    from payments p join accounts a on a.id = p.account_id
    where p.kind <> 'invoice' and p.status = 'succeeded' and p.taken_back < p.credits + p.bonus and not a.has_purchased
    union all
    select r.account_id, 'a redeemed coupon''s credit differs from its grant', r.value, coalesce(g.amount, 0)
    from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id
    left join grants g on g.id = r.grant_id and g.account_id = r.account_id and g.source = 'coupon'
    where r.account_id > after and r.account_id <= last
      and case when r.state = 'redeemed' and c.kind <> 'discount' then g.amount is distinct from r.value
        else r.grant_id is not null end
    union all
    select r.referred_id, 'a referral''s rewards differ from its grants', 1, 0
    from gateway.referrals r
    where r.referred_id > after and r.referred_id <= last and (
      (r.state in ('qualified', 'paid', 'reversing', 'reversed')) <> exists (
        select from grants g where g.id = r.referred_grant_id and g.account_id = r.referred_id and g.source = 'referral')
      or r.state = 'paid' and not exists (
        select from gateway.credit_grants g
        where g.id = r.referrer_grant_id and g.account_id = r.referrer_id and g.source = 'referral'))
    union all
    select e.account_id, 'what an end user has spent differs from its requests', coalesce(r.cost, 0), e.spent_ever
    from gateway.end_users e cross join lateral (
      select sum(q.cost)::bigint as cost from gateway.requests q
      where q.account_id = e.account_id and q.end_user = e.name and q.finished_at >= e.created_at) as r
    -- Whose first requests were dropped with their months.
    where e.account_id > after and e.account_id <= last and e.created_at >= gateway.requests_since()
      and e.spent_ever <> coalesce(r.cost, 0)
    union all
    -- What belongs to no account, with the first ones.
    select null, 'a coupon''s uses differ from its redemptions', count(r.id), c.redemptions
    from gateway.coupons c left join gateway.coupon_redemptions r on r.coupon_id = c.id and r.state <> 'released'
    where after = '00000000-0000-0000-0000-000000000000'
    group by c.id having c.redemptions <> count(r.id)
    union all
    select null, 'what a promotion has spent differs from what was drawn on it', coalesce(d.amount, 0), p.spent
    from gateway.promotions p left join (
      select promotion, sum(amount) as amount from (
        select c.promotion, r.value as amount
        from gateway.coupon_redemptions r join gateway.coupons c on c.id = r.coupon_id where r.state <> 'released'
        union all
        select 'referral', drawn from gateway.referrals where drawn > 0
        union all
        select 'trial', drawn from gateway.trials where drawn > 0) as draws
      group by promotion) as d on d.promotion = p.id
    where after = '00000000-0000-0000-0000-000000000000' and not p.per_day and p.spent <> coalesce(d.amount, 0)
  )
  select jsonb_build_object(
    'ok', not exists (select from problems),
    'accounts', (select count(*) from accounts),
    'balance', trim_scale((select coalesce(sum(balance), 0) from accounts) * 0.000000001),
    'held', trim_scale((select coalesce(sum(held), 0) from accounts) * 0.000000001),
    'debt', trim_scale((select coalesce(sum(debt), 0) from accounts) * 0.000000001),
    'problems', (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from (select * from problems limit 100) p))
$$;

-- The last of the next accounts that are checked together: as many as have so many requests together, so that it is done before
-- the database's time limit, however many accounts there are. Null: all that are left.
create function gateway.ledger_step(first uuid) returns uuid
language sql stable set search_path = ''
as $$
  -- The account with which there are enough; the last of so many, if there are not.
  select id from (
      select a.id, sum(coalesce(t.requests, 0)) over (order by a.id) as requests, row_number() over (order by a.id) as place
      from (select id from gateway.accounts where id > first order by id limit 20000) a
      left join gateway.usage_totals t on t.account_id = a.id) as summed
    where requests >= 500000 or place = 20000 order by id limit 1
$$;

-- Checks the next accounts, by id from where a report so far ended (null: from the first). Answers the report of all so far, with
-- next_cursor: null when these were the last.
create function public.check_ledger(caller jsonb, so_far text default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:ledger');
  -- As text: a JSON parser would round large amounts.
  former constant jsonb := so_far::jsonb;
  first constant uuid := coalesce((former ->> 'next_cursor')::uuid, '00000000-0000-0000-0000-000000000000');
  last constant uuid := gateway.ledger_step(first);
  report constant jsonb := gateway.ledger_check(first, coalesce(last, 'ffffffff-ffff-ffff-ffff-ffffffffffff'));
begin
  return jsonb_build_object(
    'ok', (report ->> 'ok')::boolean and coalesce((former ->> 'ok')::boolean, true),
    'problems', (
      select coalesce(jsonb_agg(problem), '[]') from (
        select problem from jsonb_array_elements(coalesce(former -> 'problems', '[]') || (report -> 'problems')) as problem
        limit 100) as told),
    'next_cursor', last)
    || (
      select jsonb_object_agg(name, (report ->> name)::numeric + coalesce((former ->> name)::numeric, 0))
      from unnest(array['accounts', 'balance', 'held', 'debt']) as name);
end;
$$;
