// The controls that choose or draw the picture.

import { copy, range, table } from "./arithmetic.js";
import { element, number, select } from "./grid.js";

// The given picture, one of each class with shift and noise, or one that the reader draws.
// data = {image, patterns: {name: image}, noise: image, label: the name of the given one's class, if known}. After a change, `onChange(said)` is called
// with what to say of it, or with null while the reader draws.
export function makePicture(data, onChange) {
  const [H, W] = [data.image.length, data.image[0].length];
  const bases = { given: data.image, ...data.patterns, blank: table(H, W, () => 0) };
  let image = copy(data.image);
  let [name, down, right, noisy] = ["given", 0, 0, false];

  function compose() {
    const base = bases[name];
    const wrap = (index, size) => ((index % size) + size) % size;
    image = table(H, W, (i, j) => {
      const value = base[wrap(i - down, H)][wrap(j - right, W)] + (noisy ? data.noise[i][j] : 0);
      return noisy ? Math.min(Math.max(value, 0), 1) : value;
    });
    const moved = down || right ? `, moved ${number(down, 0)} down and ${number(right, 0)} to the right` : "";
    onChange(`Picture: ${name}${moved}${noisy ? ", with noise" : ""}.`);
  }

  // What is drawn becomes a picture of its own, which can be moved and made noisy like the others.
  function paint(i, j, value) {
    if (image[i][j] === value) return;
    image[i][j] = value;
    bases.yours = image;
    [name, down, right, noisy] = ["yours", 0, 0, false];
    yours.hidden = yours.disabled = false;
    [pictures.box.value, downs.box.value, rights.box.value, noise.checked] = [name, 0, 0, false];
    onChange(null);
  }

  const pencil = element("input", { type: "checkbox" });
  const level = element("input", { type: "range", min: 0, max: 1, step: 0.1, value: 1 });
  const levelText = element("span", {}, "1.0"); // an <output> would take the label
  level.addEventListener("input", () => (levelText.textContent = number(level.valueAsNumber, 1)));
  pencil.addEventListener("change", () => onChange(`Pencil ${pencil.checked ? "on" : "off"}.`));
  const STEPS = { "+": 0.1, "-": -0.1, "−": -0.1 };
  const typed = (i, j, key) => {
    const changed = Math.round(100 * (image[i][j] + (STEPS[key] ?? 0))) / 100;
    if (/^[0-9]$/.test(key)) paint(i, j, Number(key) / 10);
    else if (STEPS[key]) paint(i, j, Math.min(Math.max(changed, 0), 1));
    else return false;
    return true;
  };

  const moves = range(5).map((n) => [n - 2, number(n - 2, 0)]);
  const noise = element("input", { type: "checkbox", onchange: () => { noisy = noise.checked; compose(); } });
  const pictures = select("Picture", [...Object.keys(bases), "yours"].map((key) => [key, key]), "given",
    (value) => { name = value; compose(); });
  const yours = pictures.box.lastChild; // to be chosen when there is one
  yours.hidden = yours.disabled = true;
  const downs = select("Move down", moves, 0, (value) => { down = Number(value); compose(); });
  const rights = select("Move right", moves, 0, (value) => { right = Number(value); compose(); });
  return {
    image: () => image,
    shows: () => (name === "given" ? data.label : name in data.patterns ? name : null), // the class, if known
    controls: [pictures.el, downs.el, rights.el, element("label", { class: "lf-check" }, noise, "Noise")],
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
