// Own keys at providers, in the order in which they are asked: calls by them are paid there.

import { api } from "../../lib/api.js";
import { several, since, when } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { ProviderKeyForm } from "./provider_key_form.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

/** @typedef {{ act: "new" | "change" | "forget", row?: any } | null} Doing */

export function ProviderKeys() {
  const keys = useLoad((signal) => api("GET", "/user/provider-keys", { signal }), []);
  const [doing, setDoing] = useState(/** @type {Doing} */ (null));
  const close = () => setDoing(null);
  const done = () => {
    close();
    keys.reload();
  };
  const pause = useAct(async (/** @type {any} */ row) => {
    await api("PATCH", `/user/provider-keys/${row.id}`, { body: { disabled: !row.disabled } });
    toast(row.disabled ? "It is used again." : "It is left out from now on.");
    keys.reload();
  });
  const remove = async () => {
    await api("DELETE", `/user/provider-keys/${doing?.row.id}`);
    keys.reload();
  };
  const add = html`<${Button} kind="primary" icon="plus" onClick=${() => setDoing({ act: "new" })}>Add a key</${Button}>`;
  return html`<${Card} title="Your own provider keys" bare action=${add} hint="Calls to these providers use your keys, the lowest order first, and are billed by the provider.">
    ${pause.error && html`<div class="body"><${Failure} error=${pause.error} /></div>`}
    <${Table} label="Provider keys" list=${{ ...keys, data: keys.data?.data ?? null }}
      empty=${html`<${Empty} title="No provider keys yet">Add a key of yours and its provider bills you directly. Without one, calls are paid from your credit.</${Empty}>`} columns=${[
        { name: "Key", cell: (/** @type {any} */ row) => html`${row.provider} <code>…${row.last_four}</code>${row.name && html`<span class="sub clip">${row.name}</span>`}` },
        { name: "Order", number: true, cell: (/** @type {any} */ row) => String(row.priority) },
        { name: "State", cell: (/** @type {any} */ row) => html`<${State} row=${row} />` },
        { name: "For", wide: true, cell: (/** @type {any} */ row) => html`<${For} row=${row} />` },
        { name: "Last used", wide: true, cell: (/** @type {any} */ row) => html`<span class="nowrap" title=${when(row.last_used_at)}>${since(row.last_used_at)}</span>` },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<div class="acts">
          <${Button} kind="small" onClick=${() => setDoing({ act: "change", row })}>Edit<${Whose} row=${row} /></${Button}>
          <${Button} kind="small" busy=${pause.busy} onClick=${() => pause.run(row)}>${row.disabled ? "Switch on" : "Switch off"}<${Whose} row=${row} /></${Button}>
          <${Button} kind="small danger" onClick=${() => setDoing({ act: "forget", row })}>Forget<${Whose} row=${row} /></${Button}></div>` },
      ]} />
    ${(doing?.act === "new" || doing?.act === "change") && html`<${ProviderKeyForm} row=${doing.row} onDone=${done} onClose=${close} />`}
    ${doing?.act === "forget" && html`<${Confirm} title="Forget the key" act="Forget it" onAct=${remove} onClose=${close}>
      <p>The key <code>…${doing.row.last_four}</code> at ${doing.row.provider} is erased. Calls of its models go by your next key, or are paid by your credit, from then on.</p>
    </${Confirm}>`}
  </${Card}>`;
}

/** Which of the keys a button is for. @param {{ row: any }} props */
const Whose = ({ row }) => html`<span class="visually-hidden"> ${row.provider} …${row.last_four}</span>`;

/** @param {{ row: any }} props */
function State({ row }) {
  return html`<div class="row">
    ${row.disabled ? html`<${Badge} state="disabled" text="Off" kind="" />` : html`<${Badge} state="active" text="On" />`}
    ${row.is_fallback && html`<${Badge} state="fallback" text="Fallback" />`}
    ${row.gateway_fallback && html`<${Badge} state="credit" text="Credit steps in" />`}
  </div>`;
}

/** @param {{ row: any }} props */
function For({ row }) {
  const models = row.allowed_models.length === 0 ? "every model" : row.allowed_models.join(", ");
  return html`<span class="clip" title=${models}>${models}</span>${row.allowed_keys.length > 0 && html`<span class="sub">by ${several(row.allowed_keys.length, "API key")}</span>`}`;
}
