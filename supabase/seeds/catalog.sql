-- The catalog: models that the providers serve, with their routes and prices.
-- Prices are list prices; the next migration carries what is changed here to deployed databases. What an administrator
-- has disabled stays disabled.

-- image_tokens: the most that one image costs, whatever its size, by the developer's own formula.
insert into gateway.models
  (id, name, developer, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens)
values
  -- OpenAI: text and vision
  ('openai/gpt-4o-mini', 'GPT-4o mini', 'openai', 'Small and cheap, for everyday tasks with text and images.', 'chat', 128000, 16384, '{text,image}', '{text}', false, 48169),
  ('openai/gpt-4o', 'GPT-4o', 'openai', 'General-purpose model for text and images.', 'chat', 128000, 16384, '{text,image}', '{text}', false, 1445),
  ('openai/gpt-4.1', 'GPT-4.1', 'openai', 'Strong at code and instructions, with a context of a million tokens.', 'chat', 1047576, 32768, '{text,image}', '{text}', false, 1445),
  ('openai/gpt-4.1-mini', 'GPT-4.1 mini', 'openai', 'A smaller and faster GPT-4.1.', 'chat', 1047576, 32768, '{text,image}', '{text}', false, 2489),
  ('openai/gpt-4.1-nano', 'GPT-4.1 nano', 'openai', 'The smallest GPT-4.1, for classification and completion.', 'chat', 1047576, 32768, '{text,image}', '{text}', false, 3779),
  -- OpenAI: reasoning
  ('openai/gpt-5', 'GPT-5', 'openai', 'Reasoning model for code, agents and long tasks.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 1190),
  ('openai/gpt-5-mini', 'GPT-5 mini', 'openai', 'A faster GPT-5 for well-defined tasks.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 2489),
  ('openai/gpt-5-nano', 'GPT-5 nano', 'openai', 'The fastest and cheapest GPT-5.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 3779),
  ('openai/gpt-5.1', 'GPT-5.1', 'openai', 'A GPT-5 that thinks for as long as a task needs.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 1190),
  ('openai/gpt-5.2', 'GPT-5.2', 'openai', 'For professional work over long documents, code and agents.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 1190),
  ('openai/gpt-5.3-codex', 'GPT-5.3 Codex', 'openai', 'For agents that code.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 1190),
  ('openai/gpt-5.4', 'GPT-5.4', 'openai', 'For agents and long tasks, with a context of a million tokens.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-5.4-mini', 'GPT-5.4 mini', 'openai', 'A faster GPT-5.4 for subagents and volume.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 2489),
  ('openai/gpt-5.4-nano', 'GPT-5.4 nano', 'openai', 'The cheapest GPT-5.4, for classification and extraction.', 'chat', 400000, 128000, '{text,image}', '{text}', true, 3779),
  ('openai/gpt-5.5', 'GPT-5.5', 'openai', 'For the hardest coding and knowledge work of its generation.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-5.6-sol', 'GPT-5.6 Sol', 'openai', 'The large GPT-5.6, for agents that code.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-5.6-terra', 'GPT-5.6 Terra', 'openai', 'The GPT-5.6 between speed and strength.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-5.6-luna', 'GPT-5.6 Luna', 'openai', 'The small GPT-5.6, for volume.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-6-astra', 'GPT-6 Astra', 'openai', 'The largest GPT-6, for research and the hardest tasks.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-6-sol', 'GPT-6 Sol', 'openai', 'The GPT-6 for agents and code.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-6-luna', 'GPT-6 Luna', 'openai', 'The small GPT-6, for volume.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-6.1-sol', 'GPT-6.1 Sol', 'openai', 'A GPT-6 Sol whose prompt cache costs half.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/gpt-6.1-terra', 'GPT-6.1 Terra', 'openai', 'Half the price of GPT-6.1 Sol, for everyday work.', 'chat', 1050000, 128000, '{text,image}', '{text}', true, 12000),
  ('openai/o4-mini', 'o4-mini', 'openai', 'Compact reasoning model with vision.', 'chat', 200000, 100000, '{text,image}', '{text}', true, 2642),
  ('openai/gpt-oss-120b', 'gpt-oss-120b', 'openai', 'Open-weight reasoning model with 117 billion parameters.', 'chat', 131072, 32768, '{text}', '{text}', true, 0),
  -- Anthropic
  ('anthropic/claude-fable-5.2', 'Claude Fable 5.2', 'anthropic', 'Above Opus, for the longest and hardest work.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-fable-5.1', 'Claude Fable 5.1', 'anthropic', 'Fable of September 2026.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-fable-5', 'Claude Fable 5', 'anthropic', 'The first Fable.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-5.5', 'Claude Opus 5.5', 'anthropic', 'For agents that code, and for long tasks.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-5', 'Claude Opus 5', 'anthropic', 'The first Opus 5.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-4.8', 'Claude Opus 4.8', 'anthropic', 'Opus of May 2026.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-4.7', 'Claude Opus 4.7', 'anthropic', 'Opus of April 2026, which sees images in full detail.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-4.6', 'Claude Opus 4.6', 'anthropic', 'Opus of February 2026, the first with a context of a million tokens.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-opus-4.5', 'Claude Opus 4.5', 'anthropic', 'Opus of November 2025.', 'chat', 200000, 64000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-sonnet-5.5', 'Claude Sonnet 5.5', 'anthropic', 'Speed and strength in balance, for everyday agents.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-sonnet-5', 'Claude Sonnet 5', 'anthropic', 'The first Sonnet 5.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-sonnet-4.6', 'Claude Sonnet 4.6', 'anthropic', 'Sonnet of February 2026.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-haiku-5.5', 'Claude Haiku 5.5', 'anthropic', 'The fastest Claude, for volume and subagents.', 'chat', 1000000, 128000, '{text,image}', '{text}', true, 4784),
  ('anthropic/claude-opus-4.1', 'Claude Opus 4.1', 'anthropic', 'For the hardest coding and agent tasks.', 'chat', 200000, 32000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-sonnet-4.5', 'Claude Sonnet 4.5', 'anthropic', 'For agents, coding and computer use.', 'chat', 200000, 64000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-haiku-4.5', 'Claude Haiku 4.5', 'anthropic', 'Fast and economical, with optional reasoning.', 'chat', 200000, 64000, '{text,image}', '{text}', true, 1600),
  ('anthropic/claude-3.5-haiku', 'Claude 3.5 Haiku', 'anthropic', 'The fast model of the generation before.', 'chat', 200000, 8192, '{text,image}', '{text}', false, 1600),
  -- Google: an image is cut into at most 16 tiles of 258 tokens, besides the whole
  ('google/gemini-2.5-flash', 'Gemini 2.5 Flash', 'google', 'Fast reasoning over long documents and images.', 'chat', 1048576, 65535, '{text,image}', '{text}', true, 4386),
  ('google/gemini-2.5-flash-lite', 'Gemini 2.5 Flash Lite', 'google', 'The cheapest Gemini 2.5, for volume.', 'chat', 1048576, 65535, '{text,image}', '{text}', true, 4386),
  ('google/gemma-3-27b-it', 'Gemma 3 27B', 'google', 'Open-weight multilingual model with vision.', 'chat', 131072, 16384, '{text,image}', '{text}', false, 320),
  -- Meta
  ('meta-llama/llama-3.1-8b-instruct', 'Llama 3.1 8B Instruct', 'meta-llama', 'Small open-weight model.', 'chat', 131072, 16384, '{text}', '{text}', false, 0),
  ('meta-llama/llama-3.3-70b-instruct', 'Llama 3.3 70B Instruct', 'meta-llama', 'Open-weight model for multilingual dialogue.', 'chat', 131072, 16384, '{text}', '{text}', false, 0),
  ('meta-llama/llama-4-maverick', 'Llama 4 Maverick', 'meta-llama', 'Open-weight mixture of 128 experts with vision.', 'chat', 1048576, 16384, '{text,image}', '{text}', false, 2500),
  -- DeepSeek
  ('deepseek/deepseek-chat-v3-0324', 'DeepSeek V3 0324', 'deepseek', 'Open-weight mixture of experts with 685 billion parameters.', 'chat', 163840, 16384, '{text}', '{text}', false, 0),
  ('deepseek/deepseek-chat-v3.1', 'DeepSeek V3.1', 'deepseek', 'Answers with or without reasoning first.', 'chat', 163840, 32768, '{text}', '{text}', true, 0),
  ('deepseek/deepseek-r1', 'DeepSeek R1', 'deepseek', 'Open-weight reasoning model.', 'chat', 163840, 32768, '{text}', '{text}', true, 0),
  ('deepseek/deepseek-r1-0528', 'DeepSeek R1 0528', 'deepseek', 'R1 of May 2025, with deeper reasoning.', 'chat', 163840, 32768, '{text}', '{text}', true, 0),
  -- Qwen
  ('qwen/qwen-2.5-72b-instruct', 'Qwen2.5 72B Instruct', 'qwen', 'Open-weight model for code, mathematics and structured output.', 'chat', 32768, 16384, '{text}', '{text}', false, 0),
  ('qwen/qwen2.5-vl-72b-instruct', 'Qwen2.5-VL 72B Instruct', 'qwen', 'Open-weight vision model for documents and charts.', 'chat', 32768, 16384, '{text,image}', '{text}', false, 16384),
  ('qwen/qwen3-32b', 'Qwen3 32B', 'qwen', 'Dense open-weight model that can reason first.', 'chat', 40960, 16384, '{text}', '{text}', true, 0),
  ('qwen/qwen3-235b-a22b-2507', 'Qwen3 235B A22B Instruct 2507', 'qwen', 'Open-weight mixture of experts, 22 billion parameters at work.', 'chat', 262144, 16384, '{text}', '{text}', false, 0),
  ('qwen/qwen3-coder', 'Qwen3 Coder 480B A35B', 'qwen', 'Open-weight model for agents that code.', 'chat', 262144, 32768, '{text}', '{text}', false, 0),
  -- Mistral
  ('mistralai/mistral-nemo', 'Mistral Nemo', 'mistralai', 'Small open-weight multilingual model.', 'chat', 131072, 16384, '{text}', '{text}', false, 0),
  ('mistralai/mistral-small-3.2-24b-instruct', 'Mistral Small 3.2 24B', 'mistralai', 'Open-weight model with vision and tools.', 'chat', 131072, 16384, '{text,image}', '{text}', false, 3080),
  ('mistralai/mistral-large-2411', 'Mistral Large 2411', 'mistralai', 'For long documents, code and reasoning in many languages.', 'chat', 131072, 16384, '{text}', '{text}', false, 0),
  -- Moonshot AI and Z.ai
  ('moonshotai/kimi-k2-0905', 'Kimi K2 0905', 'moonshotai', 'Open-weight mixture of experts for agents and code.', 'chat', 262144, 16384, '{text}', '{text}', false, 0),
  ('z-ai/glm-4.6', 'GLM 4.6', 'z-ai', 'Open-weight reasoning model for agents and code.', 'chat', 202752, 65536, '{text}', '{text}', true, 0),
  -- free of charge
  ('openai/gpt-oss-20b:free', 'gpt-oss-20b (free)', 'openai', 'Small open-weight reasoning model, free of charge.', 'chat', 131072, 32768, '{text}', '{text}', true, 0),
  ('meta-llama/llama-3.3-70b-instruct:free', 'Llama 3.3 70B Instruct (free)', 'meta-llama', 'Llama 3.3 70B, free of charge.', 'chat', 65536, 16384, '{text}', '{text}', false, 0),
  ('deepseek/deepseek-r1-0528:free', 'DeepSeek R1 0528 (free)', 'deepseek', 'R1 0528, free of charge.', 'chat', 163840, 32768, '{text}', '{text}', true, 0),
  ('qwen/qwen3-coder:free', 'Qwen3 Coder 480B A35B (free)', 'qwen', 'Qwen3 Coder, free of charge.', 'chat', 262144, 32768, '{text}', '{text}', false, 0),
  ('google/gemma-3-27b-it:free', 'Gemma 3 27B (free)', 'google', 'Gemma 3 27B, free of charge.', 'chat', 131072, 8192, '{text,image}', '{text}', false, 320),
  -- embeddings
  ('openai/text-embedding-3-small', 'text-embedding-3-small', 'openai', 'Small and cheap vectors of up to 1 536 numbers.', 'embedding', 8191, 0, '{text}', '{embedding}', false, 0),
  ('openai/text-embedding-3-large', 'text-embedding-3-large', 'openai', 'Vectors of up to 3 072 numbers, for search in many languages.', 'embedding', 8191, 0, '{text}', '{embedding}', false, 0),
  ('openai/text-embedding-ada-002', 'text-embedding-ada-002', 'openai', 'The model before text-embedding-3.', 'embedding', 8191, 0, '{text}', '{embedding}', false, 0),
  ('google/gemini-embedding-001', 'Gemini Embedding 001', 'google', 'Vectors of up to 3 072 numbers of texts in a hundred languages.', 'embedding', 2048, 0, '{text}', '{embedding}', false, 0),
  -- rankings
  ('cohere/rerank-v3.5', 'Rerank 3.5', 'cohere', 'Orders documents by how well they answer a query, in a hundred languages.', 'rerank', 4096, 0, '{text}', '{rerank}', false, 0),
  ('cohere/rerank-4-pro', 'Rerank 4 Pro', 'cohere', 'Orders long documents by how well they answer a query.', 'rerank', 32768, 0, '{text}', '{rerank}', false, 0),
  -- speech
  ('openai/tts-1', 'TTS-1', 'openai', 'Speaks a text, soon.', 'speech', 4096, 0, '{text}', '{audio}', false, 0),
  ('openai/tts-1-hd', 'TTS-1 HD', 'openai', 'Speaks a text, in high quality.', 'speech', 4096, 0, '{text}', '{audio}', false, 0),
  ('openai/gpt-4o-mini-tts', 'GPT-4o mini TTS', 'openai', 'Speaks a text as its instructions say.', 'speech', 2000, 16384, '{text}', '{audio}', false, 0),
  -- transcripts
  ('openai/whisper-1', 'Whisper', 'openai', 'Writes down what is spoken, with times and captions, or in English.', 'transcription', 16000, 4096, '{audio}', '{text}', false, 0),
  ('openai/gpt-transcribe', 'GPT Transcribe', 'openai', 'Writes down what is spoken.', 'transcription', 16000, 4096, '{audio}', '{text}', false, 0),
  ('openai/gpt-4o-transcribe', 'GPT-4o Transcribe', 'openai', 'Writes down what is spoken, while it goes on.', 'transcription', 16000, 2000, '{audio}', '{text}', false, 0),
  ('openai/gpt-4o-mini-transcribe', 'GPT-4o mini Transcribe', 'openai', 'A cheaper GPT-4o Transcribe.', 'transcription', 16000, 2000, '{audio}', '{text}', false, 0),
  -- images: an image costs 65 tokens and 129 for each of at most three tiles, and of high fidelity at most 6 240 more
  ('openai/gpt-image-1', 'GPT Image 1', 'openai', 'Makes and edits images.', 'image', 32000, 8192, '{text,image}', '{image}', false, 6692),
  ('openai/gpt-image-1-mini', 'GPT Image 1 mini', 'openai', 'A cheaper GPT Image 1.', 'image', 32000, 8192, '{text,image}', '{image}', false, 6692),
  ('openai/gpt-image-1.5', 'GPT Image 1.5', 'openai', 'Makes and edits images, faster and closer to the prompt.', 'image', 32000, 8192, '{text,image}', '{image}', false, 6692),
  ('openai/gpt-image-2', 'GPT Image 2', 'openai', 'Makes and edits images with legible text.', 'image', 32000, 16384, '{text,image}', '{image}', false, 6692),
  ('google/gemini-2.5-flash-image', 'Gemini 2.5 Flash Image', 'google', 'Makes and edits images in a conversation.', 'image', 32768, 32768, '{text,image}', '{text,image}', false, 4386),
  ('black-forest-labs/flux.2-pro', 'FLUX.2 Pro', 'black-forest-labs', 'Makes images of up to four megapixels.', 'image', 46864, 8192, '{text,image}', '{image}', false, 4096)
on conflict (id) do update set
  name = excluded.name, developer = excluded.developer, description = excluded.description, kind = excluded.kind,
  context_length = excluded.context_length, max_output = excluded.max_output,
  input_modalities = excluded.input_modalities, output_modalities = excluded.output_modalities,
  reasoning = excluded.reasoning, image_tokens = excluded.image_tokens
  where not models.changed_by_hand;

-- What Anthropic tells a model of its tools has become longer.
update gateway.models set tool_tokens = 1000
  where id in ('anthropic/claude-fable-5.2', 'anthropic/claude-fable-5.1', 'anthropic/claude-fable-5', 'anthropic/claude-opus-5.5',
               'anthropic/claude-opus-5', 'anthropic/claude-opus-4.8', 'anthropic/claude-opus-4.7', 'anthropic/claude-sonnet-5.5',
               'anthropic/claude-sonnet-5', 'anthropic/claude-haiku-5.5')
    and not changed_by_hand;

-- The prices of a million tokens: 150000000 is $0.15. Portkey asks one provider for us, OpenAI unless configured
-- otherwise, so it is a route of OpenAI's models only. Featherless sells subscriptions: its prices here are our own.
insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
values
  -- OpenAI
  ('openai/gpt-4o-mini', 'openai', 'gpt-4o-mini', 150000000, 75000000, 600000000),
  ('openai/gpt-4o-mini', 'portkey', 'gpt-4o-mini', 150000000, 75000000, 600000000),
  ('openai/gpt-4o-mini', 'openrouter', 'openai/gpt-4o-mini', 150000000, 75000000, 600000000),
  ('openai/gpt-4o', 'openai', 'gpt-4o', 2500000000, 1250000000, 10000000000),
  ('openai/gpt-4o', 'portkey', 'gpt-4o', 2500000000, 1250000000, 10000000000),
  ('openai/gpt-4o', 'openrouter', 'openai/gpt-4o', 2500000000, 1250000000, 10000000000),
  ('openai/gpt-4.1', 'openai', 'gpt-4.1', 2000000000, 500000000, 8000000000),
  ('openai/gpt-4.1', 'portkey', 'gpt-4.1', 2000000000, 500000000, 8000000000),
  ('openai/gpt-4.1', 'openrouter', 'openai/gpt-4.1', 2000000000, 500000000, 8000000000),
  ('openai/gpt-4.1-mini', 'openai', 'gpt-4.1-mini', 400000000, 100000000, 1600000000),
  ('openai/gpt-4.1-mini', 'portkey', 'gpt-4.1-mini', 400000000, 100000000, 1600000000),
  ('openai/gpt-4.1-mini', 'openrouter', 'openai/gpt-4.1-mini', 400000000, 100000000, 1600000000),
  ('openai/gpt-4.1-nano', 'openai', 'gpt-4.1-nano', 100000000, 25000000, 400000000),
  ('openai/gpt-4.1-nano', 'portkey', 'gpt-4.1-nano', 100000000, 25000000, 400000000),
  ('openai/gpt-4.1-nano', 'openrouter', 'openai/gpt-4.1-nano', 100000000, 25000000, 400000000),
  ('openai/gpt-5', 'openai', 'gpt-5', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5', 'portkey', 'gpt-5', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5', 'openrouter', 'openai/gpt-5', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5-mini', 'openai', 'gpt-5-mini', 250000000, 25000000, 2000000000),
  ('openai/gpt-5-mini', 'portkey', 'gpt-5-mini', 250000000, 25000000, 2000000000),
  ('openai/gpt-5-mini', 'openrouter', 'openai/gpt-5-mini', 250000000, 25000000, 2000000000),
  ('openai/gpt-5-nano', 'openai', 'gpt-5-nano', 50000000, 5000000, 400000000),
  ('openai/gpt-5-nano', 'portkey', 'gpt-5-nano', 50000000, 5000000, 400000000),
  ('openai/gpt-5-nano', 'openrouter', 'openai/gpt-5-nano', 50000000, 5000000, 400000000),
  ('openai/gpt-5.1', 'openai', 'gpt-5.1', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5.1', 'portkey', 'gpt-5.1', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5.1', 'openrouter', 'openai/gpt-5.1', 1250000000, 125000000, 10000000000),
  ('openai/gpt-5.2', 'openai', 'gpt-5.2', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.2', 'portkey', 'gpt-5.2', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.2', 'openrouter', 'openai/gpt-5.2', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.3-codex', 'openai', 'gpt-5.3-codex', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.3-codex', 'portkey', 'gpt-5.3-codex', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.3-codex', 'openrouter', 'openai/gpt-5.3-codex', 1750000000, 175000000, 14000000000),
  ('openai/gpt-5.4', 'openai', 'gpt-5.4', 2500000000, 250000000, 15000000000),
  ('openai/gpt-5.4', 'portkey', 'gpt-5.4', 2500000000, 250000000, 15000000000),
  ('openai/gpt-5.4', 'openrouter', 'openai/gpt-5.4', 2500000000, 250000000, 15000000000),
  ('openai/gpt-5.4-mini', 'openai', 'gpt-5.4-mini', 750000000, 75000000, 4500000000),
  ('openai/gpt-5.4-mini', 'portkey', 'gpt-5.4-mini', 750000000, 75000000, 4500000000),
  ('openai/gpt-5.4-mini', 'openrouter', 'openai/gpt-5.4-mini', 750000000, 75000000, 4500000000),
  ('openai/gpt-5.4-nano', 'openai', 'gpt-5.4-nano', 200000000, 20000000, 1250000000),
  ('openai/gpt-5.4-nano', 'portkey', 'gpt-5.4-nano', 200000000, 20000000, 1250000000),
  ('openai/gpt-5.4-nano', 'openrouter', 'openai/gpt-5.4-nano', 200000000, 20000000, 1250000000),
  ('openai/gpt-5.5', 'openai', 'gpt-5.5', 5000000000, 500000000, 30000000000),
  ('openai/gpt-5.5', 'portkey', 'gpt-5.5', 5000000000, 500000000, 30000000000),
  ('openai/gpt-5.5', 'openrouter', 'openai/gpt-5.5', 5000000000, 500000000, 30000000000),
  ('openai/gpt-5.6-sol', 'openai', 'gpt-5.6-sol', 4000000000, 400000000, 20000000000),
  ('openai/gpt-5.6-sol', 'portkey', 'gpt-5.6-sol', 4000000000, 400000000, 20000000000),
  ('openai/gpt-5.6-sol', 'openrouter', 'openai/gpt-5.6-sol', 4000000000, 400000000, 20000000000),
  ('openai/gpt-5.6-terra', 'openai', 'gpt-5.6-terra', 2000000000, 200000000, 12000000000),
  ('openai/gpt-5.6-terra', 'portkey', 'gpt-5.6-terra', 2000000000, 200000000, 12000000000),
  ('openai/gpt-5.6-terra', 'openrouter', 'openai/gpt-5.6-terra', 2000000000, 200000000, 12000000000),
  ('openai/gpt-5.6-luna', 'openai', 'gpt-5.6-luna', 200000000, 20000000, 1200000000),
  ('openai/gpt-5.6-luna', 'portkey', 'gpt-5.6-luna', 200000000, 20000000, 1200000000),
  ('openai/gpt-5.6-luna', 'openrouter', 'openai/gpt-5.6-luna', 200000000, 20000000, 1200000000),
  ('openai/gpt-6-astra', 'openai', 'gpt-6-astra', 10000000000, 1000000000, 50000000000),
  ('openai/gpt-6-astra', 'portkey', 'gpt-6-astra', 10000000000, 1000000000, 50000000000),
  ('openai/gpt-6-astra', 'openrouter', 'openai/gpt-6-astra', 10000000000, 1000000000, 50000000000),
  ('openai/gpt-6-sol', 'openai', 'gpt-6-sol', 2000000000, 200000000, 10000000000),
  ('openai/gpt-6-sol', 'portkey', 'gpt-6-sol', 2000000000, 200000000, 10000000000),
  ('openai/gpt-6-sol', 'openrouter', 'openai/gpt-6-sol', 2000000000, 200000000, 10000000000),
  ('openai/gpt-6-luna', 'openai', 'gpt-6-luna', 100000000, 10000000, 500000000),
  ('openai/gpt-6-luna', 'portkey', 'gpt-6-luna', 100000000, 10000000, 500000000),
  ('openai/gpt-6-luna', 'openrouter', 'openai/gpt-6-luna', 100000000, 10000000, 500000000),
  ('openai/gpt-6.1-sol', 'openai', 'gpt-6.1-sol', 2000000000, 100000000, 10000000000),
  ('openai/gpt-6.1-sol', 'portkey', 'gpt-6.1-sol', 2000000000, 100000000, 10000000000),
  ('openai/gpt-6.1-sol', 'openrouter', 'openai/gpt-6.1-sol', 2000000000, 100000000, 10000000000),
  ('openai/gpt-6.1-terra', 'openai', 'gpt-6.1-terra', 1000000000, 50000000, 5000000000),
  ('openai/gpt-6.1-terra', 'portkey', 'gpt-6.1-terra', 1000000000, 50000000, 5000000000),
  ('openai/gpt-6.1-terra', 'openrouter', 'openai/gpt-6.1-terra', 1000000000, 50000000, 5000000000),
  ('openai/o4-mini', 'openai', 'o4-mini', 1100000000, 275000000, 4400000000),
  ('openai/o4-mini', 'portkey', 'o4-mini', 1100000000, 275000000, 4400000000),
  ('openai/o4-mini', 'openrouter', 'openai/o4-mini', 1100000000, 275000000, 4400000000),
  ('openai/gpt-oss-120b', 'chutes', 'openai/gpt-oss-120b', 40000000, null, 180000000),
  ('openai/gpt-oss-120b', 'openrouter', 'openai/gpt-oss-120b', 100000000, null, 500000000),
  ('openai/gpt-oss-120b', 'featherless', 'openai/gpt-oss-120b', 150000000, null, 600000000),
  -- Anthropic
  ('anthropic/claude-fable-5.2', 'anthropic', 'claude-fable-5-2', 8000000000, 200000000, 40000000000),
  ('anthropic/claude-fable-5.1', 'anthropic', 'claude-fable-5-1', 10000000000, 250000000, 50000000000),
  ('anthropic/claude-fable-5.1', 'openrouter', 'anthropic/claude-fable-5.1', 10000000000, 250000000, 50000000000),
  ('anthropic/claude-fable-5', 'anthropic', 'claude-fable-5', 10000000000, 1000000000, 50000000000),
  ('anthropic/claude-fable-5', 'openrouter', 'anthropic/claude-fable-5', 10000000000, 1000000000, 50000000000),
  ('anthropic/claude-opus-5.5', 'anthropic', 'claude-opus-5-5', 4000000000, 200000000, 20000000000),
  ('anthropic/claude-opus-5.5', 'openrouter', 'anthropic/claude-opus-5.5', 4000000000, 200000000, 20000000000),
  ('anthropic/claude-opus-5', 'anthropic', 'claude-opus-5', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-5', 'openrouter', 'anthropic/claude-opus-5', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.8', 'anthropic', 'claude-opus-4-8', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.8', 'openrouter', 'anthropic/claude-opus-4.8', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.7', 'anthropic', 'claude-opus-4-7', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.7', 'openrouter', 'anthropic/claude-opus-4.7', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.6', 'anthropic', 'claude-opus-4-6', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.6', 'openrouter', 'anthropic/claude-opus-4.6', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.5', 'anthropic', 'claude-opus-4-5-20251101', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-opus-4.5', 'openrouter', 'anthropic/claude-opus-4.5', 5000000000, 500000000, 25000000000),
  ('anthropic/claude-sonnet-5.5', 'anthropic', 'claude-sonnet-5-5', 2000000000, 100000000, 10000000000),
  ('anthropic/claude-sonnet-5.5', 'openrouter', 'anthropic/claude-sonnet-5.5', 2000000000, 100000000, 10000000000),
  ('anthropic/claude-sonnet-5', 'anthropic', 'claude-sonnet-5', 2000000000, 200000000, 10000000000),
  ('anthropic/claude-sonnet-5', 'openrouter', 'anthropic/claude-sonnet-5', 2000000000, 200000000, 10000000000),
  ('anthropic/claude-sonnet-4.6', 'anthropic', 'claude-sonnet-4-6', 3000000000, 300000000, 15000000000),
  ('anthropic/claude-sonnet-4.6', 'openrouter', 'anthropic/claude-sonnet-4.6', 3000000000, 300000000, 15000000000),
  ('anthropic/claude-haiku-5.5', 'anthropic', 'claude-haiku-5-5', 100000000, 10000000, 500000000),
  ('anthropic/claude-haiku-5.5', 'openrouter', 'anthropic/claude-haiku-5.5', 100000000, 10000000, 500000000),
  ('anthropic/claude-opus-4.1', 'openrouter', 'anthropic/claude-opus-4.1', 15000000000, 1500000000, 75000000000),
  ('anthropic/claude-sonnet-4.5', 'openrouter', 'anthropic/claude-sonnet-4.5', 3000000000, 300000000, 15000000000),
  ('anthropic/claude-haiku-4.5', 'openrouter', 'anthropic/claude-haiku-4.5', 1000000000, 100000000, 5000000000),
  ('anthropic/claude-3.5-haiku', 'openrouter', 'anthropic/claude-3.5-haiku', 800000000, 80000000, 4000000000),
  ('anthropic/claude-opus-4.1', 'anthropic', 'claude-opus-4-1-20250805', 15000000000, 1500000000, 75000000000),
  ('anthropic/claude-sonnet-4.5', 'anthropic', 'claude-sonnet-4-5-20250929', 3000000000, 300000000, 15000000000),
  ('anthropic/claude-haiku-4.5', 'anthropic', 'claude-haiku-4-5-20251001', 1000000000, 100000000, 5000000000),
  ('anthropic/claude-3.5-haiku', 'anthropic', 'claude-3-5-haiku-20241022', 800000000, 80000000, 4000000000),
  -- Google
  ('google/gemini-2.5-flash', 'openrouter', 'google/gemini-2.5-flash', 300000000, 30000000, 2500000000),
  ('google/gemini-2.5-flash-lite', 'openrouter', 'google/gemini-2.5-flash-lite', 100000000, 10000000, 400000000),
  ('google/gemma-3-27b-it', 'chutes', 'unsloth/gemma-3-27b-it', 40000000, null, 150000000),
  ('google/gemma-3-27b-it', 'openrouter', 'google/gemma-3-27b-it', 90000000, null, 160000000),
  ('google/gemma-3-27b-it', 'featherless', 'google/gemma-3-27b-it', 100000000, null, 200000000),
  -- Meta
  ('meta-llama/llama-3.1-8b-instruct', 'openrouter', 'meta-llama/llama-3.1-8b-instruct', 20000000, null, 50000000),
  ('meta-llama/llama-3.1-8b-instruct', 'featherless', 'meta-llama/Meta-Llama-3.1-8B-Instruct', 100000000, null, 100000000),
  ('meta-llama/llama-3.3-70b-instruct', 'openrouter', 'meta-llama/llama-3.3-70b-instruct', 130000000, null, 380000000),
  ('meta-llama/llama-3.3-70b-instruct', 'featherless', 'meta-llama/Llama-3.3-70B-Instruct', 400000000, null, 400000000),
  ('meta-llama/llama-4-maverick', 'openrouter', 'meta-llama/llama-4-maverick', 150000000, null, 600000000),
  ('meta-llama/llama-4-maverick', 'chutes', 'chutesai/Llama-4-Maverick-17B-128E-Instruct-FP8', 200000000, null, 800000000),
  -- DeepSeek
  ('deepseek/deepseek-chat-v3-0324', 'chutes', 'deepseek-ai/DeepSeek-V3-0324', 180000000, null, 720000000),
  ('deepseek/deepseek-chat-v3-0324', 'openrouter', 'deepseek/deepseek-chat-v3-0324', 240000000, null, 840000000),
  ('deepseek/deepseek-chat-v3-0324', 'featherless', 'deepseek-ai/DeepSeek-V3-0324', 400000000, null, 1200000000),
  ('deepseek/deepseek-chat-v3.1', 'chutes', 'deepseek-ai/DeepSeek-V3.1', 200000000, null, 800000000),
  ('deepseek/deepseek-chat-v3.1', 'openrouter', 'deepseek/deepseek-chat-v3.1', 270000000, null, 1000000000),
  ('deepseek/deepseek-chat-v3.1', 'featherless', 'deepseek-ai/DeepSeek-V3.1', 400000000, null, 1200000000),
  ('deepseek/deepseek-r1', 'chutes', 'deepseek-ai/DeepSeek-R1', 300000000, null, 1200000000),
  ('deepseek/deepseek-r1', 'openrouter', 'deepseek/deepseek-r1', 700000000, null, 2400000000),
  ('deepseek/deepseek-r1', 'featherless', 'deepseek-ai/DeepSeek-R1', 800000000, null, 2500000000),
  ('deepseek/deepseek-r1-0528', 'chutes', 'deepseek-ai/DeepSeek-R1-0528', 400000000, null, 1750000000),
  ('deepseek/deepseek-r1-0528', 'openrouter', 'deepseek/deepseek-r1-0528', 500000000, null, 2150000000),
  ('deepseek/deepseek-r1-0528', 'featherless', 'deepseek-ai/DeepSeek-R1-0528', 800000000, null, 2500000000),
  -- Qwen
  ('qwen/qwen-2.5-72b-instruct', 'chutes', 'Qwen/Qwen2.5-72B-Instruct', 70000000, null, 260000000),
  ('qwen/qwen-2.5-72b-instruct', 'openrouter', 'qwen/qwen-2.5-72b-instruct', 120000000, null, 390000000),
  ('qwen/qwen-2.5-72b-instruct', 'featherless', 'Qwen/Qwen2.5-72B-Instruct', 400000000, null, 400000000),
  ('qwen/qwen2.5-vl-72b-instruct', 'chutes', 'Qwen/Qwen2.5-VL-72B-Instruct', 130000000, null, 500000000),
  ('qwen/qwen2.5-vl-72b-instruct', 'openrouter', 'qwen/qwen2.5-vl-72b-instruct', 150000000, null, 600000000),
  ('qwen/qwen3-32b', 'chutes', 'Qwen/Qwen3-32B', 50000000, null, 200000000),
  ('qwen/qwen3-32b', 'openrouter', 'qwen/qwen3-32b', 80000000, null, 240000000),
  ('qwen/qwen3-32b', 'featherless', 'Qwen/Qwen3-32B', 200000000, null, 300000000),
  ('qwen/qwen3-235b-a22b-2507', 'openrouter', 'qwen/qwen3-235b-a22b-2507', 71000000, null, 463000000),
  ('qwen/qwen3-235b-a22b-2507', 'chutes', 'Qwen/Qwen3-235B-A22B-Instruct-2507', 80000000, null, 550000000),
  ('qwen/qwen3-235b-a22b-2507', 'featherless', 'Qwen/Qwen3-235B-A22B-Instruct-2507', 300000000, null, 700000000),
  ('qwen/qwen3-coder', 'chutes', 'Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8', 220000000, null, 950000000),
  ('qwen/qwen3-coder', 'openrouter', 'qwen/qwen3-coder', 300000000, null, 1200000000),
  ('qwen/qwen3-coder', 'featherless', 'Qwen/Qwen3-Coder-480B-A35B-Instruct', 500000000, null, 1500000000),
  -- Mistral
  ('mistralai/mistral-nemo', 'openrouter', 'mistralai/mistral-nemo', 20000000, null, 40000000),
  ('mistralai/mistral-nemo', 'chutes', 'unsloth/Mistral-Nemo-Instruct-2407', 30000000, null, 110000000),
  ('mistralai/mistral-nemo', 'featherless', 'mistralai/Mistral-Nemo-Instruct-2407', 100000000, null, 100000000),
  ('mistralai/mistral-small-3.2-24b-instruct', 'chutes', 'chutesai/Mistral-Small-3.2-24B-Instruct-2506', 60000000, null, 180000000),
  ('mistralai/mistral-small-3.2-24b-instruct', 'openrouter', 'mistralai/mistral-small-3.2-24b-instruct', 75000000, null, 200000000),
  ('mistralai/mistral-small-3.2-24b-instruct', 'featherless', 'mistralai/Mistral-Small-3.2-24B-Instruct-2506', 200000000, null, 300000000),
  ('mistralai/mistral-large-2411', 'openrouter', 'mistralai/mistral-large-2411', 2000000000, null, 6000000000),
  -- Moonshot AI and Z.ai
  ('moonshotai/kimi-k2-0905', 'chutes', 'moonshotai/Kimi-K2-Instruct-0905', 390000000, null, 1900000000),
  ('moonshotai/kimi-k2-0905', 'openrouter', 'moonshotai/kimi-k2-0905', 400000000, null, 2000000000),
  ('moonshotai/kimi-k2-0905', 'featherless', 'moonshotai/Kimi-K2-Instruct-0905', 600000000, null, 2500000000),
  ('z-ai/glm-4.6', 'chutes', 'zai-org/GLM-4.6', 400000000, null, 1750000000),
  ('z-ai/glm-4.6', 'openrouter', 'z-ai/glm-4.6', 500000000, null, 1900000000),
  ('z-ai/glm-4.6', 'featherless', 'zai-org/GLM-4.6', 600000000, null, 2200000000),
  -- embeddings: a vector has no tokens of its own
  ('openai/text-embedding-3-small', 'openai', 'text-embedding-3-small', 20000000, null, 0),
  ('openai/text-embedding-3-small', 'portkey', 'text-embedding-3-small', 20000000, null, 0),
  ('openai/text-embedding-3-small', 'openrouter', 'openai/text-embedding-3-small', 20000000, null, 0),
  ('openai/text-embedding-3-large', 'openai', 'text-embedding-3-large', 130000000, null, 0),
  ('openai/text-embedding-3-large', 'portkey', 'text-embedding-3-large', 130000000, null, 0),
  ('openai/text-embedding-3-large', 'openrouter', 'openai/text-embedding-3-large', 130000000, null, 0),
  ('openai/text-embedding-ada-002', 'openai', 'text-embedding-ada-002', 100000000, null, 0),
  ('openai/text-embedding-ada-002', 'portkey', 'text-embedding-ada-002', 100000000, null, 0),
  ('openai/text-embedding-ada-002', 'openrouter', 'openai/text-embedding-ada-002', 100000000, null, 0),
  ('google/gemini-embedding-001', 'openrouter', 'google/gemini-embedding-001', 150000000, null, 0),
  -- free of charge
  ('openai/gpt-oss-20b:free', 'openrouter', 'openai/gpt-oss-20b:free', 0, 0, 0),
  ('meta-llama/llama-3.3-70b-instruct:free', 'openrouter', 'meta-llama/llama-3.3-70b-instruct:free', 0, 0, 0),
  ('deepseek/deepseek-r1-0528:free', 'openrouter', 'deepseek/deepseek-r1-0528:free', 0, 0, 0),
  ('qwen/qwen3-coder:free', 'openrouter', 'qwen/qwen3-coder:free', 0, 0, 0),
  ('google/gemma-3-27b-it:free', 'openrouter', 'google/gemma-3-27b-it:free', 0, 0, 0)
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price, cached_price = excluded.cached_price,
  completion_price = excluded.completion_price
  where model_routes.priced_by = 'seed';

-- Rankings are sold by the search, speech by its characters, transcripts by the second; or either by tokens.
insert into gateway.model_routes
  (model_id, provider, upstream_model, prompt_price, audio_input_price, completion_price, audio_output_price, search_price,
   character_price, second_price)
values
  ('cohere/rerank-v3.5', 'openrouter', 'cohere/rerank-v3.5', 0, null, 0, null, 2000000, null, null),
  ('cohere/rerank-4-pro', 'openrouter', 'cohere/rerank-4-pro', 0, null, 0, null, 2500000, null, null),
  ('openai/tts-1', 'openai', 'tts-1', 0, null, 0, null, null, 15000000000, null),
  ('openai/tts-1', 'portkey', 'tts-1', 0, null, 0, null, null, 15000000000, null),
  ('openai/tts-1-hd', 'openai', 'tts-1-hd', 0, null, 0, null, null, 30000000000, null),
  ('openai/tts-1-hd', 'portkey', 'tts-1-hd', 0, null, 0, null, null, 30000000000, null),
  ('openai/gpt-4o-mini-tts', 'openai', 'gpt-4o-mini-tts', 600000000, null, 12000000000, 12000000000, null, null, null),
  ('openai/gpt-4o-mini-tts', 'portkey', 'gpt-4o-mini-tts', 600000000, null, 12000000000, 12000000000, null, null, null),
  ('openai/whisper-1', 'openai', 'whisper-1', 0, null, 0, null, null, null, 100000),
  ('openai/whisper-1', 'portkey', 'whisper-1', 0, null, 0, null, null, null, 100000),
  ('openai/gpt-transcribe', 'openai', 'gpt-transcribe', 0, null, 0, null, null, null, 75000),
  ('openai/gpt-transcribe', 'portkey', 'gpt-transcribe', 0, null, 0, null, null, null, 75000),
  ('openai/gpt-4o-transcribe', 'openai', 'gpt-4o-transcribe', 2500000000, 6000000000, 10000000000, null, null, null, null),
  ('openai/gpt-4o-transcribe', 'portkey', 'gpt-4o-transcribe', 2500000000, 6000000000, 10000000000, null, null, null, null),
  ('openai/gpt-4o-mini-transcribe', 'openai', 'gpt-4o-mini-transcribe', 1250000000, 3000000000, 5000000000, null, null, null, null),
  ('openai/gpt-4o-mini-transcribe', 'portkey', 'gpt-4o-mini-transcribe', 1250000000, 3000000000, 5000000000, null, null, null, null)
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price,
  audio_input_price = excluded.audio_input_price, completion_price = excluded.completion_price,
  audio_output_price = excluded.audio_output_price, search_price = excluded.search_price,
  character_price = excluded.character_price, second_price = excluded.second_price
  where model_routes.priced_by = 'seed';

-- Images are sold by their tokens, or by the piece: then at the price of the dearest size and quality, so that none costs more.
insert into gateway.model_routes
  (model_id, provider, upstream_model, prompt_price, cached_price, image_input_price, completion_price, image_output_price,
   image_price)
values
  ('openai/gpt-image-1', 'openai', 'gpt-image-1', 5000000000, 1250000000, 10000000000, 40000000000, 40000000000, null),
  ('openai/gpt-image-1', 'portkey', 'gpt-image-1', 5000000000, 1250000000, 10000000000, 40000000000, 40000000000, null),
  ('openai/gpt-image-1-mini', 'openai', 'gpt-image-1-mini', 2000000000, 200000000, 2500000000, 8000000000, 8000000000, null),
  ('openai/gpt-image-1-mini', 'portkey', 'gpt-image-1-mini', 2000000000, 200000000, 2500000000, 8000000000, 8000000000, null),
  ('openai/gpt-image-1.5', 'openai', 'gpt-image-1.5', 5000000000, 1250000000, 8000000000, 10000000000, 32000000000, null),
  ('openai/gpt-image-1.5', 'portkey', 'gpt-image-1.5', 5000000000, 1250000000, 8000000000, 10000000000, 32000000000, null),
  ('openai/gpt-image-2', 'openai', 'gpt-image-2', 5000000000, 1250000000, 8000000000, 30000000000, 30000000000, null),
  ('openai/gpt-image-2', 'portkey', 'gpt-image-2', 5000000000, 1250000000, 8000000000, 30000000000, 30000000000, null),
  ('google/gemini-2.5-flash-image', 'openrouter', 'google/gemini-2.5-flash-image', 300000000, null, null, 2500000000, 30000000000, null),
  ('black-forest-labs/flux.2-pro', 'openrouter', 'black-forest-labs/flux.2-pro', 0, null, null, 0, null, 75000000)
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price, cached_price = excluded.cached_price,
  image_input_price = excluded.image_input_price, completion_price = excluded.completion_price,
  image_output_price = excluded.image_output_price, image_price = excluded.image_price
  where model_routes.priced_by = 'seed';

-- Anthropic charges a quarter more for what it writes into its cache for five minutes, and twice as much for an hour.
update gateway.model_routes set written_price = prompt_price * 5 / 4, written_long_price = prompt_price * 2
  where provider in ('openrouter', 'anthropic') and model_id like 'anthropic/%' and prompt_price is not null and priced_by = 'seed';

-- So does OpenAI from GPT-5.6 on. A cache that it keeps longer is not offered here.
update gateway.model_routes set written_price = prompt_price * 5 / 4
  where model_id in ('openai/gpt-5.6-sol', 'openai/gpt-5.6-terra', 'openai/gpt-5.6-luna', 'openai/gpt-6-astra', 'openai/gpt-6-sol',
                     'openai/gpt-6-luna', 'openai/gpt-6.1-sol', 'openai/gpt-6.1-terra') and priced_by = 'seed';

-- Twice the price, and half as much again for the answer, as soon as a prompt is longer than 272 000 tokens.
update gateway.model_routes set tiers = jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'above', 272000, 'prompt', prompt_price * 2, 'cached', cached_price * 2, 'written', written_price * 2,
    'completion', completion_price * 3 / 2)))
  where model_id in ('openai/gpt-5.4', 'openai/gpt-5.5', 'openai/gpt-5.6-sol', 'openai/gpt-5.6-terra', 'openai/gpt-5.6-luna',
                     'openai/gpt-6-astra', 'openai/gpt-6-sol', 'openai/gpt-6-luna', 'openai/gpt-6.1-sol', 'openai/gpt-6.1-terra') and priced_by = 'seed';

-- The same above 200 000 tokens. Of Claude 4.6 and 4.7 at OpenRouter one list says so and another does not: the dearer holds.
update gateway.model_routes set tiers = jsonb_build_array(jsonb_build_object(
    'above', 200000, 'prompt', prompt_price * 2, 'cached', cached_price * 2, 'written', written_price * 2,
    'written_long', written_long_price * 2, 'completion', completion_price * 3 / 2))
  where provider = 'openrouter' and model_id in ('anthropic/claude-opus-4.6', 'anthropic/claude-opus-4.7', 'anthropic/claude-sonnet-4.6') and priced_by = 'seed';

-- Five times the price above 100 000 tokens.
update gateway.model_routes set tiers = jsonb_build_array(jsonb_build_object(
    'above', 100000, 'prompt', prompt_price * 5, 'cached', cached_price * 5, 'written', written_price * 5,
    'written_long', written_long_price * 5, 'completion', completion_price * 5))
  where model_id = 'anthropic/claude-haiku-5.5' and priced_by = 'seed';

-- Twice the price, and half as much again for the answer, as soon as a prompt is longer than 200 000 tokens.
update gateway.model_routes set tiers = '[{"above": 200000, "prompt": 6000000000, "cached": 600000000, "written": 7500000000,
    "written_long": 12000000000, "completion": 22500000000}]'
  where model_id = 'anthropic/claude-sonnet-4.5' and provider in ('openrouter', 'anthropic') and priced_by = 'seed';

-- Sound costs Gemini more than text, and so does what it keeps in its cache: the prompt's price and a twelfth of a dollar.
update gateway.model_routes set audio_input_price = 1000000000, written_price = 383333334
  where model_id = 'google/gemini-2.5-flash' and provider = 'openrouter' and priced_by = 'seed';
update gateway.model_routes set audio_input_price = 300000000, written_price = 183333334
  where model_id = 'google/gemini-2.5-flash-lite' and provider = 'openrouter' and priced_by = 'seed';
