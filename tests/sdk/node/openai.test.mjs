// openai-node, unmodified, against the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { HELLO, collect, connect, createAccount, nanos, settledBalance } from './gateway.mjs';

const { client } = connect();
const create = (model, more = {}, by = client) => by.chat.completions.create({ model, messages: HELLO, ...more });

/** What a promise is rejected with. */
const failure = (promise) => promise.then(() => assert.fail('nothing was thrown'), (error) => error);

const tool = (name, parameter) => ({
  type: 'function',
  function: {
    name,
    parameters: {
      type: 'object',
      properties: { [parameter]: { type: 'string', minLength: 3 } },
      required: [parameter],
      additionalProperties: false,
    },
  },
});
const TOOLS = [tool('get_weather', 'city'), tool('get_time', 'zone')];

// Streams that differ in framing, usage reporting, price and reasoning.
const STREAMS = [
  'test/echo',
  'test/free',
  'test/keepalive',
  'test/no-usage',
  'test/reasoning',
  'test/usage-in-every-chunk',
];

test('a completion has text, usage and cost', async () => {
  const completion = await create('test/echo');
  assert.equal(completion.object, 'chat.completion');
  const [choice] = completion.choices;
  assert.equal(choice.message.role, 'assistant');
  assert.ok(choice.message.content);
  assert.equal(choice.finish_reason, 'stop');
  const { prompt_tokens, completion_tokens, total_tokens, cost } = completion.usage;
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
  assert.ok(total_tokens > 0 && cost > 0);
});

for (const model of STREAMS) {
  test(`a stream of ${model} has one role, one end, and no usage unasked`, async () => {
    const chunks = await collect(await create(model, { stream: true }));
    assert.equal(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size, 1);
    assert.ok(chunks.every((chunk) => chunk.object === 'chat.completion.chunk'));
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
    const deltas = chunks.map((chunk) => chunk.choices[0].delta);
    assert.deepEqual(deltas.flatMap(({ role }) => role ?? []), ['assistant']);
    assert.ok(deltas.map(({ content }) => content ?? '').join(''));
    assert.deepEqual(chunks.flatMap((chunk) => chunk.choices[0].finish_reason ?? []), ['stop']);
  });

  test(`a stream of ${model} ends with one usage chunk when asked`, async () => {
    const chunks = await collect(await create(model, { stream: true, stream_options: { include_usage: true } }));
    const last = chunks.pop();
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && chunk.usage == null));
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.total_tokens, last.usage.prompt_tokens + last.usage.completion_tokens);
    assert.equal(last.usage.cost > 0, model !== 'test/free');
  });
}

// Asked natively, and as a chat of one message at a provider that does not speak it.
for (const model of ['test/echo', 'portkey:openai/gpt-4o-mini']) {
  test(`a legacy text completion of ${model} is plain and streamed`, async () => {
    const asked = { model, prompt: 'Hello', max_tokens: 300 };
    const completion = await client.completions.create(asked);
    assert.equal(completion.object, 'text_completion');
    assert.ok(completion.choices[0].text);
    assert.ok(completion.usage.cost > 0);
    const chunks = await collect(
      await client.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
    );
    const last = chunks.pop();
    assert.ok(chunks.map((chunk) => chunk.choices[0].text).join(''));
    assert.deepEqual(last.choices, []);
    assert.ok(last.usage.cost > 0);
  });
}

test('tools are called and their results answered', async () => {
  const asked = await create('test/echo', { tools: TOOLS, parallel_tool_calls: false });
  assert.equal(asked.choices[0].finish_reason, 'tool_calls');
  const { message } = asked.choices[0];
  const [call] = message.tool_calls;
  assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)), ['city']);
  const messages = [...HELLO, message, { role: 'tool', tool_call_id: call.id, content: '21 degrees' }];
  const answered = await create('test/echo', { messages, tools: TOOLS });
  assert.equal(answered.choices[0].finish_reason, 'stop');
  assert.ok(answered.choices[0].message.content);
});

for (const model of ['test/echo', 'test/keepalive']) {
  test(`parallel tool calls of ${model} stream in pieces that fit`, async () => {
    const calls = [];
    for (const chunk of await collect(await create(model, { tools: TOOLS, stream: true }))) {
      for (const piece of chunk.choices[0].delta.tool_calls ?? []) {
        if (piece.index in calls) {
          // Absent, not null: clients concatenate or overwrite with whatever is there.
          assert.ok(!('id' in piece || 'type' in piece || 'name' in piece.function));
        } else {
          assert.ok(piece.index === calls.length && piece.type === 'function' && piece.id);
          calls.push({ id: piece.id, name: piece.function.name, arguments: '' });
        }
        calls[piece.index].arguments += piece.function.arguments ?? '';
      }
    }
    assert.deepEqual(calls.map(({ name }) => name), ['get_weather', 'get_time']);
    assert.deepEqual(calls.map((call) => Object.keys(JSON.parse(call.arguments))), [['city'], ['zone']]);
    assert.notEqual(calls[0].id, calls[1].id);
  });
}

test("the SDK's own accumulator reads a stream of tool calls", async () => {
  const stream = client.chat.completions.stream({ model: 'test/echo', messages: HELLO, tools: TOOLS });
  const { finish_reason, message } = (await stream.finalChatCompletion()).choices[0];
  assert.equal(finish_reason, 'tool_calls');
  assert.deepEqual(message.tool_calls.map((call) => call.function.name), ['get_weather', 'get_time']);
});

test('structured output is parsed plain and streamed', async () => {
  const step = z.object({ explanation: z.string(), output: z.number() });
  const solution = z.object({ steps: z.array(step).min(1), final: z.string() });
  const ask = { model: 'test/echo', messages: HELLO, response_format: zodResponseFormat(solution, 'solution') };
  const plain = await client.chat.completions.parse(ask);
  assert.ok(solution.safeParse(plain.choices[0].message.parsed).success);
  const streamed = await client.chat.completions.stream(ask).finalChatCompletion();
  assert.ok(solution.safeParse(streamed.choices[0].message.parsed).success);
});

// Refused once and for all, so asked once.
for (const [status, kind, code, model] of [
  [400, OpenAI.BadRequestError, 'upstream_rejected', 'test/error-400'],
  [401, OpenAI.AuthenticationError, 'invalid_api_key', 'test/echo'],
  [402, OpenAI.APIError, 'insufficient_credits', 'test/echo'],
  [404, OpenAI.NotFoundError, 'model_not_found', 'test/no-such-model'],
]) {
  for (const stream of [false, true]) {
    test(`a ${status} is ${kind.name} and is not retried, ${stream ? 'streamed' : 'plain'}`, async () => {
      const keys = { 401: 'gw_test_' + 'x'.repeat(43), 402: status === 402 ? await createAccount() : undefined };
      const { client, answers } = connect(keys[status]);
      const error = await failure(create(model, { stream }, client));
      assert.equal(error.constructor, kind);
      assert.deepEqual([error.status, error.code], [status, code]);
      assert.ok(error.requestID);
      assert.equal(answers.length, 1);
    });
  }
}

test('an invalid request names the member at fault', async () => {
  const error = await failure(create('test/echo', { max_completion_tokens: -1 }));
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.deepEqual([error.code, error.param], ['invalid_request', 'max_completion_tokens']);
});

for (const stream of [false, true]) {
  test(`a rate limit is retried twice after the time it names, ${stream ? 'streamed' : 'plain'}`, async () => {
    const { client, answers } = connect();
    const error = await failure(create('test/error-429-after', { stream }, client));
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.code, 'upstream_rate_limited');
    assert.deepEqual(answers.map(({ status }) => status), [429, 429, 429]);
    // The SDK's own first pause is at most half a second: a longer one is the header's. Timers may be 1 ms early.
    for (const [n, { at, headers }] of answers.slice(0, -1).entries()) {
      const told = Number(headers.get('retry-after-ms'));
      assert.ok(told >= 1000 && answers[n + 1].at - at >= told - 2);
    }
  });
}

test('a failing provider is retried twice', async () => {
  const { client, answers } = connect();
  const error = await failure(create('test/error-503', {}, client));
  assert.ok(error instanceof OpenAI.InternalServerError);
  assert.equal(error.code, 'upstream_error');
  assert.equal(answers.length, 3);
});

test('a 503 is a server error', async () => {
  const error = await failure(create('test/unpriced', {}, connect(undefined, { maxRetries: 0 }).client));
  assert.ok(error instanceof OpenAI.InternalServerError);
  assert.deepEqual([error.status, error.code], [503, 'model_not_priced']);
});

test('a closed day is not retried, because the gateway says so', async () => {
  const { client, answers } = connect(await createAccount({ plan: 'free' }));
  // More than the free plan's tokens of a day: let in once, as the first, and then the day is over.
  await create('test/free', { messages: [{ role: 'user', content: 'water '.repeat(60_000) }] }, client);
  answers.length = 0;
  const error = await failure(create('test/free', {}, client));
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.deepEqual(answers.map(({ headers }) => headers.get('x-should-retry')), ['false']);
});

test('credits in flight are retried until they are free', async () => {
  // Enough for one hold at a time: 4 000 output tokens at $0.40 a million are $0.0016.
  const key = await createAccount({ credits: 0.002 });
  const limit = { max_completion_tokens: 4000 };
  // This stream stops in the middle and holds its credits until it is closed.
  const running = await create('test/stall', { ...limit, stream: true }, connect(key).client);
  const { client, answers } = connect(key, { maxRetries: 1 });
  const error = await failure(create('test/usage', limit, client));
  running.controller.abort();
  assert.equal(error.code, 'credits_in_flight');
  const told = answers.map(({ status, headers }) => [status, headers.get('x-should-retry')]);
  assert.deepEqual(told, [[402, 'true'], [402, 'true']]);
  const patient = connect(key, { maxRetries: 30 }).client;
  assert.ok((await create('test/usage', limit, patient)).choices.length);
});

test('a failure in the middle is raised while reading', async () => {
  let text = '';
  const reading = (async () => {
    for await (const chunk of await create('test/error-mid', { stream: true })) {
      text += chunk.choices[0].delta.content ?? '';
    }
  })();
  const error = await failure(reading);
  assert.ok(error instanceof OpenAI.APIError);
  assert.equal(error.code, 'upstream_error');
  assert.ok(text);
});

for (const model of ['test/cut', 'test/end-early', 'test/garbage']) {
  test(`a broken stream of ${model} is raised and never passes for a whole one`, async () => {
    const error = await failure(create(model, { stream: true }).then(collect));
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.code, 'upstream_error');
  });
}

test('models are listed, and retrieved by ids with slashes', async () => {
  const models = new Map((await collect(client.models.list())).map((model) => [model.id, model]));
  assert.ok(models.size >= 24);
  assert.ok([...models.values()].every((model) => model.object === 'model' && model.created > 0 && model.owned_by));
  for (const id of ['openai/gpt-4o-mini', 'meta-llama/llama-3.3-70b-instruct:free']) {
    assert.ok(models.has(id));
    assert.equal((await client.models.retrieve(id)).id, id);
  }
  assert.ok((await failure(client.models.retrieve('test/no-such-model'))) instanceof OpenAI.NotFoundError);
});

test('headers name the request and the limits', async () => {
  const ask = { model: 'test/echo', messages: HELLO };
  const options = { headers: { 'x-request-id': 'from-the-client' } };
  const { response, request_id } = await client.chat.completions.create(ask, options).withResponse();
  assert.equal(response.headers.get('x-request-id'), 'from-the-client');
  assert.equal(request_id, 'from-the-client');
  for (const what of ['requests', 'tokens']) {
    const read = (part) => Number(response.headers.get(`x-ratelimit-${part}-${what}`));
    assert.ok(read('remaining') >= 0 && read('remaining') < read('limit'));
    assert.match(response.headers.get(`x-ratelimit-reset-${what}`), /^\d.*s$/);
  }
});

for (const model of ['test/echo', 'openai/gpt-4o-mini', 'test/no-usage', 'test/free']) {
  test(`the balance falls by exactly the cost of ${model}`, async () => {
    const key = await createAccount({ credits: 1 });
    const { client } = connect(key);
    const before = await settledBalance(key);
    const plain = await (await create(model, {}, client).asResponse()).text();
    const between = await settledBalance(key);
    assert.equal(before, 1_000_000_000n);
    assert.equal(before - between, nanos(plain, 'cost'));
    const asked = { stream: true, stream_options: { include_usage: true } };
    const streamed = await (await create(model, asked, client).asResponse()).text();
    assert.ok(streamed.endsWith('data: [DONE]\n\n'));
    assert.equal(between - (await settledBalance(key)), nanos(streamed, 'cost'));
  });
}
