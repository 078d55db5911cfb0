// Where in the console one is: `#/screen/part?filter=value`. A hash needs no rule on any platform, and the browser's own
// history works with it.

import { useEffect, useState } from "./ui.js";

/**
 * @typedef {object} Route
 * @property {string[]} parts The path's segments, decoded.
 * @property {URLSearchParams} params
 */

/** @returns {Route} */
export function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { parts: path.split("/").filter(Boolean).map(decoded), params: new URLSearchParams(query ?? "") };
}

/** @param {string} segment */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** @returns {Route} */
export function useRoute() {
  const [now, setNow] = useState(route);
  useEffect(() => {
    const moved = () => setNow(route());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return now;
}

/**
 * The address of a place here. Parameters that are empty are left out.
 *
 * @param {string[]} parts @param {Record<string, string | null | undefined>} [params]
 */
export function to(parts, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value);
  const text = query.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

/** @param {string} address An address from `to`. */
export function go(address) {
  location.hash = address;
}

/** The same without a step that "back" takes back: for what only closes. @param {string} address */
export function replace(address) {
  // At once, where `location.replace` would come after whatever is done next, and lead back from there.
  history.replaceState(history.state, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/**
 * Changes some parameters of the present place, as a step that "back" takes back.
 *
 * @param {Record<string, string | null | undefined>} changes
 */
export function change(changes) {
  const { parts, params } = route();
  go(to(parts, { ...Object.fromEntries(params), ...changes }));
}
