// Webhooks: servers that are told what happens to the account.

import { api } from "../../lib/api.js";
import { when } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useList } from "../../lib/use.js";
import { WebhookForm } from "./webhook_form.js";
import { Deliveries } from "./webhook_deliveries.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Secret } from "../../ui/code.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Empty, Failure, Note } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function Webhooks() {
  const list = useList("/user/webhooks", {});
  const [doing, setDoing] = useState(/** @type {{ act: string, row?: any } | null} */ (null));
  const [made, setMade] = useState(/** @type {any} */ (null));
  const path = `/user/webhooks/${doing?.row?.id}`;
  const close = () => setDoing(null);
  const done = (/** @type {any} */ answer) => {
    close();
    list.reload();
    if (answer?.secret) setMade(answer);
  };
  const test = useAct(async (/** @type {any} */ row) => {
    const sent = await api("POST", `/user/webhooks/${row.id}/test`, { body: {} });
    toast(sent.state === "delivered" ? `It answered ${sent.status}.` : `It was not taken: ${sent.error ?? sent.status ?? sent.state}.`);
  });
  const enable = useAct(async (/** @type {any} */ row) => {
    await api("PATCH", `/user/webhooks/${row.id}`, { body: { enabled: row.status !== "enabled" } });
    list.reload();
  });
  const create = html`<${Button} kind="primary" icon="plus" onClick=${() => setDoing({ act: "form" })}>Add a webhook</${Button}>`;
  return html`<${Card} title="Webhooks" bare action=${create} hint="Each is sent what it asked for, signed, and again until it takes it.">
    ${(test.error || enable.error) && html`<div class="body"><${Failure} error=${test.error ?? enable.error} /></div>`}
    <${Table} label="Webhooks" list=${list} empty=${html`<${Empty} title="None yet">A server of yours can hear of payments, a low balance, keys and each day's usage.</${Empty}>`} columns=${[
      { name: "Address", cell: (/** @type {any} */ row) => html`<span class="clip">${row.url}</span>${row.description && html`<span class="sub clip">${row.description}</span>`}` },
      { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.status} kind=${row.status === "enabled" ? "good" : ""} />${row.failing_since && html`<span class="sub" title=${when(row.failing_since)}> failing since ${when(row.failing_since)}</span>`}` },
      { name: "Events", wide: true, cell: (/** @type {any} */ row) => html`<span class="small soft">${row.events.join(", ")}</span>` },
      { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<div class="acts acts-wrap">
        <${Button} kind="small" onClick=${() => setDoing({ act: "deliveries", row })}>Deliveries</${Button}>
        <${Button} kind="small" busy=${test.busy} onClick=${() => test.run(row)}>Test</${Button}>
        <${Button} kind="small" onClick=${() => setDoing({ act: "form", row })}>Edit</${Button}>
        <${Button} kind="small" onClick=${() => setDoing({ act: "rotate", row })}>New secret</${Button}>
        <${Button} kind="small" busy=${enable.busy} onClick=${() => enable.run(row)}>${row.status === "enabled" ? "Switch off" : "Switch on"}</${Button}>
        <${Button} kind="small danger" onClick=${() => setDoing({ act: "delete", row })}>Delete</${Button}></div>` },
    ]} />
    ${doing?.act === "form" && html`<${WebhookForm} row=${doing.row} onDone=${done} onClose=${close} />`}
    ${doing?.act === "deliveries" && html`<${Deliveries} row=${doing.row} onClose=${close} />`}
    ${doing?.act === "rotate" && html`<${Confirm} title="A new secret" act="Make one" danger=${false} onClose=${close} onAct=${async () => done(await api("POST", `${path}/rotate-secret`, { body: {} }))}>
      <p>For a day each delivery is signed by both, so that your server can change over at any moment between.</p>
    </${Confirm}>`}
    ${doing?.act === "delete" && html`<${Confirm} title="Delete the webhook" act="Delete" onClose=${close} onAct=${async () => (await api("DELETE", path), done(null))}>
      <p><code>${doing.row.url}</code> is told nothing any more.</p>
    </${Confirm}>`}
    ${made && html`<${Dialog} title="The webhook's secret" onClose=${() => setMade(null)}>
      <div class="body"><${Note} kind="warn" title="Keep the secret now">It is shown this once. Your server verifies by it that a delivery is ours.</${Note}><${Secret} secret=${made.secret} /></div>
      <div class="foot"><${Button} kind="primary" onClick=${() => setMade(null)}>I have it</${Button}></div>
    </${Dialog}>`}
  </${Card}>`;
}
