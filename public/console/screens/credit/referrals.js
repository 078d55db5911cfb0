// Recommending the gateway: the link, what it has brought, and who came by it.

import { api } from "../../lib/api.js";
import { count, date, money } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useList, useLoad } from "../../lib/use.js";
import { useMe } from "../../lib/me.js";
import { Badge } from "../../ui/badge.js";
import { Button, Copy } from "../../ui/button.js";
import { Card, Stats } from "../../ui/card.js";
import { Form, Input } from "../../ui/field.js";
import { Bone, Bones, Empty, Failure } from "../../ui/states.js";
import { Table } from "../../ui/table.js";
import { toast } from "../../ui/toast.js";

export function Referrals() {
  const code = useLoad((signal) => api("GET", "/referral/code", { signal }), []);
  const stats = useLoad((signal) => api("GET", "/referral/stats", { signal }), []);
  const list = useList("/referral/history", {});
  const { profile, reload } = useMe();
  const bone = html`<${Bone} />`;
  const figure = (/** @type {(it: any) => any} */ value) => (stats.data ? value(stats.data) : bone);
  return html`<div class="stack">
    <div class="columns">
      <${Card} title="Your link">
        ${code.error ? html`<${Failure} error=${code.error} retry=${code.reload} />` : !code.data ? html`<${Bones} lines=${2} />` : html`<div class="stack">
          <p>Who signs up by it and buys ${money(code.data.min_purchase)} or more brings you ${money(code.data.reward)} of credit.</p>
          <div class="secret"><code>${code.data.link}</code><${Copy} text=${code.data.link} kind="" /></div>
        </div>`}
      </${Card}>
      ${profile && !profile.referred_by && html`<${Apply} onDone=${reload} />`}
    </div>
    <${Stats} items=${[
      { label: "Signed up", value: figure((it) => count(it.referred)) },
      { label: "Earned", value: figure((it) => money(it.earned)) },
      { label: "Due", value: figure((it) => money(it.due)), note: "once the time for returns is over" },
    ]} />
    <${Card} title="Your referrals" bare>
      <${Table} label="Referrals" list=${list} empty=${html`<${Empty} title="Nobody yet">Share your link: you are rewarded once somebody has signed up and bought credit.</${Empty}>`} columns=${[
        { name: "Since", cell: (/** @type {any} */ row) => date(row.created_at) },
        { name: "State", cell: (/** @type {any} */ row) => html`<${Badge} state=${row.state} />` },
        { name: "Due", wide: true, cell: (/** @type {any} */ row) => date(row.due_at) },
        { name: "Reward", number: true, cell: (/** @type {any} */ row) => money(row.reward) },
      ]} />
    </${Card}>
  </div>`;
}

/** @param {{ onDone: () => void }} props */
function Apply({ onDone }) {
  const [code, setCode] = useState("");
  const { run, busy, error } = useAct(async () => {
    await api("POST", "/referral/apply", { body: { code: code.trim() } });
    toast("Thank you: it is noted who recommended this to you.");
    onDone();
  });
  return html`<${Card} title="Who recommended it to you?">
    <${Form} onSend=${run}>
      <${Input} label="Their code" required value=${code} onValue=${setCode} />
      <${Failure} error=${error} />
      <div><${Button} type="submit" busy=${busy}>Submit</${Button}></div>
    </${Form}>
  </${Card}>`;
}
