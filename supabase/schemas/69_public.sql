-- What tells that the database answers.

create function public.health() returns jsonb
language sql stable security definer set search_path = ''
as $$ select '{"status": "ok"}'::jsonb $$;
