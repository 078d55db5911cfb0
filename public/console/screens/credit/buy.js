// Buying credit: an amount or a package, then Stripe's page.

import { api } from "../../lib/api.js";
import { money } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { AtStripe, back } from "./at_stripe.js";
import { Button } from "../../ui/button.js";
import { Card, Facts } from "../../ui/card.js";
import { Choice, Form, Input, MoneyInput } from "../../ui/field.js";
import { Bones, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @param {{ onPaid: () => void }} props */
export function Buy({ onPaid }) {
  const packages = useLoad((signal) => api("GET", "/api/stripe/credit-packages", { signal }), []);
  const [chosen, setChosen] = useState("own");
  const [amount, setAmount] = useState("20");
  const [coupon, setCoupon] = useState("");
  const [session, setSession] = useState(/** @type {any} */ (null));
  const { run, busy, error, clear } = useAct(async () => {
    const what = chosen === "own" ? { amount: Number(amount) } : { package: chosen };
    setSession(await api("POST", "/api/stripe/checkout-session", {
      body: { ...what, ...(coupon.trim() ? { coupon: coupon.trim() } : {}), success_url: back(), cancel_url: back("cancelled") },
    }));
  });
  const offered = packages.data?.data ?? [];
  const paid = async () => (await api("GET", `/api/stripe/checkout-session/${encodeURIComponent(session.id)}`)).payment.status === "succeeded";
  const finish = () => {
    toast(`${money(session.payment.credits + session.payment.bonus)} of credit were added.`);
    setSession(null);
    onPaid();
  };
  return html`<${Card} title="Buy credit">
    <${Form} onSend=${run}>
      ${!packages.data && !packages.error && html`<${Bones} lines=${1} />`}
      ${offered.length > 0 && html`<div><${Choice} label="Package" value=${chosen} onValue=${(/** @type {string} */ it) => (setChosen(it), clear())}
        options=${[["own", "Amount"], ...offered.map((/** @type {any} */ it) => [it.id, money(it.credits)])]} /></div>`}
      ${chosen === "own" && html`<${MoneyInput} label="Amount" required value=${amount} onValue=${setAmount} error=${error?.param === "amount" && error.message} />`}
      <${Input} label="Coupon" value=${coupon} onValue=${setCoupon} placeholder="None" hint="One that adds to a purchase, or lowers its price." />
      ${error?.param !== "amount" && html`<${Failure} error=${error} />`}
      <div><${Button} kind="primary" type="submit" busy=${busy}>Continue</${Button}></div>
    </${Form}>
    ${session && html`<${AtStripe} title="Pay at Stripe" act=${`Pay ${money(session.payment.amount)}`} url=${session.url} done=${paid} onDone=${finish} onClose=${() => setSession(null)}>
      <${Facts} items=${[
        ["Credit", money(session.payment.credits)],
        ["Bonus", session.payment.bonus > 0 ? money(session.payment.bonus) : null],
        ["Fee", session.payment.fee > 0 ? money(session.payment.fee) : null],
        ["To pay", html`<strong>${money(session.payment.amount)}</strong>`],
      ]} />
    </${AtStripe}>`}
  </${Card}>`;
}
