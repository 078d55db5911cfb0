// What the tools give that an answer has called: nothing runs here, so that it is written by hand.

import { html, useState } from "../../lib/ui.js";
import { Button } from "../../ui/button.js";
import { Area, Form } from "../../ui/field.js";

/** @param {{ calls: { id: string, name: string, arguments: string }[], onSend: (messages: any[]) => void }} props */
export function ToolResults({ calls, onSend }) {
  const [results, setResults] = useState(calls.map(() => ""));
  const send = () => onSend(calls.map((call, at) => ({ role: "tool", tool_call_id: call.id, content: results[at] })));
  return html`<${Form} onSend=${send} aria-label="Results of the tools">
    ${calls.map((call, at) => html`<${Area} key=${at} label=${`What ${call.name} gives`} hint=${`For ${call.arguments}`.slice(0, 200)} class="mono" spellcheck=${false} required value=${results[at]}
      onValue=${(/** @type {string} */ text) => setResults(results.map((it, there) => (there === at ? text : it)))} placeholder=${'{"degrees": 21}'} />`)}
    <div><${Button} kind="small" type="submit">Go on with it</${Button}></div>
  </${Form}>`;
}
