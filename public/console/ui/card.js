// What content stands on.

import { html } from "../lib/ui.js";

/** @param {{ title?: string, hint?: any, action?: any, foot?: any, bare?: boolean, children?: any }} props */
export function Card({ title, hint, action, foot, bare = false, children }) {
  return html`<section class="card">
    ${title && html`<header><h2>${title}</h2>${action}${hint && html`<p>${hint}</p>`}</header>`}
    ${bare ? children : html`<div class="body">${children}</div>`}
    ${foot && html`<footer>${foot}</footer>`}
  </section>`;
}

/** Figures side by side. @param {{ items: { label: string, value: any, note?: any }[] }} props */
export function Stats({ items }) {
  return html`<dl class="stats">
    ${items.map((item) => html`<div class="stat" key=${item.label}>
      <dt>${item.label}</dt>
      <dd>${item.value}<div class="note">${item.note}</div></dd>
    </div>`)}
  </dl>`;
}

/** Names and what they are. What is nothing is left out. @param {{ items: [string, any][] }} props */
export function Facts({ items }) {
  return html`<dl class="facts">
    ${items.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
  </dl>`;
}
