// For how long what was said is kept.

import { api } from "../../lib/api.js";
import { html, useEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, Input } from "../../ui/field.js";
import { Bones, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

export function Privacy() {
  const state = useLoad((signal) => api("GET", "/user/privacy", { signal }), []);
  const [chats, setChats] = useState("");
  const [responses, setResponses] = useState("");
  const has = state.data;
  useEffect(() => {
    if (!has) return;
    setChats(has.chat_retention_days === null ? "" : String(has.chat_retention_days));
    setResponses(String(has.response_retention_days));
  }, [has]);
  const { run, busy, error } = useAct(async () => {
    await api("PATCH", "/user/privacy", { body: { chat_retention_days: chats === "" ? null : Number(chats), response_retention_days: Number(responses) } });
    toast("It holds from now on.");
    state.reload();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  return html`<${Card} title="What is kept" hint="Of calls only chats and stored responses are kept, sealed. What is past its time is deleted, not hidden.">
    ${!has ? (state.error ? html`<${Failure} error=${state.error} retry=${state.reload} />` : html`<${Bones} />`) : html`<${Form} onSend=${run}>
      <div class="fields">
        <${Input} label="Days that chats are kept" type="number" min="1" value=${chats} onValue=${setChats} placeholder="for ever" error=${fault("chat_retention_days")} hint="Counted from the last message. None: until you delete them." />
        <${Input} label="Days that stored responses are kept" type="number" min="1" required value=${responses} onValue=${setResponses} error=${fault("response_retention_days")} />
      </div>
      ${error && !error.param && html`<${Failure} error=${error} />`}
      <div><${Button} type="submit" busy=${busy}>Save</${Button}></div>
    </${Form}>`}
  </${Card}>`;
}
