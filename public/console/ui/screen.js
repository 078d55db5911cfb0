// The head of each screen, and the tabs of those that have several parts.

import { html, useLayoutEffect, useRef } from "../lib/ui.js";

/** @param {{ title: string, hint?: any, action?: any, children?: any }} props */
export function Screen({ title, hint, action, children }) {
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  // At once, not after the next frame: what is focused or typed meanwhile would lose the focus again.
  useLayoutEffect(() => {
    document.title = `${title} · Console`;
    // Who moves by the keyboard or hears the page starts at its name.
    head.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return html`<div class="screen">
    <div class="head">
      <div><h1 ref=${head} tabindex="-1">${title}</h1>${hint && html`<p>${hint}</p>`}</div>
      ${action && html`<div class="row">${action}</div>`}
    </div>
    ${children}
  </div>`;
}

/** @param {{ label: string, items: [string, string][], now: string }} props Each with its address. */
export function Tabs({ label, items, now }) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  // Where not all of them fit, the one that is shown is in sight.
  useLayoutEffect(() => {
    const all = /** @type {HTMLElement} */ (bar.current);
    const show = () => {
      const shown = /** @type {HTMLElement | null} */ (all.querySelector("[aria-current]"));
      if (shown) all.scrollLeft = shown.offsetLeft - (all.clientWidth - shown.offsetWidth) / 2;
    };
    show();
    const size = new ResizeObserver(show);
    size.observe(all);
    return () => size.disconnect();
  }, [now]);
  return html`<nav class="tabs" aria-label=${label} ref=${bar}>
    ${items.map(([address, text]) => html`<a key=${address} href=${address} aria-current=${text === now ? "page" : undefined}>${text}</a>`)}
  </nav>`;
}
