// Sliding window: an image, a kernel, and every product behind one number of the output.

import { copy, correlate, largest, pad, patchAt, sum, multiply, turn } from "./arithmetic.js";
import { allow, announcer, button, element, frame, inSum, grayColor, makeGrid, player, productRow, radios, select, short, signColor, tryIt } from "./grid.js";
import { drawn, IMAGES, KERNELS, known } from "./presets.js";
import { makeRoom } from "./room.js";

const PADDING = [221, 218, 210]; // neither black nor white: no part of the picture
let figures = 0;

function render({ model, el }) {
  const given = model.get("data");
  let image = copy(given.image);
  let kernel = copy(given.kernel);
  let [turned, padding, stride] = [false, 0, 1];
  let at = [0, 0]; // the chosen cell of the output; at first the first of the largest
  const picked = { image: null, kernel: null }; // the number to edit
  let minus = null; // where a minus has been typed on a 0, for the digit that follows

  const status = announcer();
  const root = frame("window", "The sliding window");
  const stage = element("div", { class: "lf-stage" });
  const detail = element("div", { class: "lf-detail" });
  const sumId = `lf-sum-${++figures}-${Math.random().toString(36).slice(2)}`;
  const room = element("div", { class: "lf-room" }, stage, detail);
  let keepRoom = () => {};
  let grids = [];
  let output = [[]];

  const used = () => (turned ? turn(kernel) : kernel);
  const compute = () => correlate(pad(image, padding), used(), stride);
  const inPatch = (i, j) => {
    const [u, v] = [i - at[0] * stride, j - at[1] * stride];
    return u >= 0 && v >= 0 && u < kernel.length && v < kernel[0].length;
  };

  // Edit one number by typing: a digit, a minus sign, plus or minus one with the page keys.
  function typed(values, i, j, key) {
    const steps = { PageUp: 1, PageDown: -1, "+": 1 };
    const here = [i, j, values === image].join();
    if (/^[0-9]$/.test(key)) values[i][j] = (minus === here ? -1 : 1) * Number(key) || 0;
    else if (key === "-" || key === "−") values[i][j] = -values[i][j] || 0;
    else if (steps[key]) values[i][j] = clip(values[i][j] + steps[key]);
    else return false;
    minus = (key === "-" || key === "−") && values[i][j] === 0 ? here : null;
    edited(values, i, j);
    return true;
  }

  const clip = (value) => Math.max(-99, Math.min(99, value));

  function edited(values, i, j) {
    const before = output;
    const { el: field, box } = values === image ? images : kernels;
    const yours = field.querySelector("[value=yours]");
    yours.hidden = false;
    box.value = "yours";
    refresh();
    status.soon(`${values === image ? "Image" : "Kernel"}, row ${i}, column ${j} is now ${short(values[i][j])}; ${changesFrom(before)}.`);
  }

  function editor(which, values) {
    const box = element("input", { type: "number", step: 1, min: -99, max: 99 });
    box.addEventListener("input", () => {
      const value = box.valueAsNumber;
      if (!picked[which] || !Number.isFinite(value)) return; // half typed
      const [i, j] = picked[which];
      values()[i][j] = clip(value);
      edited(values(), i, j);
    });
    box.addEventListener("change", () => { // out of range, or emptied
      const [i, j] = picked[which];
      box.value = values()[i][j];
    });
    const text = element("span", {}, which); // hidden, it keeps the room of its line
    const el = element("label", { class: "lf-field" }, text, box);
    return {
      el,
      show() {
        el.classList.toggle("lf-hidden", !picked[which]); // its room is kept
        if (!picked[which]) return;
        const [i, j] = picked[which];
        text.textContent = `${which}, row ${i}, column ${j}`;
        if (box !== box.getRootNode().activeElement) box.value = values()[i][j];
      },
    };
  }
  const editors = { image: editor("image", () => image), kernel: editor("kernel", () => kernel) };

  const heading = (text, note) =>
    element("div", { class: "lf-heading" }, element("strong", {}, text), " ", element("span", {}, note));

  // Built anew when a shape changes; otherwise the cells are only redrawn.
  function build() {
    output = compute();
    at = [Math.min(at[0], output.length - 1), Math.min(at[1], output[0].length - 1)];
    const padded = pad(image, padding);
    const inside = (i, j) => image[i - padding]?.[j - padding] !== undefined;
    const reached = (n, count, size) => Math.min(Math.floor(n / stride), count - 1) * stride + size > n;
    const read = (i, j) => reached(i, output.length, kernel.length) && reached(j, output[0].length, kernel[0].length);
    const imageGrid = makeGrid({
      name: `Image, ${image.length} by ${image[0].length}${padding ? `, ${padding} of padding around it` : ""}`,
      rows: padded.length, columns: padded[0].length, kind: "lf-editable",
      cell: (i, j) => {
        const value = inside(i, j) ? image[i - padding][j - padding] : 0;
        const [row, column] = [i - padding, j - padding];
        return {
          text: short(value), lit: inPatch(i, j), quiet: !read(i, j),
          selected: String(picked.image) === String([row, column]),
          label: `${inside(i, j) ? "" : "padding, "}row ${short(row)}, column ${short(column)}: ${short(value)}`
            + (inPatch(i, j) ? ", in the patch" : read(i, j) ? "" : ", in no window"),
          color: !inside(i, j) ? PADDING : value < 0 ? signColor(value, scale()) : grayColor(value / scale()),
        };
      },
      onSelect: (i, j) => {
        picked.image = inside(i, j) ? [i - padding, j - padding] : null;
        refresh();
      },
      onType: (i, j, key) => {
        if (inside(i, j)) return typed(image, i - padding, j - padding, key);
        if (/^[-−+0-9]$/.test(key)) status.say("Padding stays 0. Choose a pixel of the image.");
        return false;
      },
    });
    const kernelGrid = makeGrid({
      name: `Kernel, ${kernel.length} by ${kernel[0].length}`,
      rows: kernel.length, columns: kernel[0].length, kind: "lf-editable",
      cell: (i, j) => ({
        text: short(kernel[i][j]), color: signColor(kernel[i][j], largest(kernel)),
        selected: String(picked.kernel) === String([i, j]),
      }),
      onSelect: (i, j) => { picked.kernel = [i, j]; refresh(); },
      onType: (i, j, key) => typed(kernel, i, j, key),
    });
    const outputGrid = makeGrid({
      name: `Output, ${output.length} by ${output[0].length}`,
      rows: output.length, columns: output[0].length, describedBy: sumId,
      cell: (i, j) => ({
        text: short(output[i][j]), color: signColor(output[i][j], largest(output)),
        selected: String(at) === String([i, j]),
      }),
      onSelect: (i, j) => { at = [i, j]; refresh(); },
    });
    grids = [imageGrid, kernelGrid, outputGrid];
    // Wide pictures stay side by side, in smaller cells.
    const columns = padded[0].length + kernel[0].length + output[0].length;
    stage.classList.toggle("lf-crowded", columns > 14);
    stage.replaceChildren(
      element("div", { class: "lf-panel" }, heading("Image", `${image.length} × ${image[0].length}`), imageGrid.el, editors.image.el),
      element("div", { class: "lf-panel" }, heading("Kernel", `${kernel.length} × ${kernel[0].length}`), kernelGrid.el, editors.kernel.el),
      element("div", { class: "lf-panel" }, heading("Output", `${output.length} × ${output[0].length}`), outputGrid.el,
        element("p", { class: "lf-note" }, sizeText())),
    );
    refresh();
  }

  const scale = () => Math.max(9, largest(image));
  const sizeText = () => {
    const side = (n, k, result) => {
      const inside = padding ? `${n} + 2·${padding} − ${k}` : `${n} − ${k}`;
      return stride === 1 ? `${inside} + 1 = ${result}` : `floor((${inside}) / ${stride}) + 1 = ${result}`;
    };
    const [rows, columns] = [side(image.length, kernel.length, output.length), side(image[0].length, kernel[0].length, output[0].length)];
    return rows === columns ? `rows and columns: ${rows}` : `rows: ${rows}; columns: ${columns}`;
  };

  function refresh() {
    output = compute();
    for (const grid of grids) grid.draw();
    editors.image.show();
    editors.kernel.show();
    const [i, j] = at;
    const patch = patchAt(pad(image, padding), i * stride, j * stride, kernel.length, kernel[0].length);
    const terms = multiply(patch, used()).flat();
    const captions = ["patch", turned ? "turned kernel" : "kernel", "products"];
    detail.replaceChildren(
      element("p", { class: "lf-where" }, element("strong", {}, `Output at row ${i}, column ${j}`),
        ` lies on rows ${span(i, kernel.length)}, columns ${span(j, kernel[0].length)} of the image.`,
        turned && " The kernel is turned by 180° first."),
      productRow(captions, patch, used(), { text: short }),
      element("p", { class: "lf-sum", id: sumId },
        `${terms.map((t) => inSum(short(t))).join(" + ")} = `,
        element("span", { class: "lf-result" }, short(sum(terms)))),
    );
    const place = i * output[0].length + j;
    counter.textContent = `cell ${place + 1} of ${output.length * output[0].length}`;
    allow(earlier, place > 0);
    allow(later, place < output.length * output[0].length - 1);
    keepRoom();
  }

  const changesFrom = (before) => {
    const count = output.flat().filter((value, n) => value !== before.flat()[n]).length;
    return count === 0 ? "no output changed" : `${count} of ${output.flat().length} outputs changed`;
  };
  const resultText = () => `Output at row ${at[0]}, column ${at[1]}: ${short(output[at[0]][at[1]])}.`;

  // The first and the last row, or column, of the image under the window; less than 0 is padding.
  const span = (place, size) =>
    [0, size - 1].map((end) => short(place * stride - padding + end)).join(" to ");

  function walk(step) {
    const columns = output[0].length;
    const place = at[0] * columns + at[1] + step;
    if (place < 0 || place >= output.length * columns) return false;
    at = [Math.floor(place / columns), place % columns];
    refresh();
    if (ended()) status.say(`The last cell. ${resultText()}`);
    return !ended();
  }

  const counter = element("span", { class: "lf-note" });
  const ended = () => at[0] === output.length - 1 && at[1] === output[0].length - 1;
  const play = player(() => walk(1), () => { if (ended()) { at = [0, 0]; refresh(); } }, 900);
  const stepTo = (step) => { play.stop(); walk(step); status.say(resultText()); };
  const earlier = button("Step back", () => stepTo(-1));
  const later = button("Step", () => stepTo(1));
  const changed = (text) => { play.stop(); build(); status.say(text); };
  // What is given and no preset is one more choice.
  const named = (presets, first) => [...(first ? [] : ["given"]), ...Object.keys(presets), "yours"].map((name) => [name, name]);
  const firstImage = known(IMAGES, (name) => drawn(name, image), image);
  const firstKernel = known(KERNELS, (name) => KERNELS[name], kernel);
  const images = select("Image", named(IMAGES, firstImage), firstImage ?? "given", (name) => {
    if (name !== "yours") image = name === "given" ? copy(given.image) : drawn(name, image);
    changed(`Image: ${name}.`);
  });
  const kernels = select("Kernel", named(KERNELS, firstKernel), firstKernel ?? "given", (name) => {
    if (name !== "yours") kernel = copy(name === "given" ? given.kernel : KERNELS[name]);
    picked.kernel = null;
    changed(`Kernel: ${name}.`);
  });
  for (const { box } of [images, kernels]) box.lastChild.hidden = true; // until a number is changed
  function turn180(value) {
    const before = output;
    turned = value;
    output = compute();
    changed(`${turned ? "Convolution: the kernel is turned by 180 degrees first" : "Cross-correlation: the kernel lies as it is"}; ${changesFrom(before)}.`);
  }
  const operation = radios("Operation", [["no", "cross-correlation"], ["yes", "convolution"]], "no", (value) => turn180(value === "yes"));
  const sizes = [0, 1, 2].map((n) => [n, String(n)]);

  root.append(
    element("div", { class: "lf-controls" },
      images.el, kernels.el,
      select("Padding", sizes, 0, (value) => {
        padding = Number(value);
        changed(`Padding ${padding}: the output is ${compute().length} by ${compute()[0].length}.`);
      }).el,
      select("Stride", [1, 2, 3].map((n) => [n, String(n)]), 1, (value) => {
        stride = Number(value);
        changed(`Stride ${stride}: the output is ${compute().length} by ${compute()[0].length}.`);
      }).el,
      operation.el),
    element("div", { class: "lf-controls lf-bar" }, earlier, later, play.el, counter),
    tryIt("turn the kernel and compare", () => {
      operation.set(turned ? "no" : "yes");
      turn180(!turned);
      return status.el.textContent;
    }),
    room,
    element("p", { class: "lf-note" },
      "⊙ multiplies entry by entry. A thick frame: the output explained. A dashed one: the number to edit. Gray: padding. A red corner: in no window. Arrow keys move in a grid. In the image and the kernel, type a digit, − to change the sign, + or Page Up and Page Down to step."),
    status.el);
  // Every padding and stride is tried, with the longer sentence of the turned kernel.
  let own = null;
  keepRoom = makeRoom(room, {
    states: () => {
      own = { padding, stride, turned, at };
      return [0, 1, 2].flatMap((p) => [1, 2, 3].map((s) => ({ padding: p, stride: s, turned: true, at: [99, 99] })));
    },
    show: (state) => { ({ padding, stride, turned, at } = state); build(); },
    restore: (held) => {
      ({ padding, stride, turned, at } = own);
      build();
      if (held) grids[2].focus();
    },
  });
  el.append(root);
  output = compute();
  const strongest = largest(output);
  at = [output.findIndex((row) => row.some((value) => Math.abs(value) === strongest)), 0];
  at[1] = output[at[0]].findIndex((value) => Math.abs(value) === strongest);
  build();
  return () => play.stop();
}

export default { render };
