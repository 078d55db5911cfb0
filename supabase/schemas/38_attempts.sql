-- Limits on what anyone may try without a key, by how often it was tried lately.

-- Where a caller comes from: an IPv4 address, or the /64 of an IPv6 one, all of which one subscriber has.
create function gateway.network_of(caller jsonb) returns text
language sql immutable parallel safe set search_path = ''
as $$
  select case family((caller ->> 'ip')::inet)
    when 4 then host((caller ->> 'ip')::inet)
    when 6 then network(set_masklen((caller ->> 'ip')::inet, 64))::text
    else 'unknown'
  end
$$;

-- Counts an attempt if there were fewer than `most` within `period`: null. If not, how long it takes until one more
-- may be made. The row stays locked, so attempts at the same time are counted one after the other.
create function gateway.count_attempt(kind text, subject text, most integer, period interval) returns interval
language plpgsql volatile set search_path = ''
as $$
declare
  recent timestamptz[];
  at timestamptz;
begin
  insert into gateway.attempts as attempts (kind, subject, times, last_at)
    values (count_attempt.kind, count_attempt.subject, '{}', gateway.now())
    on conflict on constraint attempts_pkey do update set times = attempts.times
    returning times into recent;
  at := gateway.now();
  recent := array(select tried from unnest(recent) as tried where tried > at - period order by tried);
  if cardinality(recent) >= most then
    return recent[cardinality(recent) - most + 1] + period - at;
  end if;
  update gateway.attempts set times = recent || at, last_at = at
    where attempts.kind = count_attempt.kind and attempts.subject = count_attempt.subject;
  return null;
end;
$$;

-- Counts an attempt or refuses it. The exception undoes what else the caller's function counted: a refused attempt
-- counts against nothing.
create function gateway.limit_attempts(kind text, subject text, most integer, period interval) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  wait interval := gateway.count_attempt(kind, subject, most, period);
begin
  if wait is not null then
    perform gateway.refuse(gateway.refusal(429, 'too_many_attempts', jsonb_build_object(
      'retry_after_ms', ceil(extract(epoch from wait) * 1000)::bigint,
      'should_retry', wait <= interval '1 minute')));
  end if;
end;
$$;

-- Forgets attempts that count for nothing any more, a few at a time, so that the table stays small without a cron job.
-- It comes last in its transaction and skips locked rows, so it waits for no one.
create function gateway.forget_attempts() returns void
language sql volatile set search_path = ''
as $$
  delete from gateway.attempts where (kind, subject) in (
    select kind, subject from gateway.attempts where last_at < gateway.now() - interval '1 day'
    order by last_at limit 20 for update skip locked)
$$;

-- Puts a failed sign-in on the audit trail, at most 20 an hour and network: whoever fails on purpose must not fill it.
create function gateway.note_failed_sign_in(caller jsonb, method text, reason text, account uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if gateway.count_attempt('sign_in.failed', gateway.network_of(caller), 20, interval '1 hour') is null then
    perform gateway.audit(caller, null, null, 'sign_in.failed', account, null,
      jsonb_build_object('method', method, 'reason', reason));
  end if;
  perform gateway.forget_attempts();
end;
$$;
