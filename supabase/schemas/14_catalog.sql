-- The catalog: the models, and the routes by which each can be reached. Its rows stand in seeds/catalog.sql.

create table gateway.models (
  id text primary key,
  name text not null,
  developer text not null,
  description text not null default '',
  kind text not null default 'chat' check (kind in ('chat', 'embedding', 'rerank', 'image', 'speech', 'transcription')),
  context_length integer not null check (context_length > 0),
  max_output integer not null check (max_output >= 0),
  input_modalities text[] not null default array['text'],
  output_modalities text[] not null default array['text'],
  reasoning boolean not null default false,
  image_tokens integer not null default 0 check (image_tokens >= 0),
  tool_tokens integer not null default 600 check (tool_tokens >= 0),
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);
comment on table gateway.models is
  'The catalog. image_tokens is the most that one input image can cost in prompt tokens, whatever its size.';

create table gateway.model_routes (
  model_id text not null references gateway.models (id) on delete cascade,
  provider text not null,
  upstream_model text not null,
  prompt_price bigint check (prompt_price >= 0),
  cached_price bigint check (cached_price >= 0),
  written_price bigint check (written_price >= 0),
  completion_price bigint check (completion_price >= 0),
  request_price bigint not null default 0 check (request_price >= 0),
  image_price bigint check (image_price >= 0),
  enabled boolean not null default true,
  primary key (model_id, provider)
);
comment on column gateway.models.tool_tokens is
  'The most that its providers add to a prompt by themselves when it comes with tools or a schema of the answer. Anthropic adds 159 to 530, others'' templates less.';
comment on table gateway.model_routes is
  'How a provider names and prices a model: nano-dollars per million tokens, request and image price in nano-dollars. A null price means not priced: such a route is never used.';
comment on column gateway.model_routes.cached_price is 'For prompt tokens the provider had cached; null: the prompt price.';
comment on column gateway.model_routes.written_price is 'For prompt tokens the provider writes into its cache; null: the prompt price.';

alter table gateway.models enable row level security;
alter table gateway.model_routes enable row level security;
