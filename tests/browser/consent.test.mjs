// /auth in a browser: a user sees where a key goes, says who they are, agrees or denies, and the app gets what was agreed to.

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { base, browser, key, mailedCode, resized } from "./in_console.mjs";

const require = createRequire(import.meta.url);
let context;
let close;
let app;
let home;
let came;

before(async () => {
  ({ context, close } = await browser());
  // The app that asks: it notes what its users come back with, and has a page that frames the gateway's.
  app = createServer((request, answer) => {
    const url = new URL(request.url, home);
    if (url.pathname.startsWith("/back/")) came?.(url);
    answer.setHeader("content-type", "text/html");
    answer.end(`<!doctype html><title>App</title>${url.pathname === "/frame" ? `<iframe src="${url.searchParams.get("of")}"></iframe>` : "Back"}`);
  });
  await new Promise((listening) => app.listen(0, "127.0.0.1", listening));
  home = `http://127.0.0.1:${app.address().port}`;
});

after(async () => {
  await close?.();
  app?.close();
  app?.closeAllConnections();
});

/** An app's secret, and the page that it sends its user to. */
function request(further = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const callback = `${home}/back/${randomUUID()}?kept=a%20b`;
  const query = new URLSearchParams({
    callback_url: callback, code_challenge: challenge, code_challenge_method: "S256", key_label: "An <b>app</b>", limit: "2.5",
    usage_limit_type: "monthly", ...further,
  });
  return { verifier, callback, address: `${base}/auth?${query}` };
}

async function open(address) {
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, complaints };
}

/** What the app hears of its user. */
function heard() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the user never came back to the app")), 90_000);
    came = (url) => {
      clearTimeout(late);
      resolve(url);
    };
  });
}

async function exchange(code, verifier) {
  const answer = await fetch(`${base}/api/v1/auth/keys`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, code_verifier: verifier, code_challenge_method: "S256" }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** What a key is told of itself. */
async function told(secret) {
  const answer = await fetch(`${base}/api/v1/key`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()).data;
}

test("a user with a key agrees, and the app gets one that may spend so much", async () => {
  const { verifier, callback, address } = request();
  const { page, complaints } = await open(address);
  assert.equal(await page.locator("#site").innerText(), home);
  assert.equal(await page.getByLabel("What it is called").inputValue(), "An <b>app</b>");
  assert.equal(await page.getByLabel("At most, in US dollars").inputValue(), "2.5");
  // Without a proof nothing happens.
  await page.getByRole("button", { name: "Agree" }).click();
  await page.getByRole("alert").filter({ hasText: "Say who you are" }).waitFor();
  // The user has the last word about the limit.
  await page.getByLabel("At most, in US dollars").fill("1.25");
  await page.getByLabel(/Or a key of yours/).fill(key);
  const back = heard();
  await page.getByRole("button", { name: "Agree" }).click();
  const url = await back;
  const code = url.searchParams.get("code");
  assert.equal(url.href, `${callback}&code=${code}`);
  const { status, body } = await exchange(code, verifier);
  assert.equal(status, 200, JSON.stringify(body));
  const limits = await told(body.key);
  assert.deepEqual([limits.limit, limits.limit_reset, limits.is_management_key], [1.25, "monthly", false]);
  assert.equal((await exchange(code, verifier)).status, 403);
  assert.deepEqual(complaints, []);
});

test("a user without a key signs in by a mailed code, and the key of that sign-in ends", async () => {
  const { verifier, address } = request();
  const email = `${randomUUID()}@browser.test`;
  // Who has an account already: the first sign-in makes it.
  for (const attempt of [1, 2]) {
    const { page, complaints } = await open(address);
    await page.getByLabel("Your e-mail address").fill(email);
    await page.getByRole("button", { name: "Mail me a code" }).click();
    await page.getByLabel("The code that was mailed to you").waitFor();
    await page.getByLabel("The code that was mailed to you").fill(await mailedCode(email, attempt));
    const back = heard();
    let signedIn;
    await page.route("**/auth/verify", async (route) => {
      const answer = await route.fetch();
      signedIn = await answer.json();
      await route.fulfill({ response: answer });
    });
    await page.getByRole("button", { name: "Agree" }).click();
    const granted = (await back).searchParams.get("code");
    assert.ok(granted, `${attempt}`);
    // A new account keeps its first key.
    const own = await fetch(`${base}/api/v1/key`, { headers: { authorization: `Bearer ${signedIn.api_key}` } });
    assert.equal(own.status, attempt === 1 ? 200 : 401);
    if (attempt === 2) assert.equal((await exchange(granted, verifier)).status, 200);
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("whoever denies gives nothing away, and what cannot be granted says so", async () => {
  const { page } = await open(request().address);
  const back = heard();
  await page.getByRole("button", { name: "Deny" }).click();
  const url = await back;
  assert.deepEqual([url.searchParams.get("error"), url.searchParams.get("code")], ["access_denied", null]);
  for (const further of [{ callback_url: "http://app.example/" }, { code_challenge: "short" }, { limit: "0" }]) {
    const { page } = await open(request(further).address);
    await page.getByRole("heading", { name: "This request cannot be granted" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Agree" }).isVisible(), false);
  }
});

test("an app without an address is given the code by its user", async () => {
  const { verifier, address } = request();
  const url = new URL(address);
  url.searchParams.delete("callback_url");
  const { page } = await open(url.href);
  await page.getByLabel(/Or a key of yours/).fill(key);
  await page.getByRole("button", { name: "Agree" }).click();
  await page.getByRole("heading", { name: "Agreed" }).waitFor();
  const code = await page.locator("output").innerText();
  assert.equal((await exchange(code, verifier)).status, 200);
});

test("no other page can show this one, or call it in its user's name", async () => {
  const { address } = request();
  const { page } = await open(`${home}/frame?of=${encodeURIComponent(address)}`);
  const inside = page.frames().find((frame) => frame !== page.mainFrame());
  // The page has loaded, and with it whatever the frame may show: the browser's own page of an error.
  assert.equal(await inside.locator("#agree").count().catch(() => 0), 0);
  // Whatever the browser knows of the gateway, it sends nothing by itself that proves a user.
  const status = await page.evaluate(async (url) => {
    const body = JSON.stringify({ code_challenge: "a".repeat(43), limit: 1 });
    return (await fetch(url, { method: "POST", credentials: "include", headers: { "content-type": "text/plain" }, body })
      .catch(() => ({ status: "blocked" }))).status;
  }, `${base}/v1/auth/keys/code`);
  assert.ok(status === 401 || status === "blocked", `${status}`);
  assert.deepEqual(await context.cookies(base), []);
});

for (const width of [390, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the page can be read at ${width} pixels in the ${colorScheme}`, async () => {
      const { page, complaints } = await open(request({ callback_url: `${home}/back/${"long".repeat(60)}` }).address);
      await resized(page, width, 844);
      await page.emulateMedia({ colorScheme });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(background === "rgb(14, 19, 26)", colorScheme === "dark");
      // WCAG 2.1, levels A and AA, as far as a machine can tell. Its script is not the page's, so it is put in past the policy.
      const faults = await page.evaluate(`(async () => {
        ${readFileSync(require.resolve("axe-core/axe.min.js"), "utf8")}
        const found = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
        return found.violations.map((it) => it.id + ": " + it.nodes[0].html + " " + it.nodes[0].failureSummary);
      })()`);
      assert.deepEqual(faults, []);
      assert.deepEqual(complaints, []);
      if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `consent-${width}-${colorScheme}.png`), fullPage: true });
    });
  }
}
