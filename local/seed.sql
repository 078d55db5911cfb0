-- Models that bring about the behaviours of the provider stand-in: for the local platform and the tests only.
-- An upstream name `standin/BEHAVIOUR?PARAMETER=NUMBER` chooses the behaviour (local/src/provider/behaviour).

insert into gateway.models
  (id, name, developer, description, context_length, max_output, input_modalities, reasoning, image_tokens)
select 'test/' || model, 'Test: ' || model, 'test', description, 128000, 16384, '{text,image}', reasoning, 85
from (values
  -- healthy
  ('echo', false, 'A short answer, tool calls or JSON, as asked; two providers.'),
  ('as-told', false, 'For agents: calls a tool only as the prompt says, `NAME {ARGUMENTS}` in backticks.'),
  ('free', false, 'The same at no price.'),
  ('drawing', false, 'Draws a picture beside its answer where `modalities` asks for one.'),
  ('long', false, 'A text of 5 000 tokens, if the limit allows it.'),
  ('slow', false, 'A pause before every chunk.'),
  ('delay', false, 'A pause before the head.'),
  ('reasoning', true, 'Reasons before it answers.'),
  ('wrong-model', false, 'Names another model than the one asked for.'),
  ('keepalive', false, 'Comment lines, CRLF, and writes that end at odd places.'),
  ('fast', false, 'A constant answer for benchmarks, in one write.'),
  ('fast-stream', false, 'A constant answer for benchmarks, every chunk in its own write.'),
  -- usage
  ('usage', false, 'Reports 100 prompt tokens, 20 of them cached, and 50 completion tokens, whatever it answers.'),
  ('bytes', false, 'Reports the dearest usage that obeys the limit.'),
  ('no-usage', false, 'Never reports usage.'),
  ('reasoning-no-usage', true, 'A reasoning model that never reports usage.'),
  ('usage-in-every-chunk', false, 'Reports the usage so far on every chunk.'),
  -- failures before the answer
  ('error-400', false, 'The caller''s own mistake.'),
  ('error-401', false, 'The provider refuses our key.'),
  ('error-402', false, 'Our credit at the provider is used up.'),
  ('error-429', false, 'The provider''s limit.'),
  ('error-429-after', false, 'The provider''s limit, with retry-after: 1.'),
  ('error-500', false, 'The provider fails.'),
  ('error-503', false, 'The provider is overloaded.'),
  ('html', false, 'An HTML page with status 502.'),
  ('hang', false, 'Reads the request and never answers.'),
  ('refuse', false, 'Closes the connection without an answer.'),
  ('fallback', false, 'The cheapest route fails with 500, the second works.'),
  -- failures in the answer
  ('garbage', false, 'No JSON where JSON should be.'),
  ('error-mid', false, 'An error in the middle of the answer.'),
  ('cut', false, 'The connection dies in the middle of the answer.'),
  ('stall', false, 'The answer stops in the middle and the connection stays open.'),
  ('end-early', false, 'The answer ends in the middle, without finish_reason.'),
  -- recorded answers of every shape, plain and streamed alike, whatever is asked
  ('shape-text', false, 'A text, with the members that OpenAI adds to every answer.'),
  ('shape-choices', false, 'Three choices that end differently, their chunks mixed.'),
  ('shape-length', false, 'A text cut at the limit.'),
  ('shape-filtered', false, 'A text that the provider''s filter ended.'),
  ('shape-refusal', false, 'A refusal in place of a text.'),
  ('shape-logprobs', false, 'A text with the likelihoods of its tokens.'),
  ('shape-refusal-logprobs', false, 'A refusal with the likelihoods of its tokens.'),
  ('shape-tools', false, 'A text and parallel tool calls.'),
  ('shape-custom-tools', false, 'A function''s call beside calls of custom tools.'),
  ('shape-function-call', false, 'The call of a function as it was before tools.'),
  ('shape-reasoning', true, 'OpenRouter''s reasoning with its details.'),
  ('shape-reasoning-content', true, 'Reasoning as open-weight servers spell it.'),
  ('shape-parts', true, 'A content of parts, thoughts and text, in every delta.'),
  ('shape-thinking', true, 'The same streamed as Mistral does, parts and then plain text.'),
  ('shape-audio', false, 'Spoken, with a transcript.'),
  ('shape-images', false, 'Pictures beside a text.'),
  ('shape-annotations', false, 'A text with the pages that it cites.'),
  ('shape-unknown', false, 'Members that nobody knows, at every level.'),
  -- the catalog
  ('unpriced', false, 'A route without prices, which is never used.')
) as test (model, reasoning, description)
on conflict (id) do update set
  name = excluded.name, description = excluded.description, context_length = excluded.context_length,
  max_output = excluded.max_output, input_modalities = excluded.input_modalities, reasoning = excluded.reasoning,
  image_tokens = excluded.image_tokens;

-- One route each, at the same price: $0.10 a million prompt tokens, $0.05 cached, $0.40 completion.
insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
select 'test/' || model, 'openrouter', 'standin/' || behaviour, 100000000, 50000000, 400000000
from (values
  -- healthy
  ('echo', 'normal'),
  ('as-told', 'as-told'),
  ('long', 'long'),
  ('slow', 'slow'),
  ('delay', 'delay'),
  ('reasoning', 'reasoning'),
  ('wrong-model', 'wrong-model'),
  ('keepalive', 'keepalive'),
  ('fast', 'fast'),
  ('fast-stream', 'fast?flush=1'),
  -- usage
  ('usage', 'usage'),
  ('bytes', 'bytes'),
  ('no-usage', 'no-usage'),
  ('reasoning-no-usage', 'no-usage'),
  ('usage-in-every-chunk', 'usage-in-every-chunk'),
  -- failures before the answer
  ('error-400', 'status?code=400'),
  ('error-401', 'status?code=401'),
  ('error-402', 'status?code=402'),
  ('error-429', 'status?code=429'),
  ('error-429-after', 'status?code=429&retry_after=1'),
  ('error-500', 'status?code=500'),
  ('error-503', 'status?code=503'),
  ('html', 'html?code=502'),
  ('hang', 'hang'),
  ('refuse', 'refuse'),
  ('fallback', 'status?code=500'),
  -- failures in the answer
  ('garbage', 'garbage'),
  ('error-mid', 'error-mid'),
  ('cut', 'cut'),
  ('stall', 'stall'),
  ('end-early', 'end-early'),
  -- recorded answers
  ('shape-text', 'shape-text'),
  ('shape-choices', 'shape-choices'),
  ('shape-length', 'shape-length'),
  ('shape-filtered', 'shape-filtered'),
  ('shape-refusal', 'shape-refusal'),
  ('shape-logprobs', 'shape-logprobs'),
  ('shape-refusal-logprobs', 'shape-refusal-logprobs'),
  ('shape-tools', 'shape-tools'),
  ('shape-custom-tools', 'shape-custom-tools'),
  ('shape-function-call', 'shape-function-call'),
  ('shape-reasoning', 'shape-reasoning'),
  ('shape-reasoning-content', 'shape-reasoning-content'),
  ('shape-parts', 'shape-parts'),
  ('shape-thinking', 'shape-thinking'),
  ('shape-audio', 'shape-audio'),
  ('shape-images', 'shape-images'),
  ('shape-annotations', 'shape-annotations'),
  ('shape-unknown', 'shape-unknown')
) as test (model, behaviour)
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price, cached_price = excluded.cached_price,
  completion_price = excluded.completion_price;

-- Routes with prices of their own: a dearer second one, none at all, and null.
insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
values
  ('test/echo', 'chutes', 'standin/normal', 200000000, null, 800000000),
  ('test/fallback', 'chutes', 'standin/normal', 200000000, null, 800000000),
  ('test/free', 'openrouter', 'standin/normal', 0, 0, 0),
  ('test/drawing', 'openrouter', 'standin/normal', 100000000, 50000000, 400000000),
  ('test/unpriced', 'openrouter', 'standin/normal', null, null, null)
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price, cached_price = excluded.cached_price,
  completion_price = excluded.completion_price;

-- A picture has 1 290 tokens of $30 a million.
update gateway.models set output_modalities = '{text,image}' where id = 'test/drawing';
update gateway.model_routes set image_output_price = 30000000000 where model_id = 'test/drawing';
