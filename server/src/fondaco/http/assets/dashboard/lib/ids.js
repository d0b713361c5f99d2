/** Ids that no other request has. */

/**
 * Return 128 random bits in hexadecimal: `crypto.randomUUID` is missing where a page comes over plain HTTP.
 */
export const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
