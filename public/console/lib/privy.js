// Signing in by a code that Privy mails, through Privy's REST API. These are the only requests of the console to anybody but the gateway:
// they are made where the operator has a Privy app (GET /auth/methods), and the page's policy names Privy only there. This file is
// fetched once somebody signs in so.

import { api, ApiError } from "./api.js";

/** As long as Privy's own client waits, in ms. */
const PATIENCE = 20_000;
/** The longest refusal in Privy's words that is shown. */
const LONGEST = 300;

/** @typedef {{ app_id: string, url: string }} App */

/** Has Privy mail a code. @param {App} app @param {string} email */
export async function mailCode(app, email) {
  await ask(app, "passwordless/init", { email });
}

/**
 * Proves to the gateway, by what Privy gives for the code, who this is. Nothing of Privy's is kept: its session here ends as soon as the
 * gateway has answered.
 *
 * @param {App} app @param {string} email @param {string} code @param {string | null} referral
 * @returns {Promise<any>} the gateway's answer
 */
export async function signIn(app, email, code, referral) {
  const given = await ask(app, "passwordless/authenticate", { email, code, mode: "login-or-sign-up" });
  if (typeof given?.token !== "string") throw new ApiError("Privy knows you and gave this page no token: its app keeps them where a page cannot read them. Sign in in another way.");
  const identity = typeof given.identity_token === "string" ? { identity_token: given.identity_token } : {};
  try {
    const body = { token: given.token, ...identity, issue_key: true, ...(referral ? { referral_code: referral } : {}) };
    return await api("POST", "/auth/privy", { key: "", body });
  } finally {
    // Nobody waits for it: a session that outlives this is one whose tokens nobody has.
    const { privy_access_token: own, refresh_token: refresh } = given;
    ask(app, "sessions/logout", { refresh_token: refresh }, { authorization: `Bearer ${own ?? given.token}` }).catch(() => {});
  }
}

/**
 * @param {App} app @param {string} path @param {unknown} body @param {Record<string, string>} [further] Headers.
 * @returns {Promise<any>}
 */
async function ask(app, path, body, further = {}) {
  const headers = { accept: "application/json", "content-type": "application/json", "privy-app-id": app.app_id, ...further };
  let response;
  try {
    // Without cookies: what Privy answers is all that is wanted of it.
    const options = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) };
    response = await fetch(`${app.url}/api/v1/${path}`, { ...options, credentials: "omit", cache: "no-store" });
  } catch {
    // An origin that is not allowed may look like this, too: a browser does not tell them apart.
    throw new ApiError(`Privy cannot be reached. Check the connection. If it stays so, Privy's app may not allow ${location.origin}: the operator can, in Privy's dashboard; meanwhile, sign in in another way.`);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new ApiError(refusal(app, response.status, answer), { code: answer?.code ?? null });
}

/** What was wrong, and what to do about it. @param {App} app @param {number} status @param {any} answer */
function refusal(app, status, answer) {
  const code = answer?.code ?? (status === 429 ? "too_many_requests" : "");
  if (Object.hasOwn(SAID, code)) return SAID[code](app);
  if (typeof answer?.error === "string") return `Privy refused: ${answer.error.slice(0, LONGEST)}`;
  return `Privy answered ${status} without saying why. Try again in a moment, or sign in in another way.`;
}

const foreign = () => `Privy's app does not allow ${location.origin}. The operator adds it to the allowed origins in Privy's dashboard; meanwhile, sign in in another way.`;
const full = () => "Privy's app takes no new users at present. Sign in in another way.";

/** By the codes of Privy's refusals. @type {Record<string, (app: App) => string>} */
const SAID = {
  invalid_credentials: () => "That is not the newest code for this address, or it was used or is too old. Check it, or have another one mailed.",
  invalid_captcha: () => "Privy's app asks for a captcha, which this page does not have. Sign in in another way; the operator can turn it off in Privy's dashboard.",
  invalid_origin: foreign,
  missing_origin: foreign,
  disallowed_login_method: () => "Privy's app does not let anybody in by mail. Sign in in another way; the operator can turn it on in Privy's dashboard.",
  missing_or_invalid_privy_app_id: (app) => `Privy knows no app ${app.app_id}. The operator corrects PRIVY_APP_ID; meanwhile, sign in in another way.`,
  too_many_requests: () => "Privy takes no more attempts for now. Wait some minutes, and try again.",
  allowlist_rejected: () => "Privy's app lets in who is on its list, and this address is not. Use another one, or ask the operator.",
  disallowed_plus_email: () => "Privy's app takes no address with a plus sign. Use the address without it.",
  user_unsubscribed: () => "This address wants no mail of Privy's any more. Use another one, or sign in in another way.",
  max_accounts_reached: full,
  signup_disabled: full,
};
