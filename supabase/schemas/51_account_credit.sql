-- What an account sees of its money.

-- What an account sees of its money.
create function public.get_balance(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
  at timestamptz := gateway.now();
begin
  select * into account from gateway.accounts where id = session.account_id;
  -- The credit of a plan's month comes, and what has expired goes, with whatever asks first.
  if account.next_instalment <= at or account.next_expiry <= at then
    account := gateway.caught_up(session.account_id);
    at := gateway.now();
  end if;
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

-- query: type, source, from, to, limit, cursor (the last id of the page before). Newest first. A page of one source looks through
-- so many transactions at most, however few of them match: it may hold less than the limit and still have a page after it.
create function public.list_credit_transactions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  most constant integer := gateway.page_size(query);
  window_size constant integer := case when query ->> 'source' is not null then 5000 else most + 1 end;
  since constant timestamptz := (query ->> 'from')::timestamptz;
  until constant timestamptz := (query ->> 'to')::timestamptz;
  after_id constant bigint := (query ->> 'cursor')::bigint;
  -- Another account's cursor lies before every entry, so its page is empty.
  after constant timestamptz := case when after_id is not null then coalesce((
    select created_at from gateway.credit_transactions where id = after_id and account_id = session.account_id),
    '-infinity') end;
  answer jsonb;
begin
  with scanned as (
    select * from gateway.credit_transactions t
    where t.account_id = session.account_id
      and (after is null or (t.created_at, t.id) < (after, after_id))
      and (query ->> 'type' is null or t.type = query ->> 'type')
      -- An id is given after the time is read, and in the same month but for a moment.
      and (since is null or t.created_at >= since and t.id >= gateway.first_id(since))
      and (until is null
           or t.created_at < until and t.id < gateway.first_id(until + interval '1 hour' + interval '1 month'))
    order by t.created_at desc, t.id desc
    limit window_size
  ),
  found as (
    select t.*, g.source from scanned t left join gateway.credit_grants g on g.id = t.grant_id
    where query ->> 'source' is null or g.source = query ->> 'source'
    order by t.created_at desc, t.id desc
    limit most + 1
  ),
  page as (select * from found order by created_at desc, id desc limit most),
  -- Where the next page begins: after this one, or after what was looked through, or nowhere.
  ends as (
    select case
      when (select count(*) from found) > most then (select id from page order by created_at, id limit 1)
      when (select count(*) from scanned) = window_size then (select id from scanned order by created_at, id limit 1)
    end as next_cursor
  )
  select gateway.page(
    (select jsonb_agg(jsonb_build_object(
      'id', id, 'object', 'credit_transaction', 'type', type, 'source', source,
      'amount', gateway.dollars(amount), 'balance_after', gateway.dollars(balance_after),
      'call_id', call_id, 'description', description, 'created_at', created_at) order by created_at desc, id desc)
      from page),
    ends.next_cursor::text)
  into answer from ends;
  return answer;
end;
$$;
