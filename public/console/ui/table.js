// A list as a table, with what is there while it loads, when it is empty and when it fails.

import { html } from "../lib/ui.js";
import { Button } from "./button.js";
import { Failure } from "./states.js";

/**
 * @typedef {object} Column
 * @property {string} name Shown above it.
 * @property {(row: any) => any} cell
 * @property {boolean} [number] Set to the right.
 * @property {boolean} [quiet] Its name is for who hears the page alone.
 * @property {boolean} [wide] Left out where the window is narrow.
 * @property {boolean} [roomy] Left out where it is not wide.
 */

/**
 * @param {{ label: string, columns: Column[], list: { data: any[] | null, error: Error | null, busy: boolean, reload: () => void,
 *   next?: string | null, loadMore?: () => void, loadingMore?: boolean }, id?: (row: any) => string | number, empty?: any,
 *   onOpen?: (row: any) => void }} props
 */
export function Table({ label, columns, list, id = (row) => row.id, empty, onOpen }) {
  const { data, error } = list;
  if (data && data.length === 0 && !error) return empty ?? null;
  const open = (/** @type {any} */ event, /** @type {any} */ row) => {
    // A link or a button within the row is meant itself.
    if (!event.target.closest("a, button, input, label")) onOpen?.(row);
  };
  return html`<div>
    ${error && html`<div class="body"><${Failure} error=${error} retry=${list.reload} /></div>`}
    ${(data || list.busy) && html`<div class="scroll" role="region" aria-label=${label} tabindex="0" aria-busy=${list.busy ? "true" : undefined}>
      <table class="rows" role="table">
        <caption class="visually-hidden">${label}</caption>
        <thead role="rowgroup"><tr role="row">${columns.map((column) => html`<th scope="col" role="columnheader" class=${classes(column)}>${column.quiet ? html`<span class="visually-hidden">${column.name}</span>` : column.name}</th>`)}</tr></thead>
        <tbody role="rowgroup">
          ${data
            ? data.map((row) => html`<tr key=${id(row)} role="row" class=${onOpen ? "open-row" : ""} onClick=${onOpen && ((/** @type {any} */ event) => open(event, row))}>
                ${columns.map((column) => html`<td role="cell" data-name=${column.name} class=${classes(column)}><div>${column.cell(row)}</div></td>`)}
              </tr>`)
            : Array.from({ length: 5 }, (_, at) => html`<tr key=${at} aria-hidden="true">
                ${columns.map((column) => html`<td class=${classes(column)}><div><span class="bone">–</span></div></td>`)}
              </tr>`)}
        </tbody>
      </table>
    </div>`}
    ${list.next && html`<div class="body row"><${Button} kind="small" busy=${list.loadingMore} onClick=${list.loadMore}>Show more</${Button}></div>`}
  </div>`;
}

/** @param {Column} column */
const classes = (column) => [column.number && "number", column.wide && "wide-only", column.roomy && "roomy-only", column.quiet && "quiet"].filter(Boolean).join(" ") || undefined;
