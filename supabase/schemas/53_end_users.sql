-- How an account says what its end users may spend, and sees what they have.

-- A budget in the API's words, or null.
create function gateway.budget_json(budget bigint, period text) returns jsonb
language sql immutable parallel safe
return case when budget is not null then
  jsonb_build_object('amount', gateway.dollars(budget), 'period', coalesce(period, 'total')) end;

create function gateway.default_budget(owner uuid) returns jsonb
language sql stable
return (select gateway.budget_json(budget, period) from gateway.end_user_defaults where account_id = owner);

-- An end user on record. One that the default holds for is handed in with it.
create function gateway.end_user_json(end_user gateway.end_users, at timestamptz) returns jsonb
language sql stable
return (
  select jsonb_build_object(
    'object', 'end_user', 'user', end_user.name, 'budget', gateway.budget_json(end_user.budget, end_user.period),
    'is_default', not end_user.is_own, 'spent', gateway.dollars(spent), 'held', gateway.dollars(held),
    'remaining', case when end_user.budget is not null then gateway.dollars(greatest(end_user.budget - spent - held, 0)) end,
    'resets_at', gateway.period_start(end_user.period, at) + ('1 ' || end_user.period)::interval,
    'spent_in_all', gateway.dollars(end_user.spent_ever), 'created_at', end_user.created_at)
  from (
    select gateway.spent_by_end_user(end_user, at) as spent, gateway.held_for(end_user.account_id, end_user.name) as held) as use);

-- query: user, limit, cursor (the last name of the page before).
create function public.list_end_users(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'usage:read');
  most constant integer := gateway.page_size(query);
  at constant timestamptz := gateway.now();
  found constant text[] := array(
    select name from gateway.end_users
    where account_id = session.account_id
      and (query ->> 'cursor' is null or name > query ->> 'cursor')
      and (query ->> 'user' is null or name = query ->> 'user')
    order by name limit most + 1);
begin
  return gateway.page((
    select jsonb_agg(gateway.end_user_json(gateway.end_user_of(session.account_id, name), at) order by name)
    from unnest(found[:most]) as name), case when cardinality(found) > most then found[most] end)
    || jsonb_build_object('default_budget', gateway.default_budget(session.account_id));
end;
$$;

-- Says what an end user may spend, or, without `user`, what each may that has no budget of its own. request: user, budget {amount
-- (nano-dollars; null: what it likes), period}; no budget: the default holds for the user, or there is no default.
--
-- A budget counts from when it was set; another amount of the same period goes on counting.
create function public.set_end_user(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  called constant text := request ->> 'user';
  given constant jsonb := nullif(request -> 'budget', 'null');
  amount constant bigint := (given ->> 'amount')::bigint;
  new_period constant text := nullif(given ->> 'period', 'total');
  former text;
  at timestamptz;
begin
  if (request ? 'budget') is not true then
    perform gateway.require(request, 'budget');
  end if;
  if given is not null then
    perform gateway.require(given, 'period');
  end if;
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile.
  perform gateway.authenticate(caller, 'account:write');
  at := gateway.now();
  if called is null then
    select coalesce(period, 'total') into former from gateway.end_user_defaults where account_id = session.account_id;
    if amount is null then
      delete from gateway.end_user_defaults where account_id = session.account_id;
      delete from gateway.end_users where account_id = session.account_id and not is_own;
    else
      insert into gateway.end_user_defaults as d (account_id, budget, period)
        values (session.account_id, amount, new_period)
        on conflict (account_id) do update set budget = excluded.budget, period = excluded.period;
      if former <> coalesce(new_period, 'total') then
        update gateway.end_users set spent = 0, period_start = at where account_id = session.account_id and not is_own;
      end if;
    end if;
  elsif given is null then
    update gateway.end_users e set
      is_own = false, budget = null, period = null,
      spent = case when e.period is distinct from d.period then 0 else e.spent end,
      period_start = case when e.period is distinct from d.period then at else e.period_start end
      from gateway.end_user_defaults d
      where e.account_id = session.account_id and e.name = called and e.is_own and d.account_id = e.account_id;
    delete from gateway.end_users where account_id = session.account_id and name = called and is_own;
  else
    if (select count(*) from gateway.end_users where account_id = session.account_id) >= gateway.most_end_users()
      and not exists (select from gateway.end_users where account_id = session.account_id and name = called) then
      perform gateway.refuse(gateway.refusal(429, 'too_many_end_users', jsonb_build_object(
        'param', 'user', 'most', gateway.most_end_users(), 'should_retry', false)));
    end if;
    insert into gateway.end_users as e (account_id, name, is_own, budget, period, period_start, created_at)
      values (session.account_id, called, true, amount, new_period, at, at)
      on conflict (account_id, name) do update set
        is_own = true, budget = excluded.budget, period = excluded.period,
        spent = case when (gateway.end_user_of(e.account_id, e.name)).period is distinct from excluded.period then 0 else e.spent end,
        period_start = case when (gateway.end_user_of(e.account_id, e.name)).period is distinct from excluded.period then at
                            else e.period_start end;
  end if;
  update gateway.accounts set has_end_users =
    exists (select from gateway.end_users where account_id = session.account_id)
    or exists (select from gateway.end_user_defaults where account_id = session.account_id)
    where id = session.account_id;
  -- The audit trail outlives what is deleted, so it holds nobody's name.
  perform gateway.audit(caller, session.account_id, session.key_id, 'end_user.set', session.account_id, null,
    jsonb_build_object('is_default', called is null, 'budget', gateway.budget_json(amount, new_period)));
  if called is null then
    return jsonb_build_object('object', 'end_user_default', 'budget', gateway.default_budget(session.account_id));
  end if;
  return coalesce(
    (select gateway.end_user_json(gateway.end_user_of(e.account_id, e.name), at) from gateway.end_users e
      where e.account_id = session.account_id and e.name = called),
    jsonb_build_object('object', 'end_user', 'user', called, 'budget', gateway.default_budget(session.account_id),
      'is_default', true, 'spent', 0, 'held', gateway.dollars(gateway.held_for(session.account_id, called)),
      'remaining', null, 'resets_at', null, 'spent_in_all', 0, 'created_at', null));
end;
$$;

-- Forgets an end user: its budget, and its name wherever it stands beside a request. Whether it ever called makes no difference to the
-- answer, so a repeated one is as good.
create function public.delete_end_user(caller jsonb, called text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  done boolean;
begin
  perform gateway.require(jsonb_build_object('user', called), 'user');
  perform from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'account:write');
  done := gateway.forget_end_users(session.account_id, called);
  update gateway.accounts set has_end_users =
    exists (select from gateway.end_users where account_id = session.account_id)
    or exists (select from gateway.end_user_defaults where account_id = session.account_id)
    where id = session.account_id;
  perform gateway.audit(caller, session.account_id, session.key_id, 'end_user.delete', session.account_id, null, '{}');
  return jsonb_build_object('object', 'end_user', 'user', called, 'deleted', true, 'is_erased', done);
end;
$$;
