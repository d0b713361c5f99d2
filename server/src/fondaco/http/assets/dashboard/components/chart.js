/** Charts of days with their table twin: the same numbers for who cannot see the picture, or wants to copy them. */
import { html, useEffect, useRef } from "../lib/ui.js";
import { date } from "../lib/format.js";
import { asApiError } from "../lib/resource.js";
import { Table } from "./table.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {number[]} values one for each day
 * @property {(value: number) => string} format for the table
 * @property {1 | 2 | 3 | 4 | 5} [colour]
 */

/**
 * @typedef {object} Plot
 * @property {string} title
 * @property {Series[]} series parts of one sum, stacked as bars
 * @property {"count" | "money"} unit of the axis
 */

/**
 * Plots over the same days, side by side where there is room, and one table with all their numbers.
 *
 * @param {{caption: string, days: string[], plots: Plot[]}} props `days`: UTC days such as "2026-11-27", oldest first
 */
export function Charts({ caption, days, plots }) {
  const columns = [
    { title: "Day (UTC)", header: true, cell: (/** @type {number} */ at) => date(days[at]) },
    ...plots.flatMap((plot) => plot.series).map((one) => ({
      title: one.label,
      number: true,
      cell: (/** @type {number} */ at) => one.format(one.values[at]),
    })),
  ];
  return html`<div class="charts">
    <div class="charts-plots">
      ${plots.map((plot) => html`<${PlotView} key=${plot.title} days=${days} plot=${plot} />`)}
    </div>
    <details class="twin">
      <summary>Show as a table</summary>
      <${Table} caption=${caption} columns=${columns} rows=${days.map((_, at) => at).reverse()} rowKey=${(/** @type {number} */ at) => days[at]} />
    </details>
  </div>`;
}

/**
 * One plot; screen readers are led to the table instead.
 *
 * @param {{days: string[], plot: Plot}} props
 */
function PlotView({ days, plot }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const shown = JSON.stringify([days, plot.series.map(({ values }) => values)]);

  useEffect(() => {
    let remove = () => {};
    let gone = false;
    import("../lib/plot.js").then(
      ({ plotDays }) => {
        if (!gone && element.current) remove = plotDays(element.current, days, plot);
      },
      (error) => void asApiError(error), // the table says the same
    );
    return () => {
      gone = true;
      remove();
    };
  }, [shown]);

  return html`<div class="chart" role="img" aria-label=${`${plot.title}: a chart. The table below has its numbers.`}>
    <div class="chart-head" aria-hidden="true">
      <span class="chart-title">${plot.title}</span>
      ${plot.series.length > 1 &&
      html`<span class="chart-legend">
        ${plot.series.map(
          (one, at) => html`<span key=${one.label} class="chart-key"><span class=${`chart-swatch series-${one.colour ?? at + 1}`}></span>${one.label}</span>`,
        )}
      </span>`}
    </div>
    <div class="chart-plot" ref=${element} aria-hidden="true"></div>
  </div>`;
}
