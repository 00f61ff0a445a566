// Three linked zooms on numbers that flow through stages: all maps small, one stage with its
// numbers, one number with its arithmetic. And the controls that choose or draw the picture.

import { copy, largest, range, table } from "./arithmetic.js";
import { button, element, grayColor, makeGrid, number, radios, select, signColor } from "./grid.js";

export const at = (stage, map, row, column) => ({ stage, map, row, column });
export const keyOf = ({ stage, map, row, column }) => [stage, map, row, column].join();

const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
const rgb = (color) => `rgb(${color.join(" ")})`;

// stages: [{key, title, note, unit, kind, maps(), name(map, row, column), mapName?, tab?, heads?, digits?,
//   ring?, hint?, extra?, onType?, onPaint?, painting?}]
//   `maps()` gives the present numbers [map][row][column]; `kind` is "gray", "sign" or "share";
//   `unit` is the side of a cell in the overview; `heads` names the entries of a lone row or column.
// parents(place): the places of the numbers that the number at `place` is computed from.
// explain(place): what to show beside the number.  strongest(place): where to walk back to, or null.
export function makeStages({ stages, parents, explain, strongest, first, legend, direction }) {
  let chosen = first;
  const stageOf = (key) => stages.find((stage) => stage.key === key);
  const valueAt = ({ stage, map, row, column }) => stageOf(stage).maps()[map][row][column];
  const colorIn = (stage, value, limit) =>
    stage.kind === "gray" ? grayColor(value) : signColor(value, stage.kind === "share" ? 1 : limit);
  const mapName = (stage, m) => stage.mapName?.(m) ?? `map ${m}`;
  const nameOf = (place) =>
    `${stageOf(place.stage).title}, ${stageOf(place.stage).name(place.map, place.row, place.column)}`;

  // Everything that the chosen number comes from, stage by stage back to the source.
  function originOf(place) {
    const found = new Map();
    const queue = [place];
    while (queue.length) {
      for (const parent of parents(queue.pop())) {
        if (found.has(keyOf(parent))) continue;
        found.set(keyOf(parent), parent);
        queue.push(parent);
      }
    }
    return found;
  }

  // --- network: every map, small ------------------------------------------------------------
  const GAP = 2.2;
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
    let top = (height - heights[s]) / 2 + 0.3;
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
  overview.setAttribute("viewBox", `0 0 ${left - GAP + 0.3} ${height + 0.6}`);

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
        el.setAttribute("class", key === keyOf(chosen) ? "lf-here" : origin.has(key) ? "lf-from" : "");
      })));
    }
    const lit = [...origin.values(), chosen];
    overview.append(...lit.map((place) => boxes.get(keyOf(place)).el)); // above their neighbors' borders
    const groups = stages.map(({ key }) => lit.filter((place) => place.stage === key)).filter((g) => g.length);
    cones.replaceChildren(...groups.slice(1).map((group, index) => {
      const [a, b] = [bounds(groups[index]), bounds(group)];
      return shape("path", { d: `M${a.right} ${a.top}L${b.left} ${b.top}V${b.bottom}L${a.right} ${a.bottom}Z` });
    }));
  }

  // --- layer: one stage with its numbers ----------------------------------------------------
  const layer = element("div", { class: "lf-stage" });
  const layerNote = element("p", { class: "lf-note" });
  const extras = element("div");
  let grids = [];
  let shown = null;

  function buildLayer() {
    shown = chosen.stage;
    const stage = stageOf(shown);
    grids = stage.maps().map((map, m) => makeGrid({
      name: `${stage.title}${stage.maps().length > 1 ? `, ${mapName(stage, m)}` : ""}`,
      rows: map.length, columns: map[0].length,
      cell: (i, j) => {
        const value = stage.maps()[m][i][j];
        const place = at(stage.key, m, i, j);
        const ring = stage.ring?.(m, i, j);
        return {
          text: number(value, stage.digits), color: colorIn(stage, value, stage.limit), ring,
          label: `${stage.name(m, i, j)}: ${number(value, stage.digits)}${ring ? ", winner of its window" : ""}`,
          selected: keyOf(place) === keyOf(chosen), lit: lights.has(keyOf(place)),
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
  let lights = new Map();

  function draw() {
    lights = originOf(chosen);
    if (shown !== chosen.stage) buildLayer();
    const stage = stageOf(shown);
    stage.limit = largest(stage.maps());
    grids.forEach((grid) => grid.draw());
    drawOverview(lights);
    const back = strongest(chosen);
    detail.replaceChildren(
      element("p", {}, element("strong", {}, nameOf(chosen)), " = ",
        element("output", {}, number(valueAt(chosen), 4))),
      ...explain(chosen),
      back ? button(`${direction} to ${nameOf(back)}`, () => {
        choose(back);
        grids[back.map].focus();
      }) : "");
  }

  function choose(place) {
    chosen = place;
    tabs.set(place.stage);
    draw();
  }

  const tabs = radios(legend, stages.map(({ key, title, tab, note }) => [key, tab ?? title, note]), first.stage,
    (key) => choose(at(key, 0, 0, 0)));
  const el = element("div", {}, overview, tabs.el, extras, layer, layerNote, detail);
  return { el, draw, choose, chosen: () => chosen };
}

// A picture of the text, one of each class with shift and noise, or one that the reader draws.
// data = {image, patterns: {name: image}, noise: image}.
export function makePicture(data, onChange) {
  let image = copy(data.image);
  let [name, down, right, noisy] = ["given", 0, 0, false];
  const [H, W] = [image.length, image[0].length];

  function compose() {
    const base = name === "given" ? data.image : data.patterns[name] ?? table(H, W, () => 0);
    const wrap = (index, size) => ((index % size) + size) % size;
    image = table(H, W, (i, j) => {
      const value = base[wrap(i - down, H)][wrap(j - right, W)] + (noisy ? data.noise[i][j] : 0);
      return noisy ? Math.min(Math.max(value, 0), 1) : value;
    });
    onChange(`Picture: ${name === "given" ? "of the text" : name}, moved ${down} down and ${right} to the right${noisy ? ", with noise" : ""}.`);
  }

  const pencil = element("input", { type: "checkbox" });
  const level = element("input", { type: "range", min: 0, max: 1, step: 0.1, value: 1 });
  const levelText = element("span", {}, "1.0"); // an <output> would take the label
  level.addEventListener("input", () => (levelText.textContent = number(level.valueAsNumber, 1)));
  pencil.addEventListener("change", () => onChange(`Pencil ${pencil.checked ? "on" : "off"}.`));
  const paint = (i, j, value) => {
    if (image[i][j] === value) return;
    image[i][j] = value;
    onChange(null);
  };
  const typed = (i, j, key) => {
    const tenths = Math.round(image[i][j] * 10);
    if (/^[0-9]$/.test(key)) paint(i, j, Number(key) / 10);
    else if (key === "+") paint(i, j, Math.min(tenths + 1, 10) / 10);
    else if (key === "-") paint(i, j, Math.max(tenths - 1, 0) / 10);
    else return false;
    return true;
  };

  const moves = range(5).map((n) => [n - 2, number(n - 2, 0)]);
  const noise = element("input", { type: "checkbox", onchange: () => { noisy = noise.checked; compose(); } });
  const pictures = [["given", "of the text"], ...Object.keys(data.patterns).map((key) => [key, key]), ["blank", "blank"]];
  return {
    image: () => image,
    controls: [
      select("Picture", pictures, "given", (value) => { name = value; compose(); }).el,
      select("Move down", moves, 0, (value) => { down = Number(value); compose(); }).el,
      select("Move right", moves, 0, (value) => { right = Number(value); compose(); }).el,
      element("label", { class: "lf-check" }, noise, "Noise"),
    ],
    stage: {
      onType: typed,
      onPaint: (i, j) => paint(i, j, level.valueAsNumber),
      painting: () => pencil.checked,
      extra: element("div", { class: "lf-controls" },
        element("label", { class: "lf-check" }, pencil, "Pencil"),
        element("label", { class: "lf-field" }, element("span", {}, "Gray level ", levelText), level)),
      hint: "Draw with the pencil, or type on a pixel: 0 to 9 for 0 to 0.9, + and − for a tenth more or less.",
    },
  };
}
