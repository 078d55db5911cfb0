// Every limit of the account, and what is left of it at this moment.

import { api } from "../../lib/api.js";
import { count, words } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { useLoad } from "../../lib/use.js";
import { Meter } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

export function Limits() {
  const limits = useLoad((signal) => api("GET", "/user/limits", { signal }), []);
  const rows = limits.data && Object.entries(limits.data.account).map(([name, window]) => ({ id: name, .../** @type {any} */ (window) }));
  return html`<${Card} title="Limits" bare hint="Of all keys together; a key may have lower ones."
    action=${html`<${Button} kind="small" busy=${limits.busy} onClick=${limits.reload}>Refresh</${Button}>`}>
    <${Table} label="Limits" list=${{ ...limits, data: rows }} empty=${html`<${Empty} title="There are none" />`} columns=${[
      { name: "Limit", cell: (/** @type {any} */ row) => words(row.id) },
      { name: "At most", number: true, cell: (/** @type {any} */ row) => count(row.limit) },
      { name: "Left now", number: true, cell: (/** @type {any} */ row) => (row.remaining === null ? "not known" : html`<div class="stack-s"><span>${count(row.remaining)}</span>
        <${Meter} used=${row.limit - row.remaining} of=${row.limit} label=${`${words(row.id)}: used`} /></div>`) },
    ]} />
  </${Card}>`;
}
