-- What was said in one call, where the account keeps it: in a chat, or as a stored response.

-- Answers `messages` of a chat, or `input` and `output` of a response, all of it sealed. asked: see gateway.find_generation.
create function public.get_generation_content(caller jsonb, asked jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  window_size constant integer := 5000;
  made constant gateway.requests := gateway.find_generation(session.account_id, asked);
  kept jsonb;
begin
  if made.call_id is null then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found'));
  end if;
  -- What was said last is looked through first, and nothing beyond it.
  select jsonb_agg(jsonb_build_object('role', role, 'content', to_jsonb(content)) order by position) into kept
    from (
      select role, content, position, call_id from gateway.chat_messages where account_id = session.account_id
        order by id desc limit window_size) as newest
    where call_id = made.call_id;
  if kept is not null then
    return jsonb_build_object('messages', kept);
  end if;
  select jsonb_build_object('input', to_jsonb(r.input), 'output', to_jsonb(r.output)) into kept
    from gateway.response_threads as t join gateway.stored_responses as r on r.thread_id = t.id
    where t.account_id = session.account_id and r.call_id = made.call_id
      and t.updated_at >= greatest(made.created_at, gateway.responses_forgotten_before(session.account_id, gateway.now()));
  if kept is null then
    perform gateway.refuse(gateway.refusal(404, 'generation_not_found', jsonb_build_object('message',
      'What was said in this call is not kept: only turns of a chat (`?session_id=`) and stored responses are.')));
  end if;
  return kept;
end;
$$;
