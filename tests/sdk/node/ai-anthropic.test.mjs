// The Vercel AI SDK with its provider for Anthropic, natively and over chat.

import assert from 'node:assert/strict';
import test from 'node:test';

import { createAnthropic } from '@ai-sdk/anthropic';
import { generateObject, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

import { API_KEY, BASE_URL } from './gateway.mjs';

const gateway = createAnthropic({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });

for (const model of ['claude-sonnet-4-5', 'portkey:openai/gpt-4o-mini']) {
  test(`${model}: tools stream, run, and are answered`, async () => {
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
      onError: ({ error }) => errors.push(error),
    });
    await result.consumeStream();
    assert.deepEqual(errors, []);
    assert.deepEqual(ran, [['city']]);
    assert.ok(await result.text);
    const usage = await result.usage;
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
  });

  test(`${model}: an object after a schema`, async () => {
    const schema = z.object({ name: z.string(), inhabitants: z.number() });
    const { object } = await generateObject({ model: gateway(model), schema, prompt: 'Hello' });
    assert.deepEqual(Object.keys(object).sort(), ['inhabitants', 'name']);
  });
}
