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

create table gateway.usage_label_days (like gateway.usage_labels including indexes);
comment on table gateway.usage_label_days is
  'The sums of the hours of each whole day (UTC) that lies before the account''s rolled_up_to; hour is the day''s first. Who is among the others of an hour is so of the day, too.';

create table gateway.usage_label_heads (like gateway.usage_labels);
comment on table gateway.usage_label_heads is 'Requests by end user and tag from the account''s rolled_up_to up to its head_to, as usage_heads.';
create index usage_label_heads_account on gateway.usage_label_heads (account_id);

create table gateway.usage_label_sums (
  account_id uuid not null,
  kind text not null,
  span text not null check (span in ('hour', 'day')),
  hour timestamptz not null,
  label text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost bigint not null,
  primary key (account_id, kind, span, hour, label)
);
comment on table gateway.usage_label_sums is
  'What those hours and days come to by label alone: what a report by end user or tag is read from, which else had a row for each key and model at each provider.';

create index usage_label_sums_user on gateway.usage_label_sums (account_id, label) where kind = 'user';

alter table gateway.usage_label_heads enable row level security;
alter table gateway.usage_label_sums enable row level security;
alter table gateway.usage_label_days enable row level security;
alter table gateway.usage_labels enable row level security;
