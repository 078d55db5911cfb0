-- A call as a turn of a chat that is kept: what was said before goes with it, and what it says is kept with its settlement.

-- What was said before a call and goes with it, oldest first, with its size in the prompt; or why the call may not be made.
create type gateway.call_history as (refused jsonb, history jsonb, items jsonb, bound bigint, images bigint, modalities jsonb);

-- Each of the modalities in an array of arrays once.
create function gateway.distinct_modalities(several jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct modality), '[]')
    from jsonb_array_elements(several) as listed, jsonb_array_elements(listed) as modality
$$;

-- Opens a turn of a locked account's session. Of the messages before, as many of the newest go with the call as its model's
-- context has room for beside the prompt and an answer; a hundred at most, of 8 MB, so that a turn costs the same however long
-- its chat is. What a tool answered goes with the message that asked it, or not at all. The newest instructions (a system or
-- developer message) go along from wherever they are, unless the call has its own.
--
-- call: as of begin_request, with session_id, instructed (has instructions of its own), prompt_tokens (the prompt without its
-- images by a count, which is tighter than its bound) and counted (whether prompt_bound is a count, too; then the messages
-- are held for by theirs).
--
-- A turn reads its chat and writes into it, so its key must be one that may.
create function gateway.open_turn(
  account gateway.accounts, key gateway.api_keys, permissions text[], call jsonb, model gateway.models, prompt bigint, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  most constant integer := 100;
  most_bytes constant integer := 8388608;
  smallest_output constant bigint := 256;
  usual_output constant bigint := 4096;
  counted constant boolean := coalesce((call ->> 'counted')::boolean, false);
  prompt_bound constant bigint := (call ->> 'prompt_bound')::bigint;
  answer constant bigint := greatest(smallest_output, least(
    model.max_output, coalesce((call ->> 'output_limit')::bigint, least(usual_output, model.context_length / 4))));
  room bigint := model.context_length - answer - (prompt - prompt_bound + coalesce((call ->> 'prompt_tokens')::bigint, prompt_bound));
  turn gateway.call_history;
  chat gateway.chat_sessions;
  instructions gateway.chat_messages;
  first integer;
  needed constant text[] := '{chat:read,chat:write}';
  uncovered constant text := coalesce(gateway.first_uncovered(key.scopes, needed), gateway.first_uncovered(permissions, needed));
begin
  if uncovered is not null then
    turn.refused := gateway.refusal(403, 'insufficient_scope', jsonb_build_object(
      'param', 'session_id', 'required_scope', uncovered,
      'message', 'A turn of a kept chat reads it and writes into it: its key needs chat:read and chat:write.'));
    return turn;
  end if;
  select * into chat from gateway.chat_sessions
    where id = (call ->> 'session_id')::uuid and account_id = account.id
      and updated_at >= gateway.chats_forgotten_before(account.id, at);
  if not found then
    turn.refused := gateway.refusal(404, 'chat_session_not_found', '{"param": "session_id"}');
    return turn;
  end if;
  if chat.turn_until > at and chat.turn_call <> (call ->> 'call_id')::uuid then
    turn.refused := gateway.refusal(409, 'chat_session_busy',
      '{"param": "session_id", "retry_after_ms": 1000, "should_retry": true}');
    return turn;
  end if;
  if chat.messages >= (gateway.chat_bounds()).messages_a_session then
    turn.refused := gateway.refusal(409, 'chat_session_full', '{"param": "session_id"}');
    return turn;
  end if;
  if (select bytes >= (gateway.chat_bounds()).bytes from gateway.chat_accounts where account_id = account.id) then
    turn.refused := gateway.refusal(409, 'chat_storage_full', '{"param": "session_id"}');
    return turn;
  end if;

  if not coalesce((call ->> 'instructed')::boolean, false) then
    select * into instructions from gateway.chat_messages
      where session_id = chat.id and role in ('system', 'developer') order by position desc limit 1;
    room := room - coalesce(instructions.tokens + instructions.images * model.image_tokens, 0);
  end if;
  -- Where the messages begin that have room. No content is read for that: its size is known without it.
  select min(position) into first from (
    select position,
           sum(tokens + images * model.image_tokens) over newest <= room and sum(size) over newest <= most_bytes as has_room
    from (
      select position, tokens, images, pg_column_size(content) as size from gateway.chat_messages
        where session_id = chat.id and role not in ('system', 'developer') order by position desc limit most) as message
    window newest as (order by position desc)) as message
    where has_room;
  -- Without what a tool answered to a question that is out of sight.
  select min(position) into first from gateway.chat_messages
    where session_id = chat.id and position >= first and role not in ('system', 'developer', 'tool');

  select coalesce(jsonb_agg(to_jsonb(content) order by is_said, position), '[]'),
         coalesce(sum(case when counted then tokens else bound end), 0), coalesce(sum(images), 0),
         coalesce(jsonb_agg(to_jsonb(modalities)) filter (where modalities <> '{}'), '[]')
    into turn.history, turn.bound, turn.images, turn.modalities
    from (
      select true as is_said, position, content, tokens, bound, images, modalities from gateway.chat_messages
        where session_id = chat.id and position >= first and role not in ('system', 'developer')
      union all
      select false, position, content, tokens, bound, images, modalities from gateway.chat_messages
        where id = instructions.id) as taken;
  turn.modalities := gateway.distinct_modalities(turn.modalities);
  return turn;
end;
$$;

-- Takes the turn for a call, until it ends or its hold is past its time.
create function gateway.take_turn(call jsonb, until timestamptz) returns void
language sql
begin atomic
  update gateway.chat_sessions set turn_call = (call ->> 'call_id')::uuid, turn_until = until
    where id = (call ->> 'session_id')::uuid;
end;

-- Ends a turn of a locked account, and keeps what was said: turn {session_id, messages as gateway.add_chat_messages takes them,
-- title}. Of a session that was deleted meanwhile nothing is kept; one without a title gets it.
create function gateway.end_turn(account gateway.accounts, this_call uuid, turn jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  chat gateway.chat_sessions;
  first_title constant gateway.sealed_text := gateway.read_sealed(turn -> 'title');
  known bigint[];
  said jsonb;
begin
  select * into chat from gateway.chat_sessions
    where id = (turn ->> 'session_id')::uuid and account_id = account.id;
  if not found then
    return;
  end if;
  -- A client may send the same instructions with every call: they are kept once, until they change.
  select terms into known from gateway.chat_messages
    where session_id = chat.id and role in ('system', 'developer') order by position desc limit 1;
  said := (
    select jsonb_agg(message order by ordinality) from jsonb_array_elements(turn -> 'messages') with ordinality as one (message, ordinality)
    where message ->> 'role' not in ('system', 'developer')
      or gateway.chat_terms(account.id, message -> 'terms') is distinct from known);
  if said is not null then
    chat := gateway.add_chat_messages(chat, said, this_call, at);
    if chat.title is null and first_title is not null then
      update gateway.chat_sessions set title = first_title, bytes = bytes + gateway.sealed_size(first_title)
        where id = chat.id;
      update gateway.chat_accounts set bytes = bytes + gateway.sealed_size(first_title)
        where account_id = account.id;
    end if;
  end if;
  update gateway.chat_sessions set turn_call = null, turn_until = null where id = chat.id and turn_call = this_call;
end;
$$;
