// The landing page: what it says first, the models that are used most with their prices as they are, found among all of them, and no answer
// to a question that is not asked any more.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, base, becomes, browser, faults, resized, until, visit } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

const shown = (page) => page.locator("#rows tr:not([aria-hidden])");
const ids = (page) => shown(page).locator("code").allInnerTexts();

test("it can be read by anybody at every width, and all that sells is there", async () => {
  const { page, complaints, fetched } = await visit(context, "/");
  await shown(page).first().waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 1440]) {
      await resized(page, width);
      assert.deepEqual(await faults(page), [], `in the ${colorScheme} at ${width}`);
      const hidden = await page.evaluate(() => [document.documentElement, document.getElementById("list")].map((it) => it.scrollWidth - it.clientWidth));
      assert.deepEqual(hidden, [0, 0], `what is off-screen at ${width}`);
    }
  }
  // In one screen: what it is, a call with a way to take it along, what there is, and where one begins.
  const inSight = async (it) => (await it.boundingBox()).y + (await it.boundingBox()).height <= 900;
  for (const it of [page.getByRole("heading", { level: 1 }), page.getByRole("region", { name: "A first call" }), page.getByRole("link", { name: "Get a key" }), page.locator(".proof"), shown(page).nth(2)]) assert.ok(await inSight(it));
  const count = (await ask("GET", "/v1/models/count?output_modalities=all", undefined, "")).body.data.count;
  await page.getByText(count.toLocaleString("en-US"), { exact: true }).waitFor();
  const providers = (await ask("GET", "/models/providers", undefined, "")).body.data.length;
  await becomes(() => page.locator("#providers-count").innerText(), String(providers));
  for (const name of ["Guides", "API reference", "Status", "Sign in"]) assert.ok((await page.getByRole("link", { name }).count()) > 0, name);
  // Not the whole catalog, which is large.
  assert.ok(!fetched.some((url) => url === `${base}/v1/models`), fetched.join(" "));
  assert.deepEqual(fetched.filter((url) => !url.startsWith(base)), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the models that are used most stand first, at their prices of this moment", async () => {
  const ranked = ["mistralai/mistral-large", "openai/gpt-4o-mini", "none/such", "google/gemini-2.5-flash"];
  await context.route((url) => url.pathname === "/ranking/models", (route) => route.fulfill({ json: { object: "list", data: ranked.map((model) => ({ model })) } }));
  const { page, complaints } = await visit(context, "/");
  await shown(page).first().waitFor();
  const there = await ids(page);
  assert.equal(there.length, 8);
  assert.deepEqual(there.slice(0, 3), ranked.filter((id) => id !== "none/such"));
  const { pricing } = (await ask("GET", "/v1/models/openai/gpt-4o-mini", undefined, "")).body;
  const [, , prompt, completion] = await shown(page).nth(1).locator("td").allInnerTexts();
  assert.deepEqual([prompt, completion].map((it) => Number(it.replace("$", ""))), [pricing.prompt, pricing.completion].map((it) => Number((Number(it) * 1e6).toFixed(6))));
  assert.deepEqual(complaints, []);
  await page.close();
  await context.unrouteAll();
});

test("a model is found among all, and only what is asked for now is answered", async () => {
  const { page, complaints } = await visit(context, "/");
  await shown(page).first().waitFor();
  const first = await ids(page);
  let letGo;
  const gate = new Promise((open) => { letGo = open; });
  // The first search is slow, and its answer comes behind that of the second.
  await page.route((url) => url.searchParams.get("search") === "claude", async (route) => {
    await gate;
    await route.continue().catch(() => {});
  });
  const field = page.getByRole("searchbox", { name: "Find a model" });
  const asked = page.waitForRequest((request) => request.url().includes("search=claude"));
  await field.fill("claude");
  await asked;
  assert.equal(await page.locator("#list[aria-busy=true]").count(), 1, "what is still there is marked as no answer");
  await field.fill("gemini-2.5-flash");
  await page.getByText(/\d+ models? found|The first/).waitFor();
  const found = await ids(page);
  assert.ok(found.length > 0 && found.every((id) => id.includes("gemini-2.5-flash")), `${found}`);
  letGo();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(await ids(page), found);
  await field.fill("no model is called so");
  await page.getByText("No model is called that").waitFor();
  assert.deepEqual(await ids(page), []);
  await field.fill("");
  await page.getByText("dollars a million tokens").waitFor();
  assert.deepEqual(await ids(page), first);
  assert.deepEqual(complaints, []);
});

test("the call can be taken along in each language, and names this gateway", async () => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { page, complaints } = await visit(context, "/");
  for (const [name, begin] of [["JavaScript", /^import OpenAI/], ["curl", /^curl /], ["Python", /^import os/]]) {
    await page.getByText(name, { exact: true }).click();
    await page.getByRole("button", { name: /Copy|Copied/ }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    // The button may still say so of the copy before.
    const copied = await until(`the call in ${name}`, async () => {
      const text = await page.evaluate(() => navigator.clipboard.readText());
      return begin.test(text) && text;
    });
    assert.ok(copied.includes(`${base}/v1`), copied);
  }
  assert.deepEqual(complaints, []);
});

test("it leads on to what is there, and whoever was recommended keeps the code", async () => {
  const { page, complaints } = await visit(context, "/");
  const links = await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const wanted of ["/console", "/docs", "/docs/guides", "/models", "/health"]) assert.ok(links.includes(wanted), wanted);
  for (const link of new Set(links.filter((link) => link.startsWith("/")))) {
    const answer = await fetch(`${base}${link}`);
    // Read to its end: a body left unread keeps its connection, and with it the process, alive.
    await answer.arrayBuffer();
    assert.equal(answer.status, 200, link);
  }
  assert.doesNotMatch(await page.innerText("body"), /\/admin\//);
  await page.goto(`${base}/?ref=ABC123`);
  await page.getByRole("link", { name: "Get a key" }).click();
  await page.getByText("You were recommended").waitFor();
  assert.deepEqual(complaints, []);
});
