// OpenAI's agents, by way of chat completions.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Agent, OpenAIChatCompletionsModel, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

import { API_KEY, BASE_URL } from './gateway.mjs';

const runner = new Runner({ tracingDisabled: true });
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });

for (const name of ['portkey:openai/gpt-4o-mini', 'anthropic:claude-sonnet-4-5']) {
  const model = new OpenAIChatCompletionsModel(client, name);

  for (const stream of [false, true]) {
    test(`${name}: an agent calls its tool and answers, ${stream ? 'streamed' : 'plain'}`, async () => {
      const called = [];
      const getWeather = tool({
        name: 'get_weather',
        description: 'The weather in a city.',
        parameters: z.object({ city: z.string() }),
        execute: async ({ city }) => {
          called.push(city);
          return 'sunny';
        },
      });
      const agent = new Agent({ name: 'clerk', instructions: 'Be brief.', model, tools: [getWeather] });
      const result = await runner.run(agent, 'Hello', { stream });
      if (stream) await result.completed;
      assert.equal(called.length, 1);
      assert.ok(result.finalOutput);
    });
  }

  test(`${name}: an agent answers in a shape`, async () => {
    const outputType = z.object({ name: z.string(), inhabitants: z.number() });
    const agent = new Agent({ name: 'clerk', instructions: 'Be brief.', model, outputType });
    const { finalOutput } = await runner.run(agent, 'Hello');
    assert.deepEqual(Object.keys(finalOutput).sort(), ['inhabitants', 'name']);
  });
}
