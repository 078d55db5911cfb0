-- What the tests of the stand-ins call.
create schema private;
create table private.notes (id bigint primary key, text text not null);
create table public.reachable (id bigint);

create function public.echo(value jsonb, label text default 'none') returns jsonb language sql immutable
    as $$ select jsonb_build_object('value', value, 'label', label) $$;

create function public.add_note(id bigint, text text) returns void language plpgsql volatile security definer
    set search_path = '' as $$
begin
    insert into private.notes values (id, text);
end $$;

create function public.count_notes() returns bigint language sql stable security definer set search_path = ''
    as $$ select count(*) from private.notes $$;

create function public.add_note_stable(id bigint) returns void language plpgsql stable security definer
    set search_path = '' as $$
begin
    insert into private.notes values (id, 'stable');
end $$;

create function public.types(n numeric, flags boolean[], at timestamptz, nothing jsonb) returns jsonb language sql stable
    as $$ select jsonb_build_object('n', n, 'flags', flags, 'at', at at time zone 'utc', 'null', nothing is null) $$;

create function public.numbers(upto integer) returns setof integer language sql stable
    as $$ select generate_series(1, upto) $$;

create function public.pairs() returns table (id integer, name text) language sql stable
    as $$ values (1, 'one'), (2, 'two') $$;

create function public.fail_with(code text) returns void language plpgsql volatile as $$
begin
    raise using errcode = code, message = 'refused', detail = 'a detail', hint = 'a hint';
end $$;

create function public.who() returns jsonb language sql stable as $$
    select jsonb_build_object(
        'role', current_user,
        'session', session_user,
        'claims', current_setting('request.jwt.claims')::jsonb,
        'custom', current_setting('request.headers')::jsonb -> 'x-custom',
        'timeout', current_setting('statement_timeout'))
$$;

create function public.secret() returns text language sql stable as $$ select 'secret'::text $$;
revoke execute on function public.secret() from public, anon, authenticated;

create function public.whole(jsonb) returns jsonb language sql immutable as $$ select $1 $$;
create function public.nameless(integer) returns integer language sql immutable as $$ select $1 $$;
create function public.either(a integer) returns text language sql stable as $$ select 'integer'::text $$;
create function public.either(a text) returns text language sql stable as $$ select 'text'::text $$;

create function public.tell(headers text) returns void language plpgsql volatile as $$
begin
    perform set_config('response.headers', tell.headers, true);
end $$;
