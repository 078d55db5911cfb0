// Who is let in, and which screen is shown. A screen is fetched when it is first gone to.

import { api } from "./lib/api.js";
import { MeContext } from "./lib/me.js";
import { useRoute } from "./lib/route.js";
import { onChange, session } from "./lib/session.js";
import { html, useEffect, useState } from "./lib/ui.js";
import { useLoad } from "./lib/use.js";
import { SCREENS } from "./screens.js";
import { Shell } from "./shell.js";
import { Empty, Failure } from "./ui/states.js";
import { Toasts } from "./ui/toast.js";

export function App() {
  const [begun, setBegun] = useState(session);
  const place = useRoute();
  useEffect(() => onChange(() => setBegun(session())), []);
  // The way back from Stripe's page is open to who is not signed in in that tab.
  if (place.parts[0] === "paid") return html`<${Loaded} load=${() => import("./screens/paid.js")} />`;
  if (!begun) return html`<${Loaded} load=${() => import("./screens/sign_in.js")} />`;
  return html`<${Inside} key=${begun.key} place=${place} />`;
}

/** @param {{ place: import("./lib/route.js").Route }} props */
function Inside({ place }) {
  const me = useLoad(who, []);
  const name = place.parts[0] ?? "overview";
  const screen = SCREENS.find((it) => it.name === name);
  return html`<${MeContext.Provider} value=${{ ...me.data, busy: me.busy, reload: me.reload }}>
    <${Shell} now=${name}>
      ${screen
        ? html`<${Loaded} key=${name} load=${screen.load} props=${{ place }} />`
        : html`<${Empty} level=${2} title="There is no such screen" action=${html`<a href="#/">To the overview</a>`} />`}
    </${Shell}>
    <${Toasts} />
  </${MeContext.Provider}>`;
}

/** The account and what it may do, as far as the key may know. @param {AbortSignal} signal */
async function who(signal) {
  const known = (/** @type {string} */ path) => api("GET", path, { signal }).catch((error) => {
    if (error.status === 403) return null;
    throw error;
  });
  const [profile, entitlements] = await Promise.all([known("/user/profile"), known("/user/plan/entitlements")]);
  return { profile, permissions: /** @type {string[]} */ (entitlements?.permissions ?? []) };
}

/** @param {{ load: () => Promise<any>, props?: object }} props */
function Loaded({ load, props }) {
  const [part, setPart] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    load().then((module) => setPart(() => module.default), () => setError(new Error("This part of the console could not be fetched. Reload the page.")));
  }, []);
  if (error) return html`<${Failure} error=${error} />`;
  return part && html`<${part} ...${props} />`;
}
