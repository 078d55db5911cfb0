// One payment with all that is known of it.

import { exactly, followable, money, since, words } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Facts } from "../../ui/card.js";
import { Dialog } from "../../ui/dialog.js";
import { Note } from "../../ui/states.js";

/** @param {{ row: any, onRefund: () => void, onClose: () => void }} props */
export function PaymentSheet({ row: { payment, account_id, email, reversals }, onRefund, onClose }) {
  const id = (/** @type {string | null} */ text) => text && html`<code>${text}</code>`;
  const mayRefund = payment.status === "succeeded" && !payment.disputed;
  return html`<${Dialog} title="Payment" kind="sheet" onClose=${onClose}>
    <div class="body">
      <div class="spread"><h3>${money(payment.paid ?? payment.amount)}</h3><${Badge} state=${payment.status} /></div>
      ${payment.status === "mismatch" && html`<${Note} kind="bad" title="It was paid otherwise than it was asked for">It gave no credit: refund it at Stripe, or give the credit by hand.</${Note}>`}
      ${reversals.map((/** @type {any} */ it) => html`<${Note} key=${it.id} kind=${it.kind === "dispute" ? "bad" : "info"} title=${`${words(it.kind)} of ${money(it.amount)}: ${it.status.replaceAll("_", " ")}`}>
        ${[it.reason && words(it.reason), it.due_by && `to be answered at Stripe ${since(it.due_by)}`, it.counts ? "its credit is taken back" : "its credit stays", `since ${exactly(it.created_at)}`].filter(Boolean).join("; ")}
      </${Note}>`)}
      <${Facts} items=${[
        ["Account", html`<a href=${to(["users", account_id])}>${email ?? account_id}</a>`],
        ["For", payment.kind === "invoice" ? "Plan" : payment.kind === "auto" ? "Auto top-up" : "Credit"],
        ["Asked", money(payment.amount)], ["… of it a fee", payment.fee > 0 ? money(payment.fee) : null], ["Paid", payment.paid === null ? "nothing yet" : money(payment.paid)],
        ["Credit", money(payment.credits)], ["… on top", payment.bonus > 0 ? money(payment.bonus) : null], ["Taken back", payment.taken_back > 0 ? money(payment.taken_back) : null],
        ["Coupon", payment.coupon], ["Why it failed", payment.failure_code], ["Real money", payment.livemode ? "yes" : "no"],
        ["Begun", exactly(payment.created_at)], ["Credited", payment.settled_at && exactly(payment.settled_at)],
        ["Receipt", followable(payment.receipt_url) && html`<a href=${followable(payment.receipt_url)} target="_blank" rel="noopener">At Stripe</a>`],
        ["Payment", id(payment.id)], ["Intent", id(payment.intent_id)], ["Session", id(payment.session_id)], ["Subscription", id(payment.subscription_id)],
      ]} />
    </div>
    ${mayRefund && html`<div class="foot"><${Button} kind="danger" onClick=${onRefund}>Refund</${Button}></div>`}
  </${Dialog}>`;
}
