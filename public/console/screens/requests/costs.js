// What a request cost, part by part: the parts are the API's and make up the whole.

import { count, moneyExact, words } from "../../lib/format.js";
import { html } from "../../lib/ui.js";

/** @type {Record<string, string>} */
const NAMES = {
  input: "Prompt", cached: "Prompt, from cache", written: "Prompt, into cache", written_long: "Prompt, into cache for an hour", image_input: "Prompt, pictures", audio_input: "Prompt, sound",
  output: "Answer", reasoning: "Answer, reasoning", image_output: "Answer, pictures", audio_output: "Answer, sound",
  milliseconds: "Sound, ms", reserved: "Reserved, use unknown", limited: "Not charged: beyond what was reserved",
};

/** @param {{ costs: { kind: string, quantity: number, cost: number }[], row: any }} props */
export function Costs({ costs, row }) {
  if (costs.length === 0) return html`<p>${row.own_key && row.cost === 0 ? "Nothing: your own key at the provider." : html`<strong>${moneyExact(row.cost)}</strong>`}</p>`;
  return html`<div class="scroll" role="region" aria-label="Cost in parts" tabindex="0"><table class="sums">
    <caption class="visually-hidden">Cost in parts</caption>
    <thead><tr><th scope="col">For</th><th scope="col" class="number">Quantity</th><th scope="col" class="number">Cost</th></tr></thead>
    <tbody>${costs.map((it) => html`<tr key=${it.kind}><th scope="row">${NAMES[it.kind] ?? words(it.kind)}</th><td class="number">${count(it.quantity)}</td><td class="number">${moneyExact(it.cost)}</td></tr>`)}</tbody>
    <tfoot><tr><th scope="row" colspan="2">Together</th><td class="number"><strong>${moneyExact(row.cost)}</strong></td></tr></tfoot>
  </table></div>`;
}
