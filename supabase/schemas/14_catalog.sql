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
  supported_parameters text[] not null default '{}',
  open_weights boolean not null default false,
  released_on date,
  deprecated_at timestamptz,
  enabled boolean not null default true,
  changed_by_hand boolean not null default false,
  created_at timestamptz not null default now()
);
comment on table gateway.models is
  'The catalog. image_tokens is the most that one input image can cost in prompt tokens, whatever its size.';
comment on column gateway.models.supported_parameters is
  'The parameters that ask for what the model can do, by OpenRouter''s names; empty where nobody says.';
comment on column gateway.models.deprecated_at is
  'Since when it is known that its developer will take it away; answers say so.';
comment on column gateway.models.changed_by_hand is
  'Whether an administrator has made or changed it: then no seed changes it back.';

create table gateway.model_routes (
  model_id text not null references gateway.models (id) on delete cascade,
  provider text not null,
  upstream_model text not null,
  prompt_price bigint check (prompt_price >= 0),
  cached_price bigint check (cached_price >= 0),
  written_price bigint check (written_price >= 0),
  written_long_price bigint check (written_long_price >= 0),
  image_input_price bigint check (image_input_price >= 0),
  audio_input_price bigint check (audio_input_price >= 0),
  completion_price bigint check (completion_price >= 0),
  reasoning_price bigint check (reasoning_price >= 0),
  image_output_price bigint check (image_output_price >= 0),
  audio_output_price bigint check (audio_output_price >= 0),
  request_price bigint not null default 0 check (request_price >= 0),
  prompt_image_price bigint check (prompt_image_price >= 0),
  image_price bigint check (image_price >= 0),
  image_prices jsonb check (
    jsonb_typeof(image_prices) = 'object'
    and not jsonb_path_exists(image_prices, '$.* ? (@.type() != "number" || @ < 0)')),
  search_price bigint check (search_price >= 0),
  second_price bigint check (second_price >= 0),
  character_price bigint check (character_price >= 0),
  tiers jsonb check (gateway.are_tiers(tiers)),
  windows jsonb check (gateway.are_windows(windows)),
  priced_by text not null default 'seed' check (priced_by in ('seed', 'provider', 'admin')),
  enabled boolean not null default true,
  supported_parameters text[] not null default '{}',
  quantization text not null default 'unknown'
    check (quantization in ('int4', 'int8', 'fp4', 'fp6', 'fp8', 'fp16', 'bf16', 'fp32', 'unknown')),
  data_policy text not null default 'unknown' check (data_policy in ('unknown', 'private', 'zdr')),
  plain_up_to bigint not null generated always as (gateway.plain_up_to(tiers, windows, image_output_price)) stored,
  candidate jsonb not null generated always as (gateway.candidate(
    provider, upstream_model, prompt_price, cached_price, written_price, written_long_price, image_input_price,
    audio_input_price, completion_price, reasoning_price, image_output_price, audio_output_price, request_price,
    image_price, search_price, second_price, character_price, tiers)) stored,
  primary key (model_id, provider),
  constraint images_are_sold_by_the_piece_or_by_their_tokens
    check (image_output_price is null or (image_price is null and image_prices is null))
);
comment on column gateway.models.tool_tokens is
  'The most that its providers add to a prompt by themselves when it comes with tools or a schema of the answer. Anthropic adds 159 to 530, others'' templates less.';
comment on table gateway.model_routes is
  'How a provider names and prices a model: the kinds of gateway.price, in nano-dollars. Without a prompt and a completion price it is not priced, and never used.';
comment on column gateway.model_routes.written_price is
  'For prompt tokens the provider writes into its cache for minutes; null: the prompt price.';
comment on column gateway.model_routes.written_long_price is
  'For those that it keeps for an hour or longer. Null: a long cache is not offered.';
comment on column gateway.model_routes.prompt_image_price is 'For an image in the prompt, beside its tokens.';
comment on column gateway.model_routes.image_price is 'For an image that is made, whatever its size and quality: the dearest.';
comment on column gateway.model_routes.image_prices is
  'For an image of this size and quality: {"1024x1024/high": 167000000}. Any other costs image_price, or without that as the dearest of them.';
comment on column gateway.model_routes.tiers is 'Prices of longer prompts: see gateway.price.';
comment on column gateway.model_routes.windows is
  'Prices at other hours, UTC: [{"from": "16:30", "until": "00:30", "days": [1, 7], "prompt": …}]. The end is not in it, and may be past midnight; the days are those on which it begins, Monday is 1; without them it is daily. What it does not name stays; a window may have tiers of its own.';
comment on column gateway.model_routes.plain_up_to is
  'The longest prompt that has one price at any hour, the one of the columns above, so that no call need look for tiers, windows and pictures.';
comment on column gateway.model_routes.candidate is 'What a hold freezes of it, so that no call puts it together.';

comment on column gateway.model_routes.supported_parameters is
  'The parameters that the model takes there, by OpenRouter''s names; empty where it takes those of the model.';
comment on column gateway.model_routes.data_policy is
  'What the provider has agreed to do with what our account sends it: train no models on it (private), or keep nothing of it (zdr).';
comment on column gateway.model_routes.priced_by is
  'Who has the last word about name and price: a seed, the provider''s own list, which no seed undoes, or an administrator, whom neither undoes.';

-- Further names of models, of the operator's making.
create table gateway.model_aliases (
  alias text primary key,
  model_id text not null references gateway.models (id) on delete cascade,
  created_at timestamptz not null default now()
);
create index model_aliases_model on gateway.model_aliases (model_id);

-- Models as the catalog shows them, made when they or their routes change (see list_anew): whoever reads the whole list reads texts.
create table gateway.listed_models (
  model_id text primary key references gateway.models (id) on delete cascade,
  free boolean not null,
  body json not null,
  openrouter_body json not null
);
comment on table gateway.listed_models is 'Each model as GET /models shows it, its routes and prices included; and as OpenRouter''s clients read it.';

-- Which list all of them make, in one row: nearly every reader wants the whole one. The list itself is not kept: it is a megabyte, that
-- each change of a model would write again.
create table gateway.catalog_version (
  is_only boolean primary key default true check (is_only),
  version uuid not null default gen_random_uuid(),
  models integer not null default 0
);
comment on table gateway.catalog_version is
  'Another version whenever a model or a route changes, so that whoever has a copy of the list need only ask whether it is still the one.';
comment on column gateway.catalog_version.models is 'How many are enabled.';

alter table gateway.models enable row level security;
alter table gateway.model_routes enable row level security;
alter table gateway.model_aliases enable row level security;
alter table gateway.listed_models enable row level security;
alter table gateway.catalog_version enable row level security;
