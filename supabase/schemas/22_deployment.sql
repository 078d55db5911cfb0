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

alter table gateway.peppers enable row level security;
alter table gateway.heartbeat enable row level security;
