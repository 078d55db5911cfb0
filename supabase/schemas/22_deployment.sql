-- What the database knows of the deployments that use it, so that one that does not fit is noticed before its callers notice.

create table gateway.peppers (
  version integer primary key,
  fingerprint text not null unique,
  first_seen_at timestamptz not null
);
comment on table gateway.peppers is
  'Fingerprints (an HMAC of a constant) of the peppers that keys are hashed under, never a pepper. A deployment with another pepper knows no key.';

create table gateway.heartbeat (
  one boolean primary key default true check (one),
  at timestamptz not null
);
comment on table gateway.heartbeat is 'One row that health writes: whether the database takes writes at all shows in nothing else.';

create table gateway.production (
  one boolean primary key default true check (one),
  address text not null,
  since timestamptz not null
);
comment on table gateway.production is
  'One row, from the first start of a production deployment on: a hash of the address by which it knows this database. A preview that knows it by the same one has production''s variables. A copy of production''s data at another address is another database.';

alter table gateway.production enable row level security;
alter table gateway.peppers enable row level security;
alter table gateway.heartbeat enable row level security;
