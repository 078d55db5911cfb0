// OpenRouter's own SDK and its provider for the AI SDK, unmodified but for the base URL. Both check every answer against schemas made
// from OpenRouter's OpenAPI document, so that an answer which comes through has its shape.

import assert from 'node:assert/strict';
import test from 'node:test';

import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { OpenRouter } from '@openrouter/sdk';
import {
  PaymentRequiredResponseError,
  UnauthorizedResponseError,
  NotFoundResponseError,
} from '@openrouter/sdk/models/errors';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

import { API_KEY, BASE_URL, HELLO, collect, createAccount, settledBalance } from './gateway.mjs';

const serverURL = `${BASE_URL}/api/v1`;
const connect = (apiKey) => new OpenRouter({ apiKey, serverURL, retryConfig: { strategy: 'none' } });
const chat = (client, more) => client.chat.send({ chatRequest: { model: 'test/echo', messages: HELLO, ...more } });

/** The call, once it is on record. */
async function generation(client, id) {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return (await client.generations.getGeneration({ id })).data;
    } catch (error) {
      if (!(error instanceof NotFoundResponseError)) throw error;
      await sleep(25);
    }
  }
  assert.fail('the call never came on record');
}

test('a chat has its cost, and is found again by its id', async () => {
  const client = connect(await createAccount({ credits: 5 }));
  const answer = await chat(client);
  assert.equal(answer.choices[0].finishReason, 'stop');
  assert.ok(answer.choices[0].message.content);
  assert.ok(answer.usage.cost > 0 && answer.usage.totalTokens > 0);
  const call = await generation(client, answer.id);
  assert.equal(call.totalCost, answer.usage.cost);
  assert.equal(call.nativeTokensPrompt, answer.usage.promptTokens);
  assert.equal(call.finishReason, 'stop');
  assert.equal(call.streamed, false);
});

test('a stream has its usage in its last chunk', async () => {
  const client = connect(await createAccount({ credits: 5 }));
  const chunks = await collect(await chat(client, { stream: true }));
  assert.ok(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''));
  assert.deepEqual(chunks.map((chunk) => Boolean(chunk.usage)).indexOf(true), chunks.length - 1);
  assert.ok(chunks.at(-1).usage.cost > 0);
  assert.equal((await generation(client, chunks[0].id)).streamed, true);
});

test('refusals are the errors that they are', async () => {
  await assert.rejects(chat(connect(`gw_dev_${'x'.repeat(43)}`)), UnauthorizedResponseError);
  await assert.rejects(chat(connect(await createAccount())), PaymentRequiredResponseError);
  await assert.rejects(chat(connect(API_KEY), { model: 'test/no-such-model' }), NotFoundResponseError);
});

test('the catalog is read as it is', async () => {
  const client = connect(await createAccount({ credits: 5 }));
  const pages = await collect(await client.models.list({}));
  const models = pages.flatMap((page) => (page.result ?? page).data);
  const echo = models.find((model) => model.id === 'test/echo');
  assert.ok(echo.pricing.prompt && echo.topProvider.contextLength > 0);
  const { count } = (await client.models.count()).data;
  assert.equal(count, models.length);
  const of = (id) => ({ author: id.split('/')[0], slug: id.split('/')[1] });
  assert.equal((await client.models.get(of('test/echo'))).data.id, 'test/echo');
  const { endpoints } = (await client.endpoints.list(of('test/echo'))).data;
  assert.ok(endpoints.length > 0 && endpoints.every((endpoint) => endpoint.modelId === 'test/echo'));
  assert.ok((await client.providers.list()).data.some((provider) => provider.slug === endpoints[0].tag));
  await client.embeddings.listModels();
  await assert.rejects(client.models.get(of('test/nothing')), NotFoundResponseError);
});

test('a backend makes, limits, disables and deletes keys of its customers', async () => {
  const key = await createAccount({ credits: 5 });
  const client = connect(key);
  const made = await client.apiKeys.create({ requestBody: { name: 'customer', limit: 0.5, limitReset: 'daily' } });
  const customer = connect(made.key);
  const { usage } = await chat(customer);
  await settledBalance(key);
  const own = (await customer.apiKeys.getCurrentKeyMetadata()).data;
  assert.equal(own.usage, usage.cost);
  assert.equal(own.limitReset, 'daily');
  const { hash } = made.data;
  assert.equal((await client.apiKeys.get({ hash })).data.usageDaily, usage.cost);
  await client.apiKeys.update({ hash, requestBody: { disabled: true, limit: null } });
  await assert.rejects(chat(customer), UnauthorizedResponseError);
  const listed = await client.apiKeys.list({ includeDisabled: true });
  assert.ok(listed.data.some((one) => one.hash === hash && one.disabled && one.limit === null));
  assert.equal((await client.apiKeys.delete({ hash })).deleted, true);
  await assert.rejects(client.apiKeys.get({ hash }), NotFoundResponseError);
});

test('credits and activity add up', async () => {
  const key = await createAccount({ credits: 5 });
  const client = connect(key);
  const before = (await client.credits.getCredits()).data;
  const { usage } = await chat(client);
  await settledBalance(key);
  const after = (await client.credits.getCredits()).data;
  assert.equal(after.totalCredits, before.totalCredits);
  assert.ok(Math.abs(after.totalUsage - before.totalUsage - usage.cost) < 1e-12);
  // Of days that are over.
  assert.deepEqual((await client.analytics.getUserActivity()).data, []);
});

test('an app gets a key by a code that its user has agreed to', async () => {
  const user = connect(await createAccount({ credits: 5 }));
  const app = connect('');
  const { codeChallenge, codeVerifier } = await app.oAuth.createSHA256CodeChallenge();
  const callbackUrl = 'https://app.example/back';
  const address = await app.oAuth.createAuthorizationUrl({ callbackUrl, codeChallenge, codeChallengeMethod: 'S256', limit: 2 });
  const page = await fetch(address);
  assert.equal(page.status, 200);
  assert.ok((await page.text()).includes('https://app.example'));
  const { data } = await user.oAuth.createAuthCode({
    requestBody: { callbackUrl, codeChallenge, codeChallengeMethod: 'S256', keyLabel: 'An app', limit: 2 },
  });
  const exchange = (code, verifier) =>
    app.oAuth.exchangeAuthCodeForAPIKey({ requestBody: { code, codeVerifier: verifier, codeChallengeMethod: 'S256' } });
  const { key, userId } = await exchange(data.id, codeVerifier);
  assert.ok(userId);
  assert.equal((await connect(key).apiKeys.getCurrentKeyMetadata()).data.limit, 2);
  assert.ok((await chat(connect(key))).usage.cost > 0);
  await assert.rejects(exchange(data.id, codeVerifier));
});

test("the AI SDK's provider writes, streams and calls tools", async () => {
  const openrouter = createOpenRouter({ baseURL: serverURL, apiKey: await createAccount({ credits: 5 }), compatibility: 'strict' });
  const plain = await generateText({ model: openrouter('test/echo'), prompt: 'Hello', maxRetries: 0 });
  assert.ok(plain.text && plain.usage.totalTokens > 0);
  assert.ok(plain.providerMetadata.openrouter.usage.cost > 0);
  const stream = streamText({ model: openrouter('test/echo'), prompt: 'Hello', maxRetries: 0 });
  assert.ok((await collect(stream.textStream)).join(''));
  assert.ok((await stream.usage).totalTokens > 0);
  assert.ok((await stream.providerMetadata).openrouter.usage.cost > 0);
  const asked = [];
  const tools = {
    get_weather: tool({
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => {
        asked.push(city);
        return 'sunny';
      },
    }),
  };
  await generateText({
    model: openrouter('test/echo'), prompt: 'Weather?', tools, toolChoice: 'auto', stopWhen: isStepCount(2), maxRetries: 0,
  });
  assert.ok(asked.length > 0);
  const poor = createOpenRouter({ baseURL: serverURL, apiKey: `gw_dev_${'x'.repeat(43)}` });
  await assert.rejects(generateText({ model: poor('test/echo'), prompt: 'Hello', maxRetries: 0 }), (error) => {
    assert.equal(error.statusCode, 401);
    return true;
  });
});
