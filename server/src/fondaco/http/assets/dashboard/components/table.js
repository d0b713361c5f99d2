/** A table that scrolls inside its own box, where the page is too narrow for it. */
import { classes, html } from "../lib/ui.js";

/**
 * @template T
 * @typedef {object} Column
 * @property {any} title
 * @property {(row: T) => any} cell
 * @property {boolean} [number] set to the right
 * @property {boolean} [header] the cell names its row
 * @property {boolean} [hideTitle] keeps the title for screen readers alone, such as over buttons
 */

/**
 * @param {{caption: string, columns: Column<any>[], rows: any[], rowKey: (row: any, index: number) => string | number,
 *     showCaption?: boolean, foot?: any}} props `caption` names the table, to screen readers alone unless `showCaption`
 */
export function Table({ caption, columns, rows, rowKey, showCaption, foot }) {
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${caption}>
    <table class="table">
      <caption class=${showCaption ? undefined : "visually-hidden"}>${caption}</caption>
      <thead>
        <tr>
          ${columns.map(
            (column, index) => html`<th key=${index} scope="col" class=${classes(column.number && "number") || undefined}>
              ${column.hideTitle ? html`<span class="visually-hidden">${column.title}</span>` : column.title}
            </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row, index) => html`<tr key=${rowKey(row, index)}>
            ${columns.map((column, place) =>
              column.header
                ? html`<th key=${place} scope="row" class=${column.number ? "number" : undefined}>${column.cell(row)}</th>`
                : html`<td key=${place} class=${column.number ? "number" : undefined}>${column.cell(row)}</td>`,
            )}
          </tr>`,
        )}
      </tbody>
      ${foot && html`<tfoot>${foot}</tfoot>`}
    </table>
  </div>`;
}
