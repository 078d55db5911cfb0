// The plan in force, what is used of it, and the plans that can be had.

import { api } from "../../lib/api.js";
import { compact, count, date, money } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct, useLoad } from "../../lib/use.js";
import { Limits } from "./limits.js";
import { AtStripe, back } from "./at_stripe.js";
import { Badge, Meter } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Card, Facts } from "../../ui/card.js";
import { Confirm } from "../../ui/dialog.js";
import { Choice } from "../../ui/field.js";
import { Bones, Empty, Failure } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** @type {Record<string, string>} */
const SOURCES = { administrator: "given by an administrator", subscription: "by subscription", trial: "as a trial", purchase: "since credit was bought", none: "as everybody has it" };

export function Plan() {
  const own = useLoad((signal) => api("GET", "/user/plan", { signal }), []);
  const usage = useLoad((signal) => api("GET", "/user/plan/usage", { signal }), []);
  const sold = useLoad((signal) => api("GET", "/subscription/plans", { signal }), []);
  const [interval, setInterval] = useState("month");
  const [stripe, setStripe] = useState(/** @type {any} */ (null));
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const plan = own.data;
  const subscription = plan?.subscription;
  const reload = () => (own.reload(), usage.reload());
  const buy = useAct(async (/** @type {string} */ id) => {
    setStripe({ ...(await api("POST", "/subscription/checkout", { body: { plan: id, interval, success_url: back(), cancel_url: back("cancelled") } })), wanted: id });
  });
  const portal = useAct(async () => setStripe(await api("POST", "/subscription/portal", { body: { return_url: back() } })));
  const resume = useAct(() => act("/subscription/resume", {}, "The plan goes on."));
  const act = async (/** @type {string} */ path, /** @type {object} */ body, /** @type {string} */ said) => {
    await api("POST", path, { body });
    toast(said);
    reload();
  };
  return html`<div class="stack">
    <${Failure} error=${own.error ?? sold.error ?? buy.error ?? portal.error ?? resume.error} retry=${own.error ? reload : undefined} />
    <div class="columns">
      <${Card} title=${plan ? `Plan: ${plan.plan.name}` : "Plan"} action=${subscription && html`<${Badge} state=${subscription.status} />`}>
        ${!plan ? html`<${Bones} />` : html`<div class="stack">
          <${Facts} items=${[
            ["In force", SOURCES[plan.source] ?? plan.source],
            ["Until", plan.ends_at && date(plan.ends_at)],
            ["Renews", subscription && !subscription.cancel_at && !subscription.ended_at ? date(subscription.period_end) : null],
            ["Ends", subscription?.cancel_at && date(subscription.cancel_at)],
            ["Becomes", subscription?.next_plan && `${subscription.next_plan}, paid by the ${subscription.next_interval}, on ${date(subscription.period_end)}`],
            ["Next credit", plan.next_credits && `${money(plan.next_credits.amount)} on ${date(plan.next_credits.at)}`],
          ]} />
          ${subscription && !subscription.ended_at && html`<div class="row">
            <${Button} busy=${portal.busy} onClick=${portal.run}>Cards and invoices</${Button}>
            ${subscription.cancel_at || subscription.next_plan
              ? html`<${Button} busy=${resume.busy} onClick=${resume.run}>Keep the plan</${Button}>`
              : html`<${Button} kind="danger" onClick=${() => setAsked({ end: true })}>Cancel the plan</${Button}>`}
          </div>`}
        </div>`}
      </${Card}>
      <${Card} title="Used this month">
        ${usage.error ? html`<${Failure} error=${usage.error} retry=${usage.reload} />` : !usage.data ? html`<${Bones} />` : html`<div class="stack">
          ${[["Requests", usage.data.requests], ["Tokens", usage.data.tokens]].map(([name, it]) => html`<div class="stack-s" key=${name}>
            <div class="spread"><span>${name}</span><span>${compact(it.used)} of ${compact(it.limit)}</span></div>
            <${Meter} used=${it.used} of=${it.limit} label=${`${name} of the month`} />
          </div>`)}
          <p class="soft small">Resets on ${date(usage.data.resets_at)}.</p>
        </div>`}
      </${Card}>
    </div>
    <${Card} title="Plans" bare action=${html`<${Choice} label="Paid by" value=${interval} onValue=${setInterval} options=${[["month", "Monthly"], ["year", "Yearly"]]} />`}>
      ${sold.data?.data.length === 0 && html`<${Empty} title="No plan is sold here">Credit can be bought without one.</${Empty}>`}
      ${!sold.data && !sold.error && html`<div class="body"><${Bones} /></div>`}
      <ul class="model-list">${sold.data?.data.map((/** @type {any} */ it) => {
        const price = interval === "month" ? it.price_per_month : it.price_per_year;
        const current = it.id === plan?.plan.id && subscription && !subscription.ended_at;
        return html`<li key=${it.id}>
          <div><h3>${it.name} ${current && html`<${Badge} state="current" kind="info" />`}</h3>
            <p class="soft">${money(it.credits_per_month)} of credit a month · ${count(it.limits.requests_per_minute)} requests a minute · ${compact(it.limits.tokens_per_month)} tokens a month</p></div>
          <div class="row"><strong>${price === null ? "–" : `${money(price)} a ${interval}`}</strong>
            ${plan && !current && price !== null && (subscription && !subscription.ended_at
              ? html`<${Button} kind="small" onClick=${() => setAsked({ plan: it })}>Switch to it</${Button}>`
              : html`<${Button} kind="small" busy=${buy.busy} onClick=${() => buy.run(it.id)}>Subscribe</${Button}>`)}</div>
        </li>`;
      })}</ul>
    </${Card}>
    <${Limits} />
    ${asked?.end && html`<${Confirm} title="Cancel the plan" act="Cancel it" onClose=${() => setAsked(null)} onAct=${() => act("/subscription/cancel", {}, "The plan ends with its period.")}>
      <p>It stays in force until ${date(subscription?.period_end)}; you can let it go on until then.</p>
    </${Confirm}>`}
    ${asked?.plan && html`<${Confirm} title=${`Change to ${asked.plan.name}`} act="Change" danger=${false} onClose=${() => setAsked(null)}
      onAct=${() => act("/subscription/change", { plan: asked.plan.id, interval }, "The plan was changed.")}>
      <p>A dearer plan, or a longer interval, is paid in full now and begins now; what was paid before keeps its credit to its own end. A smaller one
        begins with the next period, on ${date(subscription?.period_end)}, and costs nothing until then.</p>
    </${Confirm}>`}
    ${stripe && html`<${AtStripe} title="At Stripe" act="Open Stripe's page" url=${stripe.url} onClose=${() => (setStripe(null), reload())} onDone=${() => (setStripe(null), reload())}
      done=${stripe.wanted && (async () => (await api("GET", "/user/plan")).subscription?.plan === stripe.wanted)}>
      <p>${stripe.wanted ? "The plan is in force as soon as Stripe has been paid." : "Cards, invoices and the plan are managed there."}</p>
    </${AtStripe}>`}
  </div>`;
}
