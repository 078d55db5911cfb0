// Requests one by one: filters that are part of the address, and each with all that is known of it.

import { all, send } from "../lib/api.js";
import { save } from "../lib/csv.js";
import { compact, count, duration, moneyExact, when } from "../lib/format.js";
import { change, go, replace, to } from "../lib/route.js";
import { html, useLayoutEffect, useState } from "../lib/ui.js";
import { useAct, useList, useLoad } from "../lib/use.js";
import { RequestSheet } from "./requests/sheet.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Form, Input, Select } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bone, Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";

const OUTCOMES = [["", "Any"], ["completed", "Completed"], ["failed", "Failed"], ["cut", "Cut"], ["client_left", "Client left"], ["deadline", "Deadline"]];
const FILTERS = ["model", "provider", "key_id", "user", "outcome", "from", "to"];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Requests({ place }) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, place.params.get(name) ?? ""]));
  const list = useList("/user/activity/log", { ...asked, from: start(asked.from), to: end(asked.to) });
  const keys = useLoad((signal) => all("/user/api-keys", {}, signal), []);
  const [, open] = place.parts;
  const filters = Object.fromEntries(place.params);
  const address = (/** @type {any} */ row) => to(["requests", row.call_id], filters);
  const named = (/** @type {string} */ id) => keys.data?.find((key) => key.id === id);
  const bone = html`<${Bone} />`;
  const shown = list.data?.find((row) => row.call_id === open);
  const filtered = FILTERS.some((name) => asked[name]);
  const file = useAct(async () => {
    const response = await send("GET", "/user/activity/export", { query: { key_id: asked.key_id, from: start(asked.from), to: end(asked.to) }, accept: "text/csv" });
    save("requests.csv", await response.text(), "text/csv");
  });
  return html`<${Screen} title="Requests" hint="Every call of the account, newest first. What was said in it is not kept."
    action=${html`<${Button} icon="download" busy=${file.busy} onClick=${file.run} label="As CSV, by key and time">CSV</${Button}>`}>
    <${Failure} error=${file.error} />
    <${Filters} key=${JSON.stringify(asked)} asked=${asked} keys=${keys.data} />
    <${Card} bare>
      <${Table} label="Requests" list=${list} id=${(/** @type {any} */ row) => row.call_id} onOpen=${(/** @type {any} */ row) => go(address(row))}
        empty=${filtered
          ? html`<${Empty} title="No request is like this" action=${html`<a class="button" href=${to(["requests"])}>Show all</a>`} />`
          : html`<${Empty} title="No requests yet" action=${html`<a class="button" href=${to(["playground"])}>Open the playground</a>`}>Each call of a model is listed here with its cost, tokens and times.</${Empty}>`}
        columns=${[
          { name: "Time", cell: (/** @type {any} */ row) => html`<a class="nowrap" href=${address(row)}>${when(row.created_at)}</a>` },
          { name: "Model", cell: (/** @type {any} */ row) => html`<span class="clip">${row.model}</span><span class="sub clip">${row.provider ?? "no provider"}${row.app ? ` · ${row.app}` : ""}${row.user ? ` · ${row.user}` : ""}</span>` },
          { name: "Outcome", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.outcome} />` },
          { name: "Key", wide: true, roomy: true, cell: (/** @type {any} */ row) => (keys.data || keys.error ? html`<span class="clip short" title=${named(row.key_id)?.name}>${named(row.key_id)?.name ?? "–"}</span>` : bone) },
          { name: "Tokens", number: true, cell: (/** @type {any} */ row) => html`<span title=${`${count(row.prompt_tokens)} in, ${count(row.completion_tokens)} out`}>${compact(row.prompt_tokens)} → ${compact(row.completion_tokens)}</span>` },
          { name: "Duration", number: true, wide: true, cell: (/** @type {any} */ row) => html`<div>${duration(row.duration_ms)}</div>${row.first_byte_ms !== null && html`<span class="sub">first byte ${duration(row.first_byte_ms)}</span>`}` },
          { name: "Cost", number: true, cell: (/** @type {any} */ row) => (row.own_key ? "own key" : moneyExact(row.cost)) },
        ]} />
    </${Card}>
    ${open && html`<${RequestSheet} key=${open} id=${open} row=${shown} path="/user/activity/log" screen="requests" keyName=${(/** @type {string} */ id) => named(id)?.name}
      onClose=${() => replace(to(["requests"], filters))} />`}
  </${Screen}>`;
}

/** The first moment of a day of the reader's. @param {string} day */
const start = (day) => (day ? new Date(`${day}T00:00:00`).toISOString() : "");
/** The moment after it. @param {string} day */
const end = (day) => {
  if (!day) return "";
  const next = new Date(`${day}T00:00:00`);
  next.setDate(next.getDate() + 1);
  return next.toISOString();
};

/** @param {{ asked: Record<string, string>, keys: any[] | null }} props */
function Filters({ asked, keys }) {
  const [model, setModel] = useState(asked.model);
  const [provider, setProvider] = useState(asked.provider);
  const [user, setUser] = useState(asked.user);
  useLayoutEffect(() => {
    setModel(asked.model);
    setProvider(asked.provider);
    setUser(asked.user);
  }, [asked.model, asked.provider, asked.user]);
  const apply = () => change({ model: model.trim(), provider: provider.trim(), user });
  // A key that is asked for is chosen before all keys are known, and where they cannot be had.
  const offered = keys?.map((key) => [key.id, `${key.name} …${key.last_four}`]) ?? (asked.key_id ? [[asked.key_id, "…"]] : []);
  return html`<${Form} class="filters tight" onSend=${apply}>
    <${Input} label="Model" value=${model} onValue=${setModel} onBlur=${apply} placeholder="openai/gpt-4o-mini" />
    <${Input} label="Provider" value=${provider} onValue=${setProvider} onBlur=${apply} />
    <${Input} label="End user" value=${user} onValue=${setUser} onBlur=${apply} />
    <${Select} label="Outcome" value=${asked.outcome} options=${OUTCOMES} onValue=${(/** @type {string} */ outcome) => change({ outcome })} />
    <${Select} label="Key" value=${asked.key_id} onValue=${(/** @type {string} */ key_id) => change({ key_id })}
      options=${[["", "Any"], ...offered]} />
    <${Input} label="From" type="date" value=${asked.from} onValue=${(/** @type {string} */ from) => change({ from })} />
    <${Input} label="To" type="date" value=${asked.to} onValue=${(/** @type {string} */ to) => change({ to })} />
    <${Button} type="submit">Apply</${Button}>
  </${Form}>`;
}
