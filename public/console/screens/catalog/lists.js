// Prices that wait for somebody to decide, and how the catalog stands to the providers' own lists.

import { api } from "../../lib/api.js";
import { count, since, several } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { differences, priceLine } from "./price.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card, Stats } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Bone, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function Lists() {
  const status = useLoad((signal) => api("GET", "/admin/catalog-status", { signal }), []);
  const [decided, setDecided] = useState(/** @type {any} */ (null));
  const read = useAct(async () => {
    const { providers } = await api("POST", "/admin/refresh-models", { body: {} });
    const sum = (/** @type {string} */ name) => providers.reduce((/** @type {number} */ all, /** @type {any} */ one) => all + one[name], 0);
    toast(`${several(providers.length, "list was", "lists were")} read: ${several(sum("changed"), "price")} changed, ${count(sum("waiting"))} wait.`);
    status.reload();
  });
  const decide = async () => {
    await api("POST", `/admin/price-changes/${decided.row.id}`, { body: { decision: decided.decision } });
    toast(decided.decision === "approve" ? "The new price holds from now on." : "The price stays as it is.");
    status.reload();
  };
  const now = status.data;
  const part = (/** @type {string} */ name) => ({ ...status, data: now && now[name] });
  const unread = now?.providers.length === 0 ? "No list was read yet" : "";
  const figure = (/** @type {any} */ number) => (now ? count(number) : html`<${Bone} />`);
  return html`<${Failure} error=${status.error} retry=${status.reload} />
    <${Stats} items=${[
      { label: "Models", value: figure(now?.models.enabled), note: now && `${count(now.models.all)} in all` },
      { label: "Without a price", value: figure(now?.models.unreachable), note: "enabled, and cannot be asked" },
      { label: "Routes", value: figure(now?.routes.enabled), note: now && `${count(now.routes.all)} in all` },
      { label: "Priced by hand", value: figure(now?.routes.by_admin), note: now && `${count(now.routes.by_provider)} by providers' lists` },
    ]} />
    <${Card} bare title="Prices to approve" hint="A small step in a provider's list is taken over by itself. A larger one waits here for you, and the price stays until then.">
      <${Table} label="Prices that wait" list=${part("waiting")} empty=${html`<${Empty} title="No price is waiting" />`} columns=${[
        { name: "Route", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span><span class="sub clip">${row.provider}, found ${since(row.found_at)}</span>` },
        { name: "Change", cell: (/** @type {any} */ row) => html`<${Change} row=${row} />` },
        { name: "Why it waits", wide: true, cell: (/** @type {any} */ row) => row.reason },
        { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<div class="acts">
          <${Button} kind="small" onClick=${() => setDecided({ row, decision: "approve" })}>Approve<span class="visually-hidden"> ${row.model} at ${row.provider}</span></${Button}>
          <${Button} kind="small danger" onClick=${() => setDecided({ row, decision: "reject" })}>Reject<span class="visually-hidden"> ${row.model} at ${row.provider}</span></${Button}>
        </div>` },
      ]} />
    </${Card}>
    <${Card} bare title="Lists of the providers" action=${html`<${Button} busy=${read.busy} onClick=${read.run}>Read them now</${Button}>`}>
      ${read.error && html`<div class="body"><${Failure} error=${read.error} /></div>`}
      <${Table} label="Lists of the providers" list=${part("providers")} id=${(/** @type {any} */ row) => row.provider} empty=${html`<${Empty} title="No list was read yet">A cron job reads them; the button does it now.</${Empty}>`} columns=${[
        { name: "Provider", cell: (/** @type {any} */ row) => row.provider },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.problem ? "failed" : row.stale ? "stale" : "read"} kind=${row.problem ? "bad" : row.stale ? "warn" : "good"} />${row.problem && html`<span class="sub"> ${row.problem}</span>`}` },
        { name: "Read", cell: (/** @type {any} */ row) => html`<span class="nowrap">${since(row.read_at)}</span>` },
        { name: "Models", number: true, cell: (/** @type {any} */ row) => count(row.models) },
        { name: "Not in the catalog", number: true, wide: true, cell: (/** @type {any} */ row) => html`<span title=${row.unknown_models.join(", ")}>${count(row.unknown)}</span>` },
      ]} />
    </${Card}>
    <${Card} bare title="Drift" hint="Routes whose price is another in the provider's list, or cannot be read there. They are charged as they stand here.">
      <${Table} label="Drift" list=${part("drift")} id=${(/** @type {any} */ row) => `${row.model} ${row.provider}`} empty=${html`<${Empty} title=${unread || "Every price is as its provider lists it"} />`} columns=${[
        { name: "Route", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span><span class="sub clip">${row.provider}</span>` },
        { name: "Here", cell: (/** @type {any} */ row) => priceLine(row.price) },
        { name: "In the list", cell: (/** @type {any} */ row) => row.problem ?? priceLine(row.listed) },
      ]} />
    </${Card}>
    <${Card} bare title="Vanished" hint="Routes that their provider's list no longer has. They are asked all the same: a list may be wrong.">
      <${Table} label="Vanished" list=${part("vanished")} id=${(/** @type {any} */ row) => `${row.model} ${row.provider}`} empty=${html`<${Empty} title=${unread || "No route has vanished"} />`} columns=${[
        { name: "Route", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span><span class="sub clip">${row.provider}</span>` },
        { name: "Gone", cell: (/** @type {any} */ row) => since(row.since) },
        { name: "Last there", cell: (/** @type {any} */ row) => since(row.seen_at) },
      ]} />
    </${Card}>
    ${decided && html`<${Confirm} title=${decided.decision === "approve" ? "Approve the price" : "Reject the price"} act=${decided.decision === "approve" ? "Approve it" : "Reject it"} danger=${decided.decision === "reject"} onAct=${decide} onClose=${() => setDecided(null)}>
      <div class="stack"><p><code>${decided.row.model}</code> at ${decided.row.provider}:</p><${Change} row=${decided.row} />
      <p>${decided.decision === "approve" ? "Calls from now on are held and charged by the new price; those that run keep theirs." : "The price stays, and this one is not asked about again."}</p></div>
    </${Confirm}>`}`;
}

/** What a price would change, line by line. @param {{ row: any }} props */
const Change = ({ row }) => html`<ul>${differences(row.former, row.proposed).map(([name, before, after]) => html`<li key=${name}><span class="soft">${name}</span> ${before} → <b>${after}</b></li>`)}</ul>`;
