// When each provider was asked, one below the other, with what of the time was the gateway's own.

import { duration } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { Badge } from "../../ui/badge.js";

/**
 * @typedef {object} Attempt Times in ms, counted from the request's beginning.
 * @property {string} provider
 * @property {string} model
 * @property {number} started_ms
 * @property {number | null} first_byte_ms
 * @property {number} duration_ms
 * @property {number | null} status
 * @property {string | null} error_code
 */

/** @param {{ attempts: Attempt[], row: any, overhead: number | null }} props */
export function Waterfall({ attempts, row, overhead }) {
  const end = Math.max(1, row.duration_ms ?? 0, ...attempts.map((it) => it.started_ms + it.duration_ms));
  return html`<div class="wave">
    ${attempts.length > 0 && html`<ol class="falls" aria-hidden="true">${attempts.map((attempt, at) => html`<${Fall} key=${at} attempt=${attempt} model=${row.model} end=${end} />`)}</ol>
      <p class="legend" aria-hidden="true"><span><i class="wait"></i>Before the first byte</span><span><i class="flow"></i>Answering</span>${attempts.some((it) => it.error_code) && html`<span><i class="fail"></i>Failed</span>`}</p>
      <${Behind} attempts=${attempts} />`}
    <div class="spread small">
      <span>First byte after <b>${duration(row.first_byte_ms)}</b></span>
      ${overhead !== null && html`<span>The gateway's own <b>${duration(overhead)}</b></span>`}
      <span>In all <b>${duration(row.duration_ms)}</b></span>
    </div>
  </div>`;
}

/** @param {{ attempt: Attempt, model: string, end: number }} props */
function Fall({ attempt, model, end }) {
  const first = attempt.first_byte_ms === null ? attempt.duration_ms : Math.min(attempt.duration_ms, Math.max(0, attempt.first_byte_ms - attempt.started_ms));
  const share = (/** @type {number} */ ms) => `${(ms / end) * 100}%`;
  return html`<li>
    <div class="spread small"><span>${attempt.provider}${attempt.model !== model && html` <span class="soft">${attempt.model}</span>`} ${attempt.error_code && html`<${Badge} state="failed" text=${attempt.error_code} />`}</span>
      <span>${attempt.status !== null && html`<span class="soft">${attempt.status} </span>`}${duration(attempt.duration_ms)}</span></div>
    <div class="track">
      <i class="gap" style=${{ width: share(attempt.started_ms) }}></i>
      ${attempt.error_code
        ? html`<i class="fail" style=${{ width: share(attempt.duration_ms) }}></i>`
        : html`<i class="wait" style=${{ width: share(first) }}></i><i class="flow" style=${{ width: share(attempt.duration_ms - first) }}></i>`}
    </div>
  </li>`;
}

/** The same as figures, for who does not see the bars. @param {{ attempts: Attempt[] }} props */
function Behind({ attempts }) {
  return html`<div class="visually-hidden"><table>
    <caption>Attempts</caption>
    <thead><tr>${["Provider", "Model", "Asked after", "First byte after", "Took", "Status", "Error"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
    <tbody>${attempts.map((it, at) => html`<tr key=${at}><th scope="row">${it.provider}</th><td>${it.model}</td><td>${duration(it.started_ms)}</td><td>${duration(it.first_byte_ms)}</td><td>${duration(it.duration_ms)}</td><td>${it.status ?? "none"}</td><td>${it.error_code ?? "none"}</td></tr>`)}</tbody>
  </table></div>`;
}
