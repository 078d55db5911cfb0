// What the operator was told of, newest first, and which providers calls avoid.

import { api } from "../../lib/api.js";
import { count, when, words } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useList, useLoad } from "../../lib/use.js";
import { Breakers } from "./breakers.js";
import { Badge } from "../../ui/badge.js";
import { Card, Facts } from "../../ui/card.js";
import { Code } from "../../ui/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Bones, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

export function Alerts() {
  const list = useList("/admin/rate-limits/alerts", {});
  const system = useLoad((signal) => api("GET", "/admin/rate-limits/system", { signal }), []);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const has = system.data;
  return html`<div class="columns">
    <${Card} title="Alerts" bare hint="Of the last ninety days.">
      <${Table} label="Alerts" list=${list} onOpen=${setOpen} empty=${html`<${Empty} title="Nothing had to be told" />`} columns=${[
        { name: "What", cell: (/** @type {any} */ row) => html`<button class="link" onClick=${() => setOpen(row)}>${words(row.cause)}</button>${row.subject && html`<span class="sub clip">${row.subject}</span>`}` },
        { name: "First", wide: true, cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.first_at)}</span>` },
        { name: "Last", number: true, cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.last_at)}</span>` },
      ]} />
    </${Card}>
    <${Card} title="Limits and breakers">
      ${system.error ? html`<${Failure} error=${system.error} retry=${system.reload} />` : !has ? html`<${Bones} />` : html`<${Facts} items=${[
        ["Redis", html`<${Badge} state=${has.redis} />`],
        ["Calls running", count(has.open_calls)],
        ["Settlements waiting", has.outbox === null ? "not known: Redis is away" : count(has.outbox)],
        ["Accounts with own limits", count(has.accounts_with_own_limits)],
        ["Keys with own limits", count(has.keys_with_own_limits)],
        ["Providers avoided", html`<${Breakers} list=${has.breakers} />`],
      ]} />`}
    </${Card}>
    ${open && html`<${Dialog} title=${words(open.cause)} kind="sheet" onClose=${() => setOpen(null)}>
      <div class="body">
        <${Facts} items=${[["About", open.subject], ["First", when(open.first_at)], ["Last", when(open.last_at)], ["Mailed", open.mailed_at && when(open.mailed_at)], ["Posted", open.posted_at && when(open.posted_at)]]} />
        <${Code} label="Details" text=${JSON.stringify(open.details, null, 2)} />
      </div>
    </${Dialog}>`}
  </div>`;
}
