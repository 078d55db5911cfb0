// What a plan allows and costs; only what was changed is sent.

import { api } from "../../lib/api.js";
import { words } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Form, Input, MoneyInput } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** As it is typed. @param {any} plan @returns {Record<string, string>} */
const typedOf = (plan) => ({
  name: plan.name, price_factor: String(Math.round(plan.price_factor * 1e6) / 1e4), price_per_month: String(plan.price_per_month ?? 0),
  price_per_year: plan.price_per_year === null ? "" : String(plan.price_per_year), credits_per_month: String(plan.credits_per_month),
  ...Object.fromEntries(Object.entries(plan.limits).map(([name, limit]) => [`limits.${name}`, String(limit)])),
});

/** @param {{ plan: any, onClose: () => void, onDone: () => void }} props */
export function PlanForm({ plan, onClose, onDone }) {
  const before = typedOf(plan);
  const [form, setForm] = useState(before);
  const changed = Object.keys(form).filter((name) => form[name] !== before[name]);
  const { run, busy, error } = useAct(async () => {
    await api("PATCH", `/admin/plans/${plan.id}`, { body: asked(form, changed) });
    toast(`${form.name} is as you set it.`);
    onDone();
  });
  const props = (/** @type {string} */ name, /** @type {string} */ label) => ({
    label, value: form[name], error: error?.param === name && error.message, key: name,
    onValue: (/** @type {string} */ value) => setForm((now) => ({ ...now, [name]: value })),
  });
  const limits = Object.keys(plan.limits);
  const isSold = ["price_per_month", "price_per_year"].some((name) => changed.includes(name));
  return html`<${Dialog} title=${plan.name} onClose=${onClose}>
    <${Form} class="" onSend=${() => (changed.length > 0 ? run() : onClose())}>
      <div class="body">
        <div class="fields">
          <${Input} ...${props("name", "Name")} required />
          <${Input} ...${props("price_factor", "Calls cost, percent")} type="number" min="0" step="any" required hint="90: a tenth less" />
        </div>
        <div class="fields">
          <${MoneyInput} ...${props("price_per_month", "A month")} required />
          <${MoneyInput} ...${props("price_per_year", "A year")} placeholder="not sold" />
          <${MoneyInput} ...${props("credits_per_month", "Credit a month")} required />
        </div>
        <details><summary>Limits</summary>
          <div class="fields">${limits.map((name) => html`<${Input} ...${props(`limits.${name}`, words(name))} type="number" min="1" required />`)}</div>
        </details>
        ${changed.length > 0 && html`<${Note} kind="warn">It holds for every account of the plan, from its next call on; calls that run keep their prices. ${isSold && "Who has subscribed keeps the old price: stripe setup makes the new one at Stripe."}</${Note}>`}
        ${!(error?.param && error.param in form) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}

/** @param {Record<string, string>} form @param {string[]} changed */
function asked(form, changed) {
  const limits = changed.filter((name) => name.startsWith("limits.")).map((name) => [name.slice(7), Number(form[name])]);
  const own = changed.filter((name) => !name.startsWith("limits.")).map((name) => {
    if (name === "name") return [name, form[name].trim()];
    if (name === "price_factor") return [name, Math.round(Number(form[name]) * 1e4) / 1e6];
    return [name, form[name] === "" ? null : Number(form[name])];
  });
  return { ...Object.fromEntries(own), ...(limits.length > 0 && { limits: Object.fromEntries(limits) }) };
}
