/** The dashboard's modules, for tests that run under Node. */
const FOLDER = new URL("../../../src/fondaco/http/assets/dashboard/", import.meta.url);

/**
 * Return a module's address.
 *
 * @param {string} path
 */
export const asset = (path) => new URL(path, FOLDER).href;

/**
 * Stand in for what a browser has and Node has not: an address, and a document that it is of.
 *
 * @param {string} address
 */
export function browse(address) {
  Object.assign(globalThis, {
    location: new URL(address),
    document: { baseURI: address, hidden: false },
    addEventListener: () => {},
  });
}
