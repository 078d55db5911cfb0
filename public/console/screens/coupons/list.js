// Coupons: all of them, new ones, and their end.

import { api } from "../../lib/api.js";
import { count, date, money } from "../../lib/format.js";
import { change } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useList } from "../../lib/use.js";
import { NewCoupon } from "./new_coupon.js";
import { Badge, Meter } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Select } from "../../ui/field.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function List({ place }) {
  const kind = place.params.get("kind") ?? "";
  const active = place.params.get("active") ?? "";
  const list = useList("/admin/coupons", { kind, active });
  const [making, setMaking] = useState(false);
  const [ended, setEnded] = useState(/** @type {any} */ (null));
  const end = async () => {
    await api("DELETE", `/admin/coupons/${ended.id}`);
    toast("Nobody can use it any more.");
    list.reload();
  };
  const create = html`<${Button} kind="primary" icon="plus" onClick=${() => setMaking(true)}>Create coupons</${Button}>`;
  return html`<div class="spread"><div class="filters">
      <${Select} label="Kind" value=${kind} onValue=${(/** @type {string} */ kind) => change({ kind })} options=${[["", "Any"], ["credit", "Credit"], ["bonus", "Bonus"], ["discount", "Discount"]]} />
      <${Select} label="State" value=${active} onValue=${(/** @type {string} */ active) => change({ active })} options=${[["", "Any"], ["true", "Active"], ["false", "Ended"]]} />
    </div>${create}</div>
    <${Card} bare>
      <${Table} label="Coupons" list=${list} empty=${html`<${Empty} title="There are none" action=${create}>A coupon gives credit, adds to a purchase, or lowers a price.</${Empty}>`} columns=${[
        { name: "Code", cell: (/** @type {any} */ row) => html`<code>${row.code}</code>` },
        { name: "Worth", cell: (/** @type {any} */ row) => worth(row) },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.active ? "active" : "ended"} />` },
        { name: "Used", cell: (/** @type {any} */ row) => html`<div class="stack-s"><span>${count(row.redemptions)}${row.max_redemptions ? ` of ${count(row.max_redemptions)}` : ""}</span>
          ${row.max_redemptions && html`<${Meter} used=${row.redemptions} of=${row.max_redemptions} limit=${false} label=${`${row.code}: used`} />`}</div>` },
        { name: "Until", wide: true, cell: (/** @type {any} */ row) => date(row.valid_until) },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => row.active && html`<${Button} kind="small danger" onClick=${() => setEnded(row)}>End<span class="visually-hidden"> ${row.code}</span></${Button}>` },
      ]} />
    </${Card}>
    ${making && html`<${NewCoupon} onClose=${() => setMaking(false)} onDone=${list.reload} />`}
    ${ended && html`<${Confirm} title="End the coupon" act="End it" onAct=${end} onClose=${() => setEnded(null)}>
      <p>Nobody can use <code>${ended.code}</code> any more. What was given by it stays, and the code stays taken.</p>
    </${Confirm}>`}`;
}

/** @param {any} row */
function worth(row) {
  const what = row.percent ? `${row.percent} %` : money(row.amount ?? 0);
  return { credit: `${what} of credit`, bonus: `${what} on top of a purchase`, discount: "a lower price" }[/** @type {"credit"} */ (row.kind)];
}
