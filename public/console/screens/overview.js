// The overview: what there is, what was used, and what to do next where nothing was.

import { api, page } from "../lib/api.js";
import { everyDay, lastDays, NOTHING } from "../lib/days.js";
import { compact, count, duration, money, moneyExact, percent, several } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html, useMemo } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { asSeries, ofDearest } from "./overview/by_model.js";
import { FirstSteps } from "./overview/first_steps.js";
import { TopList } from "./overview/top_list.js";
import { Card, Stats } from "../ui/card.js";
import { Chart } from "../ui/chart.js";
import { Choice } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bone, Bones, Failure, Note } from "../ui/states.js";

const DAYS = 30;
/** What the chart can show: on its axis, and in the table. @type {Record<string, [string, (value: number) => string, (value: number) => string]>} */
const MEASURES = { cost: ["Spend", money, moneyExact], tokens: ["Tokens", compact, count], requests: ["Requests", compact, count] };

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Overview({ place }) {
  const measure = MEASURES[place.params.get("show") ?? ""] ? String(place.params.get("show")) : "cost";
  const range = useMemo(() => lastDays(DAYS), []);
  const balance = useLoad((signal) => api("GET", "/user/balance", { signal }), []);
  const monitor = useLoad((signal) => api("GET", "/user/monitor", { signal }), []);
  const stats = useLoad(async (signal) => {
    const all = await api("GET", "/user/activity/stats", { query: range, signal });
    return { ...all, reports: await ofDearest(all, signal) };
  }, []);
  const latest = useLoad((signal) => page("/user/activity/log", { limit: 100 }, signal), []);
  // What is below depends on both, so that nothing jumps when the second comes.
  const known = (balance.data || balance.error) && monitor.data;
  const used = monitor.data?.all_time.requests > 0;
  const days = /** @type {ReturnType<typeof everyDay<any>> | null} */ (stats.data && everyDay(range.from, range.to, stats.data.by_day, NOTHING));
  const [name, show, exact] = MEASURES[measure];
  return html`<${Screen} title="Overview">
    <${Failure} error=${balance.error ?? monitor.error} retry=${() => (balance.reload(), monitor.reload())} />
    <${Stats} items=${figures(balance.data, monitor.data)} />
    ${known ? html`<${LowCredit} balance=${balance.data} />` : html`<${Card}><${Bones} lines=${10} /></${Card}>`}
    ${known && !used && html`<${FirstSteps} funded=${balance.data?.available > 0} />`}
    ${known && used && html`<${Card} title=${`Last ${DAYS} days`} bare action=${html`<${Choice} label="What the chart shows" value=${measure}
        options=${Object.entries(MEASURES).map(([id, [text]]) => [id, text])} onValue=${(/** @type {string} */ show) => change({ show })} />`}>
      ${stats.error && html`<div class="body"><${Failure} error=${stats.error} retry=${stats.reload} /></div>`}
      ${days
        ? html`<${Chart} label=${`${name} by day and model`} days=${days.map((it) => it.day)} series=${asSeries(stats.data.reports, days, measure)} show=${show} exact=${exact} />`
        : !stats.error && html`<div class="chart"><${Bones} lines=${8} /></div>`}
    </${Card}>
    <${Speed} latest=${latest} />
    ${!stats.error && html`<div class="columns">
      <${TopList} title="By model" rows=${stats.data?.by_model.map((/** @type {any} */ it) => ({ name: it.model, usage: it.usage, address: to(["requests"], { model: it.model }) }))} />
      <${TopList} title="By key" rows=${stats.data?.by_key.map((/** @type {any} */ it) => ({ name: it.name, usage: it.usage, address: to(["requests"], { key_id: it.key_id }) }))} />
    </div>`}`}
  </${Screen}>`;
}

/** @param {any} balance @param {any} monitor */
function figures(balance, monitor) {
  const bone = html`<${Bone} />`;
  const of = (/** @type {string} */ range) => monitor && several(monitor[range].requests, "request");
  return [
    { label: "Available", value: balance ? money(balance.available) : bone, note: balance && (balance.debt > 0 ? `${money(balance.debt)} are owed` : html`<a href=${to(["credit"])}>Add credit</a>`) },
    { label: "Held", value: balance ? money(balance.held) : bone, note: balance && "by running calls" },
    { label: "Today", value: monitor ? money(monitor.today.cost) : bone, note: of("today") },
    { label: "This month", value: monitor ? money(monitor.this_month.cost) : bone, note: of("this_month") },
  ];
}

/** @param {{ balance: any }} props */
function LowCredit({ balance }) {
  if (!balance || balance.trial?.active || balance.available >= 1) return null;
  return html`<${Note} kind="warn" title=${balance.available > 0 ? "Credit is running low" : "There is no credit"}
    action=${html`<a class="button" href=${to(["credit"])}>Buy credit</a>`}>
    ${balance.available > 0 ? `${money(balance.available)} are left; calls are refused when it is used up.` : "Calls that cost something are refused until there is some."}
  </${Note}>`;
}

/** How fast and how well the latest requests went. @param {{ latest: any }} props */
function Speed({ latest }) {
  const rows = /** @type {any[]} */ (latest.data?.data ?? []);
  if (latest.error || (latest.data && rows.length === 0)) return null;
  const bone = html`<${Bone} />`;
  const first = sorted(rows.filter((row) => row.stream && row.outcome === "completed").map((row) => row.first_byte_ms));
  const whole = sorted(rows.filter((row) => row.outcome === "completed").map((row) => row.duration_ms));
  const failed = rows.filter((row) => ["failed", "cut"].includes(row.outcome)).length;
  const of = `of the last ${several(rows.length, "request")}`;
  return html`<${Stats} items=${[
    { label: "First token, median", value: latest.data ? duration(quantile(first, 0.5)) : bone, note: "streamed requests" },
    { label: "Duration, median", value: latest.data ? duration(quantile(whole, 0.5)) : bone, note: of },
    { label: "Duration, p95", value: latest.data ? duration(quantile(whole, 0.95)) : bone, note: "19 of 20 are faster" },
    { label: "Failed", value: latest.data ? percent(failed / rows.length) : bone, note: failed > 0 ? html`<a href=${to(["requests"], { outcome: "failed" })}>See them</a>` : of },
  ]} />`;
}

/** @param {(number | null)[]} values @returns {number[]} */
const sorted = (values) => /** @type {number[]} */ (values.filter((it) => it !== null)).sort((a, b) => a - b);

/** @param {number[]} values Sorted. @param {number} share @returns {number | null} */
const quantile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? null;
