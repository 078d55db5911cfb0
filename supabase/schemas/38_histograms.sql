-- Histograms of latencies: the same bounds everywhere, so that those of many hours, models and providers can be added.

-- The upper bounds in milliseconds, each included; two of them to a doubling. A histogram has one place more, for what took longer.
create function gateway.latency_bounds() returns integer[]
language sql immutable parallel safe
return array[
  10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 1810, 2560, 3620, 5120, 7241, 10240, 14482, 20480, 28963,
  40960, 57926, 81920, 115852, 163840, 231705, 327680];

-- The histogram of latencies in milliseconds; a null is no latency.
create function gateway.histogram(latencies integer[]) returns bigint[]
language sql immutable parallel safe set search_path = ''
as $$
  with counts as (
    select width_bucket(ms - 1, gateway.latency_bounds()) as bucket, count(*) as n
    from unnest(latencies) as ms where ms is not null group by 1
  )
  select array_agg(coalesce(n, 0) order by b) from generate_series(0, cardinality(gateway.latency_bounds())) as b
    left join counts on bucket = b
$$;

-- Two histograms as one.
create function gateway.add_histograms(one bigint[], other bigint[]) returns bigint[]
language sql immutable parallel safe set search_path = ''
as $$
  select array_agg(coalesce(a, 0) + coalesce(b, 0) order by place)
  from unnest(one, other) with ordinality as both_of (a, b, place)
$$;

create aggregate gateway.sum_histograms(bigint[]) (
  sfunc = gateway.add_histograms, stype = bigint[], initcond = '{}', parallel = safe);

-- The latency in milliseconds that so large a part (from 0 to 1) of a histogram does not exceed, on a straight line between the
-- bounds of its place; null of an empty one. Of what is longer than the last bound no more than that is known.
create function gateway.percentile(histogram bigint[], part double precision) returns integer
language sql immutable parallel safe set search_path = ''
as $$
  with places as (
    select n, place::integer, sum(n) over (order by place) as up_to, sum(n) over () as total
    from unnest(histogram) with ordinality as of_histogram (n, place)
  )
  select round(
      coalesce(bounds[place - 1], 0)
      + (part * total - (up_to - n)) / n * (coalesce(bounds[place], bounds[place - 1]) - coalesce(bounds[place - 1], 0)))::integer
  from places cross join gateway.latency_bounds() as bounds
  where n > 0 and up_to >= part * total
  order by place limit 1
$$;

-- The percentiles that are shown of a histogram.
create function gateway.latency(histogram bigint[]) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'p50', gateway.percentile(histogram, 0.5), 'p95', gateway.percentile(histogram, 0.95),
    'p99', gateway.percentile(histogram, 0.99))
$$;
