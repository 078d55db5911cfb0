// The official library of Standard Webhooks reads what the gateway sends, and refuses what is not as it was sent.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import test from 'node:test';

import { Webhook } from 'standardwebhooks';

const env = (name) => {
  assert.ok(process.env[name], `${name} is set`);
  return process.env[name];
};
const GATEWAY = env('GATEWAY_BASE_URL');

const ask = async (method, path, body, key = env('GATEWAY_API_KEY')) => {
  const response = await fetch(`${GATEWAY}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
};

// A server that keeps what it is sent.
const received = [];
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
  response.end();
}).listen(0);
await once(server, 'listening');
const url = `http://localhost:${server.address().port}/webhooks`;
const last = () => received.at(-1);

test('the library reads a test, and an event that has happened', async () => {
  const hook = await ask('POST', '/user/webhooks', { url, events: ['payment.succeeded'] });
  const library = new Webhook(hook.secret);
  const sent = await ask('POST', `/user/webhooks/${hook.id}/test`, {});
  assert.equal(sent.state, 'delivered', JSON.stringify(sent));
  assert.equal(library.verify(last().body, last().headers).type, 'webhook.test');
  assert.equal(last().headers['webhook-id'], sent.id);

  const begun = await ask('POST', '/api/stripe/checkout-session', { amount: 25 });
  const paid = await fetch(`${GATEWAY}/_local/stripe/pay/${begun.id}`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ card: 'good' }),
  });
  assert.equal(paid.status, 200, await paid.text());
  await ask('GET', `/api/stripe/checkout-session/${begun.id}`);
  // It is told behind the act that credits it.
  let delivery;
  for (let tries = 0; delivery?.state !== 'delivered' && tries < 300; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const all = (await ask('GET', `/user/webhooks/${hook.id}/deliveries`)).data;
    delivery = all.find((one) => one.event === 'payment.succeeded');
  }
  const event = library.verify(last().body, last().headers);
  assert.deepEqual([event.type, event.data.paid, event.data.credits], ['payment.succeeded', 25, 25]);
  assert.deepEqual([delivery.id, delivery.state], [last().headers['webhook-id'], 'delivered']);

  // Sent again, it is the same to the library.
  await ask('POST', `/user/webhooks/${hook.id}/deliveries/${delivery.id}/replay`, {});
  assert.deepEqual(library.verify(last().body, last().headers), event);
  assert.equal(last().headers['webhook-id'], delivery.id);
});

test('the library refuses another body, another id, another time and another secret', async () => {
  const hook = await ask('POST', '/user/webhooks', { url, events: ['usage.daily'] });
  const library = new Webhook(hook.secret);
  await ask('POST', `/user/webhooks/${hook.id}/test`, {});
  const { body, headers } = last();
  library.verify(body, headers);
  assert.throws(() => library.verify(`${body} `, headers));
  assert.throws(() => library.verify(body, { ...headers, 'webhook-id': 'another' }));
  assert.throws(() => library.verify(body, { ...headers, 'webhook-timestamp': `${headers['webhook-timestamp'] - 600}` }));
  assert.throws(() => new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').verify(body, headers));
});

test('while a secret is rotated the library reads with either', async () => {
  const hook = await ask('POST', '/user/webhooks', { url, events: ['usage.daily'] });
  const rotated = await ask('POST', `/user/webhooks/${hook.id}/rotate-secret`, {});
  await ask('POST', `/user/webhooks/${hook.id}/test`, {});
  for (const secret of [hook.secret, rotated.secret]) new Webhook(secret).verify(last().body, last().headers);
  const ended = await ask('POST', `/user/webhooks/${hook.id}/rotate-secret`, { overlap_hours: 0 });
  await ask('POST', `/user/webhooks/${hook.id}/test`, {});
  new Webhook(ended.secret).verify(last().body, last().headers);
  assert.throws(() => new Webhook(hook.secret).verify(last().body, last().headers));
});
