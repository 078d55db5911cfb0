-- How the months of requests, credit_transactions and audit_logs come and go (01_months.sql).

-- Makes one month of one table. Not by `partition of`, which would lock the whole table against reading and writing: a
-- table that is attached keeps nobody waiting. It brings along what attaching does not: row level security, and what
-- the month's table is to refuse by itself.
create function gateway.make_partition(parent text, at timestamptz, lower text, upper text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  name constant text := parent || '_' || gateway.month_name(at);
begin
  execute format('create table gateway.%I (like gateway.%I including all)', name, parent);
  execute format('alter table gateway.%I enable row level security', name);
  if parent = 'requests' then
    execute format('alter table gateway.%I add primary key (call_id)', name);
  else
    execute format('create trigger not_truncated before truncate on gateway.%I
      for each statement execute function gateway.forbid_change()', name);
    execute format('alter table gateway.%I enable always trigger not_truncated', name);
  end if;
  if parent = 'credit_transactions' then
    execute format('create unique index on gateway.%I (call_id, grant_id) where call_id is not null', name);
  end if;
  execute format('alter table gateway.%I attach partition gateway.%I for values from (%L) to (%L)',
                 parent, name, lower, upper);
end;
$$;

-- Makes the partitions of a moment's month, unless they are there. An advisory lock lets one session at a time do it.
create function gateway.make_month(at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  starts constant timestamptz := date_trunc('month', at, 'UTC');
  ends constant timestamptz := date_trunc('month', starts + interval '32 days', 'UTC');
begin
  -- Not has_month: its cache may not know yet what others have made while this waited for its turn.
  if exists (
      select from pg_catalog.pg_class
      where relnamespace = 'gateway'::regnamespace and relname = 'requests_' || gateway.month_name(starts)) then
    return;
  end if;
  perform gateway.make_partition('requests', starts, starts::text, ends::text);
  perform gateway.make_partition(
    'credit_transactions', starts, gateway.first_id(starts)::text, gateway.first_id(ends)::text);
  perform gateway.make_partition('audit_logs', starts, gateway.first_id(starts)::text, gateway.first_id(ends)::text);
end;
$$;

-- Makes this month and, in a month's last week, the next one. The cron asks for it; if that never runs, a month is made
-- by the first call of the week before it: before that call has locked anything, and before anyone needs the month, so
-- that nobody who has locked an account can be waiting for a turn here.
create function gateway.make_months(at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(7020094213605);
  perform gateway.make_month(at);
  perform gateway.make_month(at + interval '7 days');
end;
$$;

-- The moment from which on every request is there: those that ended before have been dropped with their months.
create function gateway.requests_since() returns timestamptz
language sql stable set search_path = ''
as $$
  select to_timestamp(min(right(relname, 7)) || '+00', 'YYYY_MMTZH')
  from pg_catalog.pg_inherits join pg_catalog.pg_class on pg_class.oid = inhrelid
  where inhparent = 'gateway.requests'::regclass
$$;

-- Drops the oldest month of requests if all of it is older than so many days and every account's hours in it are summed
-- up, and the platform's. Answers which, or null. The sums and the ledger stay. To drop a month locks the table, so this gives up at once
-- where somebody is reading it for long: the next run comes in an hour.
create function gateway.drop_old_month(kept_days integer, at timestamptz) returns text
language plpgsql volatile set search_path = '' set lock_timeout = '250ms'
as $$
declare
  starts constant timestamptz := gateway.requests_since();
  ends constant timestamptz := date_trunc('month', starts + interval '32 days', 'UTC');
begin
  -- A null of any of these drops nothing.
  if (ends <= at - make_interval(days => kept_days)) is distinct from true then
    return null;
  end if;
  if coalesce((select rolled_up_to from gateway.platform_roll_up), '-infinity') < ends or exists (
      select from gateway.accounts a left join gateway.usage_totals t on t.account_id = a.id
      where coalesce(t.rolled_up_to, '-infinity') < ends and exists (
        select from gateway.requests r
        where r.account_id = a.id and r.finished_at >= coalesce(t.rolled_up_to, '-infinity') and r.finished_at < ends)) then
    return null;
  end if;
  execute format('drop table gateway.%I', 'requests_' || gateway.month_name(starts));
  return gateway.month_name(starts);
exception when lock_not_available then
  return null;
end;
$$;
