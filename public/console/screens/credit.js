// Credit: what there is, how more is got, and where it went. Each part has an address of its own.

import { to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { AutoTopup } from "./credit/auto_topup.js";
import { Balance } from "./credit/balance.js";
import { Ledger } from "./credit/ledger.js";
import { Payments } from "./credit/payments.js";
import { Plan } from "./credit/plan.js";
import { Referrals } from "./credit/referrals.js";
import { Statement } from "./credit/statement.js";
import { Screen, Tabs } from "../ui/screen.js";

/** @type {[string, string, any][]} */
const PARTS = [
  ["", "Balance", Balance],
  ["ledger", "Ledger", Ledger],
  ["payments", "Payments", Payments],
  ["statement", "Statement", Statement],
  ["auto-topup", "Auto top-up", AutoTopup],
  ["plan", "Plan", Plan],
  ["referrals", "Referrals", Referrals],
];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Credit({ place }) {
  const [, title, Part] = PARTS.find(([name]) => name === (place.parts[1] ?? "")) ?? PARTS[0];
  return html`<${Screen} title="Credit">
    <${Tabs} label="Credit" now=${title} items=${PARTS.map(([name, text]) => [to(name ? ["credit", name] : ["credit"]), text])} />
    <${Part} place=${place} />
  </${Screen}>`;
}
