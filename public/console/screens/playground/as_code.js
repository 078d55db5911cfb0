// The conversation as code that makes the same call.

import { LANGUAGES, snippet } from "../../lib/snippets.js";
import { html, useState } from "../../lib/ui.js";
import { Code } from "../../ui/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Choice } from "../../ui/field.js";

/** @param {{ bodies: any[], onClose: () => void }} props */
export function AsCode({ bodies, onClose }) {
  const [language, setLanguage] = useState("curl");
  const name = LANGUAGES.find(([id]) => id === language)?.[1];
  return html`<${Dialog} title="As code" onClose=${onClose}>
    <div class="body">
      <${Choice} label="Language" value=${language} onValue=${setLanguage} options=${LANGUAGES} />
      ${bodies.map((body, at) => html`<${Code} key=${at} label=${`${name}: ${body.model}`} text=${snippet(language, { ...body, stream: true })} />`)}
      <p class="soft small">The key is read from GATEWAY_API_KEY.</p>
    </div>
  </${Dialog}>`;
}
