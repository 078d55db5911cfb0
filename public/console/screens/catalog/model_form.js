// A model's settings, of a new one or of one that is there.

import { api } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Area, Check, Form, Input, Select } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

const KINDS = ["chat", "embedding", "rerank", "image", "speech", "transcription"];
const MEMBERS = ["id", "name", "description", "context_length", "max_output", "input_modalities", "kind"];

/** @param {{ row: any, onClose: () => void, onDone: () => void }} props `row`: without an id, a new one is made. */
export function ModelForm({ row, onClose, onDone }) {
  const isNew = !row.id;
  const [form, setForm] = useState({
    id: row.id ?? "", name: row.name ?? "", description: row.description ?? "", kind: row.kind ?? "chat",
    context_length: String(row.context_length ?? 128000), max_output: String(row.max_output_tokens ?? 16384),
    input_modalities: (row.input_modalities ?? ["text"]).join(", "), reasoning: Boolean(row.reasoning), enabled: row.enabled ?? true,
  });
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const { run, busy, error } = useAct(async () => {
    const body = asked(form);
    if (isNew) await api("POST", "/admin/models", { body: { id: form.id.trim(), kind: form.kind, ...body } });
    else await api("PATCH", `/admin/models/${row.id}`, { body: { ...body, enabled: form.enabled } });
    toast(isNew ? "The model is there. It is asked as soon as it has a route with a price." : "The model was changed.");
    onDone();
  });
  const fault = (/** @type {string} */ name) => error?.param?.split(/[.[]/)[0] === name && error.message;
  return html`<${Dialog} title=${isNew ? "Add a model" : row.name} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${isNew
          ? html`<div class="fields">
              <${Input} label="Id" required autofocus placeholder="developer/model" value=${form.id} onValue=${set("id")} error=${fault("id")} />
              <${Select} label="Kind" value=${form.kind} onValue=${set("kind")} options=${KINDS.map((kind) => [kind, kind])} />
            </div>`
          : html`<code>${row.id}</code>`}
        <${Input} label="Name" value=${form.name} onValue=${set("name")} error=${fault("name")} />
        <${Area} label="Description" value=${form.description} onValue=${set("description")} error=${fault("description")} />
        <div class="fields">
          <${Input} label="Context" type="number" min="1" required value=${form.context_length} onValue=${set("context_length")} error=${fault("context_length")} hint="Tokens" />
          <${Input} label="Longest answer" type="number" min="1" required value=${form.max_output} onValue=${set("max_output")} error=${fault("max_output")} hint="Tokens" />
        </div>
        <${Input} label="Takes" value=${form.input_modalities} onValue=${set("input_modalities")} error=${fault("input_modalities")} hint="text, image, audio, file: what there is, with commas between." />
        <${Check} label="It thinks before it answers" checked=${form.reasoning} onValue=${set("reasoning")} />
        ${!isNew && html`<${Check} label="It can be asked" checked=${form.enabled} onValue=${set("enabled")} />`}
        ${!isNew && row.enabled && !form.enabled && html`<${Note} kind="warn">Every call of this model is refused from now on; those that run end as they would.</${Note}>`}
        ${!MEMBERS.includes(error?.param?.split(/[.[]/)[0]) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${isNew ? "Add" : "Save"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}

/** What both ways send. @param {any} form */
function asked(form) {
  return {
    ...(form.name.trim() && { name: form.name.trim() }), description: form.description,
    context_length: Number(form.context_length), max_output: Number(form.max_output), reasoning: form.reasoning,
    input_modalities: form.input_modalities.split(/[\s,]+/).filter(Boolean),
  };
}
