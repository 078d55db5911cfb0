// One chat with its messages.

import { api, send } from "../../lib/api.js";
import { save } from "../../lib/csv.js";
import { several, when, words } from "../../lib/format.js";
import { go, to } from "../../lib/route.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { textOf } from "../chats.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Form, Input } from "../../ui/field.js";
import { Screen } from "../../ui/screen.js";
import { Bones, Empty, Failure } from "../../ui/states.js";

/** @param {{ id: string }} props */
export function Chat({ id }) {
  const path = `/v1/chat/sessions/${encodeURIComponent(id)}`;
  const chat = useLoad((signal) => read(path, signal), [path]);
  const [asked, setAsked] = useState("");
  const take = useAct(async () => {
    const response = await send("GET", `${path}/export`, { query: { format: "markdown" } });
    save(`chat-${id}.md`, await response.text(), "text/markdown");
  });
  const remove = async () => {
    await api("DELETE", path);
    go(to(["chats"]));
  };
  // What it is called is not known before it is there.
  const title = chat.data ? chat.data.title || "Untitled chat" : "Chat";
  return html`<${Screen} title=${title} hint=${chat.data && `${several(chat.data.message_count, "message")}, last ${when(chat.data.updated_at)}`} action=${html`
      <${Button} disabled=${!chat.data} onClick=${() => setAsked("rename")}>Rename</${Button}>
      <${Button} icon="download" busy=${take.busy} onClick=${take.run}>Markdown</${Button}>
      <${Button} kind="danger" disabled=${!chat.data} onClick=${() => setAsked("delete")}>Delete</${Button}>`}>
    <a href=${to(["chats"])}>All chats</a>
    <${Failure} error=${chat.error ?? take.error} retry=${chat.error ? chat.reload : undefined} />
    <${Card} bare>
      <div class="talk">
        ${!chat.data && !chat.error && html`<${Bones} lines=${6} />`}
        ${chat.data?.messages.length === 0 && html`<${Empty} title="Nothing was said yet" />`}
        ${chat.data?.messages.map((/** @type {any} */ row) => html`<article class=${row.message.role === "user" ? "by-user" : ""} key=${row.id}>
          <h3>${words(row.message.role ?? row.message.type ?? "message")} · ${when(row.created_at)}</h3>
          <div class="said">${textOf(row.message)}</div>
        </article>`)}
      </div>
    </${Card}>
    ${asked === "delete" && html`<${Confirm} title="Delete the chat" act="Delete" onAct=${remove} onClose=${() => setAsked("")}>
      <p><strong>${title}</strong> and all its messages are deleted at once and for good.</p>
    </${Confirm}>`}
    ${asked === "rename" && html`<${Rename} path=${path} title=${chat.data.title ?? ""} onClose=${() => setAsked("")} onDone=${() => (setAsked(""), chat.reload())} />`}
  </${Screen}>`;
}

/** The chat with all its messages. @param {string} path @param {AbortSignal} signal */
async function read(path, signal) {
  const first = await api("GET", path, { query: { limit: 100 }, signal });
  const messages = [...first.messages.data];
  let next = first.messages.next_cursor;
  while (next) {
    const more = await api("GET", path, { query: { limit: 100, cursor: next }, signal });
    messages.push(...more.messages.data);
    next = more.messages.next_cursor;
  }
  return { ...first, messages };
}

/** @param {{ path: string, title: string, onClose: () => void, onDone: () => void }} props */
function Rename({ path, title, onClose, onDone }) {
  const [name, setName] = useState(title);
  const { run, busy, error } = useAct(async () => {
    await api("PATCH", path, { body: { title: name.trim() || null } });
    onDone();
  });
  return html`<${Dialog} title="Rename the chat" onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body"><${Input} label="Title" autofocus value=${name} onValue=${setName} /><${Failure} error=${error} /></div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
