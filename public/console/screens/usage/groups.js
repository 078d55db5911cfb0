// Usage in groups: of models, providers, keys and days the statistics know it, of end users and tags the report.

import { api } from "../../lib/api.js";
import { calendarDay } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { useLoad } from "../../lib/use.js";

/** @type {[string, string][]} */
export const GROUPS = [["model", "Model"], ["provider", "Provider"], ["key", "Key"], ["user", "End user"], ["tag", "Tag"], ["day", "Day"]];

/** @typedef {{ id: string, name: string, href?: string, usage: any }} Row `href`: where its requests are. */

/** What the report calls a figure, by what it is called here. It knows neither what failed nor what went with own keys. @type {Record<string, string>} */
const FIGURES = {
  requests: "request_count", prompt_tokens: "input_tokens", cached_tokens: "cached_input_tokens",
  completion_tokens: "output_tokens", reasoning_tokens: "reasoning_tokens", cost: "total_cost",
};

/**
 * The groups of a span of days.
 *
 * @param {string} group @param {{ from: string, to: string }} span @param {ReturnType<typeof useLoad<any>>} stats Of the same span.
 * @returns {{ data: Row[] | null, error: Error | null, busy: boolean, reload: () => void }}
 */
export function useGroups(group, span, stats) {
  const isReported = group === "user" || group === "tag";
  const report = useLoad(async (signal) => {
    if (!isReported) return null;
    const days = { start_date: span.from.slice(0, 10), end_date: new Date(Date.parse(span.to) - 1).toISOString().slice(0, 10) };
    const { results } = await api("GET", "/v1/report", { query: { ...days, group_by: group }, signal });
    return { group, rows: results.map((/** @type {any} */ it) => reported(it, group)) };
  }, [group, span]);
  // What is there of the statistics stays while they are loaded again; what failed of them is said above.
  if (!isReported) return { ...stats, error: null, data: stats.data && counted(stats.data, group) };
  return { ...report, data: report.data?.group === group ? report.data.rows : null };
}

/** @param {any} it @param {string} group @returns {Row} */
function reported(it, group) {
  const is = it[group] ?? null;
  const usage = Object.fromEntries(Object.entries(FIGURES).map(([name, there]) => [name, it[there]]));
  // The report's word for all that are not among the dearest.
  const isRest = is === "…";
  return { id: `${is === null ? "none" : "one"} ${is}`, name: is === null ? "none named" : isRest ? "all others" : is, usage, href: group === "user" && is !== null && !isRest ? to(["requests"], { user: is }) : undefined };
}

/** @param {any} stats @param {string} group @returns {Row[]} */
function counted(stats, group) {
  const by = {
    provider: () => stats.by_provider.map((/** @type {any} */ it) => ({ id: String(it.provider), name: it.provider ?? "none", usage: it.usage })),
    key: () => stats.by_key.map((/** @type {any} */ it) => ({ id: it.key_id, name: `${it.name} …${it.last_four}`, href: to(["requests"], { key_id: it.key_id }), usage: it.usage })),
    day: () => stats.by_day.map((/** @type {any} */ it) => ({ id: it.day, name: calendarDay(it.day), usage: it.usage })),
  }[group];
  return by ? by() : stats.by_model.map((/** @type {any} */ it) => ({ id: it.model, name: it.model, href: to(["requests"], { model: it.model }), usage: it.usage }));
}
