/** Bars over days, drawn by uPlot in the design's colours; loaded with the first chart. */
import uPlot from "../vendor/uplot.js";
import { compact, shortDate } from "./format.js";

/** @typedef {import("../components/chart.js").Plot} Plot */

/** Steps of an axis that counts: 1, 2, 5, 10, 20 and so on. */
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/**
 * Draw bars for days into an element, and again whenever its width or the theme changes.
 *
 * @param {HTMLElement} element
 * @param {string[]} days
 * @param {Plot} shown
 * @returns {() => void} removes the chart
 */
export function plotDays(element, days, shown) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  /** @type {uPlot | null} */
  let plot = null;
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(element, days, shown), columns(days, shown), element);
  };
  const resize = new ResizeObserver(() => {
    if (element.clientWidth) plot?.setSize({ width: element.clientWidth, height: element.clientHeight });
  });
  draw();
  resize.observe(element);
  dark.addEventListener("change", draw);
  return () => {
    resize.disconnect();
    dark.removeEventListener("change", draw);
    plot?.destroy();
  };
}

/**
 * Return uPlot's columns: running sums, the largest first, so that later ones are drawn over it.
 *
 * @param {string[]} days
 * @param {Plot} shown
 * @returns {uPlot.AlignedData}
 */
function columns(days, { series }) {
  const values = series.map((one) => one.values);
  return [days.map((_, at) => at), ...values.map((_, at) => days.map((_day, day) => sum(values.slice(at), day)))];
}

/** @param {number[][]} values @param {number} day */
const sum = (values, day) => values.reduce((total, column) => total + column[day], 0);

/**
 * @param {HTMLElement} element
 * @param {string[]} days
 * @param {Plot} shown
 * @returns {uPlot.Options}
 */
function options(element, days, { series, unit }) {
  const style = getComputedStyle(element);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const em = parseFloat(style.fontSize);
  const axis = { font: `${Math.round(em * 0.8)}px ${colour("sans")}`, stroke: colour("ink-soft"), ticks: { show: false } };
  return {
    width: element.clientWidth || 600,
    height: element.clientHeight || 200,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, em * 1.1, 0, 0],
    scales: { x: { time: false, range: () => [-0.6, days.length - 0.4] }, y: { range: fromZero(unit) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: em * 1.7,
        incrs: [1, 2, 7, 14, 28, 56],
        space: em * 4.4,
        values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) && days[at] ? shortDate(days[at]) : "")),
      },
      {
        ...axis,
        size: (_, ticks) => em * (1.1 + 0.5 * Math.max(3, ...(ticks ?? []).map((tick) => tick.length))),
        space: em * 2.6,
        ...(unit === "count" ? { incrs: WHOLE } : {}),
        grid: { stroke: colour("line"), width: 1 },
        values: (_, ticks) => ticks.map((tick) => tickText(tick, unit)),
      },
    ],
    series: [
      {},
      ...series.map((one, at) => ({
        label: one.label,
        fill: colour(`series-${one.colour ?? at + 1}`),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [0.68, 36], radius: 0.1 }),
      })),
    ],
  };
}

/**
 * Axes begin at nothing, and have room for a whole call, or for a cent at least of no charge.
 *
 * @param {Plot["unit"]} unit
 * @returns {(self: uPlot, least: number, most: number) => uPlot.Range.MinMax}
 */
const fromZero = (unit) => (_, _least, most) => [0, most > 0 ? most * 1.1 : unit === "money" ? 0.01 : 1];

/** @param {number} tick @param {Plot["unit"]} unit */
function tickText(tick, unit) {
  if (unit === "count") return compact(tick);
  if (tick === 0 || tick >= 1000) return `$${compact(tick)}`;
  return `$${tick.toLocaleString("en-GB", { maximumSignificantDigits: 2 })}`;
}
