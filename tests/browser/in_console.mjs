// The console in a browser, for its tests: pages that remember what they complained of, ways in, and what the API says of it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { SCREENS } from "../../public/console/screens.js";

const require = createRequire(import.meta.url);
export const base = process.env.GATEWAY_BASE_URL;
export const key = process.env.GATEWAY_API_KEY;
export const adminKey = process.env.GATEWAY_ADMIN_KEY;

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A browser of its own, and its end. @param {string[]} further What it is started with besides. */
export async function browser(further = []) {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...ARGS, ...further],
    viewport: { width: 1440, height: 900 },
  });
  // Nothing here may take longer than a slow machine explains.
  context.setDefaultTimeout(15_000);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** The console at an address of its own, with all that it complains of and fetches. */
export const open = (context, address = "") => visit(context, `/console/${address}`);

/** Any page of the gateway, with all that it complains of and fetches. */
export async function visit(context, path) {
  const page = await context.newPage();
  const complaints = [];
  const fetched = [];
  page.on("console", (message) => {
    // A refusal that the API answers is no fault of the page, though the browser says so.
    if (["error", "warning"].includes(message.type()) && !/the server responded with a status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => fetched.push(request.url()));
  const response = await page.goto(`${base}${path}`);
  assert.equal(response.status(), 200);
  return { page, complaints, fetched };
}

/** Signs in with a key that one has. */
export async function signInByKey(page, secret = key) {
  await page.getByText("API key", { exact: true }).first().click();
  await page.getByRole("textbox", { name: "API key" }).fill(secret);
  await page.getByLabel("Stay signed in").check();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/** Goes to a place in the console by its address, and is back when the console has drawn it: nothing of the place before is taken for this one's. */
export async function goTo(page, hash) {
  await page.evaluate(async (hash) => {
    if (location.hash === new URL(hash, location.href).hash) return;
    const moved = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
    location.hash = hash;
    await moved;
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  }, hash);
}

/** Waits until nothing is loading any more. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".bone, [aria-busy=true]").length === 0);
}

/** Asks the API itself. */
export async function ask(method, path, body, secret = key) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...(secret && { authorization: `Bearer ${secret}` }), "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

/** The code that was mailed last to this address. */
export async function mailedCode(email) {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`${base}/_local/mail`, { headers: { accept: "application/json" } });
    const mails = (await response.json()).filter((mail) => mail.to.some((to) => to.includes(email)));
    const code = mails.at(-1)?.text?.match(/\b\d{6}\b/)?.[0];
    if (code) return code;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`no code came to ${email}`);
}

/** The code that Privy's stand-in has mailed last to this address. */
export async function privysCode(email) {
  const response = await fetch(`${base}/_local/privy`, { headers: { accept: "application/json" } });
  const mailed = (await response.json()).find((code) => code.email === email);
  return mailed?.code ?? assert.fail(`no code of Privy's came to ${email}`);
}

/** Six digits that are not this code. */
export const notTheCode = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

/** What axe finds wrong: WCAG 2.1, levels A and AA, as far as a machine can tell. */
export async function faults(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
    return found.violations.map((it) => `${it.id}: ${it.nodes[0].html} ${it.nodes[0].failureSummary}`);
  });
}

/** Every place: each screen, each part that its tabs lead to, and of what opens by an address of its own the first one that went well. */
export async function places(page) {
  const found = [];
  for (const screen of SCREENS) {
    const hash = screen.name === "overview" ? "#/" : `#/${screen.name}`;
    await goTo(page, hash);
    await page.getByRole("heading", { level: 1, name: screen.title }).waitFor();
    const tabs = await page.locator("nav.tabs a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    found.push(...(tabs.length > 0 ? tabs : [hash]));
    if (["requests", "traffic"].includes(screen.name)) {
      await settled(page);
      found.push(...(await page.locator("main tr.open-row:has(.badge.good) a").evaluateAll((all) => all.slice(0, 1).map((link) => link.getAttribute("href")))));
    }
  }
  return [...found, "#/usage?by=user", "#/usage?by=tag", "#/keys?new=1", "#/models/openai/gpt-4o-mini"];
}
