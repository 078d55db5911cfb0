// Accounts: found by address, role, plan or state.

import { compact, money, since } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList, useTyped } from "../lib/use.js";
import { NewUser } from "./users/new_user.js";
import { User } from "./users/user.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Form, Input, Select } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Users({ place }) {
  if (place.parts[1]) return html`<${User} key=${place.parts[1]} id=${place.parts[1]} />`;
  return html`<${AllUsers} place=${place} />`;
}

/** @param {{ place: import("../lib/route.js").Route }} props */
function AllUsers({ place }) {
  const email = place.params.get("email") ?? "";
  const role = place.params.get("role") ?? "";
  const status = place.params.get("status") ?? "";
  const list = useList("/admin/users", { email, role, status });
  const [typed, setTyped] = useTyped({ email, role });
  const [making, setMaking] = useState(false);
  const apply = () => change({ email: typed.email.trim(), role: typed.role.trim() });
  return html`<${Screen} title="Users" action=${html`<${Button} kind="primary" icon="plus" onClick=${() => setMaking(true)}>Create an account</${Button}>`}>
    <${Form} class="filters" onSend=${apply}>
      <${Input} label="E-mail" type="search" value=${typed.email} onValue=${(/** @type {string} */ email) => setTyped({ ...typed, email })} placeholder="Part of it" />
      <${Input} label="Role" value=${typed.role} onValue=${(/** @type {string} */ role) => setTyped({ ...typed, role })} />
      <${Select} label="State" value=${status} onValue=${(/** @type {string} */ status) => change({ status })} options=${[["", "Any"], ["active", "Active"], ["disabled", "Disabled"], ["deleted", "Deleted"]]} />
      <${Button} type="submit" icon="search">Search</${Button}>
    </${Form}>
    <${Card} bare>
      <${Table} label="Users" list=${list} empty=${html`<${Empty} title="Nobody is like this" action=${html`<a class="button" href=${to(["users"])}>Show all</a>`} />`} columns=${[
        { name: "Account", cell: (/** @type {any} */ row) => html`<a class="clip" href=${to(["users", row.id])}>${row.email ?? row.id}</a>${row.username && html`<span class="sub clip">${row.username}</span>`}` },
        { name: "State", cell: (/** @type {any} */ row) => html`<div class="row"><${Badge} state=${row.status} />${row.role !== "user" && html`<${Badge} state=${row.role} kind="info" />`}</div>` },
        { name: "Plan", wide: true, cell: (/** @type {any} */ row) => row.plan_in_force },
        { name: "Keys", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.keys) },
        { name: "This month", number: true, wide: true, cell: (/** @type {any} */ row) => `${compact(row.month.requests)} req · ${compact(row.month.tokens)} tok` },
        { name: "Last used", wide: true, cell: (/** @type {any} */ row) => html`<span class="nowrap">${since(row.last_used_at)}</span>` },
        { name: "Balance", number: true, cell: (/** @type {any} */ row) => (row.debt > 0 ? html`<span class="bad-text">−${money(row.debt)}</span>` : money(row.balance)) },
      ]} />
    </${Card}>
    ${making && html`<${NewUser} onClose=${() => setMaking(false)} onDone=${list.reload} />`}
  </${Screen}>`;
}
