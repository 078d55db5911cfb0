// Whom calls are made for: budgets, what each has used, a month's statement of it, and its end.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, goTo, open, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;
let secret;

before(async () => {
  ({ context, close } = await browser());
  secret = (await ask("POST", "/admin/create", { email: `users-${randomUUID()}@example.com`, credits: 10 }, adminKey)).body.api_key;
});
after(() => close?.());

/** A call for this end user, once it is settled where it went well. */
async function call(user, tag = "") {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...(tag && { "x-gateway-tag": tag }) },
    body: JSON.stringify({ model: "openai/gpt-4o-mini", user, max_tokens: 50, messages: [{ role: "user", content: "Hello" }] }),
  });
  await answer.text();
  const isSettled = async () => (await ask("GET", `/user/activity/log/${answer.headers.get("x-request-id")}`, undefined, secret)).body.request?.status === "finished";
  if (answer.ok) await until("the call's end", isSettled);
  return answer.status;
}

test("a budget is set, holds, and goes with its end user", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/end-users");
  await page.getByText("No budgets yet").waitFor();
  await page.getByText("without limit").waitFor();

  // One of its own.
  await page.getByRole("button", { name: "Set a budget" }).first().click();
  await page.getByRole("textbox", { name: "End user" }).fill("ann & bob");
  await page.getByRole("spinbutton", { name: "Amount" }).fill("2.5");
  await page.getByRole("combobox", { name: "Period" }).selectOption("day");
  await page.getByRole("button", { name: "Save" }).click();
  const row = (name) => page.getByRole("row", { name: new RegExp(name) });
  await row("ann & bob").getByText("$2.50 a day").waitFor();
  assert.equal(await call("ann & bob", "shop"), 200);
  await page.reload();
  await row("ann & bob").waitFor();
  const known = async (user) => (await ask("GET", `/user/end-users?user=${encodeURIComponent(user)}`, undefined, secret)).body.data[0];
  const spent = (await known("ann & bob")).spent;
  assert.ok(spent > 0);
  const figure = await row("ann & bob").locator("td").nth(2).locator("span").first().innerText();
  assert.ok(Math.abs(Number(figure.match(/\$([\d.]+) of/)[1]) - spent) < spent / 100, `${figure}, ${spent}`);

  // Nothing at all, which the next call is refused by.
  await page.getByRole("button", { name: "Budget of ann & bob" }).click();
  await page.getByRole("spinbutton", { name: "Amount" }).fill("0");
  await page.getByRole("button", { name: "Save" }).click();
  await row("ann & bob").getByText("$0.00 a day").waitFor();
  assert.equal(await call("ann & bob"), 402);

  // A default for all others, and one whom it does not bind.
  await page.getByRole("button", { name: "Change the default" }).click();
  await page.getByRole("combobox", { name: "May spend" }).selectOption("amount");
  await page.getByRole("spinbutton", { name: "Amount" }).fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("$1.00 a month").waitFor();
  assert.equal(await call("carol"), 200);
  await page.reload();
  await row("carol").getByText("Default").waitFor();
  await page.getByRole("button", { name: "Budget of carol" }).click();
  await page.getByRole("combobox", { name: "May spend" }).selectOption("free");
  await page.getByRole("button", { name: "Save" }).click();
  await row("carol").getByText("no limit").waitFor();
  assert.deepEqual([(await known("carol")).budget, (await known("carol")).is_default], [null, false]);

  // Found by its name, and forgotten once that was said.
  await page.getByRole("searchbox", { name: "End user" }).fill("ann & bob");
  await page.getByRole("button", { name: "Find", exact: true }).click();
  await row("carol").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Forget ann & bob" }).click();
  await page.getByRole("dialog").getByText("are erased from the requests").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.ok(await known("ann & bob"));
  await page.getByRole("button", { name: "Forget ann & bob" }).click();
  await page.getByRole("button", { name: "Forget it" }).click();
  await page.getByText("It is forgotten", { exact: false }).waitFor();
  assert.equal(await known("ann & bob"), undefined);

  // The default goes as it came.
  await page.getByRole("button", { name: "Change the default" }).click();
  await page.getByRole("combobox", { name: "May spend" }).selectOption("free");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("without limit").waitFor();
  assert.equal((await ask("GET", "/user/end-users", undefined, secret)).body.default_budget, null);
  assert.deepEqual(complaints, []);
});

test("usage by end user and tag, and the month's statement, have the API's figures", async () => {
  assert.equal(await call("dora", "shop"), 200);
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/usage?by=user&range=month");
  const day = new Date().toISOString().slice(0, 10);
  const span = `start_date=${day.slice(0, 7)}-01&end_date=${day}`;
  for (const [group, name] of [["user", "dora"], ["tag", "shop"]]) {
    await page.getByText(group === "user" ? "End user" : "Tag", { exact: true }).first().click();
    const row = page.getByRole("row", { name: new RegExp(`^${name}`) });
    await row.waitFor();
    const { results } = (await ask("GET", `/v1/report?group_by=${group}&${span}`, undefined, secret)).body;
    const { total_cost: cost } = results.find((it) => it[group] === name);
    assert.equal(Number((await row.locator("td").last().innerText()).replace("$", "")), cost);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    assert.match(readFileSync(await file.path(), "utf8"), new RegExp(`^${name},1,`, "m"));
  }
  await goTo(page, "#/usage?by=user");
  await page.getByRole("link", { name: "dora" }).click();
  await page.getByRole("heading", { level: 1, name: "Requests" }).waitFor();
  await settled(page);
  assert.equal(await page.locator("main tbody tr").count(), 1);

  await goTo(page, "#/credit/statement");
  await settled(page);
  const statement = (await ask("GET", `/user/statement?month=${day.slice(0, 7)}`, undefined, secret)).body;
  const figures = await page.locator("dl.stats dd [title]").evaluateAll((all) => all.map((it) => Number(it.title.replace("$", ""))));
  assert.deepEqual(figures, ["opening_balance", "moved", "used", "closing_balance"].map((name) => statement[name]));
  const used = await page.getByRole("table", { name: "Used by calls" }).locator("tbody tr td:last-child").allInnerTexts();
  assert.deepEqual(used.map((text) => Number(text.replace("$", ""))), statement.usage.map((it) => it.cost));
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Printable page" }).click()]);
  assert.equal(file.suggestedFilename(), `statement-${day.slice(0, 7)}.html`);
  assert.match(readFileSync(await file.path(), "utf8"), /^<!doctype html>/);
  const before = page.waitForResponse((response) => response.url().includes("/user/statement"));
  await page.getByRole("combobox", { name: "Month, in UTC" }).selectOption({ index: 1 });
  assert.equal((await before).status(), 200);
  await page.getByText("No call ended in this month").waitFor();
  assert.deepEqual(complaints, []);
});
