// A new webhook, or another address or other events for one.

import { api } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Check, Form, Input } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";

/** What can be heard of. @type {[string, string][]} */
const EVENTS = [
  ["payment.succeeded", "A payment has arrived and its credit is there."],
  ["payment.refunded", "A refund was made."],
  ["balance.low", "The balance falls below its threshold, or to nothing."],
  ["key.spend_limit_reached", "A key has spent what it may."],
  ["end_user.budget_reached", "An end user has spent 80 % of its budget, or all of it."],
  ["key.expiring", "A key expires soon."],
  ["subscription.changed", "A plan begins, changes or ends."],
  ["spend.threshold_reached", "As much was spent on a day or in a month as you have set under Notifications."],
  ["provider_key.refused", "A provider refused your own key."],
  ["usage.daily", "A day is over: what was used on it."],
];

/** @param {{ row?: any, onDone: (answer: any) => void, onClose: () => void }} props */
export function WebhookForm({ row, onDone, onClose }) {
  const [url, setUrl] = useState(row?.url ?? "");
  const [description, setDescription] = useState(row?.description ?? "");
  const [events, setEvents] = useState(/** @type {string[]} */ (row?.events ?? ["payment.succeeded", "balance.low"]));
  const { run, busy, error } = useAct(async () => {
    const body = { url: url.trim(), description: description.trim() || null, events };
    onDone(await (row ? api("PATCH", `/user/webhooks/${row.id}`, { body }) : api("POST", "/user/webhooks", { body })));
  });
  const fault = (/** @type {string} */ name) => error?.param?.split(/[.[]/)[0] === name && error.message;
  return html`<${Dialog} title=${row ? "Change the webhook" : "Add a webhook"} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        <${Input} label="Address" type="url" required autofocus value=${url} onValue=${setUrl} error=${fault("url")} placeholder="https://example.com/webhooks" />
        <${Input} label="Description" value=${description} onValue=${setDescription} error=${fault("description")} placeholder="None" />
        <fieldset class="stack-s"><legend>Events</legend>
          ${EVENTS.map(([name, text]) => html`<${Check} key=${name} label=${name} hint=${text} checked=${events.includes(name)}
            onValue=${(/** @type {boolean} */ on) => setEvents((before) => (on ? [...before, name] : before.filter((it) => it !== name)))} />`)}
        </fieldset>
        ${!["url", "description"].includes(error?.param) && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${row ? "Save" : "Add"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
