// Where Stripe's page leads back to, in a tab of its own: the console waits in the other one.

import { html, useEffect } from "../lib/ui.js";
import { route } from "../lib/route.js";

export default function Paid() {
  const was = route().params.get("was");
  useEffect(() => {
    document.title = "Back from Stripe · Console";
  }, []);
  return html`<main class="gate">
    <h1 class="brand"><img src="/console/favicon.svg" alt="" width="28" height="28" />Console</h1>
    <div class="card"><div class="body stack">
      <h2>${was === "cancelled" ? "Nothing was paid" : "Thank you"}</h2>
      <p>${was === "cancelled" ? "You left Stripe's page before it was done." : "Stripe has it; credit is there within moments."} The console
        goes on in the tab that you came from: you can close this one.</p>
      <a class="button" href="#/credit">Or go on here</a>
    </div></div>
  </main>`;
}
