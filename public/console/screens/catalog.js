// The catalog as an administrator keeps it: prices that wait, models, their routes, and the providers' own lists.

import { to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { Aliases } from "./catalog/aliases.js";
import { Lists } from "./catalog/lists.js";
import { Models } from "./catalog/models.js";
import { Routes } from "./catalog/routes.js";
import { Screen, Tabs } from "../ui/screen.js";

/** @type {[string, string, any][]} */
const PARTS = [
  ["", "Prices and lists", Lists],
  ["models", "Models", Models],
  ["routes", "Routes", Routes],
  ["aliases", "Aliases", Aliases],
];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Catalog({ place }) {
  const [, title, Part] = PARTS.find(([name]) => name === (place.parts[1] ?? "")) ?? PARTS[0];
  return html`<${Screen} title="Catalog">
    <${Tabs} label="Catalog" now=${title} items=${PARTS.map(([name, text]) => [to(name ? ["catalog", name] : ["catalog"]), text])} />
    <${Part} place=${place} />
  </${Screen}>`;
}
