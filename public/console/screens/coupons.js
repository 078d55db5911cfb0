// Coupons, the budgets that they draw on, and recommendations.

import { to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { List } from "./coupons/list.js";
import { Promotions } from "./coupons/promotions.js";
import { Referrals } from "./coupons/referrals.js";
import { Screen, Tabs } from "../ui/screen.js";

/** @type {[string, string, any][]} */
const PARTS = [
  ["", "Coupons", List],
  ["promotions", "Promotions", Promotions],
  ["referrals", "Referrals", Referrals],
];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Coupons({ place }) {
  const [, title, Part] = PARTS.find(([name]) => name === (place.parts[1] ?? "")) ?? PARTS[0];
  return html`<${Screen} title="Coupons">
    <${Tabs} label="Coupons" now=${title} items=${PARTS.map(([name, text]) => [to(name ? ["coupons", name] : ["coupons"]), text])} />
    <${Part} place=${place} />
  </${Screen}>`;
}
