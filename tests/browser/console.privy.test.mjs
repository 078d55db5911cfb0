// Signing in to the console by a code that Privy mails: against the stand-in, which refuses what Privy refuses, and against answers that
// Privy may give at worst.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { ask, base, browser, faults, notTheCode, open, privysCode, settled } from "./in_console.mjs";

let context;
let close;
let privy;

before(async () => {
  ({ context, close } = await browser());
  ({ privy } = (await ask("GET", "/auth/methods", undefined, "")).body);
});
after(() => close?.());

const anAddress = () => `privy-${randomUUID()}@example.com`;
const field = (page, name) => page.getByRole("textbox", { name });
const press = (page, name) => page.getByRole("button", { name }).click();

/** The console at its sign-in, with Privy chosen. */
async function atPrivy(address = "") {
  const opened = await open(context, address);
  await opened.page.getByText("Privy", { exact: true }).click();
  return opened;
}

/** Has a code mailed. */
async function mailed(page, email) {
  await field(page, "E-mail").fill(email);
  await press(page, "Mail me a code");
  await field(page, "Code").waitFor();
  return privysCode(email);
}

/** All that the browser keeps beyond this page. */
const kept = (page) => page.evaluate(async () => ({ session: { ...sessionStorage }, local: { ...localStorage }, cookies: document.cookie, databases: await indexedDB.databases() }));
const NOTHING = { session: {}, local: {}, cookies: "", databases: [] };

test("from Privy's code to the sign-out, and nothing of Privy's is kept", async () => {
  const email = anAddress();
  const { page, complaints, fetched } = await atPrivy();
  const tokens = [];
  page.on("response", async (response) => {
    if (!response.url().endsWith("/passwordless/authenticate") || response.request().method() !== "POST") return;
    const given = await response.json().catch(() => ({}));
    tokens.push(given.token, given.identity_token, given.refresh_token);
  });
  const loggedOut = () => page.waitForResponse((response) => response.url().endsWith("/sessions/logout") && response.request().method() === "POST");
  const enter = async (code) => {
    await field(page, "Code").fill(code);
    const [answer, ended] = await Promise.all([page.waitForResponse((response) => response.url().endsWith("/auth/privy")), loggedOut(), press(page, "Sign in")]);
    assert.equal(ended.status(), 200, "Privy's session has ended");
    return answer.json();
  };
  const first = await enter(await mailed(page, email));
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.deepEqual([first.is_new_user, first.account.email], [true, email]);
  assert.deepEqual(await kept(page), NOTHING);

  // The account's first key is its primary one, and stays.
  await press(page, "Sign out");
  await field(page, "E-mail").waitFor();
  assert.equal((await ask("GET", "/user/balance", undefined, first.api_key)).status, 200);

  // Who asks to stay is kept by the gateway's key alone, which ends with the session.
  await page.getByText("Privy", { exact: true }).click();
  await page.getByLabel("Stay signed in").check();
  const second = await enter(await mailed(page, email));
  assert.deepEqual([second.is_new_user, second.account.id], [false, first.account.id]);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.deepEqual(await kept(page), { ...NOTHING, session: { "console.session": JSON.stringify({ key: second.api_key, keyId: second.key.id }) } });
  const deleted = page.waitForResponse((response) => response.request().method() === "DELETE");
  await press(page, "Sign out");
  await deleted;
  assert.equal((await ask("GET", "/user/balance", undefined, second.api_key)).status, 401);
  assert.deepEqual(await kept(page), NOTHING);

  // No token is in an address, and Privy is asked for nothing but this.
  assert.equal(tokens.filter(Boolean).length, 6);
  for (const token of tokens) assert.ok(![...fetched, page.url()].some((url) => url.includes(token)));
  const elsewhere = new Set(fetched.filter((url) => !url.startsWith(base) && !url.startsWith("data:")));
  assert.deepEqual([...elsewhere], ["passwordless/init", "passwordless/authenticate", "sessions/logout"].map((path) => `${privy.url}/api/v1/${path}`));
  assert.deepEqual(complaints, []);
});

test("a wrong code, an old one and a used one get nobody in, and the next one does", async () => {
  const email = anAddress();
  const { page, complaints } = await atPrivy();
  const refused = async (code) => {
    await field(page, "Code").fill(code);
    const told = page.waitForResponse((response) => response.url().endsWith("/authenticate") && response.request().method() === "POST");
    await press(page, "Sign in");
    assert.equal((await told).status(), 422);
    assert.match(await page.getByRole("alert").innerText(), /not the newest code for this address, or it was used or is too old/);
  };
  const former = await mailed(page, email);
  await refused(notTheCode(former));
  const [{ id }] = (await (await fetch(`${base}/_local/privy`, { headers: { accept: "application/json" } })).json()).filter((code) => code.email === email);
  await fetch(`${base}/_local/privy/expire/${id}`, { method: "POST", redirect: "manual" });
  await refused(former);
  await press(page, "Another address, or another code");
  assert.equal(await field(page, "E-mail").inputValue(), email, "the address is still there");
  assert.ok(await field(page, "E-mail").evaluate((input) => input === document.activeElement), "the keyboard is where one goes on");
  const newest = await mailed(page, email);
  await field(page, "Code").fill(newest);
  await press(page, "Sign in");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await press(page, "Sign out");
  await page.getByText("Privy", { exact: true }).click();
  // The used one, in the place of one that came after it.
  const unused = await mailed(page, email);
  if (newest !== unused) await refused(newest);
  // Too many codes for one address.
  for (let more = 0; more < 2; more += 1) {
    await press(page, "Another address, or another code");
    await mailed(page, email);
  }
  await press(page, "Another address, or another code");
  await press(page, "Mail me a code");
  assert.match(await page.getByRole("alert").innerText(), /takes no more attempts for now/);
  assert.deepEqual(complaints, []);
});

test("the main path by the keyboard alone, at every width and in both themes for everybody", async () => {
  const email = anAddress();
  const { page, complaints } = await open(context);
  await settled(page);
  const everywhere = async (what) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 390, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await faults(page), [], `${what} in the ${colorScheme} at ${width}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} at ${width}`);
      }
    }
  };
  await page.getByRole("radio", { name: "E-mail" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.ok(await page.getByRole("radio", { name: "Privy" }).isChecked());
  await page.keyboard.press("Tab");
  await page.keyboard.type(email);
  await everywhere("the address");
  await page.keyboard.press("Enter");
  await field(page, "Code").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("autocomplete")), "one-time-code");
  const code = await privysCode(email);
  await page.keyboard.type(notTheCode(code));
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await everywhere("the refusal");
  await page.keyboard.press("Control+a");
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("what Privy says is text, and each refusal tells what to do", async () => {
  const markup = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>`;
  const { page } = await atPrivy();
  const headers = { "access-control-allow-origin": base };
  const answers = (path, status, body) => page.route(`${privy.url}/api/v1/${path}`, (route) => (route.request().method() === "OPTIONS" ? route.fallback() : route.fulfill({ status, headers, contentType: "application/json", body: typeof body === "string" ? body : JSON.stringify(body) })));
  await field(page, "E-mail").fill(anAddress());
  const cases = [
    [400, { error: markup }, `Privy refused: ${markup}`],
    [403, { error: markup, code: "a_code_of_tomorrow" }, `Privy refused: ${markup}`],
    [403, { error: markup, code: "__proto__" }, `Privy refused: ${markup}`],
    [403, { error: "Origin not allowed", code: "invalid_origin" }, `does not allow ${base}. The operator adds it`],
    [401, { error: "Captcha failed", code: "invalid_captcha" }, "asks for a captcha, which this page does not have. Sign in in another way"],
    [403, { error: "No", code: "disallowed_login_method" }, "does not let anybody in by mail"],
    [401, { error: "No", code: "allowlist_rejected" }, "lets in who is on its list"],
    [400, { error: "No", code: "missing_or_invalid_privy_app_id" }, `knows no app ${privy.app_id}`],
    [429, {}, "takes no more attempts for now"],
    [503, "<html>", "Privy answered 503 without saying why"],
    [500, { error: { a: markup } }, "Privy answered 500 without saying why"],
  ];
  for (const [status, body, said] of cases) {
    await answers("passwordless/init", status, body);
    const answered = page.waitForResponse((response) => response.url().endsWith("/passwordless/init") && response.status() === status);
    await press(page, "Mail me a code");
    await answered;
    await page.getByRole("alert").getByText(said).waitFor();
    await page.unroute(`${privy.url}/api/v1/passwordless/init`);
  }
  await page.route(`${privy.url}/**`, (route) => route.abort());
  await press(page, "Mail me a code");
  await page.getByRole("alert").getByText("Privy cannot be reached").waitFor();
  await page.unroute(`${privy.url}/**`);

  // A sign-in whose tokens prove nothing, or that brings none.
  const email = anAddress();
  await mailed(page, email);
  for (const [body, said] of [[{ token: markup, refresh_token: markup, user: { id: markup } }, "token"], [{ token: null }, "Privy knows you and gave this page no token"], [null, "Privy knows you and gave this page no token"]]) {
    await answers("passwordless/authenticate", 200, body);
    await field(page, "Code").fill("123456");
    await press(page, "Sign in");
    await page.getByRole("alert").getByText(said).first().waitFor();
    await page.unroute(`${privy.url}/api/v1/passwordless/authenticate`);
  }
  assert.equal(await page.evaluate(() => [window.ran, document.querySelectorAll("img[src=x]").length].join()), ",0");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test("without a Privy app nothing of it is offered, and without mail no code", async () => {
  const { page, complaints } = await open(context);
  const reloaded = async (methods) => {
    await page.route("**/auth/methods", (route) => (methods ? route.fulfill({ json: { object: "sign_in_methods", ...methods } }) : route.abort()));
    await page.reload();
    await settled(page);
    await page.unroute("**/auth/methods");
    return page.getByRole("radio").evaluateAll((all) => all.map((radio) => radio.parentElement.textContent.trim()));
  };
  assert.deepEqual(await reloaded({ mail: true, privy }), ["E-mail", "Privy", "API key"]);
  assert.deepEqual(await reloaded({ mail: true, privy: null }), ["E-mail", "API key"]);
  assert.deepEqual(await reloaded({ mail: false, privy }), ["Privy", "API key"]);
  await page.getByText("Privy mails the code").waitFor();
  assert.deepEqual(await reloaded({ mail: false, privy: null }), [], "where there is one way only, nothing is to be chosen");
  await page.getByRole("textbox", { name: "API key" }).waitFor();
  assert.deepEqual(await reloaded(null), ["E-mail", "API key"]);
  assert.deepEqual(complaints.filter((text) => !/ERR_FAILED/.test(text)), []);
});

test("the page may ask Privy and nobody else, and nobody else's page may ask Privy by this app", async (t) => {
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").setHeader("access-control-allow-origin", "*").end("<!doctype html><title>Elsewhere</title>"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const elsewhere = `http://127.0.0.1:${server.address().port}`;
  const { page } = await open(context);
  const reaches = (url) => page.evaluate((url) => fetch(url, { mode: "no-cors" }).then(() => true, () => false), url);
  assert.deepEqual([await reaches(elsewhere), await reaches(`${privy.url}/api/v1/apps/${privy.app_id}/jwks.json`)], [false, true]);

  // Codes are asked for as the console does it, from another site.
  const email = anAddress();
  const asks = async (on) => on.evaluate(async ({ privy, email }) => {
    const headers = { "content-type": "application/json", "privy-app-id": privy.app_id };
    return fetch(`${privy.url}/api/v1/passwordless/init`, { method: "POST", headers, body: JSON.stringify({ email }) }).then((answer) => answer.status, () => "refused");
  }, { privy, email });
  const other = await context.newPage();
  await other.goto(elsewhere);
  assert.equal(await asks(other), "refused");
  const direct = await fetch(`${privy.url}/api/v1/passwordless/init`, { method: "POST", headers: { origin: elsewhere, "content-type": "application/json", "privy-app-id": privy.app_id }, body: JSON.stringify({ email }) });
  assert.deepEqual([direct.status, (await direct.json()).code], [403, "invalid_origin"]);
  await assert.rejects(privysCode(email), /no code/);
  assert.equal(await asks(page), 200);
  await privysCode(email);
  await other.close();
});
