-- The rate limits in force, as the limiter in Redis takes them.

-- The plan whose limits an account has at this moment: the one that an administrator gave, else its subscription's, else trial
-- (dev), else purchased credit (customize), else free.
create function gateway.plan_in_force(account gateway.accounts, at timestamptz) returns text
language sql immutable parallel safe
return case
  when account.plan is not null and (account.plan_ends_at is null or account.plan_ends_at > at) then account.plan
  when account.subscription_ends_at > at then account.subscription_plan
  when gateway.trial_runs(account, at) then 'dev'
  when account.has_purchased then 'customize'
  else 'free'
end;

-- THE list of the limits that the limiter counts; each is a column of gateway.plans, and a line of the table in
-- shared/src/limits/windows.rs.
create function gateway.limit_names() returns text[]
language sql immutable parallel safe
return array['requests_per_minute', 'burst', 'requests_per_hour', 'requests_per_day', 'tokens_per_minute',
             'tokens_per_day', 'concurrency'];

-- Those that begin_request counts by itself, on the account's row.
create function gateway.month_limit_names() returns text[]
language sql immutable parallel safe
return array['requests_per_month', 'tokens_per_month'];

-- The month, in UTC, whose requests and tokens are counted at a moment.
create function gateway.month_of(at timestamptz) returns date
language sql immutable parallel safe
return date_trunc('month', at at time zone 'utc')::date;

-- Whether what an account's row has counted is of the month of a moment. A month that has passed counts nothing.
create function gateway.is_in_month(account gateway.accounts, at timestamptz) returns boolean
language sql immutable parallel safe
return account.month >= gateway.month_of(at);

-- Limits as a text of pairs, NAME=OF_KEY/OF_ACCOUNT for each: the plan's; `of_account`, which an operator sets in their
-- place; `of_key`, which only lower.
create function gateway.limit_pairs(plan gateway.plans, of_account jsonb, of_key jsonb, environment text)
returns text
language plpgsql immutable
as $$
declare
  planned constant jsonb := to_jsonb(plan);
  name text;
  for_account bigint;
  for_key bigint;
  pairs text := '';
begin
  foreach name in array gateway.limit_names() loop
    for_account := coalesce((of_account ->> name)::bigint, (planned ->> name)::bigint);
    -- Keys of other environments spend the same credit, so they get half: a test must not starve the live service.
    for_key := case when environment = 'live' then for_account else (for_account + 1) / 2 end;
    for_key := least(for_key, (of_key ->> name)::bigint);
    pairs := pairs || ' ' || name || '=' || for_key || '/' || for_account;
  end loop;
  return pairs;
end;
$$;

-- Most accounts and keys have no limits of their own, and every call needs the text: it is made when the plan changes.
create function gateway.word_limits() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.limits := gateway.limit_pairs(new, '{}', '{}', 'live');
  return new;
end;
$$;
create trigger word_limits before insert or update on gateway.plans
  for each row execute function gateway.word_limits();

-- The same of a plan by its name, for the few that have limits of their own: a plan's whole row, handed on, would cost every call.
create function gateway.own_limit_pairs(plan text, of_account jsonb, of_key jsonb, environment text) returns text
language plpgsql stable
as $$
begin
  return (
    select gateway.limit_pairs(whole, of_account, of_key, environment) from gateway.plans as whole where id = plan);
end;
$$;

-- The limits of a key and of its account, as one text of pairs: account=ID key=ID plan=ID, then NAME=OF_KEY/OF_ACCOUNT for each.
-- The same limits are always the same text, which is its own version: a limiter that used another text used other
-- limits. Rates are counted by a key's id: a rotation, a former secret or a new pepper is no way to a fresh window. Behind them stands
-- cache=SECONDS, where the key has answers kept (see gateway.api_keys.cache_ttl): who looks for one must know it as soon as the limits.
-- Every call needs it, so it is one expression, which Postgres puts in the caller's place.
create function gateway.word_of_limits(
  account uuid, key uuid, plan text, of_plan text, of_account jsonb, of_key jsonb, environment text, cache_ttl integer)
returns text
language sql stable parallel safe
return 'account=' || account::text || ' key=' || key::text || ' plan=' || plan || case
  when of_account = '{}' and of_key = '{}' and environment = 'live' then of_plan
  else gateway.own_limit_pairs(plan, of_account, of_key, environment)
end || coalesce(' cache=' || cache_ttl::text, '');

create function gateway.limits(account gateway.accounts, key gateway.api_keys, plan gateway.plans) returns text
language sql stable parallel safe
return gateway.word_of_limits(
  account.id, key.id, plan.id, plan.limits, account.rate_limits, key.rate_limits, key.environment, key.cache_ttl);

-- The same for people: {"account": {"requests_per_minute": …}, "key": {…}}. Read out of the text, so that nobody is
-- shown other limits than the limiter takes.
create function gateway.limits_in_force(account gateway.accounts, key gateway.api_keys, at timestamptz) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  plan gateway.plans;
begin
  select * into plan from gateway.plans where plans.id = gateway.plan_in_force(account, at);
  return (
    select jsonb_build_object('key', jsonb_object_agg(name, split_part(figures, '/', 1)::bigint),
                              'account', jsonb_object_agg(name, split_part(figures, '/', 2)::bigint))
    from unnest(string_to_array(gateway.limits(account, key, plan), ' ')) as pair,
         lateral (select split_part(pair, '=', 1), split_part(pair, '=', 2)) as named (name, figures)
    where name = any (gateway.limit_names()));
end;
$$;

-- What an operator set of an account's limits, each by its name; null where the plan's holds.
create function gateway.limits_view(rate_limits jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_object_agg(name, rate_limits -> name)
  from unnest(gateway.limit_names() || gateway.month_limit_names()) as name
$$;
