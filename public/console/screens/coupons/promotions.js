// Promotions: budgets, so that what is given away has an end.

import { api } from "../../lib/api.js";
import { date, money } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useList } from "../../lib/use.js";
import { Badge, Meter } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Dialog } from "../../ui/dialog.js";
import { Check, Form, Input, MoneyInput } from "../../ui/field.js";
import { Empty, Failure, Note } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function Promotions() {
  const list = useList("/admin/promotions", {});
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const done = () => {
    setOpen(null);
    list.reload();
  };
  const create = html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({})}>Create a promotion</${Button}>`;
  return html`<div class="spread"><p class="soft">What its coupons and rewards give stays within its budget.</p>${create}</div>
    <${Card} bare>
      <${Table} label="Promotions" list=${list} empty=${html`<${Empty} title="There are none">Coupons name the promotion whose budget they draw on.</${Empty}>`} columns=${[
        { name: "Promotion", cell: (/** @type {any} */ row) => html`<code>${row.id}</code>` },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.active ? "active" : "ended"} />` },
        { name: "Spent", cell: (/** @type {any} */ row) => html`<div class="stack-s"><span>${money(row.spent)}${row.budget === null ? "" : ` of ${money(row.budget)}${row.per_day ? " a day" : ""}`}</span>
          ${row.budget !== null && html`<${Meter} used=${row.spent} of=${row.budget} label=${`${row.id}: spent`} />`}</div>` },
        { name: "Since", wide: true, cell: (/** @type {any} */ row) => date(row.created_at) },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<${Button} kind="small" onClick=${() => setOpen(row)}>Change<span class="visually-hidden"> ${row.id}</span></${Button}>` },
      ]} />
    </${Card}>
    ${open && html`<${Settings} row=${open} onClose=${() => setOpen(null)} onDone=${done} />`}`;
}

/** @param {{ row: any, onClose: () => void, onDone: () => void }} props `row`: without an id, a new one is made. */
function Settings({ row, onClose, onDone }) {
  const isNew = !row.id;
  const [id, setId] = useState(row.id ?? "");
  const [budget, setBudget] = useState(row.budget === null || row.budget === undefined ? "" : String(row.budget));
  const [perDay, setPerDay] = useState(Boolean(row.per_day));
  const [active, setActive] = useState(row.active ?? true);
  const { run, busy, error } = useAct(async () => {
    await api("PUT", `/admin/promotions/${encodeURIComponent(id.trim())}`, { body: { budget: budget === "" ? null : Number(budget), per_day: perDay, active } });
    toast(active ? "The promotion is as you set it." : "The promotion gives nothing any more.");
    onDone();
  });
  return html`<${Dialog} title=${isNew ? "Create a promotion" : row.id} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${isNew && html`<${Input} label="Name" required autofocus placeholder="spring" value=${id} onValue=${setId} error=${error?.param === "id" && error.message} />`}
        <${MoneyInput} label="Budget" value=${budget} onValue=${setBudget} placeholder="it only counts" error=${error?.param === "budget" && error.message} />
        <${Check} label="Anew each day (UTC)" checked=${perDay} onValue=${setPerDay} />
        <${Check} label="It gives something now" checked=${active} onValue=${setActive} />
        ${row.active && !active && html`<${Note} kind="warn">Its coupons are refused from now on; what was given stays.</${Note}>`}
        ${!["id", "budget"].includes(error?.param) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${isNew ? "Create" : "Save"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
