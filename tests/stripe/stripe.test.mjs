// Stripe's own library against the stand-in, and against the gateway's webhook.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';

import Stripe from 'stripe';

const env = (name) => {
  assert.ok(process.env[name], `${name} is set`);
  return process.env[name];
};
const GATEWAY = env('GATEWAY_BASE_URL');
const SECRET = env('GATEWAY_STRIPE_SECRET');
const address = new URL(env('GATEWAY_STRIPE_URL'));
const options = { host: address.hostname, port: address.port, protocol: 'http', maxNetworkRetries: 0 };
const stripe = new Stripe(env('GATEWAY_STRIPE_KEY'), options);

const ask = async (method, path, body, key) => {
  const response = await fetch(`${GATEWAY}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};
const act = async (name, id, form) => {
  const response = await fetch(`${GATEWAY}/_local/stripe/${name}/${id}`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
};
const until = async (what, holds) => {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what} never came`);
};

test('the stand-in answers the library as Stripe does', async () => {
  const customer = await stripe.customers.create({ email: 'ann@example.com', metadata: { account: 'a' } });
  assert.equal((await stripe.customers.retrieve(customer.id)).email, 'ann@example.com');
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    success_url: 'https://shop.example/{CHECKOUT_SESSION_ID}',
    line_items: [
      { quantity: 1, price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Credits & more ü' } } },
    ],
    payment_intent_data: { metadata: { payment: 'none of ours' } },
  });
  assert.deepEqual([session.amount_total, session.status, session.success_url], [2500, 'open', 'https://shop.example/{CHECKOUT_SESSION_ID}']);
  await act('pay', session.id, {});
  const paid = await stripe.checkout.sessions.retrieve(session.id);
  assert.deepEqual([paid.payment_status, paid.status], ['paid', 'complete']);
  const intent = await stripe.paymentIntents.retrieve(paid.payment_intent);
  assert.deepEqual([intent.status, intent.metadata.payment], ['succeeded', 'none of ours']);
  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 1000 }, { idempotencyKey: 'one' });
  const again = await stripe.refunds.create({ payment_intent: intent.id, amount: 1000 }, { idempotencyKey: 'one' });
  assert.equal(again.id, refund.id);
  const listed = [];
  for await (const entry of stripe.refunds.list({ payment_intent: intent.id, limit: 1 })) listed.push(entry.id);
  assert.deepEqual(listed, [refund.id]);
  const types = (await stripe.events.list({ types: ['refund.created'], limit: 100 })).data.map((event) => event.type);
  assert.ok(types.length > 0 && types.every((type) => type === 'refund.created'), `${types}`);
});

test('the library knows the stand-in\'s refusals for what they are', async () => {
  const intents = stripe.paymentIntents;
  await assert.rejects(intents.create({ amount: 10, currency: 'usd' }), { type: 'StripeInvalidRequestError', code: 'amount_too_small', param: 'amount' });
  await assert.rejects(intents.create({ amount: 1000, currency: 'usd', surprise: 1 }), { code: 'parameter_unknown' });
  const declined = { amount: 1000, currency: 'usd', confirm: true, payment_method: 'pm_card_chargeDeclined' };
  await assert.rejects(intents.create(declined), { type: 'StripeCardError', code: 'card_declined' });
  await assert.rejects(stripe.customers.retrieve('cus_nobody'), { type: 'StripeInvalidRequestError', statusCode: 404 });
  await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'two' });
  await assert.rejects(stripe.customers.create({ email: 'b@example.com' }, { idempotencyKey: 'two' }), { type: 'StripeIdempotencyError' });
  const stranger = new Stripe('sk_test_another', options);
  await assert.rejects(stranger.events.list(), { type: 'StripeAuthenticationError' });
  const before = new Stripe(env('GATEWAY_STRIPE_KEY'), { ...options, apiVersion: '2026-03-25.dahlia' });
  assert.equal((await before.paymentIntents.create({ amount: 1000, currency: 'usd', payment_method_types: ['card'] })).amount, 1000);
  const endive = new Stripe(env('GATEWAY_STRIPE_KEY'), { ...options, apiVersion: '2026-10-28.endive' });
  await assert.rejects(endive.paymentIntents.create({ amount: 1000, currency: 'usd', payment_method_types: ['card'] }), { code: 'payment_method_types_no_longer_supported' });
});

test('the library believes what the stand-in signs', async () => {
  const response = await fetch(`${GATEWAY}/_local/stripe/signed`, { headers: { accept: 'application/json' } });
  const events = await response.json();
  assert.ok(events.length > 0);
  for (const { body, signature } of events) {
    assert.equal(stripe.webhooks.constructEvent(body, signature, SECRET).object, 'event');
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_another'), /signature/);
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, SECRET), /signature/);
  }
});

test('the gateway believes what the library signs, and nothing else', async () => {
  const payload = JSON.stringify({
    id: 'evt_of_the_library', object: 'event', type: 'invoice.created', created: 1790000000, livemode: false, data: { object: { id: 'in_1' } },
  });
  const post = async (signature) => {
    const response = await fetch(`${GATEWAY}/api/stripe/webhook`, { method: 'POST', headers: { 'stripe-signature': signature }, body: payload });
    await response.arrayBuffer();
    return response.status;
  };
  const sign = (secret, timestamp) => stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const now = Math.floor(Date.now() / 1000);
  assert.equal(await post(sign(SECRET, now)), 200);
  assert.equal(await post(sign('whsec_another', now)), 400);
  assert.equal(await post(sign(SECRET, now - 600)), 400);
});

test('a purchase by the page ends in a higher balance, by its events alone', async () => {
  // An account of its own: what others buy and spend meanwhile is none of its balance.
  const { body: { api_key: key } } = await ask('POST', '/admin/create', { email: `${randomUUID()}@stripe.test`, credits: 5 }, env('GATEWAY_ADMIN_KEY'));
  const balance = async () => (await ask('GET', '/user/balance', undefined, key)).body.credits;
  assert.equal(await balance(), 5);
  const begun = await ask('POST', '/api/stripe/checkout-session', { amount: 25 }, key);
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const page = await fetch(begun.body.url);
  assert.match(await page.text(), /Pay \$25\.00/);
  await act('pay', begun.body.id, { card: 'good' });
  await until('the credit', async () => (await balance()) === 30);
  const intent = (await stripe.checkout.sessions.retrieve(begun.body.id)).payment_intent;
  await stripe.refunds.create({ payment_intent: intent, amount: 1000 });
  await until('the refund', async () => (await balance()) === 20);
});
