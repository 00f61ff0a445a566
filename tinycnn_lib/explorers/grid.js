// Drawing: numbers in grids that a pointer and a keyboard reach, tables of products, small controls.

import { fadeEnds } from "./room.js";

const PANEL = [251, 250, 246];
const BLUE = [31, 95, 168];
const ORANGE = [184, 84, 16];

const mix = (from, to, share) => from.map((x, channel) => Math.round(x + (to[channel] - x) * share));

// Signed numbers: blue below 0, orange above, on a scale that ends at `limit`.
export function signColor(value, limit) {
  const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
  return mix(PANEL, value < 0 ? BLUE : ORANGE, share);
}

export function grayColor(value) {
  const level = Math.round(255 * Math.min(Math.max(value, 0), 1));
  return [level, level, level];
}

// The one of two inks that stands out more (relative luminance of WCAG 2).
function inkOn(color) {
  const [r, g, b] = color.map((x) => {
    const share = x / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
}

export function number(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value) < 1e5 ? Math.abs(value).toFixed(digits) : Math.abs(value).toExponential(1);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

// Four decimals; what would be 0.0000 and is not, but for rounding, in powers of ten.
export function fine(value) {
  const tiny = Math.abs(value) < 5e-5 && Math.abs(value) > 1e-14;
  return (tiny ? value.toExponential(1) : number(value, 4)).replaceAll("-", "−");
}

// An exact zero and a number that only rounds to zero, told apart: to see, and to hear.
export const exact = (value, digits = 4) => (value === 0 ? "0" : Number(value.toFixed(digits)) === 0 ? "≈0" : number(value, digits));
export const exactly = (value, digits = 4) => ({ "0": "exactly 0", "≈0": `${fine(value)}, nearly 0` })[exact(value, digits)] ?? number(value, digits);

// Four decimals of a term, but an exact zero as it is.
export const term = (value) => (value === 0 ? "0" : fine(value));

// A number behind a plus, a minus or a times.
export const inSum = (text) => (text.startsWith("−") ? `(${text})` : text);

// Integers as they are, other numbers with two decimals.
export const short = (value) => number(value, Number.isInteger(value) ? 0 : 2);

// On what has the focus, this keeps JupyterLab's one-key shortcuts away: there "x" cuts a cell.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (attributes.tabindex !== undefined || ["button", "input", "select"].includes(tag)) {
    attributes = { ...attributes, ...OWN_KEYS };
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return made;
}

const MOVES = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

// One tab stop; arrow keys, Home and End move and select. `cell(i, j)` tells how a cell looks:
// {text, label, color, selected, lit, faint, region, ring, quiet, zero}; `describedBy` is the id of what explains the
// selected one. `onType(i, j, key)` takes other keys and returns
// true if it used one; `onPaint(i, j)` is called while `painting()` and the pointer draws.
export function makeGrid({ name, rows, columns, cell, onSelect, onType, onPaint, painting, kind, describedBy }) {
  let stop = [0, 0];
  const cells = [];
  const el = element("div", { role: "grid", "aria-label": name, class: `lf-grid ${kind ?? ""}` });
  el.style.setProperty("--columns", columns);
  for (let i = 0; i < rows; i++) {
    const row = element("div", { role: "row", class: "lf-row" });
    cells.push([]);
    for (let j = 0; j < columns; j++) {
      const made = element("div", { role: "gridcell", class: "lf-cell", tabindex: -1 });
      made.dataset.place = `${i},${j}`;
      cells[i].push(made);
      row.append(made);
    }
    el.append(row);
  }
  const placeOf = (node) => node?.closest?.(".lf-cell")?.dataset.place?.split(",").map(Number);
  const moveStop = (i, j) => {
    cells[stop[0]][stop[1]].tabIndex = -1;
    stop = [i, j];
    cells[i][j].tabIndex = 0;
  };
  const choose = (i, j) => {
    moveStop(i, j);
    cells[i][j].focus({ preventScroll: true });
    onSelect?.(i, j);
  };
  el.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey) return;
    const [i, j] = stop;
    let to = null;
    if (MOVES[event.key] && !event.ctrlKey) to = [i + MOVES[event.key][0], j + MOVES[event.key][1]];
    if (event.key === "Home") to = event.ctrlKey ? [0, 0] : [i, 0];
    if (event.key === "End") to = event.ctrlKey ? [rows - 1, columns - 1] : [i, columns - 1];
    if (to) {
      choose(Math.min(Math.max(to[0], 0), rows - 1), Math.min(Math.max(to[1], 0), columns - 1));
      cells[stop[0]][stop[1]].scrollIntoView({ block: "nearest", inline: "nearest" });
    } else if (event.ctrlKey || !onType?.(i, j, event.key)) {
      if (event.key !== "Enter" && event.key !== " ") return;
      choose(i, j);
    }
    event.preventDefault();
  });
  el.addEventListener("pointerdown", (event) => {
    const place = placeOf(event.target);
    if (!place || !painting?.()) return;
    event.target.releasePointerCapture?.(event.pointerId);
    onPaint(...place);
  });
  el.addEventListener("pointermove", (event) => {
    if (!painting?.() || !event.buttons) return;
    const under = placeOf(document.elementFromPoint(event.clientX, event.clientY));
    if (under && el.contains(document.elementFromPoint(event.clientX, event.clientY))) onPaint(...under);
  });
  el.addEventListener("click", (event) => {
    const place = placeOf(event.target);
    if (place) choose(...place);
  });
  function draw() {
    el.classList.toggle("lf-painting", Boolean(painting?.()));
    const looks = cells.map((row, i) => row.map((_, j) => cell(i, j)));
    el.style.setProperty("--longest", Math.max(3, ...looks.flat().map(({ text }) => text.length)));
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const { text, label, color, selected, lit, faint, region, ring, quiet, zero } = looks[i][j];
        const made = cells[i][j];
        if (made.textContent !== text) made.textContent = text;
        made.setAttribute("aria-label", label ?? `row ${i}, column ${j}: ${text}`);
        made.setAttribute("aria-selected", String(Boolean(selected)));
        if (selected && describedBy) made.setAttribute("aria-describedby", describedBy);
        else made.removeAttribute("aria-describedby");
        made.classList.toggle("lf-selected", Boolean(selected));
        made.classList.toggle("lf-lit", Boolean(lit));
        made.classList.toggle("lf-faint", Boolean(faint));
        if (lit || faint) { // a frame around all such cells of a region, not around each
          const near = [looks[i - 1]?.[j], looks[i][j + 1], looks[i + 1]?.[j], looks[i][j - 1]];
          const inside = (other) => other?.region === region && (other?.lit || (faint && other?.faint));
          made.style.setProperty("--sides", near.map((other) => (inside(other) ? "0" : faint ? "2px" : "3px")).join(" "));
        }
        made.classList.toggle("lf-ring", Boolean(ring));
        made.classList.toggle("lf-quiet", Boolean(quiet));
        made.classList.toggle("lf-zero", Boolean(zero));
        made.style.backgroundColor = `rgb(${color.join(" ")})`;
        made.style.color = inkOn(color);
        if (selected) moveStop(i, j);
      }
    }
  }
  moveStop(0, 0);
  return { el, draw, focus: (options) => cells[stop[0]][stop[1]].focus(options), cells };
}

// A small table of numbers to read, not to operate; null is a place without one. `marks` is a list of [row, column] set apart;
// with a `limit` the cells are colored on that scale.
export function matrix(caption, values, { digits = 2, marks = [], text, limit } = {}) {
  const marked = new Set(marks.map(String));
  const write = (value) => (value === null ? "·" : (text ?? number)(value, digits));
  const body = values.map((row, i) =>
    element("tr", {}, row.map((value, j) => {
      const color = limit && signColor(value, limit);
      const style = limit && `background: rgb(${color.join(" ")}); color: ${inkOn(color)}`;
      return element("td", { class: marked.has(String([i, j])) ? "lf-mark" : null, style }, write(value));
    })));
  return element("table", { class: "lf-matrix" }, element("caption", {}, caption), element("tbody", {}, body));
}

// a ⊙ b = products, side by side; where a line breaks, the sign goes along. `digits` may be three.
export const productRow = (captions, a, b, { digits = 2, ...options } = {}) => {
  const products = a.map((row, i) => row.map((x, j) => (x === null ? null : x * b[i][j])));
  const signs = [null, element("span", { role: "img", "aria-label": "times, entry by entry," }, "⊙"), "="];
  return element("div", { class: `lf-equation${a[0].length > 4 ? " lf-tight" : ""}` },
    [a, b, products].map((values, n) => element("div", { class: "lf-term" },
      signs[n] && element("span", { class: "lf-sign" }, signs[n]),
      matrix(captions[n], values, { ...options, digits: Array.isArray(digits) ? digits[n] : digits }))));
};

// Rows of products; on a small screen side by side, to be scrolled.
export function strip(name, rows) {
  const el = element("div", { class: "lf-strip", tabindex: 0, role: "region", "aria-label": name }, rows);
  fadeEnds(el);
  return el;
}

// A bar for the probability of each class; the largest stands out where the style says so.
export function shareBars(names, digits = 4) {
  const el = element("ul", { class: "lf-bars", "aria-label": "Probabilities" });
  const draw = (probabilities) => {
    const best = probabilities.indexOf(Math.max(...probabilities));
    el.replaceChildren(...names.map((name, k) =>
      element("li", { class: k === best && "lf-best" }, element("span", {}, name),
        element("span", { class: "lf-share" }, element("span", { style: `width: ${100 * probabilities[k]}%` })),
        number(probabilities[k], digits))));
  };
  return { el, draw };
}

export function select(label, options, chosen, onChange) {
  const box = element("select", { onchange: () => onChange(box.value) },
    options.map(([value, text]) => element("option", { value }, text)));
  box.value = chosen;
  return { el: element("label", { class: "lf-field" }, label, box), box };
}

// The box of a whole figure.
export const frame = (kind, name, ...children) =>
  element("div", { class: `lf lf-${kind}`, role: "group", "aria-label": name }, children);

// A step that cannot be taken is said, not taken away: a disabled button would lose the focus.
export const allow = (control, allowed) => control.setAttribute("aria-disabled", String(!allowed));

let radioGroups = 0;
export function radios(legend, options, chosen, onChange) {
  const group = `lf-radio-${++radioGroups}-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([value]) =>
    element("input", { type: "radio", name: group, value, onchange: () => onChange(value) }));
  inputs.forEach((input) => (input.checked = input.value === String(chosen)));
  const el = element("fieldset", { class: "lf-radios" }, element("legend", {}, legend),
    options.map(([, text, note], index) => element("label", {}, inputs[index],
      element("span", {}, text, note && element("small", {}, ` ${note}`)))));
  return { el, set: (value) => inputs.forEach((input) => (input.checked = input.value === String(value))) };
}

export const button = (text, onclick, attributes = {}) =>
  element("button", { type: "button", onclick, ...attributes }, text);

// What has changed, said once to a screen reader, for others to see elsewhere; moving about in a
// grid says nothing here.
export function announcer() {
  const el = element("p", { role: "status", class: "lf-status" });
  let timer = null;
  const say = (text) => { clearTimeout(timer); el.textContent = text; };
  return {
    el, say,
    soon: (text) => { clearTimeout(timer); timer = setTimeout(() => say(text), 700); }, // after a row of keys
  };
}

// One thing to try: `go` does it and returns what to see, which is written beside the button.
export function tryIt(what, go) {
  const found = element("span", { class: "lf-note" });
  const control = button(`Try: ${what}`, () => {
    found.textContent = go();
    for (const kind of ["click", "input", "keydown"]) el.parentElement.addEventListener(kind, clear);
  });
  const el = element("div", { class: "lf-try" }, control, found);
  const clear = ({ target, key }) => { if (target !== control && key !== "Tab") found.textContent = ""; }; // no longer true
  return el;
}

// Steps of a play button; it stops by itself at the end, when asked, and when the figure goes away.
// `begin` is called first: it may go back to where playing starts.
export function player(step, begin, milliseconds) {
  let timer = null;
  const control = button("Play", () => (timer ? stop() : start()), { class: "lf-play" });
  function stop() {
    clearInterval(timer);
    timer = null;
    control.textContent = "Play";
  }
  function start() {
    control.textContent = "Stop";
    begin();
    timer = setInterval(() => { if (!control.isConnected || !step()) stop(); }, milliseconds);
  }
  return { el: control, stop };
}
