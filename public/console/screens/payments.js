// What all accounts have bought, and what of it came back: refunds are made here, disputes are seen here and answered at Stripe.

import { money, when } from "../lib/format.js";
import { change, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList, useTyped } from "../lib/use.js";
import { PaymentSheet } from "./payments/sheet.js";
import { Refund } from "./payments/refund.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Form, Input, Select } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";

const STATES = ["created", "processing", "failed", "canceled", "expired", "succeeded", "mismatch"];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Payments({ place }) {
  const asked = { account_id: place.params.get("account_id") ?? "", status: place.params.get("status") ?? "", reversal: place.params.get("reversal") ?? "" };
  const list = useList("/admin/payments", asked);
  const [typed, setTyped] = useTyped(asked.account_id);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const [refunded, setRefunded] = useState(/** @type {any} */ (null));
  return html`<${Screen} title="Payments" hint="Of every account, newest first.">
    <${Form} class="filters" onSend=${() => change({ account_id: typed.trim() })}>
      <${Input} label="Account" value=${typed} onValue=${setTyped} placeholder="its id" />
      <${Select} label="State" value=${asked.status} onValue=${(/** @type {string} */ status) => change({ status })} options=${[["", "Any"], ...STATES.map((state) => [state, state])]} />
      <${Select} label="With" value=${asked.reversal} onValue=${(/** @type {string} */ reversal) => change({ reversal })} options=${[["", "Anything"], ["refund", "A refund"], ["dispute", "A dispute"]]} />
      <${Button} type="submit" icon="search">Search</${Button}>
    </${Form}>
    <${Card} bare>
      <${Table} label="Payments of all accounts" list=${list} id=${(/** @type {any} */ row) => row.payment.id} onOpen=${setOpen}
        empty=${html`<${Empty} title="No payment is like this" action=${html`<a class="button" href=${to(["payments"])}>Show all</a>`} />`} columns=${[
          { name: "Time", cell: (/** @type {any} */ row) => html`<button class="link nowrap" onClick=${() => setOpen(row)}>${when(row.payment.created_at)}</button>` },
          { name: "Account", cell: (/** @type {any} */ row) => html`<a class="clip" href=${to(["users", row.account_id])}>${row.email ?? row.account_id}</a>` },
          { name: "State", cell: (/** @type {any} */ row) => html`<div class="row"><${Badge} state=${row.payment.status} />${row.reversals.map((/** @type {any} */ it) => html`<${Badge} key=${it.id} state=${it.kind} kind=${it.kind === "dispute" ? "bad" : "warn"} text=${`${it.kind}: ${it.status.replaceAll("_", " ")}`} />`)}</div>` },
          { name: "Credit", number: true, wide: true, cell: (/** @type {any} */ row) => money(row.payment.credits + row.payment.bonus) },
          { name: "Paid", number: true, cell: (/** @type {any} */ row) => (row.payment.paid === null ? html`<span class="soft">${money(row.payment.amount)} asked</span>` : money(row.payment.paid)) },
        ]} />
    </${Card}>
    ${open && html`<${PaymentSheet} row=${open} onRefund=${() => (setRefunded(open), setOpen(null))} onClose=${() => setOpen(null)} />`}
    ${refunded && html`<${Refund} row=${refunded} onClose=${() => setRefunded(null)} onDone=${list.reload} />`}
  </${Screen}>`;
}
