-- What each plan allows and costs. The next migration carries a figure that is changed here to deployed databases, where
-- it holds on every account's next call; but none to a plan that an administrator has changed (PATCH /admin/plans/{id}): it is pinned.
-- Money in nano-dollars: 29000000000 is $29.

insert into gateway.plans (
  id, name,
  requests_per_minute, burst, requests_per_hour, requests_per_day, requests_per_month,
  tokens_per_minute, tokens_per_day, tokens_per_month, concurrency,
  price_per_month, price_per_year, credits_per_month)
values
  ('free', 'Free',
   60, 20, 500, 1000, 10000,
   20000, 100000, 1000000, 5,
   0, null, 0),
  ('dev', 'Developer',
   300, 60, 3000, 10000, 300000,
   200000, 1000000, 10000000, 15,
   29000000000, 290000000000, 29000000000),
  ('team', 'Team',
   1000, 200, 20000, 50000, 1500000,
   1000000, 5000000, 50000000, 50,
   99000000000, 990000000000, 99000000000),
  ('customize', 'Pay as you go',
   3000, 600, 100000, 1000000, 30000000,
   5000000, 100000000, 1000000000, 100,
   0, null, 0)
on conflict (id) do update set
  name = excluded.name,
  requests_per_minute = excluded.requests_per_minute, burst = excluded.burst,
  requests_per_hour = excluded.requests_per_hour, requests_per_day = excluded.requests_per_day,
  requests_per_month = excluded.requests_per_month, tokens_per_minute = excluded.tokens_per_minute,
  tokens_per_day = excluded.tokens_per_day, tokens_per_month = excluded.tokens_per_month,
  concurrency = excluded.concurrency, price_per_month = excluded.price_per_month,
  price_per_year = excluded.price_per_year, credits_per_month = excluded.credits_per_month
  where not plans.pinned;
