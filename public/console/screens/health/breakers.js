// Whom calls avoid at present: a provider at one model, or, where it refuses our account or a key, at all of them.

import { html } from "../../lib/ui.js";
import { Badge } from "../../ui/badge.js";

/** @param {{ list: { provider: string, model: string | null, state: string, failures: number, until: string }[] }} props */
export function Breakers({ list }) {
  if (list.length === 0) return "none";
  const text = (/** @type {typeof list[0]} */ it) => `${it.provider}${it.model ? ` at ${it.model}` : ""}: ${it.state}`;
  return html`<div class="row">${list.map((it) => html`<${Badge} key=${text(it)} state=${it.state} kind="warn" text=${text(it)} />`)}</div>`;
}
