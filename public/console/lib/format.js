// Numbers, money and times as people read them, in the reader's own language and zone.

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const soon = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** Dollars with as many places as say something, down to the nano-dollar, and never more of them than there are: a balance is not rounded up.
 * @param {number} dollars */
export function money(dollars) {
  const size = Math.abs(dollars);
  const places = size === 0 || size >= 1000 ? 2 : size >= 1 ? 4 : Math.min(9, Math.max(2, 2 - Math.floor(Math.log10(size))));
  // A figure has nine places at most: what a float adds behind them is none of it.
  const scale = 10 ** places;
  const cut = Math.floor(Number((size * scale).toFixed(9 - places))) / scale;
  return (Math.sign(dollars) * cut).toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: places });
}

/** Every place that there is: for a single call. @param {number} dollars */
export function moneyExact(dollars) {
  return dollars.toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 9 });
}

/** With its sign, for a ledger. @param {number} dollars */
export function signed(dollars) {
  return dollars > 0 ? `+${moneyExact(dollars)}` : moneyExact(dollars).replace("-", "−");
}

/** @param {number} count */
export const count = (count) => whole.format(count);

/** @param {number} count */
export const compact = (count) => (Math.abs(count) < 10_000 ? whole.format(count) : short.format(count));

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} share Of one. */
export const percent = (share) => `${(share * 100).toLocaleString(undefined, { maximumFractionDigits: 1 })} %`;

/** @param {string | null | undefined} time */
export const date = (time) => (time ? day.format(new Date(time)) : "–");
/** To the minute; the year where it is another one. @param {string | null | undefined} time */
export function when(time) {
  if (!time) return "–";
  const at = new Date(time);
  return (at.getFullYear() === new Date().getFullYear() ? soon : moment).format(at);
}
/** @param {string | null | undefined} time */
export const exactly = (time) => (time ? exact.format(new Date(time)) : "–");

/** A day of the calendar, which has no zone. @param {string} text As in 2026-11-29. */
export const calendarDay = (text) =>
  new Date(`${text.slice(0, 10)}T00:00:00Z`).toLocaleDateString(undefined, { month: "short", day: "numeric", timeZone: "UTC" });

/** How long ago, or until when. @param {string | null | undefined} time */
export function since(time) {
  if (!time) return "never";
  const seconds = (new Date(time).getTime() - Date.now()) / 1000;
  /** @type {[Intl.RelativeTimeFormatUnit, number][]} */
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  for (const [unit, length] of units) if (Math.abs(seconds) >= length) return ago.format(Math.trunc(seconds / length), unit);
  return ago.format(Math.trunc(seconds), "second");
}

/** "1 key", "2 keys". @param {number} number @param {string} one @param {string} [many] */
export const several = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A price per million tokens, from one per token as a decimal string. @param {string | null | undefined} perToken */
export function perMillion(perToken) {
  if (perToken === null || perToken === undefined) return "–";
  const dollars = Number(perToken) * 1e6;
  return dollars === 0 ? "free" : dollars < 0 ? "–" : money(Number(dollars.toPrecision(12)));
}

/** Words of an identifier: `admin_credit` is "Admin credit". @param {string} name */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** An address that may be followed: nothing but the web's. @param {string | null | undefined} url @returns {string | undefined} */
export function followable(url) {
  return url && /^https?:\/\//i.test(url) ? url : undefined;
}
