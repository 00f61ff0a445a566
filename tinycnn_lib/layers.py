"""The five layers of TinyCNN: `forward` beside `backward`, on batches of shape (N, C, H, W).

`forward` keeps what `backward` needs, as a copy: changing an array after the call changes no
gradient. `backward(d_output)` maps the gradient of the loss with respect to the layer's output to
the one with respect to its input, and leaves those of the parameters in `d_weights`, `d_bias`.

Shapes are (N, C, H, W); in memory the images come last, (C, H, W, N), so that what is done to one
pixel is done to all images in one sweep. `x.transpose(...)` is another view of the same numbers.
"""

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.layer import Layer, images, numbers, output_gradient, rows


class Conv2D(Layer):
    """Slide F filters of C channels and side k over an image; no padding, stride 1.

    y[n, f, i, j] = bias[f] + sum over c, u, v of weights[f, c, u, v] * x[n, c, i + u, j + v]

    This is a cross-correlation: the kernel is not turned (Definition 23.1).

    Parameters
    ----------
    in_channels, out_channels, kernel_size : int, at least 1
        C, F and k.
    seed : int or numpy.random.Generator
        Seed of the initial weights, normal with variance 2 / (C k k) [He et al. 2015, eq. 10].

    Attributes
    ----------
    weights, d_weights : ndarray, shape (F, C, k, k); the second None before `backward`
    bias, d_bias : ndarray, shape (F,)
    last_input : ndarray, shape (N, C, H, W), or None
        A copy of what `forward` saw last.
    cols : ndarray, shape (C k k, OH OW N)
        The patches of that input as columns, all that `backward` needs of it.
    """

    learned = ("weights", "bias")
    settings = ("in_channels", "out_channels", "kernel_size")

    def __init__(self, in_channels, out_channels, kernel_size, seed=42):
        C = self.in_channels = check.integer("in_channels", in_channels)
        F = self.out_channels = check.integer("out_channels", out_channels)
        k = self.kernel_size = check.integer("kernel_size", kernel_size)
        rng = check.generator("seed", seed)
        self.weights = rng.normal(0, np.sqrt(2 / (C * k * k)), size=(F, C, k, k))
        self.bias = np.zeros(F)
        self.d_weights = self.d_bias = self.last_input = None

    @images
    def forward(self, x):
        """Map images (N, C, H, W) to feature maps (N, F, H - k + 1, W - k + 1)."""
        weights, bias = self.parameters_as(x.dtype)
        (N, C, H, W), (F, _, k, _) = x.shape, weights.shape
        OH, OW = H - k + 1, W - k + 1
        x = x.transpose(1, 2, 3, 0).copy()  # (N, C, H, W) -> (C, H, W, N), in memory, too
        cols = np.empty((C, k, k, OH, OW, N), dtype=x.dtype)
        for u in range(k):
            for v in range(k):
                cols[:, u, v] = x[:, u : u + OH, v : v + OW]
        # Column (i, j, n) is the patch of image n under the kernel at row i, column j.
        cols = cols.reshape(C * k * k, OH * OW * N)
        y = weights.reshape(F, C * k * k) @ cols  # (F, Ckk) @ (Ckk, OH OW N) -> (F, OH OW N)
        y += bias[:, None]
        self.last_input, self.cols = x.transpose(3, 0, 1, 2), cols
        self.output_shape = N, F, OH, OW
        return y.reshape(F, OH, OW, N).transpose(3, 0, 1, 2)  # -> (N, F, OH, OW)

    @output_gradient
    def backward(self, d_output, input_gradient=True):
        """Map d_output (N, F, H - k + 1, W - k + 1) to the gradient (N, C, H, W) of the input."""
        weights, _ = self.parameters_as(d_output.dtype)
        (N, F, OH, OW), (_, C, k, _) = d_output.shape, weights.shape
        d_y = d_output.transpose(1, 2, 3, 0).reshape(F, OH * OW * N)
        d_weights = d_y @ self.cols.T  # (F, OH OW N) @ (OH OW N, Ckk) -> (F, Ckk)
        self.d_weights = d_weights.reshape(F, C, k, k)
        self.d_bias = d_y.sum(axis=1)  # (F, OH OW N) -> (F,)
        if not input_gradient:
            return None
        d_cols = weights.reshape(F, C * k * k).T @ d_y  # (Ckk, F) @ (F, OH OW N)
        d_cols = d_cols.reshape(C, k, k, OH, OW, N)
        # A pixel lies under up to k * k patches: its gradient is the sum over them.
        d_x = np.zeros((C, OH + k - 1, OW + k - 1, N), dtype=d_y.dtype)
        for u in range(k):
            for v in range(k):
                d_x[:, u : u + OH, v : v + OW] += d_cols[:, u, v]
        return d_x.transpose(3, 0, 1, 2)  # (C, H, W, N) -> (N, C, H, W)

    def accepts(self):
        """Ask for C channels and room for the kernel."""
        k = self.kernel_size
        return {"channels": self.in_channels, "at_least": k, "reason": f"kernel_size = {k}"}


class ReLU(Layer):
    """Keep positive numbers, set the others to zero: y = max(0, x) (Section 23.2)."""

    @numbers
    def forward(self, x):
        """Map `x` of any shape to max(0, x), same shape."""
        self.positive, self.output_shape = x > 0, x.shape
        return np.maximum(x, 0)

    @output_gradient
    def backward(self, d_output):
        """Pass the gradient where x > 0; at x = 0, where max(0, x) has a corner, pass nothing."""
        return d_output * self.positive + 0.0  # a product may be -0.0; with 0.0 added it is 0.0


class MaxPool2D(Layer):
    """Keep the largest number of every p by p window (Definition 23.2).

    Windows do not overlap. Rows and columns that do not fill a window are dropped, and get zero
    gradient. On a tie the first entry in row-major order wins.

    Parameters
    ----------
    pool_size : int, at least 1
        The side p.
    """

    settings = ("pool_size",)
    winner = None  # before the first forward

    def __init__(self, pool_size=2):
        self.pool_size = check.integer("pool_size", pool_size)

    def entries(self, x):
        """Return p * p views of `x`: entry (u, v) of every window, in row-major order."""
        p, H, W = self.pool_size, *x.shape[2:]
        H, W = H // p * p, W // p * p
        return [x[:, :, u:H:p, v:W:p] for u in range(p) for v in range(p)]

    @images
    def forward(self, x):
        """Map (N, C, H, W) to (N, C, floor(H / p), floor(W / p))."""
        first, *others = self.entries(x)
        y = first.copy(order="K")  # the order in memory stays
        winner = np.zeros_like(y, dtype=np.min_scalar_type(len(others)))
        for number, entry in enumerate(others, start=1):
            # Strictly greater: on a tie the first stays. Numbers rise, so the last to win remains.
            np.maximum(winner, np.multiply(entry > y, number, dtype=winner.dtype), out=winner)
            np.maximum(y, entry, out=y)
        self.winner, self.input_shape, self.output_shape = winner, x.shape, y.shape
        return y

    @output_gradient
    def backward(self, d_output):
        """Send each window's gradient to its winner: (N, C, H // p, W // p) to (N, C, H, W)."""
        # Like `winner` in one thing, the order in memory.
        d_x = np.zeros_like(self.winner, shape=self.input_shape, dtype=d_output.dtype)
        for number, entry in enumerate(self.entries(d_x)):
            np.multiply(d_output, self.winner == number, out=entry)
        return d_x + 0.0  # a product may be -0.0; with 0.0 added it is 0.0

    @property
    def last_mask(self):
        """1.0 at the winner of each window, 0.0 elsewhere; None before the first forward."""
        return None if self.winner is None else self.backward(np.ones(self.output_shape))

    def accepts(self):
        """Ask for room for a window."""
        return {"at_least": self.pool_size, "reason": f"pool_size = {self.pool_size}"}


class Flatten(Layer):
    """Lay out each image of a batch as one row: (N, C, H, W) to (N, C H W), channel by channel."""

    @images
    def forward(self, x):
        """Map (N, C, H, W) to (N, C H W), sharing memory with `x` where NumPy can."""
        y = x.reshape(len(x), -1)
        self.input_shape, self.output_shape = x.shape, y.shape
        return y

    @output_gradient
    def backward(self, d_output):
        """Map (N, C H W) back to (N, C, H, W): the numbers stay, their places are given back."""
        return d_output.reshape(self.input_shape)


class Dense(Layer):
    """Map feature vectors linearly: y = x W + b, with W of shape (D_in, D_out) (Section 23.4).

    Parameters
    ----------
    in_features, out_features : int, at least 1
        D_in and D_out.
    seed : int or numpy.random.Generator
        Seed of the initial weights, normal with variance 2 / D_in [He et al. 2015, eq. 10].

    Attributes
    ----------
    weights, d_weights : ndarray, shape (D_in, D_out); the second None before `backward`
    bias, d_bias : ndarray, shape (D_out,)
    last_input : ndarray, shape (N, D_in), or None
        A copy of what `forward` saw last.
    """

    learned = ("weights", "bias")
    settings = ("in_features", "out_features")

    def __init__(self, in_features, out_features, seed=42):
        D_in = self.in_features = check.integer("in_features", in_features)
        D_out = self.out_features = check.integer("out_features", out_features)
        rng = check.generator("seed", seed)
        self.weights = rng.normal(0, np.sqrt(2 / D_in), size=(D_in, D_out))
        self.bias = np.zeros(D_out)
        self.d_weights = self.d_bias = self.last_input = None

    @rows
    def forward(self, x):
        """Map (N, D_in) to (N, D_out)."""
        weights, bias = self.parameters_as(x.dtype)
        self.last_input = x.copy(order="K")
        self.output_shape = len(x), self.out_features
        return x @ weights + bias  # (N, D_in) @ (D_in, D_out) -> (N, D_out)

    @output_gradient
    def backward(self, d_output, input_gradient=True):
        """Map d_output (N, D_out) to the gradient (N, D_in) of the input, or None if not wanted."""
        weights, _ = self.parameters_as(d_output.dtype)
        self.d_weights = self.last_input.T @ d_output  # (D_in, N) @ (N, D_out) -> (D_in, D_out)
        self.d_bias = d_output.sum(axis=0)  # (N, D_out) -> (D_out,)
        if not input_gradient:
            return None
        return (weights @ d_output.T).T  # (D_in, D_out) @ (D_out, N), transposed: (N, D_in)

    def accepts(self):
        """Ask for D_in features."""
        return {"features": self.in_features}
