// The gateway's documented JSON API, and nothing else: /docs describes every call that is made here.

import { end, session } from "./session.js";

/** A refusal: what the API said, or that it could not be reached. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, code?: string | null, param?: string | null, requestId?: string | null, retryAfter?: number | null }} about
   */
  constructor(message, about = {}) {
    super(message);
    this.status = about.status ?? 0;
    this.code = about.code ?? null;
    this.param = about.param ?? null;
    this.requestId = about.requestId ?? null;
    /** Seconds. */
    this.retryAfter = about.retryAfter ?? null;
  }
}

/**
 * @typedef {object} Options
 * @property {Record<string, unknown>} [query] What is empty is left out.
 * @property {unknown} [body]
 * @property {string} [accept] What kind of answer is wanted.
 * @property {string} [key] Another key than the session's; "" for none.
 * @property {string} [idempotencyKey]
 * @property {AbortSignal} [signal]
 */

/**
 * The answer's head, once it is no refusal.
 *
 * @param {string} method @param {string} path @param {Options} [options] @returns {Promise<Response>}
 */
export async function send(method, path, options = {}) {
  const key = options.key ?? session()?.key ?? "";
  /** @type {Record<string, string>} */
  const headers = { accept: options.accept ?? "application/json" };
  if (key) headers.authorization = `Bearer ${key}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  let response;
  try {
    response = await fetch(path + search(options.query), { method, headers, body, signal: options.signal });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError("The gateway cannot be reached. Check the connection and try again.");
  }
  if (response.ok) return response;
  const refusal = await refused(response);
  // The session's own key is not valid any more: nothing here would work.
  if (refusal.status === 401 && options.key === undefined && session()) end("The key is not valid any more. Sign in again.");
  throw refusal;
}

/**
 * The answer, read as JSON.
 *
 * @param {string} method @param {string} path @param {Options} [options] @returns {Promise<any>}
 */
export async function api(method, path, options) {
  return (await send(method, path, options)).json();
}

/**
 * A page of a list, and a way to the next.
 *
 * @param {string} path @param {Record<string, unknown>} [query] @param {AbortSignal} [signal]
 * @returns {Promise<{ data: any[], next: string | null }>}
 */
export async function page(path, query, signal) {
  const answer = await api("GET", path, { query, signal });
  return { data: answer.data, next: answer.next_cursor ?? null };
}

/**
 * All pages of a list that is not long.
 *
 * @param {string} path @param {Record<string, unknown>} [query] @param {AbortSignal} [signal] @returns {Promise<any[]>}
 */
export async function all(path, query = {}, signal) {
  /** @type {any[]} */
  const found = [];
  let cursor;
  do {
    const { data, next } = await page(path, { ...query, limit: 100, cursor }, signal);
    found.push(...data);
    cursor = next;
  } while (cursor);
  return found;
}

/** @param {Record<string, unknown>} [query] */
function search(query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

/** @param {Response} response */
async function refused(response) {
  const about = {
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    retryAfter: Number(response.headers.get("retry-after")) || null,
  };
  try {
    const { error } = await response.json();
    return new ApiError(String(error.message), { ...about, code: error.code, param: error.param });
  } catch {
    return new ApiError(`The gateway answered ${response.status} without saying why.`, about);
  }
}
