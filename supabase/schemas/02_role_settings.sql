-- How long roles may keep Postgres busy. While a transaction is open, vacuum clears nothing that it may still see, and every
-- call of a busy account gets slower. All of this is what Supabase lets the owner of a project set (its documentation,
-- "Timeouts"); PostgREST gives each transaction the settings of the role that it acts as.
--
-- The service: the gateway waits for DATABASE_TIMEOUT_MS, and what nobody waits for any more need not go on. PostgREST's own
-- connections, should it stop in the middle of a transaction. And people: the role that runs the migrations is the one that
-- consoles and the dashboard's editor use; a dump asks for no limit by itself.
--
-- Roles belong to all databases of a server, so that what is set already is left alone: two databases that are made at the
-- same time would get in each other's way.
do $$
declare
  wanted record;
begin
  for wanted in
    select it.* from (values
      ('service_role', 'statement_timeout', '15s'),
      ('authenticator', 'idle_in_transaction_session_timeout', '15s'),
      (current_user::text, 'idle_in_transaction_session_timeout', '5min')) as it (role, setting, value)
    where not exists (
      select from pg_catalog.pg_roles r
      where r.rolname = it.role and r.rolconfig @> array[it.setting || '=' || it.value])
  loop
    execute format('alter role %I set %I = %L', wanted.role, wanted.setting, wanted.value);
  end loop;
end
$$;

-- PostgREST reads the settings of its roles when it is told to.
notify pgrst, 'reload config';
