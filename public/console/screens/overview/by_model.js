// What was used by day, told apart by model: the dearest ones by name, the rest together.

import { api } from "../../lib/api.js";

/** So many models have a bar of their own. */
const NAMED = 4;

/** What each measure is called by the report. @type {Record<string, (row: any) => number>} */
const MEASURED = {
  cost: (row) => row.total_cost,
  tokens: (row) => row.input_tokens + row.output_tokens,
  requests: (row) => row.request_count,
};

/**
 * The reports of the dearest models, day by day.
 *
 * @param {any} stats @param {AbortSignal} signal @returns {Promise<{ model: string, rows: any[] }[]>}
 */
export function ofDearest(stats, signal) {
  const dearest = stats.by_model.slice().sort((/** @type {any} */ a, /** @type {any} */ b) => b.usage.cost - a.usage.cost).slice(0, NAMED);
  const [start_date, end_date] = [stats.from.slice(0, 10), stats.to.slice(0, 10)];
  return Promise.all(dearest.map(async (/** @type {any} */ { model }) => {
    const { results } = await api("GET", "/v1/report", { query: { start_date, end_date, group_by: "day", model }, signal });
    return { model, rows: results };
  }));
}

/**
 * @param {{ model: string, rows: any[] }[]} reports @param {{ day: string, usage: any }[]} days @param {string} measure
 * @returns {import("../../ui/chart.js").Series[]}
 */
export function asSeries(reports, days, measure) {
  const series = reports.map(({ model, rows }) => {
    const known = new Map(rows.map((row) => [row.day, MEASURED[measure](row)]));
    return { name: model, values: days.map(({ day }) => known.get(day) ?? 0) };
  });
  // Nano-dollars are the least that there is: what is left by less is the imprecision of a sum.
  const rest = days.map(({ usage }, at) => Math.max(0, Number((usage[measure] - series.reduce((sum, it) => sum + it.values[at], 0)).toFixed(9))));
  return rest.some((value) => value > 0) ? [...series, { name: "Others", values: rest }] : series;
}
