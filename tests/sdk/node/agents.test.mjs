// OpenAI's agents, by way of Responses, which is their default, and of chat completions.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

import { API_KEY, BASE_URL } from './gateway.mjs';

const runner = new Runner({ tracingDisabled: true });
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });

const NAMES = ['openrouter:openai/gpt-4o-mini', 'portkey:openai/gpt-4o-mini', 'anthropic:claude-sonnet-4-5'];

const WAYS = [
  ['Responses', OpenAIResponsesModel],
  ['chat', OpenAIChatCompletionsModel],
].flatMap(([wire, Model]) => NAMES.map((name) => [name, wire, new Model(client, name)]));

for (const [name, wire, model] of WAYS) {
  for (const stream of [false, true]) {
    test(`${name}, by ${wire}: an agent calls its tool and answers, ${stream ? 'streamed' : 'plain'}`, async () => {
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

  test(`${name}, by ${wire}: an agent answers in a shape`, async () => {
    const outputType = z.object({ name: z.string(), inhabitants: z.number() });
    const agent = new Agent({ name: 'clerk', instructions: 'Be brief.', model, outputType });
    const { finalOutput } = await runner.run(agent, 'Hello');
    assert.deepEqual(Object.keys(finalOutput).sort(), ['inhabitants', 'name']);
  });
}
