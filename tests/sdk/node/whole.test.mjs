// openai-node asking for what is no text: vectors and images.

import assert from 'node:assert/strict';
import test from 'node:test';

import { collect, connect, createAccount, nanos, settledBalance } from './gateway.mjs';

const EMBEDDINGS = 'text-embedding-3-small';
const IMAGES = 'openai/gpt-image-1';

// The SDK asks for base64 unless it is told otherwise, and gives numbers either way.
for (const encoding of [undefined, 'float']) {
  test(`embeddings are numbers, asked for as ${encoding ?? 'usual'}`, async () => {
    const { client } = connect();
    const answer = await client.embeddings.create({
      model: EMBEDDINGS,
      input: ['Hello', 'there'],
      ...(encoding && { encoding_format: encoding }),
    });
    assert.deepEqual(answer.data.map((item) => item.index), [0, 1]);
    assert.ok(answer.data.every((item) => item.embedding.every(Number.isFinite)));
    assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.cost > 0);
  });
}

test('embeddings have the dimensions that are asked for', async () => {
  const { client } = connect();
  const answer = await client.embeddings.create({ model: EMBEDDINGS, input: 'Hello', dimensions: 256 });
  assert.equal(answer.data[0].embedding.length, 256);
});

for (const model of ['openai:openai/gpt-image-1', 'portkey:openai/gpt-image-1', 'google/gemini-2.5-flash-image']) {
  test(`${model}: images are made`, async () => {
    const { client } = connect();
    const answer = await client.images.generate({ model, prompt: 'A lighthouse', n: 2, quality: 'low' });
    assert.equal(answer.data.length, 2);
    assert.ok(answer.data.every((image) => image.b64_json.length > 0));
    assert.ok(answer.usage.cost > 0);
  });
}

test('an image comes in parts where it is streamed', async () => {
  const { client } = connect();
  const wanted = { model: IMAGES, prompt: 'A lighthouse', stream: true, partial_images: 2 };
  const events = await collect(await client.images.generate(wanted));
  const [part, completed] = ['image_generation.partial_image', 'image_generation.completed'];
  assert.deepEqual(events.map((event) => event.type), [part, part, completed]);
  assert.ok(events.at(-1).usage.total_tokens > 0);
});

test('the balance falls by exactly what they cost', async () => {
  const key = await createAccount({ credits: 5, plan: 'customize' });
  const before = await settledBalance(key);
  const { client } = connect(key);
  const answers = [
    await client.embeddings.create({ model: EMBEDDINGS, input: 'Hello' }).asResponse(),
    await client.images.generate({ model: IMAGES, prompt: 'A lighthouse', quality: 'low' }).asResponse(),
  ];
  let cost = 0n;
  for (const answer of answers) cost += nanos(await answer.text(), 'cost');
  assert.ok(cost > 0n);
  assert.equal(before - (await settledBalance(key)), cost);
});
