// The Vercel AI SDK with its provider for OpenAI-compatible APIs.

import assert from 'node:assert/strict';
import test from 'node:test';

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

import { API_KEY, BASE_URL } from './gateway.mjs';

const gateway = createOpenAICompatible({
  name: 'gateway',
  baseURL: `${BASE_URL}/v1`,
  apiKey: API_KEY,
  includeUsage: true,
});

/** Runs a stream to its end; what it raised, unless nothing. */
async function run(options) {
  const errors = [];
  const result = streamText({ prompt: 'Hello', ...options, onError: ({ error }) => errors.push(error) });
  await result.consumeStream();
  return { result, errors };
}

test('a text streams with its usage', async () => {
  const { result, errors } = await run({ model: gateway('test/echo') });
  assert.deepEqual(errors, []);
  assert.ok(await result.text);
  assert.equal(await result.finishReason, 'stop');
  const usage = await result.usage;
  assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens);
});

test('reasoning streams apart from the text', async () => {
  const { result } = await run({ model: gateway('test/reasoning') });
  assert.ok(await result.reasoningText);
  assert.ok(await result.text);
});

test('parallel tools stream, run, and are answered', async () => {
  const ran = [];
  const note = (name, parameter) =>
    tool({
      description: name,
      inputSchema: z.object({ [parameter]: z.string().min(3) }),
      execute: async (input) => {
        ran.push([name, Object.keys(input)]);
        return 'done';
      },
    });
  const { result, errors } = await run({
    model: gateway('test/echo'),
    tools: { get_weather: note('get_weather', 'city'), get_time: note('get_time', 'zone') },
    stopWhen: isStepCount(2),
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(ran, [['get_weather', ['city']], ['get_time', ['zone']]]);
  const steps = await result.steps;
  assert.deepEqual(steps.map((step) => step.finishReason), ['tool-calls', 'stop']);
  assert.ok(await result.text);
});

test('a failure in the middle is raised', async () => {
  const { errors } = await run({ model: gateway('test/error-mid') });
  assert.equal(errors.length, 1);
});

test("a refusal keeps its status and the gateway's own words", async () => {
  const refused = generateText({ model: gateway('test/no-such-model'), prompt: 'Hello' });
  await assert.rejects(refused, (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /no such model/);
    return true;
  });
});
