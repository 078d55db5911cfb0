// A page of Stripe's, opened in a tab of its own so that the key in this one's memory is not lost; until it is done, this asks.

import { html, useEffect, useState } from "../../lib/ui.js";
import { followable } from "../../lib/format.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Icon } from "../../ui/icons.js";

/** Where Stripe's page leads back to. @param {string} [was] */
export const back = (was) => `${location.origin}/console/#/paid${was ? `?was=${was}` : ""}`;

/**
 * @param {{ title: string, url: string, act: string, done?: () => Promise<boolean>, onDone: () => void, onClose: () => void, children: any }} props
 *   `done` says whether what is waited for has come.
 */
export function AtStripe({ title, url, act, done, onDone, onClose, children }) {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    if (!opened || !done) return undefined;
    let over = false;
    const ask = async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        // What cannot be asked now is asked again.
        if (!over && (await done().catch(() => false))) {
          over = true;
          onDone();
        }
      }
    };
    ask();
    return () => {
      over = true;
    };
  }, [opened]);
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="body">
      ${children}
      <p role="status" class="soft">${opened && (done ? "Waiting for Stripe …" : "Come back here when you are done there.")}</p>
    </div>
    <div class="foot">
      <${Button} onClick=${opened && !done ? onDone : onClose}>${opened && !done ? "Done" : "Cancel"}</${Button}>
      <a class="button primary" href=${followable(url)} target="_blank" rel="noopener" onClick=${() => setOpened(true)}>${act}<${Icon} name="away" /></a>
    </div>
  </${Dialog}>`;
}
