// A month's money: balances, what came in and went out, and what calls cost. As a page to be printed it is a file of its own, since
// no page here may bring a style with it.

import { api, send } from "../../lib/api.js";
import { save } from "../../lib/csv.js";
import { count, money, moneyExact, signed, when, words } from "../../lib/format.js";
import { change, to } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card, Stats } from "../../ui/card.js";
import { Select } from "../../ui/field.js";
import { Bone, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

const PATH = "/user/statement";
const named = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", timeZone: "UTC" });

/** This month and those of two years before it, in UTC. @returns {[string, string][]} */
function months() {
  const now = new Date();
  return Array.from({ length: 25 }, (_, back) => {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back));
    return [month.toISOString().slice(0, 7), named.format(month)];
  });
}

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function Statement({ place }) {
  const offered = months();
  const month = place.params.get("month") ?? offered[0][0];
  const state = useLoad((signal) => api("GET", PATH, { query: { month }, signal }), [month]);
  // What is there of another month is not shown as this one's.
  const has = state.busy ? null : state.data;
  const page = useAct(async () => {
    const response = await send("GET", PATH, { query: { month }, accept: "text/html" });
    save(`statement-${month}.html`, await response.text(), "text/html");
  });
  const list = (/** @type {"movements" | "usage"} */ name) => ({ ...state, error: null, data: has?.[name] ?? null });
  const sum = (/** @type {string} */ name) => (has ? html`<span title=${moneyExact(has[name])}>${money(has[name])}</span>` : html`<${Bone} />`);
  return html`<div class="stack">
    <div class="spread">
      <div class="filters"><${Select} label="Month, in UTC" value=${month} options=${offered} onValue=${(/** @type {string} */ month) => change({ month })} /></div>
      <${Button} icon="download" busy=${page.busy} disabled=${!has} onClick=${page.run}>Printable page</${Button}>
    </div>
    <${Failure} error=${state.error ?? page.error} retry=${state.error ? state.reload : undefined} />
    <${Stats} items=${[
      { label: "Opening balance", value: sum("opening_balance") },
      { label: "In and out", value: sum("moved") },
      { label: "Used by calls", value: sum("used") },
      { label: has && !has.is_over ? "Balance now" : "Closing balance", value: sum("closing_balance") },
    ]} />
    <${Card} title="In and out" bare foot=${has?.has_more && html`<a href=${to(["credit", "ledger"])}>All of it is in the ledger</a>`}>
      <${Table} label="In and out" list=${list("movements")} id=${(/** @type {any} */ row) => `${row.at} ${row.type} ${row.amount}`} empty=${html`<${Empty} title="Nothing came in or went out" />`} columns=${[
        { name: "Time", cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.at)}</span>` },
        { name: "Kind", cell: (/** @type {any} */ row) => words(row.type) },
        { name: "What", wide: true, cell: (/** @type {any} */ row) => html`<span class="clip">${row.description}</span>` },
        { name: "Amount", number: true, cell: (/** @type {any} */ row) => html`<span class=${row.amount > 0 ? "good-text" : ""}>${signed(row.amount)}</span>` },
      ]} />
    </${Card}>
    <${Card} title="Used by calls" bare>
      <${Table} label="Used by calls" list=${list("usage")} id=${(/** @type {any} */ row) => row.model} empty=${html`<${Empty} title="No call ended in this month" />`} columns=${[
        { name: "Model", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span>` },
        { name: "Requests", number: true, cell: (/** @type {any} */ row) => count(row.requests) },
        { name: "Tokens", number: true, wide: true, cell: (/** @type {any} */ row) => count(row.tokens) },
        { name: "Cost", number: true, cell: (/** @type {any} */ row) => moneyExact(row.cost) },
      ]} />
    </${Card}>
  </div>`;
}
