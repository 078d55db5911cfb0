// One model: what it can do, its prices, and the providers that serve it.

import { count, date, perMillion, words } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { Copy } from "../../ui/button.js";
import { Facts } from "../../ui/card.js";
import { Dialog } from "../../ui/dialog.js";

/** What is priced by the token; all else is priced by the piece. */
const BY_TOKEN = ["prompt", "completion", "input_cache_read", "input_cache_write", "input_cache_write_1h", "internal_reasoning", "audio", "audio_output", "image_token", "image_output"];

/** @param {{ model: any, onClose: () => void }} props */
export function ModelSheet({ model, onClose }) {
  return html`<${Dialog} title=${model.name} kind="sheet" onClose=${onClose}>
    <div class="body">
      <div class="spread"><code>${model.id}</code><${Copy} text=${model.id} label="Copy the id" /></div>
      ${model.description && html`<p>${model.description}</p>`}
      ${model.kind === "chat" && html`<div><a class="button primary" href=${to(["playground"], { model: model.id })}>Try it</a></div>`}
      <${Facts} items=${[
        ["Context", model.context_length ? `${count(model.context_length)} tokens` : null],
        ["Max output", model.max_output_tokens ? `${count(model.max_output_tokens)} tokens` : null],
        ["Input", model.input_modalities.join(", ")],
        ["Output", model.output_modalities.join(", ")],
        ["Developer", model.owned_by],
        ["Here since", date(model.created_at)],
      ]} />
      ${model.routes.map((/** @type {any} */ route) => html`<section class="stack-s" key=${route.provider}>
        <h3>${route.provider}</h3>
        <${Facts} items=${prices(route.prices)} />
      </section>`)}
    </div>
  </${Dialog}>`;
}

/** @param {any} prices @returns {[string, any][]} */
function prices(prices) {
  if (!prices) return [["Price", "none"]];
  const rows = /** @type {[string, any][]} */ (Object.entries(prices)
    .filter(([, price]) => typeof price === "string" && Number(price) !== 0)
    .map(([name, price]) => [words(name), BY_TOKEN.includes(name) ? `${perMillion(price)} a million tokens` : `$${price} each`]));
  return rows.length > 0 ? rows : [["Price", "free"]];
}
