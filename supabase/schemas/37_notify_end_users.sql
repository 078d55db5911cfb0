-- Telling an account that its end users come near their budgets. Whoever counts has the account's row locked.

-- Which part of a budget, in percent, was reached by who has spent so much: 100, 80 or 0. A budget of nothing is none to come near to.
create function gateway.budget_step(spent bigint, budget bigint) returns integer
language sql immutable parallel safe
return case
  when budget > 0 and spent >= budget then 100
  when budget > 0 and spent >= budget - budget / 5 then 80
  else 0
end;

-- Tells of an end user that has reached a part of its budget. Webhooks are told of each. Of mail the first goes at once; whoever follows
-- within an hour is in one mail at its end: ten thousand with a default budget are no ten thousand mails.
--
-- No key for duplicates has the name in it, since names are forgotten: what was told stands with the end user.
create function gateway.notify_of_budget(end_user gateway.end_users, step integer, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  most_named constant integer := 20;
  gathers constant interval := '1 hour';
  told constant jsonb := jsonb_build_object(
    'user', end_user.name, 'step', step, 'spent', gateway.dollars(end_user.spent), 'budget', gateway.dollars(end_user.budget),
    'period', coalesce(end_user.period, 'total'));
  former gateway.notifications;
begin
  perform gateway.emit(
    end_user.account_id, 'end_user.budget_reached', gen_random_uuid()::text, told || jsonb_build_object('at', at), at);
  select * into former from gateway.notifications n
    where n.account_id = end_user.account_id and n.kind = 'end_user_budget' and n.created_at > at - gathers
    order by n.id desc limit 1;
  if former.state = 'due' then
    -- Unless it is being sent in this moment.
    update gateway.notifications n set payload = n.payload || jsonb_build_object(
      'count', (n.payload ->> 'count')::integer + 1,
      'users', case when jsonb_array_length(n.payload -> 'users') < most_named then n.payload -> 'users' || told else n.payload -> 'users' end)
      where n.id = former.id and n.state = 'due';
    if found then
      return;
    end if;
  end if;
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    select id, 'end_user_budget', gen_random_uuid()::text,
           jsonb_build_object('count', 1, 'users', jsonb_build_array(told), 'at', at),
           at + case when former.id is null then interval '0' else gathers end, at
    from gateway.accounts a
    where id = end_user.account_id and gateway.wants_mail(a, 'end_user_budget');
end;
$$;

-- A call for an end user was refused for want of budget: what is left fits no call like it, though it never gets to be nothing. Only
-- where little is left, since a call may be dear.
create function gateway.notify_of_budget_refusal(end_user gateway.end_users, at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  end_user.spent := gateway.spent_by_end_user(end_user, at);
  if gateway.budget_step(end_user.spent, end_user.budget) > 0
    and (end_user.told_step < 100 or end_user.told_of is distinct from end_user.budget) then
    update gateway.end_users set told_step = 100, told_of = end_user.budget
      where account_id = end_user.account_id and name = end_user.name;
    perform gateway.notify_of_budget(end_user, 100, at);
  end if;
end;
$$;
