// Who is signed in. The key is in this module's memory and nowhere else, unless it was asked to outlast a reload: then it is
// in sessionStorage, which ends with the tab.

/**
 * @typedef {object} Session
 * @property {string} key The secret.
 * @property {string | null} keyId The key's id, where this sign-in has made it: such a key ends with the sign-out.
 */

const PLACE = "console.session";

/** @type {Session | null} */
let current = null;
/** Why the last one ended, where its owner did not end it. */
let said = "";
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Session | null} */
export function session() {
  return current;
}

/**
 * @param {Session} begun
 * @param {boolean} kept Whether a reload shall find it again.
 */
export function begin(begun, kept) {
  current = begun;
  try {
    if (kept) sessionStorage.setItem(PLACE, JSON.stringify(begun));
  } catch {
    // A browser that keeps nothing: the key is in memory all the same.
  }
  tell();
}

/** Why the last session ended, if there is something to say. */
export const lastWords = () => said;

/** Forgets the key. @param {string} [why] */
export function end(why = "") {
  current = null;
  said = why;
  try {
    sessionStorage.removeItem(PLACE);
  } catch {
    // There is nothing to forget.
  }
  tell();
}

/** Takes up what this tab was asked to keep. */
export function resume() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    if (typeof kept?.key === "string") current = { key: kept.key, keyId: kept.keyId ?? null };
  } catch {
    current = null;
  }
}

/** @param {() => void} listener @returns {() => void} ends it */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}
