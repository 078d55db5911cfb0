// Whatever people call things, it is text: markup in names, titles, prompts, apps and models runs nowhere and builds nothing.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, goTo, open, places, settled, signInByKey, until } from "./in_console.mjs";

/** What would show itself at once. Each use of it is known by its number. */
const markup = (number) => `<img src=x${number} onerror="window.ran=${number}">"'><script>window.ran=${number}</script>`;
const MODEL = `test/markup-${randomUUID().slice(0, 8)}`;

let context;
let close;
let account;

before(async () => {
  ({ context, close } = await browser());
  const good = async (...asked) => {
    const answer = await ask(...asked);
    assert.equal(answer.status, 200, `${asked[0]} ${asked[1]}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const made = await good("POST", "/admin/create", { email: `markup-${randomUUID()}@example.com`, credits: 10, role: "admin" }, adminKey);
  account = { key: made.api_key, id: made.id };
  await good("PATCH", "/user/profile", { username: markup(1) }, account.key);
  await good("POST", "/user/api-keys", { name: markup(2) }, account.key);
  const chat = await good("POST", "/v1/chat/sessions", { title: markup(3) }, account.key);
  await good("POST", `/v1/chat/sessions/${chat.id}/messages`, { role: "user", content: markup(4) }, account.key);
  account.chat = chat.id;
  await good("POST", "/user/webhooks", { url: "https://example.com/hooks", events: ["usage.daily"], description: markup(5) }, account.key);
  await good("POST", "/user/provider-keys", { provider: "groq", api_key: "gsk_0123456789abcdef", name: markup(6) }, account.key);
  await good("PUT", "/user/end-users", { user: markup(19), budget: { amount: 5, period: "day" } }, account.key);
  await good("POST", "/admin/models", { id: MODEL, name: markup(7), description: markup(8), context_length: 8000, max_output: 1000 }, adminKey);
  await good("PUT", "/admin/routes", { model: MODEL, provider: "openrouter", upstream_model: "standin/normal", price: { prompt: 1, completion: 2 } }, adminKey);
  for (const model of [MODEL, "test/error-400"]) {
    const called = await fetch(`${base}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${account.key}`, "content-type": "application/json", "x-title": markup(9), "x-gateway-tag": "<img/src=x16/onerror=window.ran=16>", "x-request-id": "<img/src=x10/onerror=window.ran=10>" },
      body: JSON.stringify({ model, user: markup(17), metadata: { note: markup(18) }, messages: [{ role: "user", content: markup(11) }] }),
    });
    await called.text();
  }
  await until("the rows of both calls", async () => (await ask("GET", "/user/activity/log", undefined, account.key)).body.data.length >= 2);
  await good("POST", "/admin/add_credits", { account_id: account.id, amount: 1, reason: markup(12) }, adminKey);
});
after(async () => {
  await ask("PATCH", `/admin/models/${MODEL}`, { enabled: false }, adminKey);
  await close?.();
});

/** Fails where something of it has become more than text. Answers which uses of it are shown. */
async function assertText(page, place) {
  const { ran, built, shown } = await page.evaluate(() => ({
    ran: window.ran ?? null,
    built: [...document.querySelectorAll("img, [onerror]")].filter((it) => /^x\d*$/.test(it.getAttribute("src") ?? "") || it.hasAttribute("onerror")).map((it) => it.outerHTML),
    shown: [...document.body.innerText.matchAll(/<img src=x(\d+)/g)].map(([, number]) => Number(number)),
  }));
  assert.deepEqual({ ran, built }, { ran: null, built: [] }, place);
  return shown;
}

test("markup is shown as text on every screen", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, account.key);
  const all = [...(await places(page)), `#/chats/${account.chat}`, `#/users/${account.id}`, `#/models/${MODEL}`, `#/catalog/models?search=${encodeURIComponent(MODEL)}`, `#/traffic?account_id=${account.id}`, "#/usage?by=user", "#/usage?by=tag"];
  const seen = new Set();
  for (const place of all) {
    await goTo(page, place);
    await settled(page);
    for (const number of await assertText(page, place)) seen.add(number);
    // What opens beside the list, too.
    const opener = page.locator("main table button.link, main table tr.open-row :is(a, button)").first();
    const isOpen = (await page.getByRole("dialog").count()) > 0;
    if (!isOpen && (await opener.count()) > 0 && (await opener.isVisible())) {
      await opener.click();
      await page.getByRole("dialog").waitFor();
      await settled(page);
      for (const number of await assertText(page, `${place}, opened`)) seen.add(number);
    }
    await page.keyboard.press("Escape");
  }
  // And what asks before it acts.
  for (const [place, name] of [["#/end-users", /^Budget of/], ["#/end-users", /^Forget/], ["#/settings/provider-keys", /^Edit/], ["#/settings/provider-keys", /^Forget/]]) {
    await goTo(page, place);
    await settled(page);
    await page.getByRole("main").getByRole("button", { name }).first().click();
    await page.getByRole("dialog").waitFor();
    await assertText(page, `${place}, ${name}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  // The playground says and shows what was typed and answered.
  await goTo(page, "#/playground");
  await page.getByRole("textbox", { name: "Your message" }).fill(markup(13));
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  await page.getByTestId("cost").first().waitFor();
  for (const number of await assertText(page, "the playground")) seen.add(number);
  // The test would prove nothing if it were not there to be seen.
  for (const number of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17, 18, 19]) assert.ok(seen.has(number), `${number} is shown nowhere; shown: ${[...seen]}`);
  assert.deepEqual(complaints, []);
});

test("and on the pages around the console", async () => {
  const page = await context.newPage();
  const asked = `search=${encodeURIComponent(markup(14))}`;
  const guides = [...(await (await fetch(`${base}/llms.txt`)).text()).matchAll(/\]\((\/docs\/guides\/[a-z-]+)\.md\)/g)].map(([, path]) => path);
  assert.ok(guides.length > 10, `${guides}`);
  const around = ["/_local", "/_local/mail", "/_local/privy", "/_local/stripe", `/?ref=${encodeURIComponent(markup(15))}`, "/docs", "/docs/guides", ...guides];
  for (const path of around) {
    await page.goto(`${base}${path}${path.includes("?") ? "&" : "?"}${asked}#${encodeURIComponent(markup(20))}`);
    await assertText(page, path);
  }
  // Of a model that is found among the others.
  await page.goto(`${base}/`);
  await page.getByRole("searchbox", { name: "Find a model" }).fill(MODEL);
  await page.getByText(MODEL).waitFor();
  assert.ok((await assertText(page, "/")).includes(7));
  // Of what is searched for in the guides.
  await page.goto(`${base}/docs/guides`);
  await page.getByRole("searchbox").fill(markup(21));
  await page.getByText("Nothing was found").waitFor();
  await assertText(page, "the search of the guides");
});

test("and at what an app says of itself where it asks for a key", async () => {
  const page = await context.newPage();
  const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  const open = async (asked) => page.goto(`${base}/auth?${new URLSearchParams({ code_challenge: challenge, ...asked })}`);
  const callback = `https://app.example/${encodeURIComponent(markup(22))}?a='onload='window.ran=23&lt;script&gt;`;
  assert.equal((await open({ callback_url: callback, key_label: markup(25) })).status(), 200);
  await assertText(page, "consent");
  assert.equal(await page.getByLabel("What it is called").inputValue(), markup(25));
  assert.equal(await page.locator("#site").innerText(), "https://app.example");
  // It goes into attributes of the page, out of which its quotes do not lead.
  assert.equal(await page.locator("main").getAttribute("data-label"), markup(25));
  assert.equal(await page.locator("main").getAttribute("data-callback"), callback);
  // Where it is refused, what was wrong is text, too.
  for (const wrong of [{ callback_url: `https://app.example/${markup(24)}` }, { callback_url: `javascript:${markup(26)}` }, { callback_url: markup(27) }, { limit: markup(28) }, { expires_at: markup(29) }, { usage_limit_type: markup(30) }, { key_label: markup(31).repeat(9) }, { code_challenge: markup(32) }, { [markup(33)]: markup(34), code_challenge: "" }]) {
    assert.equal((await open(wrong)).status(), 400, JSON.stringify(wrong));
    await page.getByRole("heading", { name: "This request cannot be granted" }).waitFor();
    await assertText(page, JSON.stringify(wrong));
  }
  await page.close();
});
