-- Usage by what accounts say of their requests, summed up by the hour together with the rest (39_usage_labels.sql).

-- Without foreign keys, as usage_hours.
create table gateway.usage_labels (
  account_id uuid not null,
  hour timestamptz not null,
  kind text not null check (kind in ('user', 'tag')),
  label text not null,
  key_id uuid not null,
  model text not null,
  provider text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, hour, kind, label, key_id, model, provider)
);
comment on table gateway.usage_labels is
  'Requests by end user, and by tag, by the hour in which they ended, for the hours before the account''s rolled_up_to. A request without a label has no part here, one with several tags a part in each.';
comment on column gateway.usage_labels.label is 'Of an hour so many have rows of their own as gateway.most_labels() says, the dearest; the others are together in gateway.other_labels().';

create index usage_labels_user on gateway.usage_labels (account_id, label) where kind = 'user';

alter table gateway.usage_labels enable row level security;
