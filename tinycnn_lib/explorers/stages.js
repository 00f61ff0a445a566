// Three linked zooms on numbers that flow through stages: all maps small, one stage with its
// numbers, one number with its arithmetic.

import { largest } from "./arithmetic.js";
import { button, element, fine, grayColor, makeGrid, number, radios, signColor } from "./grid.js";

export const at = (stage, map, row, column) => ({ stage, map, row, column });
export const keyOf = ({ stage, map, row, column }) => [stage, map, row, column].join();

const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
const rgb = (color) => `rgb(${color.join(" ")})`;

// stages: [{key, title, note, unit, kind, maps(), name(map, row, column), mapName?, tab?, tag?, heads?,
//   digits?, ring?, quiet?, region?, hint?, extra?, onType?, onPaint?, painting?}]
//   `maps()` gives the present numbers [map][row][column]; `kind` is "gray", "sign" or "share";
//   `unit` is the side of a cell in the overview; `heads` names the entries of a lone row or column.
// parents(place): the places of the numbers that the number at `place` is computed from; one that
//   was read but lost to another has `loses`.
// explain(place): what to show beside the number.  strongest(place): where to walk back to, or null.
export function makeStages({ stages, parents, explain, strongest, first, legend, direction }) {
  let chosen = first;
  let shown = first.stage; // the layer that is seen large: of the chosen number, or another
  const stageOf = (key) => stages.find((stage) => stage.key === key);
  const valueAt = ({ stage, map, row, column }) => stageOf(stage).maps()[map][row][column];
  const colorIn = (stage, value, limit) =>
    stage.kind === "gray" ? grayColor(value) : signColor(value, stage.kind === "share" ? 1 : limit);
  const mapName = (stage, m) => stage.mapName?.(m) ?? `map ${m}`;
  const nameOf = (place) =>
    `${stageOf(place.stage).title}, ${stageOf(place.stage).name(place.map, place.row, place.column)}`;

  // The numbers behind a place, stage by stage back to the source, through those that `follow` takes.
  function behind(place, follow) {
    const found = new Map();
    const queue = [place];
    while (queue.length) {
      for (const parent of parents(queue.pop()).filter(follow)) {
        if (found.has(keyOf(parent))) continue;
        found.set(keyOf(parent), parent);
        queue.push(parent);
      }
    }
    return found;
  }

  // All that the number at a place reads; what it reads only through losers is `faint`.
  function originOf(place) {
    const won = behind(place, (parent) => !parent.loses);
    const all = [...behind(place, () => true)];
    return new Map(all.map(([key, parent]) => [key, { ...parent, faint: !won.has(key) }]));
  }

  // --- network: every map, small ------------------------------------------------------------
  const [GAP, TOP] = [2.2, 2];
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
    const name = shape("text", { class: "lf-tag", x: left + (stage.maps()[0][0].length * stage.unit) / 2, y: 1 });
    name.textContent = stage.tag ?? stage.tab ?? stage.title;
    overview.append(name);
    stage.maps().forEach((map, m) => {
      map.forEach((row, i) => row.forEach((_, j) => {
        const place = at(stage.key, m, i, j);
        const side = stage.unit;
        const box = { x: left + j * side, y: top + i * side, side };
        box.el = shape("rect", { x: box.x, y: box.y, width: side, height: side });
        box.el.addEventListener("click", () => choose(place));
        boxes.set(keyOf(place), box);
        overview.append(box.el);
      }));
      top += map.length * stage.unit + 1;
    });
    left += stage.maps()[0][0].length * stage.unit + GAP;
  });
  overview.setAttribute("viewBox", `0 0 ${left - GAP + 1} ${height + TOP + 0.3}`);
  const halo = shape("rect", { class: "lf-halo" });

  const bounds = (found) => {
    const all = found.map((place) => boxes.get(keyOf(place)));
    return {
      left: Math.min(...all.map((b) => b.x)), right: Math.max(...all.map((b) => b.x + b.side)),
      top: Math.min(...all.map((b) => b.y)), bottom: Math.max(...all.map((b) => b.y + b.side)),
    };
  };

  function drawOverview(origin) {
    for (const stage of stages) {
      const limit = largest(stage.maps());
      stage.maps().forEach((map, m) => map.forEach((row, i) => row.forEach((value, j) => {
        const key = [stage.key, m, i, j].join();
        const { el } = boxes.get(key);
        el.setAttribute("fill", rgb(colorIn(stage, value, limit)));
        const from = origin.get(key);
        el.setAttribute("class", key === keyOf(chosen) ? "lf-here" : from ? (from.faint ? "lf-less" : "lf-from") : "");
      })));
    }
    const here = boxes.get(keyOf(chosen));
    for (const [name, value] of [["x", here.x], ["y", here.y], ["width", here.side], ["height", here.side]]) {
      halo.setAttribute(name, value);
    }
    // above their neighbors' borders, the strong ones on top
    const read = [...origin.values()];
    const strong = read.filter(({ faint }) => !faint);
    overview.append(...[...read, ...strong].map((place) => boxes.get(keyOf(place)).el), halo, here.el);
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

  // --- layer: one stage with its numbers ----------------------------------------------------
  const layer = element("div", { class: "lf-stage lf-layer" });
  const layerNote = element("p", { class: "lf-note" });
  const extras = element("div");
  let grids = [];
  let built = null;

  function buildLayer() {
    built = shown;
    const stage = stageOf(shown);
    grids = stage.maps().map((map, m) => makeGrid({
      name: `${stage.title}${stage.maps().length > 1 ? `, ${mapName(stage, m)}` : ""}`,
      rows: map.length, columns: map[0].length, describedBy: origin.id,
      cell: (i, j) => {
        const value = stage.maps()[m][i][j];
        const place = at(stage.key, m, i, j);
        const [ring, quiet, light] = [stage.ring?.(m, i, j), stage.quiet?.(m, i, j), lights.get(keyOf(place))];
        const more = [ring && ", winner of its window", quiet && ", in no window", light && ", read by the chosen number",
          light?.faint && " only through losers"];
        return {
          text: number(value, stage.digits), color: colorIn(stage, value, stage.limit), ring, quiet,
          lit: light && !light.faint, faint: light?.faint, region: stage.region?.(i, j),
          label: `${stage.name(m, i, j)}: ${number(value, stage.digits)}${more.filter(Boolean).join("")}`,
          selected: keyOf(place) === keyOf(chosen),
        };
      },
      onSelect: (i, j) => choose(at(stage.key, m, i, j)),
      onType: stage.onType, onPaint: stage.onPaint, painting: stage.painting,
    }));
    layer.replaceChildren(...grids.map((grid, m) =>
      element("div", { class: "lf-panel" },
        grids.length > 1 && element("div", { class: "lf-heading" }, element("strong", {}, mapName(stage, m))),
        stage.heads ? withHeads(grid.el, stage.heads) : grid.el)));
    layer.classList.toggle("lf-roomy", stage.digits === 3);
    layerNote.textContent = stage.hint ?? "";
    extras.replaceChildren(...(stage.extra ? [stage.extra] : []));
  }

  // The cells' own labels say the heads to a screen reader.
  const withHeads = (grid, heads) =>
    element("div", { class: `lf-named${grid.children.length > 1 ? " lf-column" : ""}`, style: `--heads: ${heads.length}` },
      element("div", { class: "lf-heads", "aria-hidden": "true" }, heads.map((head) => element("span", {}, head))), grid);

  // --- number: its arithmetic ---------------------------------------------------------------
  const detail = element("div", { class: "lf-detail" });
  const origin = element("p", { class: "lf-note", id: `lf-origin-${Math.random().toString(36).slice(2)}` });
  let lights = new Map();

  // The lights in words, the nearest layer first.
  function originText() {
    const groups = new Map();
    for (const place of lights.values()) groups.set(place.stage, [...(groups.get(place.stage) ?? []), place]);
    let winners = 0; // of the nearest stage with windows
    const parts = [...groups].map(([key, places]) => {
      if (places.length === 1) return nameOf(places[0]);
      const [maps, rows, columns] = ["map", "row", "column"].map((name) => places.map((place) => place[name]));
      const stage = stageOf(key);
      const one = new Set(maps).size === 1;
      const among = one ? [stage.maps()[maps[0]]] : stage.maps();
      const where = one && stage.maps().length > 1 ? `${stage.title}, ${mapName(stage, maps[0])}` : stage.title;
      const strong = places.filter(({ faint }) => !faint).length;
      const of = (count) => (count === 1 ? "winner" : "winners");
      const through = strong === places.length ? "" : winners ? `, ${strong} behind the ${of(winners)}` : `, through ${winners = strong} ${of(strong)}`;
      if (places.length === among.flat(2).length) return `all ${places.length} numbers of ${where}${through}`;
      const ends = (numbers) => [Math.min(...numbers), Math.max(...numbers)];
      const [[top, bottom], [left, right]] = [ends(rows), ends(columns)];
      const block = one && places.length === (bottom - top + 1) * (right - left + 1)
        && bottom > top && right > left ? ` (rows ${top} to ${bottom}, columns ${left} to ${right})` : "";
      return `${places.length} numbers of ${where}${block}${through}`;
    });
    return parts.length ? `It reads ${parts.join("; ")}.` : "";
  }

  function draw() {
    lights = originOf(chosen);
    origin.textContent = originText();
    if (built !== shown) buildLayer();
    const stage = stageOf(shown);
    stage.limit = largest(stage.maps());
    grids.forEach((grid) => grid.draw());
    drawOverview(lights);
    const back = strongest(chosen);
    detail.replaceChildren(
      element("p", {}, element("strong", {}, nameOf(chosen)), " = ",
        element("span", { class: "lf-result" }, fine(valueAt(chosen)))),
      ...explain(chosen),
      origin,
      back ? button(`${direction} to ${nameOf(back)}`, () => {
        choose(back);
        grids[back.map].focus();
      }) : "");
    reveal();
  }

  // On a small screen the maps lie in a strip: bring the first with a frame into view.
  function reveal() {
    const panel = layer.querySelector(".lf-selected, .lf-lit, .lf-faint")?.closest(".lf-panel");
    if (!panel) return;
    const [all, one] = [layer.getBoundingClientRect(), panel.getBoundingClientRect()];
    if (one.left < all.left || one.right > all.right) layer.scrollLeft += one.left - all.left;
  }

  function choose(place) {
    chosen = place;
    shown = place.stage;
    tabs.set(shown);
    draw();
  }

  const tabs = radios(legend, stages.map(({ key, title, tab, note }) => [key, tab ?? title, note]), first.stage,
    (key) => { shown = key; draw(); });
  const el = element("div", {}, overview, tabs.el, extras, layer, layerNote, detail);
  return { el, draw, choose, chosen: () => chosen };
}
