"""What the library is measured against: the same network, written as two kinds of tutorial do.

`textbook`: a Python loop over output positions; all images and filters of one position at once.
`im2col`: the patches of each image as columns, one matrix product.

Nothing is checked here, so that each comparison favors this side. The methods are those of
`tinycnn_lib.layers`.
"""

import numpy as np


class TextbookConv2D:
    def __init__(self, layer):
        self.weights, self.bias = layer.weights.copy(), layer.bias.copy()

    def forward(self, x):
        N, _, H, W = x.shape
        F, _, k, _ = self.weights.shape
        self.x = x
        weights, bias = self.weights.astype(x.dtype), self.bias.astype(x.dtype)
        y = np.zeros((N, F, H - k + 1, W - k + 1), dtype=x.dtype)
        for i in range(H - k + 1):
            for j in range(W - k + 1):
                patch = x[:, :, i : i + k, j : j + k]  # (N, C, k, k)
                y[:, :, i, j] = np.tensordot(patch, weights, axes=([1, 2, 3], [1, 2, 3])) + bias
        return y

    def backward(self, d_output, input_gradient=True):
        k = self.weights.shape[2]
        weights = self.weights.astype(d_output.dtype)
        d_x, d_weights = np.zeros_like(self.x), np.zeros_like(weights)
        for i in range(d_output.shape[2]):
            for j in range(d_output.shape[3]):
                d = d_output[:, :, i, j]  # (N, F)
                patch = self.x[:, :, i : i + k, j : j + k]
                d_weights += np.tensordot(d, patch, axes=([0], [0]))
                if input_gradient:
                    d_x[:, :, i : i + k, j : j + k] += np.tensordot(d, weights, axes=([1], [0]))
        self.d_weights, self.d_bias = d_weights, d_output.sum(axis=(0, 2, 3))
        return d_x if input_gradient else None


class TextbookMaxPool2D:
    def __init__(self, layer):
        self.p = layer.pool_size

    def forward(self, x):
        N, C, H, W = x.shape
        p = self.p
        y, self.mask = np.zeros((N, C, H // p, W // p), dtype=x.dtype), np.zeros_like(x)
        for i in range(H // p):
            for j in range(W // p):
                window = x[:, :, p * i : p * i + p, p * j : p * j + p].reshape(N, C, p * p)
                winner = window.argmax(axis=2)  # (N, C): the first of equals
                y[:, :, i, j] = window.max(axis=2)
                is_winner = np.arange(p * p) == winner[:, :, None]  # (N, C, p * p)
                self.mask[:, :, p * i : p * i + p, p * j : p * j + p] = is_winner.reshape(
                    N, C, p, p
                )
        return y

    def backward(self, d_output):
        p, d_x = self.p, np.zeros_like(self.mask)
        for i in range(d_output.shape[2]):
            for j in range(d_output.shape[3]):
                rows, columns = slice(p * i, p * i + p), slice(p * j, p * j + p)
                d_x[:, :, rows, columns] = (
                    self.mask[:, :, rows, columns] * d_output[:, :, i, j, None, None]
                )
        return d_x


class Im2colConv2D(TextbookConv2D):
    def forward(self, x):
        N, C, H, W = x.shape
        F, _, k, _ = self.weights.shape
        OH, OW = H - k + 1, W - k + 1
        self.x = x
        self.cols = np.empty((N, C, k, k, OH, OW), dtype=x.dtype)
        for u in range(k):
            for v in range(k):
                self.cols[:, :, u, v] = x[:, :, u : u + OH, v : v + OW]
        self.cols = self.cols.reshape(N, C * k * k, OH * OW)
        weights, bias = self.weights.astype(x.dtype), self.bias.astype(x.dtype)
        y = weights.reshape(F, -1) @ self.cols + bias[:, None]  # (N, F, OH * OW)
        return y.reshape(N, F, OH, OW)

    def backward(self, d_output, input_gradient=True):
        N, F, OH, OW = d_output.shape
        _, C, k, _ = self.weights.shape
        d_y = d_output.reshape(N, F, OH * OW)
        d_weights = (d_y @ self.cols.transpose(0, 2, 1)).sum(axis=0)
        self.d_weights = d_weights.reshape(self.weights.shape)
        self.d_bias = d_y.sum(axis=(0, 2))
        if not input_gradient:
            return None
        d_cols = self.weights.astype(d_y.dtype).reshape(F, -1).T @ d_y
        d_cols, d_x = d_cols.reshape(N, C, k, k, OH, OW), np.zeros_like(self.x)
        for u in range(k):
            for v in range(k):
                d_x[:, :, u : u + OH, v : v + OW] += d_cols[:, :, u, v]
        return d_x


class Im2colMaxPool2D:
    def __init__(self, layer):
        self.p = layer.pool_size

    def forward(self, x):
        N, C, H, W = x.shape
        p, OH, OW = self.p, H // self.p, W // self.p
        self.shape = x.shape
        windows = x[:, :, : OH * p, : OW * p].reshape(N, C, OH, p, OW, p)
        windows = windows.transpose(0, 1, 2, 4, 3, 5).reshape(N, C, OH, OW, p * p)
        self.winner = windows.argmax(axis=4)[..., None]
        return np.take_along_axis(windows, self.winner, axis=4)[..., 0]

    def backward(self, d_output):
        (N, C, OH, OW), p = d_output.shape, self.p
        windows = np.zeros((N, C, OH, OW, p * p), dtype=d_output.dtype)
        np.put_along_axis(windows, self.winner, d_output[..., None], axis=4)
        d_x = np.zeros(self.shape, dtype=d_output.dtype)
        d_x[:, :, : OH * p, : OW * p] = (
            windows.reshape(N, C, OH, OW, p, p)
            .transpose(0, 1, 2, 4, 3, 5)
            .reshape(N, C, OH * p, OW * p)
        )
        return d_x


class PlainReLU:
    def __init__(self, layer):
        pass

    def forward(self, x):
        self.positive = x > 0
        return np.maximum(0, x)

    def backward(self, d_output):
        return d_output * self.positive


class PlainFlatten:
    def __init__(self, layer):
        pass

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, d_output):
        return d_output.reshape(self.shape)


class PlainDense:
    def __init__(self, layer):
        self.weights, self.bias = layer.weights.copy(), layer.bias.copy()

    def forward(self, x):
        self.x = x
        return x @ self.weights.astype(x.dtype) + self.bias.astype(x.dtype)

    def backward(self, d_output):
        self.d_weights, self.d_bias = self.x.T @ d_output, d_output.sum(axis=0)
        return d_output @ self.weights.astype(d_output.dtype).T


PLAIN = {"ReLU": PlainReLU, "Flatten": PlainFlatten, "Dense": PlainDense}
TEXTBOOK = {"Conv2D": TextbookConv2D, "MaxPool2D": TextbookMaxPool2D} | PLAIN
IM2COL = {"Conv2D": Im2colConv2D, "MaxPool2D": Im2colMaxPool2D} | PLAIN


class PlainNetwork:
    """The twin of a `Sequential`, of the layers in `kinds`, with the same weights."""

    def __init__(self, kinds, model):
        self.layers = [kinds[type(layer).__name__](layer) for layer in model.layers]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d_output):
        first, *rest = self.layers
        for layer in reversed(rest):
            d_output = layer.backward(d_output)
        first.backward(d_output, input_gradient=False)

    def update(self, rate):
        for layer in self.layers:
            if hasattr(layer, "weights"):
                layer.weights -= rate * layer.d_weights
                layer.bias -= rate * layer.d_bias


def plain_softmax_cross_entropy(logits, targets):
    N = len(logits)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(N)
    loss = -np.log(np.maximum(probabilities[rows, targets], 1e-12)).mean()
    d_logits = probabilities.copy()
    d_logits[rows, targets] -= 1
    return loss, probabilities, d_logits / N
