"use strict";
// Tables can be sorted, filtered and saved. Without this script the page is complete.

const WIDE = 8; // columns; a table of more is narrowed to six, as the style says
const exact = (cell) => cell.dataset.exact ?? cell.textContent;
const number = (text) => (text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text.replaceAll(",", "")));

function compare(numeric) {
  const order = new Intl.Collator("en", { numeric: true });
  return (a, b) => (numeric ? number(a) - number(b) || 0 : order.compare(a, b));
}

// Empty cells, and words among numbers, stay last in both directions.
function sort(table, column, descending) {
  const head = table.tHead.rows[0].cells[column];
  const numeric = head.classList.contains("number");
  const blank = (text) => text === "" || (numeric && Number.isNaN(number(text)));
  const keyed = [...table.tBodies[0].rows].map((row) => [exact(row.cells[column]), row]);
  const order = compare(numeric);
  keyed.sort(([a], [b]) => blank(a) - blank(b) || (blank(a) ? 0 : order(a, b) * (descending ? -1 : 1)));
  table.tBodies[0].append(...keyed.map(([, row]) => row));
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  });
}

// Every word has to be somewhere in a row.
function filter(table, text, status) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies[0].rows];
  for (const row of rows) {
    const said = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
    row.hidden = !words.every((word) => said.includes(word));
  }
  status.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
}

function makeFilter(table, name) {
  const label = document.createElement("label"), box = document.createElement("input");
  const status = document.createElement("output");
  box.type = "search";
  label.append("Filter ", box);
  box.setAttribute("aria-label", `Filter ${name}`);
  box.addEventListener("input", () => filter(table, box.value, status));
  return [label, status];
}

// Comma-separated values as RFC 4180 has them; numbers in full, whatever is shown. A spreadsheet
// takes what begins with = + - @ for a formula; an apostrophe before it makes it text.
function csv(table) {
  const inert = (text) => (/^[=+@\t\r-]/.test(text) && Number.isNaN(number(text)) ? `'${text}` : text);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const plain = (cell) => (cell.classList.contains("number") ? exact(cell).replaceAll(",", "") : exact(cell));
  const line = (row, said) => [...row.cells].map((cell) => quoted(inert(said(cell)))).join(",");
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => line(row, plain));
  return [line(table.tHead.rows[0], (cell) => cell.textContent), ...rows].join("\r\n") + "\r\n";
}

function makeSaver(table, name) {
  const link = document.createElement("a");
  link.href = "#";
  link.textContent = "Save as CSV";
  link.setAttribute("aria-label", `Save ${name} as CSV`);
  link.download = `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")}.csv`;
  link.addEventListener("click", () => {
    if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
  });
  return link;
}

// Of a wide table only the columns that come first are shown; a button shows all of them.
function makeNarrow(table) {
  const button = document.createElement("button"), count = table.tHead.rows[0].cells.length;
  const say = () => {
    const narrow = table.classList.contains("narrow");
    button.textContent = narrow ? `Show all ${count} columns` : "Show fewer columns";
    button.setAttribute("aria-expanded", String(!narrow));
  };
  button.type = "button";
  button.addEventListener("click", () => (table.classList.toggle("narrow"), say()));
  table.classList.add("narrow");
  say();
  return button;
}

for (const table of document.querySelectorAll("table.data")) {
  const name = table.caption.querySelector("b").textContent, tools = document.createElement("div");
  tools.className = "tools";
  makeSortable(table);
  if (table.tBodies[0].rows.length > 5) tools.append(...makeFilter(table, name));
  if (table.tHead.rows[0].cells.length > WIDE) tools.append(makeNarrow(table));
  tools.append(makeSaver(table, name));
  table.parentElement.before(tools);
}

// A link into a folded part opens it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
}
addEventListener("hashchange", open);
open();
