-- Chat sessions: made, listed, changed, deleted, forgotten in time.

-- What an account keeps at most.
create function gateway.chat_bounds(out sessions integer, out messages_a_session integer, out bytes bigint)
language sql immutable parallel safe
return (10000, 100000, 536870912::bigint);

-- A session of this account whose last message is older than this is forgotten; minus infinity if none ever is.
create function gateway.chats_forgotten_before(owner uuid, at timestamptz) returns timestamptz
language sql stable
return coalesce(
  (select at - make_interval(days => retention_days) from gateway.chat_accounts where account_id = owner), '-infinity');

create function gateway.chat_session_json(chat gateway.chat_sessions) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'chat.session', 'id', chat.id, 'model', chat.model, 'message_count', chat.messages, 'bytes', chat.bytes,
  'title', to_jsonb(chat.title), 'metadata', to_jsonb(chat.metadata),
  'created_at', chat.created_at, 'updated_at', chat.updated_at);

create function gateway.chat_message_json(message gateway.chat_messages) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'chat.session.message', 'id', message.id::text, 'session_id', message.session_id,
  'position', message.position, 'message', to_jsonb(message.content), 'call_id', message.call_id,
  'created_at', message.created_at);

-- A sealed text as a request brings it; null stays null.
create function gateway.read_sealed(sealed jsonb) returns gateway.sealed_text
language plpgsql immutable
as $$
begin
  if sealed is null or sealed = 'null' then
    return null;
  end if;
  perform gateway.require(sealed, 'ciphertext', 'version');
  return row (sealed ->> 'ciphertext', (sealed ->> 'version')::integer)::gateway.sealed_text;
end;
$$;

create function gateway.sealed_size(sealed gateway.sealed_text) returns integer
language sql immutable
return coalesce(length(sealed.ciphertext), 0);

-- Locks the account of a caller who is about to change its chats, looks at the caller once more, and forgets what is
-- past its retention. Answers what the account keeps.
create function gateway.lock_chats(caller jsonb, session gateway.session, out kept gateway.chat_accounts)
language plpgsql
as $$
begin
  perform from gateway.accounts where id = session.account_id for no key update;
  -- Again, now that the account cannot be deleted meanwhile: nothing is kept for a person who has left.
  perform gateway.authenticate(caller, 'chat:write');
  insert into gateway.chat_accounts (account_id) values (session.account_id) on conflict do nothing;
  perform gateway.forget_chats(session.account_id, 20);
  select * into kept from gateway.chat_accounts where account_id = session.account_id;
end;
$$;

-- Deletes sessions of a locked account, and takes them off what it keeps. Answers how many there were.
create function gateway.delete_chats(owner uuid, targets uuid[]) returns integer
language plpgsql
as $$
declare
  gone record;
begin
  with deleted as (delete from gateway.chat_sessions where account_id = owner and id = any (targets) returning id, bytes),
  -- The messages go by cascade; counted before, since a session counts those that it ever had.
  counted as (
    select count(*) as messages from gateway.chat_messages
      where session_id = any (targets) and account_id = owner)
  select count(*) as sessions, coalesce(sum(bytes), 0) as bytes, max(counted.messages) as messages
    into gone from deleted, counted;
  update gateway.chat_accounts set
    sessions = sessions - gone.sessions, messages = messages - coalesce(gone.messages, 0), bytes = bytes - gone.bytes
    where account_id = owner;
  return gone.sessions;
end;
$$;

-- Forgets the oldest sessions of a locked account that are past its retention. Answers how many.
create function gateway.forget_chats(owner uuid, most integer) returns integer
language plpgsql
as $$
declare
  before constant timestamptz := gateway.chats_forgotten_before(owner, gateway.now());
begin
  if before = '-infinity' then
    return 0;
  end if;
  return gateway.delete_chats(owner, array(
    select id from gateway.chat_sessions where account_id = owner and updated_at < before
      order by updated_at, id limit most));
end;
$$;

-- The caller's session, unless it is to be forgotten; refuses if there is none.
create function gateway.find_chat(session gateway.session, target uuid) returns gateway.chat_sessions
language plpgsql stable
as $$
declare
  chat gateway.chat_sessions;
begin
  select * into chat from gateway.chat_sessions
    where id = target and account_id = session.account_id
      and updated_at >= gateway.chats_forgotten_before(session.account_id, gateway.now());
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'chat_session_not_found'));
  end if;
  return chat;
end;
$$;

-- Refuses what is beyond the bounds: `adds` bytes more.
create function gateway.refuse_full_chats(kept gateway.chat_accounts, adds bigint) returns void
language plpgsql
as $$
begin
  if adds > 0 and kept.bytes + adds > (gateway.chat_bounds()).bytes then
    perform gateway.refuse(gateway.refusal(409, 'chat_storage_full'));
  end if;
end;
$$;

-- request: id, model, title and metadata {ciphertext, version} or null.
create function public.create_chat_session(caller jsonb, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  at constant timestamptz := gateway.now();
  title constant gateway.sealed_text := gateway.read_sealed(request -> 'title');
  metadata constant gateway.sealed_text := gateway.read_sealed(request -> 'metadata');
  size constant integer := gateway.sealed_size(title) + gateway.sealed_size(metadata);
  chat gateway.chat_sessions;
begin
  perform gateway.require(request, 'id');
  perform gateway.refuse_full_chats(kept, size);
  if kept.sessions >= (gateway.chat_bounds()).sessions then
    perform gateway.refuse(gateway.refusal(409, 'too_many_chat_sessions'));
  end if;
  insert into gateway.chat_sessions (id, account_id, title, metadata, model, bytes, created_at, updated_at)
    values ((request ->> 'id')::uuid, session.account_id, title, metadata, request ->> 'model', size, at, at)
    returning * into chat;
  update gateway.chat_accounts set sessions = sessions + 1, bytes = bytes + size where account_id = session.account_id;
  return gateway.chat_session_json(chat);
end;
$$;

-- query: limit, cursor {at, id}. By their last message, newest first.
create function public.list_chat_sessions(caller jsonb, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  most constant integer := gateway.page_size(query);
  since constant timestamptz := gateway.chats_forgotten_before(session.account_id, gateway.now());
  after constant timestamptz := coalesce((query -> 'cursor' ->> 'at')::timestamptz, 'infinity');
  after_id constant uuid := coalesce((query -> 'cursor' ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  answer jsonb;
begin
  with found as (
    select chats, updated_at, id from gateway.chat_sessions as chats
    where account_id = session.account_id and updated_at >= since and (updated_at, id) < (after, after_id)
    order by updated_at desc, id desc
    limit most + 1
  ),
  page as (select * from found order by updated_at desc, id desc limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_session_json(chats) order by updated_at desc, id desc) from page),
    case when (select count(*) from found) > most
      then (select gateway.place(updated_at, id) from page order by updated_at, id limit 1) end)
  into answer;
  return answer;
end;
$$;

-- query: limit, cursor (a position). The session, and a page of its messages, oldest first.
create function public.get_chat_session(caller jsonb, target uuid, query jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  most constant integer := gateway.page_size(query);
  messages jsonb;
begin
  with found as (
    select m, position from gateway.chat_messages m
    where session_id = chat.id and position > coalesce((query ->> 'cursor')::bigint, -1)
    order by position limit most + 1
  ),
  page as (select * from found order by position limit most)
  select gateway.page(
    (select jsonb_agg(gateway.chat_message_json(m) order by position) from page),
    case when (select count(*) from found) > most then (select max(position)::text from page) end)
  into messages;
  return gateway.chat_session_json(chat) || jsonb_build_object('messages', messages);
end;
$$;

-- request: the members that change, of model, title and metadata; null clears.
create function public.update_chat_session(caller jsonb, target uuid, request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
  size integer := gateway.sealed_size(chat.title) + gateway.sealed_size(chat.metadata);
begin
  if request is null then
    perform gateway.require(request, 'request');
  end if;
  if request ? 'title' then
    chat.title := gateway.read_sealed(request -> 'title');
  end if;
  if request ? 'metadata' then
    chat.metadata := gateway.read_sealed(request -> 'metadata');
  end if;
  if request ? 'model' then
    chat.model := request ->> 'model';
  end if;
  size := gateway.sealed_size(chat.title) + gateway.sealed_size(chat.metadata) - size;
  perform gateway.refuse_full_chats(kept, size);
  update gateway.chat_sessions set
    title = chat.title, metadata = chat.metadata, model = chat.model, bytes = bytes + size
    where id = chat.id
    returning * into chat;
  update gateway.chat_accounts set bytes = bytes + size where account_id = session.account_id;
  return gateway.chat_session_json(chat);
end;
$$;

create function public.delete_chat_session(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  kept gateway.chat_accounts := gateway.lock_chats(caller, session);
  chat gateway.chat_sessions := gateway.find_chat(session, target);
begin
  perform gateway.delete_chats(session.account_id, array[chat.id]);
  return jsonb_build_object('object', 'chat.session', 'id', chat.id, 'deleted', true);
end;
$$;
