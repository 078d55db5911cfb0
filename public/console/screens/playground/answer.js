// An answer as it comes, and what it came to.

import { count, duration, moneyExact } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { Code } from "../../ui/code.js";
import { Failure } from "../../ui/states.js";

/** @param {{ answer: any }} props */
export function Answer({ answer }) {
  const { usage } = answer;
  const cached = usage?.prompt_tokens_details?.cached_tokens;
  return html`<article data-testid="answer">
    <h3>${answer.model}${answer.provider && ` · ${answer.provider}`}</h3>
    ${answer.reasoning && html`<details><summary class="small">What it thought</summary><div class="said soft">${answer.reasoning}</div></details>`}
    <div class="said">${answer.text || (answer.running ? html`<span class="soft">…</span>` : "")}</div>
    ${answer.calls.map((/** @type {any} */ call, /** @type {number} */ at) => html`<${Code} key=${at} label=${`It calls ${call.name}`} text=${pretty(call.arguments)} />`)}
    <${Failure} error=${answer.error} />
    ${answer.finish === "length" && html`<p class="small soft">It was cut at the most tokens that it might have.</p>`}
    <div class="figures">
      ${answer.firstMs !== null && html`<span>first token <b>${duration(answer.firstMs)}</b></span>`}
      ${answer.totalMs !== null && html`<span>in all <b>${duration(answer.totalMs)}</b></span>`}
      ${answer.gatewayMs !== null && html`<span>gateway <b>${duration(answer.gatewayMs)}</b></span>`}
      ${usage && html`<span><b>${count(usage.prompt_tokens)}</b> in${cached > 0 ? ` (${count(cached)} cached)` : ""}, <b>${count(usage.completion_tokens)}</b> out</span>`}
      ${usage?.cost !== undefined && html`<span>cost <b data-testid="cost">${moneyExact(usage.cost)}</b></span>`}
    </div>
  </article>`;
}

/** JSON as people read it; as it is while it is not whole. @param {string} json */
function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
