// Answers that are kept for calls that ask for the same again.

import { api } from "../../lib/api.js";
import { several } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { toast } from "../../ui/toast.js";

export function AnswerCache() {
  const [asked, setAsked] = useState(false);
  const forget = async () => {
    const { answers } = await api("DELETE", "/user/cache");
    toast(`${several(answers, "cached answer")} forgotten.`);
  };
  return html`<${Card} title="Cached answers" hint="A call that asks for it by x-gateway-cache is given the answer of the same call before it, as long as that is kept.">
    <${Button} kind="danger" onClick=${() => setAsked(true)}>Forget all cached answers</${Button}>
    ${asked && html`<${Confirm} title="Forget the cached answers" act="Forget them" onAct=${forget} onClose=${() => setAsked(false)}>
      <p>Every answer that is kept for this account's calls is erased. What is asked from then on is asked anew, and paid anew.</p>
    </${Confirm}>`}
  </${Card}>`;
}
