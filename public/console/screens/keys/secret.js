// A secret, shown once, and a call that works with it.

import { LANGUAGES, snippet } from "../../lib/snippets.js";
import { html, useState } from "../../lib/ui.js";
import { Button } from "../../ui/button.js";
import { Code, Secret } from "../../ui/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Choice } from "../../ui/field.js";
import { Note } from "../../ui/states.js";

/** @param {{ made: any, onClose: () => void }} props */
export function SecretDialog({ made, onClose }) {
  const [language, setLanguage] = useState("curl");
  const text = snippet(language, { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }, made.api_key);
  return html`<${Dialog} title=${made.name} onClose=${onClose}>
    <div class="body">
      <${Note} kind="warn" title="Keep the secret now">It is shown this once: only what it hashes to is stored.</${Note}>
      <${Secret} secret=${made.api_key} />
      <${Choice} label="Language" value=${language} onValue=${setLanguage} options=${LANGUAGES} />
      <${Code} label="A first call" text=${text} />
    </div>
    <div class="foot"><${Button} kind="primary" onClick=${onClose}>I have it</${Button}></div>
  </${Dialog}>`;
}
