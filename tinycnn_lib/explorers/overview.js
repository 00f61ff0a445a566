// All maps of all stages, small: where a chosen number stands, and what it reads.

import { largest } from "./arithmetic.js";
import { grayColor, signColor } from "./grid.js";

export const at = (stage, map, row, column) => ({ stage, map, row, column });
export const keyOf = ({ stage, map, row, column }) => [stage, map, row, column].join();

const ROOM = 85; // pixels for the name of a stage
const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
const rgb = (color) => `rgb(${color.join(" ")})`;
export const colorIn = (stage, value, limit) =>
  stage.kind === "gray" ? grayColor(value) : signColor(value, stage.kind === "share" ? 1 : limit);

// stages: as makeStages takes them.  onSelect(place): called when a number is clicked.
export function makeOverview(stages, onSelect) {
  const [GAP, TOP] = [2.2, 2.9];
  const boxes = new Map();
  const heights = stages.map(({ unit, maps }) => {
    const shown = maps();
    return shown.length * shown[0].length * unit + (shown.length - 1);
  });
  const height = Math.max(...heights);
  const overview = shape("svg", { class: "lf-overview", "aria-hidden": "true" });
  const cones = shape("g", {});
  overview.append(cones);
  let left = 0.3;
  stages.forEach((stage, s) => {
    let top = (height - heights[s]) / 2 + TOP;
    // Its name, or where that has no room its number, which the buttons show there, too.
    for (const [kind, text] of [["lf-name", stage.tag ?? stage.tab ?? stage.title], ["lf-number", s + 1]]) {
      const tag = shape("text", { class: `lf-tag ${kind}`, x: left + (stage.maps()[0][0].length * stage.unit) / 2, y: TOP - 0.6 });
      tag.textContent = text;
      overview.append(tag);
    }
    stage.maps().forEach((map, m) => {
      map.forEach((row, i) => row.forEach((_, j) => {
        const place = at(stage.key, m, i, j);
        const side = stage.unit;
        const box = { x: left + j * side, y: top + i * side, side };
        box.el = shape("rect", { x: box.x, y: box.y, width: side, height: side });
        box.el.addEventListener("click", () => onSelect(place));
        boxes.set(keyOf(place), box);
        overview.append(box.el);
      }));
      top += map.length * stage.unit + 1;
    });
    left += stage.maps()[0][0].length * stage.unit + GAP;
  });
  const width = left - GAP + 1;
  overview.setAttribute("viewBox", `0 0 ${width} ${height + TOP + 0.3}`);
  // Tags are as large on every screen; where they would collide, numbers stand in for names.
  new ResizeObserver(() => {
    overview.style.setProperty("--pixel", `${width / (overview.clientWidth - 16)}px`);
    overview.parentElement?.classList.toggle("lf-numbered", overview.clientWidth < ROOM * stages.length);
  }).observe(overview);
  const halo = shape("rect", { class: "lf-halo" });

  const bounds = (found) => {
    const all = found.map((place) => boxes.get(keyOf(place)));
    return {
      left: Math.min(...all.map((b) => b.x)), right: Math.max(...all.map((b) => b.x + b.side)),
      top: Math.min(...all.map((b) => b.y)), bottom: Math.max(...all.map((b) => b.y + b.side)),
    };
  };

  function draw(chosen, origin) {
    for (const stage of stages) {
      const limit = largest(stage.maps());
      stage.maps().forEach((map, m) => map.forEach((row, i) => row.forEach((value, j) => {
        const key = [stage.key, m, i, j].join();
        const { el } = boxes.get(key);
        el.setAttribute("fill", rgb(colorIn(stage, value, limit)));
        const from = origin.get(key);
        el.setAttribute("class", chosen && key === keyOf(chosen) ? "lf-here" : from ? (from.faint ? "lf-less" : "lf-from") : "");
      })));
    }
    if (!chosen) return;
    const here = boxes.get(keyOf(chosen));
    for (const [name, value] of [["x", here.x], ["y", here.y], ["width", here.side], ["height", here.side]]) {
      halo.setAttribute(name, value);
    }
    // above their neighbors' borders, the strong ones on top
    const read = [...origin.values()].filter((place) => !place.twin);
    const strong = read.filter(({ faint }) => !faint);
    overview.append(...[...origin.values(), ...strong].map((place) => boxes.get(keyOf(place)).el), halo, here.el);
    cones.replaceChildren(...[read, strong].flatMap((places) => conesOf([...places, chosen])));
  }

  // From each stage with such places to the next.
  function conesOf(places) {
    const groups = stages.map(({ key }) => places.filter((place) => place.stage === key)).filter((g) => g.length);
    return groups.slice(1).map((group, index) => {
      const [a, b] = [bounds(groups[index]), bounds(group)];
      return shape("path", { d: `M${a.right} ${a.top}L${b.left} ${b.top}V${b.bottom}L${a.right} ${a.bottom}Z` });
    });
  }

  return { el: overview, draw };
}
