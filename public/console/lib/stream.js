// A chat completion as it comes: server-sent events, read by the rules of the WHATWG's event streams as far as the gateway uses them.

import { ApiError, send } from "./api.js";

/**
 * @typedef {object} Told What an answer has come to so far.
 * @property {string} text
 * @property {string} reasoning
 * @property {{ id: string, name: string, arguments: string }[]} calls Tools that it wants called.
 * @property {string[]} images Addresses of the pictures in it, which are mostly the pictures themselves.
 * @property {any} usage With its cost, at the end.
 * @property {string | null} finish
 * @property {string | null} provider
 * @property {string | null} requestId
 * @property {number | null} firstMs From the asking to the first output.
 * @property {number | null} totalMs
 * @property {number | null} gatewayMs What the gateway added, as its server-timing says.
 */

/**
 * Asks for a completion and tells how it comes.
 *
 * @param {Record<string, any>} body @param {(told: Told) => void} onTold @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
export async function stream(body, onTold, signal) {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const response = await send("POST", "/v1/chat/completions", { body: { ...body, stream: true, stream_options: { include_usage: true } }, signal });
  /** @type {Told} */
  const told = {
    text: "", reasoning: "", calls: [], images: [], usage: null, finish: null, firstMs: null, totalMs: null,
    provider: response.headers.get("x-gateway-provider"),
    requestId: response.headers.get("x-request-id"),
    gatewayMs: timing(response.headers.get("server-timing"), "gateway"),
  };
  for await (const data of events(response)) {
    if (data === "[DONE]") break;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(String(chunk.error.message), { code: chunk.error.code, requestId: told.requestId });
    const choice = chunk.choices?.[0];
    const delta = choice?.delta ?? {};
    const thought = delta.reasoning ?? delta.reasoning_content ?? "";
    if (delta.content || thought || delta.tool_calls || delta.images?.length) told.firstMs ??= since();
    told.text += delta.content ?? "";
    told.reasoning += thought;
    for (const part of delta.tool_calls ?? []) {
      const call = (told.calls[part.index] ??= { id: "", name: "", arguments: "" });
      call.id ||= part.id ?? "";
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
    for (const image of delta.images ?? []) if (image.image_url?.url) told.images.push(String(image.image_url.url));
    told.finish = choice?.finish_reason ?? told.finish;
    told.usage = chunk.usage ?? told.usage;
    onTold({ ...told });
  }
  told.totalMs = since();
  return { ...told };
}

/** The data of each event. @param {Response} response */
async function* events(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const parts = rest.split(/\r?\n\r?\n/);
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const data = part.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
        if (data) yield data;
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {string | null} header @param {string} name */
function timing(header, name) {
  const found = header?.split(",").find((part) => part.trim().startsWith(`${name};`));
  const ms = Number(found?.match(/dur=([\d.]+)/)?.[1]);
  return Number.isFinite(ms) ? ms : null;
}
