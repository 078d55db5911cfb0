// One request with all that is known of it: who was asked and when, what each part cost, whom it was for.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, faults, goTo, open, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;
let secret;
const tag = `tag-${randomUUID().slice(0, 8)}`;

/** Calls, and answers what the API says of it once it is settled. */
async function called(body, headers = {}) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ messages: [{ role: "user", content: "Hello" }], ...body }),
  });
  await answer.text();
  return until("the call's end", async () => {
    const { status, body: detail } = await ask("GET", `/user/activity/log/${answer.headers.get("x-request-id")}`, undefined, secret);
    return status === 200 && detail.request.status === "finished" && detail;
  });
}

before(async () => {
  ({ context, close } = await browser());
  secret = (await ask("POST", "/admin/create", { email: `one-${randomUUID()}@example.com`, credits: 10, role: "admin" }, adminKey)).body.api_key;
});
after(() => close?.());

test("a request says who was asked, what each part cost and whom it was for", async () => {
  const fallen = await called({ model: "test/fallback", user: "bob", metadata: { order: "17" } }, { "x-gateway-tag": tag });
  assert.equal(fallen.attempts.length, 2);
  const paid = await called({ model: "test/usage" });
  assert.ok(paid.costs.some((it) => it.kind === "cached"));
  await called({ model: "openai/gpt-4o-mini" }, { "x-gateway-cache": "true" });
  const replayed = await called({ model: "openai/gpt-4o-mini" }, { "x-gateway-cache": "true" });
  assert.ok(replayed.request.replayed_call);

  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  const dialog = page.getByRole("dialog", { name: "Request" });
  for (const screen of ["requests", "traffic"]) {
    await goTo(page, `#/${screen}/${fallen.request.call_id}`);
    const attempts = dialog.getByRole("table", { name: "Attempts" });
    await attempts.waitFor({ state: "attached" });
    const rows = await attempts.locator("tbody tr").allTextContents();
    assert.match(rows[0], /^openrouter.*500upstream_error$/);
    assert.match(rows[1], /^chutes.*200none$/);
    assert.equal(await dialog.locator(".falls li").count(), 2);
    // What failed, then what waited: each begins where the API says.
    const [first, second] = await dialog.locator(".falls .track").evaluateAll((all) => all.map((it) => [...it.children].map((part) => part.className)));
    assert.deepEqual([first, second], [["gap", "fail"], ["gap", "wait", "flow"]]);
    for (const text of ["bob", tag, fallen.request.call_id]) await dialog.getByText(text, { exact: true }).first().waitFor();
    assert.deepEqual(await faults(page), [], screen);

    await goTo(page, `#/${screen}/${paid.request.call_id}`);
    const costs = dialog.getByRole("table", { name: "Cost in parts" });
    await costs.getByText("Prompt, from cache").waitFor();
    const parts = (await costs.locator("tbody td:last-child").allInnerTexts()).map((text) => Number(text.replace("$", "")));
    assert.deepEqual(parts, paid.costs.map((it) => it.cost));
    assert.equal(Number(parts.reduce((sum, part) => sum + part, 0).toFixed(9)), paid.request.cost);
    assert.equal(await costs.locator("tfoot td").innerText(), `$${paid.request.cost.toFixed(6)}`);

    await goTo(page, `#/${screen}/${replayed.request.call_id}`);
    await dialog.getByRole("link", { name: "earlier call" }).click();
    await dialog.getByText(replayed.request.replayed_call, { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction((place) => location.hash === place, `#/${screen}`);
  }

  // From one to all for the same end user, and from the list to one by its row.
  await goTo(page, `#/requests/${fallen.request.call_id}`);
  await dialog.getByRole("link", { name: "bob" }).click();
  await dialog.waitFor({ state: "detached" });
  await settled(page);
  assert.equal(await page.locator("main tbody tr").count(), 1);
  await page.locator("main tbody tr").click();
  await dialog.getByText(fallen.request.call_id).waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "detached" });

  await goTo(page, `#/requests/${randomUUID()}`);
  await dialog.getByRole("alert").waitFor();
  assert.deepEqual(complaints, []);
});

test("a call that runs is shown as one, to its account and to an operator", async () => {
  const id = `runs-${randomUUID()}`;
  const stop = new AbortController();
  const calling = fetch(`${base}/v1/chat/completions`, {
    method: "POST", signal: stop.signal, headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({ model: "test/hang", messages: [{ role: "user", content: "Hello" }] }),
  }).catch(() => null);
  const detail = await until("the call", async () => {
    const { status, body } = await ask("GET", `/user/activity/log/${id}`, undefined, secret);
    return status === 200 && body;
  });
  assert.equal(detail.request.status, "running");
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  const dialog = page.getByRole("dialog", { name: "Request" });
  for (const screen of ["requests", "traffic"]) {
    await goTo(page, `#/${screen}/${id}`);
    await dialog.getByText("Running", { exact: true }).waitFor();
    await dialog.getByText("Running for").waitFor();
    assert.equal(await dialog.getByRole("table", { name: "Cost in parts" }).count(), 0);
    assert.deepEqual(await faults(page), [], screen);
  }
  stop.abort();
  await calling;
  assert.deepEqual(complaints, []);
});

test("the playground shows pictures that an answer has, and what is known of its request", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/playground?model=test/shape-images");
  await page.getByRole("textbox", { name: "Your message" }).fill("Draw me foxes");
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  await page.getByTestId("cost").waitFor();
  assert.equal(await page.getByRole("img", { name: "A picture of the answer" }).count(), 2);
  await page.getByRole("button", { name: "Details of the request" }).click();
  const dialog = page.getByRole("dialog", { name: "Request" });
  // It is there once it is settled.
  for (let tries = 0; tries < 100 && (await dialog.getByRole("table", { name: "Cost in parts" }).count()) === 0; tries += 1) {
    const again = dialog.getByRole("button", { name: "Try again" });
    if ((await again.count()) > 0) await again.click().catch(() => {});
    await page.waitForTimeout(50);
  }
  await dialog.getByRole("heading", { name: "test/shape-images" }).waitFor();
  assert.deepEqual(await faults(page), []);
  await page.keyboard.press("Escape");
  await page.getByText("Draw me foxes").waitFor();
  assert.deepEqual(complaints, []);
});

test("the playground goes on with what a tool has given", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, secret);
  await goTo(page, "#/playground?model=test/shape-tools");
  await page.getByRole("textbox", { name: "Your message" }).fill("How warm is it?");
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  const form = page.getByRole("form", { name: "Results of the tools" });
  const fields = form.getByRole("textbox");
  await form.waitFor();
  const markup = '<img src=x onerror="window.ran=1">';
  for (let at = 0; at < (await fields.count()); at += 1) await fields.nth(at).fill(markup);
  assert.deepEqual(await faults(page), []);
  const asked = page.waitForRequest((request) => request.url().endsWith("/v1/chat/completions"));
  await form.getByRole("button", { name: "Go on with it" }).click();
  const { messages } = (await asked).postDataJSON();
  const calls = messages.find((it) => it.role === "assistant").tool_calls;
  assert.ok(calls.length > 0 && calls.every((it) => it.id && it.function.name));
  assert.deepEqual(messages.filter((it) => it.role === "tool").map((it) => [it.tool_call_id, it.content]), calls.map((it) => [it.id, markup]));
  assert.deepEqual(messages.map((it) => it.role).slice(0, 2), ["user", "assistant"]);
  await page.getByTestId("cost").nth(1).waitFor();
  await page.getByText(markup).first().waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);

  // What was not answered is not sent again.
  await form.waitFor();
  const next = page.waitForRequest((request) => request.url().endsWith("/v1/chat/completions"));
  await page.getByRole("textbox", { name: "Your message" }).fill("Never mind");
  await page.getByRole("textbox", { name: "Your message" }).press("Enter");
  const roles = (await next).postDataJSON().messages.map((it) => `${it.role}${it.tool_calls ? " with calls" : ""}`);
  assert.equal(roles.at(-1), "user");
  assert.notEqual(roles.at(-2), "assistant with calls");
  await page.getByTestId("cost").nth(2).waitFor();
  assert.deepEqual(complaints, []);
});
