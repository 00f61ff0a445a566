// The whole network on one picture: select any number, see what it comes from and how.

import { forward, multiply, patchAt, range, sum, table } from "./arithmetic.js";
import { announcer, element, fine, frame, inSum, matrix, number, productRow, radios, shareBars, strip, tryIt } from "./grid.js";
import { at } from "./overview.js";
import { makePicture } from "./picture.js";
import { makeStages } from "./stages.js";

function render({ model, el }) {
  const data = model.get("data");
  let net = data.networks[0];
  const picture = makePicture(data, changed);
  let seen = forward(net, picture.image());
  const [F, K, k, p] = [net.kernels.length, net.dense_bias.length, net.kernels[0].length, net.pool];
  const [rows, columns] = [seen.pool[0].length, seen.pool[0][0].length];
  const inMap = (map, i, j) => `map ${map}, row ${i}, column ${j}`;
  const inClass = (map, row, label) => data.classes[label];
  const windowAt = (i, j) => String([Math.floor(i / p), Math.floor(j / p)]);
  const shapeOf = (maps) => `${maps.length} × ${maps[0].length} × ${maps[0][0].length}`;

  const stages = [
    { key: "input", title: "Input", note: shapeOf([seen.input]), unit: 1.7, kind: "gray",
      maps: () => [seen.input], name: (_, i, j) => `row ${i}, column ${j}`, ...picture.stage },
    { key: "conv", title: "Conv2D", note: shapeOf(seen.conv), unit: 1, kind: "sign", maps: () => seen.conv, name: inMap, region: windowAt },
    { key: "relu", title: "ReLU", note: shapeOf(seen.relu), unit: 1, kind: "sign", maps: () => seen.relu, name: inMap, region: windowAt,
      quiet: (_, i, j) => i >= rows * p || j >= columns * p,
      ring: (f, i, j) => i < rows * p && j < columns * p
        && String(seen.winners[f][Math.floor(i / p)][Math.floor(j / p)]) === String([i, j]),
      hint: "A ring marks the winner of each pooling window." },
    { key: "pool", title: "MaxPool2D", note: shapeOf(seen.pool), unit: 1.4, kind: "sign", maps: () => seen.pool, name: inMap },
    { key: "flat", title: "Flatten", note: `${seen.flat.length}`, unit: 0.9, kind: "sign",
      maps: () => [table(seen.flat.length / columns, columns, (i, j) => seen.flat[i * columns + j])],
      name: (_, i, j) => `number ${i * columns + j}`,
      hint: `Numbers 0 to ${seen.flat.length - 1} of one row, here ${columns} to a line.` },
    { key: "logits", title: "Dense", note: `${K}`, unit: 2.2, kind: "sign", maps: () => [[seen.logits]], name: inClass,
      digits: 4, heads: data.classes },
    { key: "probabilities", title: "Softmax", note: `${K}`, unit: 2.2, kind: "share", maps: () => [[seen.probabilities]], name: inClass,
      digits: 4, heads: data.classes },
  ];

  function parents({ stage, map, row, column }) {
    if (stage === "probabilities") return range(K).map((label) => at("logits", 0, 0, label));
    if (stage === "logits") return seen.flat.map((_, d) => at("flat", 0, Math.floor(d / columns), d % columns));
    if (stage === "flat") return [at("pool", Math.floor(row / rows), row % rows, column)];
    if (stage === "pool") {
      const winner = String(seen.winners[map][row][column]);
      return table(p, p, (u, v) => [row * p + u, column * p + v]).flat()
        .map((place) => ({ ...at("relu", map, ...place), loses: String(place) !== winner }));
    }
    if (stage === "relu") return [at("conv", map, row, column)];
    if (stage === "conv") return table(k, k, (u, v) => at("input", 0, row + u, column + v)).flat();
    return [];
  }

  const weightsOf = (f, label) =>
    table(rows, columns, (i, j) => net.weights[(f * rows + i) * columns + j][label]);
  const total = (products, bias, result) =>
    element("p", { class: "lf-sum" }, `sum of the products ${fine(products)} + bias ${inSum(fine(bias))} = `,
      element("strong", {}, fine(result)));

  function explain({ stage, map, row, column }) {
    if (stage === "input") return [element("p", {}, "A pixel: 0 is black, 1 is white.")];
    if (stage === "conv") {
      const patch = patchAt(seen.input, row, column, k, k);
      return [productRow(["patch", `kernel ${map}`, "products"], patch, net.kernels[map]),
        total(sum(multiply(patch, net.kernels[map])), net.conv_bias[map], seen.conv[map][row][column])];
    }
    if (stage === "relu") {
      const before = seen.conv[map][row][column];
      return [element("p", { class: "lf-sum" }, `max(0, ${fine(before)}) = ${fine(seen.relu[map][row][column])}`)];
    }
    if (stage === "pool") {
      const [r, c] = seen.winners[map][row][column];
      const window = patchAt(seen.relu[map], row * p, column * p, p, p);
      const ties = window.flat().filter((y) => y === seen.pool[map][row][column]).length;
      return [element("div", { class: "lf-equation" },
        matrix("window", window, { text: fine, marks: [[r - row * p, c - column * p]] })),
        element("p", {}, ties > 1 ? `${ties} of them are the largest; the first in row-major order wins: `
          : "The largest wins: ", `row ${r}, column ${c} of the map.`)];
    }
    if (stage === "flat") {
      const [f, i] = [Math.floor(row / rows), row % rows];
      return [element("p", {}, `The number of map ${f}, row ${i}, column ${column}: place ${f} · ${rows * columns} + ${i} · ${columns} + ${column} = ${row * columns + column} in the row.`)];
    }
    if (stage === "logits") {
      return [strip("Products, map by map", range(F).map((f) => productRow(
        [`map ${f}, places ${f * rows * columns} to ${(f + 1) * rows * columns - 1}`, `weights for ${data.classes[column]}`, "products"], seen.pool[f], weightsOf(f, column)))),
        total(sum(seen.flat.map((y, d) => y * net.weights[d][column])), net.dense_bias[column], seen.logits[column])];
    }
    const top = Math.max(...seen.logits);
    const powers = seen.logits.map((z) => Math.exp(z - top));
    return [element("div", { class: "lf-equation" },
      matrix("logits, less the largest", [seen.logits.map((z) => z - top)], { digits: 4, marks: [[0, column]] }),
      matrix("exp of them", [powers], { digits: 4, marks: [[0, column]] })),
      element("p", { class: "lf-note" }, "As in the library, the largest logit is subtracted first; the shares are the same without."),
      element("p", { class: "lf-sum" }, `${fine(powers[column])} / ${fine(sum(powers))} = `,
        element("strong", {}, fine(seen.probabilities[column])))];
  }

  // The parent that weighs most; of a window, the winner.
  function strongest(place) {
    const { stage, map, row, column } = place;
    if (stage === "input") return null;
    if (stage === "probabilities") return at("logits", 0, 0, column);
    const size = (parent) =>
      stage === "conv" ? Math.abs(seen.input[parent.row][parent.column] * net.kernels[map][parent.row - row][parent.column - column])
        : stage === "logits" ? Math.abs(seen.flat[parent.row * columns + parent.column] * net.weights[parent.row * columns + parent.column][column])
          : stage === "pool" && !parent.loses ? 1 : 0;
    return parents(place).reduce((best, parent) => (size(parent) > size(best) ? parent : best));
  }

  const verdict = element("p", { class: "lf-verdict" });
  const bars = shareBars(data.classes);
  const status = announcer();
  const view = makeStages({
    stages, parents, explain, strongest, legend: "Layer", direction: "Walk back", first: "conv", head: verdict, say: status.say,
  });

  function verdictText() {
    const top = Math.max(...seen.probabilities);
    const best = data.classes.filter((_, label) => top - seen.probabilities[label] < 1e-12);
    const shows = picture.shows();
    const right = shows ? `; the picture shows ${shows}: ${shows === best[0] ? "right" : "wrong"}` : "";
    return best.length === 1 ? `Prediction: ${best[0]}, probability ${number(top, 4)}${right}.`
      : `No prediction: a tie of ${best.join(", ")}, each with probability ${number(top, 4)}.`;
  }

  function draw() {
    seen = forward(net, picture.image());
    verdict.textContent = verdictText();
    bars.draw(seen.probabilities);
    view.draw();
  }

  function changed(said) {
    draw();
    if (said) status.say(`${said} ${verdict.textContent}`);
    else status.soon(verdict.textContent);
  }

  // A pixel at which a tenth more, or less, leaves every logit as it is.
  function findIdle() {
    for (const [i, j] of table(seen.input.length, seen.input[0].length, (...place) => place).flat()) {
      const by = seen.input[i][j] > 0.5 ? -0.1 : 0.1;
      const other = seen.input.map((row, u) => row.map((value, v) => (u === i && v === j ? value + by : value)));
      if (String(forward(net, other).logits) !== String(seen.logits)) continue;
      view.goTo(at("input", 0, i, j));
      const said = `Row ${i}, column ${j}: a tenth ${by > 0 ? "more" : "less"} changes no logit. Press ${by > 0 ? "+" : "−"} on it, and look in ReLU and MaxPool2D for what stops it.`;
      status.say(said);
      return said;
    }
    const said = "Here every pixel changes something. Try another picture.";
    status.say(said);
    return said;
  }

  const weights = data.networks.length > 1 && radios("Weights", data.networks.map(({ name }, index) => [index, name]), 0, (index) => {
    net = data.networks[index];
    changed(`Weights: ${net.name}.`);
  }).el;
  el.append(frame("network", "The whole network on one picture",
    element("div", { class: "lf-controls" }, weights, picture.controls), tryIt("find a pixel that changes nothing", findIdle), bars.el, view.el,
    element("p", { class: "lf-note" }, "Sums use all digits; two or four are shown. ⊙ multiplies entry by entry. Frames mark, in every layer, what the chosen number reads: "
      + "thick, the winners' path, which made it; dashed, the losers of each window and what only they read. A change there does nothing while they lose, but a loser can grow and become the winner."),
    status.el));
  draw();
}

export default { render };
