// The console as administrators use it: an account is made, helped, limited and shut, coupons are made and ended, and the ledger adds up.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { adminKey, ask, browser, goTo, open, settled, signInByKey, until } from "./in_console.mjs";

let context;
let close;

before(async () => ({ context, close } = await browser()));
after(() => close?.());

test("an account is made, given credit, limited and shut", async () => {
  const email = `made-${randomUUID()}@example.com`;
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await page.getByRole("link", { name: "Users", exact: true }).click();
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).last().fill(email);
  await page.getByRole("dialog").getByRole("button", { name: "Create", exact: true }).click();
  const secret = await page.getByTestId("secret").innerText();
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("searchbox", { name: "E-mail" }).fill(email);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: email }).click();
  await page.getByRole("heading", { level: 1, name: email }).waitFor();
  const account = async () => (await ask("GET", `/admin/users?email=${email}`, undefined, adminKey)).body.data[0];
  const act = async (name, fill, send) => {
    await page.getByRole("button", { name, exact: true }).first().click();
    await fill(page.getByRole("dialog"));
    await page.getByRole("dialog").getByRole("button", { name: send, exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };

  const before = (await account()).balance;
  await act("Credit", async (dialog) => {
    await dialog.getByRole("spinbutton", { name: "Dollars" }).fill("12.5");
    await dialog.getByRole("textbox", { name: "Reason" }).fill("for the wait");
  }, "Give $12.50");
  assert.equal((await account()).balance, before + 12.5);
  await act("Credit", (dialog) => dialog.getByRole("spinbutton", { name: "Dollars" }).fill("-2"), "Take $2.00");
  assert.equal((await account()).balance, before + 10.5);

  await act("Plan", (dialog) => dialog.getByRole("combobox", { name: "Plan" }).selectOption("team"), "Assign");
  assert.equal((await account()).plan, "team");
  await act("Limits", (dialog) => dialog.getByRole("spinbutton", { name: "Requests per minute" }).fill("7"), "Set");
  assert.equal((await account()).rate_limits.requests_per_minute, 7);
  await act("Role", (dialog) => dialog.getByRole("combobox", { name: "Role" }).selectOption("developer"), "Assign");
  assert.equal((await account()).role, "developer");

  await act("Disable", async () => {}, "Disable");
  assert.equal((await ask("GET", "/user/balance", undefined, secret)).status, 403);
  await page.getByRole("button", { name: "Enable" }).waitFor();
  await act("Enable", async () => {}, "Enable");
  assert.equal((await ask("GET", "/user/balance", undefined, secret)).status, 200);
  // All of it is on the trail.
  await page.getByText("role.assign").first().waitFor();
  await ask("DELETE", "/user/account", { confirmation: "DELETE_ACCOUNT" }, secret);
  assert.deepEqual(complaints, []);
});

test("coupons and roles are made and ended, and the ledger adds up", async () => {
  const { page, complaints } = await open(context);
  await signInByKey(page, adminKey);
  await goTo(page, "#/coupons");
  const code = `A${randomUUID().replaceAll("-", "").slice(0, 10).toUpperCase()}`;
  await page.getByRole("button", { name: "Create coupons" }).first().click();
  await page.getByRole("spinbutton", { name: "Amount" }).fill("3");
  await page.getByRole("textbox", { name: "Code" }).fill(code);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("button", { name: `End ${code}` }).click();
  await page.getByRole("button", { name: "End it" }).click();
  await page.getByText("Nobody can use it any more.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Create coupons" }).first().click();
  await page.getByRole("spinbutton", { name: "Amount" }).fill("1");
  await page.getByRole("spinbutton", { name: "How many" }).fill("3");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Create", exact: true }).click()]);
  assert.equal(file.suggestedFilename(), "coupons.csv");

  const role = `role-${randomUUID().slice(0, 8)}`;
  await goTo(page, "#/roles");
  await page.getByRole("button", { name: "Create a role" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(role);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("button", { name: `Edit ${role}` }).click();
  await page.getByRole("textbox", { name: "Permissions" }).fill("inference");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: `Delete ${role}` }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("The role is gone.").waitFor();

  // What the business shows is what the API counts, and a failure leads to its requests.
  const failed = await ask("POST", "/v1/chat/completions", { model: "test/error-429", messages: [{ role: "user", content: "Hello" }] });
  assert.ok(failed.status >= 400);
  // It is counted once it is settled.
  const [error] = await until("the failure", async () => {
    const { errors } = (await ask("GET", "/admin/monitor", undefined, adminKey)).body;
    return errors.length > 0 && errors;
  });
  await goTo(page, "#/business");
  await page.getByRole("link", { name: error.code, exact: true }).click();
  await page.getByRole("main").getByRole("link", { name: /\d:\d\d/ }).first().click();
  await page.getByRole("dialog").getByRole("heading", { name: error.code }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !/^#\/traffic\/./.test(location.hash));

  await goTo(page, "#/health");
  await page.getByRole("button", { name: "Check it" }).click();
  await page.getByText("It adds up").waitFor();
  await goTo(page, "#/audit?action=coupon.");
  await settled(page);
  await page.getByRole("button", { name: /\d:\d\d/ }).first().click();
  await page.getByRole("dialog").getByRole("region", { name: "Details" }).waitFor();
  assert.deepEqual(complaints, []);
});
