-- Roles: the built-in ones, and those that administrators make. A change holds on the next request of every holder,
-- since key validation reads the role's row. The built-in ones stand in seeds/roles.sql.

create table gateway.roles (
  name text primary key,
  permissions text[] not null,
  built_in boolean not null default false,
  created_at timestamptz not null default now()
);
comment on table gateway.roles is 'A name and the scopes that its holders may use; a key narrows them further.';
comment on column gateway.roles.built_in is 'What the gateway itself relies on: neither changed nor deleted.';

alter table gateway.roles enable row level security;
