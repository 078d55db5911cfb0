// Ranges of days, as the API counts them: in UTC.

const DAY = 86_400_000;

/** The day of a time. @param {Date} time */
export const dayOf = (time) => time.toISOString().slice(0, 10);

/** A range that ends now and begins so many days before, at midnight. @param {number} days */
export function lastDays(days) {
  const from = dayOf(new Date(Date.now() - (days - 1) * DAY));
  return { from: `${from}T00:00:00Z`, to: new Date().toISOString() };
}

/**
 * Every day of a range with what it has, also those that have nothing.
 *
 * @template T
 * @param {string} from @param {string} to @param {{ day: string, usage: T }[]} known @param {T} nothing
 * @returns {{ day: string, usage: T }[]}
 */
export function everyDay(from, to, known, nothing) {
  const found = new Map(known.map((it) => [it.day.slice(0, 10), it.usage]));
  const days = [];
  const end = dayOf(new Date(to));
  for (let at = new Date(`${from.slice(0, 10)}T00:00:00Z`).getTime(); days.length < 400; at += DAY) {
    const day = dayOf(new Date(at));
    if (day > end) break;
    days.push({ day, usage: found.get(day) ?? nothing });
  }
  return days;
}

/** Usage where there was none. */
export const NOTHING = { requests: 0, failed: 0, own_key: 0, prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0, reasoning_tokens: 0, tokens: 0, cost: 0 };
