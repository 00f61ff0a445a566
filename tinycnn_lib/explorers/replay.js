// A training run, replayed: the kernels, the curves and the pictures still wrong, epoch by epoch.

import { largest, range } from "./arithmetic.js";
import { allow, announcer, button, element, frame, matrix, number, player, tryIt } from "./grid.js";

const COLORS = ["#1f5fa8", "#b85410", "#0b7a75", "#7b3f98"]; // as in the printed figures
const DASHES = ["", "7 4", "9 3 2 3", "2 3"];
const MOST_PICTURES = 24; // shown of those still wrong

function render({ model, el }) {
  const { runs, classes, labels, images } = model.get("data");
  const last = Math.max(...runs.map((run) => run.train_loss.length)) - 1;
  const [H, W] = images.shape;
  const levels = Uint8Array.from(atob(images.levels), (letter) => letter.charCodeAt(0));
  let epoch = Math.round(last / 5); // where the runs have parted

  const percent = (right, count) => [`${number((100 * right) / count, 1)} %`, `(${right} of ${count})`];
  const epochOf = (run) => Math.min(epoch, run.train_loss.length - 1);

  // --- curves -------------------------------------------------------------------------------
  const [WIDTH, HEIGHT, LEFT, BOTTOM] = [320, 150, 52, 22];
  const x = (n) => LEFT + ((WIDTH - LEFT - 10) * n) / Math.max(last, 1);

  // About three steps of 1, 2 or 5 times a power of ten, up to the largest value or above it.
  function ticksTo(most) {
    const power = 10 ** Math.floor(Math.log10(most / 3));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= most / 3.5);
    return range(Math.ceil(most / step - 1e-9) + 1).map((n) => n * step);
  }

  function chart(title, pick, ticks, write) {
    const top = ticks.at(-1);
    const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - 10) * value) / top;
    const curve = (values, thin, r) => {
      const d = values.map((value, n) => `${n ? "L" : "M"}${x(n).toFixed(1)} ${y(value).toFixed(1)}`).join("") + (values.length > 1 ? "" : "h0");
      return `<path d="${d}" stroke="${COLORS[r]}" stroke-dasharray="${DASHES[r]}"${thin ? ' stroke-width="1" style="stroke-width:1"' : ""}/>`;
    };
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("class", "lf-chart");
    svg.setAttribute("aria-hidden", "true"); // the table below holds its numbers
    const lines = ticks.map((tick) => `<path d="M${LEFT} ${y(tick)}H${WIDTH - 10}" stroke="#d5d1c6" style="stroke-width:1"/>`
      + `<text x="${LEFT - 5}" y="${y(tick) + 4}" text-anchor="end">${write(tick)}</text>`);
    svg.innerHTML = lines.join("")
      + `<text x="${LEFT}" y="${HEIGHT - 6}">0</text><text x="${WIDTH - 10}" y="${HEIGHT - 6}" text-anchor="end">epoch ${last}</text>`
      + runs.map((run, r) => curve(pick(run)[0], true, r) + curve(pick(run)[1], false, r)).join("")
      + `<path class="lf-now" stroke="#22262b"/>`;
    return { el: element("div", {}, element("p", { class: "lf-heading" }, element("strong", {}, title)), svg), now: svg.querySelector(".lf-now") };
  }

  const highest = Math.max(...runs.flatMap((run) => [...run.train_loss, ...run.validation_loss]));
  const charts = [
    chart("Loss", (run) => [run.train_loss, run.validation_loss], ticksTo(highest || 1), (value) => number(value, highest < 0.3 ? 2 : 1)),
    chart("Accuracy", (run) => [run.train_right.map((n) => n / run.train_count),
      run.validation_right.map((n) => n / labels.length)], [0, 0.5, 1], (value) => `${Math.round(100 * value)} %`),
  ];

  // --- the runs at this epoch -----------------------------------------------------------------
  function thumbnail([index, guess]) {
    const canvas = element("canvas", {
      width: W, height: H, role: "img",
      title: `picture ${index}: ${classes[labels[index]]}, taken for ${classes[guess]}`,
    });
    const pixels = new ImageData(W, H);
    range(H * W).forEach((n) => {
      const level = levels[index * H * W + n];
      pixels.data.set([level, level, level, 255], 4 * n);
    });
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return element("li", {}, canvas);
  }

  function panel(run, r) {
    const now = epochOf(run);
    const wrong = run.wrong[now];
    const ended = epoch > now ? `, ended at epoch ${now}` : "";
    return element("div", {},
      element("div", { class: "lf-heading" },
        element("span", { class: "lf-key", style: `border-color: ${COLORS[r]}; border-top-style: ${r % 2 ? "dashed" : "solid"}` }),
        element("strong", {}, run.name), ended),
      element("div", { class: "lf-kernels" }, run.kernels[now].map((kernel, f) =>
        matrix(`kernel ${f}`, kernel, { limit: largest(run.kernels) }))),
      element("p", { class: "lf-note" }, `${wrong.length} of ${labels.length} pictures still wrong`),
      element("ul", { class: "lf-thumbs", "aria-label": `${run.name}, pictures still wrong` }, wrong.slice(0, MOST_PICTURES).map(thumbnail)));
  }

  const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: 0 });
  const shown = element("span"); // an <output> would take the label
  const inTable = element("span");
  const panels = element("div", { class: "lf-runs" });
  const rows = [
    ["training loss", (run, n) => [number(run.train_loss[n], 4)]],
    ["validation loss", (run, n) => [number(run.validation_loss[n], 4)]],
    ["training accuracy", (run, n) => percent(run.train_right[n], run.train_count)],
    ["validation accuracy", (run, n) => percent(run.validation_right[n], labels.length)],
  ];
  const numbers = element("tbody");
  const status = announcer();

  const epochText = () => `Epoch ${epoch}. ${runs.map((run) => {
    const now = epochOf(run);
    return `${run.name}: validation loss ${number(run.validation_loss[now], 4)}, ${run.wrong[now].length} of ${labels.length} wrong`;
  }).join("; ")}.`;

  function show() {
    slider.value = epoch;
    slider.setAttribute("aria-valuetext", epochText());
    shown.textContent = `${epoch} of ${last}`;
    inTable.textContent = epoch;
    for (const { now } of charts) now.setAttribute("d", `M${x(epoch)} 6V${HEIGHT - BOTTOM}`);
    panels.replaceChildren(...runs.map(panel));
    numbers.replaceChildren(...rows.map(([name, write]) => element("tr", {},
      element("th", { scope: "row" }, name), runs.map((run) => element("td", {},
        write(run, epochOf(run)).flatMap((part) => [element("span", { class: "lf-whole" }, part), " "]))))));
    allow(earlier, epoch > 0);
    allow(later, epoch < last);
  }

  function walk(step) {
    const next = epoch + step;
    if (next < 0 || next > last) return false;
    epoch = next;
    show();
    return epoch < last;
  }

  const play = player(() => walk(1) || (status.say(`The last. ${epochText()}`), false),
    () => { if (epoch === last) { epoch = 0; show(); } }, 400);
  const stepTo = (step) => { play.stop(); walk(step); status.say(epochText()); };
  const earlier = button("Step back", () => stepTo(-1));
  const later = button("Step", () => stepTo(1));
  slider.addEventListener("input", () => { play.stop(); status.say(""); epoch = slider.valueAsNumber; show(); });

  // After the start, where a run stands worst.
  function worst() {
    const high = (n) => Math.max(...runs.map((run) => run.validation_loss[n] ?? 0));
    play.stop();
    epoch = range(last).map((n) => n + 1).reduce((most, n) => (high(n) > high(most) ? n : most), Math.min(1, last));
    show();
    status.say(epochText());
    return epochText();
  }

  el.append(frame("replay", "Training, replayed",
    element("div", { class: "lf-controls lf-bar" },
      element("label", { class: "lf-field lf-scrub" }, element("span", {}, "Epoch ", shown), slider), earlier, later, play.el),
    tryIt("go to the worst epoch after the start", worst),
    element("div", { class: "lf-charts" }, charts.map((chart) => chart.el)),
    element("p", { class: "lf-note" }, "Thick: validation. Thin: training. The upright line is the epoch shown; epoch 0 is before training. "
      + `Below: the kernels, and of the validation pictures still wrong the first ${MOST_PICTURES}.`),
    panels,
    element("div", { class: "lf-wide", tabindex: 0, role: "region", "aria-label": "Numbers of this epoch" },
      element("table", { class: "lf-numbers" },
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, `epoch `, inTable), runs.map(({ name }) => element("th", { scope: "col" }, name)))), numbers)),
    status.el));
  show();
  return () => play.stop();
}

export default { render };
