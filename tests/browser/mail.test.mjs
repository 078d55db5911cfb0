// Mails in a browser, as a mail client on a telephone shows them: nothing sticks out, and everything can be read in light and in dark.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, until } from "./in_console.mjs";

const require = createRequire(import.meta.url);
const address = `ann-${randomUUID()}@mail.example`;
let context;
let close;

before(async () => ({ context, close } = await browser({ viewport: { width: 360, height: 740 } })));
after(() => close?.());

async function post(path, body, secret) {
  const { status, body: answer } = await ask("POST", path, body, secret);
  assert.equal(status, 200, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

async function mails() {
  const answer = await fetch(`${base}/_local/mail`, { headers: { accept: "application/json" } });
  return (await answer.json()).filter((mail) => mail.to.some((to) => to.includes(address)));
}

test("a code, a test and a report fit a telephone and can be read, light and dark", async () => {
  const { api_key: secret } = await post("/admin/create", { email: address, credits: 1 }, adminKey);
  await post("/auth/register", { email: address }, "");
  await post("/user/notifications/test", {}, secret);
  await post("/user/notifications/send-usage-report", {}, secret);
  const sent = await until("all of the mail", async () => {
    const all = await mails();
    return all.length >= 3 && all;
  });
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
  await frame.contentFrame().locator("h1").waitFor();
  await page.locator("pre").first().waitFor();
});
