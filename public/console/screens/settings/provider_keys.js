// Own keys at providers: calls by them are paid there and cost nothing here.

import { api } from "../../lib/api.js";
import { date, since } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Form, Input } from "../../ui/field.js";
import { Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function ProviderKeys() {
  const keys = useLoad((signal) => api("GET", "/user/provider-keys", { signal }), []);
  const providers = useLoad((signal) => api("GET", "/models/providers", { key: "", signal }), []);
  const [form, setForm] = useState({ provider: "", api_key: "", name: "" });
  const [gone, setGone] = useState(/** @type {any} */ (null));
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const { run, busy, error } = useAct(async () => {
    await api("POST", "/user/provider-keys", { body: { provider: form.provider.trim(), api_key: form.api_key.trim(), ...(form.name.trim() ? { name: form.name.trim() } : {}) } });
    toast("The key is kept, sealed.");
    setForm({ provider: "", api_key: "", name: "" });
    keys.reload();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  const remove = async () => {
    await api("DELETE", `/user/provider-keys/${gone.id}`);
    keys.reload();
  };
  return html`<div class="stack">
    <${Card} title="Own keys at providers" bare hint="Calls of their models go by your key, are paid there and cost nothing here.">
      <${Table} label="Provider keys" list=${{ ...keys, data: keys.data?.data ?? null }} id=${(/** @type {any} */ row) => row.id}
        empty=${html`<${Empty} title="None is kept">Without one, calls are paid by your credit here.</${Empty}>`} columns=${[
          { name: "Provider", cell: (/** @type {any} */ row) => row.provider },
          { name: "Name", wide: true, cell: (/** @type {any} */ row) => html`<span class="clip">${row.name ?? "–"}</span>` },
          { name: "Key", cell: (/** @type {any} */ row) => html`<code>…${row.last_four}</code>` },
          { name: "Kept", wide: true, cell: (/** @type {any} */ row) => date(row.created_at) },
          { name: "Used", wide: true, cell: (/** @type {any} */ row) => since(row.last_used_at) },
          { name: "Actions", quiet: true, number: true, cell: (/** @type {any} */ row) => html`<${Button} kind="small danger" onClick=${() => setGone(row)}>Forget<span class="visually-hidden"> ${row.provider}</span></${Button}>` },
        ]} />
    </${Card}>
    <${Card} title="Keep a key">
      <${Form} onSend=${run}>
        <div class="fields">
          <${Input} label="Provider" required list="providers" value=${form.provider} onValue=${set("provider")} error=${fault("provider")} placeholder="openai" />
          <${Input} label="Its key" type="password" required value=${form.api_key} onValue=${set("api_key")} error=${fault("api_key")} />
          <${Input} label="Name" value=${form.name} onValue=${set("name")} error=${fault("name")} placeholder="None" />
        </div>
        <datalist id="providers">${(providers.data?.data ?? []).map((/** @type {any} */ it) => html`<option key=${it.id} value=${it.id}></option>`)}</datalist>
        ${!["provider", "api_key", "name"].includes(error?.param) && html`<${Failure} error=${error} />`}
        <div><${Button} kind="primary" type="submit" busy=${busy}>Keep it</${Button}></div>
      </${Form}>
    </${Card}>
    ${gone && html`<${Confirm} title="Forget the key" act="Forget it" onAct=${remove} onClose=${() => setGone(null)}>
      <p>Calls of ${gone.provider}'s models go by your next key there, or are paid by your credit, from then on.</p>
    </${Confirm}>`}
  </div>`;
}
