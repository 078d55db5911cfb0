-- Who may do what, and how much of it.

create table gateway.roles (
  name text primary key,
  permissions text[] not null,
  created_at timestamptz not null default now()
);
comment on table gateway.roles is 'A name and the scopes that its holders may use; a key narrows them further.';

insert into gateway.roles (name, permissions) values
  ('user', array['inference', 'models:read', 'keys:read', 'keys:write', 'billing:read', 'billing:write', 'chat:read',
                 'chat:write', 'usage:read', 'account:read', 'account:write']),
  ('developer', array['inference', 'models:read', 'keys:read', 'keys:write', 'billing:read', 'billing:write',
                      'chat:read', 'chat:write', 'usage:read', 'account:read', 'account:write', 'admin:monitor',
                      'admin:catalog']),
  ('admin', array['*']);

create table gateway.plans (
  id text primary key,
  name text not null,
  requests_per_minute bigint not null,
  burst bigint not null,
  requests_per_hour bigint not null,
  requests_per_day bigint not null,
  requests_per_month bigint not null,
  tokens_per_minute bigint not null,
  tokens_per_day bigint not null,
  tokens_per_month bigint not null,
  concurrency bigint not null,
  price_per_month bigint,
  price_per_year bigint,
  credits_per_month bigint not null
);
comment on table gateway.plans is 'Limits and prices of each plan; money in nano-dollars, burst per 10 s.';

insert into gateway.plans values
  ('free', 'Free', 60, 20, 500, 1000, 10000, 20000, 100000, 1000000, 5, 0, null, 0),
  ('dev', 'Developer', 300, 60, 3000, 10000, 300000, 200000, 1000000, 10000000, 15,
   29000000000, 290000000000, 29000000000),
  ('team', 'Team', 1000, 200, 20000, 50000, 1500000, 1000000, 5000000, 50000000, 50,
   99000000000, 990000000000, 99000000000),
  ('customize', 'Pay as you go', 3000, 600, 100000, 1000000, 30000000, 5000000, 100000000, 1000000000, 100,
   0, null, 0);

alter table gateway.roles enable row level security;
alter table gateway.plans enable row level security;
