// Signing in: by a code that the gateway or Privy mails, or with a key that one has.

import { api } from "../lib/api.js";
import { route } from "../lib/route.js";
import { begin, lastWords } from "../lib/session.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { useAct, useLoad } from "../lib/use.js";
import { Button } from "../ui/button.js";
import { Check, Choice, Form, Input } from "../ui/field.js";
import { Failure, Note } from "../ui/states.js";

export default function SignIn() {
  const [way, setWay] = useState("code");
  const [kept, setKept] = useState(false);
  const [email, setEmail] = useState("");
  const [key, setKey] = useState("");
  const { data: methods, busy } = useLoad((signal) => api("GET", "/auth/methods", { key: "", signal }), []);
  // Where that cannot be had, what every deployment may have is offered.
  const options = /** @type {[string, string][]} */ ([
    methods?.mail !== false && ["code", "E-mail"],
    methods?.privy && ["privy", "Privy"],
    ["key", "API key"],
  ].filter(Boolean));
  const chosen = options.some(([name]) => name === way) ? way : options[0][0];
  // Who pastes a key where an address is asked for means to sign in with it.
  const onEmail = (/** @type {string} */ typed) => {
    if (!/^\s*gw_[a-z]+_/.test(typed)) return setEmail(typed);
    setKey(typed.trim());
    setWay("key");
  };
  useEffect(() => {
    document.title = "Sign in · Console";
  }, []);
  return html`<main class="gate">
    <h1 class="brand"><img src="/console/favicon.svg" alt="" width="28" height="28" />Console</h1>
    ${lastWords() && html`<${Note} kind="warn">${lastWords()}</${Note}>`}
    <div class="card"><div class="body stack">
      ${busy
        ? html`<span class="bone choice-bone" aria-hidden="true"></span>`
        : options.length > 1 && html`<${Choice} label="How to sign in" value=${chosen} onValue=${setWay} options=${options} />`}
      ${chosen === "key"
        ? html`<${ByKey} kept=${kept} pasted=${key} />`
        : html`<${ByCode} key=${chosen} by=${chosen === "privy" ? byPrivy(methods.privy) : byGateway} ...${{ kept, email, onEmail }} />`}
      <${Check} label="Stay signed in in this tab" hint="The key is then kept until the tab is closed; else a reload forgets it."
        checked=${kept} onValue=${setKept} />
    </div></div>
    <p class="foot"><a href="/">About</a> · <a href="/docs/guides">Documentation</a> · <a href="/health">Status</a></p>
  </main>`;
}

/** Who recommended the gateway, as the address says. */
const referral = () => route().params.get("ref") ?? new URLSearchParams(location.search).get("ref");

/**
 * @typedef {object} Mailer Who mails a code, and takes it.
 * @property {(email: string) => Promise<unknown>} mail
 * @property {(email: string, code: string) => Promise<any>} verify Gives the gateway's answer.
 * @property {string} hint
 * @property {(email: any) => any} sent
 */

/** @type {Mailer} */
const byGateway = {
  mail: (email) => api("POST", "/auth/register", { key: "", body: { email, ...(referral() ? { referral_code: referral() } : {}) } }),
  verify: (email, code) => api("POST", "/auth/verify", { key: "", body: { email, code } }),
  hint: "",
  sent: (email) => html`A code is on its way to ${email}. It is good for ten minutes.`,
};

/** @param {import("../lib/privy.js").App} app @returns {Mailer} */
function byPrivy(app) {
  const part = () => import("../lib/privy.js").catch(() => {
    throw new Error("This part of the console could not be fetched. Reload the page.");
  });
  return {
    mail: async (email) => (await part()).mailCode(app, email),
    verify: async (email, code) => (await part()).signIn(app, email, code, referral()),
    hint: "Privy mails the code, and proves to this gateway who you are.",
    sent: (email) => html`Privy has mailed a code to ${email}.`,
  };
}

/** @param {{ by: Mailer, kept: boolean, email: string, onEmail: (typed: string) => void }} props */
function ByCode({ by, kept, email, onEmail }) {
  const [sentTo, setSentTo] = useState("");
  const [code, setCode] = useState("");
  const ask = useAct(async () => {
    await by.mail(email.trim());
    setSentTo(email.trim());
  });
  const verify = useAct(async () => {
    const answer = await by.verify(sentTo, code.trim());
    // The account's first key is its primary one, which stays; a later one is this session's and ends with it.
    begin({ key: answer.api_key, keyId: answer.is_new_user ? null : answer.key.id }, kept);
  });
  const before = useRef(sentTo);
  useEffect(() => {
    // The form that comes in the other's place takes up the keyboard's place, too.
    if (before.current !== sentTo) /** @type {HTMLElement | null} */ (document.querySelector(".gate form input"))?.focus();
    before.current = sentTo;
  }, [sentTo]);
  if (!sentTo) {
    const newcomer = referral() ? "You were recommended; who did is rewarded when you buy credit." : "Who is new here gets an account.";
    return html`<${Form} key="address" onSend=${ask.run}>
      <${Input} label="E-mail" type="email" autocomplete="email" required value=${email} onValue=${onEmail} hint=${[by.hint, newcomer].filter(Boolean).join(" ")} />
      <${Failure} error=${ask.error} />
      <${Button} kind="primary" type="submit" busy=${ask.busy}>Mail me a code</${Button}>
    </${Form}>`;
  }
  // A form of its own: what a field of the other one must look like would stay with an element that both had.
  return html`<${Form} key="code" onSend=${verify.run}>
    <p>${by.sent(html`<strong>${sentTo}</strong>`)}</p>
    <${Input} label="Code" class="code-input" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" required
      value=${code} onValue=${setCode} />
    <${Failure} error=${verify.error} />
    <${Button} kind="primary" type="submit" busy=${verify.busy}>Sign in</${Button}>
    <button type="button" class="link" onClick=${() => (setSentTo(""), setCode(""), verify.clear())}>Another address, or another code</button>
  </${Form}>`;
}

/** @param {{ kept: boolean, pasted: string }} props */
function ByKey({ kept, pasted }) {
  const [key, setKey] = useState(pasted);
  const { run, busy, error } = useAct(async () => {
    const secret = key.trim();
    // A key that may not read the balance is a key all the same.
    await api("GET", "/user/balance", { key: secret }).catch((fault) => {
      if (fault.status !== 403) throw fault;
    });
    begin({ key: secret, keyId: null }, kept);
  });
  return html`<${Form} onSend=${run}>
    <${Input} label="API key" type="password" autocomplete="off" spellcheck=${false} required placeholder="gw_live_…" value=${key} onValue=${setKey}
      hint="The console can do what the key may do: some need one with every scope." />
    <${Failure} error=${error} />
    <${Button} kind="primary" type="submit" busy=${busy}>Sign in</${Button}>
  </${Form}>`;
}
