// An answer as it comes, and what it came to.

import { count, duration, followable, moneyExact } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { Code } from "../../ui/code.js";
import { Failure } from "../../ui/states.js";

/** @param {{ answer: any, onDetails: (request: string) => void }} props */
export function Answer({ answer, onDetails }) {
  const { usage } = answer;
  const cached = usage?.prompt_tokens_details?.cached_tokens;
  return html`<article data-testid="answer">
    <h3>${answer.model}${answer.provider && ` · ${answer.provider}`}</h3>
    ${answer.reasoning && html`<details><summary class="small">What it thought</summary><div class="said soft">${answer.reasoning}</div></details>`}
    <div class="said">${answer.text || (answer.running ? html`<span class="soft">…</span>` : "")}</div>
    ${answer.images.map((/** @type {string} */ url, /** @type {number} */ at) => html`<${Picture} key=${at} url=${url} />`)}
    ${answer.calls.map((/** @type {any} */ call, /** @type {number} */ at) => html`<${Code} key=${at} label=${`It calls ${call.name}`} text=${pretty(call.arguments)} />`)}
    <${Failure} error=${answer.error} />
    ${answer.finish === "length" && html`<p class="small soft">It was cut at the most tokens that it might have.</p>`}
    <div class="figures">
      ${answer.firstMs !== null && html`<span>first token <b>${duration(answer.firstMs)}</b></span>`}
      ${answer.totalMs !== null && html`<span>in all <b>${duration(answer.totalMs)}</b></span>`}
      ${answer.gatewayMs !== null && html`<span>gateway <b>${duration(answer.gatewayMs)}</b></span>`}
      ${usage && html`<span><b>${count(usage.prompt_tokens)}</b> in${cached > 0 ? ` (${count(cached)} cached)` : ""}, <b>${count(usage.completion_tokens)}</b> out</span>`}
      ${usage?.cost !== undefined && html`<span>cost <b data-testid="cost">${moneyExact(usage.cost)}</b></span>`}
      ${answer.totalMs !== null && answer.requestId && html`<button type="button" class="link" onClick=${() => onDetails(answer.requestId)}>Details<span class="visually-hidden"> of the request to ${answer.model}</span></button>`}
    </div>
  </article>`;
}

/** A picture that the answer has in it; one that is elsewhere is a link, since nothing here is fetched from elsewhere. @param {{ url: string }} props */
function Picture({ url }) {
  if (url.startsWith("data:image/")) return html`<img class="picture" src=${url} alt="A picture of the answer" />`;
  return followable(url) ? html`<a href=${followable(url)} target="_blank" rel="noopener noreferrer">A picture of the answer</a>` : null;
}

/** JSON as people read it; as it is while it is not whole. @param {string} json */
function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
