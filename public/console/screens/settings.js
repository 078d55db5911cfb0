// Settings: each part has an address of its own.

import { to } from "../lib/route.js";
import { html } from "../lib/ui.js";
import { Notifications } from "./settings/notifications.js";
import { Privacy } from "./settings/privacy.js";
import { Profile } from "./settings/profile.js";
import { ProviderKeys } from "./settings/provider_keys.js";
import { Security } from "./settings/security.js";
import { Webhooks } from "./settings/webhooks.js";
import { Screen, Tabs } from "../ui/screen.js";

/** @type {[string, string, any][]} */
const PARTS = [
  ["", "Profile", Profile],
  ["provider-keys", "Provider keys", ProviderKeys],
  ["notifications", "Notifications", Notifications],
  ["webhooks", "Webhooks", Webhooks],
  ["privacy", "Privacy", Privacy],
  ["security", "Security", Security],
];

/** @param {{ place: import("../lib/route.js").Route }} props */
export default function Settings({ place }) {
  const [, title, Part] = PARTS.find(([name]) => name === (place.parts[1] ?? "")) ?? PARTS[0];
  return html`<${Screen} title="Settings">
    <${Tabs} label="Settings" now=${title} items=${PARTS.map(([name, text]) => [to(name ? ["settings", name] : ["settings"]), text])} />
    <${Part} place=${place} />
  </${Screen}>`;
}
