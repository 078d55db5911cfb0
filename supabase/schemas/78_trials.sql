-- The trial of an account, as it sees and begins it; and what all trials came to.

-- What a trial is to its account: had or not, and whether it may be begun.
create function gateway.trial_status(account gateway.accounts, at timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'trial',
    'status', case
      when account.trial_ends_at > at then 'active'
      when account.trial_ends_at is not null then 'ended'
      when gateway.has_had_trial(account.id, '[]') then 'used'
      when exists (select from gateway.identities where account_id = account.id) then 'available'
      else 'unproven' end,
    'begun_at', t.begun_at, 'ends_at', account.trial_ends_at,
    'requests_left', case when account.trial_ends_at > at then account.trial_requests_left end,
    'credits', gateway.dollars(g.amount), 'credits_left', gateway.dollars(case when account.trial_ends_at > at then g.remaining end),
    'converted_at', t.converted_at)
  from (select) as one
  left join gateway.trials t on t.account_id = account.id
  left join gateway.credit_grants g on g.id = t.grant_id
$$;

create function public.get_trial(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:read');
  account gateway.accounts;
begin
  select * into account from gateway.accounts where id = session.account_id;
  return gateway.trial_status(account, gateway.now());
end;
$$;

-- Begins the trial of an account that came without one, such as one that an administrator made: once a person, so everything that
-- the account's person has proven is claimed, in the same turns that signing in takes.
create function public.start_trial(caller jsonb, idempotency jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'billing:write');
  account gateway.accounts;
  proofs jsonb;
  earlier jsonb;
  trial record;
  at timestamptz;
begin
  if not gateway.has_month(gateway.now() + interval '7 days') then
    perform gateway.make_months(gateway.now());
  end if;
  earlier := gateway.claim_idempotency(session, idempotency, gateway.now());
  if earlier is not null then
    return earlier;
  end if;
  select * into account from gateway.accounts where id = session.account_id for no key update;
  perform gateway.authenticate(caller, 'billing:write');
  at := gateway.now();
  account := gateway.catch_up(account, at);
  select jsonb_agg(jsonb_build_object('kind', kind, 'value', value)) into proofs
    from gateway.identities where account_id = account.id;
  if proofs is null then
    perform gateway.refuse(gateway.refusal(403, 'identity_required'));
  end if;
  if account.trial_ends_at is not null then
    perform gateway.refuse(gateway.refusal(409, 'trial_used'));
  end if;
  trial := gateway.begin_trial(account, proofs, at);
  -- Who was refused leaves no claim behind: an exception undoes it.
  if trial.refused is not null then
    perform gateway.refuse(gateway.refusal(409, trial.refused));
  end if;
  account := trial.account;
  perform gateway.audit(caller, session.account_id, session.key_id, 'trial.start', account.id, null, '{}');
  earlier := gateway.trial_status(account, at);
  perform gateway.store_idempotent_answer(session, idempotency, earlier);
  return earlier;
end;
$$;

-- What trials that were begun in a time came to. query: from, to (null: until now).
create function public.get_trial_analytics(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:trials');
  at constant timestamptz := gateway.now();
  until constant timestamptz := coalesce((query ->> 'to')::timestamptz, at);
  since constant timestamptz := coalesce((query ->> 'from')::timestamptz, until - interval '30 days');
  answer jsonb;
begin
  with trials as (
    select t.*, a.trial_ends_at > at as is_active, a.trial_requests_left, g.amount, g.remaining,
      -- What a trial's end took of it was not used.
      g.amount - g.remaining + coalesce((
        select sum(x.amount) from gateway.credit_transactions x
        where x.account_id = t.account_id and x.type = 'expiry' and x.grant_id = t.grant_id), 0) as used
    from gateway.trials t join gateway.accounts a on a.id = t.account_id join gateway.credit_grants g on g.id = t.grant_id
    where t.begun_at >= since and t.begun_at < until
  )
  select jsonb_build_object(
    'object', 'trial_analytics', 'from', since, 'to', until,
    'begun', count(*), 'active', count(*) filter (where is_active),
    'ended', count(*) filter (where not is_active),
    'unused', count(*) filter (where used = 0),
    'converted', count(converted_at),
    'converted_by_purchase', count(*) filter (where converted_by = 'purchase'),
    'converted_by_subscription', count(*) filter (where converted_by = 'subscription'),
    'conversion_rate', case when count(*) > 0 then round(count(converted_at)::numeric / count(*), 4) else 0 end,
    'median_hours_to_convert', round((percentile_cont(0.5) within group (
      order by extract(epoch from converted_at - begun_at) / 3600) filter (where converted_at is not null))::numeric, 1),
    'credits_granted', gateway.dollars(coalesce(sum(amount), 0)::bigint),
    'credits_used', gateway.dollars(coalesce(sum(used), 0)::bigint))
  into answer from trials;
  return answer;
end;
$$;
