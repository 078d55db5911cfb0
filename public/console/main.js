// Where the console begins.

import { App } from "./app.js";
import { resume } from "./lib/session.js";
import { html, render } from "./lib/ui.js";

resume();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("console")));
