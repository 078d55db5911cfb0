// Icons, drawn on a grid of 16: decoration beside a word, or the whole of a button that has a label of its own.

import { html } from "../lib/ui.js";

/** @type {Record<string, string>} */
const PATHS = {
  overview: "M2 13V9m4 4V4m4 9V7m4 6V2",
  keys: "M10.5 9.5a4 4 0 1 0-3.4-1.9L2 12.700V14h2.500l.5-1.500h1.500L7 11l1.300-1.300M11 5h.01",
  requests: "M2 4h12M2 8h12M2 12h8",
  usage: "M2 14V2m0 12h12M5 10l3-3 2 2 4-5",
  credit: "M1.500 4.500h13v8h-13zM1.500 7h13M4 10h2.500",
  playground: "M5 3l8 5-8 5z",
  models: "M8 1.500l5.500 3v7L8 14.500l-5.500-3v-7zM2.500 4.500L8 8l5.500-3.500M8 8v6.500",
  chats: "M2 3h12v8H7l-3 3v-3H2z",
  settings: "M2 4.500h7m3 0h2M2 11.500h2m3 0h7M10.500 3v3M5.500 10v3",
  users: "M6 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM1.500 13.500c0-2.500 2-4 4.500-4s4.500 1.500 4.500 4M10.500 3a2.300 2.300 0 0 1 0 4.500M12 9.700c1.600.6 2.500 2 2.500 3.800",
  "end-users": "M8 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM3 13.500c0-2.500 2.200-4 5-4s5 1.500 5 4",
  coupons: "M1.500 4h13v2.500a1.500 1.500 0 0 0 0 3V12h-13V9.500a1.500 1.500 0 0 0 0-3zM9.500 4v1.500m0 2v1m0 2V12",
  payments: "M1.500 3.500h13v9h-13zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM4 8h.01M12 8h.01",
  catalog: "M2.500 2.500h4.500v4.500h-4.500zM9 2.500h4.500v4.500h-4.500zM2.500 9h4.500v4.500h-4.500zM9 9h4.500v4.500h-4.500z",
  plans: "M2 5l6-3 6 3-6 3zM2 8l6 3 6-3M2 11l6 3 6-3",
  roles: "M8 1.500l5.500 2v4c0 3.500-2.500 6-5.500 7-3-1-5.500-3.500-5.500-7v-4zM5.500 8l2 2 3.500-3.500",
  business: "M2 14V8h3v6M6.500 14V5h3v9M11 14V2h3v12M1 14h14",
  traffic: "M2 4h9m-2-2l2 2-2 2M14 12H5m2-2l-2 2 2 2",
  audit: "M3.500 1.500h6l3 3v10h-9zM9.500 1.500v3h3M6 8h4M6 11h4",
  health: "M1.500 8h3l2-5 3 10 2-5h3",
  docs: "M8 3.500C6.500 2.300 4 2 1.500 2.300v10.500c2.500-.3 5 0 6.500 1.200m0-10.500c1.500-1.200 4-1.500 6.500-1.200v10.500c-2.500-.3-5 0-6.500 1.200m0-10.500V14",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  check: "M3 8.500l3.500 3.500L13 4.500",
  close: "M4 4l8 8M12 4l-8 8",
  menu: "M2 4h12M2 8h12M2 12h12",
  alert: "M8 1.800L15 14H1zM8 6.500v3.500M8 12h.01",
  out: "M6 2.500H2.500v11H6M10.500 11l3-3-3-3M13.500 8H6",
  away: "M9 2.500h4.500V7M13.500 2.500L7 9M11.500 9.500v4h-9v-9h4",
  plus: "M8 3v10M3 8h10",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.700 10.700L14 14",
  stop: "M4 4h8v8H4z",
  download: "M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11",
};

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
