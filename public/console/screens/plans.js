// Plans: what each allows and costs, and what it makes of prices.

import { api } from "../lib/api.js";
import { compact, money, percent } from "../lib/format.js";
import { html, useState } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { PlanForm } from "./plans/form.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Screen } from "../ui/screen.js";
import { Table } from "../ui/table.js";

export default function Plans() {
  const plans = useLoad((signal) => api("GET", "/admin/plans", { signal }), []);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const done = () => {
    setOpen(null);
    plans.reload();
  };
  return html`<${Screen} title="Plans" hint="A plan that is changed here stays as it is, whatever a later version says of it.">
    <${Card} bare>
      <${Table} label="Plans" list=${{ ...plans, data: plans.data?.data ?? null }} columns=${[
        { name: "Plan", cell: (/** @type {any} */ row) => html`<div class="row"><span>${row.name}</span><code class="sub">${row.id}</code>${row.pinned && html`<${Badge} state="changed by hand" />`}</div>` },
        { name: "A month", number: true, cell: (/** @type {any} */ row) => money(row.price_per_month ?? 0) },
        { name: "Credit a month", number: true, wide: true, cell: (/** @type {any} */ row) => money(row.credits_per_month) },
        { name: "Requests a minute", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.limits.requests_per_minute) },
        { name: "Tokens a minute", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.limits.tokens_per_minute) },
        { name: "Calls cost", number: true, cell: (/** @type {any} */ row) => percent(row.price_factor) },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<${Button} kind="small" onClick=${() => setOpen(row)}>Change<span class="visually-hidden"> ${row.name}</span></${Button}>` },
      ]} />
    </${Card}>
    ${open && html`<${PlanForm} plan=${open} onClose=${() => setOpen(null)} onDone=${done} />`}
  </${Screen}>`;
}
