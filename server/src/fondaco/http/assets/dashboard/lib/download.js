/** Files of the server, saved by the browser. */
import { file } from "./api.js";

/**
 * Save the response to a request as a file.
 *
 * @param {string} path
 * @param {import("./api.js").RequestOptions["query"]} query
 * @param {string} mediaType that is asked for
 * @param {string} name of the file
 * @throws {import("./api.js").ApiError}
 */
export async function download(path, query, mediaType, name) {
  saveBlob(await file(path, { query, headers: { accept: mediaType } }), name);
}

/**
 * Save content that is here as a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function saveBlob(blob, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}
