// What is around every screen: the navigation, the palette, and the way out.

import { to } from "./lib/route.js";
import { may, useMe } from "./lib/me.js";
import { html, useEffect, useState } from "./lib/ui.js";
import { SCREENS } from "./screens.js";
import { Button } from "./ui/button.js";
import { Dialog } from "./ui/dialog.js";
import { Icon } from "./ui/icons.js";
import { Palette } from "./ui/palette.js";
import { signOut } from "./lib/sign_out.js";

/** @param {{ now: string, children: any }} props */
export function Shell({ now, children }) {
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  useEffect(() => setMenu(false), [now]);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const find = () => {
    setMenu(false);
    setPalette(true);
  };
  const side = html`<${Side} now=${now} onFind=${find} />`;
  return html`<div class="shell">
    <a class="skip button" href="#main" onClick=${skip}>Skip to the content</a>
    <div class="top">
      <${Brand} />
      <${Button} kind="quiet" icon="menu" label="Menu" onClick=${() => setMenu(true)} />
    </div>
    ${side}
    <main class="main" id="main" tabindex="-1">${children}</main>
    ${menu && html`<${Dialog} title="Menu" kind="menu" onClose=${() => setMenu(false)}>${side}</${Dialog}>`}
    ${palette && html`<${Palette} onClose=${() => setPalette(false)} />`}
  </div>`;
}

/** The address is the screen's, so the link does by hand what a link does. @param {any} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

const Brand = () => html`<a class="brand" href="#/"><img src="/console/favicon.svg" alt="" width="22" height="22" />Console</a>`;

/** @param {{ now: string, onFind: () => void }} props */
function Side({ now, onFind }) {
  const { profile, permissions, busy } = useMe();
  const offered = SCREENS.filter((screen) => !screen.scope || may(permissions, screen.scope));
  const groups = [...new Set(offered.map((screen) => screen.group))];
  return html`<div class="side">
    <${Brand} />
    <${Button} icon="search" onClick=${onFind}>Find <kbd class="soft small">${/Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘K" : "Ctrl K"}</kbd></${Button}>
    <nav aria-label="Console" aria-busy=${busy ? "true" : undefined}>
      ${groups.map((group) => html`<div key=${group}>
        <h2>${group}</h2>
        <ul>${offered.filter((screen) => screen.group === group).map((screen) => html`<li key=${screen.name}>
          <a href=${to(screen.name === "overview" ? [] : [screen.name])} aria-current=${screen.name === now ? "page" : undefined}>
            <${Icon} name=${screen.name} />${screen.title}
          </a>
        </li>`)}</ul>
      </div>`)}
    </nav>
    <div class="side-foot">
      <a class="soft small" href="/docs/guides" target="_blank" rel="noopener">Documentation</a>
      <div class="who" title=${profile?.email ?? ""}>${profile?.email ?? " "}</div>
      <${Button} icon="out" onClick=${signOut}>Sign out</${Button}>
    </div>
  </div>`;
}
