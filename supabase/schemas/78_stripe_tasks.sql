-- What Stripe is still to be told, the oldest first; whoever takes one has five minutes for it, and more each time. account: only
-- those of this one, or null.
create function public.claim_stripe_tasks(query jsonb, account uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  most integer := gateway.page_size(query);
  at timestamptz := gateway.now();
  answer jsonb;
begin
  with taken as (
    update gateway.stripe_tasks set attempts = attempts + 1, due_at = at + least(attempts + 1, 12) * interval '5 minutes'
      where id in (
        select id from gateway.stripe_tasks
        where done_at is null and due_at <= at and (account is null or account_id = account)
        order by due_at, id limit most for update skip locked)
      returning id, kind, object_id, attempts)
  select coalesce(jsonb_agg(to_jsonb(taken) order by id), '[]') into answer from taken;
  return answer;
end;
$$;

-- outcome: done, or Stripe's code.
create function public.finish_stripe_task(task bigint, outcome text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(jsonb_build_object('task', task, 'outcome', outcome), 'task', 'outcome');
  update gateway.stripe_tasks set done_at = gateway.now(), outcome = finish_stripe_task.outcome
    where id = task and done_at is null;
  return jsonb_build_object('finished', found);
end;
$$;
