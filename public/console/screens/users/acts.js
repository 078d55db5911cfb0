// What an administrator does for an account, each in a dialog that says what will happen.

import { all, api } from "../../lib/api.js";
import { money, words } from "../../lib/format.js";
import { html, useMemo, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Form, Input, Select } from "../../ui/field.js";
import { Failure } from "../../ui/states.js";

/** @typedef {{ user: any, onDone: (said: string) => void, onClose: () => void }} Props */

/** @param {{ title: string, act: string, send: () => Promise<string>, onDone: (said: string) => void, onClose: () => void, children: any }} props */
function Act({ title, act, send, onDone, onClose, children }) {
  const { run, busy, error } = useAct(async () => onDone(await send()));
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">${children}<${Failure} error=${error} /></div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${act}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}

/** @param {Props} props */
export function CreditDialog({ user, onDone, onClose }) {
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const [ends, setEnds] = useState("");
  // A second press, or a second try after a lost answer, gives nothing twice.
  const once = useMemo(() => `console-${Date.now()}-${Math.random()}`, []);
  const dollars = Number(amount) || 0;
  const send = async () => {
    const body = { account_id: user.id, amount: dollars, ...(reason.trim() ? { reason: reason.trim() } : {}), ...(ends && dollars > 0 ? { expires_at: new Date(`${ends}T23:59:59`).toISOString() } : {}) };
    const answer = await api("POST", "/admin/add_credits", { body, idempotencyKey: once });
    return `The balance is ${money(answer.balance)} now.`;
  };
  return html`<${Act} title="Credit" act=${dollars < 0 ? `Take ${money(-dollars)}` : `Give ${money(dollars)}`} send=${send} onDone=${onDone} onClose=${onClose}>
    <${Input} label="Dollars" type="number" step="any" required autofocus value=${amount} onValue=${setAmount} hint="Less than nothing takes unspent credit back." />
    <${Input} label="Reason" value=${reason} onValue=${setReason} hint="Its owner reads it in the ledger." />
    <${Input} label="Lapses on" type="date" value=${ends} onValue=${setEnds} />
  </${Act}>`;
}

/** @param {Props} props */
export function PlanDialog({ user, onDone, onClose }) {
  const plans = useLoad((signal) => api("GET", "/plans", { key: "", signal }), []);
  const [plan, setPlan] = useState(user.plan ?? "");
  const [ends, setEnds] = useState("");
  const send = async () => {
    const body = { account_id: user.id, plan: plan || null, ...(plan && ends ? { ends_at: new Date(`${ends}T23:59:59`).toISOString() } : {}) };
    const answer = await api("POST", "/admin/assign-plan", { body });
    return `The plan in force is ${answer.plan_in_force}.`;
  };
  return html`<${Act} title="Plan" act="Assign" send=${send} onDone=${onDone} onClose=${onClose}>
    <${Select} label="Plan" value=${plan} onValue=${setPlan} options=${[["", "None: what it pays for decides"], ...(plans.data?.data ?? (plan ? [{ id: plan, name: plan }] : [])).map((/** @type {any} */ it) => [it.id, it.name])]}
      hint="It brings the plan's limits, not its credit." />
    ${plan && html`<${Input} label="Until" type="date" value=${ends} onValue=${setEnds} hint="None: until it is taken away." />`}
  </${Act}>`;
}

/** @param {Props} props */
export function LimitsDialog({ user, onDone, onClose }) {
  const names = Object.keys(user.rate_limits);
  const [limits, setLimits] = useState(() => Object.fromEntries(names.map((name) => [name, user.rate_limits[name] === null ? "" : String(user.rate_limits[name])])));
  const send = async () => {
    const body = { account_id: user.id, limits: Object.fromEntries(names.map((name) => [name, limits[name] === "" ? null : Number(limits[name])])) };
    await api("POST", "/admin/limit", { body });
    return "The limits hold from now on.";
  };
  return html`<${Act} title="Limits" act="Set" send=${send} onDone=${onDone} onClose=${onClose}>
    <p class="soft">In place of its plan's. What is empty is the plan's.</p>
    <div class="fields">${names.map((name) => html`<${Input} key=${name} label=${words(name)} type="number" min="1" value=${limits[name]} placeholder="the plan's"
      onValue=${(/** @type {string} */ value) => setLimits((before) => ({ ...before, [name]: value }))} />`)}</div>
  </${Act}>`;
}

/** @param {Props} props */
export function RoleDialog({ user, onDone, onClose }) {
  const roles = useLoad((signal) => all("/admin/roles", {}, signal), []);
  const [role, setRole] = useState(user.role);
  const chosen = roles.data?.find((it) => it.name === role);
  const send = async () => {
    const answer = await api("POST", "/admin/roles/assign", { body: { account_id: user.id, role } });
    return `It was ${answer.former_role} and is ${answer.role} now.`;
  };
  return html`<${Act} title="Role" act="Assign" send=${send} onDone=${onDone} onClose=${onClose}>
    <${Select} label="Role" value=${role} onValue=${setRole} options=${(roles.data ?? [{ name: user.role }]).map((it) => [it.name, it.name])} />
    <p class="soft">${chosen && (chosen.permissions.includes("*") ? "It may do everything." : `It may: ${chosen.permissions.join(", ")}.`)} Its keys lose what the role does not have.</p>
  </${Act}>`;
}
