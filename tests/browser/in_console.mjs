// The console in a browser, for its tests: pages that remember what they complained of, ways in, and what the API says of it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { chromium } from "playwright-core";

import { SCREENS } from "../../public/console/screens.js";

const require = createRequire(import.meta.url);
export const base = process.env.GATEWAY_BASE_URL;
export const key = process.env.GATEWAY_API_KEY;
export const adminKey = process.env.GATEWAY_ADMIN_KEY;

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** Nothing here may take longer than a slow machine explains. */
const PATIENCE = 90_000;

/**
 * A browser of its own, and its end.
 *
 * @param {{ args?: string[], viewport?: { width: number, height: number }, isSlowed?: boolean }} [how] `args`: what it is started with besides;
 *   `isSlowed`: whether SLOW and CPU hold for it.
 */
export async function browser({ args = [], viewport = { width: 1440, height: 900 }, isSlowed = true } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...ARGS, ...args],
    viewport,
  });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(count);
  if (isSlowed) await slow(context);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** Has each page count what it has asked for and has not been given whole yet. */
function count() {
  let open = 0;
  const { fetch } = window;
  window.underWay = () => open;
  window.fetch = async (...asked) => {
    open += 1;
    const ended = () => { open -= 1; };
    try {
      const response = await fetch(...asked);
      response.clone().arrayBuffer().then(ended, ended);
      return response;
    } catch (error) {
      ended();
      throw error;
    }
  };
}

/** As SLOW and CPU say, which run.sh tells of. */
async function slow(context) {
  const { SLOW, CPU } = process.env;
  if (CPU) {
    context.on("page", async (page) => {
      const cdp = await context.newCDPSession(page).catch(() => null);
      await cdp?.send("Emulation.setCPUThrottlingRate", { rate: Number(CPU) }).catch(() => {});
    });
  }
  if (!SLOW) return;
  const random = randomFrom(Number(SLOW));
  const late = () => new Promise((resolve) => setTimeout(resolve, random() * 400));
  await context.route((url) => url.origin === base, async (route) => {
    const request = route.request();
    if (request.resourceType() !== "fetch") return route.fallback();
    try {
      // What is read is late on its way back, so that it may be older than what was done meanwhile. An act, and a stream, is late on its way there.
      if (request.method() !== "GET") return await late().then(() => route.continue());
      const response = await route.fetch();
      await late();
      await route.fulfill({ response });
    } catch {
      // Whoever asked has gone meanwhile.
    }
  });
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). @param {number} seed */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Waits until something holds, and answers what it then was. @template T @param {string} what @param {() => Promise<T>} holds @returns {Promise<T>} */
export async function until(what, holds) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const found = await holds();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`${what} never came`);
}

/** Waits until what is read is what is wanted, and says what it was at last where it never is. */
export async function becomes(read, wanted, about) {
  let last;
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    last = await read();
    if (isDeepStrictEqual(last, wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(last, wanted, about);
}

/** Waits until the page has drawn what it has, and what follows its size by itself, which is a frame later. */
export const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));

/** Makes the window so large, and is back when the page has followed. */
export async function resized(page, width, height = 900) {
  await page.setViewportSize({ width, height });
  await drawn(page);
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

/** Waits until nothing is loading any more: neither what the page says of it, nor what it fetches without saying so. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await until("the end of all that is loading", async () => {
    await page.waitForFunction(() => document.querySelectorAll(".bone, [aria-busy=true]").length === 0);
    // What has just come is drawn, and may be followed by further questions.
    await drawn(page);
    return page.evaluate(() => window.underWay() === 0 && !document.querySelector(".bone, [aria-busy=true]"));
  });
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

/** The code of so many that were mailed to this address. Other mail may come there between them. */
export function mailedCode(email, sent = 1) {
  return until(`code ${sent} to ${email}`, async () => {
    const mails = await (await fetch(`${base}/_local/mail`, { headers: { accept: "application/json" } })).json();
    const codes = mails.filter((mail) => mail.to.some((to) => to.includes(email))).map((mail) => mail.text?.match(/^\s*(\d{6})\s*$/m)?.[1]);
    return codes.filter(Boolean)[sent - 1];
  });
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
