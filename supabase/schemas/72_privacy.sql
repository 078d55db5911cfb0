-- An account's retention, and the job that enforces it; and how it stands in rankings.

create function gateway.privacy_json(owner uuid) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'privacy',
  'chat_retention_days', (select retention_days from gateway.chat_accounts where account_id = owner),
  'response_retention_days', gateway.response_retention(owner),
  'ranking', coalesce((select choice from gateway.ranking_choices where account_id = owner), 'counted'));

create function public.get_privacy(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:read');
begin
  return gateway.privacy_json(session.account_id);
end;
$$;

-- request: what changes of chat_retention_days (null: until deleted), response_retention_days (0: none is kept) and ranking (counted,
-- named, excluded). What is past a shorter time is out of sight at once.
create function public.update_privacy(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'account:write');
  before jsonb;
  after jsonb;
begin
  if (request ?| '{chat_retention_days,response_retention_days,ranking}') is not true then
    perform gateway.require(request, 'response_retention_days');
  end if;
  perform gateway.require(request, name)
    from unnest(array['response_retention_days', 'ranking']) as name where request ? name;
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile.
  perform gateway.authenticate(caller, 'account:write');
  before := gateway.privacy_json(session.account_id);
  if request ? 'chat_retention_days' then
    insert into gateway.chat_accounts (account_id, retention_days)
      values (session.account_id, (request ->> 'chat_retention_days')::integer)
      on conflict (account_id) do update set retention_days = excluded.retention_days;
  end if;
  if request ? 'response_retention_days' then
    insert into gateway.response_accounts (account_id, retention_days)
      values (session.account_id, (request ->> 'response_retention_days')::integer)
      on conflict (account_id) do update set retention_days = excluded.retention_days;
  end if;
  if request ? 'ranking' then
    delete from gateway.ranking_choices where account_id = session.account_id;
    if request ->> 'ranking' <> 'counted' then
      insert into gateway.ranking_choices (account_id, choice) values (session.account_id, request ->> 'ranking');
    end if;
    if request ->> 'ranking' = 'excluded' then
      perform gateway.leave_ranking(session.account_id);
    end if;
  end if;
  after := gateway.privacy_json(session.account_id);
  if after <> before then
    perform gateway.audit(caller, session.account_id, session.key_id, 'privacy.update', session.account_id, null,
      jsonb_build_object('before', before - 'object', 'after', after - 'object'));
  end if;
  return after;
end;
$$;

-- Forgets the end users that are still to be forgotten, and chats and responses that are past their accounts' retention: so many accounts a run, and so much of each. Nothing is
-- wrong if this comes late: what is past its time is not shown. An account that is busy is left to the next run.
create function public.apply_retention() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at constant timestamptz := gateway.now();
  most_responses constant integer := 5000;
  due uuid;
  forgotten integer := 0;
  forgotten_responses bigint := 0;
  erasure gateway.end_user_erasures;
begin
  for due in
    select account_id from gateway.chat_accounts c
      where retention_days is not null and exists (
        select from gateway.chat_sessions s
          where s.account_id = c.account_id and s.updated_at < at - make_interval(days => c.retention_days))
      order by account_id limit 50
  loop
    perform from gateway.accounts where id = due for no key update skip locked;
    continue when not found;
    forgotten := forgotten + gateway.forget_chats(due, 50);
  end loop;
  for due in
    select account_id from gateway.response_accounts r
      where exists (
        select from gateway.response_threads t
          where t.account_id = r.account_id
            and t.updated_at <= at - make_interval(days => gateway.response_retention(r.account_id)))
      order by account_id limit 50
  loop
    exit when forgotten_responses >= most_responses;
    perform from gateway.accounts where id = due for no key update skip locked;
    continue when not found;
    forgotten_responses := forgotten_responses + gateway.forget_responses(due, 500);
  end loop;
  for erasure in select * from gateway.end_user_erasures order by id limit 20
  loop
    perform from gateway.accounts where id = erasure.account_id for no key update skip locked;
    continue when not found;
    if gateway.erase_labels(erasure.account_id, erasure.name) then
      delete from gateway.end_user_erasures where id = erasure.id;
    end if;
  end loop;
  return jsonb_build_object('sessions', forgotten, 'responses', forgotten_responses);
end;
$$;

-- Some of what these versions of the keyring sealed of chats: titles and metadata of sessions, messages. Each has the id and
-- the members that are sealed. They are those behind `after`, the last session and the last message that were listed before,
-- so that what nobody can open is passed by and not listed again.
create function public.list_outdated_chats(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with older as (select version::integer from jsonb_array_elements_text(versions) as version)
  select jsonb_build_object(
    'sessions', (
      select coalesce(jsonb_agg(s), '[]') from (
        select id, title, metadata from gateway.chat_sessions
        where least((title).version, (metadata).version) in (select version from older)
          and (after ->> 'session' is null or id > (after ->> 'session')::uuid)
        order by id limit 100) s),
    'messages', (
      select coalesce(jsonb_agg(m), '[]') from (
        select id::text, content from gateway.chat_messages
        where (content).version in (select version from older)
          and (after ->> 'message' is null or id > (after ->> 'message')::bigint)
        order by id limit 500) m))
$$;

-- renewed: sessions and messages as they were listed, each member an array of the outdated ciphertext and what takes its place;
-- a message has its terms under the new key besides. What has changed meanwhile stays as it is.
create function public.renew_chats(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  sessions integer;
  messages integer;
begin
  perform gateway.require(renewed, 'sessions', 'messages');
  update gateway.chat_sessions s set
    title = case when (s.title).ciphertext = one -> 'title' ->> 0
      then gateway.read_sealed(one -> 'title' -> 1) else s.title end,
    metadata = case when (s.metadata).ciphertext = one -> 'metadata' ->> 0
      then gateway.read_sealed(one -> 'metadata' -> 1) else s.metadata end
    from jsonb_array_elements(renewed -> 'sessions') as one
    where s.id = (one ->> 'id')::uuid;
  get diagnostics sessions = row_count;
  update gateway.chat_messages m set
    content = gateway.read_sealed(one -> 'content' -> 1), terms = gateway.chat_terms(m.account_id, one -> 'terms')
    from jsonb_array_elements(renewed -> 'messages') as one
    where m.id = (one ->> 'id')::bigint and (m.content).ciphertext = one -> 'content' ->> 0;
  get diagnostics messages = row_count;
  return jsonb_build_object('renewed', sessions + messages);
end;
$$;
