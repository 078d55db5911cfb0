// /docs in a browser: the page renders the document, an operation can be expanded and tried, and nothing is fetched
// from anywhere else or complains.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const base = process.env.GATEWAY_BASE_URL;
const key = process.env.GATEWAY_API_KEY;
const profile = mkdtempSync(join(tmpdir(), "browser-"));
let context;

before(async () => {
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(async () => {
  await context?.close();
  rmSync(profile, { recursive: true, force: true });
});

/** A page that remembers what it fetched and what it complained about. */
async function open(path) {
  const page = await context.newPage();
  const complaints = [];
  const fetched = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
  page.on("request", (request) => fetched.push(request.url()));
  const response = await page.goto(`${base}${path}`);
  assert.equal(response.status(), 200);
  return { page, complaints, fetched };
}

/** Enters the key for whatever is tried from now on. */
async function authorize(page) {
  await page.locator(".btn.authorize").first().click();
  await page.locator('.auth-container input[type="text"], .auth-container input[type="password"]').first().fill(key);
  await page.locator(".auth-btn-wrapper .authorize").first().click();
  await page.locator(".btn-done").first().click();
}

/** What an operation that was tried has answered. */
async function answer(operation) {
  const shown = operation.locator(".live-responses-table .response .microlight, .live-responses-table .highlight-code");
  await shown.first().waitFor();
  return shown.first().innerText();
}

test("the documentation renders every operation, and one can be expanded", async () => {
  const { page, complaints, fetched } = await open("/docs");
  await page.waitForSelector(".opblock");
  const document = await (await fetch(`${base}/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((item) => Object.keys(item));
  assert.equal(await page.locator(".opblock").count(), operations.length);

  const balance = page.locator(".opblock", { has: page.locator('[data-path="/user/balance"]') });
  await balance.locator(".opblock-summary-control").click();
  await balance.locator(".responses-table").first().waitFor();
  assert.match(await balance.innerText(), /grants/);

  assert.deepEqual(complaints, []);
  assert.deepEqual(fetched.filter((url) => !url.startsWith(base) && !url.startsWith("data:")), []);
});

test("an operation can be tried with a key", async () => {
  const { page, complaints } = await open("/docs");
  await page.waitForSelector(".opblock");
  await authorize(page);
  const balance = page.locator(".opblock", { has: page.locator('[data-path="/user/balance"]') });
  await balance.locator(".opblock-summary-control").click();
  await balance.locator(".try-out__btn").click();
  await balance.locator(".execute").click();
  assert.match(await answer(balance), /"available"/);
  assert.deepEqual(complaints, []);
});

test("a completion's example works as it stands", async () => {
  const { page, complaints } = await open("/docs");
  await page.waitForSelector(".opblock");
  await authorize(page);
  const chat = page.locator(".opblock", { has: page.locator('[data-path="/v1/chat/completions"]') });
  await chat.locator(".opblock-summary-control").click();
  await chat.locator(".try-out__btn").click();
  assert.match(await chat.locator("textarea").inputValue(), /"messages"/);
  await chat.locator(".execute").click();
  assert.match(await answer(chat), /"chat.completion"/);
  assert.deepEqual(complaints, []);
});

test("the landing page renders without a complaint", async () => {
  const { page, complaints } = await open("/");
  assert.match(await page.innerText("body"), /\/v1\/chat\/completions/);
  assert.deepEqual(complaints, []);
});

test("the landing page leads on, and fits a telephone in the light and in the dark", async () => {
  const { page, complaints } = await open("/");
  await page.setViewportSize({ width: 390, height: 844 });
  const looks = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(hidden <= 0, `${hidden} px are off-screen`);
    looks.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  assert.notEqual(looks[0], looks[1]);
  const links = await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const wanted of ["/docs", "/models", "#sign-in", "/health"]) assert.ok(links.includes(wanted), wanted);
  for (const link of links.filter((link) => link.startsWith("/"))) {
    assert.equal((await fetch(`${base}${link}`)).status, 200, link);
  }
  assert.doesNotMatch(await page.innerText("body"), /\/admin\//);
  assert.deepEqual(complaints, []);
});
