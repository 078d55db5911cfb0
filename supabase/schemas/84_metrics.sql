-- What a scraper of metrics is told: counters that only rise, and the state of the moment. In the database they are exact over all
-- instances of the gateway, of which none lives long enough to count for itself.

create function public.get_platform_metrics(caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
declare
  session gateway.session := gateway.authenticate(caller, 'admin:metrics');
  at constant timestamptz := gateway.now();
begin
  perform gateway.sum_up_platform_latest(at);
  return (
    with counted as materialized (
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.platform_totals
      union all
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.platform_heads
      union all
      select model, provider, outcome, error_code, stream, requests, prompt_tokens, cached_tokens, written_tokens,
             completion_tokens, reasoning_tokens, cost, provider_cost, estimated, durations, first_bytes, duration_ms, first_byte_ms
      from gateway.count_platform(coalesce(gateway.platform_counted_from(), '-infinity'), 'infinity')
    ),
    outcomes as (
      select model, provider, outcome, stream, sum(requests) as requests from counted group by 1, 2, 3, 4
    ),
    errors as (
      select provider, error_code as code, sum(requests) as requests from counted where error_code <> '' group by 1, 2
    ),
    models as (
      select model, provider, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached, sum(written_tokens) as written,
             sum(completion_tokens) as completion, sum(reasoning_tokens) as reasoning, sum(estimated) as estimated,
             trim_scale(sum(cost) * 0.000000001) as cost, trim_scale(sum(provider_cost) * 0.000000001) as provider_cost
      from counted group by 1, 2
    ),
    latencies as (
      select provider, stream, gateway.buckets(sum(durations)) as durations, gateway.buckets(sum(first_bytes)) as first_bytes,
             trim_scale(sum(duration_ms) * 0.001) as duration_seconds, trim_scale(sum(first_byte_ms) * 0.001) as first_byte_seconds
      from counted group by 1, 2
    ),
    owed as materialized (select gateway.liabilities() as figures)
    select jsonb_build_object(
      'bounds_ms', gateway.latency_bounds(),
      'outcomes', (select coalesce(jsonb_agg(to_jsonb(outcomes) order by model, provider, outcome, stream), '[]') from outcomes),
      'errors', (select coalesce(jsonb_agg(to_jsonb(errors) order by provider, code), '[]') from errors),
      'models', (select coalesce(jsonb_agg(to_jsonb(models) order by model, provider), '[]') from models),
      'refusals', (
        select coalesce(jsonb_agg(jsonb_build_object('code', code, 'calls', calls) order by code), '[]') from gateway.refusal_totals),
      'latencies', (select coalesce(jsonb_agg(to_jsonb(latencies) order by provider, stream), '[]') from latencies),
      'gauges', jsonb_build_object(
        'holds_open', (select count(*) from gateway.holds where state = 'open'),
        'holds_overdue', (select count(*) from gateway.holds where state = 'open' and expires_at < at),
        'mail_due', (select count(*) from gateway.notifications where state in ('due', 'sending')),
        'accounts', owed.figures -> 'accounts', 'accounts_in_debt', owed.figures -> 'in_debt',
        'balance_usd', owed.figures -> 'balance', 'held_usd', owed.figures -> 'held', 'debt_usd', owed.figures -> 'debt'))
    from owed);
end;
$$;
