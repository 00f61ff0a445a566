// The gradient's way back: of any weight, bias or pixel, and the terms that it sums.

import { backward, forward, lossOf, crossEntropy, patchAt, range, scatterTerms, sum, table, turnedTerms } from "./arithmetic.js";
import { announcer, element, exact, fine, frame, inSum, matrix, number, productRow, radios, select, strip, term, tryIt } from "./grid.js";
import { makeNudge } from "./nudge.js";
import { at } from "./overview.js";
import { makePicture } from "./picture.js";
import { makeStages } from "./stages.js";

const SMALLEST = 1e-12; // the least probability that the loss takes, as in the library
const NUDGED = ["kernels", "conv_bias", "weights", "dense_bias", "input", "picture"]; // stages of numbers to nudge

function render({ model, el }) {
  const data = model.get("data");
  let net = data.networks[0];
  let target = data.target;
  let view = "scatter";
  const picture = makePicture(data, changed);
  let seen = forward(net, picture.image());
  let back = backward(net, seen, target);
  const [F, K, k, p] = [net.kernels.length, net.dense_bias.length, net.kernels[0].length, net.pool];
  const [rows, columns] = [seen.pool[0].length, seen.pool[0][0].length];
  let nudgedBy = 0.1;
  const inMap = (map, i, j) => `map ${map}, row ${i}, column ${j}`;
  const inFilter = (f, u, v) => `filter ${f}, row ${u}, column ${v}`;
  const ofClass = (_, label) => data.classes[label];
  const filter = (m) => `filter ${m}`;

  const stages = [
    { key: "picture", title: "the picture", tab: "picture", unit: 1.5, kind: "gray", digits: 2, exact: false, maps: () => [seen.input], name: (_, i, j) => `row ${i}, column ${j}` },
    { key: "input", title: "d input", unit: 1.5, digits: 2, maps: () => [back.d_input], name: (_, i, j) => `row ${i}, column ${j}` },
    { key: "kernels", title: "d kernels", unit: 1.5, maps: () => back.d_kernels, name: inFilter, mapName: filter },
    { key: "conv_bias", title: "d conv bias", tag: "bias", unit: 1.5, maps: () => [back.d_conv_bias.map((d) => [d])], name: (_, f) => `filter ${f}`,
      heads: range(F).map(filter) },
    { key: "conv", title: "d Conv2D", unit: 1, maps: () => back.d_conv, name: inMap },
    { key: "relu", title: "d ReLU", unit: 1, quiet: (_, i, j) => !windowOf(i, j), maps: () => back.d_relu, name: inMap },
    { key: "pool", title: "d MaxPool2D", unit: 1.4, maps: () => back.d_pool, name: inMap },
    { key: "flat", title: "d Flatten", unit: 0.9, name: (_, i, j) => `number ${i * columns + j}`,
      maps: () => [table(F * rows, columns, (i, j) => back.d_flat[i * columns + j])] },
    { key: "weights", title: "d dense weights", tag: "weights", unit: 0.65, mapName: (label) => `to ${data.classes[label]}`,
      maps: () => range(K).map((label) => table(F * rows, columns, (i, j) => back.d_weights[i * columns + j][label])),
      name: (label, i, j) => `from number ${i * columns + j} to ${data.classes[label]}` },
    { key: "dense_bias", title: "d dense bias", tag: "bias", unit: 1.5, maps: () => [back.d_dense_bias.map((d) => [d])], name: ofClass,
      heads: data.classes },
    { key: "logits", title: "d logits", unit: 1.5, maps: () => [back.d_logits.map((d) => [d])], name: ofClass,
      heads: data.classes },
  ].map((stage) => ({ kind: "sign", digits: 3, exact: true, tab: stage.title.replace("d ", ""), ...stage }));

  function parents({ stage, map, row, column }) {
    const whole = () => table(back.d_conv[0].length, back.d_conv[0][0].length, (i, j) => at("conv", map, i, j)).flat();
    if (stage === "input") {
      return range(F).flatMap((f) => scatterTerms(net, back.d_conv, f, row, column).map((t) => at("conv", f, t.row, t.column)));
    }
    if (stage === "kernels") {
      return [...whole(), ...table(back.d_conv[0].length, back.d_conv[0][0].length, (i, j) => at("picture", 0, row + i, column + j)).flat()];
    }
    if (stage === "conv_bias") { map = row; return whole(); }
    if (stage === "conv") return seen.conv[map][row][column] > 0 ? [at("relu", map, row, column)] : [];
    if (stage === "relu") {
      const window = windowOf(row, column);
      return window && String(seen.winners[map][window[0]][window[1]]) === String([row, column]) ? [at("pool", map, ...window)] : [];
    }
    if (stage === "pool") return [at("flat", 0, map * rows + row, column)];
    if (stage === "flat") return range(K).map((label) => at("logits", 0, label, 0));
    if (stage === "weights") return [at("logits", 0, map, 0)];
    if (stage === "dense_bias") return [at("logits", 0, row, 0)];
    return [];
  }

  function windowOf(row, column) {
    const [i, j] = [Math.floor(row / p), Math.floor(column / p)];
    return i < rows && j < columns ? [i, j] : null;
  }

  const says = (text) => element("p", { class: "lf-sum" }, text);
  const totals = (parts, result, what) =>
    says(parts.map(term).join(" + ").replaceAll("+ −", "− ") + ` = ${term(result)}, ${what}`);
  const terms3 = { digits: 3, text: exact };

  function explain(place) {
    const parts = terms(place);
    if (!NUDGED.includes(place.stage)) return parts;
    return [element("div", { class: "lf-two" }, nudge(place), element("div", {}, parts))];
  }

  function terms({ stage, map, row, column }) {
    if (stage === "picture") return [says("A pixel: 0 is black, 1 is white. Its gradient says how the loss follows a nudge.")];
    if (stage === "logits") {
      const q = seen.probabilities[row];
      return [says(`probability − ${row === target ? "1 (the target)" : "0 (not the target)"}: ${fine(q)} − ${row === target ? 1 : 0} = ${fine(back.d_logits[row])}`)];
    }
    if (stage === "dense_bias") return [says(`A bias is added to its logit, so it has the logit's gradient: ${fine(back.d_logits[row])}`)];
    if (stage === "weights") {
      const d = row * columns + column;
      return [says(`number ${d} × d logit of ${data.classes[map]}: ${term(seen.flat[d])} × ${inSum(fine(back.d_logits[map]))} = ${term(back.d_weights[d][map])}`)];
    }
    if (stage === "flat") {
      const d = row * columns + column;
      return [productRow([`weights of number ${d}`, "d logits", "products"], [net.weights[d]], [back.d_logits], { digits: 4, text: exact }),
        totals(net.weights[d].map((w, label) => w * back.d_logits[label]), back.d_flat[d], "one term for each class")];
    }
    if (stage === "pool") return [says(`Flatten only laid the numbers out: the gradient of number ${(map * rows + row) * columns + column}.`)];
    if (stage === "relu") {
      const won = parents(at(stage, map, row, column)).length > 0;
      return [says(!windowOf(row, column) ? "It lies in no pooling window: the last rows or columns are left over. The loss does not feel it: 0."
        : won ? "It won its pooling window, so it takes the window's whole gradient."
        : "It is not the winner of a pooling window, so the loss does not feel it: 0.")];
    }
    if (stage === "conv") {
      const x = seen.conv[map][row][column];
      return [says(x > 0 ? `Before ReLU stands ${fine(x)}, above 0: the gradient passes.`
        : x < 0 ? `Before ReLU stands ${fine(x)}, below 0: nothing passes.`
          : "Before ReLU stands exactly 0, its corner: the library lets nothing pass.")];
    }
    if (stage === "conv_bias") {
      return [element("div", { class: "lf-equation" }, matrix(`d Conv2D, map ${row}`, back.d_conv[row], terms3)),
        says(`The bias is added to every number of its map: the sum of these is ${term(back.d_conv_bias[row])}.`)];
    }
    if (stage === "kernels") {
      const [h, w] = [back.d_conv[map].length, back.d_conv[map][0].length];
      return [says(`The weight lay on every pixel of rows ${row} to ${row + h - 1}, columns ${column} to ${column + w - 1}, once for each number of map ${map}.`),
        productRow(["pixels under it", `d Conv2D, map ${map}`, "products"], patchAt(seen.input, row, column, h, w), back.d_conv[map], { digits: [2, 3, 3], text: exact }),
        says(`sum of the products = ${term(back.d_kernels[map][row][column])}`)];
    }
    // the input, in two views of the same terms
    const choice = radios("View", [["scatter", "scatter"], ["turned", "turned kernel"]], view, (value) => {
      view = value;
      stagesView.draw();
      stagesView.el.querySelector(`.lf-detail input[value="${value}"]`).focus();
    });
    const shares = range(F).map((f) => sum(scatterTerms(net, back.d_conv, f, row, column).map((t) => t.product)));
    const tables = range(F).map((f) => {
      if (view === "turned") {
        const { patch, kernel } = turnedTerms(net, back.d_conv, f, row, column);
        return productRow([`d Conv2D, map ${f}`, `kernel ${f}, turned`, "products"], patch, kernel, terms3);
      }
      // At a border not every weight has met the pixel.
      const [sent, weights] = [table(k, k, () => null), table(k, k, () => null)];
      for (const t of scatterTerms(net, back.d_conv, f, row, column)) {
        sent[t.u][t.v] = t.d;
        weights[t.u][t.v] = t.weight;
      }
      return productRow([`d Conv2D, map ${f}`, "weight it used", "products"], sent, weights, terms3);
    });
    return [choice.el,
      says(view === "scatter" ? "Scatter: every number that used this pixel sends back its gradient times the weight it used."
        : "Turned kernel: the gradients around this place, with zeros outside the map, times the kernel turned by 180°."),
      strip("Products, filter by filter", tables), totals(shares, back.d_input[row][column], "one sum for each filter")];
  }

  // The loss with the number at a place moved by so much.
  function moved({ stage, map, row, column }, by) {
    const other = { ...net, kernels: net.kernels, weights: net.weights };
    let image = picture.image();
    const put = (values, path, add) => {
      const [index, ...rest] = path;
      return values.map((value, i) => (i !== index ? value : rest.length ? put(value, rest, add) : value + add));
    };
    if (stage === "kernels") other.kernels = put(net.kernels, [map, row, column], by);
    if (stage === "conv_bias") other.conv_bias = put(net.conv_bias, [row], by);
    if (stage === "weights") other.weights = put(net.weights, [row * columns + column, map], by);
    if (stage === "dense_bias") other.dense_bias = put(net.dense_bias, [row], by);
    if (stage === "input" || stage === "picture") image = put(image, [row, column], by);
    return lossOf(other, image, target);
  }

  function slopeAt(place) {
    const key = place.stage === "picture" ? "input" : place.stage;
    return stages.find((stage) => stage.key === key).maps()[place.map][place.row][place.column];
  }

  // Half a unit to where the straight line falls.
  function downhill() {
    const found = stagesView.chosen();
    const place = NUDGED.includes(found.stage) ? found : at("kernels", 0, 0, 0);
    nudgedBy = slopeAt(place) > 0 ? -0.5 : 0.5;
    stagesView.choose(place);
    const said = `${number(nudgedBy, 1)}: the loss goes from ${number(moved(place, 0), 4)} to ${number(moved(place, nudgedBy), 4)}. How far does it follow the dashed line?`;
    status.say(said);
    return said;
  }

  function nudge(place) {
    return makeNudge({ lossAt: (by) => moved(place, by), slope: slopeAt(place), start: nudgedBy, onNudge: (by) => { nudgedBy = by; } });
  }

  // A pixel of the picture and its gradient.
  function twin({ stage, map, row, column }) {
    const other = { picture: "input", input: "picture" }[stage];
    return other && at(other, map, row, column);
  }

  function strongest(place) {
    const { stage, map, row, column } = place;
    if (stage === "picture") return twin(place);
    const all = parents(place);
    if (!all.length) return null;
    const size = (parent) => {
      if (stage === "flat") return Math.abs(net.weights[row * columns + column][parent.row] * back.d_logits[parent.row]);
      if (parent.stage !== "conv") return 0;
      const d = Math.abs(back.d_conv[parent.map][parent.row][parent.column]);
      if (stage === "kernels") return d * Math.abs(seen.input[parent.row + row][parent.column + column]);
      if (stage === "input") return d * Math.abs(net.kernels[parent.map][row - parent.row][column - parent.column]);
      return d;
    };
    return all.reduce((best, parent) => (size(parent) > size(best) ? parent : best));
  }

  const verdict = element("p", { class: "lf-verdict" });
  const status = announcer();
  const stagesView = makeStages({
    stages, parents, twin, explain, strongest, head: verdict, say: status.say, legend: "The picture, and d, the gradient of the loss, with respect to", direction: "Walk on toward the loss,",
    first: "kernels",
    begin: { stage: "kernels", map: 0, row: 0, column: 0 }, // the one that the text has followed
  });

  function draw() {
    seen = forward(net, picture.image());
    back = backward(net, seen, target);
    const q = seen.probabilities[target];
    const least = q < SMALLEST ? `, the least probability that the library's loss takes; here it is ${fine(q)}` : "";
    verdict.textContent = `Loss: −log(${fine(Math.max(q, SMALLEST))}) = `
      + `${number(crossEntropy(seen.probabilities, target), 4)}, target ${data.classes[target]}${least}.`;
    stagesView.draw();
  }

  function changed(said) {
    draw();
    if (said) status.say(`${said} ${verdict.textContent}`);
    else status.soon(verdict.textContent);
  }

  const weights = data.networks.length > 1 && radios("Weights", data.networks.map(({ name }, index) => [index, name]), 0, (index) => {
    net = data.networks[index];
    changed(`Weights: ${net.name}.`);
  }).el;
  const targets = select("Target class", data.classes.map((name, label) => [label, name]), target, (value) => {
    target = Number(value);
    changed(`Target: ${data.classes[target]}.`);
  }).el;
  el.append(frame("gradient", "The gradient's way back",
    element("div", { class: "lf-controls" }, weights, picture.controls, targets), tryIt("nudge against the gradient", downhill), stagesView.el,
    element("p", { class: "lf-note" }, "Sums use all digits; two to four are shown. ⊙ multiplies entry by entry. 0 (hatched) is exactly 0; ≈0 is not, it only rounds to 0. "
      + "Frames mark, in every layer, what the chosen gradient reads, and in the picture its pixel. A point in a table: no weight met the pixel there."),
    status.el));
  draw();
}

export default { render };
