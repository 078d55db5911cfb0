// End users: whom calls are made for, and what each may spend.

import { api } from "../lib/api.js";
import { money, since, when } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList, useLoad, useTyped } from "../lib/use.js";
import { BudgetForm } from "./end_users/budget.js";
import { Badge, Meter } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Confirm } from "../ui/dialog.js";
import { Form, Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bones, Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";

const PATH = "/user/end-users";

/** @typedef {{ act: "new" | "change" | "default" | "forget", row?: any } | null} Doing */

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function EndUsers({ place }) {
  const user = place.params.get("user") ?? "";
  const list = useList(PATH, { user });
  const state = useLoad((signal) => api("GET", PATH, { query: { limit: 1 }, signal }), []);
  const [typed, setTyped] = useTyped(user);
  const [doing, setDoing] = useState(/** @type {Doing} */ (null));
  const standard = state.data?.default_budget ?? null;
  const close = () => setDoing(null);
  const done = () => {
    close();
    list.reload();
    state.reload();
  };
  const forget = async () => {
    const { is_erased } = await api("DELETE", PATH, { query: { user: doing?.row.user } });
    toast(is_erased ? "It is forgotten." : "It is forgotten; its last requests lose its name within hours.");
    done();
  };
  const add = html`<${Button} kind="primary" icon="plus" onClick=${() => setDoing({ act: "new" })}>Set a budget</${Button}>`;
  return html`<${Screen} title="End users" hint=${html`Your own customers, as your calls name them in <code>user</code>, and what each may spend.`} action=${add}>
    <${Card} title="Default budget" action=${html`<${Button} kind="small" disabled=${!state.data} onClick=${() => setDoing({ act: "default" })}>Change<span class="visually-hidden"> the default</span></${Button}>`}>
      ${state.data ? html`<p>An end user without a budget of its own may spend <strong>${standard ? said(standard) : "without limit"}</strong>.</p>` : state.error ? html`<${Failure} error=${state.error} retry=${state.reload} />` : html`<${Bones} lines=${1} />`}
    </${Card}>
    <${Form} class="filters" onSend=${() => change({ user: typed.trim() })}>
      <${Input} label="End user" type="search" value=${typed} onValue=${setTyped} placeholder="Exactly as calls name it" />
      <${Button} type="submit" icon="search">Find</${Button}>
    </${Form}>
    <${Card} bare>
      <${Table} label="End users" list=${list} id=${(/** @type {any} */ row) => row.user}
        empty=${user
          ? html`<${Empty} title="No budget is counted for it" action=${html`<a class="button" href=${to(["end-users"])}>Show all</a>`}>It has none, or it has made no call since there is a default.</${Empty}>`
          : html`<${Empty} title="No budgets yet" action=${add}>A call that names its <code>user</code> is bound by that user's budget, however many come at once. What each has used is under <a href=${to(["usage"], { by: "user" })}>Usage</a>, with or without a budget.</${Empty}>`}
        columns=${[
          { name: "End user", cell: (/** @type {any} */ row) => html`<a class="clip" href=${to(["requests"], { user: row.user })}>${row.user}</a>` },
          { name: "Budget", cell: (/** @type {any} */ row) => html`<div class="row"><span class="nowrap">${row.budget ? said(row.budget) : "no limit"}</span>${row.is_default && html`<${Badge} state="default" />`}</div>` },
          { name: "Spent", cell: (/** @type {any} */ row) => html`<${Spent} row=${row} />` },
          { name: "All time", number: true, wide: true, cell: (/** @type {any} */ row) => money(row.spent_in_all) },
          { name: "Resets", wide: true, cell: (/** @type {any} */ row) => (row.resets_at ? html`<span class="nowrap" title=${when(row.resets_at)}>${since(row.resets_at)}</span>` : "–") },
          { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<div class="acts">
            <${Button} kind="small" onClick=${() => setDoing({ act: "change", row })}>Budget<span class="visually-hidden"> of ${row.user}</span></${Button}>
            <${Button} kind="small danger" onClick=${() => setDoing({ act: "forget", row })}>Forget<span class="visually-hidden"> ${row.user}</span></${Button}></div>` },
        ]} />
    </${Card}>
    ${(doing?.act === "new" || doing?.act === "change") && html`<${BudgetForm} row=${doing.row} onDone=${done} onClose=${close} />`}
    ${doing?.act === "default" && html`<${BudgetForm} forAll budget=${standard} onDone=${done} onClose=${close} />`}
    ${doing?.act === "forget" && html`<${Confirm} title="Forget the end user" act="Forget it" onAct=${forget} onClose=${close}>
      <p><strong>${doing.row.user}</strong> loses its budget, and its name, its tags and its metadata are erased from the requests. What they cost stays.
        If it calls again, it is counted from nothing, by the default. This cannot be taken back.</p>
    </${Confirm}>`}
  </${Screen}>`;
}

/** @param {{ amount: number, period: string }} budget */
const said = ({ amount, period }) => `${money(amount)} ${period === "total" ? "in all" : `a ${period}`}`;

/** @param {{ row: any }} props */
function Spent({ row }) {
  const held = row.held > 0 && html`<span class="sub">${money(row.held)} held</span>`;
  if (!row.budget) return html`<div class="stack-s"><span>${money(row.spent)}</span>${held}</div>`;
  return html`<div class="stack-s">
    <span class="nowrap">${money(row.spent)} of ${money(row.budget.amount)}</span>
    <${Meter} used=${row.spent + row.held} of=${row.budget.amount} label=${`${row.user}: spend`} />
    ${held}
  </div>`;
}
