"""The naive twin of every layer: one number at a time, as the formulas are written.

Slow and plain on purpose. The chapters derive these sums, and the tests hold the fast layers
against them. They take good input for granted: the layers guard theirs.
"""

import math

import numpy as np


def conv2d_forward(x, weights, bias):
    """Map x (N, C, H, W) to (N, F, H - k + 1, W - k + 1): the sum of Definition 23.1."""
    N, C, H, W = x.shape
    F, _, k, _ = weights.shape
    y = np.zeros((N, F, H - k + 1, W - k + 1))
    for n, f, i, j in np.ndindex(y.shape):
        total = bias[f]
        for c, u, v in np.ndindex(C, k, k):
            total += weights[f, c, u, v] * x[n, c, i + u, j + v]
        y[n, f, i, j] = total
    return y


def conv2d_backward(d_output, x, weights):
    """Return (d_x, d_weights, d_bias): every product of the forward sum hands its part back."""
    F, C, k, _ = weights.shape
    d_x, d_weights, d_bias = np.zeros(x.shape), np.zeros(weights.shape), np.zeros(F)
    for n, f, i, j in np.ndindex(d_output.shape):
        d_bias[f] += d_output[n, f, i, j]
        for c, u, v in np.ndindex(C, k, k):
            d_weights[f, c, u, v] += d_output[n, f, i, j] * x[n, c, i + u, j + v]
            d_x[n, c, i + u, j + v] += d_output[n, f, i, j] * weights[f, c, u, v]
    return d_x, d_weights, d_bias


def relu_forward(x):
    """Map x of any shape to max(0, x)."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            y[index] = x[index]
    return y


def relu_backward(d_output, x):
    """Pass d_output where x > 0."""
    d_x = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            d_x[index] = d_output[index]
    return d_x


def _winner(x, n, c, i, j, p):
    """Return (row, column) of the first largest entry of window (i, j), in row-major order."""
    best = (p * i, p * j)
    for u, v in np.ndindex(p, p):
        if x[n, c, p * i + u, p * j + v] > x[(n, c, *best)]:
            best = (p * i + u, p * j + v)
    return best


def maxpool2d_forward(x, p):
    """Return y (N, C, H // p, W // p) and the mask of winners, x's shape."""
    N, C, H, W = x.shape
    y, mask = np.zeros((N, C, H // p, W // p)), np.zeros(x.shape)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = _winner(x, n, c, i, j, p)
        y[n, c, i, j] = x[n, c, row, column]
        mask[n, c, row, column] = 1.0
    return y, mask


def maxpool2d_backward(d_output, x, p):
    """Send each window's gradient to its winner."""
    d_x = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(d_output.shape):
        row, column = _winner(x, n, c, i, j, p)
        d_x[n, c, row, column] = d_output[n, c, i, j]
    return d_x


def flatten_forward(x):
    """Map (N, C, H, W) to (N, C H W), row-major."""
    N, C, H, W = x.shape
    y = np.zeros((N, C * H * W))
    for n, c, i, j in np.ndindex(x.shape):
        y[n, (c * H + i) * W + j] = x[n, c, i, j]
    return y


def flatten_backward(d_output, shape):
    """Map (N, C H W) back to `shape` (N, C, H, W)."""
    _, _, H, W = shape
    d_x = np.zeros(shape)
    for n, c, i, j in np.ndindex(*shape):
        d_x[n, c, i, j] = d_output[n, (c * H + i) * W + j]
    return d_x


def dense_forward(x, weights, bias):
    """Map x (N, D_in) to (N, D_out)."""
    N, D_in = x.shape
    y = np.zeros((N, len(bias)))
    for n, m in np.ndindex(y.shape):
        y[n, m] = bias[m] + sum(x[n, d] * weights[d, m] for d in range(D_in))
    return y


def dense_backward(d_output, x, weights):
    """Return (d_x, d_weights, d_bias)."""
    d_x, d_weights, d_bias = np.zeros(x.shape), np.zeros(weights.shape), np.zeros(weights.shape[1])
    for n, m in np.ndindex(d_output.shape):
        d_bias[m] += d_output[n, m]
        for d in range(x.shape[1]):
            d_weights[d, m] += x[n, d] * d_output[n, m]
            d_x[n, d] += weights[d, m] * d_output[n, m]
    return d_x, d_weights, d_bias


def softmax(logits):
    """Map logits (N, K) to probabilities (N, K)."""
    probabilities = np.zeros(logits.shape)
    for n, row in enumerate(logits):
        exponentials = [math.exp(z - max(row)) for z in row]
        for m, e in enumerate(exponentials):
            probabilities[n, m] = e / sum(exponentials)
    return probabilities


def softmax_cross_entropy(logits, targets):
    """Return (loss, probabilities, d_logits), the loss and its gradient averaged over the batch."""
    N, K = logits.shape
    probabilities = softmax(logits)
    loss, d_logits = 0.0, np.zeros(logits.shape)
    for n in range(N):
        loss -= math.log(max(probabilities[n, targets[n]], 1e-12)) / N
        for m in range(K):
            d_logits[n, m] = (probabilities[n, m] - (1 if m == targets[n] else 0)) / N
    return loss, probabilities, d_logits
