// What an account can do for itself in the console besides calling models: a plan, a card, its settings, its chats, and its end.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, goTo, open, signInByKey, until } from "./in_console.mjs";

let context;
let close;
let secret;

before(async () => {
  ({ context, close } = await browser());
  const made = await ask("POST", "/admin/create", { email: `own-${randomUUID()}@example.com`, credits: 10 }, adminKey);
  secret = made.body.api_key;
});
after(() => close?.());

/** Does at Stripe's page, in its own tab, what its button says. */
async function atStripe(page, link, button) {
  const [stripe] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: link }).click()]);
  await stripe.getByRole("button", { name: button }).first().click();
  await stripe.getByRole("heading", { name: "Thank you" }).waitFor();
  await stripe.close();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

test("a plan is subscribed to and cancelled, and a card is left for auto top-up", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/credit/plan");
  await page.getByRole("button", { name: "Subscribe" }).first().click();
  await atStripe(page, "Open Stripe's page", "Pay");
  await page.getByRole("heading", { name: "Plan: Developer" }).waitFor();
  await page.getByRole("button", { name: "Cancel the plan" }).click();
  await page.getByRole("button", { name: "Cancel it" }).click();
  await page.getByRole("button", { name: "Keep the plan" }).click();
  await page.getByText("The plan goes on.").waitFor();
  await page.getByRole("button", { name: "Switch to it" }).first().click();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByRole("heading", { name: "Plan: Team" }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await goTo(page, "#/credit/auto-topup");
  await page.getByRole("checkbox", { name: /^I agree/ }).check();
  await page.getByRole("button", { name: "Turn it on" }).click();
  await atStripe(page, "Leave a card at Stripe", "Leave it");
  assert.equal((await ask("GET", "/user/auto-topup", undefined, secret)).body.state, "active");
  await page.getByRole("button", { name: "Turn it off" }).click();
  await page.getByText("Auto top-up is off.").waitFor();
  assert.deepEqual(complaints, []);
});

test("settings, chats, and the account's end", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/settings");
  await page.getByRole("textbox", { name: "Name" }).fill("ann");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The profile was changed.").waitFor();
  await goTo(page, "#/settings/provider-keys");
  const keep = async (ends, fill = async () => {}) => {
    await page.getByRole("button", { name: "Add a key" }).click();
    await page.getByRole("combobox", { name: "Provider" }).fill("groq");
    await page.getByRole("textbox", { name: "Its key" }).fill(`gsk_0123456789ab${ends}`);
    await fill(page.getByRole("dialog"));
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  const kept = async () => (await ask("GET", "/user/provider-keys", undefined, secret)).body.data;
  await keep("aaaa");
  await keep("bbbb", async (dialog) => {
    await dialog.getByRole("textbox", { name: "Name" }).fill("Spare");
    await dialog.getByRole("spinbutton", { name: "Order" }).fill("5");
    await dialog.getByRole("checkbox", { name: "Only behind all others" }).check();
    await dialog.getByRole("textbox", { name: "Models" }).fill("openai/*");
  });
  const [first, second] = await kept();
  assert.deepEqual([first.last_four, second.last_four, second.name, second.priority, second.is_fallback, second.gateway_fallback, second.allowed_models], ["aaaa", "bbbb", "Spare", 5, true, false, ["openai/*"]]);
  await page.getByRole("button", { name: "Edit groq …bbbb" }).click();
  await page.getByRole("textbox", { name: "Another key in its place" }).fill("gsk_0123456789abcccc");
  await page.getByRole("checkbox", { name: "Let your credit here step in" }).check();
  await page.getByRole("group", { name: "API keys whose calls use it" }).getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Switch off groq …cccc" }).click();
  await page.getByRole("button", { name: "Switch on groq …cccc" }).waitFor();
  const changed = (await kept()).find((it) => it.id === second.id);
  assert.deepEqual([changed.disabled, changed.gateway_fallback, changed.allowed_keys.length, changed.name], [true, true, 1, "Spare"]);
  for (const ends of ["aaaa", "cccc"]) {
    await page.getByRole("button", { name: `Forget groq …${ends}` }).click();
    await page.getByRole("dialog").getByText(`…${ends}`).waitFor();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByText("No provider keys yet").waitFor();
  await goTo(page, "#/settings/notifications");
  const chosen = page.waitForResponse((response) => response.request().method() === "PATCH" && response.url().endsWith("/preferences"));
  await page.getByRole("checkbox", { name: "Usage report" }).uncheck();
  await chosen;
  await page.getByRole("spinbutton", { name: "Balance below" }).fill("25");
  await page.getByRole("spinbutton", { name: "Spend in a day" }).fill("50");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("You are told from then on.").waitFor();
  const thresholds = (await ask("GET", "/user/notifications/thresholds", undefined, secret)).body;
  assert.deepEqual([thresholds.low_balance, thresholds.spend_per_day, thresholds.spend_per_month], [25, 50, null]);
  await goTo(page, "#/settings/webhooks");
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await page.getByRole("textbox", { name: "Address" }).fill("https://example.com/hooks");
  await page.getByRole("checkbox", { name: "usage.daily" }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  assert.match(await page.getByTestId("secret").innerText(), /^whsec_/);
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByText("usage.daily").waitFor();
  await page.getByRole("button", { name: "Deliveries" }).click();
  await page.getByText("Nothing was sent yet").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("None yet").waitFor();
  await goTo(page, "#/settings/privacy");
  await page.getByRole("spinbutton", { name: "Days that chats are kept" }).fill("30");
  await page.getByRole("combobox", { name: "In the public rankings" }).selectOption("excluded");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It holds from now on.").waitFor();
  const [preferences, privacy] = await Promise.all([ask("GET", "/user/notifications/preferences", undefined, secret), ask("GET", "/user/privacy", undefined, secret)]);
  assert.deepEqual([preferences.body.kinds.usage_report, privacy.body.chat_retention_days, privacy.body.ranking], [false, 30, "excluded"]);
  const asked = { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
  await until("the answer out of the cache", async () => {
    const cached = await fetch(`${base}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "x-gateway-cache": "true" }, body: JSON.stringify(asked) });
    assert.equal(cached.status, 200, await cached.text());
    return cached.headers.get("x-gateway-cache") === "hit";
  });
  await page.getByRole("button", { name: "Forget all cached answers" }).click();
  await page.getByRole("dialog").getByText("Every answer that is kept").waitFor();
  await page.getByRole("button", { name: "Forget them" }).click();
  await page.getByText("1 cached answer forgotten.").waitFor();

  const chat = await ask("POST", "/v1/chat/sessions", { title: "Rivers" }, secret);
  await ask("POST", `/v1/chat/sessions/${chat.body.id}/messages`, { role: "user", content: "Where does the Danube end?" }, secret);
  await goTo(page, "#/chats");
  await page.getByRole("searchbox", { name: "Search messages" }).fill("danube");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: "Where does the Danube end?" }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("The Danube");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: "The Danube" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Markdown" }).click()]);
  assert.match(file.suggestedFilename(), /\.md$/);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No chats are kept").waitFor();

  await goTo(page, "#/settings");
  await page.getByRole("button", { name: "Delete the account" }).click();
  await page.getByRole("textbox", { name: "Type DELETE to go on" }).fill("DELETE");
  await page.getByRole("button", { name: "Delete it for good" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).waitFor();
  assert.equal((await ask("GET", "/user/balance", undefined, secret)).status, 401);
  assert.deepEqual(complaints, []);
});
