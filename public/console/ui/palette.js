// The palette at ⌘K: every screen and the commonest acts, by a few letters.

import { go, to } from "../lib/route.js";
import { may, useMe } from "../lib/me.js";
import { html, useLayoutEffect, useState } from "../lib/ui.js";
import { SCREENS } from "../screens.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";

/** What is done often. @type {[string, string, string][]} */
const ACTS = [
  ["Create an API key", "plus", to(["keys"], { new: "1" })],
  ["Buy credit", "credit", to(["credit"])],
  ["Redeem a coupon", "coupons", to(["credit"])],
  ["Failed requests", "requests", to(["requests"], { outcome: "failed" })],
  ["Provider keys", "settings", to(["settings", "provider-keys"])],
  ["Set an end user's budget", "end-users", to(["end-users"])],
  ["Ledger", "credit", to(["credit", "ledger"])],
];

/** @param {{ onClose: () => void }} props */
export function Palette({ onClose }) {
  const { permissions } = useMe();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  /** @type {[string, string, string][]} */
  const screens = SCREENS.filter((screen) => !screen.scope || may(permissions, screen.scope)).map((screen) => [screen.title, screen.name, to([screen.name])]);
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...screens, ...ACTS].filter(([title]) => words.every((word) => title.toLowerCase().includes(word)));
  const chosen = Math.min(at, found.length - 1);
  // The list is longer than what is in sight of it.
  useLayoutEffect(() => document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen, typed]);
  const pick = (/** @type {string} */ address) => {
    onClose();
    go(address);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter" && found[chosen]) {
      event.preventDefault();
      pick(found[chosen][2]);
    }
  };
  return html`<${Dialog} title="Go to" kind="palette" onClose=${onClose}>
    <input role="combobox" aria-label="Screen or act" aria-expanded="true" aria-controls="palette-list" autofocus
      aria-activedescendant=${found.length ? `palette-${chosen}` : undefined} autocomplete="off" placeholder="Screen or act"
      value=${typed} onInput=${(/** @type {any} */ event) => (setTyped(event.target.value), setAt(0))} onKeyDown=${pressed} />
    <ul id="palette-list" role="listbox" aria-label="Screens and acts">
      ${found.map(([title, icon, address], index) => html`<li key=${title} id=${`palette-${index}`} role="option" aria-selected=${index === chosen ? "true" : "false"}
        onClick=${() => pick(address)}><${Icon} name=${icon} />${title}</li>`)}
    </ul>
    ${found.length === 0 && html`<p class="empty">Nothing is called that.</p>`}
    <p class="visually-hidden" role="status">${typed && `${found.length} found`}</p>
  </${Dialog}>`;
}
