// The landing page: its snippet with this deployment's address, and models and prices as they are now.

import { compact, perMillion } from "./lib/format.js";
import { snippet } from "./lib/snippets.js";

const CALL = { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };

/** @param {string} id */
const at = (id) => /** @type {any} */ (document.getElementById(id));

function showSnippet() {
  const chosen = /** @type {any} */ (document.querySelector("[name=language]:checked"));
  at("snippet").textContent = snippet(chosen.value, CALL);
}

at("languages").hidden = false;
at("languages").addEventListener("change", showSnippet);
showSnippet();

// The clipboard is only there over HTTPS and at home; where it is not, the text can be marked.
at("copy").hidden = !navigator.clipboard;
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(at("snippet").textContent);
  at("copy").textContent = "Copied";
  setTimeout(() => {
    at("copy").textContent = "Copy";
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

/** @param {any[]} models */
function showModels(models) {
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
}

/** @param {string} path */
const json = (path) => fetch(path, { headers: { accept: "application/json" } }).then((response) => response.json());

json("/v1/models").then(({ data }) => {
  const sold = data.filter((/** @type {any} */ model) => model.pricing);
  showModels(sold);
  at("find").hidden = false;
  at("find").addEventListener("input", (/** @type {any} */ event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    showModels(sold.filter((/** @type {any} */ model) => words.every((/** @type {string} */ word) => `${model.id} ${model.name}`.toLowerCase().includes(word))));
  });
}, () => {});

json("/health").then(({ status }) => {
  at("status").hidden = false;
  at("status").textContent = status;
  at("status").classList.add(status === "healthy" ? "good" : "warn");
}, () => {});
