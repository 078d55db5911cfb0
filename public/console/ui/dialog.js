// Dialogs: the browser's own, which keep the keyboard within them, close at Escape and give the focus back.

import { useAct } from "../lib/use.js";
import { html, useId, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { Button } from "./button.js";
import { Form, Input } from "./field.js";
import { Failure } from "./states.js";

/**
 * One without a kind holds what would be lost, so a click beside it does not close it.
 *
 * @param {{ title: string, onClose: () => void, kind?: "" | "sheet" | "menu" | "palette", children: any }} props
 */
export function Dialog({ title, onClose, kind = "", children }) {
  const id = useId();
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const gone = useRef(false);
  // At once, not after the next frame: the key that is pressed next is meant for the dialog.
  useLayoutEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (ref.current);
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.showModal();
    return () => {
      // What is beside an open dialog takes no focus.
      gone.current = true;
      dialog.close();
      before?.focus?.();
    };
  }, []);
  // By the key itself: the browser tells that it has closed a dialog only later, and what only closes a place would then take back where
  // one has gone meanwhile.
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  return html`<dialog ref=${ref} class=${kind} aria-labelledby=${id} onClose=${() => gone.current || onClose()} onKeyDown=${pressed}
    onClick=${(/** @type {any} */ event) => event.target === ref.current && kind && onClose()}>
    <header><h2 id=${id}>${title}</h2><${Button} kind="quiet" icon="close" label="Close" onClick=${onClose} /></header>
    ${children}
  </dialog>`;
}

/**
 * Asks before something is done that cannot be taken back.
 *
 * @param {{ title: string, act: string, onAct: () => Promise<unknown>, onClose: () => void, children: any, danger?: boolean, word?: string }} props
 *   `word`: what must be typed first.
 */
export function Confirm({ title, act, onAct, onClose, children, danger = true, word }) {
  const [typed, setTyped] = useState("");
  const { run, busy, error } = useAct(async () => {
    await onAct();
    onClose();
  });
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <${Form} class="" onSend=${() => (word && typed !== word ? undefined : run())}>
      <div class="body">
        <div>${children}</div>
        ${word && html`<${Input} label=${`Type ${word} to go on`} value=${typed} onValue=${setTyped} required />`}
        <${Failure} error=${error} />
      </div>
      <div class="foot">
        <${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} kind=${`primary ${danger ? "danger" : ""}`} type="submit" busy=${busy} disabled=${Boolean(word) && typed !== word}>${act}</${Button}>
      </div>
    </${Form}>
  </${Dialog}>`;
}
