// The catalog, plans, promotions and payments as administrators keep them: each act asks, does what it says, and the API says the same.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, goTo, open, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("a model is added with a route, asked, changed, named otherwise and disabled", async () => {
  const model = `test/made-${randomUUID().slice(0, 8)}`;
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("navigation", { name: "Catalog" }).getByRole("link", { name: "Models" }).click();
  await page.getByRole("button", { name: "Add a model" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Id" }).fill(model);
  await dialog.getByRole("textbox", { name: "Name" }).fill("Made here");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  const about = async () => (await ask("GET", `/admin/models/${model}`, undefined, adminKey)).body;
  assert.equal((await about()).name, "Made here");

  await goTo(page, `#/catalog/routes?model=${model}`);
  await page.getByText("No route is like this").waitFor();
  await page.getByRole("button", { name: "Add a route" }).click();
  await dialog.getByRole("textbox", { name: "Provider", exact: true }).fill("openrouter");
  await dialog.getByRole("textbox", { name: "What the provider calls it" }).fill("standin/normal");
  await dialog.getByRole("spinbutton", { name: "Prompt", exact: true }).fill("3");
  await dialog.getByRole("spinbutton", { name: "Completion" }).fill("15");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("cell", { name: "$3.00 in, $15.00 out" }).waitFor();
  const called = await ask("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "Hello" }] });
  assert.equal(called.status, 200);
  assert.ok(called.body.usage.cost > 0);

  await goTo(page, "#/catalog/aliases");
  await page.getByRole("textbox", { name: "Name" }).fill(`named-${model.slice(-8)}`);
  await page.getByRole("textbox", { name: "Model" }).fill(model);
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.getByRole("button", { name: `Delete named-${model.slice(-8)}` }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByText("The name is gone.").waitFor();

  await goTo(page, `#/catalog/models?search=${model}`);
  await page.getByRole("button", { name: "Made here" }).click();
  await dialog.getByRole("checkbox", { name: "It can be asked" }).uncheck();
  await dialog.getByText("Every call of this model is refused").waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal((await about()).enabled, false);
  const refused = await ask("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "Hello" }] });
  assert.equal(refused.status, 404);
  // What was done is on the trail.
  const trail = (await ask("GET", "/admin/audit-logs?action=model.&limit=20", undefined, adminKey)).body.data;
  assert.ok(trail.some((entry) => JSON.stringify(entry).includes(model)), JSON.stringify(trail).slice(0, 500));
  assert.deepEqual(complaints, []);
});

test("the providers' lists are read, and a price that waits is rejected or approved", async (t) => {
  const [model, provider] = ["test/fast", "openrouter"];
  const price = async () => (await ask("GET", `/admin/routes?model=${model}&provider=${provider}`, undefined, adminKey)).body.data[0].price;
  const former = await price();
  const set = async (wanted) => assert.equal((await ask("PUT", "/admin/routes", { model, provider, price: wanted }, adminKey)).status, 200);
  t.after(() => set(former));
  // An administrator's price is another than the one in the provider's list, and than any that was decided about before.
  const odd = Number((0.2 + (1 + Math.floor(Math.random() * 98)) / 1000).toFixed(3));
  const shown = odd.toLocaleString("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 3 });
  await set({ ...former, prompt: odd, completion: 0.8 });
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await goTo(page, "#/catalog");
  const waiting = async () => (await ask("GET", "/admin/catalog-status", undefined, adminKey)).body.waiting.filter((it) => it.model === model && it.provider === provider);
  const read = async () => {
    await page.getByRole("button", { name: "Read them now" }).click();
    await page.getByText(/lists? (was|were) read/).first().waitFor();
    await page.getByRole("region", { name: "Lists of the providers" }).getByRole("cell", { name: provider, exact: true }).waitFor();
    await settled(page);
  };
  const row = page.getByRole("region", { name: "Prices that wait" }).getByRole("row", { name: new RegExp(model) });
  const decide = async (act) => {
    await row.getByText(`${shown} → $0.10`).waitFor();
    await row.getByRole("button", { name: `${act} ${model} at ${provider}` }).click();
    const dialog = page.getByRole("dialog", { name: `${act} the price` });
    await dialog.getByText("$0.80 → $0.40").waitFor();
    await dialog.getByRole("button", { name: `${act} it` }).click();
    await dialog.waitFor({ state: "detached" });
    await row.waitFor({ state: "detached" });
    assert.deepEqual(await waiting(), []);
  };
  await read();
  assert.deepEqual([(await price()).prompt, (await price()).completion], [odd, 0.8], "until somebody has decided, nothing changes");
  await decide("Reject");
  assert.deepEqual([(await price()).prompt, (await price()).completion], [odd, 0.8]);
  // What was rejected is not asked about again, unless the price here has become another.
  await read();
  assert.deepEqual(await waiting(), []);
  await set({ ...former, prompt: odd, completion: 0.8, cached: 0.1 });
  await read();
  await decide("Approve");
  await page.getByText("The new price holds from now on.").waitFor();
  assert.deepEqual(await price(), former);
  // Calls are charged by it, and it is on the trail.
  const { status, body } = await ask("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "Hello" }] });
  assert.equal(status, 200);
  const { prompt_tokens, completion_tokens, cost } = body.usage;
  assert.equal(cost, Math.ceil(prompt_tokens * 100 + completion_tokens * 400) / 1e9);
  const trail = (await ask("GET", "/admin/audit-logs?limit=20", undefined, adminKey)).body.data;
  assert.ok(trail.some((entry) => JSON.stringify(entry.details).includes(model)), JSON.stringify(trail).slice(0, 500));
  assert.deepEqual(complaints, []);
});

test("a plan sells for less, and a promotion has its budget", async (t) => {
  const { page, complaints } = await open(context);
  t.after(() => ask("PATCH", "/admin/plans/free", { price_factor: 1, pinned: false }, adminKey));
  await signInByKey(page, adminKey);
  await page.getByRole("link", { name: "Plans" }).click();
  await page.getByRole("button", { name: "Change Free" }).click();
  await page.getByRole("spinbutton", { name: /Calls cost, percent/ }).fill("87.5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("cell", { name: "87.5 %" }).waitFor();
  const plans = (await ask("GET", "/admin/plans", undefined, adminKey)).body.data;
  assert.equal(plans.find((plan) => plan.id === "free").price_factor, 0.875);

  const name = `spring-${randomUUID().slice(0, 8)}`;
  await goTo(page, "#/coupons/promotions");
  await page.getByRole("button", { name: "Create a promotion" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("spinbutton", { name: "Budget" }).fill("100");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: `Change ${name}` }).click();
  await page.getByRole("checkbox", { name: "It gives something now" }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const promotions = (await ask("GET", "/admin/promotions?limit=100", undefined, adminKey)).body.data;
  const { budget, active } = promotions.find((promotion) => promotion.id === name);
  assert.deepEqual({ budget, active }, { budget: 100, active: false });
  assert.deepEqual(complaints, []);
});

test("a payment is found and refunded, and a dispute is seen", async () => {
  const email = `paid-${randomUUID()}@example.com`;
  const { api_key: secret, id: account } = (await ask("POST", "/admin/create", { email }, adminKey)).body;
  const pay = async (card) => {
    const begun = (await ask("POST", "/api/stripe/checkout-session", { amount: 25 }, secret)).body;
    await fetch(`${base}/_local/stripe/pay/${begun.id}`, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams({ card }) });
    await until("the payment", async () => {
      const { status, disputed } = (await ask("GET", `/admin/payments?account_id=${account}`, undefined, adminKey)).body.data[0].payment;
      return status === "succeeded" && (card === "good" || disputed);
    });
  };
  await pay("good");
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await goTo(page, `#/payments?account_id=${account}`);
  await page.getByRole("cell", { name: email }).waitFor();
  await page.getByRole("button", { name: /\d:\d\d/ }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Refund" }).click();
  await page.getByRole("spinbutton", { name: "Amount" }).fill("10");
  await page.getByRole("button", { name: "Refund $10.00" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByText(/refund: /).first().waitFor();
  assert.equal((await ask("GET", "/user/balance", undefined, secret)).body.credits, 15);

  await pay("disputed");
  await goTo(page, `#/payments?account_id=${account}&reversal=dispute`);
  await page.getByText(/dispute: /).first().waitFor();
  await page.getByRole("button", { name: /\d:\d\d/ }).first().click();
  await page.getByRole("dialog").getByText(/to be answered at Stripe/).waitFor();
  assert.equal(await page.getByRole("dialog").getByRole("button", { name: "Refund" }).count(), 0);
  assert.deepEqual(complaints, []);
});
