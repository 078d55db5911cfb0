// A key at a provider: which one, in which place it is asked, and what for.

import { all, api } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Area, Check, Form, Input } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {{ row?: any, onDone: () => void, onClose: () => void }} props */
export function ProviderKeyForm({ row, onDone, onClose }) {
  const providers = useLoad((signal) => api("GET", "/models/providers", { key: "", signal }), []);
  const keys = useLoad((signal) => all("/user/api-keys", {}, signal), []);
  const [form, setForm] = useState({
    provider: row?.provider ?? "", api_key: "", name: row?.name ?? "", priority: String(row?.priority ?? 0),
    is_fallback: row?.is_fallback ?? false, gateway_fallback: row?.gateway_fallback ?? false,
    allowed_models: (row?.allowed_models ?? []).join("\n"), allowed_keys: /** @type {string[]} */ (row?.allowed_keys ?? []),
  });
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const { run, busy, error } = useAct(async () => {
    const body = {
      name: form.name.trim() || null, priority: Number(form.priority), is_fallback: form.is_fallback, gateway_fallback: form.gateway_fallback,
      allowed_models: form.allowed_models.split(/[\s,]+/).filter(Boolean), allowed_keys: form.allowed_keys,
      ...(form.api_key.trim() && { api_key: form.api_key.trim() }),
    };
    if (row) await api("PATCH", `/user/provider-keys/${row.id}`, { body });
    // Beside the others that there are: none is replaced unseen.
    else await api("POST", "/user/provider-keys", { body: { ...body, provider: form.provider.trim(), additional: true } });
    toast(row ? "The key was changed." : "The key is kept, sealed.");
    onDone();
  });
  const at = error?.param?.split(/[.[]/)[0];
  const fault = (/** @type {string} */ name) => at === name && error.message;
  const usable = (keys.data ?? []).filter((key) => key.status === "active" || form.allowed_keys.includes(key.id));
  const pick = (/** @type {string} */ id) => (/** @type {boolean} */ on) => set("allowed_keys")(on ? [...form.allowed_keys, id] : form.allowed_keys.filter((it) => it !== id));
  return html`<${Dialog} title=${row ? "Change the provider key" : "Add a provider key"} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${row ? html`<p><strong>${row.provider}</strong> <code>…${row.last_four}</code></p>` : html`
          <${Input} label="Provider" required autofocus list="providers" value=${form.provider} onValue=${set("provider")} error=${fault("provider")} placeholder="openai" />
          <datalist id="providers">${(providers.data?.data ?? []).map((/** @type {any} */ it) => html`<option key=${it.id} value=${it.id}></option>`)}</datalist>`}
        <${Input} label=${row ? "Another key in its place" : "Its key"} type="password" required=${!row} value=${form.api_key} onValue=${set("api_key")} error=${fault("api_key")} placeholder=${row ? "as it is" : ""} />
        <div class="fields">
          <${Input} label="Name" maxlength="100" value=${form.name} onValue=${set("name")} error=${fault("name")} placeholder="None" />
          <${Input} label="Order" type="number" min="0" max="1000000" required value=${form.priority} onValue=${set("priority")} error=${fault("priority")} hint="The lowest is asked first." />
        </div>
        <${Check} label="Only behind all others" checked=${form.is_fallback} onValue=${set("is_fallback")} hint="Asked when no other key of yours can serve." />
        <${Check} label="Let your credit here step in" checked=${form.gateway_fallback} onValue=${set("gateway_fallback")} hint="What no key of yours can serve is then called and paid here, if all of those that might have say so." />
        <${Area} label="Models" rows="2" value=${form.allowed_models} onValue=${set("allowed_models")} error=${fault("allowed_models")} hint="One a line; openai/* is all of a developer's. None: every model." />
        ${usable.length > 0 && html`<fieldset class="stack-s"><legend>API keys whose calls use it</legend>
          <p class="soft small">None chosen: all of them.</p>
          ${usable.map((key) => html`<${Check} key=${key.id} label=${html`${key.name} <code>…${key.last_four}</code>`} checked=${form.allowed_keys.includes(key.id)} onValue=${pick(key.id)} />`)}
        </fieldset>`}
        ${error && !["provider", "api_key", "name", "priority", "allowed_models"].includes(at) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot">
        <${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} kind="primary" type="submit" busy=${busy}>${row ? "Save" : "Keep it"}</${Button}>
      </div>
    </${Form}>
  </${Dialog}>`;
}
