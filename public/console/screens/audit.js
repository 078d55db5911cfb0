// The audit trail, newest first, with its details.

import { exactly, when } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList, useTyped } from "../lib/use.js";
import { Button } from "../ui/button.js";
import { Card, Facts } from "../ui/card.js";
import { Code } from "../ui/code.js";
import { Dialog } from "../ui/dialog.js";
import { Form, Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @type {[string, string, string][]} */
const FILTERS = [["action", "Action", "key."], ["target_account_id", "Account", "its id"], ["actor_account_id", "By", "an account's id"], ["ip", "Address", ""], ["request_id", "Request", ""]];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Audit({ place }) {
  const asked = Object.fromEntries(FILTERS.map(([name]) => [name, place.params.get(name) ?? ""]));
  const list = useList("/admin/audit-logs", asked);
  const [typed, setTyped] = useTyped(asked);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  return html`<${Screen} title="Audit trail" hint="Who did what. It cannot be changed.">
    <${Form} class="filters" onSend=${() => change(typed)}>
      ${FILTERS.map(([name, label, example]) => html`<${Input} key=${name} label=${label} value=${typed[name]} placeholder=${example} onValue=${(/** @type {string} */ value) => setTyped({ ...typed, [name]: value.trim() })} />`)}
      <${Button} type="submit" icon="search">Search</${Button}>
    </${Form}>
    <${Card} bare>
      <${Table} label="Audit trail" list=${list} onOpen=${setOpen} empty=${html`<${Empty} title="Nothing is like this" action=${html`<a class="button" href=${to(["audit"])}>Show all</a>`} />`} columns=${[
        { name: "Time", cell: (/** @type {any} */ row) => html`<button class="link nowrap" onClick=${() => setOpen(row)}>${when(row.created_at)}</button>` },
        { name: "Action", cell: (/** @type {any} */ row) => html`<code>${row.action}</code>` },
        { name: "Account", cell: (/** @type {any} */ row) => (row.target_account_id ? html`<a class="clip" href=${to(["users", row.target_account_id])}>${row.target_account_id.slice(0, 8)}…</a>` : "–") },
        { name: "By", wide: true, cell: (/** @type {any} */ row) => (row.actor_account_id === row.target_account_id ? "itself" : row.actor_account_id ? `${row.actor_account_id.slice(0, 8)}…` : "–") },
        { name: "From", wide: true, cell: (/** @type {any} */ row) => row.ip ?? "–" },
      ]} />
    </${Card}>
    ${open && html`<${Dialog} title=${open.action} kind="sheet" onClose=${() => setOpen(null)}>
      <div class="body">
        <${Facts} items=${[
          ["Time", exactly(open.created_at)], ["From", open.ip], ["By", open.user_agent],
          ["Account", open.target_account_id && html`<code>${open.target_account_id}</code>`], ["Who did it", open.actor_account_id && html`<code>${open.actor_account_id}</code>`],
          ["Their key", open.actor_key_id && html`<code>${open.actor_key_id}</code>`], ["To what", open.target_id && html`<code>${open.target_id}</code>`],
          ["Request", open.request_id && html`<code>${open.request_id}</code>`],
        ]} />
        <${Code} label="Details" text=${JSON.stringify(open.details, null, 2)} />
      </div>
    </${Dialog}>`}
  </${Screen}>`;
}
