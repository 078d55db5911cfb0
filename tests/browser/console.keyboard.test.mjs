// Without a mouse and without eyes: the palette, the order of the focus, what is said of an answer that comes as a stream.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, goTo, open, settled, signInByKey } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || "");

test("the palette says what is chosen and found, shows it, and gives the focus back", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page);
  await settled(page);
  await page.getByRole("button", { name: /^Find/ }).focus();
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Screen or act" });
  await field.waitFor();
  assert.equal(await field.evaluate((it) => it === document.activeElement), true);
  // By arrows through all of it, round and back: what is chosen is told to a reader, and in sight.
  const all = await page.getByRole("option").count();
  assert.ok(all > 10, `${all}`);
  const chosen = () => page.evaluate(() => {
    const option = document.getElementById(document.activeElement?.getAttribute("aria-activedescendant") ?? "");
    const [list, own] = [option?.parentElement?.getBoundingClientRect(), option?.getBoundingClientRect()];
    return { name: option?.textContent, selected: option?.getAttribute("aria-selected"), inSight: Boolean(list && own && own.top >= list.top - 1 && own.bottom <= list.bottom + 1) };
  });
  const names = new Set();
  for (let step = 0; step < all; step += 1) {
    const { name, selected, inSight } = await chosen();
    assert.deepEqual([selected, inSight], ["true", true], `${name}`);
    names.add(name);
    await page.keyboard.press("ArrowDown");
  }
  assert.equal(names.size, all);
  assert.equal((await chosen()).name, "Overview");
  await page.keyboard.press("ArrowUp");
  assert.equal((await chosen()).name, [...names].at(-1));
  // The list goes by what is typed, and says how much it has.
  await page.keyboard.type("credit");
  assert.equal(await page.getByRole("dialog").getByRole("status").innerText(), `${await page.getByRole("option").count()} found`);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await focused(page), /^Find/);
  assert.deepEqual(complaints, []);
});

test("the focus goes past the navigation, and to each screen's head", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page);
  await goTo(page, "#/keys");
  await settled(page);
  assert.equal(await focused(page), "API keys");
  // From the page's beginning the first thing is the way past what is on every page.
  await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); });
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.match(await focused(page), /^Create a key/);
  // On a telephone the navigation is a dialog, which keeps the focus and gives it back.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Menu" }).focus();
  await page.keyboard.press("Enter");
  const menu = page.getByRole("dialog", { name: "Menu" });
  await menu.waitFor();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement?.closest("dialog"))), await focused(page));
  }
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
  assert.equal(await focused(page), "Menu");
  // By its button as well as by Escape.
  await page.keyboard.press("Enter");
  await menu.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Enter");
  await menu.waitFor({ state: "detached" });
  assert.equal(await focused(page), "Menu");
  assert.deepEqual(complaints, []);
});

test("an answer that streams is said once it is whole, not token by token", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page);
  await goTo(page, "#/playground");
  const said = page.getByRole("main").getByRole("status").first();
  await said.waitFor({ state: "attached" });
  await page.evaluate(() => {
    window.said = [];
    const region = document.querySelector("main [role=status]");
    // A text that is written again as it was, as for the list of models when it comes late, is not said again.
    new MutationObserver(() => region.textContent !== (window.said.at(-1) ?? "") && window.said.push(region.textContent)).observe(region, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole("textbox", { name: "Your message" }).fill("Tell me of rivers");
  await page.keyboard.press("Enter");
  await page.getByTestId("cost").waitFor();
  const answer = await page.getByTestId("answer").locator(".said").innerText();
  assert.ok(answer.split(" ").length > 5, answer);
  assert.equal(await said.textContent(), `openai/gpt-4o-mini: ${answer}`);
  assert.deepEqual(await page.evaluate(() => window.said), ["openai/gpt-4o-mini is answering.", `openai/gpt-4o-mini: ${answer}`]);
  // Who hears the page is told of a failure, too; the visible text says why.
  await page.getByRole("combobox", { name: "Model" }).fill("test/error-400");
  await page.getByRole("textbox", { name: "Your message" }).fill("Hello");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.equal(await said.textContent(), "test/error-400 did not answer.");
  assert.deepEqual(complaints, []);
});
