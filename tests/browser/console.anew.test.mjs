// What was there of one question is never shown as the answer to the next, not even for the moment in which that is on its way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { adminKey, ask, browser, goTo, open, settled, signInByKey } from "./in_console.mjs";

let context;
let close;

before(async () => {
  ({ context, close } = await browser());
  assert.equal((await ask("POST", "/v1/chat/completions", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }, adminKey)).status, 200);
});
after(() => close?.());

/** Holds back the answers of a path until it is let go. */
async function held(page, path) {
  let letGo;
  const gate = new Promise((open) => { letGo = open; });
  let asked;
  const was = new Promise((come) => { asked = come; });
  await page.route((url) => url.pathname === path, async (route) => {
    asked();
    await gate;
    await route.continue();
  });
  return { letGo, was };
}

const figures = (page) => page.locator(".stats .stat dd").evaluateAll((all) => all.map((it) => (it.querySelector(".bone") ? "…" : it.firstChild.textContent.trim())));

test("no figures of what was asked for before are shown", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  for (const { place, path, change, file } of [
    { place: "#/usage", path: "/user/activity/stats", change: () => page.getByRole("combobox", { name: "Range" }).selectOption("90"), file: "CSV" },
    { place: "#/credit/statement", path: "/user/statement", change: () => page.getByRole("combobox", { name: "Month, in UTC" }).selectOption({ index: 1 }), file: "Printable page" },
    { place: "#/business", path: "/admin/monitor", change: () => page.getByText("Week", { exact: true }).click() },
  ]) {
    await goTo(page, place);
    await settled(page);
    const before = await figures(page);
    assert.ok(before.length > 2 && before.every((it) => it !== "…"), `${place}: ${before}`);
    const { letGo, was } = await held(page, path);
    await change();
    await was;
    assert.deepEqual(await figures(page), before.map(() => "…"), place);
    assert.equal(await page.locator("main canvas").count(), 0, place);
    // What is still there of a list is marked as on its way, and is not handed out as a file of what is asked for now.
    assert.equal(await page.locator("main .scroll:not([aria-busy=true])").count(), 0, place);
    if (file) assert.equal(await page.getByRole("button", { name: file }).getAttribute("aria-disabled"), "true", place);
    letGo();
    await settled(page);
    assert.ok((await figures(page)).every((it) => it !== "…"), place);
  }
  assert.deepEqual(complaints, []);
});

test("what is found is said to be of the words that were searched for", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await goTo(page, "#/chats");
  const field = page.getByRole("searchbox", { name: "Search messages" });
  await field.fill("danube");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { name: "No message has “danube”" }).waitFor();
  const { letGo, was } = await held(page, "/v1/chat/search");
  await field.fill("rhine");
  await field.press("Enter");
  await was;
  assert.equal(await page.getByRole("heading", { name: /“danube”/ }).count(), 0);
  letGo();
  await page.getByRole("heading", { name: "No message has “rhine”" }).waitFor();
  assert.deepEqual(complaints, []);
});
