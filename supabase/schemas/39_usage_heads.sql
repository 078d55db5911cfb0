-- The beginning of what is not summed up yet, where that is much: at the end of an hour an account, or the platform, has an hour's requests
-- to count and ten minutes' more, which would cost every reader the more the busier it is. So whoever reads sums them up, once they are many.
-- What is kept here is never the source of anything: the hours are summed up from the requests.

-- From so many requests on.
create function gateway.many_requests() returns integer
language sql immutable parallel safe
return 500;

-- Where a beginning ends. What is settled now and has read the clock is not in it: no settle goes on for longer than its role may
-- (02_role_settings.sql). A clock that is set back by more hides a request until its hour is over, which is made of the requests.
create function gateway.head_end(at timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$ select at - interval '2 minutes' $$;

-- Sums up an account's hours, as far as they are over, and the beginning of what remains. Planned as gateway.count_platform.
create function gateway.sum_up_latest(this_account uuid, at timestamptz) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.head_end(at);
  since timestamptz;
begin
  perform gateway.roll_up(this_account, at);
  since := gateway.counted_from(this_account);
  if (since < until and exists (
      select from gateway.requests
      where account_id = this_account and finished_at >= since and finished_at < until
      order by finished_at offset gateway.many_requests() limit 1)) is not true
    or not pg_try_advisory_xact_lock(hashtextextended('roll_up ' || this_account, 0)) then
    return;
  end if;
  -- Again: another session may have done it, and committed since. And what has piled up in hours that are over is for roll_up.
  since := gateway.counted_from(this_account);
  if since >= until or exists (
      select from gateway.requests
      where account_id = this_account and finished_at >= since and finished_at < gateway.last_whole_hour(at)) then
    return;
  end if;
  with former as (delete from gateway.usage_heads where account_id = this_account returning *)
  insert into gateway.usage_heads
    select account_id, hour, key_id, model, provider, sum(requests), sum(failed), sum(own_key), sum(prompt_tokens), sum(cached_tokens),
           sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from (select * from former union all select * from gateway.count_requests(this_account, since, until)) as both_of
    group by 1, 2, 3, 4, 5;
  with former as (delete from gateway.usage_label_heads where account_id = this_account returning *)
  insert into gateway.usage_label_heads
    select account_id, hour, kind, label, key_id, model, provider, sum(requests), sum(prompt_tokens), sum(cached_tokens),
           sum(completion_tokens), sum(reasoning_tokens), sum(cost)::bigint
    from (select * from former union all select * from gateway.count_labels(this_account, since, until)) as both_of
    group by 1, 2, 3, 4, 5, 6, 7;
  update gateway.usage_totals set head_to = until where account_id = this_account;
end;
$$;

-- The same for the platform.
create function gateway.sum_up_platform_latest(at timestamptz) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  until constant timestamptz := gateway.head_end(at);
  most constant bigint := 20000;
  since timestamptz;
begin
  if (select rolled_up_to from gateway.platform_roll_up) < gateway.last_whole_hour(at) is not false then
    perform gateway.roll_up_platform(at, most);
  end if;
  since := gateway.platform_counted_from();
  if (since < until and exists (
      select from gateway.requests where finished_at >= since and finished_at < until offset gateway.many_requests() limit 1)) is not true
    or not pg_try_advisory_xact_lock(7020094213606) then
    return;
  end if;
  since := gateway.platform_counted_from();
  if since >= until or (select rolled_up_to from gateway.platform_roll_up) < gateway.last_whole_hour(at) then
    return;
  end if;
  with former as (delete from gateway.platform_heads returning *)
  insert into gateway.platform_heads
    select model, provider, outcome, error_code, stream, sum(requests), sum(own_key), sum(estimated), sum(charged), sum(prompt_tokens),
           sum(cached_tokens), sum(written_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost), sum(provider_cost),
           sum(durations), sum(first_bytes), sum(duration_ms), sum(first_byte_ms), hour
    from (select * from former union all select * from gateway.count_platform(since, until)) as both_of
    group by 1, 2, 3, 4, 5, hour;
  update gateway.platform_roll_up set head_to = until;
end;
$$;
