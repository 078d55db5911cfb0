// What to do where nothing has been called yet.

import { to } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { snippet } from "../../lib/snippets.js";
import { Card } from "../../ui/card.js";
import { Code } from "../../ui/code.js";

/** @param {{ funded: boolean }} props */
export function FirstSteps({ funded }) {
  return html`<${Card} title="Make your first call">
    <div class="stack">
      <ol class="tick-list">
        <li class=${funded ? "done" : ""}>
          <span class="step">${funded ? "✓" : "1"}</span>
          <span>${funded ? "There is credit." : "Credit pays for calls: buy some, or redeem a coupon."}</span>
          ${funded ? html`<span></span>` : html`<a class="button small" href=${to(["credit"])}>Get credit</a>`}
        </li>
        <li><span class="step">2</span><span>A key of its own for each application, with limits of its own.</span>
          <a class="button small" href=${to(["keys"], { new: "1" })}>Create a key</a></li>
        <li><span class="step">3</span><span>Call a model: from here, or by any OpenAI or Anthropic SDK.</span>
          <a class="button small" href=${to(["playground"])}>Open the playground</a></li>
      </ol>
      <${Code} label="curl" text=${snippet("curl", { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] })} />
    </div>
  </${Card}>`;
}
