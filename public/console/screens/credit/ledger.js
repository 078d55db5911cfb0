// The ledger: every change of the balance, newest first.

import { moneyExact, signed, when, words } from "../../lib/format.js";
import { change } from "../../lib/route.js";
import { html } from "../../lib/ui.js";
import { useList } from "../../lib/use.js";
import { Card } from "../../ui/card.js";
import { Select } from "../../ui/field.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

const TYPES = ["trial", "purchase", "subscription", "coupon", "referral", "admin_credit", "admin_debit", "usage", "credit_back", "money_back", "expiry"];

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function Ledger({ place }) {
  const type = place.params.get("type") ?? "";
  const list = useList("/user/credit-transactions", { type });
  return html`<div class="stack">
    <div class="filters"><${Select} label="Kind" value=${type} onValue=${(/** @type {string} */ type) => change({ type })}
      options=${[["", "All"], ...TYPES.map((name) => [name, words(name)])]} /></div>
    <${Card} bare>
      <${Table} label="Ledger" list=${list} empty=${html`<${Empty} title="Nothing is booked" />`} columns=${[
        { name: "Time", cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.created_at)}</span>` },
        { name: "Kind", cell: (/** @type {any} */ row) => words(row.type) },
        { name: "What", wide: true, cell: (/** @type {any} */ row) => html`<span class="clip">${row.description}</span>` },
        { name: "Amount", number: true, cell: (/** @type {any} */ row) => html`<span class=${row.amount > 0 ? "good-text" : ""}>${signed(row.amount)}</span>` },
        { name: "Balance", number: true, cell: (/** @type {any} */ row) => moneyExact(row.balance_after) },
      ]} />
    </${Card}>
  </div>`;
}
