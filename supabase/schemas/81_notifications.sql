-- Mail as whoever gets it, and whoever administers, sees it.

create function gateway.preferences_view(account uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'object', 'notification_preferences',
    'address', a.email, 'suppressed', (
      select reason from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', a.email)),
    'kinds', (
      select jsonb_object_agg(mail.kind, coalesce(p.enabled, true) order by mail.kind)
      from unnest(gateway.optional_mail()) as mail (kind)
      left join gateway.notification_preferences p on p.account_id = a.id and p.kind = mail.kind))
  from gateway.accounts a where id = account
$$;

-- Says of a kind whether an account wants it.
create function gateway.set_preference(account uuid, kind text, enabled boolean) returns void
language sql volatile set search_path = ''
as $$
  insert into gateway.notification_preferences (account_id, kind, enabled)
    select id, set_preference.kind, set_preference.enabled from gateway.accounts
    where id = set_preference.account and set_preference.kind = any (gateway.optional_mail()) and deleted_at is null
    on conflict (account_id, kind) do update set enabled = excluded.enabled
$$;

create function public.get_notification_preferences(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.preferences_view(session.account_id);
end;
$$;

-- request: by kind, whether the account wants it. Others stay.
create function public.set_notification_preferences(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
begin
  perform gateway.require(jsonb_build_object('request', request), 'request');
  perform gateway.set_preference(session.account_id, kind, enabled::boolean)
    from jsonb_each_text(request) as asked (kind, enabled) where enabled is not null order by kind;
  return gateway.preferences_view(session.account_id);
end;
$$;

-- One click in a mail: the account gets no more of this kind. The gateway has checked that the link is its own.
create function public.unsubscribe(account uuid, kind text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform gateway.require(jsonb_build_object('account', account, 'kind', kind), 'account', 'kind');
  perform gateway.set_preference(account, kind, false);
  return '{}';
end;
$$;

-- Queues a mail that the caller asks for: `test`, or `usage_report`, of this month so far.
create function public.request_mail(caller jsonb, kind text) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  account gateway.accounts;
  this_month constant date := date_trunc('month', gateway.now() at time zone 'utc')::date;
  at timestamptz := gateway.now();
begin
  perform gateway.require(jsonb_build_object('kind', kind), 'kind');
  perform gateway.limit_attempts('mail.account', session.account_id::text, 5, interval '1 hour');
  select * into account from gateway.accounts where id = session.account_id;
  if account.email is null then
    perform gateway.refuse(gateway.refusal(409, 'mail_not_possible', '{"message": "This account has no e-mail address."}'));
  elsif exists (select from gateway.mail_suppressions where address_hash = gateway.proof_hash('email', account.email)) then
    perform gateway.refuse(gateway.refusal(409, 'mail_not_possible',
      '{"message": "This account''s address has returned mail, or complained of it, so that none is sent to it."}'));
  end if;
  insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
    values (account.id, request_mail.kind, 'asked ' || extract(epoch from at), case request_mail.kind
      when 'usage_report' then jsonb_build_object(
        'month', to_char(this_month, 'YYYY-MM'),
        'requests', case when account.month = this_month then account.month_requests else 0 end,
        'tokens', case when account.month = this_month then account.month_tokens else 0 end,
        'spent', gateway.dollars((
          select coalesce(-sum(amount), 0)::bigint from gateway.credit_transactions
          where account_id = account.id and type = 'usage' and call_id is not null
            and created_at >= this_month::timestamp at time zone 'utc')),
        'balance', gateway.dollars(account.balance))
      else jsonb_build_object('at', at) end, at, at);
  return jsonb_build_object('object', 'notification', 'kind', kind, 'address', account.email);
end;
$$;

-- How the outbox stands.
create function public.get_notification_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:notifications');
  at timestamptz := gateway.now();
begin
  return jsonb_build_object(
    'object', 'notification_stats',
    'due', (select count(*) from gateway.notifications where state = 'due'),
    'sending', (select count(*) from gateway.notifications where state = 'sending'),
    'oldest_due_at', (select min(due_at) from gateway.notifications where state = 'due'),
    'ended', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'count', count) order by kind, state), '[]')
      from (select kind, state, count(*) from gateway.notifications
            where ended_at > at - interval '30 days' group by kind, state) as counted),
    'suppressed_addresses', (select count(*) from gateway.mail_suppressions));
end;
$$;
