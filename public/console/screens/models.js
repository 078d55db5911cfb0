// Models: found by a word, a kind or a developer, with what they cost and who serves them.

import { api } from "../lib/api.js";
import { compact, count, perMillion, several } from "../lib/format.js";
import { change, replace, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { ModelSheet } from "./models/sheet.js";
import { Badge } from "../ui/badge.js";
import { Card } from "../ui/card.js";
import { Check, Input, Select } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { words } from "../lib/format.js";

/** So many are shown at once. */
const PAGE = 100;

/** All models: those that are used most first, all others by their names. @param {AbortSignal} signal */
async function byUse(signal) {
  const [models, ranking] = await Promise.all([
    api("GET", "/v1/models", { key: "", signal }),
    api("GET", "/ranking/models", { key: "", query: { window: "month", limit: 100 }, signal }).catch(() => ({ data: [] })),
  ]);
  const places = new Map(ranking.data.map((/** @type {any} */ it) => [it.model, it.rank]));
  const place = (/** @type {any} */ model) => places.get(model.id) ?? places.size + 1;
  return { isRanked: places.size > 0, data: models.data.sort((/** @type {any} */ one, /** @type {any} */ other) => place(one) - place(other)) };
}

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Models({ place }) {
  const models = useLoad((signal) => byUse(signal), []);
  const [typed, setTyped] = useState(place.params.get("search") ?? "");
  const [most, setMost] = useState(PAGE);
  const kind = place.params.get("kind") ?? "";
  const developer = place.params.get("by") ?? "";
  const free = place.params.get("free") === "1";
  const all = /** @type {any[]} */ (models.data?.data ?? []);
  const terms = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((model) =>
    terms.every((term) => `${model.id} ${model.name}`.toLowerCase().includes(term)) &&
    (!kind || model.kind === kind) && (!developer || model.owned_by === developer) && (!free || model.free));
  const open = place.parts.length > 1 && all.find((model) => model.id === place.parts.slice(1).join("/"));
  const distinct = (/** @type {string} */ name) => [...new Set(all.map((model) => model[name]))].sort().map((it) => /** @type {[string, string]} */ ([it, name === "kind" ? words(it) : it]));
  return html`<${Screen} title="Models" hint=${models.data ? `${several(all.length, "model")}${models.data.isRanked ? ", the most used first" : ""}. Prices in dollars a million tokens.` : "Prices in dollars a million tokens."}>
    <div class="filters">
      <${Input} label="Search" type="search" value=${typed} onValue=${setTyped} onBlur=${() => change({ search: typed.trim() })} placeholder="Name or id" />
      <${Select} label="Kind" value=${kind} onValue=${(/** @type {string} */ kind) => change({ kind })} options=${[["", "Any"], ...distinct("kind")]} />
      <${Select} label="Developer" value=${developer} onValue=${(/** @type {string} */ by) => change({ by })} options=${[["", "Any"], ...distinct("owned_by")]} />
      <${Check} label="Free ones only" checked=${free} onValue=${(/** @type {boolean} */ on) => change({ free: on ? "1" : null })} />
    </div>
    <${Card} bare>
      <${Table} label="Models" list=${{ ...models, data: models.data && found.slice(0, most), next: found.length > most ? "more" : null, loadMore: () => setMost(most + PAGE) }}
        empty=${html`<${Empty} title="No model is like this" action=${html`<a class="button" href="#/models" onClick=${() => setTyped("")}>Show all</a>`} />`}
        columns=${[
          { name: "Model", cell: (/** @type {any} */ model) => html`<a class="clip" href=${to(["models", ...model.id.split("/")], Object.fromEntries(place.params))}>${model.name}</a><code class="sub clip">${model.id}</code>` },
          { name: "Kind", wide: true, cell: (/** @type {any} */ model) => html`<div class="row"><${Badge} state=${model.kind} />${model.free && html`<${Badge} state="free" kind="good" />`}${model.reasoning && html`<${Badge} state="reasoning" />`}</div>` },
          { name: "Context", number: true, wide: true, cell: (/** @type {any} */ model) => html`<span title=${count(model.context_length)}>${compact(model.context_length)}</span>` },
          { name: "In", number: true, cell: (/** @type {any} */ model) => perMillion(model.pricing?.prompt) },
          { name: "Out", number: true, cell: (/** @type {any} */ model) => perMillion(model.pricing?.completion) },
          { name: "Providers", number: true, wide: true, cell: (/** @type {any} */ model) => count(model.routes.length) },
        ]} />
    </${Card}>
    ${open && html`<${ModelSheet} model=${open} onClose=${() => replace(to(["models"], Object.fromEntries(place.params)))} />`}
  </${Screen}>`;
}
