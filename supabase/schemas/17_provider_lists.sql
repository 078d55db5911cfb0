-- What providers' own lists of models say, as they were last read, and what of it waits for an administrator.

create table gateway.provider_lists (
  provider text primary key,
  tried_at timestamptz not null,
  read_at timestamptz,
  problem text,
  models integer not null default 0,
  unknown integer not null default 0,
  unknown_models text[] not null default '{}'
);
comment on table gateway.provider_lists is
  'The last look at each provider''s list: how many models it had, how many of them no route here knows, and the first of those.';

create table gateway.listed_routes (
  model_id text not null,
  provider text not null,
  seen_at timestamptz,
  missing_since timestamptz,
  price jsonb,
  problem text,
  primary key (model_id, provider),
  foreign key (model_id, provider) references gateway.model_routes (model_id, provider) on delete cascade on update cascade
);
comment on table gateway.listed_routes is
  'What a provider''s list says of a route: when it was last there, since when it is not, its price there, and why that was not taken.';

create table gateway.price_changes (
  id uuid primary key,
  model_id text not null,
  provider text not null,
  former jsonb not null,
  proposed jsonb not null,
  reason text not null,
  state text not null default 'waiting' check (state in ('waiting', 'approved', 'rejected', 'superseded')),
  found_at timestamptz not null,
  decided_at timestamptz,
  decided_by uuid,
  foreign key (model_id, provider) references gateway.model_routes (model_id, provider) on delete cascade on update cascade
);
comment on table gateway.price_changes is
  'Prices of a provider''s list that do not hold by themselves: they are too far from the present ones.';
create unique index price_changes_waiting on gateway.price_changes (model_id, provider) where state = 'waiting';
create index price_changes_route on gateway.price_changes (model_id, provider, found_at);

alter table gateway.provider_lists enable row level security;
alter table gateway.listed_routes enable row level security;
alter table gateway.price_changes enable row level security;
