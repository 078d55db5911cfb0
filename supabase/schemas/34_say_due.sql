-- What a transaction has queued is told with its answer (PostgREST sends what stands in `response.headers`), so that the gateway sends it
-- right behind the act, and not only by a cron job.

-- Sets a header of the answer. What two values were told of is told of as `several`.
create function gateway.say_due(header text, told text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  said jsonb;
begin
  select coalesce(jsonb_object_agg(named.key, named.value), '{}') into said
    from jsonb_array_elements(coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb) as entry,
      jsonb_each(entry) as named;
  said := said || jsonb_build_object(header, case when said ->> header <> told then 'several' else told end);
  perform set_config('response.headers',
    (select jsonb_agg(jsonb_build_object(named.key, named.value)) from jsonb_each(said) as named)::text, true);
end;
$$;
