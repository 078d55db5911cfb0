// A state as a word, and a share as a bar.

import { html } from "../lib/ui.js";
import { words } from "../lib/format.js";

/** @type {Record<string, string>} */
const KINDS = {
  active: "good", completed: "good", succeeded: "good", paid: "good", redeemed: "good", ok: "good", healthy: "good",
  failed: "bad", cut: "bad", disabled: "bad", mismatch: "bad", refused: "bad", unavailable: "bad", past_due: "bad", unpaid: "bad",
  deadline: "warn", client_left: "warn", expired: "warn", paused: "warn", processing: "warn", degraded: "warn", awaiting_card: "warn",
  swept: "warn",
  created: "info", pending: "info", trialing: "info", running: "info",
};

/** @param {{ state: string, text?: string, kind?: string }} props */
export function Badge({ state, text, kind }) {
  return html`<span class="badge ${kind ?? KINDS[state] ?? ""}">${text ?? words(state)}</span>`;
}

/**
 * How much is used of what there is.
 *
 * @param {{ used: number, of: number, label: string, limit?: boolean }} props `limit`: whether coming near to the whole is a warning.
 */
export function Meter({ used, of, label, limit = true }) {
  const share = of > 0 ? Math.min(1, Math.max(0, used / of)) : 0;
  const kind = !limit ? "" : share >= 1 ? "bad" : share >= 0.8 ? "warn" : "";
  return html`<span class="meter ${kind}" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${Math.round(share * 100)}><i style=${{ width: `${share * 100}%` }}></i></span>`;
}
