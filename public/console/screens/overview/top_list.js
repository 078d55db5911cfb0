// Who used most, as bars with their share.

import { compact, money, several } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { Meter } from "../../ui/badge.js";
import { Card } from "../../ui/card.js";
import { Bones, Empty } from "../../ui/states.js";

const SHOWN = 6;

/** @param {{ title: string, rows?: { name: string, usage: any, address: string }[] }} props */
export function TopList({ title, rows }) {
  const top = rows?.slice().sort((a, b) => b.usage.cost - a.usage.cost || b.usage.requests - a.usage.requests).slice(0, SHOWN);
  const largest = Math.max(...(top ?? []).map((row) => row.usage.cost), 0);
  return html`<${Card} title=${title} bare>
    ${!top && html`<div class="body"><${Bones} /></div>`}
    ${top?.length === 0 && html`<${Empty} title="Nothing in this time" />`}
    ${top && top.length > 0 && html`<ul class="bars">
      ${top.map((row) => html`<li key=${row.address}>
        <div class="spread"><a class="clip" href=${row.address}>${row.name}</a><span>${money(row.usage.cost)}</span></div>
        <${Meter} used=${row.usage.cost} of=${largest} limit=${false} label=${`${row.name}: share of the spend`} />
        <span class="soft small">${several(row.usage.requests, "request")} · ${compact(row.usage.tokens)} tokens</span>
      </li>`)}
    </ul>`}
  </${Card}>`;
}
