// Code to be copied, and a secret that is shown once.

import { html } from "../lib/ui.js";
import { Copy } from "./button.js";

/** @param {{ text: string, label: string }} props */
export function Code({ text, label }) {
  return html`<div class="code">
    <div class="bar"><span>${label}</span><${Copy} text=${text} kind="small quiet" /></div>
    <pre tabindex="0" role="region" aria-label=${label}>${text}</pre>
  </div>`;
}

/** @param {{ secret: string }} props */
export function Secret({ secret }) {
  return html`<div class="secret"><code data-testid="secret">${secret}</code><${Copy} text=${secret} kind="" /></div>`;
}
