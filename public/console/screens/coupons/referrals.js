// Recommendations of all accounts, with why one earns nothing.

import { date, money, words } from "../../lib/format.js";
import { change, to } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { useList } from "../../lib/use.js";
import { Badge } from "../../ui/badge.js";
import { Card } from "../../ui/card.js";
import { Select } from "../../ui/field.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

const STATES = ["pending", "qualified", "paid", "refused", "reversed"];

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function Referrals({ place }) {
  const state = place.params.get("state") ?? "";
  const list = useList("/admin/referrals", { state });
  const account = (/** @type {string} */ id) => html`<a href=${to(["users", id])}>${id.slice(0, 8)}…</a>`;
  return html`<div class="filters">
      <${Select} label="State" value=${state} onValue=${(/** @type {string} */ state) => change({ state })} options=${[["", "Any"], ...STATES.map((name) => [name, words(name)])]} />
    </div>
    <${Card} bare>
      <${Table} label="Referrals" list=${list} empty=${html`<${Empty} title="There are none">Each account has a link by which it recommends this gateway.</${Empty}>`} columns=${[
        { name: "Who came", cell: (/** @type {any} */ row) => account(row.referred_id) },
        { name: "Recommended by", cell: (/** @type {any} */ row) => account(row.referrer_id) },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.state} />${row.reason && html`<span class="sub"> ${words(row.reason)}</span>`}` },
        { name: "Since", wide: true, cell: (/** @type {any} */ row) => date(row.created_at) },
        { name: "Due", wide: true, cell: (/** @type {any} */ row) => date(row.due_at) },
        { name: "Reward", number: true, cell: (/** @type {any} */ row) => money(row.reward) },
      ]} />
    </${Card}>`;
}
