-- Counts calls of a key that are over, and what they have cost. `calls` is 0 where the key's use was counted when its hold was swept.
-- A period that has begun since the hold was placed counts from nothing.
create function gateway.count_use(this_key uuid, calls integer, cost bigint, placed_at timestamptz, at timestamptz) returns void
language plpgsql volatile
as $$
declare
  limit_step integer;
begin
  update gateway.api_keys as k set
    requests_used = requests_used + calls,
    spent = count_use.cost + case when spend_period is null then spent
                        else gateway.spent_since(spent, spend_period_start, spend_period, placed_at) end,
    spent_ever = spent_ever + count_use.cost,
    spend_period_start = case when spend_period is null then spend_period_start
                              else gateway.later_period(spend_period_start, spend_period, placed_at) end,
    last_used_at = greatest(last_used_at, placed_at)
    where id = this_key
    returning case when spend_limit is not null then gateway.spend_limit_step(spent, count_use.cost, spend_limit) end into limit_step;
  if limit_step is not null then
    perform gateway.notify_of_spend_limit(this_key, limit_step, at);
  end if;
end;
$$;
