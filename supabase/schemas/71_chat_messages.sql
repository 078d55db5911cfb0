-- The messages of chat sessions: put there, searched, counted, handed out.

-- Terms as an account's messages have them: a word of one account has another term than the same word of another, so that
-- neither can be told from the other's, and the index need not be asked for the account besides.
create function gateway.chat_terms(owner uuid, terms jsonb) returns bigint[]
language sql stable
return array(
  select hashint8extended(term::bigint, uuid_hash_extended(owner, 0)) from jsonb_array_elements_text(terms) as term);

-- Puts messages at the end of a session of a locked account. added: an array of {role, content {ciphertext, version}, terms,
-- bound, tokens, images, modalities}. Answers the session as it is then.
create function gateway.add_chat_messages(chat gateway.chat_sessions, added jsonb, this_call uuid, at timestamptz)
returns gateway.chat_sessions
language plpgsql
as $$
declare
  size bigint;
  count integer;
begin
  with written as (
    insert into gateway.chat_messages
      (session_id, account_id, position, role, content, terms, bound, tokens, images, modalities, call_id, created_at)
    select chat.id, chat.account_id, chat.messages + ordinality::integer - 1, message ->> 'role',
           gateway.read_sealed(message -> 'content'),
           gateway.chat_terms(chat.account_id, message -> 'terms'),
           (message ->> 'bound')::bigint, (message ->> 'tokens')::bigint, (message ->> 'images')::integer,
           array(select jsonb_array_elements_text(message -> 'modalities')), this_call, at
    from jsonb_array_elements(added) with ordinality as one (message, ordinality)
    returning gateway.sealed_size(content) as bytes)
  select count(*), coalesce(sum(bytes), 0) into count, size from written;
  update gateway.chat_sessions set
    messages = messages + count, bytes = bytes + size, updated_at = greatest(updated_at, at)
    where id = chat.id
    returning * into chat;
  update gateway.chat_accounts set messages = messages + count, bytes = bytes + size
    where account_id = chat.account_id;
  return chat;
end;
$$;

-- request: one message, as gateway.add_chat_messages takes it.
create function public.add_chat_message(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  message gateway.chat_messages;
begin
  perform gateway.require(request, 'role', 'content', 'terms', 'bound', 'tokens', 'images', 'modalities');
  perform gateway.refuse_full_chats(kept, length(request -> 'content' ->> 'ciphertext'));
  if chat.messages >= (gateway.chat_bounds()).messages_a_session then
    perform gateway.refuse(gateway.refusal(409, 'chat_session_full'));
  end if;
  chat := gateway.add_chat_messages(chat, jsonb_build_array(request), null, gateway.now());
  select * into message from gateway.chat_messages where session_id = chat.id and position = chat.messages - 1;
  return gateway.chat_message_json(message);
end;
$$;

-- query: terms, an array of arrays: the searched words' terms under one key of the keyring each; session_id; limit, cursor
-- (a message's id). Messages that hold all the words, newest first.
create function public.search_chats(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  most constant integer := gateway.page_size(query);
  before constant bigint := coalesce((query ->> 'cursor')::bigint, 9223372036854775807);
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
  answer jsonb;
begin
  perform gateway.require(query, 'terms');
  with found as (
    select m, (m).id
    from jsonb_array_elements(query -> 'terms') as ring (terms)
    cross join lateral (
      select one as m from gateway.chat_messages as one
      where ring.terms <> '[]' and terms @> gateway.chat_terms(session.account_id, ring.terms)
        and account_id = session.account_id and one.id < before
        and (query ->> 'session_id' is null or session_id = (query ->> 'session_id')::uuid)
    ) as hit
    join gateway.chat_sessions s on s.id = (m).session_id and s.updated_at >= since
    order by (m).id desc limit most + 1
  ),
  page as (select * from found order by id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_message_json(m) order by id desc) from page),
    case when (select count(*) from found) > most then (select min(id)::text from page) end)
  into answer;
  return answer;
end;
$$;

create function public.get_chat_stats(caller jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  kept gateway.chat_accounts;
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
begin
  select * into kept from gateway.chat_accounts where account_id = session.account_id;
  return jsonb_build_object(
    'object', 'chat.stats', 'sessions', coalesce(kept.sessions, 0), 'messages', coalesce(kept.messages, 0),
    'bytes', coalesce(kept.bytes, 0), 'bytes_limit', (gateway.chat_bounds()).bytes,
    'sessions_limit', (gateway.chat_bounds()).sessions,
    'last_message_at', (select max(updated_at) from gateway.chat_sessions
                          where account_id = session.account_id and updated_at >= since),
    'retention_days', kept.retention_days);
end;
$$;
