// The Vercel AI SDK with its provider for OpenAI, whose default is Responses, natively, over chat and over messages.

import assert from 'node:assert/strict';
import test from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { embedMany, generateImage, generateObject, generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

import { API_KEY, BASE_URL } from './gateway.mjs';

const gateway = createOpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });

// By itself it refers to what it was answered before by ids, for which a response has to be kept; or it sends all of it.
const STORES = [undefined, false];

for (const model of ['openrouter:openai/gpt-4o-mini', 'portkey:openai/gpt-4o-mini', 'anthropic:claude-sonnet-4-5']) {
  for (const store of STORES) {
    test(`${model}: tools stream, run, and are answered, store ${store}`, async () => {
      const ran = [];
      const errors = [];
      const result = streamText({
        model: gateway(model),
        prompt: 'Hello',
        tools: {
          get_weather: tool({
            description: 'The weather in a city.',
            inputSchema: z.object({ city: z.string().min(3) }),
            execute: async (input) => {
              ran.push(Object.keys(input));
              return 'sunny';
            },
          }),
        },
        stopWhen: isStepCount(2),
        providerOptions: { openai: { store } },
        onError: ({ error }) => errors.push(error),
      });
      await result.consumeStream();
      assert.deepEqual(errors, []);
      assert.deepEqual(ran, [['city']]);
      assert.ok(await result.text);
      const usage = await result.usage;
      assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
    });
  }

  test(`${model}: a conversation goes on by references to what was answered`, async () => {
    const sent = [];
    const recording = async (url, options) => {
      sent.push(JSON.parse(options.body));
      return fetch(url, options);
    };
    const recorded = createOpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, fetch: recording });
    const messages = [];
    for (const content of ['Where is Oslo?', 'And Bergen?', 'Thanks.']) {
      messages.push({ role: 'user', content });
      const { text, response } = await generateText({ model: recorded(model), messages });
      assert.ok(text);
      messages.push(...response.messages);
    }
    const references = sent.at(-1).input.filter((item) => item.type === 'item_reference');
    assert.ok(references.length >= 2, JSON.stringify(sent.at(-1).input));
  });

  test(`${model}: an object after a schema`, async () => {
    const schema = z.object({ name: z.string(), inhabitants: z.number() });
    const { object } = await generateObject({ model: gateway(model), schema, prompt: 'Hello' });
    assert.deepEqual(Object.keys(object).sort(), ['inhabitants', 'name']);
  });
}

test('a chat, where it is asked for as one', async () => {
  const result = streamText({ model: gateway.chat('test/echo'), prompt: 'Hello' });
  await result.consumeStream();
  assert.ok(await result.text);
});

test('embeddings', async () => {
  const model = gateway.embeddingModel('text-embedding-3-small');
  const { embeddings, usage } = await embedMany({ model, values: ['Hello', 'there'] });
  assert.equal(embeddings.length, 2);
  assert.ok(usage.tokens > 0);
});

test('an image', async () => {
  const { image } = await generateImage({ model: gateway.imageModel('gpt-image-1'), prompt: 'A lighthouse' });
  assert.ok(image.uint8Array.length > 0);
});
