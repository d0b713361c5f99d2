/** JSON values as literals of a language. */

/**
 * @typedef {object} Notation
 * @property {string} indent
 * @property {string} none
 * @property {string} yes
 * @property {string} no
 * @property {(text: string) => string} string
 * @property {(name: string) => string} key
 */

/**
 * JSON's escapes are Python's, but for one: a pair of surrogates is one character in JSON and two in Python. Pairs are
 * written as they are; a lone surrogate stays an escape in both.
 *
 * @param {string} text
 */
export const pythonString = (text) => JSON.stringify(text).replace(/[\u0085\u2028\u2029\u007f]/g, unicodeEscape);

/** @param {string} sign */
const unicodeEscape = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** @type {Notation} */
export const PYTHON = { indent: "    ", none: "None", yes: "True", no: "False", string: pythonString, key: pythonString };
/** @type {Notation} */
export const TYPESCRIPT = {
  indent: "  ",
  none: "null",
  yes: "true",
  no: "false",
  string: pythonString,
  key: (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)),
};

/**
 * @param {unknown} value JSON.
 * @param {Notation} notation
 * @param {number} depth
 * @param {(value: unknown) => string | null} write Writes what is no literal; null for all else.
 * @returns {string}
 */
export function literal(value, notation, depth, write) {
  const own = write(value);
  if (own !== null) return own;
  if (value === null || value === undefined) return notation.none;
  if (value === true) return notation.yes;
  if (value === false) return notation.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return notation.string(value);
  const margin = notation.indent.repeat(depth);
  const inner = margin + notation.indent;
  const within = (/** @type {unknown} */ one) => literal(one, notation, depth + 1, write);
  if (Array.isArray(value)) {
    const items = value.map(within);
    const line = `[${items.join(", ")}]`;
    if (line.length <= 80 && !line.includes("\n")) return line;
    return `[\n${items.map((item) => `${inner}${item},\n`).join("")}${margin}]`;
  }
  const entries = Object.entries(value).map(([name, one]) => `${notation.key(name)}: ${within(one)}`);
  const space = notation === TYPESCRIPT ? " " : "";
  const line = entries.length === 0 ? "{}" : `{${space}${entries.join(", ")}${space}}`;
  if (line.length <= 80 && !line.includes("\n")) return line;
  return `{\n${entries.map((entry) => `${inner}${entry},\n`).join("")}${margin}}`;
}
