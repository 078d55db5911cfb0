// For how long what was said is kept, and whether what is used stands in the public rankings.

import { api } from "../../lib/api.js";
import { html, useLayoutEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { AnswerCache } from "./answer_cache.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, Input, Select } from "../../ui/field.js";
import { Bones, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @type {[string, string][]} */
const RANKINGS = [["counted", "Counted, without a name"], ["named", "Counted, with the names of its apps"], ["excluded", "Left out"]];

export function Privacy() {
  const state = useLoad((signal) => api("GET", "/user/privacy", { signal }), []);
  const [chats, setChats] = useState("");
  const [responses, setResponses] = useState("");
  const [ranking, setRanking] = useState("counted");
  const has = state.data;
  // At once, not after the next frame: what is typed meanwhile is not to be written over.
  useLayoutEffect(() => {
    if (!has) return;
    setChats(has.chat_retention_days === null ? "" : String(has.chat_retention_days));
    setResponses(String(has.response_retention_days));
    setRanking(has.ranking);
  }, [has]);
  const { run, busy, error } = useAct(async () => {
    await api("PATCH", "/user/privacy", { body: { chat_retention_days: chats === "" ? null : Number(chats), response_retention_days: Number(responses), ranking } });
    toast("It holds from now on.");
    state.reload();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  return html`<div class="stack"><${Card} title="What is kept" hint="Of calls only chats and stored responses are kept, sealed. What is past its time is deleted, not hidden.">
    ${!has ? (state.error ? html`<${Failure} error=${state.error} retry=${state.reload} />` : html`<${Bones} />`) : html`<${Form} onSend=${run}>
      <div class="fields">
        <${Input} label="Days that chats are kept" type="number" min="1" value=${chats} onValue=${setChats} placeholder="for ever" error=${fault("chat_retention_days")} hint="Counted from the last message. None: until you delete them." />
        <${Input} label="Days that stored responses are kept" type="number" min="0" required value=${responses} onValue=${setResponses} error=${fault("response_retention_days")} hint="0: none is stored, whatever a call says." />
      </div>
      <${Select} label="In the public rankings" value=${ranking} onValue=${setRanking} options=${RANKINGS} error=${fault("ranking")} hint="The rankings show what models and apps are used most. An app that few accounts use stands there only if it is named here." />
      ${error && !error.param && html`<${Failure} error=${error} />`}
      <div><${Button} type="submit" busy=${busy}>Save</${Button}></div>
    </${Form}>`}
  </${Card}><${AnswerCache} /></div>`;
}
