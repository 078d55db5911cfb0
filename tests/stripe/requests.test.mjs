// Every request that the gateway sends to Stripe, against JSON Schema made of Stripe's own types of requests.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import Ajv from 'ajv';

const GATEWAY = process.env.GATEWAY_BASE_URL;
const CACHE = 'node_modules/.schemas';

/** What each path takes; the rest of a path is an id. Nothing is posted to any other path. */
const TYPES = [
  [/^\/v1\/customers$/, 'Customer'],
  [/^\/v1\/checkout\/sessions$/, 'CheckoutSession'],
  [/^\/v1\/checkout\/sessions\/[^/]+\/expire$/, null],
  [/^\/v1\/payment_intents$/, 'PaymentIntent'],
  [/^\/v1\/refunds$/, 'Refund'],
  [/^\/v1\/subscriptions\/[^/]+$/, 'Subscription'],
  [/^\/v1\/subscription_schedules$/, 'Schedule'],
  [/^\/v1\/subscription_schedules\/[^/]+\/release$/, null],
  [/^\/v1\/subscription_schedules\/[^/]+$/, 'ScheduleChange'],
  [/^\/v1\/billing_portal\/sessions$/, 'PortalVisit'],
  [/^\/v1\/billing_portal\/configurations$/, 'PortalConfiguration'],
  [/^\/v1\/products$/, 'Product'],
  [/^\/v1\/prices$/, 'Price'],
  [/^\/v1\/webhook_endpoints$/, 'WebhookEndpoint'],
];

const ask = async (method, path, body, key = process.env.GATEWAY_API_KEY) => {
  const response = await fetch(`${GATEWAY}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
};
const act = async (name, id, form = {}) => {
  const response = await fetch(`${GATEWAY}/_local/stripe/${name}/${id}`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  });
  assert.equal(response.status, 200, await response.clone().text());
};
const idIn = (url) => url.split('/').pop();

/** The JSON Schema of a type, made once. */
function schema(type) {
  mkdirSync(CACHE, { recursive: true });
  const file = `${CACHE}/${type}.json`;
  if (!existsSync(file)) {
    execFileSync('node_modules/.bin/ts-json-schema-generator', ['--path', 'types.ts', '--type', type, '--no-type-check', '-o', file], { stdio: 'pipe' });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** `a[b][0]=c` as `{a: {b: ["c"]}}`. */
function tree(body) {
  const all = {};
  for (const [name, value] of new URLSearchParams(body)) {
    const parts = name.split(/[[\]]+/).filter((part) => part !== '');
    let place = all;
    parts.forEach((part, i) => {
      const next = parts[i + 1];
      place[part] ??= next === undefined ? value : /^\d+$/.test(next) ? [] : {};
      place = place[part];
    });
  }
  return all;
}

test('every request is one of Stripe\'s own types', async () => {
  const admin = process.env.GATEWAY_ADMIN_KEY;
  // Each way in which something is asked of Stripe.
  const bought = await ask('POST', '/api/stripe/checkout-session', { amount: 25, save_card: true });
  await act('pay', bought.id);
  await ask('GET', `/api/stripe/checkout-session/${bought.id}`);
  await ask('POST', '/api/stripe/payment-intent', { package: 'basic', save_card: true });
  await ask('POST', '/api/stripe/refund', { payment_id: bought.payment.id, amount: 5, reason: 'requested_by_customer' }, admin);
  const agreed = { enabled: true, consent: true, threshold: 1000, amount: 5, monthly_cap: 5 };
  const page = await ask('PUT', '/user/auto-topup', { ...agreed, new_card: true });
  await act('pay', idIn(page.setup_url));
  assert.equal((await ask('GET', '/user/auto-topup')).state, 'active');
  await ask('PUT', '/user/auto-topup', agreed);
  const overview = async () => (await fetch(`${GATEWAY}/_local/stripe`, { headers: { accept: 'application/json' } })).json();
  let asked = [];
  for (let tries = 0; tries < 200; tries += 1) {
    asked = (await overview()).requests.filter(({ version }) => version);
    if (asked.some(({ body }) => body.includes('off_session=true'))) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await ask('PUT', '/user/auto-topup', { enabled: false });
  const plan = await ask('POST', '/subscription/checkout', { plan: 'dev', interval: 'month' });
  await act('pay', idIn(plan.url));
  while (!(await ask('GET', '/user/plan')).subscription) await new Promise((resolve) => setTimeout(resolve, 50));
  await ask('POST', '/subscription/change', { plan: 'team', interval: 'year' });
  assert.equal((await ask('POST', '/subscription/change', { plan: 'dev' })).next_plan, 'dev');
  assert.equal((await ask('POST', '/subscription/cancel', {})).next_plan, null);
  await ask('POST', '/subscription/resume', {});
  await ask('POST', '/subscription/portal', {});

  asked = (await overview()).requests.filter(({ version }) => version === '2026-10-28.endive');
  const ajv = new Ajv({ strict: false, coerceTypes: true, allErrors: true });
  const checks = {};
  const seen = new Set();
  for (const { path, body } of asked) {
    const known = TYPES.find(([pattern]) => pattern.test(path));
    assert.ok(known, `${path} is of no type`);
    const type = known[1];
    if (!type) continue;
    checks[type] ??= ajv.compile(schema(type));
    const sent = tree(body);
    assert.ok(checks[type](sent), `${path} ${body}\n${JSON.stringify(checks[type].errors?.slice(0, 5))}`);
    seen.add(type);
  }
  for (const type of ['Customer', 'CheckoutSession', 'PaymentIntent', 'Refund', 'PortalVisit', 'Subscription', 'Schedule', 'ScheduleChange']) {
    assert.ok(seen.has(type), `no ${type} was asked for`);
  }
  // The check refuses what Stripe would.
  checks.Refund ??= ajv.compile(schema('Refund'));
  assert.ok(!checks.Refund({ payment_intent: 'pi_1', surprise: '1' }));
});
