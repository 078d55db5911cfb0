// What goes along with the messages. What is empty is the provider's own default.

import { html } from "../../lib/ui.js";
import { Area, Input, Select } from "../../ui/field.js";

/** @param {{ values: Record<string, string>, onValues: (values: any) => void }} props */
export function Parameters({ values, onValues }) {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => onValues({ ...values, [name]: value });
  return html`
    <${Area} label="System prompt" value=${values.system} onValue=${set("system")} placeholder="None" />
    <div class="fields">
      <${Input} label="Temperature" type="number" min="0" max="2" step="0.1" value=${values.temperature} onValue=${set("temperature")} placeholder="default" />
      <${Input} label="Top p" type="number" min="0" max="1" step="0.05" value=${values.top_p} onValue=${set("top_p")} placeholder="default" />
      <${Input} label="Max tokens" type="number" min="1" value=${values.max_tokens} onValue=${set("max_tokens")} placeholder="the model's" />
      <${Select} label="Reasoning" value=${values.reasoning_effort} onValue=${set("reasoning_effort")} options=${[["", "default"], ["low", "low"], ["medium", "medium"], ["high", "high"]]} />
    </div>
    <details>
      <summary>Tools</summary>
      <${Area} label="Tools, as JSON" rows="6" spellcheck=${false} class="mono" value=${values.tools} onValue=${set("tools")} placeholder=${EXAMPLE}
        error=${values.tools.trim() && !parsed(values.tools) && "This is not a JSON list yet, so it is not sent."} hint="What it calls is not run: you write what it gives." />
    </details>`;
}

const EXAMPLE = `[{"type": "function", "function": {
  "name": "weather",
  "parameters": {"type": "object",
    "properties": {"city": {"type": "string"}}}
}}]`;

/** The tools, if the text is a list of some. @param {string} text @returns {any[] | null} */
function parsed(text) {
  try {
    const tools = JSON.parse(text);
    return Array.isArray(tools) && tools.length > 0 ? tools : null;
  } catch {
    return null;
  }
}

/** As the API takes them. @param {Record<string, string>} values */
export function sent({ temperature, top_p, max_tokens, reasoning_effort, tools }) {
  return {
    ...(parsed(tools) && { tools: parsed(tools) }),
    ...(temperature !== "" && { temperature: Number(temperature) }),
    ...(top_p !== "" && { top_p: Number(top_p) }),
    ...(max_tokens !== "" && { max_completion_tokens: Number(max_tokens) }),
    ...(reasoning_effort !== "" && { reasoning_effort }),
  };
}
