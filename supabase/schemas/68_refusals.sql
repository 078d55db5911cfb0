-- Counting calls that were refused.

-- refused: how many with each code, as an instance of the gateway has counted them. The rows are taken in the codes' order, those of the
-- hour before the totals.
create function public.note_refusals(refused jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s'
as $$
begin
  insert into gateway.refusal_hours as hours (hour, code, calls)
    select date_trunc('hour', gateway.now(), 'UTC'), told.key, told.value::bigint
      from jsonb_each_text(refused) as told where told.value is not null order by told.key
    on conflict (hour, code) do update set calls = hours.calls + excluded.calls;
  insert into gateway.refusal_totals as totals (code, calls)
    select told.key, told.value::bigint from jsonb_each_text(refused) as told where told.value is not null order by told.key
    on conflict (code) do update set calls = totals.calls + excluded.calls;
  return '{}';
end;
$$;
