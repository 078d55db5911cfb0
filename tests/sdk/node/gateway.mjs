// What the Node tests share: the running gateway, accounts of their own, exact money, and a fetch that records.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import OpenAI from 'openai';

export const BASE_URL = process.env.GATEWAY_BASE_URL;
export const API_KEY = process.env.GATEWAY_API_KEY;
const ADMIN_KEY = process.env.GATEWAY_ADMIN_KEY;

export const HELLO = [{ role: 'user', content: 'Hello' }];

/** Makes an account and gives its key. */
export async function createAccount(wanted = {}) {
  const answer = await fetch(`${BASE_URL}/admin/create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${randomUUID()}@sdk.test`, ...wanted }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).api_key;
}

/** The member `name` of a JSON text in nano-dollars, from its own digits: money never passes through a float. */
export function nanos(text, name) {
  const found = [...text.matchAll(new RegExp(`"${name}":\\s*(-?\\d+)(?:\\.(\\d{1,9}))?(?=[,}\\s])`, 'g'))];
  assert.equal(found.length, 1, `one ${name} in ${text}`);
  const [, whole, fraction = ''] = found[0];
  return BigInt(whole + fraction.padEnd(9, '0'));
}

/** The credits of a key's account once no call is open: the settle comes after the answer. */
export async function settledBalance(key) {
  for (let attempt = 0; attempt < 600; attempt++) {
    const answer = await fetch(`${BASE_URL}/user/balance`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 200);
    const text = await answer.text();
    if (nanos(text, 'held') === 0n) return nanos(text, 'credits');
    await sleep(50);
  }
  assert.fail('a hold was never settled');
}

/** An SDK client, and the answers to everything it sent, each with its time. */
export function connect(apiKey = API_KEY, options = {}) {
  const answers = [];
  const recording = async (...call) => {
    const at = performance.now();
    const answer = await fetch(...call);
    answers.push({ at, status: answer.status, headers: answer.headers });
    return answer;
  };
  const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey, fetch: recording, timeout: 60_000, ...options });
  return { client, answers };
}

export async function collect(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}
