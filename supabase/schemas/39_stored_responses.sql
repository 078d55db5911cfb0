-- A call as a response that is stored, or that goes on from one that is: what was said before goes with it, and the new one is
-- stored with its settlement.

-- What an account keeps at most, how large a thread may be, and how much of it one call takes along.
create function gateway.response_bounds(
  out responses integer, out bytes bigint, out responses_a_thread integer, out bytes_a_thread bigint, out depth integer,
  out bytes_a_call bigint)
language sql immutable parallel safe
return (100000, 268435456::bigint, 2000, 67108864::bigint, 1000, 16777216::bigint);

-- For how many days an account keeps its responses: as long as OpenAI does, if it has not said otherwise.
create function gateway.response_retention(owner uuid) returns integer
language sql stable
return coalesce((select retention_days from gateway.response_accounts where account_id = owner), 30);

-- A thread of this account whose last response is older than this is forgotten.
create function gateway.responses_forgotten_before(owner uuid, at timestamptz) returns timestamptz
language sql stable
return at - make_interval(days => gateway.response_retention(owner));

-- Whether a response was given to this key; to whichever, where none is named.
create function gateway.was_given_to(response gateway.stored_responses, only_key uuid, at timestamptz) returns boolean
language sql stable
return only_key is null or exists (
  select from gateway.requests
  where call_id = response.call_id and key_id = only_key and finished_at >= gateway.earliest_end(response.call_id, at));

-- The conversation of a locked account that ends with the response `stored_response.previous` of a call, which goes on from it: of
-- each response the input and the output. One that lacks a response, since it was deleted, is none: nobody is told half of what was
-- said. `only_key`: whose response that must be (see gateway.open_response).
create function gateway.open_conversation(account gateway.accounts, only_key uuid, call jsonb, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  counted constant boolean := coalesce((call #>> '{stored_response,counted}')::boolean, false);
  wished constant boolean := (call #>> '{stored_response,wished}')::boolean;
  previous gateway.stored_responses;
  thread gateway.response_threads;
  before gateway.call_history;
  found_responses bigint;
  size bigint;
begin
  select * into previous from gateway.stored_responses as r
    where id = (call #>> '{stored_response,previous}')::uuid and account_id = account.id
      and gateway.was_given_to(r, only_key, at);
  select * into thread from gateway.response_threads
    where id = previous.thread_id and updated_at > gateway.responses_forgotten_before(account.id, at);
  if not found then
    before.refused := gateway.refusal(400, 'previous_response_not_found', '{"param": "previous_response_id"}');
    return before;
  end if;
  if previous.depth >= (gateway.response_bounds()).depth
    or (wished and (thread.responses >= (gateway.response_bounds()).responses_a_thread or thread.bytes >= (gateway.response_bounds()).bytes_a_thread)) then
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "previous_response_id"}');
    return before;
  end if;
  -- Sizes first: what is too large is not read.
  with recursive chain as (
    select id, previous_id, input, output, bound, tokens, images, modalities, depth from gateway.stored_responses
      where id = previous.id
    union all
    select r.id, r.previous_id, r.input, r.output, r.bound, r.tokens, r.images, r.modalities, r.depth
      from chain join gateway.stored_responses as r on r.id = chain.previous_id and r.account_id = account.id)
  select count(*), sum(pg_column_size(input) + pg_column_size(output)),
         case when sum(pg_column_size(input) + pg_column_size(output)) <= (gateway.response_bounds()).bytes_a_call then
           (select jsonb_agg(part order by depth, place)
              from chain, lateral (values (1, to_jsonb(input)), (2, to_jsonb(output))) as parts (place, part)) end,
         sum(case when counted then tokens else bound end), sum(images),
         coalesce(jsonb_agg(to_jsonb(modalities)) filter (where modalities <> '{}'), '[]')
    into found_responses, size, before.history, before.bound, before.images, before.modalities
    from chain;
  if found_responses < previous.depth then
    before := null;
    before.refused := gateway.refusal(400, 'previous_response_not_found', jsonb_build_object(
      'param', 'previous_response_id',
      'message', 'An earlier response of this conversation was deleted, so it cannot be gone on from. Leave out `previous_response_id` and send the conversation in `input`.'));
  elsif size > (gateway.response_bounds()).bytes_a_call then
    before := null;
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "previous_response_id"}');
  else
    before.modalities := gateway.distinct_modalities(before.modalities);
  end if;
  return before;
end;
$$;

-- What models have said in the stored responses of a locked account to which a call refers by ids of items: the output of each of
-- these responses, whole.
create function gateway.open_items(
  account gateway.accounts, only_key uuid, call jsonb, before gateway.call_history, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  counted constant boolean := coalesce((call #>> '{stored_response,counted}')::boolean, false);
  forgotten_before constant timestamptz := gateway.responses_forgotten_before(account.id, at);
  missing text;
  size bigint;
  said jsonb;
  added bigint;
begin
  with wanted as (
    select named.item_id, (
      select r.id from gateway.response_items as i
        join gateway.stored_responses as r on r.id = i.response_id
        join gateway.response_threads as t on t.id = r.thread_id
        where i.account_id = account.id and i.item_id = named.item_id and t.updated_at > forgotten_before
          and gateway.was_given_to(r, only_key, at)
        order by r.id desc limit 1) as response_id
    from (select distinct item_id
            from jsonb_array_elements_text(call #> '{stored_response,items}') as item_id) as named),
  found as (
    select r.id, r.output, r.output_bound, r.output_tokens from gateway.stored_responses as r
      where r.id in (select response_id from wanted))
  select (select min(item_id) from wanted where response_id is null), sum(pg_column_size(output)),
         case when sum(pg_column_size(output)) <= (gateway.response_bounds()).bytes_a_call
           then jsonb_agg(to_jsonb(output) order by id) end,
         sum(case when counted then output_tokens else output_bound end)
    into missing, size, said, added
    from found;
  if missing is not null then
    before := null;
    before.refused := gateway.refusal(404, 'item_not_found', jsonb_build_object('param', 'input', 'message', format(
      'Item with id ''%s'' not found. Items are kept with responses that are stored; send the item itself.', missing)));
  elsif size > (gateway.response_bounds()).bytes_a_call then
    before := null;
    before.refused := gateway.refusal(409, 'response_thread_full', '{"param": "input"}');
  else
    before.items := said;
    before.bound := coalesce(before.bound, 0) + added;
    before.images := coalesce(before.images, 0);
    before.modalities := coalesce(before.modalities, '[]');
  end if;
  return before;
end;
$$;

-- What goes with a call of a locked account that was said before: the conversation that it goes on from, and the items to which it
-- refers.
--
-- A key that may not read what is kept goes on from what it was given itself, and from nothing else: whoever asks a model to repeat what
-- was said reads it.
create function gateway.open_response(
  account gateway.accounts, key gateway.api_keys, permissions text[], call jsonb, at timestamptz)
returns gateway.call_history
language plpgsql
as $$
declare
  before gateway.call_history;
  only_key constant uuid := case
    when (gateway.covers(permissions, 'chat:read') and gateway.covers(key.scopes, 'chat:read')) is not true then key.id end;
begin
  if call #>> '{stored_response,previous}' is not null then
    before := gateway.open_conversation(account, only_key, call, at);
  end if;
  if call #> '{stored_response,items}' is not null and before.refused is null then
    before := gateway.open_items(account, only_key, call, before, at);
  end if;
  return before;
end;
$$;

-- Deletes threads of a locked account, and takes them off what it keeps. Answers how many responses there were.
create function gateway.delete_response_threads(owner uuid, targets uuid[]) returns bigint
language plpgsql
as $$
declare
  gone record;
begin
  with deleted as (
    delete from gateway.response_threads where account_id = owner and id = any (targets) returning responses, bytes)
  select coalesce(sum(responses), 0) as responses, coalesce(sum(bytes), 0) as bytes into gone from deleted;
  update gateway.response_accounts set responses = responses - gone.responses, bytes = bytes - gone.bytes
    where account_id = owner and gone.responses > 0;
  return gone.responses;
end;
$$;

-- Makes room among what a locked account keeps for a response of this thread: the threads go that were longest without a new
-- response, since who stores by default expects no refusal. Some at a time; the next response goes on.
create function gateway.make_room_for_response(owner uuid, thread uuid, adds bigint) returns void
language plpgsql
as $$
declare
  kept constant gateway.response_accounts := (select whole from gateway.response_accounts as whole where account_id = owner);
  too_many constant bigint := kept.responses + 1 - (gateway.response_bounds()).responses;
  too_large constant bigint := kept.bytes + adds - (gateway.response_bounds()).bytes;
begin
  if too_many <= 0 and too_large <= 0 then
    return;
  end if;
  perform gateway.delete_response_threads(owner, array(
    select id from (
      select id, coalesce(sum(responses) over older, 0) as responses, coalesce(sum(bytes) over older, 0) as bytes from (
        select id, responses, bytes, updated_at from gateway.response_threads
          where account_id = owner and id <> thread order by updated_at, id limit 200) as oldest
      window older as (order by updated_at, id rows between unbounded preceding and 1 preceding)) as oldest
    where responses < too_many or bytes < too_large));
end;
$$;

-- Stores the response that a call of a locked account gave: kept {id, previous, input,
-- output, shown, bound, tokens, output_bound, output_tokens, images, modalities, items}.
-- Not for a person who has left meanwhile, or who wants nothing kept.
create function gateway.store_response(account gateway.accounts, this_call uuid, kept jsonb, at timestamptz) returns void
language plpgsql
as $$
declare
  this_response constant uuid := (kept ->> 'id')::uuid;
  previous constant uuid := (kept ->> 'previous')::uuid;
  input constant gateway.sealed_text := gateway.read_sealed(kept -> 'input');
  output constant gateway.sealed_text := gateway.read_sealed(kept -> 'output');
  shown constant gateway.sealed_text := gateway.read_sealed(kept -> 'shown');
  size constant bigint := gateway.sealed_size(input) + gateway.sealed_size(output) + gateway.sealed_size(shown);
  before gateway.stored_responses;
  thread uuid;
begin
  if account.deleted_at is not null or gateway.response_retention(account.id) = 0 then
    return;
  end if;
  select * into before from gateway.stored_responses where id = previous and account_id = account.id;
  -- If what it goes on from was deleted while it ran, it begins a thread of its own, which says that it lacks something.
  thread := coalesce(before.thread_id, this_response);
  insert into gateway.response_accounts (account_id) values (account.id) on conflict do nothing;
  perform gateway.make_room_for_response(account.id, thread, size);
  insert into gateway.response_threads as t (id, account_id, responses, bytes, updated_at)
    values (thread, account.id, 1, size, at)
    on conflict (id) do update set
      responses = t.responses + 1, bytes = t.bytes + size, updated_at = greatest(t.updated_at, at);
  insert into gateway.stored_responses
    (id, account_id, thread_id, previous_id, depth, input, output, shown, bound, tokens, output_bound, output_tokens, images,
     modalities, call_id, created_at)
    values
    (this_response, account.id, thread, previous, coalesce(before.depth, (previous is not null)::integer) + 1, input, output,
     shown, (kept ->> 'bound')::bigint, (kept ->> 'tokens')::bigint, (kept ->> 'output_bound')::bigint,
     (kept ->> 'output_tokens')::bigint, (kept ->> 'images')::integer,
     array(select jsonb_array_elements_text(kept -> 'modalities')), this_call, at);
  insert into gateway.response_items (response_id, item_id, account_id)
    select distinct this_response, item_id, account.id from jsonb_array_elements_text(kept -> 'items') as item_id;
  update gateway.response_accounts set responses = responses + 1, bytes = bytes + size where account_id = account.id;
end;
$$;
