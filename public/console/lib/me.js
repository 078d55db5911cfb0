// Who is signed in, for all screens.

import { createContext, useContext } from "./ui.js";

/**
 * @typedef {object} Me
 * @property {any} [profile] Nothing where the key may not read it.
 * @property {string[]} [permissions] The scopes that the account's role has.
 * @property {boolean} busy Whether it is on its way: what is not there may be there in a moment.
 * @property {() => void} reload
 */

export const MeContext = createContext(/** @type {Me} */ ({ busy: false, reload: () => {} }));

/** @returns {Me} */
export const useMe = () => useContext(MeContext);

/** Whether a role with these permissions has the scope. @param {string[] | undefined} permissions @param {string} scope */
export function may(permissions, scope) {
  const area = `${scope.split(":")[0]}:*`;
  return Boolean(permissions?.some((held) => held === "*" || held === scope || held === area));
}
