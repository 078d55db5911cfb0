// A refund: of what is unspent, of an amount, or of more than is left, which becomes debt.

import { api } from "../../lib/api.js";
import { money } from "../../lib/format.js";
import { html, useMemo, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Check, Form, MoneyInput, Select } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {{ row: any, onClose: () => void, onDone: () => void }} props */
export function Refund({ row: { payment, email, account_id }, onClose, onDone }) {
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("requested_by_customer");
  const [force, setForce] = useState(false);
  const once = useMemo(() => `console-${crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`}`, []);
  const { run, busy, error } = useAct(async () => {
    const body = { payment_id: payment.id, reason, force, ...(amount !== "" && { amount: Number(amount) }) };
    const refund = await api("POST", "/api/stripe/refund", { body, idempotencyKey: `${once}-${reason}-${amount}-${force}` });
    toast(`${money(refund.amount)} go back to where they came from.`);
    onDone();
    onClose();
  });
  return html`<${Dialog} title="Refund the payment" onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        <p>${money(payment.paid ?? 0)} of ${email ?? account_id}. The credit is taken back, and the money goes to where it came from.</p>
        <div class="fields">
          <${MoneyInput} label="Amount" value=${amount} onValue=${setAmount} placeholder="what is unspent" error=${error?.param === "amount" && error.message} />
          <${Select} label="Reason" value=${reason} onValue=${setReason} options=${[["requested_by_customer", "The buyer wants it"], ["duplicate", "Paid twice"], ["fraudulent", "Fraud"]]} />
        </div>
        <${Check} label="Even what is spent already" hint="It becomes the account's debt, which its next credit repays." checked=${force} onValue=${setForce} />
        <${Note} kind="warn">It cannot be taken back.</${Note}>
        ${error?.param !== "amount" && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary danger" type="submit" busy=${busy}>${amount ? `Refund ${money(Number(amount))}` : "Refund it"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
