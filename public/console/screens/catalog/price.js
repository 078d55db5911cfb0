// A route's price in words. Tokens and characters are priced by the million, all else by the piece.

import { money, several, words } from "../../lib/format.js";

/** @param {any} price */
export function priceLine(price) {
  if (!price) return "none";
  const rest = Object.entries(price).filter(([name, of]) => of !== null && !["prompt", "completion"].includes(name)).length;
  const main = price.prompt === null && price.completion === null ? "" : `${amount(price.prompt)} in, ${amount(price.completion)} out`;
  return [main, rest > 0 && several(rest, main ? "further price" : "price")].filter(Boolean).join(", ") || "free";
}

/** What differs between two prices: its name, and what each says. @param {any} former @param {any} proposed @returns {[string, string, string][]} */
export function differences(former, proposed) {
  const names = [...new Set([...Object.keys(former ?? {}), ...Object.keys(proposed ?? {})])];
  return names
    .filter((name) => JSON.stringify(former?.[name] ?? null) !== JSON.stringify(proposed?.[name] ?? null))
    .map((name) => [words(name), amount(former?.[name]), amount(proposed?.[name])]);
}

/** @param {any} price */
function amount(price) {
  if (price === null || price === undefined) return "none";
  return Array.isArray(price) ? several(price.length, "step") : money(price);
}
