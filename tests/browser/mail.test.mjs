// Mails in a browser, as a mail client on a telephone shows them: nothing sticks out, and everything can be read in light and in dark.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const base = process.env.GATEWAY_BASE_URL;
const key = process.env.GATEWAY_API_KEY;
const profile = mkdtempSync(join(tmpdir(), "browser-"));
const address = "ann@mail.example";
let context;

before(async () => {
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    viewport: { width: 360, height: 740 },
  });
});

after(async () => {
  await context?.close();
  rmSync(profile, { recursive: true, force: true });
});

async function post(path, body, headers) {
  const answer = await fetch(`${base}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, `${path}: ${await answer.text()}`);
}

async function mails() {
  const answer = await fetch(`${base}/_local/mail`, { headers: { accept: "application/json" } });
  return answer.json();
}

test("a code, a test and a report fit a telephone and can be read, light and dark", async () => {
  await post("/auth/register", { email: address });
  const bearer = { authorization: `Bearer ${key}` };
  await post("/user/notifications/test", {}, bearer);
  await post("/user/notifications/send-usage-report", {}, bearer);
  const sent = (await mails()).slice(-3);
  assert.equal(sent.length, 3);
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"]) {
    for (const mail of sent) {
      const page = await context.newPage();
      await page.emulateMedia({ colorScheme });
      await page.setContent(mail.html);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${mail.subject}: ${wide} pixels stick out`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa"] }));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], `${mail.subject}, ${colorScheme}`);
      await page.close();
    }
  }
});

test("the mailbox shows a mail as text and as HTML, which may run nothing", async () => {
  const page = await context.newPage();
  await page.goto(`${base}/_local/mail`);
  const frame = page.locator("iframe").first();
  assert.equal(await frame.getAttribute("sandbox"), "");
  assert.ok(await frame.contentFrame().locator("h1").isVisible());
  assert.ok(await page.locator("pre").first().isVisible());
});
