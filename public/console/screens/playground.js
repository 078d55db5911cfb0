// The playground: one conversation with one model or two, with what each answer cost and how long it took.

import { api } from "../lib/api.js";
import { stream } from "../lib/stream.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { useLoad } from "../lib/use.js";
import { Answer } from "./playground/answer.js";
import { AsCode } from "./playground/as_code.js";
import { Compose } from "./playground/compose.js";
import { Parameters, sent } from "./playground/parameters.js";
import { RequestSheet } from "./requests/sheet.js";
import { Button } from "../ui/button.js";
import { Card } from "../ui/card.js";
import { Input } from "../ui/field.js";
import { Screen } from "../ui/screen.js";
import { Empty } from "../ui/states.js";

/**
 * @typedef {object} Turn
 * @property {any} question The user's message.
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
  const body = (/** @type {number} */ at, /** @type {any} */ question) => ({
    model: models[at], ...sent(parameters),
    messages: [...(parameters.system.trim() ? [{ role: "system", content: parameters.system.trim() }] : []), ...history(turns, at), ...(question ? [question] : [])],
  });

  const ask = (/** @type {any} */ question) => {
    control.current = new AbortController();
    const { signal } = control.current;
    const at = turns.length;
    setTurns([...turns, { question, answers: models.map((model) => ({ ...NOTHING, model, running: true })) }]);
    models.forEach(async (_, index) => {
      const tell = (/** @type {any} */ told) => setTurns((before) => before.map((turn, there) => (there === at ? { ...turn, answers: turn.answers.map((answer, which) => (which === index ? { ...answer, ...told } : answer)) } : turn)));
      try {
        tell({ ...(await stream(body(index, question), tell, signal)), running: false });
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
        <div class="talk tall" aria-live="polite" aria-busy=${running ? "true" : "false"}>
          ${turns.length === 0 && html`<${Empty} title="Ask a model something">The answer comes as it is written, with its cost and the time to its first token.</${Empty}>`}
          ${turns.map((turn, at) => html`
            <article class="by-user" key=${`q${at}`}><h3>You</h3><${Said} content=${turn.question.content} /></article>
            <div class="answers" key=${`a${at}`}>${turn.answers.map((answer, index) => html`<${Answer} key=${index} answer=${answer} onDetails=${setSeen} />`)}</div>`)}
        </div>
        <${Compose} busy=${running} onAsk=${ask} onStop=${() => control.current?.abort()} />
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
    ${code && html`<${AsCode} bodies=${models.map((_, at) => body(at, turns.length === 0 && { role: "user", content: "Hello" }))} onClose=${() => setCode(false)} />`}
  </${Screen}>`;
}

/** A model of another developer, to begin a comparison with. @param {any[]} chats @param {string} model */
const another = (chats, model) => chats.find((it) => it.owned_by !== model.split("/")[0])?.id ?? model;

const NOTHING = { text: "", reasoning: "", calls: [], images: [], usage: null, finish: null, provider: null, requestId: null, firstMs: null, totalMs: null, gatewayMs: null };

/** What one model has heard and said before. A turn that failed is left out. @param {Turn[]} turns @param {number} at */
function history(turns, at) {
  return turns.filter((turn) => turn.answers[at]?.text).flatMap((turn) => [turn.question, { role: "assistant", content: turn.answers[at].text }]);
}

/** @param {{ content: any }} props */
function Said({ content }) {
  if (typeof content === "string") return html`<div class="said">${content}</div>`;
  return html`<div class="said">${content.map((/** @type {any} */ part, /** @type {number} */ at) => (part.type === "text" ? part.text : html`<img class="picture" key=${at} src=${part.image_url.url} alt="What was attached" />`))}</div>`;
}
