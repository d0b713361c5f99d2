/** Calls and charges of the last days. */
import { html, useMemo, useState } from "../../lib/ui.js";
import { money, number } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { link } from "../../lib/router.js";
import { NOTHING, daysBetween, usageSums, utcDay } from "../../lib/usage.js";
import { Charts } from "../chart.js";
import { Segments } from "../field.js";
import { Panel } from "../page.js";
import { EmptyState, Loaded, Skeleton } from "../states.js";

const PERIODS = [
  { value: "14", label: "14 days" },
  { value: "30", label: "30 days" },
];

/** A panel with the plots and their table. */
export function LastDays() {
  const [period, setPeriod] = useState("14");
  const first = utcDay(Number(period) - 1);
  const last = utcDay();
  const sums = useResource(async (signal) => ({ first, last, rows: await usageSums(["day"], first, last, signal) }), [first, last]);
  return html`<${Panel} title="Calls and charges" actions=${html`
      <${Segments} label="Period" value=${period} options=${PERIODS} onChange=${setPeriod} />
      <a href=${link("usage")}>All usage</a>`}>
    <${Loaded} of=${sums} skeleton=${html`<${Skeleton} height="18.5rem" />`}>
      ${(/** @type {{first: string, last: string, rows: import("../../lib/usage.js").UsageRow[]}} */ days) => html`<${UsageCharts} ...${days} />`}
    <//>
  <//>`;
}

/**
 * Plots of calls and of charges, from sums by day; a word in their place, as high as they are, where there are none.
 *
 * @param {{rows: import("../../lib/usage.js").UsageRow[], first: string, last: string}} props days without a row had no calls
 */
export function UsageCharts({ rows, first, last }) {
  const days = useMemo(() => daysBetween(first, last), [first, last]);
  const plots = useMemo(() => {
    const byDay = new Map(rows.map((row) => [row.date, row]));
    const sums = days.map((day) => byDay.get(day) ?? NOTHING);
    const diem = { label: "DIEM", values: sums.map((sum) => sum.diem), format: (/** @type {number} */ value) => money(value, "DIEM") };
    const usd = { label: "US dollars", values: sums.map((sum) => sum.usd), format: money };
    return [
      { title: "Calls a day", unit: "count", series: [{ label: "Calls", values: sums.map((sum) => sum.calls), format: number, colour: 1 }] },
      { title: "Charges a day", unit: "money", series: [{ ...diem, colour: 1 }, { ...usd, colour: 2 }] },
    ];
  }, [rows, days]);
  if (rows.length === 0)
    return html`<div class="charts-none">
      <${EmptyState} title="No calls in these days" icon="usage">
        <p>Calls of programs and of this dashboard appear here, with what they are charged.</p>
        <a href=${link("playground")}>Try a model in the playground</a>
      <//>
    </div>`;
  return html`<${Charts} caption="Calls and charges by day" days=${days} plots=${plots} />`;
}
