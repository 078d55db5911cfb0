// What every screen draws with: markup in template literals, bound to Preact, and its hooks.

import htm from "../vendor/htm-3.1.1.mjs";
import { h } from "../vendor/preact-11.2.0.mjs";

export { createContext, render } from "../vendor/preact-11.2.0.mjs";
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks-11.2.0.mjs";

/** Markup; whatever is put into it is text, never markup. */
export const html = htm.bind(h);
