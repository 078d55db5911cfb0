-- The rate limits in force, as the limiter in Redis takes them.

-- The plan whose limits an account has at this moment: subscription, else trial (dev), else purchased credit
-- (customize), else free.
create function gateway.plan_in_force(account gateway.accounts, at timestamptz) returns text
language sql immutable parallel safe
return case
  when account.plan is not null and (account.plan_ends_at is null or account.plan_ends_at > at) then account.plan
  when account.trial_ends_at > at then 'dev'
  when account.has_purchased then 'customize'
  else 'free'
end;

-- The limits of a key and of its account, as one text: account id, then requests per minute, burst, hour, day,
-- tokens per minute, day and concurrency for the key, then the same for the account. The text is its own version:
-- a limiter that used another text used other limits.
create function gateway.limits(account gateway.accounts, key gateway.api_keys, plan gateway.plans) returns text
language plpgsql immutable set search_path = ''
as $$
declare
  names constant text[] := array['requests_per_minute', 'burst', 'requests_per_hour', 'requests_per_day',
                                 'tokens_per_minute', 'tokens_per_day', 'concurrency'];
  planned bigint[] := array[plan.requests_per_minute, plan.burst, plan.requests_per_hour, plan.requests_per_day,
                            plan.tokens_per_minute, plan.tokens_per_day, plan.concurrency];
  for_account bigint[] := planned;
  for_key bigint[];
begin
  if account.rate_limits <> '{}' then
    for i in 1 .. 7 loop
      for_account[i] := coalesce((account.rate_limits ->> names[i])::bigint, planned[i]);
    end loop;
  end if;
  -- Keys of other environments spend the same credit, so they get half: a test must not starve the live service.
  for_key := for_account;
  if key.environment <> 'live' then
    for i in 1 .. 7 loop
      for_key[i] := (for_account[i] + 1) / 2;
    end loop;
  end if;
  if key.rate_limits <> '{}' then
    for i in 1 .. 7 loop
      for_key[i] := least(for_key[i], coalesce((key.rate_limits ->> names[i])::bigint, for_key[i]));
    end loop;
  end if;
  return account.id || ',' || array_to_string(for_key, ',') || ',' || array_to_string(for_account, ',');
end;
$$;
