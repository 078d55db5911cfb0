// A new role, or another set of permissions for one.

import { api } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Area, Form, Input } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";

/** @param {{ row: any, onClose: () => void, onDone: () => void }} props */
export function RoleForm({ row, onClose, onDone }) {
  const [name, setName] = useState(row?.name ?? "");
  const [permissions, setPermissions] = useState((row?.permissions ?? ["inference", "models:read"]).join("\n"));
  const { run, busy, error } = useAct(async () => {
    const held = permissions.split(/[\s,]+/).filter(Boolean);
    if (row) await api("PUT", `/admin/roles/${encodeURIComponent(row.name)}`, { body: { permissions: held } });
    else await api("POST", "/admin/roles", { body: { name: name.trim(), permissions: held } });
    onDone();
  });
  const fault = (/** @type {string} */ field) => error?.param?.split(/[.[]/)[0] === field && error.message;
  return html`<${Dialog} title=${row ? row.name : "Create a role"} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${!row && html`<${Input} label="Name" required autofocus value=${name} onValue=${setName} error=${fault("name")} />`}
        <${Area} label="Permissions" rows="10" required value=${permissions} onValue=${setPermissions} error=${fault("permissions")} hint="One a line, as inference, keys:write or admin:users. Those who have the role lose at once what is taken from it." />
        ${!["name", "permissions"].includes(error?.param?.split(/[.[]/)[0]) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${row ? "Save" : "Create"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
