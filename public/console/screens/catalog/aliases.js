// Further names of models.

import { api } from "../../lib/api.js";
import { date } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useList } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Form, Input } from "../../ui/field.js";
import { Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function Aliases() {
  const list = useList("/admin/aliases", {});
  const [typed, setTyped] = useState({ alias: "", model: "" });
  const [gone, setGone] = useState(/** @type {any} */ (null));
  const set = useAct(async () => {
    await api("PUT", `/admin/aliases/${typed.alias.trim()}`, { body: { model: typed.model.trim() } });
    toast(`${typed.alias.trim()} means ${typed.model.trim()} from now on.`);
    setTyped({ alias: "", model: "" });
    list.reload();
  });
  const forget = async () => {
    await api("DELETE", `/admin/aliases/${gone.alias}`);
    toast("The name is gone.");
    list.reload();
  };
  return html`<${Card} title="Name a model" hint="Requests may call it so from then on. A name that is there already means another model.">
      <${Form} onSend=${set.run}>
        <div class="filters">
          <${Input} label="Name" required placeholder="my-model" value=${typed.alias} onValue=${(/** @type {string} */ alias) => setTyped({ ...typed, alias })} />
          <${Input} label="Model" required placeholder="developer/model" value=${typed.model} onValue=${(/** @type {string} */ model) => setTyped({ ...typed, model })} />
          <${Button} kind="primary" type="submit" busy=${set.busy}>Set</${Button}>
        </div>
        <${Failure} error=${set.error} />
      </${Form}>
    </${Card}>
    <${Card} bare>
      <${Table} label="Aliases" list=${list} id=${(/** @type {any} */ row) => row.alias} empty=${html`<${Empty} title="There are none">A model is found by its id, and by its bare name where only one can be meant.</${Empty}>`} columns=${[
        { name: "Name", cell: (/** @type {any} */ row) => html`<code>${row.alias}</code>` },
        { name: "Model", cell: (/** @type {any} */ row) => html`<code>${row.model}</code>` },
        { name: "Since", wide: true, cell: (/** @type {any} */ row) => date(row.created_at) },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<${Button} kind="small danger" onClick=${() => setGone(row)}>Delete<span class="visually-hidden"> ${row.alias}</span></${Button}>` },
      ]} />
    </${Card}>
    ${gone && html`<${Confirm} title="Delete the name" act="Delete it" onAct=${forget} onClose=${() => setGone(null)}>
      <p>Requests that call <code>${gone.model}</code> by <code>${gone.alias}</code> are refused from then on.</p>
    </${Confirm}>`}`;
}
