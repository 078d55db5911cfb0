-- The first months of the tables that have a partition a month, so that nobody's first call has to make them.
select gateway.make_months(gateway.now());
