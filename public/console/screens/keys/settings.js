// A key's settings as the form has them, which is text, and as the API has them.

/** The rate limits that a key can have. @type {[string, string][]} */
export const RATES = [
  ["requests_per_minute", "Requests a minute"],
  ["requests_per_day", "Requests a day"],
  ["tokens_per_minute", "Tokens a minute"],
  ["tokens_per_day", "Tokens a day"],
  ["concurrency", "At a time"],
];

const LISTS = ["allowed_models", "ip_allowlist", "domain_allowlist"];

/** What the form begins with. @param {any} [row] */
export function begin(row) {
  const lists = Object.fromEntries(LISTS.map((name) => [name, (row?.[name] ?? []).join("\n")]));
  const rates = /** @type {Record<string, string>} */ (Object.fromEntries(Object.entries(row?.rate_limits ?? {}).filter(([, it]) => it !== null).map(([name, it]) => [name, String(it)])));
  return {
    name: row?.name ?? "",
    environment: "",
    access: row ? accessOf(row.scopes) : "calls",
    scopes: (row?.scopes ?? ["inference"]).join("\n"),
    amount: row?.spend_limit ? String(row.spend_limit.amount) : "",
    period: row ? (row.spend_limit?.period ?? "") : "month",
    max_requests: row?.max_requests ? String(row.max_requests) : "",
    cache_ttl: row?.cache_ttl ? String(row.cache_ttl) : "",
    expires_in_days: "",
    forEver: false,
    trace_content: Boolean(row?.trace_content),
    rates,
    hasMore: Boolean(row && (row.max_requests || row.cache_ttl || row.trace_content || Object.keys(rates).length > 0
      || LISTS.some((name) => row[name].length > 0))),
    allowed_models: lists.allowed_models,
    ip_allowlist: lists.ip_allowlist,
    domain_allowlist: lists.domain_allowlist,
  };
}

/** @param {string[]} scopes */
function accessOf(scopes) {
  if (scopes.includes("*")) return "all";
  return scopes.length === 1 && scopes[0] === "inference" ? "inference" : "own";
}

/** @param {string} text */
const lines = (text) => text.split(/[\s,]+/).filter(Boolean);
/** @param {string} text */
const number = (text) => (text === "" ? null : Number(text));

/**
 * What is sent: of a new key what limits it, of another all that the form holds.
 *
 * @param {ReturnType<typeof begin>} form @param {any} [row]
 */
export function body(form, row) {
  const rates = Object.fromEntries(Object.entries(form.rates).filter(([, text]) => text !== "").map(([name, text]) => [name, Number(text)]));
  const scopes = { calls: undefined, inference: ["inference"], all: ["*"], own: lines(form.scopes) }[form.access];
  /** @type {Record<string, any>} */
  const all = {
    name: form.name.trim(),
    scopes: form.access === "calls" && row ? ["inference", "models:read", "chat:read", "chat:write", "usage:read", "billing:read"] : scopes,
    spend_limit: form.amount === "" ? null : { amount: Number(form.amount), period: form.period || null },
    max_requests: number(form.max_requests),
    trace_content: form.trace_content || (row ? false : null),
    cache_ttl: number(form.cache_ttl),
    rate_limits: Object.keys(rates).length > 0 ? rates : null,
    ...Object.fromEntries(LISTS.map((name) => [name, lines(/** @type {any} */ (form)[name])])),
  };
  if (form.expires_in_days !== "") all.expires_in_days = Number(form.expires_in_days);
  else if (form.forEver) all.expires_in_days = null;
  if (row) return all;
  if (form.environment) all.environment = form.environment;
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined && (!Array.isArray(value) || value.length > 0)));
}
