-- The rate limits in force, as the limiter in Redis takes them.

-- The plan whose limits an account has at this moment: subscription, else trial (dev), else purchased credit
-- (customize), else free.
create function gateway.plan_in_force(account gateway.accounts, at timestamptz) returns text
language sql immutable parallel safe
return case
  when account.plan is not null and (account.plan_ends_at is null or account.plan_ends_at > at) then account.plan
  when gateway.trial_runs(account, at) then 'dev'
  when account.has_purchased then 'customize'
  else 'free'
end;

-- Rates are counted by a key's id: a rotation, a former secret or a new pepper is no way to a fresh window.
create function gateway.limit_names() returns text[]
language sql immutable parallel safe
return array['requests_per_minute', 'burst', 'requests_per_hour', 'requests_per_day', 'tokens_per_minute',
             'tokens_per_day', 'concurrency'];

-- The limits of a key and of its account, as one text: account id, key id, then requests per minute, burst, hour, day,
-- tokens per minute, day and concurrency for the key, then the same for the account. The text is its own version:
-- a limiter that used another text used other limits.
create function gateway.limits(account gateway.accounts, key gateway.api_keys, plan gateway.plans)
returns text
language plpgsql immutable set search_path = ''
as $$
declare
  names constant text[] := gateway.limit_names();
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
  return account.id || ',' || key.id || ',' || array_to_string(for_key, ',') || ','
         || array_to_string(for_account, ',');
end;
$$;

-- The same for people: {"account": {"requests_per_minute": …}, "key": {…}}. Read out of the text, so that nobody is
-- shown other limits than the limiter takes.
create function gateway.limits_in_force(account gateway.accounts, key gateway.api_keys, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  plan gateway.plans;
  parts text[];
begin
  select * into plan from gateway.plans where plans.id = gateway.plan_in_force(account, at);
  parts := string_to_array(gateway.limits(account, key, plan), ',');
  return (
    select jsonb_build_object('key', jsonb_object_agg(name, parts[2 + place]::bigint),
                              'account', jsonb_object_agg(name, parts[9 + place]::bigint))
    from unnest(gateway.limit_names()) with ordinality as named (name, place));
end;
$$;

-- What an operator set of an account's limits, each by its name; null where the plan's holds.
create function gateway.limits_view(rate_limits jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_object_agg(name, rate_limits -> name)
  from unnest(array['requests_per_minute', 'burst', 'requests_per_hour', 'requests_per_day', 'requests_per_month',
                    'tokens_per_minute', 'tokens_per_day', 'tokens_per_month', 'concurrency']) as name
$$;
