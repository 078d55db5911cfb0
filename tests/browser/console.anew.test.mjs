// What was there of one question is never shown as the answer to the next, not even for the moment in which that is on its way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { adminKey, ask, browser, drawn, goTo, open, settled, signInByKey } from "./in_console.mjs";

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

test("what is not known yet is not shown as if it were something else", async () => {
  const chat = await ask("POST", "/v1/chat/sessions", { title: "Rivers" }, adminKey);
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await settled(page);
  const bones = page.locator("main .bone");
  const button = (name) => page.getByRole("main").getByRole("button", { name });
  for (const { place, path, hidden, shown } of [
    // Whoever has a plan already switches: to subscribe is offered once it is known that there is none.
    { place: "#/credit/plan", path: "/user/plan", hidden: button("Subscribe"), shown: button("Subscribe") },
    { place: "#/requests", path: "/user/api-keys", hidden: page.locator("td[data-name=Key]").getByText("–"), shown: page.locator("td[data-name=Key] [title]") },
    { place: "#/chats", path: "/v1/chat/stats", hidden: page.getByText("What was said in calls"), shown: page.getByText(/1 of [\d,]+ chats/) },
    { place: `#/chats/${chat.body.id}`, path: `/v1/chat/sessions/${chat.body.id}`, hidden: page.getByRole("heading", { name: "Untitled chat" }), shown: page.getByRole("heading", { level: 1, name: "Rivers" }) },
  ]) {
    const { letGo, was } = await held(page, path);
    await goTo(page, place);
    await was;
    await bones.first().waitFor();
    assert.equal(await hidden.count(), 0, place);
    if (place.startsWith("#/chats/")) assert.equal(await button("Delete").getAttribute("aria-disabled"), "true", "it would say that an untitled chat is deleted");
    letGo();
    await shown.first().waitFor();
    await settled(page);
    assert.equal(await bones.count(), 0, place);
  }
  // Who one is, by which the navigation goes.
  const { letGo, was } = await held(page, "/user/profile");
  await page.reload();
  await was;
  await page.getByRole("navigation", { name: "Console" }).and(page.locator("[aria-busy=true]")).waitFor();
  letGo();
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Business" }).waitFor();
  assert.equal(await page.locator("nav[aria-busy=true]").count(), 0);
  await ask("DELETE", `/v1/chat/sessions/${chat.body.id}`, undefined, adminKey);
  assert.deepEqual(complaints, []);
});

test("a screen has the focus at its head as soon as it is there, and what is typed at once stays", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  for (const place of ["#/end-users", "#/users", "#/audit", "#/traffic", "#/payments", "#/catalog/models", "#/catalog/routes"]) {
    const focused = await page.evaluate((hash) => new Promise((done) => {
      const seen = new MutationObserver(() => {
        const field = document.querySelector("main form input");
        if (!field) return;
        seen.disconnect();
        const { tagName } = document.activeElement;
        field.value = "typed";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        done(tagName);
      });
      seen.observe(document.body, { childList: true, subtree: true });
      location.hash = hash;
    }), place);
    await drawn(page);
    await settled(page);
    assert.deepEqual([focused, await page.locator("main form input").first().inputValue()], ["H1", "typed"], place);
  }
  assert.deepEqual(complaints, []);
});
