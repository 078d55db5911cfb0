// What was sent to a webhook and what came of it; each can be sent again.

import { api } from "../../lib/api.js";
import { duration, when } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useList } from "../../lib/use.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Code } from "../../ui/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

/** @param {{ row: any, onClose: () => void }} props */
export function Deliveries({ row, onClose }) {
  const path = `/user/webhooks/${row.id}/deliveries`;
  const list = useList(path, {});
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const replay = useAct(async (/** @type {any} */ delivery) => {
    await api("POST", `${path}/${delivery.id}/replay`, { body: {} });
    toast("It is sent again.");
    list.reload();
  });
  return html`<${Dialog} title="Deliveries" kind="sheet" onClose=${onClose}>
    <div class="body">
      <code>${row.url}</code>
      <${Failure} error=${replay.error} />
      <${Table} label="Deliveries" list=${list} onOpen=${setOpen} empty=${html`<${Empty} title="Nothing was sent yet">Send a test to see one here.</${Empty}>`} columns=${[
        { name: "Event", cell: (/** @type {any} */ it) => html`<button class="link" onClick=${() => setOpen(open?.id === it.id ? null : it)}>${it.event}</button><span class="sub"> ${when(it.created_at)}</span>` },
        { name: "State", cell: (/** @type {any} */ it) => html`<${Badge} state=${it.state} kind=${it.state === "delivered" ? "good" : it.state === "failed" ? "bad" : "info"} /><span class="sub"> ${it.status ?? it.error ?? ""} ${it.duration_ms === null ? "" : duration(it.duration_ms)}</span>` },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ it) => html`<${Button} kind="small" busy=${replay.busy} onClick=${() => replay.run(it)}>Again</${Button}>` },
      ]} />
      ${open && html`<${Code} label=${open.event} text=${JSON.stringify(open.data, null, 2)} />`}
    </div>
  </${Dialog}>`;
}
