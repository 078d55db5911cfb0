// Buying credit in a browser at the stand-in's pages, on a telephone, in the light and in the dark.
// With SCREENSHOTS=folder the pages are kept as pictures.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { adminKey, ask as asked, base, browser, drawn, faults, until } from "./in_console.mjs";

let context;
let close;
/** Of an account of its own: what others spend meanwhile is none of its balance. */
let secret;

before(async () => {
  ({ context, close } = await browser({ viewport: { width: 390, height: 844 } }));
  secret = (await asked("POST", "/admin/create", { email: `pays-${randomUUID()}@example.com`, credits: 5 }, adminKey)).body.api_key;
});
after(() => close?.());

async function ask(method, path, body) {
  const { status, body: answer } = await asked(method, path, body, secret);
  assert.equal(status, 200, JSON.stringify(answer));
  return answer;
}

const balance = async () => (await ask("GET", "/user/balance")).credits;

/** A page of the stand-in that fits the telephone and that people who see little can use, in the light and in the dark. */
async function readable(page, name) {
  const looks = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await drawn(page);
    const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(hidden <= 0, `${name}: ${hidden} px are off-screen in the ${colorScheme}`);
    assert.deepEqual(await faults(page), [], name);
    looks.push(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme + getComputedStyle(document.body).color));
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: true });
  }
  assert.notEqual(looks[0], looks[1], `${name} is the same in the dark`);
}

test("a purchase at the page ends in a higher balance", async () => {
  const before = await balance();
  const begun = await ask("POST", "/api/stripe/checkout-session", { amount: 25, success_url: `${base}/?session={CHECKOUT_SESSION_ID}` });
  const page = await context.newPage();
  await page.goto(begun.url);
  await page.getByRole("heading", { name: "Pay $25.00" }).waitFor();
  await readable(page, "pay");
  // A card that is declined says so, and leaves the page open.
  await page.getByLabel("With").selectOption("poor");
  await page.getByRole("button", { name: "Pay" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await balance(), before);
  await page.getByRole("link", { name: "Back" }).click();
  await page.getByLabel("With").selectOption("good");
  await page.getByRole("button", { name: "Pay" }).click();
  await page.waitForURL(`${base}/?session=${begun.id}`);
  await until("the credit", async () => (await balance()) === before + 25);
});

test("what was bought is refunded at the overview", async () => {
  const before = await balance();
  const page = await context.newPage();
  await page.goto(`${base}/_local/stripe`);
  await readable(page, "overview");
  const payment = page.locator("article").filter({ hasText: "payment_intent" }).first();
  await payment.getByLabel("Cents").fill("1000");
  await payment.getByRole("button", { name: "Refund" }).click();
  await until("the refund", async () => (await balance()) === before - 10);
});

test("a card that is left at the page turns auto top-up on", async () => {
  const agreed = await ask("PUT", "/user/auto-topup", {
    enabled: true, consent: true, threshold: 1, amount: 5, monthly_cap: 50, new_card: true, success_url: `${base}/?card=left`,
  });
  assert.equal(agreed.state, "awaiting_card");
  const page = await context.newPage();
  await page.goto(agreed.setup_url);
  await page.getByRole("heading", { name: "Leave a card" }).waitFor();
  await readable(page, "card");
  await page.getByRole("button", { name: "Leave it" }).click();
  await page.waitForURL(`${base}/?card=left`);
  assert.equal((await ask("GET", "/user/auto-topup")).state, "active");
  assert.equal((await ask("PUT", "/user/auto-topup", { enabled: false })).state, "off");
});
