/** A chart with its table twin: the same numbers for whoever cannot see the picture, or wants to copy them. */
import { html, useEffect, useRef } from "../lib/ui.js";
import { shortDate } from "../lib/format.js";
import { asApiError } from "../lib/resource.js";
import { Table } from "./table.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {number[]} values one for each day
 * @property {(value: number) => string} format
 */

/**
 * A chart of days: bars for each series, one series an axis of its own if there are two.
 *
 * @param {{title: string, days: string[], series: Series[], stacked?: boolean}} props `days`: UTC days such as
 *     "2026-11-27", oldest first; `stacked`: the series are parts of one sum
 */
export function Chart({ title, days, series, stacked = false }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const shown = JSON.stringify([days, series.map(({ label, values }) => [label, values]), stacked]);

  useEffect(() => {
    let remove = () => {};
    let gone = false;
    import("../lib/plot.js").then(
      ({ plotDays }) => {
        if (!gone && element.current) remove = plotDays(element.current, days, series, stacked);
      },
      (error) => void asApiError(error),
    );
    return () => {
      gone = true;
      remove();
    };
  }, [shown]);

  const columns = [
    { title: "Day (UTC)", header: true, cell: (/** @type {number} */ at) => shortDate(days[at]) },
    ...series.map((one) => ({
      title: one.label,
      number: true,
      cell: (/** @type {number} */ at) => one.format(one.values[at]),
    })),
  ];
  return html`<figure class="chart" aria-label=${title}>
    <div class="chart-legend" aria-hidden="true">
      ${series.map(
        (one, index) => html`<span key=${one.label} class="chart-key">
          <span class=${`chart-swatch series-${index + 1}`}></span>${one.label}
        </span>`,
      )}
    </div>
    <div class="chart-plot" ref=${element} aria-hidden="true"></div>
    <details class="twin">
      <summary>Show as a table</summary>
      <${Table} caption=${title} columns=${columns} rows=${days.map((_, at) => at).reverse()} rowKey=${(/** @type {number} */ at) => days[at]} />
    </details>
  </figure>`;
}
