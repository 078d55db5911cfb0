// Signing in: by a code that is mailed, or with a key that one has.

import { api } from "../lib/api.js";
import { route } from "../lib/route.js";
import { begin, lastWords } from "../lib/session.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { useAct } from "../lib/use.js";
import { Button } from "../ui/button.js";
import { Check, Choice, Form, Input } from "../ui/field.js";
import { Failure, Note } from "../ui/states.js";

export default function SignIn() {
  const [way, setWay] = useState("code");
  const [kept, setKept] = useState(false);
  const [key, setKey] = useState("");
  // Who pastes a key where an address is asked for means to sign in with it.
  const mistaken = (/** @type {string} */ typed) => {
    if (!/^\s*gw_[a-z]+_/.test(typed)) return false;
    setKey(typed.trim());
    setWay("key");
    return true;
  };
  useEffect(() => {
    document.title = "Sign in · Console";
  }, []);
  return html`<main class="gate">
    <h1 class="brand"><img src="/console/favicon.svg" alt="" width="28" height="28" />Console</h1>
    ${lastWords() && html`<${Note} kind="warn">${lastWords()}</${Note}>`}
    <div class="card"><div class="body stack">
      <${Choice} label="How to sign in" value=${way} onValue=${setWay} options=${[["code", "E-mail"], ["key", "API key"]]} />
      ${way === "code" ? html`<${ByCode} kept=${kept} mistaken=${mistaken} />` : html`<${ByKey} kept=${kept} pasted=${key} />`}
      <${Check} label="Stay signed in in this tab" hint="The key is then kept until the tab is closed; else a reload forgets it."
        checked=${kept} onValue=${setKept} />
    </div></div>
    <p class="foot"><a href="/">About</a> · <a href="/docs/guides">Documentation</a> · <a href="/health">Status</a></p>
  </main>`;
}

/** @param {{ kept: boolean, mistaken: (typed: string) => boolean }} props `mistaken`: whether what was typed is a key, which is then taken as one. */
function ByCode({ kept, mistaken }) {
  const [email, setEmail] = useState("");
  const [sentTo, setSentTo] = useState("");
  const [code, setCode] = useState("");
  const referral = route().params.get("ref") ?? new URLSearchParams(location.search).get("ref");
  const ask = useAct(async () => {
    await api("POST", "/auth/register", { key: "", body: { email: email.trim(), ...(referral ? { referral_code: referral } : {}) } });
    setSentTo(email.trim());
  });
  const verify = useAct(async () => {
    const answer = await api("POST", "/auth/verify", { key: "", body: { email: sentTo, code: code.trim() } });
    // The account's first key is its primary one, which stays; a later one is this session's and ends with it.
    begin({ key: answer.api_key, keyId: answer.is_new_user ? null : answer.key.id }, kept);
  });
  if (!sentTo) {
    return html`<${Form} onSend=${ask.run}>
      <${Input} label="E-mail" type="email" autocomplete="email" required value=${email} onValue=${(/** @type {string} */ typed) => mistaken(typed) || setEmail(typed)}
        hint=${referral ? "You were recommended; who did is rewarded when you buy credit." : "Who is new here gets an account."} />
      <${Failure} error=${ask.error} />
      <${Button} kind="primary" type="submit" busy=${ask.busy}>Mail me a code</${Button}>
    </${Form}>`;
  }
  return html`<${Form} onSend=${verify.run}>
    <p>A code is on its way to <strong>${sentTo}</strong>. It is good for ten minutes.</p>
    <${Input} label="Code" class="code-input" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" required autofocus
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
