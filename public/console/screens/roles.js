// Roles: what each may do, and roles of one's own making.

import { api } from "../lib/api.js";
import { to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList } from "../lib/use.js";
import { RoleForm } from "./roles/form.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Confirm } from "../ui/dialog.js";
import { Screen } from "../ui/screen.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

export default function Roles() {
  const list = useList("/admin/roles", {});
  const [form, setForm] = useState(/** @type {any} */ (null));
  const [gone, setGone] = useState(/** @type {any} */ (null));
  const remove = async () => {
    await api("DELETE", `/admin/roles/${encodeURIComponent(gone.name)}`);
    toast("The role is gone.");
    list.reload();
  };
  return html`<${Screen} title="Roles" hint="What accounts may do, and so the most that their keys may."
    action=${html`<${Button} kind="primary" icon="plus" onClick=${() => setForm({})}>Create a role</${Button}>`}>
    <${Card} bare>
      <${Table} label="Roles" list=${list} id=${(/** @type {any} */ row) => row.name} columns=${[
        { name: "Role", cell: (/** @type {any} */ row) => html`<div class="row"><a href=${to(["users"], { role: row.name })}>${row.name}</a>${row.built_in && html`<${Badge} state="built in" />`}</div>` },
        { name: "May", cell: (/** @type {any} */ row) => html`<span class="small soft">${row.permissions.includes("*") ? "everything" : row.permissions.join(", ")}</span>` },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => !row.built_in && html`<div class="acts">
          <${Button} kind="small" onClick=${() => setForm(row)}>Edit<span class="visually-hidden"> ${row.name}</span></${Button}>
          <${Button} kind="small danger" onClick=${() => setGone(row)}>Delete<span class="visually-hidden"> ${row.name}</span></${Button}></div>` },
      ]} />
    </${Card}>
    ${form && html`<${RoleForm} row=${form.name ? form : null} onClose=${() => setForm(null)} onDone=${() => (setForm(null), list.reload())} />`}
    ${gone && html`<${Confirm} title="Delete the role" act="Delete" onAct=${remove} onClose=${() => setGone(null)}>
      <p><strong>${gone.name}</strong> can be deleted while nobody has it.</p>
    </${Confirm}>`}
  </${Screen}>`;
}
