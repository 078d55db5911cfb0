// How providers serve models, and for how much.

import { change, to } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useList, useTyped } from "../../lib/use.js";
import { priceLine } from "./price.js";
import { RouteForm } from "./route_form.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, Input, Select } from "../../ui/field.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

/** @type {Record<string, string>} */
const PRICED_BY = { seed: "this version", provider: "its list", admin: "an administrator" };

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function Routes({ place }) {
  const asked = { model: place.params.get("model") ?? "", provider: place.params.get("provider") ?? "", enabled: place.params.get("enabled") ?? "", priced_by: place.params.get("priced_by") ?? "" };
  const list = useList("/admin/routes", asked);
  const [typed, setTyped] = useTyped(asked);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const done = () => {
    setOpen(null);
    list.reload();
  };
  return html`<div class="spread">
      <${Form} class="filters" onSend=${() => change({ model: typed.model.trim(), provider: typed.provider.trim() })}>
        <${Input} label="Model" value=${typed.model} onValue=${(/** @type {string} */ model) => setTyped({ ...typed, model })} placeholder="Its id" />
        <${Input} label="Provider" value=${typed.provider} onValue=${(/** @type {string} */ provider) => setTyped({ ...typed, provider })} />
        <${Select} label="State" value=${asked.enabled} onValue=${(/** @type {string} */ enabled) => change({ enabled })} options=${[["", "Any"], ["true", "Enabled"], ["false", "Disabled"]]} />
        <${Select} label="Priced by" value=${asked.priced_by} onValue=${(/** @type {string} */ priced_by) => change({ priced_by })} options=${[["", "Anyone"], ...Object.entries(PRICED_BY)]} />
        <${Button} type="submit" icon="search">Search</${Button}>
      </${Form}>
      <${Button} kind="primary" icon="plus" onClick=${() => setOpen({ model: asked.model })}>Add a route</${Button}>
    </div>
    <${Card} bare>
      <${Table} label="Routes" list=${list} id=${(/** @type {any} */ row) => `${row.model} ${row.provider}`} empty=${html`<${Empty} title="No route is like this" action=${html`<a class="button" href=${to(["catalog", "routes"])}>Show all</a>`} />`} columns=${[
        { name: "Route", cell: (/** @type {any} */ row) => html`<button class="link clip" onClick=${() => setOpen(row)}>${row.model}<span class="visually-hidden"> at ${row.provider}</span></button><span class="sub clip">${row.provider}: ${row.upstream_model}</span>` },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.enabled ? "active" : "disabled"} text=${row.enabled ? "enabled" : "disabled"} />` },
        { name: "Price", cell: (/** @type {any} */ row) => (row.price ? priceLine(row.price) : html`<${Badge} state="none: it is not asked" kind="warn" />`) },
        { name: "Priced by", wide: true, cell: (/** @type {any} */ row) => PRICED_BY[row.priced_by] ?? row.priced_by },
      ]} />
    </${Card}>
    ${open && html`<${RouteForm} row=${open} onClose=${() => setOpen(null)} onDone=${done} />`}`;
}
