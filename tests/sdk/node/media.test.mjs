// openai-node with files: transcripts and edits of images; and speech.

import assert from 'node:assert/strict';
import test from 'node:test';

import { toFile } from 'openai';

import { collect, connect, createAccount, nanos, settledBalance } from './gateway.mjs';

const [BY_SECONDS, BY_TOKENS] = ['openai/whisper-1', 'gpt-4o-transcribe'];
const IMAGES = 'openai/gpt-image-1-mini';

/** Two seconds of silence. */
async function sound() {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + 16_000, 4);
  head.write('WAVEfmt ', 8);
  for (const [at, value] of [[16, 16], [24, 8_000], [28, 8_000], [40, 16_000]]) head.writeUInt32LE(value, at);
  for (const [at, value] of [[20, 1], [22, 1], [32, 1], [34, 8]]) head.writeUInt16LE(value, at);
  head.write('data', 36);
  return toFile(Buffer.concat([head, Buffer.alloc(16_000, 0x80)]), 'silence.wav');
}

const png = () => toFile(Buffer.from('iVBORw0KGgo=', 'base64'), 'a.png', { type: 'image/png' });

test('a transcript is JSON, a text, or events', async () => {
  const { client } = connect();
  const transcript = await client.audio.transcriptions.create({ model: BY_TOKENS, file: await sound() });
  assert.ok(transcript.text && transcript.usage.total_tokens > 0 && transcript.usage.cost > 0);
  const text = await client.audio.transcriptions.create({
    model: BY_SECONDS,
    file: await sound(),
    response_format: 'text',
  });
  assert.equal(text, `${transcript.text}\n`);
  const verbose = await client.audio.transcriptions.create({
    model: BY_SECONDS,
    file: await sound(),
    response_format: 'verbose_json',
    timestamp_granularities: ['segment'],
  });
  assert.equal(verbose.usage.seconds, 2);
  const events = await collect(
    await client.audio.transcriptions.create({ model: BY_TOKENS, file: await sound(), stream: true }),
  );
  assert.equal(events.at(-1).type, 'transcript.text.done');
  assert.equal(events.slice(0, -1).map((event) => event.delta).join(''), events.at(-1).text);
});

test('images are edited, at once and in parts', async () => {
  const { client } = connect();
  const image = [await png(), await png()];
  const answer = await client.images.edit({ model: IMAGES, image, mask: await png(), prompt: 'A hat', quality: 'low' });
  assert.ok(answer.data[0].b64_json.length > 0 && answer.usage.cost > 0);
  const wanted = { model: IMAGES, image: await png(), prompt: 'A hat', stream: true, partial_images: 1 };
  const events = await collect(await client.images.edit(wanted));
  assert.deepEqual(events.map((event) => event.type), ['image_edit.partial_image', 'image_edit.completed']);
});

test('speech is bytes', async () => {
  const { client } = connect();
  for (const model of ['openai/tts-1', 'gpt-4o-mini-tts']) {
    const answer = await client.audio.speech.create({ model, input: 'Hello', voice: 'alloy' });
    assert.equal(answer.headers.get('content-type'), 'audio/mpeg');
    assert.equal((await answer.arrayBuffer()).byteLength, 502);
  }
});

test('the balance falls by exactly what they cost', async () => {
  const key = await createAccount({ credits: 5, plan: 'customize' });
  const before = await settledBalance(key);
  const { client } = connect(key);
  const answers = [
    await client.audio.transcriptions.create({ model: BY_TOKENS, file: await sound() }).asResponse(),
    await client.images.edit({ model: IMAGES, image: await png(), prompt: 'A hat', quality: 'low' }).asResponse(),
  ];
  let cost = 0n;
  for (const answer of answers) cost += nanos(await answer.text(), 'cost');
  assert.ok(cost > 0n);
  assert.equal(before - (await settledBalance(key)), cost);
});
