// /docs in a browser: the page lists every operation and renders what is opened, an operation can be tried, people who see little or use a
// telephone can read it, and nothing is fetched from anywhere else or complains.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { base, becomes, browser, key, resized } from "./in_console.mjs";

const require = createRequire(import.meta.url);
let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

/** A page that remembers what it fetched and what it complained about. */
async function open(path) {
  const page = await context.newPage();
  const complaints = [];
  const fetched = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    // What was still on its way when the page was left is no fault of it.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`${request.url()} failed: ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => fetched.push(request.url()));
  const response = await page.goto(`${base}${path}`);
  assert.equal(response.status(), 200);
  return { page, complaints, fetched };
}

/** What the page's navigation has, once it is there. */
function navigation(page) {
  return page.getByRole("complementary", { name: /^Sidebar/ });
}

/** Opens the form of an operation in which it is tried, with the key in it. */
async function tried(page, path) {
  await page.getByRole("button", { name: new RegExp(`Test Request.*${path}\\)`, "s") }).first().click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "Bearer Token" }).fill(key);
  return form;
}

/** Sends the form and gives what was answered. */
async function sent(page, form, path) {
  const answered = page.waitForResponse((response) => new URL(response.url()).pathname === path);
  await form.getByRole("button", { name: /^Send .* request/ }).click();
  const response = await answered;
  // What is shown is what was answered.
  await form.getByText(`${response.status()}`, { exact: false }).first().waitFor();
  return { status: response.status(), body: await response.json() };
}

test("the documentation has every operation, in the order in which a user needs them", async () => {
  const { page, complaints, fetched } = await open("/docs");
  const document = await (await fetch(`${base}/openapi.json`)).json();
  const listed = page.locator("#list li a");
  const inList = await listed.evaluateAll((all) => all.map((link) => decodeURI(link.hash).split("/").slice(2).join("/").replace("/", " ")));
  assert.equal(inList[0], "POST v1/chat/completions");
  // What is looked for is found by all of its words, and an operation opens by its address, with the renderer that nobody needed before.
  const find = page.getByRole("searchbox", { name: "Find an operation" });
  await find.fill("BALANCE reserved");
  await becomes(async () => (await page.getByRole("status").innerText()) === `${await listed.filter({ visible: true }).count()} found`, true);
  await find.fill("chat/completions");
  assert.ok(!fetched.some((url) => /scalar|openapi/.test(url)), `${fetched}`);
  await page.getByRole("link", { name: "POST /v1/chat/completions" }).click();
  const groups = navigation(page).getByRole("button", { name: /^(Open|Close) Group/ });
  await groups.first().waitFor();
  const names = () => groups.evaluateAll((all) => all.map((it) => it.textContent.replace(/^.*Group - /s, "").trim()));
  await becomes(names, document.tags.map((tag) => tag["x-displayName"]));
  assert.equal(document.tags[0]["x-displayName"], "Inference");

  const closed = navigation(page).getByRole("button", { name: /^Open Group/ });
  for (let left = await closed.count(); left > 0; left -= 1) {
    await closed.first().click();
    // It is open once its name says so: another click would close it again.
    await becomes(() => closed.count(), left - 1);
  }
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()}${path}`),
  );
  const links = navigation(page).getByRole("link", { name: /HTTP Method/ });
  await becomes(() => links.count(), operations.length);
  const shown = await links.evaluateAll((all) => all.map((link) => decodeURI(link.getAttribute("href").split("/").slice(2).join("/"))));
  assert.equal(shown[0], "POST/v1/chat/completions", "what everybody calls stands first");
  // A link is #tag/GROUP/METHOD/path.
  assert.deepEqual(inList.toSorted(), operations.map((it) => it.replace("/", " ")).sort());
  assert.deepEqual(shown.map((it) => it.replace("/", " ")).sort(), operations.map((it) => it.replace("/", " ")).sort());

  assert.deepEqual(complaints, []);
  assert.deepEqual(fetched.filter((url) => !url.startsWith(base) && !url.startsWith("data:")), []);
});

test("an operation says what it takes and gives, and can be tried with a key", async () => {
  const { page, complaints } = await open("/docs#tag/money/GET/user/balance");
  const form = await tried(page, "/user/balance");
  const { status, body } = await sent(page, form, "/user/balance");
  assert.equal(status, 200);
  assert.equal(typeof body.available, "number");
  assert.deepEqual(complaints, []);
});

test("a completion's example works as it stands", async () => {
  const { page, complaints } = await open("/docs#tag/inference/POST/v1/chat/completions");
  await page.getByRole("button", { name: /Show \d+ more properties/ }).first().click();
  for (const field of ["temperature", "tools", "response_format", "reasoning_effort", "stream_options"]) {
    await page.getByText(field, { exact: true }).first().waitFor();
  }
  const form = await tried(page, "/v1/chat/completions");
  const { status, body } = await sent(page, form, "/v1/chat/completions");
  assert.equal(status, 200);
  assert.equal(body.object, "chat.completion");
  assert.deepEqual(complaints, []);
});

test("nobody is asked for the crons' secret", async () => {
  const { page } = await open("/docs#description/introduction");
  await page.getByText("Selected Auth Type").first().click();
  await page.getByRole("option").first().waitFor();
  const offered = await page.getByRole("option").allInnerTexts();
  assert.ok(offered.some((text) => /bearer/i.test(text)), `${offered}`);
  assert.ok(!offered.some((text) => /cron/i.test(text)), `${offered}`);
});

for (const width of [390, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the documentation can be read at ${width} pixels in the ${colorScheme}`, async () => {
      const { page, complaints } = await open("/docs");
      await resized(page, width, 844);
      await page.emulateMedia({ colorScheme });
      // WCAG 2.1, levels A and AA, as far as a machine can tell.
      const assertReadable = async () => {
        await becomes(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
        await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
        const faults = await page.evaluate(async () => {
          const found = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
          return found.violations.map((it) => `${it.id}: ${it.nodes[0].html} ${it.nodes[0].failureSummary}`);
        });
        assert.deepEqual(faults, []);
      };
      await assertReadable();
      const path = "/docs#tag/inference/POST/v1/chat/completions";
      await page.goto(`${base}${path}`);
      await page.reload();
      await page.getByRole("heading", { name: "OpenAI chat, streamed or not." }).first().waitFor();
      await becomes(() => page.evaluate(() => document.body.classList.contains("dark-mode")), colorScheme === "dark");
      await assertReadable();
      assert.deepEqual(complaints, []);
    });
  }
}
