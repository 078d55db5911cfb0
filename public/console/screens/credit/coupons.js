// Credit for a code, and codes that are there for this account.

import { api } from "../../lib/api.js";
import { date, money } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Card } from "../../ui/card.js";
import { Form, Input } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";

/** @param {{ onRedeemed: () => void }} props */
export function Coupons({ onRedeemed }) {
  const available = useLoad((signal) => api("GET", "/coupons/available", { signal }), []);
  const [code, setCode] = useState("");
  const [done, setDone] = useState(/** @type {any} */ (null));
  const { run, busy, error } = useAct(async () => {
    setDone(null);
    setDone(await api("POST", "/coupons/redeem", { body: { code: code.trim() } }));
    setCode("");
    available.reload();
    onRedeemed();
  });
  const offered = available.data?.data ?? [];
  return html`<${Card} title="Redeem a coupon">
    <${Form} onSend=${run}>
      <${Input} label="Code" required value=${code} onValue=${setCode} spellcheck=${false} autocapitalize="characters" />
      <${Failure} error=${error} />
      <div><${Button} type="submit" busy=${busy}>Redeem</${Button}></div>
      <div role="status">${done && html`<${Note} kind="good" title=${`${money(done.credits)} were added`}>${`They lapse on ${date(done.expires_at)}.`}</${Note}>`}</div>
      ${offered.length > 0 && html`<div class="stack-s">
        <h3>For you</h3>
        <ul class="stack-s">${offered.map((/** @type {any} */ it) => html`<li class="spread" key=${it.code}>
          <span><code>${it.code}</code> <span class="soft">${worth(it)}</span></span>
          ${it.kind === "credit" && html`<${Button} kind="small" onClick=${() => setCode(it.code)}>Use it</${Button}>`}
        </li>`)}</ul>
      </div>`}
    </${Form}>
  </${Card}>`;
}

/** @param {any} it */
function worth(it) {
  const what = it.kind === "credit" ? `${money(it.amount)} of credit` : it.kind === "bonus" ? `${it.percent ? `${it.percent} %` : money(it.amount)} on top of a purchase` : "lowers a price";
  return `${what}${it.valid_until ? `, until ${date(it.valid_until)}` : ""}`;
}
