-- What end users may spend. Whoever asks has the account's row locked, so a budget is as hard as a key's spend limit: no two calls
-- see the same of it as free.

-- How many end users an account has on record at most. Names come with calls, and anyone may make them up.
create function gateway.most_end_users() returns integer
language sql immutable parallel safe
return 10000;

-- An end user with the budget that holds for it: its own, else the default. One that is not on record has no created_at, and is on
-- record from its first call on that a budget is asked about. Null for whom nothing holds.
create function gateway.end_user_of(owner uuid, called text) returns gateway.end_users
language plpgsql stable
as $$
declare
  known gateway.end_users := (
    select whole from gateway.end_users as whole where account_id = owner and name = called);
  usual gateway.end_user_defaults;
begin
  if known.is_own then
    return known;
  end if;
  usual := (select whole from gateway.end_user_defaults as whole where account_id = owner);
  if usual.account_id is null then
    return null;
  end if;
  known.account_id := owner;
  known.name := called;
  known.is_own := false;
  known.budget := usual.budget;
  known.period := usual.period;
  return known;
end;
$$;

-- What an end user has spent in the current period; a period that has passed counts nothing.
create function gateway.spent_by_end_user(end_user gateway.end_users, at timestamptz) returns bigint
language sql immutable parallel safe
return case
  when end_user.created_at is null then 0
  when end_user.period is null or end_user.period_start >= gateway.period_start(end_user.period, at) then end_user.spent
  else 0
end;

-- What the open calls of an end user have reserved.
create function gateway.held_for(owner uuid, called text) returns bigint
language sql stable
return (
  select coalesce(sum(amount), 0)::bigint from gateway.holds
  where account_id = owner and end_user = called and state = 'open');

-- Puts an end user on record for whom the default is counted. Answers whether there is room: whose period is over makes some.
create function gateway.keep_end_user(owner uuid, called text, at timestamptz) returns boolean
language plpgsql
as $$
begin
  if (select count(*) from gateway.end_users where account_id = owner) >= gateway.most_end_users() then
    delete from gateway.end_users where account_id = owner and name in (
      select e.name from gateway.end_users e join gateway.end_user_defaults d on d.account_id = e.account_id
        where e.account_id = owner and not e.is_own and e.period_start < gateway.period_start(d.period, at)
          and not exists (
            select from gateway.holds h where h.account_id = owner and h.end_user = e.name and h.state = 'open')
        limit 1000);
    if not found then
      return false;
    end if;
  end if;
  insert into gateway.end_users (account_id, name, is_own, period_start, created_at)
    values (owner, called, false, at, at)
    on conflict (account_id, name) do nothing;
  return true;
end;
$$;

-- Why an end user's call may not be made, or null; and the end user is on record from then on. `in_flight` is what its open calls have
-- reserved.
create function gateway.end_user_refusal(
  end_user gateway.end_users, in_flight bigint, required bigint, at timestamptz)
returns jsonb
language plpgsql
as $$
declare
  available constant bigint := end_user.budget - gateway.spent_by_end_user(end_user, at);
begin
  if available < required then
    return gateway.refusal(402, 'end_user_budget_reached', jsonb_build_object(
      'param', 'user', 'required', gateway.dollars(required), 'available', gateway.dollars(greatest(available, 0)),
      'should_retry', false));
  end if;
  if available - in_flight < required then
    return gateway.refusal(402, 'credits_in_flight', jsonb_build_object(
      'param', 'user', 'required', gateway.dollars(required),
      'available', gateway.dollars(greatest(available - in_flight, 0)), 'retry_after_ms', 1000, 'should_retry', true));
  end if;
  if end_user.created_at is null and not gateway.keep_end_user(end_user.account_id, end_user.name, at) then
    return gateway.refusal(429, 'too_many_end_users', jsonb_build_object(
      'param', 'user', 'most', gateway.most_end_users(), 'should_retry', false));
  end if;
  return null;
end;
$$;

-- Counts what a call has cost that is over, and was begun at `placed_at`, and tells of it once that is four fifths of the budget, and all
-- of it. One whom a crash has taken off the record is on it again.
create function gateway.charge_end_user(owner uuid, called text, cost bigint, placed_at timestamptz, at timestamptz)
returns void
language plpgsql
as $$
declare
  charged gateway.end_users := gateway.end_user_of(owner, called);
  starts timestamptz;
  told integer;
  step integer;
begin
  if charged.created_at is null then
    if charged.budget is null or not gateway.keep_end_user(owner, called, at) then
      return;
    end if;
    charged := gateway.end_user_of(owner, called);
  end if;
  starts := case when charged.period is null then charged.period_start
                 else greatest(charged.period_start, gateway.period_start(charged.period, placed_at)) end;
  charged.spent := gateway.spent_by_end_user(charged, placed_at) + cost;
  told := case when starts = charged.period_start and charged.told_of = charged.budget then charged.told_step else 0 end;
  step := case when cost > 0 then gateway.budget_step(charged.spent, charged.budget) else 0 end;
  update gateway.end_users set
    spent = charged.spent, spent_ever = spent_ever + cost, period_start = starts,
    told_step = greatest(told, step), told_of = charged.budget
    where account_id = owner and name = called;
  if step > told then
    perform gateway.notify_of_budget(charged, step, at);
  end if;
end;
$$;
