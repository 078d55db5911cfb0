// A new key, or other settings of one: what it may do, and how much.

import { api } from "../../lib/api.js";
import { html, useMemo, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Area, Check, Form, Input, MoneyInput, Select } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";
import { begin, body, RATES } from "./settings.js";

/** @type {[string, string][]} */
const ENVIRONMENTS = [["", "This deployment's"], ["live", "Live"], ["test", "Test"], ["staging", "Staging"], ["development", "Development"]];
/** @type {[string, string][]} */
const PERIODS = [["", "in all"], ["day", "a day"], ["week", "a week"], ["month", "a month"]];
/** @type {[string, string][]} */
const ACCESS = [["calls", "Calls of models, chats and figures"], ["inference", "Calls of models alone"], ["all", "Everything that you may do"], ["own", "Chosen scopes"]];

/** @param {{ row?: any, onDone: (answer: any) => void, onClose: () => void }} props */
export function KeyForm({ row, onDone, onClose }) {
  const [form, setForm] = useState(() => begin(row));
  const once = useMemo(() => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, []);
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const { run, busy, error } = useAct(async () => {
    if (row) {
      const answer = await api("PATCH", `/user/api-keys/${row.id}`, { body: body(form, row) });
      toast("The key was changed.");
      onDone(answer);
    } else {
      onDone(await api("POST", "/user/api-keys", { body: body(form), idempotencyKey: once }));
    }
  });
  const fault = (/** @type {string} */ name) => error?.param?.split(/[.[]/)[0] === name && error.message;
  const shown = ["name", "spend_limit", "max_requests", "cache_ttl", "expires_in_days", "scopes", "allowed_models", "ip_allowlist", "domain_allowlist"];
  return html`<${Dialog} title=${row ? "Change the key" : "Create a key"} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        <${Input} label="Name" required maxlength="100" autofocus value=${form.name} onValue=${set("name")} error=${fault("name")} placeholder="What will use it" />
        ${!row && html`<${Select} label="Environment" value=${form.environment} onValue=${set("environment")} options=${ENVIRONMENTS} hint="Its prefix says it, and usage is told apart by it." />`}
        <${Select} label="It may be used for" value=${form.access} onValue=${set("access")} options=${ACCESS} error=${form.access !== "own" && fault("scopes")} />
        ${form.access === "own" && html`<${Area} label="Scopes" value=${form.scopes} onValue=${set("scopes")} error=${fault("scopes")} hint="One a line, as inference or keys:read." />`}
        <div class="fields">
          <${MoneyInput} label="Spend limit" value=${form.amount} onValue=${set("amount")} error=${fault("spend_limit")} placeholder="none" />
          <${Select} label="Period" value=${form.period} onValue=${set("period")} options=${PERIODS} />
        </div>
        <details open=${Boolean(row) && form.hasMore}>
          <summary>More settings</summary>
          <div class="stack">
            <div class="fields">
              <${Input} label="Requests in all" type="number" min="1" value=${form.max_requests} onValue=${set("max_requests")} error=${fault("max_requests")} placeholder="no limit" />
              <${Input} label="Ends after days" type="number" min="1" max="3650" value=${form.expires_in_days} onValue=${set("expires_in_days")} error=${fault("expires_in_days")} placeholder=${row?.expires_at ? "as it is" : "never"} />
              <${Input} label="Keep answers for seconds" type="number" min="1" max="86400" value=${form.cache_ttl} onValue=${set("cache_ttl")} error=${fault("cache_ttl")} placeholder="not at all" />
              ${RATES.map(([name, label]) => html`<${Input} key=${name} label=${label} type="number" min="1" value=${form.rates[name] ?? ""} placeholder="the account's"
                onValue=${(/** @type {string} */ value) => set("rates")({ ...form.rates, [name]: value })} />`)}
            </div>
            <${Area} label="Models" rows="2" value=${form.allowed_models} onValue=${set("allowed_models")} error=${fault("allowed_models")} hint="One a line; openai/* is all of a developer's. None: every model." />
            <${Area} label="Addresses" rows="2" value=${form.ip_allowlist} onValue=${set("ip_allowlist")} error=${fault("ip_allowlist")} hint="One a line, as 203.0.113.0/24. None: from anywhere." />
            <${Area} label="Sites" rows="2" value=${form.domain_allowlist} onValue=${set("domain_allowlist")} error=${fault("domain_allowlist")} hint="Hosts whose pages may use it, one a line. None: any." />
            <${Check} label="Put what is said into traces" hint="Into those of the operator's: the messages of each call and its answer. Else nobody but the provider gets them."
              checked=${form.trace_content} onValue=${set("trace_content")} />
            ${row?.expires_at && html`<${Check} label="Let it never end" checked=${form.forEver} onValue=${set("forEver")} />`}
          </div>
        </details>
        ${error && !shown.includes(error.param?.split(/[.[]/)[0]) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot">
        <${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} kind="primary" type="submit" busy=${busy}>${row ? "Save" : "Create"}</${Button}>
      </div>
    </${Form}>
  </${Dialog}>`;
}
