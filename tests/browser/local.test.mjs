// What the local platform shows of itself: calls and mails as they happen, and where its parts are.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, base, browser, faults, resized, visit } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("the page of this machine shows what happens, to everybody and at every width", async () => {
  const { page, complaints } = await visit(context, "/_local");
  await page.getByRole("heading", { level: 1, name: "This machine" }).waitFor();
  // It renews itself while it is looked at.
  const app = await ask("POST", "/v1/chat/completions", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] });
  assert.equal(app.status, 200);
  await ask("POST", "/auth/register", { email: "looked-at@example.com" }, "");
  await page.getByRole("region", { name: "The newest calls" }).getByText("openai/gpt-4o-mini").first().waitFor();
  await page.getByRole("region", { name: "The newest mails" }).getByText("looked-at@example.com").first().waitFor();
  const services = page.getByRole("region", { name: "Services" });
  for (const what of ["Database", "Redis", "Providers", "Sign-in", "Mail", "Payments"]) await services.getByRole("rowheader", { name: what }).waitFor();
  for (const link of await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href")))) {
    const answer = await fetch(`${base}${link}`, { headers: { accept: "text/html" } });
    await answer.arrayBuffer();
    assert.equal(answer.status, 200, link);
  }
  for (const path of ["/_local", "/_local/mail", "/_local/privy", "/_local/stripe"]) {
    await page.goto(`${base}${path}`);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 1440]) {
        await resized(page, width);
        assert.deepEqual(await faults(page), [], `${path} in the ${colorScheme} at ${width}`);
        const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(hidden <= 0, `${path}: ${hidden} px are off-screen at ${width}`);
      }
    }
  }
  assert.deepEqual(complaints.filter((text) => !/sandboxed|about:srcdoc/.test(text)), []);
});

test("tokens of Privy's stand-in are had from it, and programs read it as JSON", async () => {
  const { page } = await visit(context, "/_local");
  await page.getByRole("textbox", { name: "E-mail" }).fill("ben@example.com");
  await page.getByRole("button", { name: "Give me tokens" }).click();
  await page.waitForURL(/privy\?email=/);
  const tokens = JSON.parse(await page.innerText("body"));
  const signedIn = await ask("POST", "/auth/privy", tokens, "");
  assert.equal(signedIn.status, 200);
  const state = await (await fetch(`${base}/_local`, { headers: { accept: "application/json" } })).json();
  assert.ok(state.accounts >= 3 && state.services.length >= 8 && Array.isArray(state.calls), JSON.stringify(state).slice(0, 300));
  const fromElsewhere = await fetch(`${base}/_local`, { headers: { origin: "https://evil.example" } });
  assert.equal(fromElsewhere.status, 403);
});
