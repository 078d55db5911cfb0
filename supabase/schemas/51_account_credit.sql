-- What an account sees of its money.

-- What an account sees of its money.
create function public.get_balance(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
begin
  select * into account from gateway.accounts where id = session.account_id;
  return jsonb_build_object(
    'object', 'balance',
    'credits', gateway.dollars(account.balance),
    'held', gateway.dollars(account.held),
    'available', gateway.dollars(case when account.debt > 0 then 0 else gateway.available(account, at) end),
    'debt', gateway.dollars(account.debt),
    'plan', gateway.plan_in_force(account, at),
    'trial', gateway.trial_json(account, at),
    'grants', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'source', source, 'amount', gateway.dollars(amount), 'remaining', gateway.dollars(remaining),
        'expires_at', expires_at, 'created_at', created_at) order by expires_at nulls last, id), '[]')
      from gateway.credit_grants
      where account_id = account.id and live and (expires_at is null or expires_at > at)));
end;
$$;

-- query: type, source, from, to, limit, cursor (the last id of the page before). Newest first.
create function public.list_credit_transactions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most integer := gateway.page_size(query);
  answer jsonb;
begin
  with found as (
    select t.*, g.source
    from gateway.credit_transactions t left join gateway.credit_grants g on g.id = t.grant_id
    where t.account_id = session.account_id
      and (query ->> 'cursor' is null or t.id < (query ->> 'cursor')::bigint)
      and (query ->> 'type' is null or t.type = query ->> 'type')
      and (query ->> 'source' is null or g.source = query ->> 'source')
      and (query ->> 'from' is null or t.created_at >= (query ->> 'from')::timestamptz
                                       and t.id >= gateway.first_id((query ->> 'from')::timestamptz))
      and (query ->> 'to' is null or t.created_at < (query ->> 'to')::timestamptz)
    order by t.id desc
    limit most + 1
  ),
  page as (select * from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'id', id, 'object', 'credit_transaction', 'type', type, 'source', source,
      'amount', gateway.dollars(amount), 'balance_after', gateway.dollars(balance_after),
      'call_id', call_id, 'description', description, 'created_at', created_at) order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id) from page)::text end)
  into answer;
  return answer;
end;
$$;
