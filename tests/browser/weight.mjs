// What a page weighs and how soon it can be used, by a browser that has nothing of it yet, on a machine four times slower than this one and
// with the network closed: all that a page has is from here.
//
//   tests/browser/run.sh weight.mjs     prints it

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { adminKey, ask, base, browser, until } from "./in_console.mjs";

/** So many times slower than this machine's. */
const SLOWER = 4;
/** A page is done with its work when so many ms have had no task of 50 ms: where time is measured, and where it is not. */
const QUIET = 1000;
const SOON = 250;

/** The pages, and what is there once one can be used for what it is for. */
export const PAGES = [
  { name: "landing", path: "/", ready: "#models:has(tbody tr:not([aria-hidden])) #search:not([hidden])" },
  { name: "sign-in", path: "/console", ready: "input[type=email]" },
  { name: "overview", path: "/console#/", isSignedIn: true, ready: "canvas" },
  { name: "docs", path: "/docs", ready: "#list search:not([hidden])" },
  { name: "an operation in the docs", path: "/docs#tag/inference/POST/v1/chat/completions", ready: "aside li a" },
];

/**
 * Opens a page anew.
 *
 * @param {typeof PAGES[number]} page @param {number} slower
 * @returns {Promise<{ requests: number, bytes: number, painted: number, interactive: number, urls: string[] }>} `bytes`: of bodies, as they come
 *   over the network; heads are left out, since HTTP/2 makes little of their repetition. `painted`, `interactive`: ms from the beginning.
 */
export async function weighed({ path, isSignedIn, ready }, slower = 1) {
  const { context, close } = await browser({ args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"], isSlowed: false });
  try {
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    const urls = [];
    const heads = new Map();
    let bytes = 0;
    cdp.on("Network.requestWillBeSent", ({ request }) => request.url.startsWith("data:") || urls.push(request.url));
    cdp.on("Network.responseReceived", ({ requestId, response }) => heads.set(requestId, response.encodedDataLength));
    cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => { bytes += encodedDataLength - (heads.get(requestId) ?? 0); });
    await cdp.send("Network.enable");
    if (slower > 1) await cdp.send("Emulation.setCPUThrottlingRate", { rate: slower });
    if (isSignedIn) await page.addInitScript((key) => sessionStorage.setItem("console.session", JSON.stringify({ key, keyId: null })), await used());
    await page.addInitScript((ready) => {
      window.told = { painted: 0, busyUntil: 0, ready: 0 };
      new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.told.busyUntil = task.startTime + task.duration;
      }).observe({ type: "longtask", buffered: true });
      new PerformanceObserver((list) => {
        for (const paint of list.getEntries()) if (paint.name === "first-contentful-paint") window.told.painted = paint.startTime;
      }).observe({ type: "paint", buffered: true });
      const look = () => {
        if (document.querySelector(ready)) window.told.ready = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, ready);
    await page.goto(`${base}${path}`);
    await page.waitForFunction((quiet) => {
      const { ready, busyUntil } = window.told;
      return ready > 0 && performance.now() - Math.max(ready, busyUntil) > quiet;
    }, slower > 1 ? QUIET : SOON, { timeout: 60_000 });
    const { painted, ready: there, busyUntil } = await page.evaluate(() => window.told);
    return { requests: urls.length, bytes, painted, interactive: Math.max(there, busyUntil), urls };
  } finally {
    await close();
  }
}

/** The key of an account of its own, which has made one call: what others have done with theirs weighs nothing here. */
async function used() {
  const { api_key: key } = (await ask("POST", "/admin/create", { email: `weight-${randomUUID()}@example.com`, credits: 1 }, adminKey)).body;
  const { status } = await ask("POST", "/v1/chat/completions", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }, key);
  assert.equal(status, 200);
  await until("the call's row", async () => (await ask("GET", "/user/monitor", undefined, key)).body.all_time.requests > 0);
  return key;
}

if (process.argv[1] === import.meta.filename) {
  assert.ok(adminKey, "a gateway, as tests/browser/run.sh starts one");
  console.log("| page | requests | kB | first paint | interactive |\n|---|---:|---:|---:|---:|");
  for (const page of PAGES) {
    const { requests, bytes, painted, interactive } = await weighed(page, SLOWER);
    console.log(`| ${page.name} | ${requests} | ${(bytes / 1000).toFixed(0)} | ${Math.round(painted)} ms | ${Math.round(interactive)} ms |`);
  }
}
