// The triggers of Stripe's own command line drive the stand-in: chains of requests as Stripe's people think of them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const GATEWAY = process.env.GATEWAY_BASE_URL;
// The binary is Stripe's own package for this platform; STRIPE_CLI names another one.
const cli = process.env.STRIPE_CLI ?? 'node_modules/@stripe/cli-linux-x64/bin/stripe';
const skip = existsSync(cli) ? false : 'Stripe\'s command line is not here: set STRIPE_CLI';
const home = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
// Without its telemetry: each request is reported on in a goroutine of its own, and a report that begins while the process waits
// for the last one can end it, once the trigger has succeeded, in a panic: "WaitGroup is reused before previous Wait has returned".
const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: 'true' };

test.after(() => rmSync(home, { recursive: true, force: true }));

for (const event of [
  'customer.created',
  'customer.deleted',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'charge.succeeded',
  'charge.refunded',
  'charge.dispute.created',
  'payment_method.attached',
  'payment_method.detached',
  'product.created',
  'price.created',
  'checkout.session.completed',
]) {
  test(`stripe trigger ${event}`, { skip }, async () => {
    const options = ['trigger', event, '--api-key', process.env.GATEWAY_STRIPE_KEY, '--api-base', process.env.GATEWAY_STRIPE_URL];
    const { stdout, stderr } = await run(cli, options, { env: environment });
    assert.match(stdout, /Trigger succeeded/, `${stdout}${stderr}`);
  });
}

test('what the triggers made is told of', { skip }, async () => {
  const { event } = await (await fetch(`${GATEWAY}/_local/stripe`, { headers: { accept: 'application/json' } })).json();
  const kinds = new Set(event.map(({ type }) => type));
  for (const kind of ['customer.deleted', 'payment_intent.succeeded', 'charge.refunded', 'charge.dispute.created', 'checkout.session.completed']) {
    assert.ok(kinds.has(kind), `${kind} among ${[...kinds]}`);
  }
});
