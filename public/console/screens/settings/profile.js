// What the account says of itself, and its end.

import { api } from "../../lib/api.js";
import { date, words } from "../../lib/format.js";
import { end } from "../../lib/session.js";
import { html, useLayoutEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card, Facts } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Form, Input } from "../../ui/field.js";
import { Bones, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

export function Profile() {
  const profile = useLoad((signal) => api("GET", "/user/profile", { signal }), []);
  const [name, setName] = useState("");
  const [leaving, setLeaving] = useState(false);
  const has = profile.data;
  // At once, not after the next frame: what is typed meanwhile is not to be written over.
  useLayoutEffect(() => {
    if (has) setName(has.username ?? "");
  }, [has]);
  const save = useAct(async () => {
    await api("PATCH", "/user/profile", { body: { username: name.trim() || null } });
    toast("The profile was changed.");
    profile.reload();
  });
  const leave = async () => {
    await api("DELETE", "/user/account", { body: { confirmation: "DELETE_ACCOUNT" } });
    end();
  };
  if (!has) return html`<${Card} title="Profile">${profile.error ? html`<${Failure} error=${profile.error} retry=${profile.reload} />` : html`<${Bones} />`}</${Card}>`;
  return html`<div class="stack">
    <div class="columns">
      <${Card} title="Profile">
        <${Form} onSend=${save.run}>
          <${Input} label="Name" value=${name} onValue=${setName} autocomplete="nickname" placeholder="None" error=${save.error?.param === "username" && save.error.message} />
          ${save.error?.param !== "username" && html`<${Failure} error=${save.error} />`}
          <div><${Button} type="submit" busy=${save.busy}>Save</${Button}></div>
        </${Form}>
      </${Card}>
      <${Card} title="Account">
        <${Facts} items=${[
          ["E-mail", has.email],
          ...has.identities.filter((/** @type {any} */ it) => it.value !== has.email).map((/** @type {any} */ it) => [words(it.kind), it.value]),
          ["Role", has.role],
          ["Plan", has.plan],
          ["Since", date(has.created_at)],
          ["Id", html`<code>${has.id}</code>`],
        ]} />
      </${Card}>
    </div>
    <${Card} title="Delete the account" hint="Keys end at once, chats and stored answers are deleted, and what is left of the credit is lost. The ledger stays, without your name.">
      <${Button} kind="danger" onClick=${() => setLeaving(true)}>Delete the account</${Button}>
    </${Card}>
    ${leaving && html`<${Confirm} title="Delete the account" act="Delete it for good" word="DELETE" onAct=${leave} onClose=${() => setLeaving(false)}>
      <p>This cannot be taken back, by nobody.</p>
    </${Confirm}>`}
  </div>`;
}
