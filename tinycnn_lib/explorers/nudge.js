// The loss along one number, and what the number's gradient predicts.

import { range } from "./arithmetic.js";
import { element, fine, inSum, number } from "./grid.js";

const FURTHEST = 1; // the largest nudge

// lossAt(by): the loss with the number moved by that much; `slope` is its gradient. `start` is the
// nudge to begin with; `onNudge(by)` is told every other.
export function makeNudge({ lossAt, slope, start, onNudge }) {
  const now = lossAt(0);
  const steps = range(41).map((n) => (n / 20 - 1) * FURTHEST);
  const losses = steps.map(lossAt);
  const line = steps.map((by) => now + slope * by);
  const low = Math.min(...losses, now - 0.05);
  const high = Math.max(...losses, now + 0.05);
  const x = (by) => 120 + 110 * (by / FURTHEST);
  const y = (loss) => 110 - 100 * ((loss - low) / (high - low));
  const path = (values) => values.map((loss, n) => `${n ? "L" : "M"}${x(steps[n]).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 240 120");
  svg.setAttribute("class", "lf-curve");
  svg.setAttribute("aria-hidden", "true"); // the numbers beside it say the same
  svg.innerHTML = `<path d="${path(line)}" stroke="#b85410" stroke-dasharray="5 4"/><path d="${path(losses)}" stroke="#1f5fa8"/><circle r="5" fill="#22262b"/>`;
  const dot = svg.querySelector("circle");
  const slider = element("input", { type: "range", min: -FURTHEST, max: FURTHEST, step: 0.01, value: start });
  const amount = element("span"); // an <output> would take the label
  const text = element("p", { class: "lf-sum" });
  const show = () => {
    const by = slider.valueAsNumber;
    const [real, predicted] = [lossAt(by), now + slope * by];
    amount.textContent = number(by, 2);
    text.textContent = `loss ${number(now, 4)} becomes ${number(real, 4)}; the gradient predicts `
      + `${number(now, 4)} + ${inSum(fine(slope))} × ${inSum(number(by, 2))} = ${number(predicted, 4)}; off by ${number(real - predicted, 4)}`;
    dot.setAttribute("cx", x(by));
    dot.setAttribute("cy", y(real));
  };
  slider.addEventListener("input", () => { onNudge(slider.valueAsNumber); show(); });
  show();
  return element("div", { class: "lf-nudge" }, svg,
    element("div", {}, element("label", { class: "lf-field" }, element("span", {}, "Nudge it by ", amount), slider), text,
      element("p", { class: "lf-note" }, "Solid: the loss. Dashed: the gradient's straight line. At a bend a ReLU opens or closes, or a window changes its winner."),
      corner(lossAt, slope)));
}

// On a corner the gradient is a choice of the library's; the two slopes beside it are not.
function corner(lossAt, slope) {
  const tiny = 1e-6;
  const [left, right] = [-tiny, tiny].map((by) => (lossAt(by) - lossAt(0)) / by);
  if (Math.abs(right - left) < 1e-3 * Math.max(1, Math.abs(slope))) return null;
  return element("p", { class: "lf-note lf-corner" }, element("strong", {}, "Here the curve has a corner. "),
    `Its slope is ${number(left, 4)} to the left and ${number(right, 4)} to the right: some number before ReLU is exactly 0, `
    + "or a window has a tie. The gradient takes such a ReLU as closed and the first of the tied numbers as the winner.");
}
