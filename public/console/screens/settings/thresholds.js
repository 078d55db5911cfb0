// Below which balance and from how much spending on the account is told, by mail and by its webhooks.

import { api } from "../../lib/api.js";
import { html, useLayoutEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, MoneyInput } from "../../ui/field.js";
import { Bones, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {number | null} dollars */
const text = (dollars) => (dollars === null ? "" : String(dollars));
/** @param {string} typed */
const dollars = (typed) => (typed === "" ? null : Number(typed));

export function Thresholds() {
  const state = useLoad((signal) => api("GET", "/user/notifications/thresholds", { signal }), []);
  const [balance, setBalance] = useState("");
  const [day, setDay] = useState("");
  const [month, setMonth] = useState("");
  const has = state.data;
  // At once, not after the next frame: what is typed meanwhile is not to be written over.
  useLayoutEffect(() => {
    if (!has) return;
    setBalance(text(has.low_balance));
    setDay(text(has.spend_per_day));
    setMonth(text(has.spend_per_month));
  }, [has]);
  const { run, busy, error } = useAct(async () => {
    const body = { low_balance: dollars(balance), spend_per_day: dollars(day), spend_per_month: dollars(month) };
    await api("PATCH", "/user/notifications/thresholds", { body });
    toast("You are told from then on.");
    state.reload();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  return html`<${Card} title="Alert me at" hint="By mail and webhook: a low balance once until it has risen again, spending once a day and once a month. Nothing is stopped by it: that is what the spend limits of keys are for.">
    ${!has ? (state.error ? html`<${Failure} error=${state.error} retry=${state.reload} />` : html`<${Bones} />`) : html`<${Form} onSend=${run}>
      <div class="fields">
        <${MoneyInput} label="Balance below" value=${balance} onValue=${setBalance} placeholder="when nothing is left" error=${fault("low_balance")} />
        <${MoneyInput} label="Spend in a day" value=${day} onValue=${setDay} placeholder="never" error=${fault("spend_per_day")} />
        <${MoneyInput} label="Spend in a month" value=${month} onValue=${setMonth} placeholder="never" error=${fault("spend_per_month")} />
      </div>
      ${error && !error.param && html`<${Failure} error=${error} />`}
      <div><${Button} type="submit" busy=${busy}>Save</${Button}></div>
    </${Form}>`}
  </${Card}>`;
}
