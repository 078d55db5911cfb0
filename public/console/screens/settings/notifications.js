// Which mail the account gets.

import { api } from "../../lib/api.js";
import { words } from "../../lib/format.js";
import { html, useLayoutEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Thresholds } from "./thresholds.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Check } from "../../ui/field.js";
import { Bones, Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @type {Record<string, string>} */
const WHAT = {
  low_balance: "When the balance falls below what is set beside.",
  out_of_credits: "When no credit is left and calls are refused.",
  credits_expiring: "A few days before credit lapses.",
  spend_limit: "When a key comes near its spend limit, and when it reaches it.",
  key_expiring: "Before a key expires.",
  end_user_budget: "When an end user comes near its budget, and when it reaches it.",
  trial_ending: "Before the trial ends.",
  trial_ended: "When the trial has ended.",
  usage_report: "What was used, once a month.",
  referral_reward: "When somebody you recommended this to has earned you credit.",
};

/** As they stand above; what is not there comes last. @param {Record<string, boolean>} kinds */
function inOrder(kinds) {
  const place = (/** @type {string} */ kind) => (Object.keys(WHAT).indexOf(kind) + 1 || Infinity);
  return Object.entries(kinds).sort(([one], [other]) => place(one) - place(other));
}

export function Notifications() {
  const state = useLoad((signal) => api("GET", "/user/notifications/preferences", { signal }), []);
  // What was just chosen, until the API has said what holds.
  const [chosen, setChosen] = useState(/** @type {Record<string, boolean>} */ ({}));
  const change = useAct(async (/** @type {string} */ kind, /** @type {boolean} */ on) => {
    setChosen((before) => ({ ...before, [kind]: on }));
    try {
      await api("PATCH", "/user/notifications/preferences", { body: { [kind]: on } });
      state.reload();
    } catch (refusal) {
      setChosen({});
      throw refusal;
    }
  });
  // While a further choice is on its way, what has come is older than it.
  useLayoutEffect(() => {
    if (!change.busy) setChosen({});
  }, [state.data]);
  const mail = useAct(async (/** @type {string} */ path) => {
    const { address } = await api("POST", path, { body: {} });
    toast(`A mail is on its way to ${address}.`);
  });
  const has = state.data;
  return html`<div class="columns"><${Card} title="Mail" hint=${has?.address ? `To ${has.address}. What is needed for the account's safety and its payments always comes.` : undefined}>
    <div class="stack">
      <${Failure} error=${state.error ?? change.error ?? mail.error} retry=${state.error ? state.reload : undefined} />
      ${!has && !state.error && html`<${Bones} />`}
      ${has?.suppressed && html`<${Note} kind="warn" title="Mail does not reach this address">${words(has.suppressed)}</${Note}>`}
      ${has && inOrder(has.kinds).map(([kind, on]) => html`<${Check} key=${kind} label=${words(kind)} hint=${WHAT[kind]} checked=${chosen[kind] ?? on} onValue=${(/** @type {boolean} */ on) => change.run(kind, on)} />`)}
      ${has && html`<div class="row">
        <${Button} busy=${mail.busy} onClick=${() => mail.run("/user/notifications/test")}>Send a test</${Button}>
        <${Button} busy=${mail.busy} onClick=${() => mail.run("/user/notifications/send-usage-report")}>Send this month's usage</${Button}>
      </div>`}
    </div>
  </${Card}><${Thresholds} /></div>`;
}
