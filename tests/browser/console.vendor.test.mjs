// What is vendored for the console is what the packages have that are named in package.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "../../public/console/vendor");
const { devDependencies } = createRequire(import.meta.url)("./package.json");
const FILES = [
  ["preact", "dist/preact.mjs", "preact"],
  ["preact", "hooks/dist/hooks.mjs", "preact-hooks"],
  ["htm", "dist/htm.module.js", "htm"],
  ["uplot", "dist/uPlot.esm.js", "uplot"],
];

for (const [name, path, file] of FILES) {
  test(`${file} is as it was published`, () => {
    const version = devDependencies[name];
    const published = readFileSync(join(here, "node_modules", name, path), "utf8")
      .replaceAll('from"preact"', `from"./preact-${version}.mjs"`)
      .replace(/\/\/# sourceMappingURL=.*/, "");
    assert.equal(readFileSync(join(vendor, `${file}-${version}.mjs`), "utf8").trim(), published.trim());
    const licence = readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8");
    assert.equal(readFileSync(join(vendor, `LICENSE-${name}.txt`), "utf8"), licence);
  });
}
