// Where one is signed in, and what happened to keys and sign-ins.

import { all, api } from "../../lib/api.js";
import { several, when, words } from "../../lib/format.js";
import { end, session } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";
import { useList, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Empty } from "../../ui/states.js";
import { Table } from "../../ui/table.js";

/** What the API calls a key that a sign-in has made. */
const FROM_SIGN_IN = "Sign-in key";

export function Security() {
  const keys = useLoad((signal) => all("/user/api-keys", { status: "active" }, signal), []);
  const log = useList("/user/api-keys/audit-logs", {});
  const [asked, setAsked] = useState(false);
  const begun = (keys.data ?? []).filter((key) => key.name === FROM_SIGN_IN && !key.is_primary);
  const endAll = async () => {
    const own = session()?.keyId;
    // The key that asks goes last.
    for (const key of begun.filter((it) => it.id !== own)) await api("DELETE", `/user/api-keys/${key.id}`);
    if (own) await api("DELETE", `/user/api-keys/${own}`);
    end();
  };
  return html`<div class="stack">
    <${Card} title="Signed in" hint="Each sign-in by a mailed code has a key of its own, which ends when you sign out.">
      <div class="spread"><span>${keys.data ? `${several(begun.length, "active sign-in")} by mailed code.` : " "}</span>
        <${Button} kind="danger" disabled=${begun.length === 0} onClick=${() => setAsked(true)}>Sign out everywhere</${Button}></div>
    </${Card}>
    <${Card} title="Security log" bare hint="Keys, sign-ins and refused attempts, newest first.">
      <${Table} label="What happened to keys and sign-ins" list=${log} empty=${html`<${Empty} title="Nothing yet" />`} columns=${[
        { name: "Time", cell: (/** @type {any} */ row) => html`<span class="nowrap">${when(row.created_at)}</span>` },
        { name: "What", cell: (/** @type {any} */ row) => words(row.action.replaceAll(".", " ")) },
        { name: "By", wide: true, cell: (/** @type {any} */ row) => row.actor },
        { name: "From", cell: (/** @type {any} */ row) => html`<span>${row.ip ?? "–"}</span><span class="sub clip">${row.user_agent}</span>` },
      ]} />
    </${Card}>
    ${asked && html`<${Confirm} title="Sign out everywhere" act="Sign out everywhere" onAct=${endAll} onClose=${() => setAsked(false)}>
      <p>These keys end: ${begun.map((key) => `…${key.last_four}`).join(", ")}. Whoever signed in by them, here or elsewhere, is out. Keys that you made yourself stay.</p>
    </${Confirm}>`}
  </div>`;
}
