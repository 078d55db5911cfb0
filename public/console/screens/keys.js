// API keys: all of them, what each may do and has used, and what can be done with one.

import { compact, money, since, when } from "../lib/format.js";
import { change, replace, to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useList } from "../lib/use.js";
import { KeyActs } from "./keys/acts.js";
import { KeyForm } from "./keys/form.js";
import { SecretDialog } from "./keys/secret.js";
import { Badge, Meter } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Choice } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @typedef {{ act: string, key?: any } | null} Doing */

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Keys({ place }) {
  const status = place.params.get("status") ?? "active";
  const list = useList("/user/api-keys", { status });
  const [doing, setDoing] = useState(/** @type {Doing} */ (place.params.get("new") ? { act: "create" } : null));
  const [shown, setShown] = useState(/** @type {any} */ (null));
  const close = () => {
    setDoing(null);
    if (place.params.get("new")) replace(to(["keys"]));
  };
  const done = (/** @type {any} */ answer) => {
    close();
    list.reload();
    if (answer?.api_key) setShown(answer);
  };
  const create = html`<${Button} kind="primary" icon="plus" onClick=${() => setDoing({ act: "create" })}>Create a key</${Button}>`;
  return html`<${Screen} title="API keys" hint="One per application: each has its own limits and can be revoked on its own." action=${create}>
    <${Choice} label="Which keys" value=${status} onValue=${(/** @type {string} */ status) => change({ status })}
      options=${[["active", "Active"], ["revoked", "Revoked"], ["expired", "Expired"], ["all", "All"]]} />
    <${Card} bare>
      <${Table} label="API keys" list=${list} empty=${html`<${Empty} title=${status === "active" ? "No keys yet" : "There are none"} action=${status === "active" && create}>A key is what a program shows in place of a password.</${Empty}>`}
        columns=${[
          { name: "Name", cell: (/** @type {any} */ key) => html`<span class="clip">${key.name}</span><code class="sub">${key.prefix}…${key.last_four}</code>` },
          { name: "State", cell: (/** @type {any} */ key) => html`<${State} row=${key} />` },
          { name: "Spent", cell: (/** @type {any} */ key) => html`<${Spent} row=${key} />` },
          { name: "Requests", wide: true, cell: (/** @type {any} */ key) => html`<${Requests} row=${key} />` },
          { name: "Last used", wide: true, cell: (/** @type {any} */ key) => html`<span class="nowrap" title=${when(key.last_used_at)}>${since(key.last_used_at)}</span>` },
          { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ key) => html`<div class="acts">
            ${key.status === "active" && html`
              <${Button} kind="small" onClick=${() => setDoing({ act: "change", key })}>Edit<span class="visually-hidden"> ${key.name}</span></${Button}>
              <${Button} kind="small" onClick=${() => setDoing({ act: "rotate", key })}>Rotate<span class="visually-hidden"> ${key.name}</span></${Button}>
              <${Button} kind="small danger" onClick=${() => setDoing({ act: "revoke", key })}>Revoke<span class="visually-hidden"> ${key.name}</span></${Button}>`}
          </div>` },
        ]} />
    </${Card}>
    ${(doing?.act === "create" || doing?.act === "change") && html`<${KeyForm} row=${doing.key} onDone=${done} onClose=${close} />`}
    ${(doing?.act === "rotate" || doing?.act === "revoke") && html`<${KeyActs} act=${doing.act} row=${doing.key} onDone=${done} onClose=${close} />`}
    ${shown && html`<${SecretDialog} made=${shown} onClose=${() => setShown(null)} />`}
  </${Screen}>`;
}

/** @param {{ row: any }} props */
function State({ row }) {
  return html`<div class="row">
    <${Badge} state=${row.status} />
    ${row.is_primary && html`<${Badge} state="primary" />`}
    ${row.rotation_due && html`<${Badge} state="due" kind="warn" text="Rotation due" />`}
    ${row.former_secrets.length > 0 && html`<span class="sub" title=${when(row.former_secrets[0].expires_at)}>old secret until ${since(row.former_secrets[0].expires_at)}</span>`}
    ${row.expires_at && row.status === "active" && html`<span class="sub nowrap" title=${when(row.expires_at)}>expires ${since(row.expires_at)}</span>`}
  </div>`;
}

/** @param {{ row: any }} props */
function Spent({ row }) {
  const limit = row.spend_limit;
  if (!limit) return html`<span class="sub">no limit</span>`;
  return html`<div class="stack-s">
    <span class="nowrap">${money(limit.spent)} of ${money(limit.amount)}${limit.period ? ` a ${limit.period}` : ""}</span>
    <${Meter} used=${limit.spent} of=${limit.amount} label=${`${row.name}: spend`} />
  </div>`;
}

/** @param {{ row: any }} props */
function Requests({ row }) {
  const used = html`<a href=${to(["requests"], { key_id: row.id })}>${compact(row.requests_used)}<span class="visually-hidden"> requests of ${row.name}</span></a>`;
  if (row.max_requests === null) return used;
  return html`<div class="stack-s">
    <span class="nowrap">${used} of ${compact(row.max_requests)}</span>
    <${Meter} used=${row.requests_used} of=${row.max_requests} label=${`${row.name}: requests`} />
  </div>`;
}
