// All models, disabled ones included: found by a word, changed, made.

import { compact, several } from "../../lib/format.js";
import { change, to } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useList, useTyped } from "../../lib/use.js";
import { ModelForm } from "./model_form.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, Input, Select } from "../../ui/field.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

/** @param {{ place: import("../../lib/route.js").Route }} props */
export function Models({ place }) {
  const search = place.params.get("search") ?? "";
  const enabled = place.params.get("enabled") ?? "";
  const list = useList("/admin/models", { search, enabled });
  const [typed, setTyped] = useTyped(search);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const done = () => {
    setOpen(null);
    list.reload();
  };
  const add = html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({})}>Add a model</${Button}>`;
  return html`<div class="spread">
      <${Form} class="filters" onSend=${() => change({ search: typed.trim() })}>
        <${Input} label="Search" type="search" value=${typed} onValue=${setTyped} placeholder="Name or id" />
        <${Select} label="State" value=${enabled} onValue=${(/** @type {string} */ enabled) => change({ enabled })} options=${[["", "Any"], ["true", "Enabled"], ["false", "Disabled"]]} />
        <${Button} type="submit" icon="search">Search</${Button}>
      </${Form}>
      ${add}
    </div>
    <${Card} bare>
      <${Table} label="Models of the catalog" list=${list} empty=${html`<${Empty} title="No model is like this" action=${html`<a class="button" href=${to(["catalog", "models"])}>Show all</a>`} />`} columns=${[
        { name: "Model", cell: (/** @type {any} */ row) => html`<button class="link clip" onClick=${() => setOpen(row)}>${row.name}</button><code class="sub clip">${row.id}</code>` },
        { name: "State", cell: (/** @type {any} */ row) => html`<div class="row"><${Badge} state=${row.enabled ? "active" : "disabled"} text=${row.enabled ? "enabled" : "disabled"} />${row.deprecated_at && html`<${Badge} state="deprecated" kind="warn" />`}${row.changed_by_hand && html`<${Badge} state="changed by hand" />`}</div>` },
        { name: "Kind", wide: true, cell: (/** @type {any} */ row) => row.kind },
        { name: "Context", number: true, wide: true, cell: (/** @type {any} */ row) => compact(row.context_length) },
        { name: "Routes", number: true, cell: (/** @type {any} */ row) => html`<a href=${to(["catalog", "routes"], { model: row.id })}>${several(row.routes.length, "route")}<span class="visually-hidden"> of ${row.name}</span></a>` },
      ]} />
    </${Card}>
    ${open && html`<${ModelForm} row=${open} onClose=${() => setOpen(null)} onDone=${done} />`}`;
}
