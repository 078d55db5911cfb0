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
  enabled boolean not null default true,
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

alter table gateway.models enable row level security;
alter table gateway.model_routes enable row level security;
