/** Bars over days, drawn by uPlot in the design's colours; loaded with the first chart. */
import uPlot from "../vendor/uplot.js";
import { compact, shortDate } from "./format.js";

/**
 * Draw bars for days into an element, and again whenever its width or the theme changes.
 *
 * @param {HTMLElement} element
 * @param {string[]} days
 * @param {import("../components/chart.js").Series[]} series
 * @param {boolean} stacked whether the series are parts of one sum; else a second series has its axis on the right
 * @returns {() => void} removes the chart
 */
export function plotDays(element, days, series, stacked) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  /** @type {uPlot | null} */
  let plot = null;
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(element, days, series, stacked), data(days, series, stacked), element);
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
 * Return uPlot's columns; stacked series as running sums, the largest first so that later ones are drawn over it.
 *
 * @param {string[]} days
 * @param {import("../components/chart.js").Series[]} series
 * @param {boolean} stacked
 * @returns {uPlot.AlignedData}
 */
function data(days, series, stacked) {
  const columns = series.map((one) => one.values);
  const drawn = stacked ? columns.map((_, at) => days.map((_, day) => sum(columns.slice(at), day))) : columns;
  return [days.map((_, at) => at), ...drawn];
}

/** @param {number[][]} columns @param {number} day */
const sum = (columns, day) => columns.reduce((total, column) => total + column[day], 0);

/**
 * @param {HTMLElement} element
 * @param {string[]} days
 * @param {import("../components/chart.js").Series[]} series
 * @param {boolean} stacked
 * @returns {uPlot.Options}
 */
function options(element, days, series, stacked) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${colour("sans")}`;
  const two = series.length === 2 && !stacked;
  const axis = { font, stroke: colour("ink-soft"), ticks: { show: false } };
  const scale = (/** @type {number} */ at) => (two && at === 1 ? "right" : "left");
  const valueAxis = (/** @type {number} */ at) => ({
    ...axis,
    scale: scale(at),
    side: /** @type {uPlot.Axis.Side} */ (at === 1 ? 1 : 3),
    size: 58,
    grid: { show: at === 0, stroke: colour("line"), width: 1 },
    values: (/** @type {uPlot} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => tickText(tick, series[at])),
  });
  return {
    width: element.clientWidth || 600,
    height: element.clientHeight || 240,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, two ? 0 : 12, 0, 0],
    scales: {
      x: { time: false, range: () => [-0.6, days.length - 0.4] },
      left: { range: fromZero },
      right: { range: fromZero },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        incrs: [1, 2, 5, 7, 10, 14, 30, 60, 90],
        space: 64,
        values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) && days[at] ? shortDate(days[at]) : "")),
      },
      valueAxis(0),
      ...(two ? [valueAxis(1)] : []),
    ],
    series: [
      {},
      ...series.map((one, at) => ({
        label: one.label,
        scale: scale(at),
        fill: colour(`series-${at + 1}`),
        width: 0,
        points: { show: false },
        paths: bars(two ? 0.38 : 0.7, two ? (at === 0 ? -1 : 1) : 0),
      })),
    ],
  };
}

/** @param {number} width share of a day's room @param {-1 | 0 | 1} align */
const bars = (width, align) => uPlot.paths.bars?.({ size: [width, 48], align, radius: 0.12 });

/** @param {uPlot} _ @param {number} _least @param {number} most @returns {uPlot.Range.MinMax} */
const fromZero = (_, _least, most) => [0, most > 0 ? most * 1.08 : 1];

/** @param {number} tick @param {import("../components/chart.js").Series} series */
const tickText = (tick, series) => (series.format(1).startsWith("$") ? `$${compact(tick)}` : compact(tick));
