// Usage in a range of days, by whatever it is grouped by, and as a file.

import { api } from "../lib/api.js";
import { csv, save } from "../lib/csv.js";
import { dayOf, everyDay, lastDays, NOTHING } from "../lib/days.js";
import { compact, count, money, moneyExact, percent } from "../lib/format.js";
import { change } from "../lib/route.js";
import { html, useMemo } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { GROUPS, useGroups } from "./usage/groups.js";
import { Button } from "../ui/button.js";
import { Card, Stats } from "../ui/card.js";
import { Chart } from "../ui/chart.js";
import { Choice, Input, Select } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bone, Bones, Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @type {[string, string][]} */
const RANGES = [["7", "Last 7 days"], ["30", "Last 30 days"], ["90", "Last 90 days"], ["month", "This month"], ["own", "Own range"]];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Usage({ place }) {
  const range = place.params.get("range") ?? "30";
  const group = place.params.get("by") ?? "model";
  const from = place.params.get("from") ?? "";
  const to = place.params.get("to") ?? "";
  const span = useMemo(() => spanOf(range, from, to), [range, from, to]);
  const stats = useLoad((signal) => api("GET", "/user/activity/stats", { query: span, signal }), [span]);
  const groups = useGroups(group, span, stats);
  const rows = groups.data;
  // Figures of another span are not shown as this one's, not even for a moment.
  const has = stats.busy ? null : stats.data;
  const days = /** @type {ReturnType<typeof everyDay<any>> | null} */ (has && everyDay(span.from, span.to, has.by_day, NOTHING));
  const label = GROUPS.find(([id]) => id === group)?.[1] ?? "Model";
  const download = () => save(`usage-by-${group}-${span.from.slice(0, 10)}-${span.to.slice(0, 10)}.csv`, asCsv(label, rows ?? []), "text/csv");
  return html`<${Screen} title="Usage" hint="What was used, counted by days in UTC."
    action=${html`<${Button} icon="download" disabled=${groups.busy || !rows?.length} onClick=${download}>CSV</${Button}>`}>
    <div class="filters">
      <${Select} label="Range" value=${range} options=${RANGES} onValue=${(/** @type {string} */ chosen) => change({ range: chosen, ...(chosen === "own" ? { from: span.from.slice(0, 10), to: dayOf(new Date()) } : { from: null, to: null }) })} />
      ${range === "own" && html`
        <${Input} label="From" type="date" value=${from} onValue=${(/** @type {string} */ from) => change({ from })} />
        <${Input} label="To" type="date" value=${to} onValue=${(/** @type {string} */ to) => change({ to })} />`}
    </div>
    <${Failure} error=${stats.error} retry=${stats.reload} />
    <${Stats} items=${totals(has?.totals)} />
    <${Card} title="Spend by day" bare>
      ${days
        ? html`<${Chart} label="Spend by day" days=${days.map((it) => it.day)} series=${[{ name: "Spend by day, in UTC", values: days.map((it) => it.usage.cost) }]} show=${money} exact=${moneyExact} />`
        : html`<div class="chart"><${Bones} lines=${8} /></div>`}
    </${Card}>
    <${Card} title="Breakdown" bare hint=${group === "tag" ? "A request with several tags counts in each." : ""} action=${html`<${Choice} label="Group by" value=${group} options=${GROUPS} onValue=${(/** @type {string} */ by) => change({ by })} />`}>
      <${Table} label=${`Usage by ${label.toLowerCase()}`} list=${groups} id=${(/** @type {any} */ row) => row.id}
        empty=${group === "tag"
          ? html`<${Empty} title="Nothing was tagged in this time">A call is tagged by the header <code>x-gateway-tag</code>, or by <code>metadata.tags</code>.</${Empty}>`
          : html`<${Empty} title="Nothing was used in this time">Choose a longer range, or make a call.</${Empty}>`}
        columns=${[
          { name: label, cell: (/** @type {any} */ row) => (row.href ? html`<a class="clip" href=${row.href}>${row.name}</a>` : html`<span class="clip">${row.name}</span>`) },
          { name: "Requests", number: true, cell: (/** @type {any} */ row) => count(row.usage.requests) },
          { name: "Failed", number: true, wide: true, cell: (/** @type {any} */ row) => (row.usage.failed === undefined ? "–" : count(row.usage.failed)) },
          { name: "In", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.usage.prompt_tokens) },
          { name: "Cached", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.usage.cached_tokens) },
          { name: "Out", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.usage.completion_tokens) },
          { name: "Cost", number: true, cell: (/** @type {any} */ row) => moneyExact(row.usage.cost) },
        ]} />
    </${Card}>
  </${Screen}>`;
}

/** @param {string} range @param {string} from @param {string} to */
function spanOf(range, from, to) {
  const now = new Date().toISOString();
  if (range === "month") return { from: `${now.slice(0, 7)}-01T00:00:00Z`, to: now };
  if (range === "own" && from) {
    const day = to || dayOf(new Date());
    return { from: `${from}T00:00:00Z`, to: day === dayOf(new Date()) ? now : new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString() };
  }
  return lastDays(Number(range) || 30);
}

/** @param {any} totals */
function totals(totals) {
  const bone = html`<${Bone} />`;
  const show = (/** @type {(it: any) => any} */ value) => (totals ? value(totals) : bone);
  return [
    { label: "Spend", value: show((it) => money(it.cost)), note: totals && totals.own_key > 0 ? `${count(totals.own_key)} requests with own keys` : "" },
    { label: "Requests", value: show((it) => count(it.requests)), note: totals && totals.requests > 0 ? `${percent(totals.failed / totals.requests)} failed` : "" },
    { label: "Tokens in", value: show((it) => compact(it.prompt_tokens)), note: totals && totals.prompt_tokens > 0 ? `${percent(totals.cached_tokens / totals.prompt_tokens)} from cache` : "" },
    { label: "Tokens out", value: show((it) => compact(it.completion_tokens)), note: totals && totals.reasoning_tokens > 0 ? `${compact(totals.reasoning_tokens)} of them reasoning` : "" },
  ];
}

/** @param {string} label @param {{ name: string, usage: any }[]} rows */
function asCsv(label, rows) {
  const known = ["requests", "failed", "own_key", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "cost"];
  const fields = known.filter((field) => rows.every(({ usage }) => usage[field] !== undefined));
  return csv([label.toLowerCase(), ...fields], rows.map(({ name, usage }) => [name, ...fields.map((field) => usage[field])]));
}
