// @anthropic-ai/sdk, unmodified, against the gateway: natively, by way of OpenRouter's Messages, and over chat.

import assert from 'node:assert/strict';
import test from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';

import { API_KEY, BASE_URL, HELLO } from './gateway.mjs';

const MODELS = ['anthropic:anthropic/claude-sonnet-4.5', 'test/echo', 'portkey:openai/gpt-4o-mini'];

const tool = (name, parameter) => ({
  name,
  input_schema: {
    type: 'object',
    properties: { [parameter]: { type: 'string', minLength: 3 } },
    required: [parameter],
    additionalProperties: false,
  },
});
const TOOLS = [tool('get_weather', 'city'), tool('get_time', 'zone')];

const connect = (apiKey = API_KEY, options = {}) =>
  new Anthropic({ baseURL: BASE_URL, apiKey, timeout: 60_000, ...options });

for (const model of MODELS) {
  test(`${model}: a message has text, usage and cost`, async () => {
    const message = await connect().messages.create({ model, max_tokens: 300, messages: HELLO });
    assert.deepEqual([message.type, message.role, message.stop_reason], ['message', 'assistant', 'end_turn']);
    assert.ok(message.content[0].text && message.usage.output_tokens > 0 && message.usage.cost > 0);
    assert.ok(message._request_id);
  });

  test(`${model}: a stream adds up to its message and ends with the bill`, async () => {
    let text = '';
    const stream = connect().messages.stream({ model, max_tokens: 300, messages: HELLO });
    let bill;
    stream.on('text', (piece) => (text += piece));
    stream.on('streamEvent', (event) => event.type === 'message_delta' && (bill = event.usage));
    const message = await stream.finalMessage();
    assert.ok(text.length > 0 && bill.cost > 0 && bill.input_tokens > 0);
    assert.equal(message.content[0].text, text);
  });

  test(`${model}: a tool runner goes on without the thread that it asks for`, async () => {
    const asked = [];
    const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const run = ({ city }) => (asked.push(city), 'sunny');
    const tools = [betaTool({ name: 'get_weather', description: 'The weather.', inputSchema, run })];
    const client = connect(API_KEY, { maxRetries: 0 });
    const reasons = [];
    for await (const message of client.beta.messages.toolRunner({ model, max_tokens: 300, messages: HELLO, tools })) {
      reasons.push(message.stop_reason);
    }
    assert.deepEqual(reasons, ['tool_use', 'end_turn']);
    assert.equal(asked.length, 1);
  });

  test(`${model}: tools are called in parallel, streamed`, async () => {
    const asked = { model, max_tokens: 300, messages: [...HELLO], tools: TOOLS };
    const message = await connect().messages.stream(asked).finalMessage();
    assert.equal(message.stop_reason, 'tool_use');
    const calls = message.content.filter((block) => block.type === 'tool_use');
    assert.deepEqual(calls.map((call) => call.name), ['get_weather', 'get_time']);
    assert.ok(calls.every((call) => Object.keys(call.input).length === 1));
    const results = calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: '42' }));
    asked.messages.push({ role: 'assistant', content: message.content }, { role: 'user', content: results });
    assert.equal((await connect().messages.create(asked)).stop_reason, 'end_turn');
  });

  test(`${model}: a prompt is counted`, async () => {
    const counted = await connect().messages.countTokens({ model, messages: HELLO });
    assert.ok(counted.input_tokens > 0 && counted.estimated === true);
  });
}

test("each refusal is the SDK's own class", async () => {
  const ask = (client, wanted) =>
    client.messages.create({ model: 'test/echo', max_tokens: 9, messages: HELLO, ...wanted });
  const unknown = connect(`gw_live_${'x'.repeat(43)}`);
  await assert.rejects(ask(unknown, {}), (error) => {
    assert.ok(error instanceof Anthropic.AuthenticationError);
    assert.equal(error.error.error.type, 'authentication_error');
    assert.equal(error.requestID, error.error.request_id);
    return true;
  });
  await assert.rejects(ask(connect(), { model: 'nobody/nothing' }), Anthropic.NotFoundError);
  await assert.rejects(ask(connect(), { speed: 'fast' }), Anthropic.BadRequestError);
});

test('an error in the middle of a stream is raised', async () => {
  const stream = connect(API_KEY, { maxRetries: 0 }).messages.stream({
    model: 'test/error-mid',
    max_tokens: 300,
    messages: HELLO,
  });
  await assert.rejects(stream.finalMessage(), (error) => {
    assert.ok(error instanceof Anthropic.APIError);
    return true;
  });
});
