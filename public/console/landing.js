// The landing page: its snippet with this deployment's address, and models and prices as they are now. Of the catalog, which is
// large, it asks for what it shows.

import { compact, count, perMillion, several } from "./lib/format.js";
import { snippet } from "./lib/snippets.js";

const CALL = { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
/** So many models are shown before somebody looks for one. */
const SHOWN = 8;
/** So many of those that are found. */
const FOUND = 20;
/** What is shown where too little has been used yet to know what is used most. What a catalog has not is left out. */
const CURATED = [
  "openai/gpt-6-sol", "anthropic/claude-opus-5.5", "google/gemini-3.8-flash", "anthropic/claude-sonnet-5", "deepseek/deepseek-v4-pro", "x-ai/grok-4.7", "moonshotai/kimi-k3",
  "openai/gpt-6-luna", "qwen/qwen3.8-flash", "z-ai/glm-5.3", "openai/gpt-4o-mini", "meta-llama/llama-3.3-70b-instruct",
];

/** @param {string} id */
const at = (id) => /** @type {any} */ (document.getElementById(id));

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<any>} */
async function json(path, signal) {
  const response = await fetch(path, { headers: { accept: "application/json" }, signal });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

function showSnippet() {
  const chosen = /** @type {any} */ (document.querySelector("[name=language]:checked"));
  at("snippet").textContent = snippet(chosen.value, CALL);
}

at("languages").hidden = false;
at("languages").addEventListener("change", showSnippet);
showSnippet();

// The clipboard is only there over HTTPS and at home; where it is not, the text can be marked.
let told = 0;
at("copy").hidden = !navigator.clipboard;
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(at("snippet").textContent);
  at("copy").firstElementChild.textContent = "Copied";
  clearTimeout(told);
  told = setTimeout(() => {
    at("copy").firstElementChild.textContent = "Copy";
  }, 2000);
});

// Who was recommended keeps the code on the way to the sign-in.
const referral = new URLSearchParams(location.search).get("ref");
if (referral) {
  const link = `/console#/?${new URLSearchParams({ ref: referral })}`;
  for (const place of document.querySelectorAll("[data-sign-in]")) place.setAttribute("href", link);
}

/** @param {string} text @param {string} [kind] */
function cell(text, kind = "") {
  const made = document.createElement("td");
  made.className = kind;
  made.textContent = text;
  return made;
}

/** @param {any[]} models @param {string} said What they are. */
function show(models, said) {
  const rows = models.map((model) => {
    const row = document.createElement("tr");
    const id = document.createElement("code");
    id.className = "sub";
    id.textContent = model.id;
    const name = cell(`${model.name} `);
    name.append(id);
    row.append(name, cell(model.context_length ? compact(model.context_length) : "–", "number wide-only"), cell(perMillion(model.pricing?.prompt), "number"), cell(perMillion(model.pricing?.completion), "number"));
    return row;
  });
  at("rows").replaceChildren(...rows);
  at("list").removeAttribute("aria-busy");
  at("found").textContent = said;
}

/** Those that are used most, and what they are called together. */
async function first() {
  const { data: ranked } = await json(`/ranking/models?window=month&limit=${SHOWN}`).catch(() => ({ data: [] }));
  const ids = [...new Set([...ranked.map((/** @type {any} */ it) => it.model), ...CURATED])];
  const { data } = await json(`/models?${new URLSearchParams({ ids: ids.join(","), limit: "100" })}`);
  const models = data.filter((/** @type {any} */ model) => model.pricing).sort((/** @type {any} */ one, /** @type {any} */ other) => ids.indexOf(one.id) - ids.indexOf(other.id));
  // A catalog that has none of these has others.
  const shown = models.length > 0 ? models : (await json(`/models?limit=${SHOWN}`)).data;
  return { models: shown.slice(0, SHOWN), said: `${ranked.length >= SHOWN ? "Most used this month" : "A selection"} · dollars a million tokens` };
}

/** What is asked for now; what was asked for before it is not shown any more. */
let control = new AbortController();

/** @param {(signal: AbortSignal) => Promise<{ models: any[], said: string }>} ask */
async function shown(ask) {
  control.abort();
  control = new AbortController();
  const { signal } = control;
  at("list").setAttribute("aria-busy", "true");
  try {
    const { models, said } = await ask(signal);
    if (!signal.aborted) show(models, said);
  } catch {
    if (!signal.aborted) show([], "The models cannot be had at the moment. Reload the page.");
  }
}

/** @param {string} words @param {AbortSignal} signal */
async function search(words, signal) {
  // Whoever is still typing asks for nothing yet.
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (signal.aborted) return { models: [], said: "" };
  const { data, has_more } = await json(`/models?${new URLSearchParams({ search: words, limit: String(FOUND) })}`, signal);
  const said = has_more ? `The first ${FOUND} that have this; type further` : data.length > 0 ? `${several(data.length, "model")} found` : "No model is called that";
  return { models: data, said };
}

at("search").hidden = false;
at("find").addEventListener("input", (/** @type {any} */ event) => {
  const words = event.target.value.trim();
  shown(words ? (signal) => search(words, signal) : first);
});
shown(first);

json("/v1/models/count?output_modalities=all").then(({ data }) => {
  at("models-count").textContent = count(data.count);
}, () => {});
json("/models/providers").then(({ data }) => {
  at("providers-count").textContent = count(data.length);
}, () => {});
json("/health").then(({ status }) => {
  at("status").hidden = false;
  at("status").textContent = status;
  at("status").classList.add(status === "healthy" ? "good" : "warn");
}, () => {});
