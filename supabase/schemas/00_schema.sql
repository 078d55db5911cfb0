-- The schema `gateway` holds all tables and inner functions. PostgREST does not expose it: the only way in is a
-- function in `public`, and only for the role `service_role` (90_grants.sql).

create schema gateway;
comment on schema gateway is 'Tables and inner functions of the gateway. Not exposed; reached through functions in public.';

revoke all on schema gateway from public;

-- Supabase grants execute on new functions of `public` to anon and authenticated by default. Ours are for no one
-- until 90_grants.sql says otherwise.
alter default privileges in schema public revoke execute on functions from public, anon, authenticated;
alter default privileges revoke execute on functions from public;

-- The one clock. A function reads it once, after it has its locks: `now()` would be the time the transaction began,
-- which may lie before the commit that it waited for.
--
-- This and the other small functions of the hot path have a body that is parsed once, here, and that the planner puts
-- in the place of the call. A body in quotes with a search path of its own would be parsed and planned by every call.
create function gateway.now() returns timestamptz
language sql volatile
return clock_timestamp();

-- Nano-dollars as dollars, exactly: a product of decimals, never a quotient or a float.
create function gateway.dollars(amount bigint) returns numeric
language sql immutable parallel safe set search_path = ''
as $$ select trim_scale(amount * 0.000000001) $$;

-- A refusal that leaves no trace. PostgREST turns sqlstate PTxyz into the status xyz; the code travels as the
-- message and further members of the error as JSON in the details.
create function gateway.refuse(refusal jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    errcode = 'PT' || (refusal ->> 'status'),
    message = refusal ->> 'code',
    detail = (refusal - 'status' - 'code')::text;
end;
$$;

-- The value form of a refusal, for functions whose refusals must be remembered (an exception would undo the trace).
create function gateway.refusal(status integer, code text, members jsonb default '{}') returns jsonb
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_build_object('status', status, 'code', code) || members $$;

-- Every function of the API first checks that its arguments have the members it needs. In three-valued logic a null passes most
-- checks. A missing member is a fault of the gateway, not of a caller, so it is an error and no refusal.
create function gateway.require(argument jsonb, variadic members text[]) returns void
language plpgsql immutable parallel safe
as $$
declare
  member text;
begin
  foreach member in array members loop
    if argument ->> member is null then
      raise exception using errcode = 'null_value_not_allowed', message = format('`%s` is missing', member);
    end if;
  end loop;
end;
$$;

-- The page size that a query asks for. A null would be no limit at all.
create function gateway.page_size(query jsonb) returns integer
language plpgsql immutable parallel safe
as $$
declare
  size constant integer := (query ->> 'limit')::integer;
begin
  if (size between 1 and 1000) is not true then
    raise exception using errcode = 'null_value_not_allowed', message = '`limit` is missing or too large';
  end if;
  return size;
end;
$$;

-- A page of a list, as every list is shown. The cursor is where the next page begins; null says that there is none.
create function gateway.page(data jsonb, next_cursor text) returns jsonb
language sql stable
return jsonb_build_object(
  'object', 'list', 'data', coalesce(data, '[]'), 'has_more', next_cursor is not null, 'next_cursor', next_cursor);

-- The trigger of append-only tables, whose rows are evidence.
create function gateway.forbid_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception '% is append-only', tg_table_name;
end;
$$;
