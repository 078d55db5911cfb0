// What was bought, with its receipts; what is unspent of a fresh payment can be returned.

import { api } from "../../lib/api.js";
import { followable, money, when, words } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useList } from "../../lib/use.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

const DAY = 86_400_000;

export function Payments() {
  const list = useList("/api/stripe/payments", {});
  const [returned, setReturned] = useState(/** @type {any} */ (null));
  const refund = async () => {
    const answer = await api("POST", `/user/payments/${returned.id}/refund`, { body: {} });
    toast(`${money(answer.amount)} go back to where they came from.`);
    list.reload();
  };
  return html`<${Card} bare>
    <${Table} label="Payments" list=${list} empty=${html`<${Empty} title="Nothing was bought yet">Each purchase is listed here with its receipt.</${Empty}>`} columns=${[
      { name: "Time", cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.created_at)}</span>` },
      { name: "For", wide: true, cell: (/** @type {any} */ row) => KINDS[row.kind] ?? words(row.kind) },
      { name: "State", cell: (/** @type {any} */ row) => html`<div class="row"><${Badge} state=${row.status} text=${row.status === "created" ? "Not paid" : undefined} />${row.refunded > 0 && html`<${Badge} state="refunded" text=${`${money(row.refunded)} returned`} />`}${row.disputed && html`<${Badge} state="disputed" kind="bad" />`}</div>` },
      { name: "Credit", number: true, wide: true, cell: (/** @type {any} */ row) => money(row.credits + row.bonus) },
      { name: "Price", number: true, cell: (/** @type {any} */ row) => money(row.paid ?? row.amount) },
      { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<div class="row row-end">
        ${followable(row.receipt_url) && html`<a href=${followable(row.receipt_url)} target="_blank" rel="noopener">Receipt</a>`}
        ${mayReturn(row) && html`<${Button} kind="small" onClick=${() => setReturned(row)}>Return</${Button}>`}
      </div>` },
    ]} />
    ${returned && html`<${Confirm} title="Return the payment" act="Return it" onAct=${refund} onClose=${() => setReturned(null)}>
      <p>What is unspent of ${money(returned.credits)} goes back to the card, and the credit with it.</p>
    </${Confirm}>`}
  </${Card}>`;
}

/** @type {Record<string, string>} */
const KINDS = { checkout: "Credit", intent: "Credit", auto: "Auto top-up", invoice: "Plan" };

/** @param {any} row */
const mayReturn = (row) => row.status === "succeeded" && row.kind !== "invoice" && row.refunded === 0 && !row.disputed && Date.now() - Date.parse(row.settled_at ?? row.created_at) < DAY;
