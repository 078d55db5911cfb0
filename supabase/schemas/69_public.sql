-- Whether the database can do what calls need, and fits the deployment that asks.

-- The newest migration that was applied; null if none is on record, as where the schema was made by hand.
create function gateway.migrated_to() returns text
language plpgsql stable set search_path = ''
as $$
begin
  return (select max(version) from supabase_migrations.schema_migrations);
exception when undefined_table then
  return null;
end;
$$;

-- peppers: the fingerprints of the deployment's peppers, by version. One that is new here is kept. deployment: environment, and address,
-- a hash of the address by which it knows this database: that of production is kept. Writes a row, but not again
-- within five seconds, so that it may be asked often; a database that takes no writes raises its own error.
create function public.health(peppers jsonb default '{}', deployment jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  at constant timestamptz := gateway.now();
begin
  insert into gateway.heartbeat as former (at) values (at)
    on conflict (one) do update set at = excluded.at where former.at < excluded.at - interval '5 seconds';
  insert into gateway.peppers (version, fingerprint, first_seen_at)
    select shown.key::integer, shown.value, at from jsonb_each_text(peppers) as shown
    on conflict do nothing;
  if deployment ->> 'environment' = 'production' and deployment ->> 'address' is not null then
    insert into gateway.production as known (address, since) values (deployment ->> 'address', at)
      on conflict (one) do update set address = excluded.address, since = at where known.address <> excluded.address;
  end if;
  return jsonb_build_object(
    'status', 'ok',
    'migrated_to', gateway.migrated_to(),
    'is_productions', exists (select from gateway.production where address = health.deployment ->> 'address'),
    'unknown_peppers', (
      select coalesce(jsonb_agg(shown.key::integer order by shown.key::integer), '[]')
      from jsonb_each_text(health.peppers) as shown
      where not exists (select from gateway.peppers as known where known.fingerprint = shown.value)));
end;
$$;
