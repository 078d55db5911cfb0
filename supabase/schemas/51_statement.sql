-- A month of an account's money, as it is filed.

-- query: month (its first day). Usage is that of the hours that are summed up and of the requests since, everything else of the ledger's
-- rows: what calls cost has a request each, so the two together are the ledger (gateway.ledger_check), and cost the same however many
-- calls there were. The balances are reckoned back from the present one.
create function public.get_statement(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most constant integer := 1000;
  since constant timestamptz := (query ->> 'month')::date::timestamp at time zone 'utc';
  until constant timestamptz := ((query ->> 'month')::date + interval '1 month') at time zone 'utc';
  answer jsonb;
begin
  perform gateway.require(query, 'month');
  with moved as (
    select min(id) as id, type, description, created_at, sum(amount)::bigint as amount, created_at >= until as is_later
    from gateway.credit_transactions
    where account_id = session.account_id and type <> 'usage' and created_at >= since and id >= gateway.first_id(since)
    -- A debt that is repaid is two rows, which are nothing together.
    group by type, description, created_at having sum(amount) <> 0
  ),
  used as (
    select *, hour >= until as is_later from gateway.used(session.account_id, since, 'infinity')
  ),
  sums as (
    select a.balance - coalesce((select sum(amount) from moved where is_later), 0)
        + coalesce((select sum(cost) from used where is_later), 0) as closing,
      coalesce((select sum(amount) from moved where not is_later), 0) as moved,
      coalesce((select sum(cost) from used where not is_later), 0) as used
    from gateway.accounts a where a.id = session.account_id
  )
  select jsonb_build_object(
    'object', 'statement', 'account_id', a.id, 'email', a.email, 'currency', 'usd',
    'from', since, 'to', until, 'is_over', gateway.now() >= until,
    'opening_balance', gateway.dollars((s.closing - s.moved + s.used)::bigint),
    'moved', gateway.dollars(s.moved::bigint), 'used', gateway.dollars(s.used::bigint),
    'closing_balance', gateway.dollars(s.closing::bigint),
    'movements', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'at', m.created_at, 'type', m.type, 'description', m.description, 'amount', gateway.dollars(m.amount))
        order by m.created_at, m.id), '[]')
      from (select * from moved where not is_later order by created_at, id limit most) as m),
    'has_more', (select count(*) from moved where not is_later) > most,
    'usage', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'model', u.model, 'requests', u.requests, 'tokens', u.tokens, 'cost', gateway.dollars(u.cost))
        order by u.cost desc, u.requests desc, u.model), '[]')
      from (
        select model, sum(requests) as requests, sum(prompt_tokens + completion_tokens) as tokens, sum(cost)::bigint as cost
        from used where not is_later group by model) as u))
  into answer
  from gateway.accounts a, sums s where a.id = session.account_id;
  return answer;
end;
$$;
