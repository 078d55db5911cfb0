// The business: what was sold and what it cost, how well it ran, and what is owed, beside the same time before.

import { api } from "../lib/api.js";
import { count, duration, money, percent, since, words } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { Breakers } from "./health/breakers.js";
import { Card, Facts, Stats } from "../ui/card.js";
import { Choice } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bone, Bones, Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @type {[string, string][]} */
const WINDOWS = [["1", "Hour"], ["24", "Day"], ["168", "Week"], ["720", "30 days"]];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Business({ place }) {
  const hours = place.params.get("hours") ?? "24";
  const monitor = useLoad((signal) => api("GET", "/admin/monitor", { query: { hours }, signal }), [hours]);
  // Figures of another window are not shown as this one's.
  const has = monitor.busy ? null : monitor.data;
  return html`<${Screen} title="Business" action=${html`<${Choice} label="Time" value=${hours} options=${WINDOWS} onValue=${(/** @type {string} */ hours) => change({ hours })} />`}>
    <${Failure} error=${monitor.error} retry=${monitor.reload} />
    <${Stats} items=${sold(has)} />
    <${Stats} items=${ran(has)} />
    <div class="columns">
      <${Usage} title="By provider" name="provider" list=${{ ...monitor, data: has?.by_provider ?? null, error: null }} />
      <${Usage} title="By model" name="model" list=${{ ...monitor, data: has?.by_model ?? null, error: null }} />
    </div>
    <div class="columns">
      <${Card} title="Why requests failed" bare>
        <${Table} label="Errors" list=${{ ...monitor, data: has?.errors ?? null, error: null }} id=${(/** @type {any} */ it) => it.code} empty=${html`<${Empty} title="None did" />`} columns=${[
          { name: "Code", cell: (/** @type {any} */ it) => html`<a href=${to(["traffic"], { error_code: it.code })}><code>${it.code}</code></a>` },
          { name: "Requests", number: true, cell: (/** @type {any} */ it) => count(it.requests) },
        ]} />
      </${Card}>
      <${Card} title="What is owed and open">
        ${!has ? html`<${Bones} />` : html`<${Facts} items=${[
          ["Credit of all accounts", money(has.liabilities.balance)],
          ["Held", `${money(has.liabilities.held)} by ${count(has.holds.open)} calls`],
          ["Overdue holds", has.holds.overdue > 0 ? html`<span class="bad-text">${count(has.holds.overdue)}</span>` : "0"],
          ["Debt", `${money(has.liabilities.debt)} of ${count(has.liabilities.in_debt)} accounts`],
          ["Settlements waiting", has.settlements_waiting === null ? "not known: Redis is away" : count(has.settlements_waiting)],
          ["Providers avoided", has.breakers?.length > 0 ? html`<${Breakers} list=${has.breakers} />` : null],
          ["Mail due", `${count(has.mail.due)}${has.mail.oldest_due_at ? `, the oldest ${since(has.mail.oldest_due_at)}` : ""}`],
          ["Now", `${count(has.now.requests)} requests within ${count(has.now.minutes)} minutes, ${count(has.now.failed)} failed`],
        ]} />`}
      </${Card}>
    </div>
  </${Screen}>`;
}

/** @param {any} has */
function sold(has) {
  const figure = (/** @type {string} */ name) => (has ? money(has.window[name]) : html`<${Bone} />`);
  const before = (/** @type {string} */ name) => has && `${money(has.before[name])} before`;
  const share = has && has.window.cost > 0 ? `, ${percent(has.window.margin / has.window.cost)}` : "";
  return [
    { label: "Sold", value: figure("cost"), note: before("cost") },
    { label: "Paid to providers", value: figure("provider_cost"), note: before("provider_cost") },
    { label: "Margin", value: figure("margin"), note: has && `${before("margin")}${share}` },
    { label: "Requests", value: has ? count(has.window.requests) : html`<${Bone} />`, note: has && `${count(has.before.requests)} before` },
  ];
}

/** @param {any} has */
function ran(has) {
  const bone = html`<${Bone} />`;
  return [
    { label: "First byte, median", value: has ? duration(has.window.first_byte_ms.p50) : bone, note: has && `p95 ${duration(has.window.first_byte_ms.p95)}` },
    { label: "Duration, median", value: has ? duration(has.window.duration_ms.p50) : bone, note: has && `p95 ${duration(has.window.duration_ms.p95)}` },
    { label: "Failed", value: has ? percent(has.window.error_rate) : bone, note: has && `${percent(has.before.error_rate)} before` },
    { label: "Estimated", value: has ? count(has.window.estimated) : bone, note: "no usage reported" },
  ];
}

/** @param {{ title: string, name: string, list: any }} props */
function Usage({ title, name, list }) {
  return html`<${Card} title=${title} bare>
    <${Table} label=${title} list=${list} id=${(/** @type {any} */ it) => it[name]} empty=${html`<${Empty} title="Nothing in this time" />`} columns=${[
      { name: words(name), cell: (/** @type {any} */ it) => html`<a class="clip" href=${to(["traffic"], { [name]: it[name] })}>${it[name]}</a>` },
      { name: "Failed", number: true, cell: (/** @type {any} */ it) => percent(it.usage.error_rate) },
      { name: "Sold", number: true, cell: (/** @type {any} */ it) => money(it.usage.cost) },
      { name: "Margin", number: true, cell: (/** @type {any} */ it) => money(it.usage.margin) },
    ]} />
  </${Card}>`;
}
