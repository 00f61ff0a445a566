// The loss along one number, and what the number's gradient predicts.

import { range } from "./arithmetic.js";
import { element, exact, inSum, number, term } from "./grid.js";

const FURTHEST = 1; // the largest nudge
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 252, 22, 128]; // of the curve, in a picture of 264 by 164

// About four steps of 1, 2 or 5 times a power of ten that lie between two numbers.
function ticksIn(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= (high - low) / 4);
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const first = Math.ceil(low / step);
  return range(Math.floor(high / step) - first + 1).map((n) => [(first + n) * step, number((first + n) * step, digits)]);
}

// lossAt(by): the loss with the number moved by that much; `slope` is its gradient. `start` is the
// nudge to begin with; `onNudge(by)` is told every other.
export function makeNudge({ lossAt, slope, start, onNudge }) {
  const now = lossAt(0);
  const steps = range(41).map((n) => (n / 20 - 1) * FURTHEST);
  const losses = steps.map(lossAt);
  const low = Math.min(...losses, now - 0.05);
  const high = Math.max(...losses, now + 0.05);
  const x = (by) => (LEFT + RIGHT + (RIGHT - LEFT) * (by / FURTHEST)) / 2;
  const y = (loss) => BOTTOM - (BOTTOM - TOP) * ((loss - low) / (high - low));
  const path = (points) => points.map(([by, loss], n) => `${n ? "L" : "M"}${x(by).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  // The straight line, as far as it stays between the lowest loss and the highest.
  const [down, up] = [low, high].map((loss) => Math.min(Math.abs((loss - now) / slope), FURTHEST));
  const line = (slope < 0 ? [-up, down] : [-down, up]).map((by) => [by, now + slope * by]);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 264 164");
  svg.setAttribute("class", "lf-curve");
  svg.setAttribute("aria-hidden", "true"); // the numbers beside it say the same
  const write = (left, top, text, anchor = "middle") => `<text x="${left}" y="${top}" text-anchor="${anchor}">${text}</text>`;
  svg.innerHTML = write(LEFT - 5, 13, "loss", "end") + write((LEFT + RIGHT) / 2, 159, "nudge")
    + ticksIn(low, high).map(([loss, text]) => `<path class="lf-tick" d="M${LEFT} ${y(loss)}H${RIGHT}"/>` + write(LEFT - 5, y(loss) + 4, text, "end")).join("")
    + ticksIn(-FURTHEST, FURTHEST).map(([by, text]) => `<path class="lf-tick" d="M${x(by)} ${TOP}V${BOTTOM + 4}"/>` + write(x(by), BOTTOM + 16, text)).join("")
    + `<path d="${path(line)}" stroke="#b85410" stroke-dasharray="5 4"/><path d="${path(steps.map((by, n) => [by, losses[n]]))}" stroke="#1f5fa8"/>`
    + `<circle r="5" fill="#22262b"/>`;
  const dot = svg.querySelector("circle");
  const slider = element("input", { type: "range", min: -FURTHEST, max: FURTHEST, step: 0.01, value: start });
  const amount = element("span"); // an <output> would take the label
  const text = element("p", { class: "lf-sum" });
  const show = () => {
    const by = slider.valueAsNumber;
    const [real, predicted] = [lossAt(by), now + slope * by];
    amount.textContent = number(by, 2);
    text.textContent = `loss ${number(now, 4)} becomes ${number(real, 4)}; the gradient predicts `
      + `${number(now, 4)} + ${inSum(term(slope))} × ${inSum(number(by, 2))} = ${number(predicted, 4)}; off by ${number(real - predicted, 4)}`;
    slider.setAttribute("aria-valuetext", `${number(by, 2)}: ${text.textContent}`);
    dot.setAttribute("cx", x(by));
    dot.setAttribute("cy", y(real));
  };
  slider.addEventListener("input", () => { onNudge(slider.valueAsNumber); show(); });
  show();
  return element("div", { class: "lf-nudge" }, svg,
    element("div", {}, element("label", { class: "lf-field" }, element("span", {}, "Nudge it by ", amount), slider), text,
      element("p", { class: "lf-note" }, "Solid: the loss. Dashed: the gradient's straight line. At a corner of the curve a ReLU opens or closes, or a window changes its winner."),
      slopes(lossAt, slope)));
}

// The gradient between the slopes to its two sides. On a corner these differ, and the gradient is a
// choice of the library's.
function slopes(lossAt, slope) {
  const tiny = 1e-6;
  const [left, right] = [-tiny, tiny].map((by) => (lossAt(by) - lossAt(0)) / by);
  const differ = (a, b) => Math.abs(a - b) >= 1e-3 * Math.max(1, Math.abs(slope));
  const corner = differ(left, right) || differ(left, slope) || differ(right, slope);
  const where = !differ(left, slope) ? "the slope to the left" : !differ(right, slope) ? "the slope to the right"
    : (left - slope) * (right - slope) < 0 ? "between the two slopes" : "not one of the two slopes, nor between them";
  return [
    element("table", { class: "lf-numbers lf-slopes" },
      element("thead", {}, element("tr", {}, ["slope to the left", "gradient", "slope to the right"].map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, element("tr", {}, [number(left, 4), exact(slope), number(right, 4)].map((text) => element("td", {}, text))))),
    element("p", { class: `lf-note${corner ? " lf-corner" : ""}` },
      corner && element("strong", {}, "Here the curve has a corner. "),
      corner ? `The gradient is ${where}: the library takes a ReLU at exactly 0 as closed, and of tied numbers the first as the winner.`
        : "No corner here: the slope is the gradient on both sides."),
  ];
}
