// No page weighs more than was agreed, in bytes and in requests, of whatever it loads until it can be used: files and answers of the API alike.
// How long it takes depends on the machine, so that is measured (weight.mjs) and not tested.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

import { base } from "./in_console.mjs";
import { PAGES, weighed } from "./weight.mjs";

/** kB of bodies as they come over the network, and requests. */
const BUDGETS = { landing: [40, 14], "sign-in": [40, 28], overview: [110, 50], docs: [40, 5], "an operation in the docs": [1620, 8] };

for (const page of PAGES) {
  test(`${page.name} stays within its budget`, async () => {
    const [kilobytes, most] = BUDGETS[page.name];
    const { bytes, requests, urls } = await weighed(page);
    assert.ok(bytes > 1000 && bytes <= kilobytes * 1000, `${(bytes / 1000).toFixed(1)} kB of ${kilobytes}: ${urls.join(" ")}`);
    assert.ok(requests > 1 && requests <= most, `${requests} requests of ${most}: ${urls.join(" ")}`);
    assert.deepEqual(urls.filter((url) => !url.startsWith(base)), []);
  });
}

test("all that the console begins with is named by its page, so that nothing is found only when something else has come", () => {
  const folder = join(import.meta.dirname, "../../public/console");
  const seen = new Set();
  const follow = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, name] of text.matchAll(/(?:^|;|\})\s*(?:import|export)\b[^;]*?from\s*"(\.[^"]+)"/gm)) follow(normalize(join(dirname(file), name)));
  };
  for (const [page, ...first] of [["../../shared/src/endpoints/console/page.html", "main.js", "screens/sign_in.js"], ["../../shared/src/endpoints/public/landing.html", "landing.js"]]) {
    seen.clear();
    first.forEach(follow);
    const named = [...readFileSync(join(folder, page), "utf8").matchAll(/(?:modulepreload" href|type="module" src)="\/console\/([^"]+)"/g)].map(([, file]) => file);
    assert.deepEqual(named.sort(), [...seen].sort(), page);
  }
});
