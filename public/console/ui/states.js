// What is there in place of data: while it loads, when it cannot be had, and when there is none yet.

import { html } from "../lib/ui.js";
import { Button } from "./button.js";
import { Icon } from "./icons.js";

/** What went wrong, and what to do about it. @param {{ error: any, retry?: () => void }} props */
export function Failure({ error, retry }) {
  if (!error) return null;
  const advice = error.status === 429 && error.retryAfter ? `Try again in ${error.retryAfter} s.` : ADVICE[error.status] ?? "";
  return html`<div class="note-box bad" role="alert">
    <${Icon} name="alert" />
    <div>
      <p>${error.message} ${advice}</p>
      ${error.requestId && error.status >= 500 && html`<p class="small">Request <code>${error.requestId}</code></p>`}
    </div>
    ${retry && html`<${Button} kind="small" onClick=${retry}>Try again</${Button}>`}
  </div>`;
}

/** @type {Record<number, string>} */
const ADVICE = {
  403: "Sign in with a key that may do this.",
  500: "It is not your doing; try again, and tell the operator if it stays.",
  503: "Try again in a moment.",
};

/** @param {{ title: string, children?: any, action?: any, level?: 2 | 3 }} props */
export function Empty({ title, children, action, level = 3 }) {
  return html`<div class="empty">
    ${level === 2 ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`}
    ${children && html`<p>${children}</p>`}
    ${action}
  </div>`;
}

/** Lines that will be text. @param {{ lines?: number }} props */
export function Bones({ lines = 4 }) {
  return html`<div class="stack-s" aria-hidden="true">
    ${Array.from({ length: lines }, (_, at) => html`<span key=${at} class="bone" style=${{ width: `${92 - ((at * 23) % 40)}%` }}></span>`)}
  </div>`;
}

/** A word that will be there. */
export const Bone = () => html`<span class="bone" aria-hidden="true">00.00</span>`;

/** @param {{ kind?: "info" | "good" | "warn" | "bad", title?: string, children?: any, action?: any }} props */
export function Note({ kind = "info", title, children, action }) {
  return html`<div class="note-box ${kind}">
    ${kind !== "info" && html`<${Icon} name=${kind === "good" ? "check" : "alert"} />`}
    <div>${title && html`<h3>${title}</h3>`}<div>${children}</div></div>
    ${action}
  </div>`;
}
