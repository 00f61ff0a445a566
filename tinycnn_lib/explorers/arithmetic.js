// The network's arithmetic, forward and back, for one image. It follows tinycnn_lib layer by layer;
// the tests compare every number of the two. Arrays are nested like NumPy's: [filter][row][column].
//
// net = {kernels: (F, k, k), conv_bias: (F), pool: p, weights: (D, K), dense_bias: (K)}

export const range = (count) => Array.from({ length: count }, (_, index) => index);
export const table = (rows, columns, entry) =>
  range(rows).map((i) => range(columns).map((j) => entry(i, j)));
export const sum = (numbers) => numbers.flat(Infinity).reduce((total, x) => total + x, 0);
export const largest = (numbers) => Math.max(...numbers.flat(Infinity).map(Math.abs));
export const copy = (nested) => JSON.parse(JSON.stringify(nested));

export function pad(image, padding) {
  const [H, W] = [image.length, image[0].length];
  return table(H + 2 * padding, W + 2 * padding, (i, j) => image[i - padding]?.[j - padding] ?? 0);
}

// A half turn: what makes a cross-correlation a convolution.
export const turn = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

export const patchAt = (image, top, left, rows, columns) =>
  table(rows, columns, (u, v) => image[top + u][left + v]);

export const multiply = (a, b) => a.map((row, i) => row.map((x, j) => x * b[i][j]));

export function correlate(image, kernel, stride = 1) {
  const [h, w] = [kernel.length, kernel[0].length];
  const rows = Math.floor((image.length - h) / stride) + 1;
  const columns = Math.floor((image[0].length - w) / stride) + 1;
  return table(rows, columns, (i, j) =>
    sum(multiply(patchAt(image, i * stride, j * stride, h, w), kernel)),
  );
}

// Which entry of the p x p window wins: the first of the largest, in row-major order.
export function winnerOf(map, i, j, p) {
  let best = [i * p, j * p];
  for (let u = 0; u < p; u++) {
    for (let v = 0; v < p; v++) {
      const place = [i * p + u, j * p + v];
      if (map[place[0]][place[1]] > map[best[0]][best[1]]) best = place;
    }
  }
  return best;
}

export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - top));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

export const crossEntropy = (probabilities, target) =>
  -Math.log(Math.max(probabilities[target], 1e-12));

export function forward(net, image) {
  const p = net.pool;
  const conv = net.kernels.map((kernel, f) =>
    correlate(image, kernel).map((row) => row.map((y) => y + net.conv_bias[f])),
  );
  const relu = conv.map((map) => map.map((row) => row.map((y) => Math.max(y, 0))));
  const rows = Math.floor(relu[0].length / p);
  const columns = Math.floor(relu[0][0].length / p);
  const winners = relu.map((map) => table(rows, columns, (i, j) => winnerOf(map, i, j, p)));
  const pool = relu.map((map, f) =>
    table(rows, columns, (i, j) => map[winners[f][i][j][0]][winners[f][i][j][1]]),
  );
  const flat = pool.flat(2);
  const logits = net.dense_bias.map((b, k) => sum(flat.map((y, d) => y * net.weights[d][k])) + b);
  return { input: image, conv, relu, winners, pool, flat, logits, probabilities: softmax(logits) };
}

export const lossOf = (net, image, target) =>
  crossEntropy(forward(net, image).probabilities, target);

// The gradient of the cross-entropy with respect to everything that `forward` saw and made.
export function backward(net, seen, target) {
  const k = net.kernels[0].length;
  const d_logits = seen.probabilities.map((q, label) => q - (label === target ? 1 : 0));
  const d_weights = seen.flat.map((y) => d_logits.map((d) => y * d));
  const d_flat = net.weights.map((row) => sum(row.map((w, label) => w * d_logits[label])));
  const [rows, columns] = [seen.pool[0].length, seen.pool[0][0].length];
  const d_pool = seen.pool.map((_, f) =>
    table(rows, columns, (i, j) => d_flat[(f * rows + i) * columns + j]),
  );
  const d_relu = seen.relu.map((map) => map.map((row) => row.map(() => 0)));
  seen.winners.forEach((map, f) =>
    map.forEach((row, i) => row.forEach(([r, c], j) => (d_relu[f][r][c] = d_pool[f][i][j]))),
  );
  const d_conv = d_relu.map((map, f) =>
    map.map((row, i) => row.map((d, j) => (seen.conv[f][i][j] > 0 ? d : 0))),
  );
  const d_kernels = d_conv.map((map) => correlate(seen.input, map));
  const d_input = table(seen.input.length, seen.input[0].length, (i, j) =>
    sum(net.kernels.map((_, f) => sum(scatterTerms(net, d_conv, f, i, j).map((t) => t.product)))),
  );
  return {
    d_logits, d_weights, d_dense_bias: [...d_logits], d_flat, d_pool, d_relu, d_conv,
    d_kernels, d_conv_bias: d_conv.map((map) => sum(map)), d_input, kernel_size: k,
  };
}

// Every use of pixel (i, j) by filter f: the output that used it, with which weight.
export function scatterTerms(net, d_conv, f, i, j) {
  const terms = [];
  net.kernels[f].forEach((row, u) =>
    row.forEach((weight, v) => {
      const d = d_conv[f][i - u]?.[j - v];
      if (d !== undefined) terms.push({ row: i - u, column: j - v, u, v, weight, d, product: weight * d });
    }),
  );
  return terms;
}

// The same gradient as one full correlation with the turned kernel: the patch of the padded d_conv.
export function turnedTerms(net, d_conv, f, i, j) {
  const k = net.kernels[f].length;
  const patch = patchAt(pad(d_conv[f], k - 1), i, j, k, k);
  const kernel = turn(net.kernels[f]);
  return { patch, kernel, products: multiply(patch, kernel) };
}
