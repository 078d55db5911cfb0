// How the console looks: every screen can be used by people who see little, in the light and in the dark, on a telephone and
// wide; and how much it weighs. With SCREENSHOTS=folder the screens are kept as pictures.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, faults, goTo, open, places, resized, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("every screen can be read and used, in both themes and at every width", async () => {
  const { page, complaints, fetched } = await open(context);
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("textbox", { name: "E-mail" }).waitFor();
  assert.deepEqual(await faults(page), [], "the way in");
  // Something to show of what is empty at first.
  const good = async (...asked) => assert.equal((await ask(asked[0], asked[1], asked[2], adminKey)).status, 200, `${asked[1]}`);
  await good("PUT", "/user/end-users", { user: "bob", budget: { amount: 5, period: "day" } });
  await good("POST", "/user/provider-keys", { provider: "groq", api_key: "gsk_0123456789abcdef", name: "Spare", is_fallback: true, gateway_fallback: true });
  await good("POST", "/v1/chat/completions", { model: "test/fallback", user: "bob", metadata: { tags: ["shop"] }, messages: [{ role: "user", content: "Hello" }] });
  // Names as long as people give them: nothing that matters may be pushed out of sight by them.
  const { api_key: long, id: longId } = (await ask("POST", "/user/api-keys", { name: "Nightly batch job for the European subsidiary" }, adminKey)).body;
  const body = { model: "meta-llama/llama-3.3-70b-instruct", user: "customer-8f2c1a7e-enterprise-account", max_tokens: 200, messages: [{ role: "user", content: "Hello ".repeat(300) }] };
  await fetch(`${base}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${long}`, "content-type": "application/json", "x-title": "Back office assistant" }, body: JSON.stringify(body) });
  for (const user of ["bob", body.user]) await until(`the row of ${user}`, async () => (await ask("GET", `/user/activity/log?user=${user}`, undefined, adminKey)).body.data.length > 0);
  await signInByKey(page, adminKey);
  const all = await places(page);
  assert.ok(all.some((place) => /^#\/requests\/\w/.test(place)) && all.some((place) => /^#\/traffic\/\w/.test(place)), "one request is among the places");
  for (const place of all) {
    await goTo(page, place);
    await settled(page);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await faults(page), [], `${place} in the ${colorScheme}`);
      for (const width of process.env.SCREENSHOTS ? [360, 390, 1440] : [360, 1440]) {
        await resized(page, width);
        const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(hidden <= 0, `${place}: ${hidden} px are off-screen at ${width}`);
        const cut = width < 1440 ? [] : await page.locator("main .scroll").evaluateAll((all) => all.filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => it.getAttribute("aria-label")));
        assert.deepEqual(cut, [], `${place}: lists that are wider than their place at ${width}`);
        const name = `${place.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `console${name}`) });
      }
    }
    await page.keyboard.press("Escape");
  }
  await good("DELETE", `/user/api-keys/${longId}`);
  await good("DELETE", "/user/end-users?user=bob");
  await good("DELETE", "/user/provider-keys?provider=groq");
  assert.deepEqual(complaints, []);
  assert.deepEqual(fetched.filter((url) => !url.startsWith(base) && !url.startsWith("data:")), []);
});

test("the first paint weighs little, and nothing jumps", async (t) => {
  // A browser that has nothing yet.
  const fresh = await browser();
  t.after(fresh.close);
  await ask("POST", "/v1/chat/completions", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] });
  const { page } = await open(fresh.context);
  await signInByKey(page);
  await page.locator("canvas").waitFor({ state: "attached" });
  await settled(page);
  const { bytes, requests } = await page.evaluate(() => {
    const own = performance.getEntriesByType("resource").filter((it) => it.name.includes("/console/"));
    const [document] = performance.getEntriesByType("navigation");
    const all = [document, ...own];
    return { bytes: all.reduce((sum, it) => sum + it.encodedBodySize, 0), requests: all.length };
  });
  console.log(`the overview: ${(bytes / 1000).toFixed(1)} kB in ${requests} files`);
  assert.ok(bytes > 10_000 && bytes <= 100_000, `${bytes} bytes`);

  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.reload();
  await page.locator("canvas").waitFor({ state: "attached" });
  await settled(page);
  const shift = await page.evaluate(() => window.shift);
  assert.ok(shift < 0.1, `the layout shifted by ${shift}`);
});
