"""The baseline of the benchmark: the layers as most tutorials write them, loop by loop.

The convolution loops over output positions and handles all images and filters of one position at
once; pooling loops over images and channels too. Nothing is checked here, so the comparison
favors this side. The method names are those of `tinycnn_lib.layers`.
"""

import numpy as np


class LoopConv2D:
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


class LoopReLU:
    def forward(self, x):
        self.positive = x > 0
        return np.maximum(0, x)

    def backward(self, d_output):
        return d_output * self.positive


class LoopMaxPool2D:
    def __init__(self, layer):
        self.p = layer.pool_size

    def forward(self, x):
        N, C, H, W = x.shape
        p = self.p
        y, self.mask = np.zeros((N, C, H // p, W // p), dtype=x.dtype), np.zeros_like(x)
        for n in range(N):
            for c in range(C):
                for i in range(H // p):
                    for j in range(W // p):
                        window = x[n, c, p * i : p * i + p, p * j : p * j + p]
                        u, v = divmod(int(window.argmax()), p)
                        y[n, c, i, j] = window[u, v]
                        self.mask[n, c, p * i + u, p * j + v] = 1
        return y

    def backward(self, d_output):
        N, C, OH, OW = d_output.shape
        p = self.p
        d_x = np.zeros_like(self.mask)
        for n in range(N):
            for c in range(C):
                for i in range(OH):
                    for j in range(OW):
                        rows, columns = slice(p * i, p * i + p), slice(p * j, p * j + p)
                        d_x[n, c, rows, columns] = (
                            self.mask[n, c, rows, columns] * d_output[n, c, i, j]
                        )
        return d_x


class LoopFlatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, d_output):
        return d_output.reshape(self.shape)


class LoopDense:
    def __init__(self, layer):
        self.weights, self.bias = layer.weights.copy(), layer.bias.copy()

    def forward(self, x):
        self.x = x
        return x @ self.weights.astype(x.dtype) + self.bias.astype(x.dtype)

    def backward(self, d_output):
        self.d_weights, self.d_bias = self.x.T @ d_output, d_output.sum(axis=0)
        return d_output @ self.weights.astype(d_output.dtype).T


class LoopNetwork:
    """The textbook twin of a `Sequential`, with the same weights."""

    def __init__(self, model):
        kinds = {
            "Conv2D": LoopConv2D,
            "ReLU": lambda layer: LoopReLU(),
            "MaxPool2D": LoopMaxPool2D,
            "Flatten": lambda layer: LoopFlatten(),
            "Dense": LoopDense,
        }
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


def loop_softmax_cross_entropy(logits, targets):
    N = len(logits)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(N)
    loss = -np.log(np.maximum(probabilities[rows, targets], 1e-12)).mean()
    d_logits = probabilities.copy()
    d_logits[rows, targets] -= 1
    return loss, probabilities, d_logits / N
