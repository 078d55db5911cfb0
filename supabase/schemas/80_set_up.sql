-- For `cargo run -- stripe setup`: by what name this database's things go at Stripe, and what its plans are sold for, in cents.
create function public.describe_deployment() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  return jsonb_build_object(
    'id', gateway.deployment_id(),
    'plans', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'name', name, 'month', price_per_month / 10000000, 'year', price_per_year / 10000000) order by price_per_month, id), '[]')
      from gateway.plans where price_per_month > 0));
end;
$$;
