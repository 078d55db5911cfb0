-- Stored responses: read, deleted, sealed anew.

-- The caller's stored response, unless it is to be forgotten; refuses if there is none.
create function gateway.find_response(session gateway.session, target uuid) returns gateway.stored_responses
language plpgsql stable
as $$
declare
  response gateway.stored_responses;
begin
  select r.* into response from gateway.stored_responses as r join gateway.response_threads as t on t.id = r.thread_id
    where r.id = target and r.account_id = session.account_id
      and t.updated_at > gateway.responses_forgotten_before(session.account_id, gateway.now());
  if not found then
    perform gateway.refuse(gateway.refusal(404, 'response_not_found'));
  end if;
  return response;
end;
$$;

-- What was said in a response and how it is shown, all of it sealed.
create function public.get_response(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:read');
  response gateway.stored_responses := gateway.find_response(session, target);
begin
  return jsonb_build_object('id', response.id, 'input', to_jsonb(response.input), 'output', to_jsonb(response.output),
    'shown', to_jsonb(response.shown));
end;
$$;

-- Whether there is such a response, for who wants to change it.
create function public.check_response(caller jsonb, target uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  response gateway.stored_responses := gateway.find_response(session, target);
begin
  return jsonb_build_object('id', response.id);
end;
$$;

-- Deletes one response, at once and for good. Those that go on from it stay, but nothing goes on from them any more.
create function public.delete_response(caller jsonb, target uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'chat:write');
  response gateway.stored_responses;
  size bigint;
begin
  perform from gateway.accounts where id = session.account_id for no key update;
  response := gateway.find_response(session, target);
  size := gateway.sealed_size(response.input) + gateway.sealed_size(response.output) + gateway.sealed_size(response.shown);
  delete from gateway.stored_responses where id = response.id;
  update gateway.response_threads set responses = responses - 1, bytes = bytes - size where id = response.thread_id;
  delete from gateway.response_threads where id = response.thread_id and responses = 0;
  update gateway.response_accounts set responses = responses - 1, bytes = bytes - size
    where account_id = session.account_id;
  return jsonb_build_object('id', response.id, 'deleted', true);
end;
$$;

-- Forgets the oldest threads of a locked account that are past its retention, of about so many responses. Answers how many
-- responses there were.
create function gateway.forget_responses(owner uuid, most bigint) returns bigint
language sql volatile
begin atomic
  select gateway.delete_response_threads(owner, array(
    select id from (
      select id, sum(responses) over (order by updated_at, id) - responses as before from (
        select id, responses, updated_at from gateway.response_threads
          where account_id = owner and updated_at <= gateway.responses_forgotten_before(owner, gateway.now())
          order by updated_at, id limit 1000) as oldest) as oldest
    where before < most));
end;

-- Some of what these versions of the keyring sealed of responses, behind the last that was listed before (see
-- list_outdated_chats).
create function public.list_outdated_responses(versions jsonb, after jsonb) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with older as (select version::integer from jsonb_array_elements_text(versions) as version)
  select jsonb_build_object('responses', (
    select coalesce(jsonb_agg(r), '[]') from (
      select id, input, output, shown from gateway.stored_responses
      where least((input).version, (output).version, (shown).version) in (select version from older)
        and (after ->> 'response' is null or id > (after ->> 'response')::uuid)
      order by id limit 50) r))
$$;

-- renewed: responses as they were listed, each member an array of the outdated ciphertext and what takes its place. What has
-- changed meanwhile stays as it is.
create function public.renew_responses(renewed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  responses integer;
begin
  perform gateway.require(renewed, 'responses');
  update gateway.stored_responses r set
    input = case when (r.input).ciphertext = one -> 'input' ->> 0 then gateway.read_sealed(one -> 'input' -> 1) else r.input end,
    output = case when (r.output).ciphertext = one -> 'output' ->> 0 then gateway.read_sealed(one -> 'output' -> 1) else r.output end,
    shown = case when (r.shown).ciphertext = one -> 'shown' ->> 0 then gateway.read_sealed(one -> 'shown' -> 1) else r.shown end
    from jsonb_array_elements(renewed -> 'responses') as one
    where r.id = (one ->> 'id')::uuid;
  get diagnostics responses = row_count;
  return jsonb_build_object('renewed', responses);
end;
$$;
