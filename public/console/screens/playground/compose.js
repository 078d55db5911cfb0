// What is asked: a text, and a picture where one is wanted.

import { html, useRef, useState } from "../../lib/ui.js";
import { Button } from "../../ui/button.js";

/** The largest picture, in bytes: a request has at most 4.5 MB, and base64 makes a third more of it. */
const LARGEST = 3_000_000;

/** @param {{ busy: boolean, onAsk: (message: any) => void, onStop: () => void }} props */
export function Compose({ busy, onAsk, onStop }) {
  const [text, setText] = useState("");
  const [picture, setPicture] = useState("");
  const [fault, setFault] = useState("");
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const ask = () => {
    if (busy || !text.trim()) return;
    const content = picture ? [{ type: "text", text: text.trim() }, { type: "image_url", image_url: { url: picture } }] : text.trim();
    onAsk({ role: "user", content });
    setText("");
    setPicture("");
  };
  const attach = (/** @type {any} */ event) => {
    const [chosen] = event.target.files;
    event.target.value = "";
    setFault("");
    if (!chosen) return;
    if (chosen.size > LARGEST) return setFault("A picture may have 3 MB.");
    const reader = new FileReader();
    reader.onload = () => setPicture(String(reader.result));
    reader.readAsDataURL(chosen);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  };
  return html`<form class="compose" onSubmit=${(/** @type {any} */ event) => (event.preventDefault(), ask())}>
    <label class="visually-hidden" for="question">Your message</label>
    <textarea id="question" rows="3" placeholder="Your message. Enter sends it, Shift and Enter begin a line." value=${text}
      onInput=${(/** @type {any} */ event) => setText(event.target.value)} onKeyDown=${pressed}></textarea>
    ${fault && html`<p class="bad-text small" role="alert">${fault}</p>`}
    <div class="spread">
      <div class="row">
        <input ref=${file} type="file" accept="image/png,image/jpeg,image/webp,image/gif" hidden aria-label="Picture" onChange=${attach} />
        <${Button} kind="small" icon=${picture ? "close" : "plus"} onClick=${() => (picture ? setPicture("") : file.current?.click())}>${picture ? "Take the picture away" : "Picture"}</${Button}>
        ${picture && html`<img class="thumb" src=${picture} alt="The picture that goes along" />`}
      </div>
      ${busy ? html`<${Button} icon="stop" onClick=${onStop}>Stop</${Button}>` : html`<${Button} kind="primary" type="submit" disabled=${!text.trim()}>Send</${Button}>`}
    </div>
  </form>`;
}
