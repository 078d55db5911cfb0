-- The functions of tests wait for locks as long as it takes: a busy machine must not look like a locked account. A test
-- about locked accounts sets its own limit.
do $$
declare
  impatient regprocedure;
begin
  for impatient in
    select oid from pg_catalog.pg_proc
    where pronamespace = 'public'::regnamespace and array_to_string(proconfig, ' ') like '%lock_timeout%'
  loop
    execute format('alter function %s set lock_timeout = %L', impatient, '60s');
  end loop;
end $$;
