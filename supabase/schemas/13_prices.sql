-- What a price consists of, and what a usage. Rust has the same two types: credits/price.rs and credits/usage.rs.

-- A price, in nano-dollars: of a million tokens of each kind; of a request, an image that is made, a search and a second of
-- sound each; of a million characters. What is null costs what its kind costs: a cached, written, pictured or heard token
-- what a prompt token does, a written_long one what a written one does, and a token that is thought, drawn or spoken what a
-- completion token does. A unit without a price costs nothing beside its tokens (see gateway.price_route).
--
-- tiers, by the length of the prompt: [{"above": 200000, "prompt": …, …}]. A prompt of strictly more tokens than that is
-- charged at that tier's prices as a whole, the highest that it reaches; what a tier does not name stays.
create type gateway.price as (
  prompt bigint, cached bigint, written bigint, written_long bigint, image_input bigint, audio_input bigint,
  completion bigint, reasoning bigint, image_output bigint, audio_output bigint,
  request bigint, image bigint, search bigint, second bigint, character bigint, tiers jsonb);

-- What a call used. Tokens: cached, written, image_input and audio_input are parts of the prompt that do not overlap;
-- written_long is a part of written; reasoning, image_output and audio_output are parts of the completion. Units beside them:
-- images that were made, searches, milliseconds of sound, characters.
create type gateway.usage as (
  prompt numeric, cached numeric, written numeric, written_long numeric, image_input numeric, audio_input numeric,
  completion numeric, reasoning numeric, image_output numeric, audio_output numeric,
  images numeric, searches numeric, milliseconds numeric, characters numeric);

-- Whether these are tiers or windows of a price: a list of objects that have all conditions, each of its form, and otherwise
-- prices that are whole numbers. A misspelt price would be one that is never charged.
create function gateway.are_price_changes(changes jsonb, conditions jsonb, optional jsonb default '{}') returns boolean
language plpgsql immutable set search_path = ''
as $$
declare
  price constant text := '^[0-9]{1,15}$';
  forms constant jsonb := conditions || optional || jsonb_build_object(
    'prompt', price, 'cached', price, 'written', price, 'written_long', price, 'image_input', price, 'audio_input', price,
    'completion', price, 'reasoning', price, 'image_output', price, 'audio_output', price, 'request', price, 'image', price,
    'search', price, 'second', price, 'character', price);
begin
  return jsonb_typeof(changes) = 'array' and changes <> '[]'
    and not jsonb_path_exists(changes, 'strict $[*] ? (@.type() != "object")')
    and not exists (
      select from jsonb_array_elements(changes) as change
      where not change ?& array(select jsonb_object_keys(conditions)) or exists (
        select from jsonb_each(change) as member
        where (member.value::text ~ (forms ->> member.key)) is not true));
end;
$$;

create function gateway.are_tiers(tiers jsonb) returns boolean
language plpgsql immutable set search_path = ''
as $$
begin
  return gateway.are_price_changes(tiers, '{"above": "^[0-9]{1,9}$"}');
end;
$$;

create function gateway.are_windows(windows jsonb) returns boolean
language plpgsql immutable set search_path = ''
as $$
declare
  minute constant text := '^"([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]|24:00)"$';
begin
  return gateway.are_price_changes(
      windows, jsonb_build_object('from', minute, 'until', minute),
      '{"days": "^\\[[1-7](, [1-7])*\\]$", "tiers": "^\\["}')
    and not exists (
      select from jsonb_array_elements(windows) as change
      where change ? 'tiers' and not gateway.are_tiers(change -> 'tiers'));
end;
$$;

-- The longest prompt, in tokens, of which neither tiers nor windows change the price, nor pictures: a model that can draw may do so
-- unasked, and is always held for at the price of that.
create function gateway.plain_up_to(tiers jsonb, windows jsonb, image_output_price bigint) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when windows is not null or image_output_price is not null then -1
    else coalesce((select min((tier ->> 'above')::bigint) from jsonb_array_elements(tiers) as tier), 9223372036854775807)
  end;
end;
$$;

-- A route as a hold freezes it: who serves the call, by which name, at what price.
create function gateway.candidate(
  provider text, model text, prompt bigint, cached bigint, written bigint, written_long bigint, image_input bigint,
  audio_input bigint, completion bigint, reasoning bigint, image_output bigint, audio_output bigint, request bigint,
  image bigint, search bigint, second bigint, "character" bigint, tiers jsonb)
returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'provider', provider, 'model', model, 'prompt', prompt, 'cached', cached, 'written', written,
    'written_long', written_long, 'image_input', image_input, 'audio_input', audio_input, 'completion', completion,
    'reasoning', reasoning, 'image_output', image_output, 'audio_output', audio_output, 'request', request, 'image', image,
    'search', search, 'second', second, 'character', "character", 'tiers', tiers));
end;
$$;
