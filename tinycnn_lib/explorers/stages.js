// Three linked zooms on numbers that flow through stages: all maps small, one stage with its
// numbers, one number with its arithmetic.

import { largest } from "./arithmetic.js";
import { button, element, exact, exactly, fine, makeGrid, number, radios } from "./grid.js";
import { at, colorIn, keyOf, makeOverview } from "./overview.js";
import { fadeEnds, makeRoom } from "./room.js";

const FADE = 24; // pixels of a strip's end, which fades

// stages: [{key, title, note, unit, kind, maps(), name(map, row, column), mapName?, tab?, tag?, heads?,
//   digits?, ring?, quiet?, region?, exact?, hint?, extra?, onType?, onPaint?, painting?}]
//   `maps()` gives the present numbers [map][row][column]; `kind` is "gray", "sign" or "share";
//   `unit` is the side of a cell in the overview; `heads` names the entries of a lone row or column;
//   `exact` sets exact zeros apart.
// parents(place): the places of the numbers that the number at `place` is computed from; one that
//   was read but lost to another has `loses`.
// twin(place): the place of another stage that belongs to this one, if any.
// explain(place): what to show beside the number.  strongest(place): where to walk back to, or null.
// head: what stands above the layers' buttons and stays in view with them on a small screen.
// say(text): said to a screen reader.
// first: the key of the stage to begin with.  begin: the place to begin with, if any.
export function makeStages({ stages, parents, twin, explain, strongest, first, begin = null, legend, direction, head, say }) {
  let chosen = begin; // the place of a number
  let shown = first; // the layer that is seen large: of the chosen number, or another
  const stageOf = (key) => stages.find((stage) => stage.key === key);
  const valueAt = ({ stage, map, row, column }) => stageOf(stage).maps()[map][row][column];
  const mapName = (stage, m) => stage.mapName?.(m) ?? `map ${m}`;
  const isChosen = (key) => chosen !== null && key === keyOf(chosen);
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
        const more = [ring && ", winner of its window", quiet && ", in no window", light && (light.twin ? ", at the place of the chosen number" : ", read by the chosen number"),
          light?.faint && " only through losers"];
        return {
          text: (stage.exact ? exact : number)(value, stage.digits), zero: stage.exact && value === 0, color: colorIn(stage, value, stage.limit), ring, quiet,
          lit: light && !light.faint, faint: light?.faint, region: stage.region?.(i, j),
          label: `${stage.name(m, i, j)}: ${(stage.exact ? exactly : number)(value, stage.digits)}${more.filter(Boolean).join("")}`,
          selected: isChosen(keyOf(place)),
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
    layer.classList.toggle("lf-tall", stage.maps()[0].length > 8);
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
    for (const place of lights.values()) if (!place.twin) groups.set(place.stage, [...(groups.get(place.stage) ?? []), place]);
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

  // The chosen number with its arithmetic, which stands only where its layer is seen large.
  function drawDetail() {
    if (!chosen) {
      detail.replaceChildren(element("p", {}, element("strong", {}, "Choose a number. "),
        "Click on one, or go to a map with the Tab key and press Enter there; then the arrow keys choose. Here you will see how it is made."));
      return;
    }
    const { exact: zeros, title } = stageOf(chosen.stage);
    const heading = element("p", {}, element("strong", {}, nameOf(chosen)), " = ",
      element("span", { class: "lf-result" }, (zeros ? exactly : fine)(valueAt(chosen))));
    const walk = (text, to) => button(text, () => {
      choose(to);
      grids[to.map].focus();
    });
    if (shown !== chosen.stage) {
      detail.replaceChildren(heading, origin,
        element("p", {}, `This number belongs to ${title}. Choose a number of ${stageOf(shown).title} to see how that one is made, or go back.`),
        walk(`Back to ${nameOf(chosen)}`, chosen));
      return;
    }
    const back = strongest(chosen);
    detail.replaceChildren(heading, ...explain(chosen), origin, back ? walk(`${direction} to ${nameOf(back)}`, back) : "");
  }

  function drawRoom() {
    lights = chosen ? originOf(chosen) : new Map();
    const other = chosen && twin?.(chosen);
    if (other) lights.set(keyOf(other), { ...other, twin: true });
    origin.textContent = originText();
    if (built !== shown) buildLayer();
    const stage = stageOf(shown);
    stage.limit = largest(stage.maps());
    grids.forEach((grid) => grid.draw());
    drawDetail();
  }

  function draw() {
    drawRoom();
    overview.draw(chosen, lights);
    reveal();
    keepRoom();
  }

  // A few numbers of each stage are tried: their arithmetic is of different heights.
  const states = () => stages.flatMap(({ key, maps }) => {
    const last = maps().length - 1;
    const [i, j] = [maps()[0].length - 1, maps()[0][0].length - 1];
    const tried = [[0, 0, 0], [0, i >> 1, j >> 1], [0, (i + 1) >> 1, j >> 1], [last, i, j]].map((place) => at(key, ...place));
    return [at(stages.at(-1).key, 0, 0, 0), ...tried].map((place) => [place, key]);
  });
  let own = null; // the reader's own, while others are tried

  // On a small screen the maps lie in a strip: bring the first with a frame into view.
  function reveal() {
    const tab = tabs.el.querySelector(":checked").parentElement;
    tabs.el.scrollLeft = tab.offsetLeft - tabs.el.offsetLeft - 2 * FADE;
    const panel = layer.querySelector(".lf-selected, .lf-lit, .lf-faint")?.closest(".lf-panel");
    if (!panel) return fade();
    const [all, one] = [layer.getBoundingClientRect(), panel.getBoundingClientRect()];
    if (one.left < all.left || one.right > all.right) layer.scrollLeft += one.left - all.left - FADE;
    fade();
  }

  function choose(place) {
    chosen = place;
    shown = place.stage;
    tabs.set(shown);
    draw();
  }

  const overview = makeOverview(stages, choose);
  const tabs = radios(legend, stages.map(({ key, title, tab, note }) => [key, tab ?? title, note]), first,
    (key) => {
      shown = key;
      draw();
      const { title, maps } = stageOf(key);
      const [M, H, W] = [maps().length, maps()[0].length, maps()[0][0].length];
      say(`${title} is shown, ${M > 1 ? `${M} maps of ` : ""}${H} by ${W}. ${chosen ? `Chosen is ${nameOf(chosen)}.` : "No number is chosen."}`);
    });
  const room = element("div", { class: "lf-room" }, extras, layer, layerNote, detail);
  const fade = fadeEnds(layer);
  const keepRoom = makeRoom(room, {
    states: () => { own = [chosen, shown]; return states(); },
    show: (state) => { [chosen, shown] = state; drawRoom(); },
    restore: (held) => {
      [chosen, shown] = own;
      draw();
      if (held) grids[chosen?.stage === shown ? chosen.map : 0].focus(); // its cells are new
    },
  });
  const bar = element("div", { class: "lf-bar lf-layers" }, head, tabs.el);
  const goTo = (place) => {
    choose(place);
    grids[place.map].focus({ preventScroll: true });
  };
  return { el: element("div", {}, overview.el, bar, room), draw, choose, goTo, chosen: () => chosen };
}
