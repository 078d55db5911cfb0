// The console as somebody uses it: from the mailed code to the sign-out, with what the API says of each step.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, base, becomes, browser, goTo, mailedCode, open, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

/** Signs in by the code of so many that are mailed to this address. */
async function signInByCode(page, email, sent, screen = "Overview") {
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByRole("button", { name: "Mail me a code" }).click();
  await page.getByRole("textbox", { name: "Code" }).waitFor();
  const verified = page.waitForResponse((response) => response.url().endsWith("/auth/verify"));
  await page.getByRole("textbox", { name: "Code" }).fill(await mailedCode(email, sent));
  await page.getByRole("button", { name: "Sign in" }).click();
  const answer = await (await verified).json();
  await page.getByRole("heading", { name: screen }).waitFor();
  return answer.api_key;
}

test("from the first sign-in to the last sign-out", async () => {
  const email = `console-${randomUUID()}@example.com`;
  const { page, complaints, fetched } = await open(context);
  const first = await signInByCode(page, email, 1);

  // Who has called nothing yet is told what to do.
  await page.getByRole("heading", { name: "Make your first call" }).waitFor();

  // A coupon is credit.
  const code = `C${randomUUID().replaceAll("-", "").slice(0, 12).toUpperCase()}`;
  const coupon = await ask("POST", "/admin/coupons", { kind: "credit", amount: 5, code, max_redemptions: 1 }, adminKey);
  assert.equal(coupon.status, 200, JSON.stringify(coupon.body));
  await page.getByRole("link", { name: "Credit", exact: true }).click();
  await page.getByRole("textbox", { name: "Code" }).fill(code);
  await page.getByRole("button", { name: "Redeem" }).click();
  await page.getByText("$5.00 were added").waitFor();
  await page.getByRole("textbox", { name: "Code" }).fill(code);
  await page.getByRole("button", { name: "Redeem" }).click();
  await page.getByRole("alert").waitFor();

  // Credit is bought in another tab, and this one hears of it.
  await page.getByRole("spinbutton", { name: "Amount" }).fill("25");
  await page.getByRole("button", { name: "Continue" }).click();
  const [stripe] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "Pay $25.00" }).click()]);
  await stripe.getByLabel("With").selectOption("good");
  await stripe.getByRole("button", { name: "Pay" }).click();
  await stripe.getByRole("heading", { name: "Thank you" }).waitFor();
  await stripe.close();
  await page.getByText("$25.00 of credit were added.").waitFor();
  const balance = (await ask("GET", "/user/balance", undefined, first)).body;
  await page.getByText(`$${balance.available.toFixed(2)}`).first().waitFor();
  await page.getByRole("link", { name: "Payments" }).click();
  await page.getByRole("cell", { name: "Succeeded" }).waitFor();

  // A key's secret is shown once, with a call that works as it stands.
  await page.getByRole("link", { name: "API keys" }).click();
  await page.getByRole("button", { name: "Create a key" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Shop");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const secret = await page.getByTestId("secret").innerText();
  assert.match(secret, /^gw_test_/);
  assert.match(await page.getByRole("region", { name: "A first call" }).innerText(), new RegExp(secret));
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.doesNotMatch(await page.content(), new RegExp(secret));

  // A limit that is lowered here holds there.
  await page.getByRole("button", { name: "Edit Shop" }).click();
  await page.getByText("More settings").click();
  await page.getByRole("spinbutton", { name: "Requests in all" }).fill("1");
  await page.getByRole("spinbutton", { name: "Keep answers for seconds" }).fill("60");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("row", { name: /^Shop/ }).getByText(/ of 1$/).waitFor();
  const changed = (await ask("GET", "/user/api-keys", undefined, first)).body.data.find((/** @type {any} */ key) => key.name === "Shop");
  assert.equal(changed.cache_ttl, 60);
  const call = { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
  assert.equal((await ask("POST", "/v1/chat/completions", call, secret)).status, 200);
  const refused = await ask("POST", "/v1/chat/completions", call, secret);
  assert.ok(refused.status >= 400, `${refused.status}`);

  // The playground shows the answer as it comes, and its cost to the last place.
  await page.getByRole("link", { name: "Playground" }).click();
  await page.getByRole("textbox", { name: "Your message" }).fill("Tell me of rivers");
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  const cost = await page.getByTestId("cost").innerText();
  assert.match(await page.getByTestId("answer").innerText(), /first token/);
  // The newest request once it is settled: the one before it was no stream.
  const called = await until("the stream's row", async () => (await ask("GET", "/user/activity/log?limit=1", undefined, first)).body.data.find((/** @type {any} */ row) => row.stream));
  assert.equal(Number(cost.replace("$", "")), called.cost);
  assert.ok(called.cost > 0);

  // The figures here are the API's.
  await page.getByRole("link", { name: "Usage" }).click();
  await settled(page);
  const stats = (await ask("GET", "/user/activity/stats", undefined, first)).body;
  const [row] = stats.by_model;
  const shown = page.getByRole("row", { name: new RegExp(row.model) });
  await shown.getByRole("cell", { name: `$${row.usage.cost}` }).waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("table", { name: "Spend by day and model" }).waitFor({ state: "attached" });
  const parts = await page.locator(".chart tbody td").allInnerTexts();
  const sum = parts.reduce((sum, part) => sum + Number(part.replace("$", "")), 0);
  assert.equal(Number(sum.toFixed(9)), stats.totals.cost);
  await page.getByRole("link", { name: "Requests" }).first().click();
  await page.getByRole("main").getByRole("link", { name: /\d:\d\d/ }).first().click();
  await page.getByRole("dialog").getByText(called.call_id).waitFor();
  await page.keyboard.press("Escape");

  // A sign-in's key ends with it; the first one is the account's and stays.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).waitFor();
  assert.equal((await ask("GET", "/user/balance", undefined, first)).status, 200);
  // Who signs in again is where they were.
  const second = await signInByCode(page, email, 2, "Requests");
  const ended = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("button", { name: "Sign out" }).click();
  await ended;
  assert.equal((await ask("GET", "/user/balance", undefined, second)).status, 401);
  assert.equal((await ask("DELETE", "/user/account", { confirmation: "DELETE_ACCOUNT" }, first)).status, 200);

  assert.deepEqual(complaints, []);
  assert.deepEqual(fetched.filter((url) => !url.startsWith(base) && !url.startsWith("data:") && !url.startsWith("blob:")), []);
});

test("the main path by the keyboard alone", async () => {
  const { page, complaints } = await open(context);
  const press = async (...keys) => {
    for (const it of keys) await page.keyboard.press(it);
  };
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || "");
  await page.getByRole("radio", { name: "E-mail" }).focus();
  await press("ArrowRight", "ArrowRight", "Tab");
  await page.keyboard.type(process.env.GATEWAY_API_KEY);
  await press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await becomes(focused, "Overview", "who comes to a screen begins at its head");

  await press("Control+k");
  await page.keyboard.type("create");
  await press("Enter");
  await page.getByRole("dialog", { name: "Create a key" }).waitFor();
  const name = `By keyboard ${randomUUID()}`;
  await page.keyboard.type(name);
  await press("Enter");
  await page.getByTestId("secret").waitFor();
  await press("Escape");
  await page.getByRole("cell", { name: `${name} gw_` }).waitFor();
  await page.getByRole("button", { name: `Revoke ${name}` }).focus();
  await press("Enter");
  await page.getByRole("dialog", { name: "Revoke the key" }).waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await focused(), /^Revoke/, "a dialog gives the focus back");
  // The browser takes no key for what was behind the dialog until it has drawn the page without it.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
  await press("Enter");
  await page.getByRole("button", { name: "Revoke", exact: true }).focus();
  await press("Enter");
  await page.getByText("The key was revoked.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await press("Control+k");
  await page.keyboard.type("playg");
  await press("Enter");
  await becomes(focused, "Playground");
  await page.getByRole("textbox", { name: "Your message" }).focus();
  await page.keyboard.type("Hello");
  await press("Enter");
  await page.getByTestId("cost").waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("what people choose is shown as text", async () => {
  const markup = '<img src=x onerror="window.ran=1">';
  const made = await ask("POST", "/user/api-keys", { name: markup });
  const chat = await ask("POST", "/v1/chat/sessions", { title: markup });
  await ask("POST", `/v1/chat/sessions/${chat.body.id}/messages`, { role: "user", content: markup });
  const own = await ask("POST", "/user/provider-keys", { provider: "groq", api_key: "gsk_0123456789abcdef", name: markup });
  assert.deepEqual([made.status, chat.status, own.status], [200, 200, 200], JSON.stringify(own.body));
  await ask("POST", "/v1/chat/completions", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: markup }] }, made.body.api_key);
  await until("the call's row", async () => (await ask("GET", `/user/activity/log?key_id=${made.body.id}`)).body.data.length > 0);
  const { page, complaints } = await open(context);
  await signInByKey(page);
  for (const place of ["#/", "#/keys", "#/chats", `#/chats/${chat.body.id}`, "#/settings/provider-keys", "#/usage?by=key", "#/requests"]) {
    await goTo(page, place);
    await page.getByText(markup).first().waitFor({ state: "attached" }).catch(() => assert.fail(`${place} does not show it`));
  }
  await goTo(page, "#/playground");
  await page.getByRole("textbox", { name: "Your message" }).fill(markup);
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  await page.getByTestId("cost").waitFor();
  assert.ok((await page.getByText(markup).count()) > 0);
  await page.getByRole("button", { name: "As code" }).click();
  await page.getByRole("dialog").getByText(markup.slice(0, 12)).first().waitFor();
  assert.equal(await page.evaluate(() => [window.ran, document.querySelectorAll("img[src=x]").length].join()), ",0");
  await ask("DELETE", `/user/api-keys/${made.body.id}`);
  await ask("DELETE", `/v1/chat/sessions/${chat.body.id}`);
  await ask("DELETE", "/user/provider-keys?provider=groq");
  assert.deepEqual(complaints, []);
});

test("a key that is not one is refused, and a reload forgets who did not ask to stay", async () => {
  const { page } = await open(context);
  await page.getByText("API key", { exact: true }).first().click();
  const field = page.getByRole("textbox", { name: "API key" });
  await field.fill("gw_test_nothing");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await field.fill(process.env.GATEWAY_API_KEY);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.reload();
  await page.getByRole("textbox", { name: "E-mail" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);

  // A key that ends while somebody works with it: they hear why they are out.
  const short = await ask("POST", "/user/api-keys", { name: "Short-lived", scopes: ["*"] });
  await signInByKey(page, short.body.api_key);
  await ask("DELETE", `/user/api-keys/${short.body.id}`);
  await goTo(page, "#/usage");
  await page.getByText("The key is not valid any more").waitFor();
});

test("a key that is pasted where an address is asked for is taken as a key", async () => {
  const { page, complaints } = await open(context);
  await page.getByRole("textbox", { name: "E-mail" }).fill(`  ${process.env.GATEWAY_API_KEY}`);
  await page.getByRole("textbox", { name: "API key" }).waitFor();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.deepEqual(complaints, []);
});
