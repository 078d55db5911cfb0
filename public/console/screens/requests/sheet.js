// One request with all that is known of it.

import { count, duration, exactly, moneyExact } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { Badge } from "../../ui/badge.js";
import { Facts } from "../../ui/card.js";
import { Dialog } from "../../ui/dialog.js";
import { Note } from "../../ui/states.js";

/** @param {{ row: any, keyName?: string, onClose: () => void }} props */
export function RequestSheet({ row, keyName, onClose }) {
  const tokens = (/** @type {number} */ number) => (number > 0 ? count(number) : null);
  const units = Object.entries(row.units ?? {}).filter(([, number]) => Number(number) > 0);
  return html`<${Dialog} title="Request" kind="sheet" onClose=${onClose}>
    <div class="body">
      <div class="spread"><h3 class="mono">${row.model}</h3><${Badge} state=${row.outcome} /></div>
      ${row.error_code && html`<${Note} kind="bad" title=${row.error_code}>The provider or the gateway refused it; it cost ${moneyExact(row.cost)}.</${Note}>`}
      ${row.estimated && html`<${Note} kind="warn">The provider did not report usage: tokens were counted by the gateway.</${Note}>`}
      <${Times} row=${row} />
      <h3>What it cost</h3>
      <${Facts} items=${[
        ["Cost", row.own_key ? "Nothing: your own key at the provider" : html`<strong>${moneyExact(row.cost)}</strong>`],
        ["Prompt tokens", count(row.prompt_tokens)],
        ["… from cache", tokens(row.cached_tokens)],
        ["… into cache", tokens(row.written_tokens)],
        ["Completion tokens", count(row.completion_tokens)],
        ["… reasoning", tokens(row.reasoning_tokens)],
        ...units.map(([name, number]) => [name.replaceAll("_", " "), count(Number(number))]),
        ["Paid to the provider", row.provider_cost === undefined || row.provider_cost === null ? null : moneyExact(row.provider_cost)],
        ["Held before", row.held === undefined ? null : moneyExact(row.held)],
        ["Limited", row.clamped ? "The provider reported more tokens than the model has" : null],
      ]} />
      <h3>Where it went</h3>
      <${Facts} items=${[
        ["Provider", row.provider],
        ["Account", row.account_id && html`<code>${row.account_id}</code>`],
        ["Key", keyName],
        ["Application", row.app],
        ["Streamed", row.stream ? "Yes" : "No"],
        ["Begun", exactly(row.created_at)],
        ["Finished", exactly(row.finished_at)],
        ["Call", html`<code>${row.call_id}</code>`],
        ["Request", row.request_id && html`<code>${row.request_id}</code>`],
      ]} />
    </div>
  </${Dialog}>`;
}

/** How long it waited for the first byte, and how long bytes came. @param {{ row: any }} props */
function Times({ row }) {
  if (row.duration_ms === null) return null;
  const wait = Math.min(row.first_byte_ms ?? row.duration_ms, row.duration_ms);
  const share = row.duration_ms > 0 ? (wait / row.duration_ms) * 100 : 100;
  return html`<div class="wave">
    <div class="track" aria-hidden="true"><i class="wait" style=${{ width: `${share}%` }}></i><i class="flow" style=${{ width: `${100 - share}%` }}></i></div>
    <div class="spread small">
      <span>First byte after <b>${duration(row.first_byte_ms)}</b></span>
      <span>In all <b>${duration(row.duration_ms)}</b></span>
    </div>
  </div>`;
}
