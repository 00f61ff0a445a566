// Images and kernels that the sliding window offers by name.

export const KERNELS = {
  "vertical edge": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
  "horizontal edge": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
  "blur (nine times the mean)": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
  "impulse": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
  "impulse in a corner": [[1, 0, 0], [0, 0, 0], [0, 0, 0]],
};
export const IMAGES = {
  "step": (i, j) => (j < 3 ? 1 : 8),
  "line": (i, j) => (j === 2 ? 9 : 0),
  "square": (i, j) => (i > 1 && i < 5 && j > 1 && j < 5 ? 7 : 1),
  "impulse": (i, j) => (i === 2 && j === 3 ? 9 : 0),
};

// The image of a preset, as large as `image`; the name of the preset that holds these numbers.
export const drawn = (name, image) => image.map((row, i) => row.map((_, j) => IMAGES[name](i, j)));
export const known = (presets, draw, values) => Object.keys(presets).find((name) => String(draw(name)) === String(values));
