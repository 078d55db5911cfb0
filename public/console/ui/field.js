// Fields of forms, each with its label, what helps to fill it in, and what was wrong with it.

import { html, useId } from "../lib/ui.js";

/**
 * @typedef {object} Described
 * @property {string} label
 * @property {string} [hint]
 * @property {string | null | false} [error]
 */

/** @param {Described & { id: string, children: any }} props */
function Field({ id, label, hint, error, children }) {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children}
    ${hint && html`<span class="hint" id="${id}-hint">${hint}</span>`}
    ${error && html`<span class="fault" id="${id}-fault">${error}</span>`}
  </div>`;
}

/** @param {string} id @param {{ hint?: string, error?: string | null | false }} about */
function described(id, { hint, error }) {
  const by = [hint && `${id}-hint`, error && `${id}-fault`].filter(Boolean).join(" ");
  return { id, "aria-describedby": by || undefined, "aria-invalid": error ? "true" : undefined };
}

/** @param {Described & { value: string, onValue: (value: string) => void, [more: string]: any }} props */
export function Input({ label, hint, error, value, onValue, ...more }) {
  const id = useId();
  return html`<${Field} ...${{ id, label, hint, error }}>
    <input ...${described(id, { hint, error })} type="text" autocomplete="off" ...${more} value=${value}
      onInput=${(/** @type {any} */ event) => onValue(event.target.value)} />
  </${Field}>`;
}

/** An amount of dollars. @param {Described & { value: string, onValue: (value: string) => void, [more: string]: any }} props */
export function MoneyInput({ label, hint, error, value, onValue, ...more }) {
  const id = useId();
  return html`<${Field} ...${{ id, label, hint, error }}>
    <div class="money-input">
      <input ...${described(id, { hint, error })} type="number" inputmode="decimal" min="0" step="any" autocomplete="off" ...${more}
        value=${value} onInput=${(/** @type {any} */ event) => onValue(event.target.value)} />
    </div>
  </${Field}>`;
}

/** @param {Described & { value: string, onValue: (value: string) => void, [more: string]: any }} props */
export function Area({ label, hint, error, value, onValue, ...more }) {
  const id = useId();
  return html`<${Field} ...${{ id, label, hint, error }}>
    <textarea ...${described(id, { hint, error })} rows="3" ...${more} value=${value}
      onInput=${(/** @type {any} */ event) => onValue(event.target.value)}></textarea>
  </${Field}>`;
}

/** @param {Described & { value: string, onValue: (value: string) => void, options: [string, string][], [more: string]: any }} props */
export function Select({ label, hint, error, value, onValue, options, ...more }) {
  const id = useId();
  return html`<${Field} ...${{ id, label, hint, error }}>
    <select ...${described(id, { hint, error })} ...${more} value=${value}
      onChange=${(/** @type {any} */ event) => onValue(event.target.value)}>
      ${options.map(([option, text]) => html`<option key=${option} value=${option} selected=${option === value}>${text}</option>`)}
    </select>
  </${Field}>`;
}

/** @param {{ label: any, hint?: string, checked: boolean, onValue: (checked: boolean) => void, [more: string]: any }} props */
export function Check({ label, hint, checked, onValue, ...more }) {
  const id = useId();
  return html`<div class="check">
    <input id=${id} type="checkbox" aria-describedby=${hint && `${id}-hint`} ...${more} checked=${checked}
      onChange=${(/** @type {any} */ event) => onValue(event.target.checked)} />
    <div>
      <label for=${id}>${label}</label>
      ${hint && html`<div class="soft small" id="${id}-hint">${hint}</div>`}
    </div>
  </div>`;
}

/** One of a few, all of them in sight. @param {{ label: string, value: string, onValue: (value: string) => void, options: [string, string][] }} props */
export function Choice({ label, value, onValue, options }) {
  const id = useId();
  return html`<fieldset class=${options.length > 4 ? "choice many" : "choice"}>
    <legend class="visually-hidden">${label}</legend>
    ${options.map(([option, text]) => html`<label key=${option}>
      <input class="visually-hidden" type="radio" name=${id} checked=${option === value} onChange=${() => onValue(option)} />
      <span>${text}</span>
    </label>`)}
  </fieldset>`;
}

/** A form that is sent by its button or by Enter. @param {{ onSend: () => void, children: any, [more: string]: any }} props */
export function Form({ onSend, children, ...more }) {
  const send = (/** @type {any} */ event) => {
    event.preventDefault();
    onSend();
  };
  return html`<form class="stack" ...${more} onSubmit=${send}>${children}</form>`;
}
