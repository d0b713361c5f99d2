/**
 * The page's half of the session's token. The other half is the cookie, which browsers send to every port of the host:
 * alone it opens nothing.
 *
 * All tabs of this server share it, as they share the cookie, and pages of other origins cannot read it. A server that
 * is mounted below another path of the origin has its own, like its cookie.
 */

const NAME = "fondaco-session";
/** Before a log-in, in place of the half. */
const NONE = "1";

/** Where the browser keeps no data for a site: until the tab ends. */
let held = NONE;

/** Return the name by which the browser keeps it. */
function name() {
  const mount = new URL(".", location.href).pathname;
  return mount === "/" ? NAME : NAME + mount;
}

/** Return the half, as the last log-in of any tab brought it. */
export function pageHalf() {
  try {
    return localStorage.getItem(name()) ?? held;
  } catch {
    return held;
  }
}

/**
 * Keep the half that a response brings; only responses to a log-in bring one.
 *
 * @param {string | null} half
 */
export function takePageHalf(half) {
  if (!half) return;
  held = half;
  try {
    localStorage.setItem(name(), half);
  } catch {
    // `held` has it
  }
}
