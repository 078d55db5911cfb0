// openai-node's Responses, unmodified, against the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';

import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { collect, connect, createAccount, nanos, settledBalance } from './gateway.mjs';

const { client } = connect();
const create = (model, more = {}, by = client) => by.responses.create({ model, input: 'Hello', ...more });

/** What a promise is rejected with. */
const failure = (promise) => promise.then(() => assert.fail('nothing was thrown'), (error) => error);

// Asked natively, as a chat, and as a message.
const MODELS = ['test/echo', 'portkey:openai/gpt-4o-mini', 'anthropic:anthropic/claude-sonnet-4.5'];

const TOOLS = [
  {
    type: 'function',
    name: 'get_weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', minLength: 3 } },
      required: ['city'],
      additionalProperties: false,
    },
  },
  { type: 'custom', name: 'exec', description: 'Runs a command.' },
];

for (const model of MODELS) {
  test(`a response of ${model} has text, usage and cost`, async () => {
    const response = await create(model);
    assert.deepEqual([response.object, response.status, response.error], ['response', 'completed', null]);
    assert.ok(response.output_text);
    const { input_tokens, output_tokens, total_tokens, cost } = response.usage;
    assert.equal(total_tokens, input_tokens + output_tokens);
    assert.ok(total_tokens > 0 && cost > 0);
  });

  test(`a stream of ${model} is numbered and adds up to its response`, async () => {
    const events = await collect(await create(model, { stream: true }));
    assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, at) => at));
    assert.deepEqual(events.slice(0, 2).map(({ type }) => type), ['response.created', 'response.in_progress']);
    const { type, response } = events.at(-1);
    assert.equal(type, 'response.completed');
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    const message = response.output.find((item) => item.type === 'message');
    assert.equal(deltas.map(({ delta }) => delta).join(''), message.content[0].text);
  });

  test(`a response of ${model} is stored, gone on from, read, listed and deleted`, async () => {
    const first = await create(model);
    const second = await create(model, { input: 'And?', previous_response_id: first.id });
    assert.deepEqual([first.store, second.previous_response_id], [true, first.id]);
    const read = await client.responses.retrieve(second.id);
    assert.deepEqual([read.output_text, read.output, read.usage], [second.output_text, second.output, second.usage]);
    const input = [0, 1, 2].map((n) => ({ role: 'user', content: `${n}` }));
    const third = await create(model, { input, previous_response_id: second.id });
    const items = await collect(client.responses.inputItems.list(third.id, { limit: 2, order: 'asc' }));
    assert.deepEqual(items.map((item) => item.content[0].text), ['0', '1', '2']);
    const cancelled = await failure(client.responses.cancel(third.id));
    assert.equal(cancelled.status, 400);
    assert.match(cancelled.message, /Cannot cancel a synchronous response/);
    await client.responses.delete(third.id);
    assert.equal((await failure(client.responses.retrieve(third.id))).status, 404);
    const gone = await failure(create(model, { previous_response_id: third.id }));
    assert.deepEqual([gone.status, gone.code], [400, 'previous_response_not_found']);
  });

  test(`the stream helper reads text and calls of ${model}`, async () => {
    const said = await client.responses.stream({ model, input: 'Hello' }).finalResponse();
    assert.ok(said.output_text);
    const called = await client.responses.stream({ model, input: 'Hello', tools: TOOLS }).finalResponse();
    assert.deepEqual(called.output.map((item) => item.type), ['function_call', 'custom_tool_call']);
  });

  test(`tools of ${model} are called and their outputs answered`, async () => {
    const input = [{ role: 'user', content: 'Hello' }];
    const { output } = await create(model, { input, tools: TOOLS });
    const [call, custom] = output;
    assert.deepEqual(Object.keys(JSON.parse(call.arguments)), ['city']);
    assert.equal(typeof custom.input, 'string');
    input.push(...output, { type: 'function_call_output', call_id: call.call_id, output: '21 degrees' });
    input.push({ type: 'custom_tool_call_output', call_id: custom.call_id, output: 'done' });
    assert.ok((await create(model, { input, tools: TOOLS })).output_text);
  });

  test(`structured output of ${model} is parsed`, async () => {
    const answer = z.object({ words: z.array(z.string()), final: z.string() });
    const text = { format: zodTextFormat(answer, 'answer') };
    const response = await client.responses.parse({ model, input: 'Hello', text });
    assert.ok(answer.safeParse(response.output_parsed).success);
  });

  test(`an answer of ${model} at its limit is incomplete`, async () => {
    const { status, incomplete_details } = await create(model, { max_output_tokens: 16 });
    assert.deepEqual([status, incomplete_details.reason], ['incomplete', 'max_output_tokens']);
  });
}

for (const [member, value, param] of [
  ['background', true, 'background'],
  ['tools', [{ type: 'web_search' }], 'tools[0].type'],
]) {
  test(`${member} is refused by name where it is not offered`, async () => {
    const error = await failure(create('test/echo', { [member]: value }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.code, error.param], ['invalid_request', param]);
  });
}

for (const model of ['test/error-mid', 'test/cut', 'test/end-early', 'test/garbage']) {
  test(`a broken stream of ${model} fails and never passes for a whole one`, async () => {
    const events = await collect(await create(model, { stream: true }));
    const { type, response } = events.at(-1);
    assert.deepEqual([type, response.status, response.error.code], ['response.failed', 'failed', 'server_error']);
    assert.ok(!events.some((event) => event.type === 'response.completed'));
  });
}

for (const model of ['test/echo', 'portkey:openai/gpt-4o-mini']) {
  test(`the balance falls by exactly the cost of a response of ${model}`, async () => {
    const key = await createAccount({ credits: 1 });
    const { client } = connect(key);
    const plain = await (await create(model, {}, client).asResponse()).text();
    const between = await settledBalance(key);
    assert.equal(1_000_000_000n - between, nanos(plain, 'cost'));
    const streamed = await (await create(model, { stream: true }, client).asResponse()).text();
    assert.equal(between - (await settledBalance(key)), nanos(streamed, 'cost'));
  });
}
