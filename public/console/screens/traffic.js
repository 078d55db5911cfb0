// Requests of all accounts, found by what is known of one.

import { compact, duration, moneyExact, when } from "../lib/format.js";
import { change, go, replace, to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { useList, useTyped } from "../lib/use.js";
import { RequestSheet } from "./requests/sheet.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Form, Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @type {[string, string, string][]} */
const FILTERS = [["id", "Id", "a call's or a request's"], ["account_id", "Account", "its id"], ["model", "Model", ""], ["provider", "Provider", ""], ["outcome", "Outcome", "failed"], ["error_code", "Error", ""]];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Traffic({ place }) {
  const asked = Object.fromEntries(FILTERS.map(([name]) => [name, place.params.get(name) ?? ""]));
  const list = useList("/admin/requests", asked);
  const [typed, setTyped] = useTyped(asked);
  const [, open] = place.parts;
  const filters = Object.fromEntries(place.params);
  const address = (/** @type {any} */ row) => to(["traffic", row.call_id], filters);
  return html`<${Screen} title="All requests" hint="Of every account, newest first.">
    <${Form} class="filters" onSend=${() => change(typed)}>
      ${FILTERS.map(([name, label, example]) => html`<${Input} key=${name} label=${label} value=${typed[name]} placeholder=${example} onValue=${(/** @type {string} */ value) => setTyped({ ...typed, [name]: value.trim() })} />`)}
      <${Button} type="submit" icon="search">Search</${Button}>
    </${Form}>
    <${Card} bare>
      <${Table} label="Requests of all accounts" list=${list} id=${(/** @type {any} */ row) => row.call_id} onOpen=${(/** @type {any} */ row) => go(address(row))}
        empty=${html`<${Empty} title="No request is like this" action=${html`<a class="button" href=${to(["traffic"])}>Show all</a>`} />`} columns=${[
          { name: "Time", cell: (/** @type {any} */ row) => html`<a class="nowrap" href=${address(row)}>${when(row.created_at)}</a>` },
          { name: "Model", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span><span class="sub clip">${row.provider ?? "no provider"}</span>` },
          { name: "Account", cell: (/** @type {any} */ row) => html`<a href=${to(["users", row.account_id])}>${row.account_id.slice(0, 8)}…</a>` },
          { name: "Outcome", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.outcome ?? row.status} />${row.error_code && html`<span class="sub"> ${row.error_code}</span>`}` },
          { name: "Tokens", number: true, wide: true, cell: (/** @type {any} */ row) => `${compact(row.prompt_tokens)} → ${compact(row.completion_tokens)}` },
          { name: "Duration", number: true, wide: true, cell: (/** @type {any} */ row) => duration(row.duration_ms) },
          { name: "Cost", number: true, cell: (/** @type {any} */ row) => (row.own_key ? "own key" : moneyExact(row.cost)) },
        ]} />
    </${Card}>
    ${open && html`<${RequestSheet} key=${open} id=${open} row=${list.data?.find((row) => row.call_id === open)} path="/admin/requests" screen="traffic"
      onClose=${() => replace(to(["traffic"], filters))} />`}
  </${Screen}>`;
}
