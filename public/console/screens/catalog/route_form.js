// A route's settings: what its provider calls the model, whether it is asked, and what it costs.

import { api } from "../../lib/api.js";
import { words } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";
import { useAct } from "../../lib/use.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Check, Form, Input, MoneyInput } from "../../ui/field.js";
import { Failure, Note } from "../../ui/states.js";
import { toast } from "../../ui/toast.js";

/** By the million, then by the piece. */
const BY_TOKEN = ["prompt", "completion", "cached", "written", "written_long", "reasoning", "image_input", "image_output", "audio_input", "audio_output", "character"];
const BY_PIECE = ["request", "image", "prompt_image", "search", "second"];

/** @param {{ row: any, onClose: () => void, onDone: () => void }} props `row`: without a provider, a new one is made. */
export function RouteForm({ row, onClose, onDone }) {
  const isNew = !row.provider;
  const [model, setModel] = useState(row.model ?? "");
  const [provider, setProvider] = useState(row.provider ?? "");
  const [upstream, setUpstream] = useState(row.upstream_model ?? "");
  const [enabled, setEnabled] = useState(row.enabled ?? true);
  const [pinned, setPinned] = useState(row.priced_by === "admin");
  const [prices, setPrices] = useState(/** @type {Record<string, string>} */ (Object.fromEntries([...BY_TOKEN, ...BY_PIECE].map((name) => [name, String(row.price?.[name] ?? "")]))));
  const isPriceChanged = [...BY_TOKEN, ...BY_PIECE].some((name) => prices[name] !== String(row.price?.[name] ?? ""));
  const { run, busy, error } = useAct(async () => {
    const price = { ...row.price, ...Object.fromEntries([...BY_TOKEN, ...BY_PIECE].map((name) => [name, prices[name] === "" ? null : Number(prices[name])])) };
    await api("PUT", "/admin/routes", { body: {
      model: model.trim(), provider: provider.trim(), enabled,
      ...(upstream.trim() !== (row.upstream_model ?? "") && { upstream_model: upstream.trim() }),
      ...(isPriceChanged ? { price } : pinned !== (row.priced_by === "admin") && { pinned }),
    } });
    toast("The route is as you set it.");
    onDone();
  });
  const fault = (/** @type {string} */ name) => error?.param === name && error.message;
  const field = (/** @type {string} */ name) => html`<${MoneyInput} key=${name} label=${words(name)} value=${prices[name]} placeholder="none" error=${fault(`price.${name}`)}
    onValue=${(/** @type {string} */ value) => setPrices((before) => ({ ...before, [name]: value }))} />`;
  return html`<${Dialog} title=${isNew ? "Add a route" : `${row.model} at ${row.provider}`} onClose=${onClose}>
    <${Form} class="" onSend=${run}>
      <div class="body">
        ${isNew && html`<div class="fields">
          <${Input} label="Model" required placeholder="developer/model" value=${model} onValue=${setModel} error=${fault("model")} />
          <${Input} label="Provider" required placeholder="openrouter" value=${provider} onValue=${setProvider} error=${fault("provider")} />
        </div>`}
        <${Input} label="What the provider calls it" required value=${upstream} onValue=${setUpstream} error=${fault("upstream_model")} />
        <${Check} label="It is asked" checked=${enabled} onValue=${setEnabled} />
        <h3>Price, in dollars a million tokens or characters</h3>
        <div class="fields">${["prompt", "completion", "cached"].map(field)}</div>
        <details><summary>More prices</summary><div class="stack">
          <div class="fields">${BY_TOKEN.slice(3).map(field)}</div>
          <h3>By the piece, in dollars</h3>
          <div class="fields">${BY_PIECE.map(field)}</div>
          ${(row.price?.tiers || row.price?.windows) && html`<p class="soft">Steps by the prompt's length or the hour stay as they are.</p>`}
        </div></details>
        ${isPriceChanged
          ? html`<${Note} kind="warn">Calls from now on are held and charged by this price, and the provider's own list no longer changes it.</${Note}>`
          : !isNew && html`<${Check} label="The provider's own list may not change the price" checked=${pinned} onValue=${setPinned} />`}
        ${!["model", "provider", "upstream_model"].includes(error?.param) && !error?.param?.startsWith("price.") && html`<${Failure} error=${error} />`}
      </div>
      <div class="foot"><${Button} onClick=${onClose}>Cancel</${Button}><${Button} kind="primary" type="submit" busy=${busy}>${isNew ? "Add" : "Save"}</${Button}></div>
    </${Form}>
  </${Dialog}>`;
}
