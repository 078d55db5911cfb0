// Bars over days, one on top of the other where there are several, drawn by uPlot, which is fetched when the first chart is there;
// behind them a table with the same figures.

import { html, useEffect, useRef } from "../lib/ui.js";
import { calendarDay } from "../lib/format.js";

/** Of the plot, in pixels, as the style sheet has it. */
const HEIGHT = 208;

/** @typedef {{ name: string, values: number[] }} Series One value a day. */

/**
 * @param {{ label: string, days: string[], series: Series[], show: (value: number) => string,
 *   exact?: (value: number) => string }} props `days` of the calendar, as in 2026-11-29; at most five series. `exact`: for the table.
 */
export function Chart({ label, days, series, show, exact = show }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const told = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    let plot = /** @type {any} */ (null);
    let over = false;
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const draw = async () => {
      const { default: uPlot } = await import("../vendor/uplot-1.6.32.mjs");
      if (over || !place.current) return;
      plot?.destroy();
      const say = (/** @type {number | null} */ at) => {
        if (told.current) told.current.textContent = at === null || at === undefined ? "" : `${calendarDay(days[at])}: ${show(total(series, at))}`;
      };
      const heights = stacked(series, days.length);
      plot = new uPlot(options(uPlot, place.current, { days, show, say, bars: heights.length }), [days.map((_, at) => at), ...heights], place.current);
    };
    draw();
    scheme.addEventListener("change", draw);
    const size = new ResizeObserver(() => place.current && plot?.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    if (place.current) size.observe(place.current);
    return () => {
      over = true;
      scheme.removeEventListener("change", draw);
      size.disconnect();
      plot?.destroy();
    };
  }, [JSON.stringify([days, series])]);
  return html`<figure class="chart">
    <figcaption class="legend">
      ${series.map((it, at) => html`<span key=${it.name}><i class=${`swatch-${at + 1}`}></i>${it.name}</span>`)}<b ref=${told}></b>
    </figcaption>
    <div class="plot" ref=${place} aria-hidden="true"></div>
    <div class="visually-hidden"><table>
      <caption>${label}</caption>
      <thead><tr><th scope="col">Day</th>${series.map((it) => html`<th scope="col" key=${it.name}>${it.name}</th>`)}</tr></thead>
      <tbody>${days.map((day, at) => html`<tr key=${day}><th scope="row">${calendarDay(day)}</th>${series.map((it) => html`<td key=${it.name}>${exact(it.values[at])}</td>`)}</tr>`)}</tbody>
    </table></div>
  </figure>`;
}

/** @param {Series[]} series @param {number} at */
const total = (series, at) => series.reduce((sum, it) => sum + it.values[at], 0);

/**
 * How high each bar reaches: the whole stack first and its lowest part last, so that each is drawn over the one before.
 *
 * @param {Series[]} series @param {number} days
 */
function stacked(series, days) {
  return series.map((_, at) => Array.from({ length: days }, (_, day) => total(series.slice(0, at + 1), day))).reverse();
}

/** @param {any} uPlot @param {HTMLElement} place @param {{ days: string[], show: (value: number) => string, say: (at: number | null) => void, bars: number }} about @returns {any} */
function options(uPlot, place, { days, show, say, bars }) {
  const colour = (/** @type {string} */ name) => resolved(place, name);
  const axis = { stroke: colour("--soft"), font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
  const paths = uPlot.paths.bars({ size: [0.7, 40] });
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    hooks: { setCursor: [(/** @type {any} */ plot) => say(plot.cursor.idx)] },
    scales: { x: { time: false, range: [-0.6, days.length - 0.4] }, y: { range: (/** @type {any} */ _, /** @type {number} */ _low, /** @type {number} */ high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, incrs: [1, 2, 5, 7, 14, 30, 60], space: 56, values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map((it) => (days[it] ? calendarDay(days[it]) : "")) },
      { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ all) => all.map(show) },
    ],
    series: [{}, ...Array.from({ length: bars }, (_, at) => ({ fill: colour(`--chart-${bars - at}`), width: 0, paths, points: { show: false } }))],
  };
}

/** A token's colour as a canvas takes it, in the theme that is in force. @param {HTMLElement} place @param {string} name */
function resolved(place, name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
