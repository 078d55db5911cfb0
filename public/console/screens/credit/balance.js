// What there is, by the grants that it comes from, and the ways to more.

import { api } from "../../lib/api.js";
import { date, money, moneyExact, since, words } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { useLoad } from "../../lib/use.js";
import { Buy } from "./buy.js";
import { Coupons } from "./coupons.js";
import { Meter } from "../../ui/badge.js";
import { Card, Stats } from "../../ui/card.js";
import { Bone, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

export function Balance() {
  const balance = useLoad((signal) => api("GET", "/user/balance", { signal }), []);
  const bone = html`<${Bone} />`;
  const has = balance.data;
  return html`<div class="stack">
    <${Failure} error=${balance.error} retry=${balance.reload} />
    <${Stats} items=${[
      { label: "Credit", value: has ? money(has.credits) : bone },
      { label: "Held", value: has ? money(has.held) : bone, note: "by running calls" },
      { label: "Available", value: has ? money(has.available) : bone, note: "ready to spend" },
      ...(has?.debt > 0 ? [{ label: "Owed", value: money(has.debt), note: "the next credit repays it" }] : []),
    ]} />
    <div class="columns">
      <${Buy} onPaid=${balance.reload} />
      <${Coupons} onRedeemed=${balance.reload} />
    </div>
    <${Card} title="Where it comes from" bare hint="What lapses first is spent first.">
      <${Table} label="Grants of credit" list=${{ ...balance, data: has?.grants ?? null, error: null }} id=${(/** @type {any} */ it) => it.created_at + it.source + it.amount}
        empty=${html`<${Empty} title="No credit">Buy some, or redeem a coupon.</${Empty}>`}
        columns=${[
          { name: "From", cell: (/** @type {any} */ it) => words(it.source) },
          { name: "Given", wide: true, cell: (/** @type {any} */ it) => date(it.created_at) },
          { name: "Lapses", cell: (/** @type {any} */ it) => (it.expires_at ? html`<span title=${date(it.expires_at)}>${since(it.expires_at)}</span>` : "never") },
          { name: "Left", number: true, cell: (/** @type {any} */ it) => html`<span title=${moneyExact(it.remaining)}>${money(it.remaining)} of ${money(it.amount)}</span>
            <${Meter} used=${it.remaining} of=${it.amount} limit=${false} label=${`${words(it.source)}: left`} />` },
        ]} />
    </${Card}>
  </div>`;
}
