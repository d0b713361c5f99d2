/** The width of an element, followed by its component: what fits beside what depends on it, not on the window's. */
import { useLayoutEffect, useRef, useState } from "../../lib/ui.js";

/** @returns {[{current: HTMLElement | null}, number]} A reference to give to the element, and its width in pixels. */
export function useWidth() {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const own = /** @type {HTMLElement} */ (element.current);
    setWidth(own.clientWidth);
    const observer = new ResizeObserver(() => setWidth(own.clientWidth));
    observer.observe(own);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
