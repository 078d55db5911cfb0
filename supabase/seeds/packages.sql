-- What credit is sold in besides free amounts: prices in cents, credit in nano-dollars. A package that is no longer sold stays,
-- with active false, since payments name it.

insert into gateway.credit_packages (id, amount, credits, active) values
  ('starter', 500, 5000000000, true),
  ('basic', 1000, 10000000000, true),
  ('plus', 2500, 25000000000, true),
  ('pro', 5000, 50000000000, true),
  ('scale', 10000, 100000000000, true)
on conflict (id) do update set amount = excluded.amount, credits = excluded.credits, active = excluded.active;
