// What was done, said in passing.

import { html, useEffect, useState } from "../lib/ui.js";

/** @type {(text: string) => void} */
let show = () => {};

/** @param {string} text */
export function toast(text) {
  show(text);
}

export function Toasts() {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer = 0;
    show = (said) => {
      setText(said);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), 5000);
    };
  }, []);
  return html`<div class="toasts" role="status">${text && html`<div class="toast">${text}</div>`}</div>`;
}
