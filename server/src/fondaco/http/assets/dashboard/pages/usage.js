/** Usage: what was called and charged, by day, model, key and SKU. */
import { html, useState } from "../lib/ui.js";
import { money, plural } from "../lib/format.js";
import { asApiError, useResource } from "../lib/resource.js";
import { replaceQuery } from "../lib/router.js";
import { download } from "../lib/download.js";
import { DIMENSIONS, sumBy, total, usageSums, utcDay } from "../lib/usage.js";
import { announce, toast } from "../components/announcer.js";
import { Button } from "../components/button.js";
import { Segments } from "../components/field.js";
import { UsageCharts } from "../components/overview/last-days.js";
import { Figure, Page, Panel } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";
import { Filters, Periods } from "../components/usage/filters.js";
import { SumsTable } from "../components/usage/sums-table.js";

/** @typedef {import("../lib/usage.js").Dimension} Dimension */
/** @typedef {import("../lib/usage.js").UsageRow} UsageRow */

/**
 * What is shown; it stands in the address, so that it can be linked and survives a reload.
 *
 * @typedef {object} Selection
 * @property {string} from UTC day
 * @property {string} to UTC day, included
 * @property {Dimension} by
 * @property {string} model id, or "" for all
 * @property {string} key id
 * @property {string} sku
 */

/** @param {{route: import("../lib/router.js").Route}} props */
export default function Usage({ route }) {
  const selection = selectionOf(route.query);
  const { from, to, by } = selection;
  const change = (/** @type {Partial<Selection>} */ changed) => replaceQuery({ ...selection, ...changed });
  const filtered = DIMENSIONS.filter(({ id }) => id !== "day" && selection[/** @type {"model"} */ (id)]).map(({ id }) => id);

  /** @param {Dimension[]} wanted @param {AbortSignal} signal */
  const sums = async (wanted, signal) => {
    const rows = await usageSums([...new Set([...wanted, ...filtered])], from, to, signal);
    return rows.filter((row) => matches(row, selection));
  };
  const inputs = [from, to, selection.model, selection.key, selection.sku];
  // With the data stands what it is of: it stays in view while other data is on its way.
  const byDay = useResource(async (signal) => ({ from, to, rows: await sums(["day"], signal) }), inputs);
  const grouped = useResource(async (signal) => ({ by, rows: await sums([by], signal) }), [...inputs, by]);
  const choices = useResource((signal) => usageSums(["model", "key", "sku"], from, to, signal), [from, to]);

  return html`<${Page} title="Usage" lead="Calls and their charges, summed up by UTC day, as epochs are. One DIEM pays for as much as one US dollar." actions=${html`<${Periods} selection=${selection} onChange=${change} /><${CsvButton} from=${from} to=${to} />`}>
    <${Filters} selection=${selection} choices=${choices.data ?? []} onChange=${change} />
    <${Loaded} of=${byDay} skeleton=${html`<div class="panel panel-body"><${Skeleton} height="26rem" /></div>`}>
      ${(/** @type {{from: string, to: string, rows: UsageRow[]}} */ days) => html`<div class="panel">
        <${Totals} rows=${days.rows} />
        <div class="panel-body"><${UsageCharts} rows=${[...sumBy(days.rows, (row) => row.date ?? "").values()]} first=${days.from} last=${days.to} /></div>
      </div>`}
    <//>
    <${Panel} title="Sums" flush actions=${html`<${Segments} label="Sum up by" value=${by} options=${DIMENSIONS.map(({ id, label }) => ({ value: id, label: `By ${label}` }))}
        onChange=${(/** @type {Dimension} */ chosen) => change({ by: chosen })} />`}>
      <${Loaded} of=${grouped} skeleton=${html`<div class="panel-body"><${Skeleton} lines=${5} /></div>`}>
        ${(/** @type {{by: Dimension, rows: UsageRow[]}} */ sum) =>
          sum.rows.length
            ? html`<${SumsTable} by=${sum.by} rows=${sum.rows} all=${byDay.data && total(byDay.data.rows)} />`
            : html`<${EmptyState} title="No calls in this time" icon="usage"><p>Choose a longer time, or fewer filters.</p><//>`}
      <//>
    <//>
  <//>`;
}

/** @param {{rows: UsageRow[]}} props */
function Totals({ rows }) {
  const sum = total(rows);
  return html`<dl class="figures">
    <${Figure} label="Calls" value=${plural(sum.calls, "call")} />
    <${Figure} label="DIEM" value=${money(sum.diem, "DIEM")} />
    <${Figure} label="US dollars" value=${money(sum.usd)} />
    <${Figure} label="A call on average" value=${sum.calls ? money((sum.usd + sum.diem) / sum.calls) : "–"} note="DIEM as dollars" />
  </dl>`;
}

/** @param {{from: string, to: string}} props */
function CsvButton({ from, to }) {
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const query = { groupBy: "day,model,key,sku", startDate: from, endDate: to };
      await download("api/v1/billing/usage/summary", query, "text/csv", `fondaco-usage-${from}-${to}.csv`);
      announce("The file is saved.");
    } catch (error) {
      const { message, remedy } = asApiError(error);
      toast(`No file was saved. ${message} ${remedy}`, "error");
    }
    setBusy(false);
  };
  return html`<${Button} icon="download" busy=${busy} onClick=${save} title="Every day, model, key and SKU of this time">Download CSV<//>`;
}

/**
 * Read the selection from the address; what it lacks or has wrong is as at first.
 *
 * @param {Record<string, string>} query
 * @returns {Selection}
 */
function selectionOf(query) {
  const isDay = (/** @type {string | undefined} */ text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") && !Number.isNaN(Date.parse(text ?? ""));
  const to = isDay(query.to) ? query.to : utcDay();
  const from = isDay(query.from) && query.from <= to ? query.from : utcDay(29, Date.parse(to));
  const by = DIMENSIONS.find(({ id }) => id === query.by)?.id ?? "model";
  return { from, to, by, model: query.model ?? "", key: query.key ?? "", sku: query.sku ?? "" };
}

/** @param {UsageRow} row @param {Selection} selection */
const matches = (row, { model, key, sku }) =>
  (!model || row.model === model) && (!key || row.keyId === key) && (!sku || row.sku === sku);
