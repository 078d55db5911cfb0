-- Histograms of latencies: the same bounds everywhere, so that those of many hours, models and providers can be added.
--
-- A histogram is one number, of which each place of sixteen digits counts one bucket, the shortest latencies in the lowest. So two
-- are added by "+" and any number of them by "sum", by what Postgres adds fastest of all that adds so many counts at once.

-- The upper bounds in milliseconds, each included; two of them to a doubling. A histogram has one place more, for what took longer.
create function gateway.latency_bounds() returns integer[]
language sql immutable parallel safe
return array[
  10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 1810, 2560, 3620, 5120, 7241, 10240, 14482, 20480, 28963,
  40960, 57926, 81920, 115852, 163840, 231705, 327680];

-- The histogram of one latency in milliseconds; null of none.
create function gateway.histogram(ms integer) returns numeric
language sql immutable parallel safe
return (array[
  1, 1e16, 1e32, 1e48, 1e64, 1e80, 1e96, 1e112, 1e128, 1e144, 1e160, 1e176, 1e192, 1e208, 1e224, 1e240, 1e256, 1e272, 1e288, 1e304,
  1e320, 1e336, 1e352, 1e368, 1e384, 1e400, 1e416, 1e432, 1e448, 1e464, 1e480, 1e496])[
  width_bucket(ms - 1, gateway.latency_bounds()) + 1];

-- The digits of a histogram's places, as bytes: of a text Postgres would look for a place from its beginning.
create function gateway.histogram_digits(histogram numeric) returns bytea
language sql immutable parallel safe
return convert_to(lpad(histogram::text, 512, '0'), 'UTF8');

-- What each bucket of a histogram counts; zeros of none.
create function gateway.buckets(histogram numeric) returns bigint[]
language plpgsql immutable parallel safe
as $$
declare
  digits constant bytea := gateway.histogram_digits(coalesce(histogram, 0));
  counts bigint[] := '{}';
begin
  for place in 1 .. 32 loop
    counts[place] := encode(substr(digits, 513 - 16 * place, 16), 'escape')::bigint;
  end loop;
  return counts;
end;
$$;

-- The percentiles that are shown of a histogram: which latency in milliseconds half of all, 95 and 99 in a hundred do not exceed, on a
-- straight line between the bounds of its bucket; nulls of none. Of what is longer than the last bound no more than that is known.
--
-- They are asked for of every model and provider, so one walk finds all three, and ends there.
create function gateway.latency(histogram numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  bounds constant integer[] := gateway.latency_bounds();
  digits constant bytea := gateway.histogram_digits(histogram);
  -- What all places come to is what is left by the largest that one of them holds: as the sum of a number's digits is by nine.
  counted constant numeric := histogram % 9999999999999999;
  wanted constant double precision[] := array[counted * 0.5, counted * 0.95, counted * 0.99];
  found integer[] := array[null, null, null];
  next integer := 1;
  up_to bigint := 0;
  lower integer := 0;
  n bigint;
begin
  for place in 1 .. 32 loop
    n := encode(substr(digits, 513 - 16 * place, 16), 'escape')::bigint;
    if n > 0 then
      up_to := up_to + n;
      while up_to >= wanted[next] loop
        found[next] := round(lower + (wanted[next] - (up_to - n)) / n * (coalesce(bounds[place], lower) - lower));
        next := next + 1;
      end loop;
      exit when next > 3;
    end if;
    lower := coalesce(bounds[place], lower);
  end loop;
  return jsonb_build_object('p50', found[1], 'p95', found[2], 'p99', found[3]);
end;
$$;
