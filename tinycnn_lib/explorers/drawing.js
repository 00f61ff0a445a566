// Draw a picture, and see at once what one or two networks say of it.

import { copy, forward, table } from "./arithmetic.js";
import { announcer, button, element, frame, grayColor, makeGrid, number, shareBars } from "./grid.js";

function render({ model, el }) {
  const data = model.get("data");
  const [H, W] = [data.image.length, data.image[0].length];
  let image = copy(data.image);
  let label = data.label; // what the picture shows, while it is not the reader's
  let ink = null; // of this stroke: white, or black if it begins on a bright pixel
  let chosen = [0, 0];

  function put(i, j, value) {
    chosen = [i, j]; // keys go on where the pointer was
    if (image[i][j] === value) return;
    image[i][j] = value;
    label = null;
    draw();
    status.soon(answers.map(({ said }) => said()).join(" "));
  }

  const grid = makeGrid({
    name: "The picture. Draw with the pointer; with keys, Space turns a pixel on or off",
    rows: H,
    columns: W,
    kind: "lf-canvas",
    cell: (i, j) => ({
      text: "",
      label: `row ${i}, column ${j}: ${number(image[i][j], 1)}`,
      color: grayColor(image[i][j]),
      selected: i === chosen[0] && j === chosen[1],
    }),
    painting: () => true,
    onPaint: (i, j) => {
      ink ??= image[i][j] > 0.5 ? 0 : 1;
      put(i, j, ink);
    },
    onSelect: (i, j) => { chosen = [i, j]; grid.draw(); },
    onType: (i, j, key) => {
      if (key === " " || key === "Enter") put(i, j, image[i][j] > 0.5 ? 0 : 1);
      else if (/^[0-9]$/.test(key)) put(i, j, Number(key) / 10);
      else return false;
      return true;
    },
  });
  grid.el.addEventListener("pointerdown", () => (ink = null), { capture: true });

  const answers = data.networks.map((net) => {
    const head = element("p", { class: "lf-verdict" });
    const bars = shareBars(data.classes, 2);
    const name = net.name.slice(0, 1).toUpperCase() + net.name.slice(1);
    const said = () => head.textContent;
    function update() {
      const { probabilities } = forward(net, image);
      const best = probabilities.indexOf(Math.max(...probabilities));
      const verdict = label === null ? "" : data.classes[best] === label ? ": right" : ": wrong";
      head.textContent = `${name} says “${data.classes[best]}”${verdict}.`;
      bars.draw(probabilities);
    }
    return { el: element("div", {}, head, bars.el), update, said };
  });

  const status = announcer();
  const shows = element("p", {});
  function draw() {
    shows.textContent = label === null ? "Your picture." : `The picture shows: ${label}.`;
    grid.draw();
    for (const answer of answers) answer.update();
  }
  const show = (picture, name) => () => {
    image = copy(picture);
    label = name;
    draw();
    status.say([shows, ...answers].map((part) => part.said?.() ?? part.textContent).join(" "));
  };
  const buttons = [
    button("Blank", show(table(H, W, () => 0), null)),
    ...data.classes.filter((name) => name in data.patterns)
      .map((name) => button(name, show(data.patterns[name], name))),
    button("As it was", show(data.image, data.label)),
  ];
  el.append(frame("drawing", "A picture, and what the network says of it",
    element("div", { class: "lf-side" },
      element("div", {}, shows, grid.el, element("div", { class: "lf-controls" }, buttons)),
      element("div", { class: "lf-answers" }, answers.map((answer) => answer.el))),
    status.el));
  draw();
}

export default { render };
