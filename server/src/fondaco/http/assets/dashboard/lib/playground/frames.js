/** Work that is done once for each frame of the screen, however often it comes up. */

/**
 * Return a function's calls, held back to one for each frame: a stream may bring hundreds of chunks between two.
 *
 * @template T
 * @param {(value: T) => unknown} use
 */
export function eachFrame(use) {
  let frame = 0;
  let latest = /** @type {T | undefined} */ (undefined);
  return {
    later(/** @type {T} */ value) {
      latest = value;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        use(/** @type {T} */ (latest));
      });
    },
    cancel() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
