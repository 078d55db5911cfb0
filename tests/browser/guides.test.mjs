// The guides in a browser: every one can be read by anybody, at every width, in the light and in the dark; all of them are searched
// without a server; code names this gateway and can be copied.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { base, becomes, browser, faults, resized, visit } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("every guide can be read, in both themes and at every width", async () => {
  const list = await (await fetch(`${base}/llms.txt`)).text();
  const paths = [...list.matchAll(/\]\((\/docs\/guides\/[a-z-]+)\.md\)/g)].map(([, path]) => path);
  assert.ok(paths.length > 10, `${paths}`);
  for (const path of ["/docs/guides", ...paths]) {
    const { page, complaints, fetched } = await visit(context, path);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 1440]) {
        await resized(page, width);
        assert.deepEqual(await faults(page), [], `${path} in the ${colorScheme} at ${width}`);
        const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(hidden <= 0, `${path}: ${hidden} px are off-screen at ${width}`);
      }
    }
    assert.deepEqual(complaints, []);
    assert.deepEqual(fetched.filter((url) => !url.startsWith(base)), []);
    await page.close();
  }
});

test("code names this gateway and can be copied", async () => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { page } = await visit(context, "/docs/guides/quick-start");
  const block = page.locator(".code").filter({ hasText: "from openai import OpenAI" }).first();
  await block.getByText(`${base}/v1`).waitFor();
  await block.getByRole("button", { name: "Copy" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^import os\nfrom openai import OpenAI\n/);
  assert.doesNotMatch(await page.innerText("article"), /gateway\.example\.com/);
});

test("all guides are searched by the keyboard alone, and what is found is text", async () => {
  const { page, complaints } = await visit(context, "/docs/guides");
  await page.keyboard.press("/");
  await page.keyboard.type("idempotency");
  const results = page.locator("#results li");
  // What has been found of the first letters goes by the last one.
  await results.first().getByText("Retries").waitFor();
  await becomes(async () => /\d+ found/.test(await page.getByRole("status").innerText()), true);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/docs/guides/errors#retries`);
  await page.keyboard.press("/");
  await page.keyboard.type("<img src=x onerror=alert(1)>");
  await page.getByText("Nothing was found").waitFor();
  assert.equal(await page.locator("#results img").count(), 0);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#results").isVisible(), false);
  assert.deepEqual(complaints, []);
});
