// How every page looks, at 390 and 1440 pixels, in the light and in the dark, against the pictures in `pictures/` that somebody has
// looked at and accepted. Runs before all other tests, on a gateway that nothing has happened in, with accounts of its own.
//
//   PICTURES=accept tests/browser/run.sh     accepts what is there now
//   PICTURES=/an/absolute/folder …           keeps what is there now in that folder, in full size, to be looked at
//
// What differs from run to run is made the same first: times, ids, ports. Charts are left out, since they go by the hour.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { adminKey, ask, base, browser, goTo, open, places, resized, settled, signInByKey, until } from "./in_console.mjs";

const KEPT = join(import.meta.dirname, "pictures");
const FONTS = join(KEPT, "fonts.txt");
const accepts = process.env.PICTURES === "accept";
const folder = process.env.PICTURES?.startsWith("/") ? process.env.PICTURES : null;
/** So much of a picture may differ: what hinting and blending make of the same page. */
const TOLERANCE = 0.004;

let context;
let close;
let viewer;

before(async () => {
  ({ context, close } = await browser());
  viewer = await context.newPage();
  if (folder) mkdirSync(folder, { recursive: true });
});
after(() => close?.());

/** An account with something to show of everything. */
async function account() {
  const good = async (...asked) => {
    const answer = await ask(...asked);
    assert.equal(answer.status, 200, `${asked[0]} ${asked[1]}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { api_key: secret, id } = await good("POST", "/admin/create", { email: "ann@example.com", credits: 50, role: "admin", plan: "team" }, adminKey);
  // A call is in the lists once it is settled; one after the other they are in the same order each time.
  const isFree = async () => (await ask("GET", "/user/balance", undefined, secret)).body.held === 0;
  await good("PATCH", "/user/profile", { username: "Ann" }, secret);
  await good("POST", "/user/api-keys", { name: "Shop", spend_limit: { amount: 20, period: "month" }, max_requests: 1000, expires_in_days: 90 }, secret);
  await good("POST", "/user/api-keys", { name: "Nightly job", scopes: ["inference"] }, secret);
  await good("PUT", "/user/end-users", { user: "bob", budget: { amount: 5, period: "month" } }, secret);
  await good("PUT", "/user/end-users", { budget: { amount: 1, period: "day" } }, secret);
  for (const [model, words, user] of [["openai/gpt-4o-mini", "Hello", "bob"], ["anthropic/claude-sonnet-4.5", "Tell me of rivers", "carol"], ["openai/gpt-4o-mini", "And of lakes", "bob"]]) {
    await good("POST", "/v1/chat/completions", { model, user, metadata: { tags: ["shop"] }, max_tokens: 200, messages: [{ role: "user", content: words }] }, secret);
    await until("the end of the call", isFree);
  }
  await ask("POST", "/v1/chat/completions", { model: "test/error-429", messages: [{ role: "user", content: "Hello" }] }, secret);
  const chat = await good("POST", "/v1/chat/sessions", { title: "Rivers" }, secret);
  await good("POST", `/v1/chat/sessions/${chat.id}/messages`, { role: "user", content: "Where does the Danube end?" }, secret);
  await good("POST", "/user/webhooks", { url: "https://example.com/hooks", events: ["usage.daily", "balance.low"] }, secret);
  await good("POST", "/user/provider-keys", { provider: "groq", api_key: "gsk_0123456789abcdef" }, secret);
  await good("POST", "/user/provider-keys", { provider: "groq", api_key: "gsk_0123456789fedcba", name: "Spare", additional: true, priority: 5, is_fallback: true, allowed_models: ["openai/*"] }, secret);
  await good("POST", "/admin/coupons", { kind: "credit", amount: 5, code: "WELCOME", max_redemptions: 100 }, adminKey);
  await good("POST", "/coupons/redeem", { code: "WELCOME" }, secret);
  await good("PUT", "/admin/promotions/spring", { budget: 100 }, adminKey);
  await good("PUT", "/admin/aliases/small", { model: "openai/gpt-4o-mini" }, adminKey);
  const begun = await good("POST", "/api/stripe/checkout-session", { amount: 25 }, secret);
  await fetch(`${base}/_local/stripe/pay/${begun.id}`, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams({ card: "good" }) });
  await until("the payment", async () => (await ask("GET", "/api/stripe/payments?status=succeeded", undefined, secret)).body.data.length > 0);
  await until("the end of all calls", isFree);
  await until("a mail", async () => (await (await fetch(`${base}/_local/mail`, { headers: { accept: "application/json" } })).json()).length > 0);
  return { secret, id, chat: chat.id };
}

/** Makes the same what differs from run to run. */
function steady() {
  const RULES = [
    [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "01234567-89ab-7cde-8f01-23456789abcd"],
    [/\b[0-9a-f]{8}…/g, "01234567…"],
    [/\b(gw_[a-z]+_)[\w-]*/g, "$1…"],
    [/…[\w-]{4}\b/g, "…abcd"],
    [/\b(cs|pi|ch|re|sub|in|evt|req)_(test_)?[A-Za-z0-9]{8,}/g, "$1_test_0123456789"],
    [/\b[A-Z][a-z]{2} \d{1,2}, \d{4}(, \d{1,2}:\d{2}(:\d{2})?\s[AP]M( [A-Z]+)?)?/g, (all, time) => (time ? "Jan 1, 2026, 12:00 PM" : "Jan 1, 2026")],
    [/\b[A-Z][a-z]{2} \d{1,2}\b/g, "Jan 1"],
    [/\b[A-Z][a-z]{2} \d{4}\b/g, "Jan 2026"],
    [/\b\d{1,2}:\d{2}(:\d{2})?(\s[AP]M)?\b/g, "12:00"],
    [/\b(in )?\d+ (second|minute|hour|day)s?( ago)?|^now$|\byesterday\b|\btomorrow\b/g, "a while"],
    [/\b\d+(\.\d+)? (ms|s)\b/g, "10 ms"],
    [/\d+(\.\d+)? tokens? a second/g, "10 tokens a second"],
    [/127\.0\.0\.1:\d+/g, "127.0.0.1:8000"],
    [/port \d+/g, "port 5432"],
    // Stripe's events come in any order: the receipt is known when its mail is written, or not.
    [/(The receipt|Your receipts):\s+\S+/g, "The receipt:\nhttps://pay.example/receipt"],
    [/\d{4}-\d{2}-\d{2}(T[\d:.]+Z?)?/g, "2026-01-01"],
  ];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const fixed = RULES.reduce((data, [pattern, with_]) => data.replace(pattern, with_), text.data);
    if (fixed !== text.data) text.data = fixed;
  }
  for (const input of document.querySelectorAll("input[type=date], input[type=datetime-local]")) input.style.visibility = "hidden";
  for (const drawn of document.querySelectorAll("canvas, .plot, .wave .track, iframe")) drawn.style.visibility = "hidden";
  document.activeElement?.blur();
}

/** A picture of the page, small enough to be kept: as WebP, the wide ones at half their size. */
async function taken(page, name) {
  await page.evaluate(steady);
  const png = await page.screenshot({ animations: "disabled", caret: "hide" });
  if (folder) writeFileSync(join(folder, `${name}.png`), png);
  return viewer.evaluate(async (data) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${data}`;
    await picture.decode();
    const scale = picture.width > 1000 ? 0.5 : 1;
    const canvas = Object.assign(document.createElement("canvas"), { width: picture.width * scale, height: picture.height * scale });
    const drawing = canvas.getContext("2d");
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/webp", 0.5).split(",")[1];
  }, png.toString("base64"));
}

/** Which part of two pictures differs visibly, once both are shrunk: what a compression does to an edge is none of it. */
function difference(former, now) {
  return viewer.evaluate(async (both) => {
    const load = async (data) => {
      const picture = new Image();
      picture.src = `data:image/webp;base64,${data}`;
      await picture.decode();
      return picture;
    };
    const [a, b] = await Promise.all(both.map(load));
    if (a.width !== b.width || a.height !== b.height) return 1;
    const pixels = (image) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: Math.ceil(image.width / 3), height: Math.ceil(image.height / 3) });
      const drawing = canvas.getContext("2d", { willReadFrequently: true });
      drawing.drawImage(image, 0, 0, canvas.width, canvas.height);
      return drawing.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [before, after] = [pixels(a), pixels(b)];
    let different = 0;
    for (let at = 0; at < before.length; at += 4) {
      if ([0, 1, 2].some((channel) => Math.abs(before[at + channel] - after[at + channel]) > 40)) different += 1;
    }
    return different / (before.length / 4);
  }, [former, now]);
}

/** What text looks like here: pictures of other fonts cannot be compared. */
function fonts() {
  return viewer.evaluate(() => {
    const drawing = Object.assign(document.createElement("canvas"), { width: 10, height: 10 }).getContext("2d");
    return ["system-ui", "ui-monospace, monospace"].map((family) => {
      drawing.font = `100px ${family}`;
      return `${family}: ${drawing.measureText("The quick brown fox 0123456789").width.toFixed(1)}`;
    }).join("\n");
  });
}

test("every page looks as it was accepted", async (t) => {
  const here = `${await fonts()}\n`;
  const isComparable = accepts || (existsSync(FONTS) && readFileSync(FONTS, "utf8") === here);
  if (!isComparable && !folder) return t.skip("the fonts here are others than those of the pictures that are kept");
  const { secret, id, chat } = await account();
  const { page } = await open(context);
  const seen = new Map();
  const look = async (name, themes = ["light", "dark"], sizes = [[390, 844], [1440, 900]]) => {
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [width, height] of sizes) {
        await resized(page, width, height);
        seen.set(`${name}-${width}-${colorScheme}`, await taken(page, `${name}-${width}-${colorScheme}`));
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  };
  await settled(page);
  await look("sign-in");
  await page.getByText("Privy", { exact: true }).click();
  await page.getByRole("textbox", { name: "E-mail" }).fill("ann@example.com");
  await look("sign-in-privy");
  await page.getByRole("button", { name: "Mail me a code" }).click();
  await page.getByRole("textbox", { name: "Code" }).fill("123456");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await look("sign-in-privy-refused");
  await signInByKey(page, secret);
  const named = (place) => `console-${place.replace(/^#\//, "").replace(id, "one").replace(chat, "one").replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "one").replace(/\W+/g, "-") || "overview"}`;
  for (const place of [...(await places(page)), `#/users/${id}`, `#/chats/${chat}`]) {
    // Anew, so that nothing of the page before is in it.
    await goTo(page, place);
    await page.reload();
    await settled(page);
    await look(named(place));
  }
  const asks = `/auth?${new URLSearchParams({ callback_url: "https://app.example/back?from=gateway", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256", key_label: "Notes for teams", limit: "25", usage_limit_type: "monthly" })}`;
  const around = [["landing", "/"], ["consent", asks], ["docs", "/docs"], ...["/docs/guides", "/docs/guides/quick-start", "/_local", "/_local/mail", "/_local/privy", "/_local/stripe"].map((path) => [path.slice(1).replace(/\W+/g, "-").replace(/^_/, ""), path])];
  for (const [name, path] of around) {
    await page.goto(`${base}${path}`, { waitUntil: "networkidle" });
    if (name === "landing") await page.locator("#list:not([aria-busy])").waitFor();
    if (name === "docs") await page.getByRole("heading", { level: 1 }).first().waitFor();
    await look(name);
  }
  // The guides have one page and one sheet between them, which the pictures above show in both themes and wide; what may be wrong with one
  // alone, a table or a block of code that does not fit, shows where there is least room for it.
  const guides = [...(await (await fetch(`${base}/llms.txt`)).text()).matchAll(/\]\((\/docs\/guides\/([a-z-]+))\.md\)/g)];
  assert.ok(guides.length > 10, `${guides}`);
  for (const [, path, name] of guides.filter(([, , name]) => name !== "quick-start")) {
    await page.goto(`${base}${path}`, { waitUntil: "networkidle" });
    await look(`docs-guides-${name}`, ["light"], [[390, 844]]);
  }
  await page.goto(`${base}/auth`, { waitUntil: "networkidle" });
  await look("consent-refused", ["light"], [[390, 844]]);
  if (accepts) {
    rmSync(KEPT, { recursive: true, force: true });
    mkdirSync(KEPT);
    writeFileSync(FONTS, here);
    for (const [name, data] of seen) writeFileSync(join(KEPT, `${name}.webp`), Buffer.from(data, "base64"));
    return;
  }
  if (!isComparable) return;
  const kept = readdirSync(KEPT).filter((name) => name.endsWith(".webp")).map((name) => name.replace(".webp", ""));
  assert.deepEqual([...seen.keys()].sort(), kept.sort(), "PICTURES=accept accepts the pages that there are");
  const differing = [];
  for (const [name, data] of seen) {
    const share = await difference(readFileSync(join(KEPT, `${name}.webp`)).toString("base64"), data);
    if (share > TOLERANCE) differing.push(`${name}: ${(share * 100).toFixed(1)} %`);
  }
  assert.deepEqual(differing, [], "look at them (PICTURES=/a/folder), and accept them (PICTURES=accept) if they are as they should be");
});
