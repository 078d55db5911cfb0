// What an end user may spend, or each that has no budget of its own.

import { api } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Form, Input, MoneyInput, Select } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @type {[string, string][]} */
const PERIODS = [["day", "a day"], ["week", "a week"], ["month", "a month"], ["total", "in all"]];

/**
 * @param {{ row?: any, forAll?: boolean, budget?: any, onDone: () => void, onClose: () => void }} props
 *   `row`: an end user that is known. `forAll`: the default, which is `budget`.
 */
export function BudgetForm({ row, forAll = false, budget = row?.budget, onDone, onClose }) {
  const [user, setUser] = useState(row?.user ?? "");
  const [kind, setKind] = useState(row?.is_default ? "default" : budget || !(row || forAll) ? "amount" : "free");
  const [amount, setAmount] = useState(budget ? String(budget.amount) : "");
  const [period, setPeriod] = useState(budget?.period ?? "month");
  /** @type {[string, string][]} */
  const kinds = [["amount", "An amount"], ["free", "No limit"], ...(forAll ? [] : /** @type {[string, string][]} */ ([["default", "The default budget"]]))];
  const { run, busy, error } = useAct(async () => {
    // Without a budget there is no default; an end user without one of its own goes by it, so that no limit is said as an amount of null.
    const none = forAll ? null : { amount: null };
    const chosen = kind === "amount" ? { amount: Number(amount), period } : kind === "free" ? none : null;
    await api("PUT", "/user/end-users", { body: { ...(forAll ? {} : { user: row ? row.user : user.trim() }), budget: chosen } });
    toast("It holds from the next call on.");
    onDone();
  });
  const param = error?.param?.split(".").at(-1);
  return html`<${Dialog} title=${forAll ? "The default budget" : "Budget of an end user"} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${row ? html`<p><strong>${row.user}</strong></p>` : !forAll && html`<${Input} label="End user" required maxlength="256" autofocus value=${user} onValue=${setUser} error=${param === "user" && error.message} hint="As calls name it in user, safety_identifier or metadata.user_id." />`}
        <${Select} label="May spend" value=${kind} onValue=${setKind} options=${kinds} />
        ${kind === "amount" && html`<div class="fields">
          <${MoneyInput} label="Amount" required value=${amount} onValue=${setAmount} error=${param === "amount" && error.message} hint="0: no call that costs anything." />
          <${Select} label="Period" value=${period} onValue=${setPeriod} options=${PERIODS} hint="Begins in UTC." />
        </div>`}
        ${error && !["user", "amount"].includes(param) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot">
        <${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}>
      </div>
    </${Form}>
  </${Dialog}>`;
}
