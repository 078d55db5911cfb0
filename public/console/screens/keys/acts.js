// What is done with a key and cannot be taken back: a new secret, or its end.

import { api } from "../../lib/api.js";
import { session } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Form, Select } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {{ act: string, row: any, onDone: (answer: any) => void, onClose: () => void }} props */
export function KeyActs({ act, row, onDone, onClose }) {
  if (act === "rotate") return html`<${Rotate} row=${row} onDone=${onDone} onClose=${onClose} />`;
  const revoke = async () => {
    await api("DELETE", `/user/api-keys/${row.id}`);
    toast("The key was revoked.");
    onDone(null);
  };
  return html`<${Confirm} title="Revoke the key" act="Revoke" onAct=${revoke} onClose=${onClose}>
    <p>Whatever uses <strong>${row.name}</strong> (<code>…${row.last_four}</code>) is refused from now on. It cannot be taken back.</p>
    ${session()?.key.endsWith(row.last_four) && html`<${Note} kind="warn" title="You are signed in with it">You are signed out when it ends.</${Note}>`}
  </${Confirm}>`;
}

/** @param {{ row: any, onDone: (answer: any) => void, onClose: () => void }} props */
function Rotate({ row, onDone, onClose }) {
  const [grace, setGrace] = useState("24");
  const { run, busy, error } = useAct(async () => {
    onDone(await api("POST", `/user/api-keys/${row.id}/rotate`, { body: { grace_period_hours: Number(grace) } }));
  });
  return html`<${Dialog} title="Rotate the key" onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        <p><strong>${row.name}</strong> gets a new secret and keeps its settings.</p>
        <${Select} label="The old secret ends" value=${grace} onValue=${setGrace}
          options=${[["0", "at once"], ["1", "in an hour"], ["24", "in a day"], ["168", "in a week"]]} hint="Until then both work." />
        <${Failure} error=${error} />
      </div>
      <div class="foot">
        <${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} kind="primary" type="submit" busy=${busy}>Rotate</${Button}>
      </div>
    </${Form}>
  </${Dialog}>`;
}
