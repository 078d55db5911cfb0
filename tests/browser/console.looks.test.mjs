// How the console looks: every screen can be used by people who see little, in the light and in the dark, on a telephone and
// wide; and how much it weighs. With SCREENSHOTS=folder the screens are kept as pictures.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, faults, goTo, open, places, settled, signInByKey } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("every screen can be read and used, in both themes and at every width", async () => {
  const { page, complaints, fetched } = await open(context);
  await page.emulateMedia({ colorScheme: "light" });
  assert.deepEqual(await faults(page), [], "the way in");
  await signInByKey(page, adminKey);
  for (const place of await places(page)) {
    await goTo(page, place);
    await settled(page);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await faults(page), [], `${place} in the ${colorScheme}`);
      for (const width of process.env.SCREENSHOTS ? [360, 390, 1440] : [360, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        const hidden = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(hidden <= 0, `${place}: ${hidden} px are off-screen at ${width}`);
        const name = `${place.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `console${name}`) });
      }
    }
    await page.keyboard.press("Escape");
  }
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
