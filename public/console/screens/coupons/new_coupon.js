// New coupons: one with a code of one's own, or many whose codes come as a file.

import { send } from "../../lib/api.js";
import { save } from "../../lib/csv.js";
import { html, useMemo, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Form, Input, MoneyInput, Select } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {{ onClose: () => void, onDone: () => void }} props */
export function NewCoupon({ onClose, onDone }) {
  const [form, setForm] = useState({ kind: "credit", amount: "", percent: "", code: "", count: "", max_redemptions: "1", valid_until: "", grant_days: "" });
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const once = useMemo(() => `console-${Date.now()}-${Math.random()}`, []);
  const { run, busy, error } = useAct(async () => {
    const response = await send("POST", "/admin/coupons", { body: body(form), idempotencyKey: once });
    if (response.headers.get("content-type")?.startsWith("text/csv")) save("coupons.csv", await response.text(), "text/csv");
    else toast(`The coupon ${(await response.json()).code} is there.`);
    onDone();
    onClose();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  return html`<${Dialog} title="Create coupons" onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        <${Select} label="Kind" value=${form.kind} onValue=${set("kind")} options=${[["credit", "Credit for a code"], ["bonus", "A bonus on a purchase"]]} />
        <div class="fields">
          <${MoneyInput} label="Amount" value=${form.amount} onValue=${set("amount")} error=${fault("amount")} required=${form.kind === "credit"} />
          ${form.kind === "bonus" && html`<${Input} label="Or percent" type="number" min="1" value=${form.percent} onValue=${set("percent")} error=${fault("percent")} />`}
          <${Input} label="Uses in all" type="number" min="1" value=${form.max_redemptions} onValue=${set("max_redemptions")} error=${fault("max_redemptions")} placeholder="no end" />
          <${Input} label="Until" type="date" value=${form.valid_until} onValue=${set("valid_until")} error=${fault("valid_until")} />
          <${Input} label="Days that credit lasts" type="number" min="1" value=${form.grant_days} onValue=${set("grant_days")} error=${fault("grant_days")} placeholder="the default" />
        </div>
        <div class="fields">
          <${Input} label="Code" value=${form.code} onValue=${set("code")} error=${fault("code")} placeholder="made up" disabled=${form.count !== ""} />
          <${Input} label="How many" type="number" min="2" value=${form.count} onValue=${set("count")} error=${fault("count")} placeholder="one" hint="Many come as a file." />
        </div>
        ${error && !(error.param in form) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>Create</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}

/** What is sent: what was filled in. @param {Record<string, string>} form */
function body({ kind, valid_until, code, ...numbers }) {
  const filled = Object.entries(numbers).filter(([, text]) => text !== "").map(([name, text]) => [name, Number(text)]);
  return {
    kind, ...Object.fromEntries(filled),
    ...(valid_until && { valid_until: new Date(`${valid_until}T23:59:59`).toISOString() }),
    ...(code.trim() && !numbers.count && { code: code.trim() }),
  };
}
