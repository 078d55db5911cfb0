// The playground: one conversation with one model or two, with what each answer cost and how long it took.

import { api } from "../lib/api.js";
import { stream } from "../lib/stream.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { Answer } from "./playground/answer.js";
import { AsCode } from "./playground/as_code.js";
import { Compose } from "./playground/compose.js";
import { Parameters, sent } from "./playground/parameters.js";
import { ToolResults } from "./playground/tool_results.js";
import { RequestSheet } from "./requests/sheet.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";

/**
 * @typedef {object} Turn
 * @property {any[]} asked The user's message, or what the tools gave that the answer before has called.
 * @property {(import("../lib/stream.js").Told & { error?: any, model: string, running: boolean })[]} answers One a model.
 */

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Playground({ place }) {
  const catalog = useLoad((signal) => api("GET", "/v1/models", { key: "", signal }), []);
  const [models, setModels] = useState([place.params.get("model") ?? "openai/gpt-4o-mini"]);
  const [parameters, setParameters] = useState({ system: "", temperature: "", max_tokens: "", top_p: "", reasoning_effort: "", tools: "" });
  const [turns, setTurns] = useState(/** @type {Turn[]} */ ([]));
  const [code, setCode] = useState(false);
  const [seen, setSeen] = useState("");
  const control = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => control.current?.abort(), []);
  const chats = (catalog.data?.data ?? []).filter((/** @type {any} */ model) => model.kind === "chat");
  const running = turns.some((turn) => turn.answers.some((answer) => answer.running));
  // Of two models each would want results of its own.
  const last = models.length === 1 ? turns.at(-1)?.answers[0] : null;
  const called = last && !last.running && !last.error ? last.calls : [];
  const body = (/** @type {number} */ at, /** @type {any[]} */ asked) => ({
    model: models[at], ...sent(parameters),
    messages: [...(parameters.system.trim() ? [{ role: "system", content: parameters.system.trim() }] : []), ...history(turns, at, asked), ...asked],
  });

  const ask = (/** @type {any[]} */ asked) => {
    control.current = new AbortController();
    const { signal } = control.current;
    const at = turns.length;
    setTurns([...turns, { asked, answers: models.map((model) => ({ ...NOTHING, model, running: true })) }]);
    models.forEach(async (_, index) => {
      const tell = (/** @type {any} */ told) => setTurns((before) => before.map((turn, there) => (there === at ? { ...turn, answers: turn.answers.map((answer, which) => (which === index ? { ...answer, ...told } : answer)) } : turn)));
      try {
        tell({ ...(await stream(body(index, asked), tell, signal)), running: false });
      } catch (error) {
        tell({ error: signal.aborted ? null : error, running: false });
      }
    });
  };

  return html`<${Screen} title="Playground" hint="Calls made here are charged like any other." action=${html`
      <${Button} disabled=${turns.length === 0} onClick=${() => (control.current?.abort(), setTurns([]))}>Clear</${Button}>
      <${Button} onClick=${() => setCode(true)}>As code</${Button}>`}>
    <div class="play">
      <${Card} bare>
        <p class="visually-hidden" role="status">${spoken(turns.at(-1))}</p>
        <div class="talk tall" role="region" aria-label="Conversation" tabindex="0" aria-busy=${running ? "true" : "false"}>
          ${turns.length === 0 && html`<${Empty} title="Ask a model something">The answer comes as it is written, with its cost and the time to its first token.</${Empty}>`}
          ${turns.map((turn, at) => html`
            <article class="by-user" key=${`q${at}`}>${turn.asked.map((message) => html`<h3>${message.role === "tool" ? "The tool" : "You"}</h3><${Said} content=${message.content} />`)}</article>
            <div class="answers" key=${`a${at}`}>${turn.answers.map((answer, index) => html`<${Answer} key=${index} answer=${answer} onDetails=${setSeen} />`)}</div>`)}
          ${called.length > 0 && html`<${ToolResults} key=${turns.length} calls=${called} onSend=${ask} />`}
        </div>
        <${Compose} busy=${running} onAsk=${(/** @type {any} */ message) => ask([message])} onStop=${() => control.current?.abort()} />
      </${Card}>
      <aside class="stack" aria-label="Settings">
        <datalist id="chat-models">${chats.map((/** @type {any} */ model) => html`<option key=${model.id} value=${model.id}>${model.name}</option>`)}</datalist>
        ${models.map((model, index) => html`<${Input} key=${index} label=${index === 0 ? "Model" : "Second model"} list="chat-models" value=${model} required
          onValue=${(/** @type {string} */ value) => setModels(models.map((it, there) => (there === index ? value : it)))} />`)}
        <div>${models.length === 1
          ? html`<${Button} kind="small" icon="plus" onClick=${() => (setModels([models[0], another(chats, models[0])]), setTurns([]))}>Compare with another</${Button}>`
          : html`<${Button} kind="small" icon="close" onClick=${() => (setModels([models[0]]), setTurns([]))}>One model only</${Button}>`}</div>
        <${Parameters} values=${parameters} onValues=${setParameters} />
      </aside>
    </div>
    ${seen && html`<${RequestSheet} id=${seen} path="/user/activity/log" screen="requests" onClose=${() => setSeen("")} />`}
    ${code && html`<${AsCode} bodies=${models.map((_, at) => body(at, turns.length === 0 ? [{ role: "user", content: "Hello" }] : []))} onClose=${() => setCode(false)} />`}
  </${Screen}>`;
}

/** What is said to who hears the page: that answers are under way, then each as a whole, and never token by token. @param {Turn} [turn] */
function spoken(turn) {
  return turn?.answers.map(({ model, running, error, text, calls }) => {
    if (running) return `${model} is answering.`;
    if (error) return `${model} did not answer.`;
    return text ? `${model}: ${text}` : calls.length > 0 ? `${model} calls ${calls.map((call) => call.name).join(", ")}.` : `${model} was stopped.`;
  }).join(" ") ?? "";
}

/** A model of another developer, to begin a comparison with. @param {any[]} chats @param {string} model */
const another = (chats, model) => chats.find((it) => it.owned_by !== model.split("/")[0])?.id ?? model;

const NOTHING = { text: "", reasoning: "", calls: [], images: [], usage: null, finish: null, provider: null, requestId: null, firstMs: null, totalMs: null, gatewayMs: null };

/**
 * What one model has heard and said before `next`. A turn that failed is left out, and so are calls of tools that were given no result.
 *
 * @param {Turn[]} turns @param {number} at @param {any[]} next @returns {any[]}
 */
function history(turns, at, next) {
  /** @type {any[]} */
  const said = [];
  let after = next;
  for (const turn of [...turns].reverse()) {
    const { text, calls } = turn.answers[at];
    const tool_calls = after[0]?.role === "tool" ? calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } })) : [];
    if (!text && tool_calls.length === 0) continue;
    said.unshift(...turn.asked, { role: "assistant", content: text || null, ...(tool_calls.length > 0 && { tool_calls }) });
    after = turn.asked;
  }
  return said;
}

/** @param {{ content: any }} props */
function Said({ content }) {
  if (typeof content === "string") return html`<div class="said">${content}</div>`;
  return html`<div class="said">${content.map((/** @type {any} */ part, /** @type {number} */ at) => (part.type === "text" ? part.text : html`<img class="picture" key=${at} src=${part.image_url.url} alt="What was attached" />`))}</div>`;
}
