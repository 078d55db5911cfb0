"use strict";
// What proves who the user is stays in this script's memory, and goes to this gateway in a header.
{
  const main = document.querySelector("main");
  const place = (id) => document.getElementById(id);
  const { callback, challenge, method, label, limit, period, expires, wrong } = main.dataset;
  let signedIn = null;

  const say = (text) => (place("told").textContent = text);

  const ask = async (verb, path, body, key) => {
    const headers = { "content-type": "application/json" };
    if (key) headers.authorization = `Bearer ${key}`;
    const answer = await fetch(path, { method: verb, headers, body: body && JSON.stringify(body), credentials: "omit" });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error?.message ?? `The gateway answered ${answer.status}.`);
    return told;
  };

  /** Goes back to the app. Its address stays as it wrote it. */
  const goBack = (pair) => location.assign(callback + (callback.includes("?") ? "&" : "?") + pair);

  /** A key of the user's, and what ends it where the page has got it for this alone. */
  const prove = async () => {
    const key = place("key").value.trim();
    if (key) return { key };
    if (signedIn) return signedIn;
    const email = place("email").value.trim();
    const code = place("code").value.trim();
    if (!email || place("mailed").hidden) throw new Error("Say who you are: by a mailed code, or by a key of yours.");
    const told = await ask("POST", "/auth/verify", { email, code });
    signedIn = { key: told.api_key, own: told.is_new_user ? null : told.key.id };
    return signedIn;
  };

  const grant = async () => {
    const amount = Number(place("limit").value.trim().replace(",", "."));
    if (!(amount > 0)) throw new Error("Say what the key may spend at most: an amount above 0.");
    const { key, own } = await prove();
    const wish = { code_challenge: challenge, code_challenge_method: method, limit: amount };
    if (callback) wish.callback_url = callback;
    if (place("label").value.trim()) wish.key_label = place("label").value.trim();
    if (place("period").value) wish.usage_limit_type = place("period").value;
    if (expires) wish.expires_at = expires;
    const { data } = await ask("POST", "/v1/auth/keys/code", wish, key);
    // The key that signing in has made was for this.
    if (own) await ask("DELETE", `/user/api-keys/${own}`, null, key).catch(() => {});
    if (callback) return goBack(`code=${encodeURIComponent(data.id)}`);
    place("agree").hidden = true;
    place("done").hidden = false;
    place("shown").textContent = data.id;
  };

  const during = async (button, work) => {
    say("");
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  };

  if (wrong) {
    place("broken").hidden = false;
  } else {
    place("agree").hidden = false;
    place("goes").hidden = !callback;
    place("stays").hidden = !!callback;
    place("deny").hidden = !callback;
    place("label").value = label;
    place("limit").value = limit;
    place("period").value = period;
    place("expires").hidden = !expires;
    place("expires").textContent = expires && `It expires on ${new Date(expires).toLocaleString()}.`;
  }
  place("send").addEventListener("click", (event) =>
    during(event.currentTarget, async () => {
      const email = place("email").value.trim();
      if (!email) throw new Error("Write your e-mail address first.");
      await ask("POST", "/auth/register", { email });
      place("mailed").hidden = false;
      place("code").focus();
    }),
  );
  place("deny").addEventListener("click", () => goBack("error=access_denied"));
  place("agree").addEventListener("submit", (event) => {
    event.preventDefault();
    during(place("grant"), grant);
  });
}
