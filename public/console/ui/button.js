// Buttons: one that acts, one that copies.

import { html, useState } from "../lib/ui.js";
import { Icon } from "./icons.js";

/**
 * A button that acts. While it is busy it can be reached but does nothing, so that the keyboard's place is not lost.
 *
 * @param {{ kind?: string, icon?: string, busy?: boolean, disabled?: boolean, type?: string, label?: string,
 *   onClick?: (event: any) => void, children?: any, [more: string]: any }} props
 */
export function Button({ kind = "", icon, busy = false, disabled = false, type = "button", label, onClick, children, ...more }) {
  const stopped = busy || disabled;
  return html`<button ...${more} type=${type} class="button ${kind}" aria-label=${label} title=${label}
    aria-disabled=${stopped ? "true" : undefined} aria-busy=${busy ? "true" : undefined}
    onClick=${(/** @type {any} */ event) => (stopped ? event.preventDefault() : onClick?.(event))}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`;
}

/** @param {{ text: string, label?: string, kind?: string }} props */
export function Copy({ text, label = "Copy", kind = "small" }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyByHand(text);
    }
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`<${Button} kind=${kind} icon=${done ? "check" : "copy"} onClick=${copy}>
    <span aria-live="polite">${done ? "Copied" : label}</span>
  </${Button}>`;
}

/** Where the clipboard's API is not to be had, as over plain HTTP. @param {string} text */
function copyByHand(text) {
  const area = document.createElement("textarea");
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
