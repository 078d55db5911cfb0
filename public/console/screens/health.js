// Whether all is well: the stores, the providers, the ledger, the mail, and what trials come to.

import { api } from "../lib/api.js";
import { count, money, percent, since, words } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { Alerts } from "./health/alerts.js";
import { Ledger } from "./health/ledger.js";
import { Badge } from "../ui/badge.js";
import { Button } from "../ui/button.js";
import { Card, Facts } from "../ui/card.js";
import { Screen } from "../ui/screen.js";
import { Bones, Failure } from "../ui/states.js";

export default function Health() {
  const health = useLoad((signal) => api("GET", "/health", { key: "", signal }), []);
  const trials = useLoad((signal) => api("GET", "/admin/trial/analytics", { signal }), []);
  const mail = useLoad((signal) => api("GET", "/admin/notifications/stats", { signal }), []);
  const providers = Object.entries(health.data?.providers ?? {}).filter(([, state]) => state !== "not_configured");
  return html`<${Screen} title="Health" action=${html`<${Button} busy=${health.busy || trials.busy || mail.busy} onClick=${() => (health.reload(), trials.reload(), mail.reload())}>Refresh</${Button}>`}>
    <${Ledger} />
    <div class="columns">
      <${Part} title="Stores and providers" load=${health} badge=${health.data && html`<${Badge} state=${health.data.status} />`}>${() => html`<${Facts} items=${[
        ["Database", html`<${Badge} state=${health.data.database} />`],
        ["Redis", html`<${Badge} state=${health.data.redis} />`],
        ["Version", health.data.version],
        ["Providers", providers.length > 0 ? html`<div class="row">${providers.map(([name, state]) => html`<${Badge} key=${name} state=${String(state)} text=${name} />`)}</div>` : "none has a key"],
      ]} />`}</${Part}>
      <${Part} title="Mail" load=${mail}>${() => html`<${Facts} items=${[
        ["Due", count(mail.data.due)],
        ["Oldest", mail.data.oldest_due_at && since(mail.data.oldest_due_at)],
        ["Being sent", count(mail.data.sending)],
        ["Addresses that take none", count(mail.data.suppressed_addresses)],
        ...mail.data.ended.map((/** @type {any} */ it) => [`${words(it.kind)}, ${it.state}`, count(it.count)]),
      ]} />`}</${Part}>
      <${Part} title="Trials of the last 30 days" load=${trials}>${() => html`<${Facts} items=${[
        ["Begun", count(trials.data.begun)],
        ["Running", count(trials.data.active)],
        ["Never used", count(trials.data.unused)],
        ["Became customers", `${count(trials.data.converted)} (${percent(trials.data.conversion_rate)})`],
        ["Hours until then, median", trials.data.median_hours_to_convert],
        ["Credit given", money(trials.data.credits_granted)],
        ["Credit used", money(trials.data.credits_used)],
      ]} />`}</${Part}>
    </div>
    <${Alerts} />
  </${Screen}>`;
}

/** @param {{ title: string, load: { data: any, error: any, reload: () => void }, badge?: any, children: () => any }} props */
function Part({ title, load, badge, children }) {
  return html`<${Card} title=${title} action=${badge}>
    ${load.error ? html`<${Failure} error=${load.error} retry=${load.reload} />` : load.data ? children() : html`<${Bones} />`}
  </${Card}>`;
}
