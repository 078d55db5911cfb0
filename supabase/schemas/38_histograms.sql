-- Histograms of latencies: the same bounds everywhere, so that those of many hours, models and providers can be added.

-- The upper bounds in milliseconds, each included; two of them to a doubling. A histogram has one place more, for what took longer.
create function gateway.latency_bounds() returns integer[]
language sql immutable parallel safe
return array[
  10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 1810, 2560, 3620, 5120, 7241, 10240, 14482, 20480, 28963,
  40960, 57926, 81920, 115852, 163840, 231705, 327680];

-- The histogram of latencies in milliseconds; a null is no latency.
--
-- These are asked for every hour, model and provider of a window: such expressions PL/pgSQL evaluates in a fifth of the time that a query
-- takes.
create function gateway.histogram(latencies integer[]) returns bigint[]
language plpgsql immutable parallel safe
as $$
declare
  bounds constant integer[] := gateway.latency_bounds();
  counts bigint[] := array_fill(0::bigint, array[cardinality(bounds) + 1]);
  place integer;
  ms integer;
begin
  foreach ms in array latencies loop
    if ms is not null then
      place := width_bucket(ms - 1, bounds) + 1;
      counts[place] := counts[place] + 1;
    end if;
  end loop;
  return counts;
end;
$$;

-- Two histograms as one.
create function gateway.add_histograms(one bigint[], other bigint[]) returns bigint[]
language plpgsql immutable parallel safe
as $$
begin
  return array[
    one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4], one[5] + other[5],
    one[6] + other[6], one[7] + other[7], one[8] + other[8], one[9] + other[9], one[10] + other[10],
    one[11] + other[11], one[12] + other[12], one[13] + other[13], one[14] + other[14], one[15] + other[15],
    one[16] + other[16], one[17] + other[17], one[18] + other[18], one[19] + other[19], one[20] + other[20],
    one[21] + other[21], one[22] + other[22], one[23] + other[23], one[24] + other[24], one[25] + other[25],
    one[26] + other[26], one[27] + other[27], one[28] + other[28], one[29] + other[29], one[30] + other[30],
    one[31] + other[31], one[32] + other[32]];
end;
$$;

create aggregate gateway.sum_histograms(bigint[]) (
  sfunc = gateway.add_histograms, stype = bigint[],
  initcond = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', parallel = safe);

-- The latency in milliseconds that so large a part (from 0 to 1) of a histogram does not exceed, on a straight line between the
-- bounds of its place; null of an empty one. Of what is longer than the last bound no more than that is known.
create function gateway.percentile(histogram bigint[], part double precision) returns integer
language plpgsql immutable parallel safe
as $$
declare
  bounds constant integer[] := gateway.latency_bounds();
  wanted double precision := 0;
  up_to bigint := 0;
  lower integer := 0;
  n bigint;
begin
  foreach n in array histogram loop
    wanted := wanted + n;
  end loop;
  wanted := wanted * part;
  for place in 1 .. cardinality(histogram) loop
    n := histogram[place];
    up_to := up_to + n;
    if n > 0 and up_to >= wanted then
      return round(lower + (wanted - (up_to - n)) / n * (coalesce(bounds[place], lower) - lower))::integer;
    end if;
    lower := coalesce(bounds[place], lower);
  end loop;
  return null;
end;
$$;

-- The percentiles that are shown of a histogram.
create function gateway.latency(histogram bigint[]) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'p50', gateway.percentile(histogram, 0.5), 'p95', gateway.percentile(histogram, 0.95),
    'p99', gateway.percentile(histogram, 0.99))
$$;
