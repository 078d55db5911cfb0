// One account: what it is and has, and what an administrator can do for it. Each act asks, and is on the audit trail.

import { api } from "../../lib/api.js";
import { compact, count, date, money, moneyExact, since, when, words } from "../../lib/format.js";
import { to } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useList, useLoad } from "../../lib/use.js";
import { CreditDialog, LimitsDialog, PlanDialog, RoleDialog } from "./acts.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card, Facts, Stats } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Screen } from "../../ui/screen.js";
import { Bones, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

/** @param {{ id: string }} props */
export function User({ id }) {
  const user = useLoad((signal) => api("GET", `/admin/users/${encodeURIComponent(id)}`, { signal }), [id]);
  const trail = useList("/admin/audit-logs", { target_account_id: id, limit: 20 });
  const [act, setAct] = useState("");
  const has = user.data;
  const done = (/** @type {string} */ said) => {
    setAct("");
    toast(said);
    user.reload();
    trail.reload();
  };
  const close = () => setAct("");
  if (!has) return html`<${Screen} title="User">${user.error ? html`<${Failure} error=${user.error} retry=${user.reload} />` : html`<${Card}><${Bones} lines=${6} /></${Card}>`}</${Screen}>`;
  const disable = async () => {
    await api("PATCH", `/admin/users/${has.id}`, { body: { disabled: has.status !== "disabled" } });
    done(has.status === "disabled" ? "The account is open again." : "The account is shut.");
  };
  return html`<${Screen} title=${has.email ?? has.id} action=${has.status !== "deleted" && html`
      <${Button} kind="primary" onClick=${() => setAct("credit")}>Credit</${Button}>
      <${Button} onClick=${() => setAct("plan")}>Plan</${Button}>
      <${Button} onClick=${() => setAct("limits")}>Limits</${Button}>
      <${Button} onClick=${() => setAct("role")}>Role</${Button}>
      <${Button} kind="danger" onClick=${() => setAct("disable")}>${has.status === "disabled" ? "Enable" : "Disable"}</${Button}>`}>
    <div class="row"><a href=${to(["users"])}>All users</a><a href=${to(["traffic"], { account_id: has.id })}>Requests of this account</a></div>
    <${Stats} items=${[
      { label: "Balance", value: html`<span title=${moneyExact(has.balance)}>${money(has.balance)}</span>`, note: has.debt > 0 ? `${money(has.debt)} are owed` : "" },
      { label: "Held", value: money(has.held), note: "by running calls" },
      { label: "Requests", value: count(has.month.requests), note: "this month" },
      { label: "Tokens", value: compact(has.month.tokens), note: "this month" },
    ]} />
    <div class="columns">
      <${Card} title="Account" action=${html`<${Badge} state=${has.status} />`}>
        <${Facts} items=${[
          ["Name", has.username], ["Role", has.role], ["Keys", count(has.keys)], ["Last used", since(has.last_used_at)],
          ["Since", date(has.created_at)], ["Disabled", has.disabled_at && when(has.disabled_at)], ["Deleted", has.deleted_at && when(has.deleted_at)],
          ["Id", html`<code>${has.id}</code>`],
        ]} />
      </${Card}>
      <${Card} title="Plan and limits">
        <${Facts} items=${[
          ["In force", has.plan_in_force], ["Assigned", has.plan && `${has.plan}${has.plan_ends_at ? ` until ${date(has.plan_ends_at)}` : ""}`],
          ["Trial", has.trial && (has.trial.active ? `until ${date(has.trial.ends_at)}, ${count(has.trial.requests_left)} requests left` : "over")],
          ...Object.entries(has.rate_limits).filter(([, limit]) => limit !== null).map(([name, limit]) => [words(name), count(Number(limit))]),
        ]} />
      </${Card}>
    </div>
    <${Card} title="Audit trail" bare>
      <${Table} label="Audit trail of the account" list=${trail} empty=${html`<${Empty} title="Nothing yet" />`} columns=${[
        { name: "Time", cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.created_at)}</span>` },
        { name: "What", cell: (/** @type {any} */ row) => html`<code>${row.action}</code>` },
        { name: "By", cell: (/** @type {any} */ row) => (row.actor_account_id === has.id ? "the account itself" : row.actor_account_id ? html`<a href=${to(["users", row.actor_account_id])}>another account</a>` : "–") },
        { name: "From", wide: true, cell: (/** @type {any} */ row) => row.ip ?? "–" },
      ]} />
    </${Card}>
    ${act === "credit" && html`<${CreditDialog} user=${has} onDone=${done} onClose=${close} />`}
    ${act === "plan" && html`<${PlanDialog} user=${has} onDone=${done} onClose=${close} />`}
    ${act === "limits" && html`<${LimitsDialog} user=${has} onDone=${done} onClose=${close} />`}
    ${act === "role" && html`<${RoleDialog} user=${has} onDone=${done} onClose=${close} />`}
    ${act === "disable" && html`<${Confirm} title=${has.status === "disabled" ? "Enable the account" : "Disable the account"} act=${has.status === "disabled" ? "Enable" : "Disable"}
      danger=${has.status !== "disabled"} onAct=${disable} onClose=${close}>
      <p>${has.status === "disabled" ? "Its keys work again, and it can sign in." : "Every key of it is refused at once, and nobody can sign in to it. Nothing is deleted."}</p>
    </${Confirm}>`}
  </${Screen}>`;
}
