// A new account with its primary key, which is shown once.

import { api } from "../../lib/api.js";
import { html, useMemo, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Secret } from "../../ui/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Form, Input, MoneyInput } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";

/** @param {{ onClose: () => void, onDone: () => void }} props */
export function NewUser({ onClose, onDone }) {
  const [form, setForm] = useState({ email: "", credits: "", role: "" });
  const [made, setMade] = useState(/** @type {any} */ (null));
  const once = useMemo(() => `console-${Date.now()}-${Math.random()}`, []);
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const { run, busy, error } = useAct(async () => {
    const body = { email: form.email.trim(), ...(form.credits ? { credits: Number(form.credits) } : {}), ...(form.role.trim() ? { role: form.role.trim() } : {}) };
    setMade(await api("POST", "/admin/create", { body, idempotencyKey: once }));
    onDone();
  });
  return html`<${Dialog} title=${made ? made.email : "Create an account"} onClose=${onClose}>
    ${made
      ? html`<div class="body">
          ${made.api_key && html`<${Note} kind="warn" title="Its key is shown this once">Hand it over by a way that nobody else reads.</${Note}><${Secret} secret=${made.api_key} />`}
        </div><div class="foot"><${Button} kind="primary" onClick=${onClose}>I have it</${Button}></div>`
      : html`<${Form} class="" onSend=${run}>
          <div class="body">
            <${Input} label="E-mail" type="email" required autofocus value=${form.email} onValue=${set("email")} />
            <div class="fields">
              <${MoneyInput} label="Opening credit" value=${form.credits} onValue=${set("credits")} placeholder="none" />
              <${Input} label="Role" value=${form.role} onValue=${set("role")} placeholder="user" />
            </div>
            <${Failure} error=${error} />
          </div>
          <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>Create</${Button}></div>
        </${Form}>`}
  </${Dialog}>`;
}
