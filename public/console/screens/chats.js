// Chats that are kept: found by their words, read, renamed, taken along and deleted.

import { api } from "../lib/api.js";
import { compact, count, size, when } from "../lib/format.js";
import { to } from "../lib/route.js";
import { html, useState } from "../lib/ui.js";
import { useAct, useList, useLoad } from "../lib/use.js";
import { Chat } from "./chats/chat.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Form, Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Bone, Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Chats({ place }) {
  if (place.parts[1]) return html`<${Chat} key=${place.parts[1]} id=${place.parts[1]} />`;
  return html`<${AllChats} />`;
}

function AllChats() {
  const list = useList("/v1/chat/sessions", {});
  const stats = useLoad((signal) => api("GET", "/v1/chat/stats", { signal }), []);
  const kept = stats.data && `${count(stats.data.sessions)} of ${count(stats.data.sessions_limit)} chats, ${size(stats.data.bytes)} of ${size(stats.data.bytes_limit)}${stats.data.retention_days ? `, forgotten after ${stats.data.retention_days} days` : ""}.`;
  return html`<${Screen} title="Chats" hint=${kept ?? (stats.error ? "What was said in calls with a session." : html`<${Bone} />`)}>
    <${Search} />
    <${Card} bare>
      <${Table} label="Chats" list=${list} empty=${html`<${Empty} title="No chats are kept">A call with <code>?session_id=</code> is a turn of one: its history goes along, and what was said is kept, sealed. Make one by <code>POST /v1/chat/sessions</code>.</${Empty}>`}
        columns=${[
          { name: "Title", cell: (/** @type {any} */ chat) => html`<a class="clip" href=${to(["chats", chat.id])}>${chat.title || "Untitled"}</a>` },
          { name: "Model", wide: true, cell: (/** @type {any} */ chat) => html`<span class="clip">${chat.model ?? "–"}</span>` },
          { name: "Messages", number: true, cell: (/** @type {any} */ chat) => compact(chat.message_count) },
          { name: "Last message", number: true, cell: (/** @type {any} */ chat) => html`<span class="nowrap">${when(chat.updated_at)}</span>` },
        ]} />
    </${Card}>
  </${Screen}>`;
}

function Search() {
  const [query, setQuery] = useState("");
  const [found, setFound] = useState(/** @type {{ words: string, hits: any[] } | null} */ (null));
  const { run, busy, error } = useAct(async () => {
    const words = query.trim();
    setFound(null);
    setFound({ words, hits: (await api("POST", "/v1/chat/search", { body: { query: words, limit: 20 } })).data });
  });
  return html`<div class="stack">
    <${Form} class="filters" onSend=${run}>
      <${Input} label="Search messages" type="search" required value=${query} onValue=${(/** @type {string} */ text) => (setQuery(text), text || setFound(null))} />
      <${Button} type="submit" icon="search" busy=${busy}>Search</${Button}>
    </${Form}>
    <${Failure} error=${error} />
    ${found && html`<${Card} title=${found.hits.length > 0 ? `Messages with “${found.words}”` : `No message has “${found.words}”`} bare>
      <ul class="model-list">${found.hits.map((hit) => html`<li key=${hit.id}>
        <a class="clip" href=${to(["chats", hit.session_id])}>${textOf(hit.message)}</a><span class="soft small">${when(hit.created_at)}</span>
      </li>`)}</ul>
    </${Card}>`}
  </div>`;
}

/** The words of a message, whatever its form. @param {any} message @returns {string} */
export function textOf(message) {
  const content = message?.content ?? message;
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map((part) => part.text ?? (part.type ? `[${part.type}]` : "")).join(" ");
  return JSON.stringify(content ?? "");
}
