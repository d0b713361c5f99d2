/** Sums of usage as a table, with a bar for each sum's share of the charges. */
import { html, useMemo } from "../../lib/ui.js";
import { date, money, number } from "../../lib/format.js";
import { sumBy } from "../../lib/usage.js";
import { Table } from "../table.js";

/** @typedef {import("../../lib/usage.js").UsageRow} UsageRow */

const NAMES = /** @type {Record<string, {title: string, id: (row: UsageRow) => string, shown: (row: UsageRow) => any}>} */ ({
  model: { title: "Model", id: (row) => row.model ?? "", shown: (row) => row.model || "–" },
  key: { title: "Key", id: (row) => row.keyId ?? "", shown: (row) => row.keyDescription || "–" },
  day: { title: "Day (UTC)", id: (row) => row.date ?? "", shown: (row) => html`<span class="nowrap">${date(row.date)}</span>` },
  sku: { title: "SKU", id: (row) => row.sku ?? "", shown: (row) => row.sku || "–" },
});

const charged = (/** @type {UsageRow} */ row) => row.usd + row.diem;

/**
 * @param {{by: import("../../lib/usage.js").Dimension, rows: UsageRow[], all: UsageRow | null}} props `all`: the sum of
 *     everything, in which a call of several SKUs counts once
 */
export function SumsTable({ by, rows, all }) {
  const name = NAMES[by];
  const sums = useMemo(() => {
    const list = [...sumBy(rows, name.id).values()];
    if (by === "day") return list.sort((one, other) => name.id(other).localeCompare(name.id(one)));
    return list.sort((one, other) => charged(other) - charged(one) || other.calls - one.calls);
  }, [rows, by]);
  const most = Math.max(...sums.map(charged), Number.MIN_VALUE);
  /** @type {import("../table.js").Column<UsageRow>[]} */
  const columns = [
    { title: name.title, header: true, cell: name.shown },
    { title: "Calls", number: true, cell: (row) => number(row.calls) },
    ...(by === "sku" ? [{ title: "Units", number: true, cell: (/** @type {UsageRow} */ row) => number(row.units, 6) }] : []),
    { title: "DIEM", number: true, cell: (row) => money(row.diem, "DIEM") },
    { title: "US dollars", number: true, cell: (row) => money(row.usd) },
    { title: "Share of the largest", hideTitle: true, cell: (row) => html`<${Bar} share=${charged(row) / most} />` },
  ];
  const foot = all && html`<tr>
    <th scope="row">Total</th>
    <td class="number">${number(all.calls)}</td>
    ${by === "sku" && html`<td></td>`}
    <td class="number">${money(all.diem, "DIEM")}</td>
    <td class="number">${money(all.usd)}</td>
    <td></td>
  </tr>`;
  return html`<${Table} caption=${`Usage by ${name.title}`} columns=${columns} rows=${sums} rowKey=${name.id} foot=${foot} />`;
}

/** @param {{share: number}} props */
const Bar = ({ share }) => html`<div class="share" aria-hidden="true"><div class="share-fill" style=${{ width: `${share * 100}%` }}></div></div>`;
