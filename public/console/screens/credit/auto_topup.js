// Credit that is bought by itself: what is agreed to, and how it stands.

import { api } from "../../lib/api.js";
import { money, when } from "../../lib/format.js";
import { html, useLayoutEffect, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { AtStripe, back } from "./at_stripe.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card, Facts } from "../../ui/card.js";
import { Check, Form, Input, MoneyInput } from "../../ui/field.js";
import { Bones, Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

export function AutoTopup() {
  const state = useLoad((signal) => api("GET", "/user/auto-topup", { signal }), []);
  const [form, setForm] = useState({ threshold: "5", amount: "20", monthly_cap: "100", daily_limit: "", consent: false, new_card: false });
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => setForm((before) => ({ ...before, [name]: value }));
  const [card, setCard] = useState("");
  const now = state.data;
  // At once, not after the next frame: what is typed meanwhile is not to be written over.
  useLayoutEffect(() => {
    if (now?.threshold === null || now?.threshold === undefined) return;
    setForm((before) => ({ ...before, threshold: String(now.threshold), amount: String(now.amount), monthly_cap: String(now.monthly_cap ?? ""), daily_limit: String(now.daily_limit ?? "") }));
  }, [now]);
  const save = useAct(async () => {
    const answer = await api("PUT", "/user/auto-topup", {
      body: {
        enabled: true, consent: form.consent, new_card: form.new_card, threshold: Number(form.threshold), amount: Number(form.amount),
        monthly_cap: Number(form.monthly_cap), ...(form.daily_limit ? { daily_limit: Number(form.daily_limit) } : {}),
        success_url: back(), cancel_url: back("cancelled"),
      },
    });
    if (answer.setup_url) setCard(answer.setup_url);
    else toast("Auto top-up is on.");
    state.reload();
  });
  const stop = useAct(async () => {
    await api("PUT", "/user/auto-topup", { body: { enabled: false } });
    toast("Auto top-up is off.");
    state.reload();
  });
  if (!now) return html`<${Card} title="Auto top-up">${state.error ? html`<${Failure} error=${state.error} retry=${state.reload} />` : html`<${Bones} />`}</${Card}>`;
  return html`<div class="columns">
    <${Card} title="Agreement" hint="A card is charged when the credit falls below a threshold, one attempt at a time.">
      <${Form} onSend=${save.run}>
        <div class="fields">
          <${MoneyInput} label="When below" required value=${form.threshold} onValue=${set("threshold")} />
          <${MoneyInput} label="Buy" required value=${form.amount} onValue=${set("amount")} />
          <${MoneyInput} label="At most a month" required value=${form.monthly_cap} onValue=${set("monthly_cap")} />
          <${Input} label="Times a day" type="number" min="1" value=${form.daily_limit} onValue=${set("daily_limit")} placeholder="the default" />
        </div>
        ${now.card && html`<${Check} label="Leave another card" checked=${form.new_card} onValue=${set("new_card")} />`}
        <${Check} label="I agree that the card is charged within these limits until I turn it off." required checked=${form.consent} onValue=${set("consent")} />
        <${Failure} error=${save.error} />
        <div><${Button} kind="primary" type="submit" busy=${save.busy}>${now.state === "off" ? "Turn it on" : "Save"}</${Button}></div>
      </${Form}>
    </${Card}>
    <${Card} title="Status" action=${html`<${Badge} state=${now.state} />`}>
      <div class="stack">
        ${now.reason && html`<${Note} kind="warn" title="It is paused">${now.reason}</${Note}>`}
        <${Facts} items=${[
          ["Card", now.card ? `${now.card.brand ?? "Card"} …${now.card.last4 ?? ""}` : "None"],
          ["Charged at once", now.charge === null ? null : money(now.charge)],
          ["This month", money(now.charged_this_month)],
          ["Agreed", now.consented_at && when(now.consented_at)],
          ["Paused until", now.paused_until && when(now.paused_until)],
        ]} />
        <${Failure} error=${stop.error} />
        ${now.state !== "off" && html`<div class="row">
          ${now.state === "awaiting_card" && now.setup_url && html`<${Button} kind="primary" onClick=${() => setCard(now.setup_url)}>Leave the card</${Button}>`}
          <${Button} kind="danger" busy=${stop.busy} onClick=${stop.run}>Turn it off</${Button}>
        </div>`}
      </div>
    </${Card}>
    ${card && html`<${AtStripe} title="Leave a card" act="Leave a card at Stripe" url=${card} onClose=${() => (setCard(""), state.reload())} onDone=${() => (setCard(""), state.reload())}
      done=${async () => (await api("GET", "/user/auto-topup")).state === "active"}>
      <p>Stripe keeps the card; only its brand and last four digits are known here.</p>
    </${AtStripe}>`}
  </div>`;
}
