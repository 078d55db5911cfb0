-- Whom an account has its end users' names from, it may have to forget them for. What their calls cost stays, and says of whom no longer.

-- Takes an end user's name out of what its account was told of its budget. Answers whether that is done: the words of a mail that is being
-- sent do not change any more.
create function gateway.erase_told(owner uuid, called text) returns boolean
language plpgsql volatile
as $$
begin
  update gateway.webhook_deliveries d set data = d.data || '{"user": null}'
    from gateway.webhooks w
    where w.account_id = owner and d.webhook_id = w.id and d.event = 'end_user.budget_reached' and d.data ->> 'user' = called;
  update gateway.notifications n set payload = n.payload || jsonb_build_object('users', (
      select jsonb_agg(case when told ->> 'user' = called then told || '{"user": null}' else told end order by place)
      from jsonb_array_elements(n.payload -> 'users') with ordinality as all_told (told, place)))
    where n.account_id = owner and n.kind = 'end_user_budget' and n.state <> 'sending'
      and n.payload -> 'users' @> jsonb_build_array(jsonb_build_object('user', called));
  return not exists (
    select from gateway.notifications n
    where n.account_id = owner and n.kind = 'end_user_budget' and n.state = 'sending'
      and n.payload -> 'users' @> jsonb_build_array(jsonb_build_object('user', called)));
end;
$$;

-- Takes an end user (null: all labels) out of an account's sums: at most so many rows of each table. Answers whether there are no more.
create function gateway.erase_summed_labels(owner uuid, called text, most integer) returns boolean
language plpgsql volatile
as $$
declare
  summed regclass;
  erased integer;
  is_done boolean := true;
begin
  foreach summed in array array[
    'gateway.usage_labels', 'gateway.usage_label_days', 'gateway.usage_label_heads', 'gateway.usage_label_sums']::regclass[] loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where account_id = $1 %2$s limit $3))',
      summed, case when called is not null then 'and kind = ''user'' and label = $2' end)
      using owner, called, most;
    get diagnostics erased = row_count;
    is_done := is_done and erased < most;
  end loop;
  return is_done;
end;
$$;

-- Takes what an account has said of requests out of some of them: of those for an end user, or of all (null). Answers whether there are no
-- more. The account's row is locked.
create function gateway.erase_labels(owner uuid, called text) returns boolean
language plpgsql volatile
as $$
declare
  most constant integer := 5000;
  erased integer;
begin
  -- Whoever sums up at the moment has read the name, and writes it down only now: so it is erased behind them.
  if not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || owner, 0)) then
    return false;
  end if;
  if called is null then
    update gateway.requests r set end_user = null, tags = null, metadata = null
      from (
        select call_id, finished_at from gateway.requests
          where account_id = owner and (end_user is not null or tags is not null or metadata is not null)
          limit most) as said
      where r.call_id = said.call_id and r.finished_at = said.finished_at;
  else
    update gateway.requests r set end_user = null, tags = null, metadata = null
      from (
        select call_id, finished_at from gateway.requests
          where account_id = owner and end_user = called limit most) as said
      where r.call_id = said.call_id and r.finished_at = said.finished_at;
  end if;
  get diagnostics erased = row_count;
  if erased = most then
    return false;
  end if;
  -- In reports it is nobody's from then on.
  return gateway.erase_summed_labels(owner, called, most) and (called is null or gateway.erase_told(owner, called));
end;
$$;

-- Forgets an end user of a locked account, or all whom it ever named (null). Its requests lose the name at once, or, where they are many,
-- in the hours to come. Answers whether it is done.
create function gateway.forget_end_users(owner uuid, called text default null) returns boolean
language plpgsql volatile
as $$
declare
  done boolean;
begin
  delete from gateway.end_users where account_id = owner and (called is null or name = called);
  if called is null then
    delete from gateway.end_user_defaults where account_id = owner;
  end if;
  delete from gateway.end_user_erasures where account_id = owner and (called is null or name = called);
  done := gateway.erase_labels(owner, called);
  if not done then
    insert into gateway.end_user_erasures (account_id, name) values (owner, called);
  end if;
  return done;
end;
$$;
