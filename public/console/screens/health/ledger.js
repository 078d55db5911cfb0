// Every invariant of the ledger, over all accounts, page by page.

import { api } from "../../lib/api.js";
import { money, several, words } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card, Facts } from "../../ui/card.js";
import { Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

const NOTHING = { accounts: 0, balance: 0, debt: 0, held: 0, ok: true, problems: /** @type {any[]} */ ([]), whole: false };

export function Ledger() {
  const [found, setFound] = useState(/** @type {typeof NOTHING | null} */ (null));
  const { run, busy, error } = useAct(async () => {
    let sum = NOTHING;
    // What was found before is no answer to this.
    setFound(sum);
    let cursor;
    do {
      const page = await api("GET", "/admin/ledger/check", { query: { cursor } });
      sum = {
        accounts: sum.accounts + page.accounts, balance: sum.balance + page.balance, debt: sum.debt + page.debt, held: sum.held + page.held,
        ok: sum.ok && page.ok, problems: [...sum.problems, ...page.problems], whole: page.next_cursor === null,
      };
      cursor = page.next_cursor;
      setFound(sum);
    } while (cursor);
  });
  return html`<${Card} title="Ledger" hint="That balances, grants, holds and the ledger agree, of every account."
    action=${found?.whole ? html`<${Badge} state=${found.ok ? "ok" : "failed"} text=${found.ok ? "It adds up" : "It does not add up"} />` : undefined}>
    <div class="stack">
      <${Failure} error=${error} />
      ${found && html`<div role="status"><${Facts} items=${[
        ["Looked at", several(found.accounts, "account")],
        ["Balances", money(found.balance)], ["Held", money(found.held)], ["Owed", money(found.debt)],
      ]} /></div>`}
      ${found && found.problems.length > 0 && html`<${Table} label="What does not add up" list=${{ data: found.problems, error: null, busy: false, reload: run }} id=${(/** @type {any} */ it) => it.account_id + it.problem} columns=${[
        { name: "Account", cell: (/** @type {any} */ it) => html`<a href=${to(["users", it.account_id])}>${it.account_id}</a>` },
        { name: "What", cell: (/** @type {any} */ it) => words(it.problem) },
        { name: "Expected", number: true, cell: (/** @type {any} */ it) => it.expected ?? "–" },
        { name: "Found", number: true, cell: (/** @type {any} */ it) => it.found ?? "–" },
      ]} />`}
      <div><${Button} busy=${busy} onClick=${run}>${found ? "Check it again" : "Check it"}</${Button}></div>
    </div>
  </${Card}>`;
}
