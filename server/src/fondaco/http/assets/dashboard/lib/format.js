/** Amounts, sizes and times as a person reads them. */

const LOCALE = "en-GB";

/**
 * Format an amount of money, with as many digits as it needs: $12.50, $0.000153, 4.25 DIEM.
 *
 * @param {number | string | null | undefined} amount
 * @param {"USD" | "DIEM"} [currency]
 */
export function money(amount, currency = "USD") {
  if (amount === null || amount === undefined || amount === "") return "–";
  const value = Number(amount);
  const text = decimal(Math.abs(value), 2, moneyDigits(Math.abs(value)));
  const sign = value < 0 ? "−" : "";
  return currency === "USD" ? `${sign}$${text}` : `${sign}${text} ${currency}`;
}

/**
 * Return how many decimals show three significant digits; the ledger has nine.
 *
 * @param {number} value
 */
function moneyDigits(value) {
  if (value === 0 || value >= 1) return 2;
  return Math.min(9, Math.max(2, 2 - Math.floor(Math.log10(value))));
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
const decimal = (value, least, most) =>
  value.toLocaleString(LOCALE, { minimumFractionDigits: least, maximumFractionDigits: most });

/**
 * Format a number with grouped thousands.
 *
 * @param {number | null | undefined} value
 * @param {number} [digits] most decimals
 */
export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString(LOCALE, { maximumFractionDigits: digits });

/**
 * Format a number in three significant digits: 12.3k, 4.5M.
 *
 * @param {number | null | undefined} value
 */
export const compact = (value) =>
  value === null || value === undefined
    ? "–"
    : value
        .toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 })
        .replace("K", "k");

/**
 * Format a share: 0.425 is 43 %.
 *
 * @param {number} share
 */
export const percent = (share) => `${Math.round(share * 100)} %`;

/**
 * Format a size in decimal units.
 *
 * @param {number | null | undefined} count of bytes
 */
export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString(LOCALE, { maximumSignificantDigits: 3 })} ${units[unit]}`;
}

/**
 * Count things: "1 key", "3 keys".
 *
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** @typedef {string | number | Date | null | undefined} Time ISO 8601, Unix milliseconds, or a Date */

/**
 * Format a time of this browser's zone: 27 Nov 2026, 09:30.
 *
 * @param {Time} time
 */
export const dateTime = (time) => formatted(time, { dateStyle: "medium", timeStyle: "short" });

/**
 * Format a day: 27 Nov 2026. A date without a time is a UTC day, as epochs are.
 *
 * @param {Time} time
 */
export const date = (time) =>
  formatted(time, { dateStyle: "medium", ...(isDay(time) ? { timeZone: "UTC" } : {}) });

/**
 * Format a UTC day briefly, for axes: 27 Nov.
 *
 * @param {Time} time
 */
export const shortDate = (time) => formatted(time, { day: "numeric", month: "short", timeZone: "UTC" });

/** @param {Time} time */
const isDay = (time) => typeof time === "string" && /^\d{4}-\d{2}-\d{2}$/.test(time);

/**
 * @param {Time} time
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatted(time, options) {
  if (time === null || time === undefined || time === "") return "–";
  return new Date(time).toLocaleString(LOCALE, options);
}

/**
 * Format a time by its distance: "3 minutes ago", "in 14 hours".
 *
 * @param {Time} time
 * @param {number} [now] Unix milliseconds
 */
export function relative(time, now = Date.now()) {
  if (time === null || time === undefined || time === "") return "never";
  const seconds = (new Date(time).getTime() - now) / 1000;
  const far = Math.abs(seconds);
  if (far < 45) return seconds > 0 ? "in a moment" : "just now";
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (far < 45 * 60) return format.format(Math.round(seconds / 60), "minute");
  if (far < 22 * 3600) return format.format(Math.round(seconds / 3600), "hour");
  if (far < 45 * 86400) return format.format(Math.round(seconds / 86400), "day");
  if (far < 320 * 86400) return format.format(Math.round(seconds / (30.44 * 86400)), "month");
  return format.format(Math.round(seconds / (365.25 * 86400)), "year");
}

/**
 * Format a length of time: 350 ms, 4.2 s, 3 min 20 s, 14 h 5 min.
 *
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toLocaleString(LOCALE, { maximumFractionDigits: 1 })} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 86400) return joined(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return joined(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
}

/** @param {number} large @param {string} unit @param {number} small @param {string} smallUnit */
const joined = (large, unit, small, smallUnit) =>
  small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`;

/**
 * Return the code of a fault in words: `ConnectFailedError` as "connect failed", `MODEL_AT_CAPACITY` as "model at capacity".
 *
 * @param {string} code
 */
export function inWords(code) {
  return code
    .replace(/Error$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}
