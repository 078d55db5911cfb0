// What a guide's page does besides being read: its code names this deployment and can be copied, and all guides are searched.

/** @param {string} id */
const at = (id) => /** @type {any} */ (document.getElementById(id));

/** What the guides call the deployment that they are read at. */
const PLACE = "https://gateway.example.com";

for (const text of words(document.querySelectorAll("article code"))) {
  if (text.data.includes(PLACE)) text.data = text.data.replaceAll(PLACE, location.origin);
}

/** @param {NodeListOf<Element>} parts */
function* words(parts) {
  for (const part of parts) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) yield /** @type {Text} */ (walker.currentNode);
  }
}

// The clipboard is only there over HTTPS and at home; where it is not, the text can be marked.
for (const block of navigator.clipboard ? document.querySelectorAll(".prose .code") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small quiet";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`${block.querySelector("code")?.textContent}\n`);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.querySelector(".bar")?.append(button);
}

/** A section: its page, the guide's title, its heading, its anchor, what it says. @typedef {[string, string, string, string, string]} Section */

/** @type {Promise<Section[]> | undefined} */
let sections;
const find = at("find");

/** Fetched once somebody begins to search. */
function index() {
  sections ??= fetch("/docs/guides.json").then((response) => response.json());
  sections.catch(() => { sections = undefined; });
  return sections;
}

/** How well a section has all of the words; 0 where it lacks one. @param {Section} section @param {string[]} wanted */
function weigh([, guide, heading, , text], wanted) {
  let sum = 0;
  for (const word of wanted) {
    const [inHeading, inGuide, inText] = [heading, guide, text].map((it) => it.toLowerCase().split(word).length - 1);
    if (inHeading + inGuide + inText === 0) return 0;
    sum += 8 * inHeading + 4 * inGuide + Math.min(inText, 4);
  }
  return sum;
}

/** The words around the first that was wanted, in an element in which it is marked. @param {string} text @param {string[]} wanted */
function around(text, wanted) {
  const line = document.createElement("span");
  line.className = "soft small";
  const places = wanted.map((word) => text.toLowerCase().indexOf(word)).filter((place) => place >= 0);
  const place = places.length > 0 ? Math.min(...places) : 0;
  const word = wanted.find((it) => text.toLowerCase().startsWith(it, place)) ?? "";
  const begin = Math.max(0, text.lastIndexOf(" ", Math.max(0, place - 40)));
  const marked = document.createElement("mark");
  marked.textContent = text.slice(place, place + word.length);
  line.append(begin > 0 ? "… " : "", text.slice(begin, place), marked, text.slice(place + word.length, place + 90), " …");
  return line;
}

async function search() {
  const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  at("results").hidden = wanted.length === 0;
  if (wanted.length === 0) return;
  let all;
  try {
    all = await index();
  } catch {
    at("found").textContent = "The guides cannot be searched right now: reload the page and try again.";
    return;
  }
  const weighed = all.map((section) => /** @type {const} */ ([weigh(section, wanted), section])).filter(([weight]) => weight > 0);
  const best = weighed.sort(([a], [b]) => b - a).slice(0, 12);
  at("found").textContent = best.length === 0 ? "Nothing was found. Try another word." : `${weighed.length} found${weighed.length > best.length ? `, the best ${best.length} shown` : ""}`;
  const items = best.map(([, [name, guide, heading, anchor, text]]) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/docs/guides/${name}#${anchor}`;
    const title = document.createElement("b");
    title.textContent = heading === guide ? guide : `${guide}: ${heading}`;
    link.append(title, around(text, wanted));
    link.addEventListener("click", close);
    item.append(link);
    return item;
  });
  at("results").querySelector("ul").replaceChildren(...items);
}

function close() {
  at("results").hidden = true;
}

at("search").hidden = false;
find.addEventListener("focus", index, { once: true });
find.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  const links = /** @type {HTMLElement[]} */ ([...at("results").querySelectorAll("a")]);
  const here = links.indexOf(/** @type {any} */ (document.activeElement));
  if (event.key === "Enter" && event.target === find) links[0]?.click();
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && at("search").contains(event.target) && !at("results").hidden) {
    event.preventDefault();
    (links[here + (event.key === "ArrowDown" ? 1 : -1)] ?? find).focus();
  }
  if (event.key === "/" && !/** @type {Element} */ (event.target).closest("input, textarea, pre")) {
    event.preventDefault();
    find.focus();
  }
});
document.addEventListener("click", (event) => {
  if (!at("search").contains(event.target)) close();
});
