"""The five layers of TinyCNN: `forward` beside `backward`, on batches of shape (N, C, H, W).

Every layer keeps from `forward` what its `backward` needs, as a copy: changing an array after the
call changes no gradient. `backward(d_output)` takes the gradient of the loss with respect to the
layer's output and returns the one with respect to its input; a layer with parameters also leaves
their gradients in `d_weights` and `d_bias`. A floating dtype passes through: float32 in, float32
out. A refused call changes nothing.
"""

import math

import numpy as np

from tinycnn_lib import validation as check


class Conv2D:
    """Slide F filters of C channels and side k over an image; no padding, stride 1.

    y[n, f, i, j] = bias[f] + sum over c, u, v of weights[f, c, u, v] * x[n, c, i + u, j + v]

    This is a cross-correlation: the kernel is not turned (Definition 23.1).

    Parameters
    ----------
    in_channels, out_channels, kernel_size : int, at least 1
        C, F and k.
    seed : int
        Seed of the initial weights, normal with variance 2 / (C k k) [He et al. 2015, eq. 10].

    Attributes
    ----------
    weights : ndarray, shape (F, C, k, k)
    bias : ndarray, shape (F,)
    d_weights, d_bias : ndarray or None
        Gradients of the loss, from the last `backward`.
    last_input : ndarray, shape (N, C, H, W), or None
        A copy of what `forward` saw last.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, or the seed not a non-negative one.
    """

    def __init__(self, in_channels, out_channels, kernel_size, seed=42):
        C = self.in_channels = check.integer("in_channels", in_channels)
        F = self.out_channels = check.integer("out_channels", out_channels)
        k = self.kernel_size = check.integer("kernel_size", kernel_size)
        rng = check.generator("seed", seed)
        self.weights = rng.normal(0, np.sqrt(2 / (C * k * k)), size=(F, C, k, k))
        self.bias = np.zeros(F)
        self.d_weights = self.d_bias = self.last_input = None
        self._cols = self._output_shape = None

    @property
    def parameter_count(self):
        """Number of weights and biases, F C k k + F."""
        return self.weights.size + self.bias.size

    def forward(self, x):
        """Map images (N, C, H, W) to feature maps (N, F, H - k + 1, W - k + 1).

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite batch with C channels, or an image is smaller than the kernel;
            if `weights` or `bias` were replaced by an array of another shape.
        """
        F, C, k = self.out_channels, self.in_channels, self.kernel_size
        x = check.image_batch("x", x, channels=C, at_least=k, reason=f"kernel_size = {k}")
        weights = check.parameter("weights", self.weights, (F, C, k, k), x.dtype)
        bias = check.parameter("bias", self.bias, (F,), x.dtype)
        N, _, H, W = x.shape
        OH, OW = H - k + 1, W - k + 1
        # Column (i, j) of cols[n] is the patch under the kernel at row i, column j.
        cols = np.empty((N, C, k, k, OH, OW), dtype=x.dtype)
        for u in range(k):
            for v in range(k):
                cols[:, :, u, v] = x[:, :, u : u + OH, v : v + OW]
        cols = cols.reshape(N, C * k * k, OH * OW)
        y = weights.reshape(F, C * k * k) @ cols  # (F, Ckk) @ (N, Ckk, OH OW) -> (N, F, OH OW)
        y += bias[:, None]
        self.last_input, self._cols, self._output_shape = x.copy(), cols, (N, F, OH, OW)
        return y.reshape(N, F, OH, OW)

    def backward(self, d_output, input_gradient=True):
        """Map d_output (N, F, H - k + 1, W - k + 1) to the gradient (N, C, H, W) of the input.

        With `input_gradient=False` only the parameters' gradients are computed, and None is
        returned: all that training needs of a first layer.

        Raises
        ------
        TypeError, ValueError
            If `d_output` has not the shape of the last output, or there is none yet.
        """
        d_output = check.gradient("d_output", d_output, self._output_shape, "Conv2D")
        N, F, OH, OW = self._output_shape
        C, k = self.in_channels, self.kernel_size
        weights = check.parameter("weights", self.weights, (F, C, k, k), d_output.dtype)
        d_y = d_output.reshape(N, F, OH * OW)
        d_weights = (d_y @ self._cols.transpose(0, 2, 1)).sum(axis=0)  # (N, F, Ckk) -> (F, Ckk)
        self.d_weights = d_weights.reshape(F, C, k, k)
        self.d_bias = d_y.sum(axis=(0, 2))  # (N, F, OH OW) -> (F,)
        if not input_gradient:
            return None
        d_cols = weights.reshape(F, C * k * k).T @ d_y  # (Ckk, F) @ (N, F, OH OW)
        d_cols = d_cols.reshape(N, C, k, k, OH, OW)
        # A pixel lies under up to k * k patches: its gradient is the sum over them.
        d_x = np.zeros(self.last_input.shape, dtype=d_y.dtype)
        for u in range(k):
            for v in range(k):
                d_x[:, :, u : u + OH, v : v + OW] += d_cols[:, :, u, v]
        return d_x


class ReLU:
    """Keep positive numbers, set the others to zero: y = max(0, x) (Section 23.1)."""

    def __init__(self):
        self._positive = None

    def forward(self, x):
        """Map `x` of any shape to max(0, x), same shape.

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite array of numbers.
        """
        x = check.float_array("x", x)
        self._positive = x > 0
        return np.maximum(x, 0)

    def backward(self, d_output):
        """Pass the gradient where x > 0; at x = 0, where max(0, x) has a corner, pass nothing.

        Raises
        ------
        TypeError, ValueError
            If `d_output` has not the shape of the last input, or there is none yet.
        """
        shape = None if self._positive is None else self._positive.shape
        d_output = check.gradient("d_output", d_output, shape, "ReLU")
        return np.where(self._positive, d_output, 0)


class MaxPool2D:
    """Keep the largest number of every p by p window (Definition 23.2).

    Windows do not overlap. Rows and columns that do not fill a window are dropped, and get zero
    gradient. On a tie the first entry in row-major order wins.

    Parameters
    ----------
    pool_size : int, at least 1
        The side p.

    Raises
    ------
    TypeError, ValueError
        If `pool_size` is not a positive integer.
    """

    def __init__(self, pool_size=2):
        self.pool_size = check.integer("pool_size", pool_size)
        self._winner = self._input_shape = None

    def forward(self, x):
        """Map (N, C, H, W) to (N, C, floor(H / p), floor(W / p)).

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite batch of images, or an image is smaller than a window.
        """
        p = self.pool_size
        x = check.image_batch("x", x, at_least=p, reason=f"pool_size = {p}")
        H, W = x.shape[2] // p * p, x.shape[3] // p * p
        # Slice (u, v) holds entry (u, v) of every window; a running maximum over the slices.
        y = x[:, :, 0:H:p, 0:W:p].copy()
        winner = np.zeros(y.shape, dtype=np.min_scalar_type(p * p - 1))
        for entry in range(1, p * p):
            u, v = divmod(entry, p)
            candidate = x[:, :, u:H:p, v:W:p]
            np.putmask(winner, candidate > y, entry)  # strictly greater: the first one keeps a tie
            np.maximum(y, candidate, out=y)
        self._winner, self._input_shape = winner, x.shape
        return y

    def _scatter(self, values):
        """Return zeros of the input's shape, with `values` at the windows' winners."""
        p = self.pool_size
        H, W = (side // p * p for side in self._input_shape[2:])
        x = np.zeros(self._input_shape, dtype=values.dtype)
        for entry in range(p * p):
            u, v = divmod(entry, p)
            x[:, :, u:H:p, v:W:p] = np.where(self._winner == entry, values, 0)
        return x

    @property
    def last_mask(self):
        """1.0 at the winner of each window, 0.0 elsewhere; the input's shape. None before forward.

        Built when asked for: training does not need it.
        """
        return None if self._winner is None else self._scatter(np.ones(self._winner.shape))

    def backward(self, d_output):
        """Send each window's gradient to its winner: (N, C, H // p, W // p) to (N, C, H, W).

        Raises
        ------
        TypeError, ValueError
            If `d_output` has not the shape of the last output, or there is none yet.
        """
        shape = None if self._winner is None else self._winner.shape
        return self._scatter(check.gradient("d_output", d_output, shape, "MaxPool2D"))


class Flatten:
    """Lay out each image of a batch as one row: (N, C, H, W) to (N, C H W), channel by channel."""

    def __init__(self):
        self._input_shape = None

    def forward(self, x):
        """Map (N, C, H, W) to (N, C H W), sharing memory with `x` where NumPy can.

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite batch of images.
        """
        x = check.image_batch("x", x)
        self._input_shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, d_output):
        """Map (N, C H W) back to (N, C, H, W): the numbers stay, their places are given back.

        Raises
        ------
        TypeError, ValueError
            If `d_output` has not the shape of the last output, or there is none yet.
        """
        shape = self._input_shape and (self._input_shape[0], math.prod(self._input_shape[1:]))
        return check.gradient("d_output", d_output, shape, "Flatten").reshape(self._input_shape)


class Dense:
    """Map feature vectors linearly: y = x W + b, with W of shape (D_in, D_out) (Section 23.3).

    Parameters
    ----------
    in_features, out_features : int, at least 1
        D_in and D_out.
    seed : int
        Seed of the initial weights, normal with variance 2 / D_in [He et al. 2015, eq. 10].

    Attributes
    ----------
    weights : ndarray, shape (D_in, D_out)
    bias : ndarray, shape (D_out,)
    d_weights, d_bias : ndarray or None
        Gradients of the loss, from the last `backward`.
    last_input : ndarray, shape (N, D_in), or None
        A copy of what `forward` saw last.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, or the seed not a non-negative one.
    """

    def __init__(self, in_features, out_features, seed=42):
        D_in = self.in_features = check.integer("in_features", in_features)
        D_out = self.out_features = check.integer("out_features", out_features)
        rng = check.generator("seed", seed)
        self.weights = rng.normal(0, np.sqrt(2 / D_in), size=(D_in, D_out))
        self.bias = np.zeros(D_out)
        self.d_weights = self.d_bias = self.last_input = None

    @property
    def parameter_count(self):
        """Number of weights and biases, D_in D_out + D_out."""
        return self.weights.size + self.bias.size

    def forward(self, x):
        """Map (N, D_in) to (N, D_out).

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite batch of rows with D_in features; if `weights` or `bias` were
            replaced by an array of another shape.
        """
        D_in, D_out = self.in_features, self.out_features
        x = check.feature_rows("x", x, features=D_in)
        weights = check.parameter("weights", self.weights, (D_in, D_out), x.dtype)
        bias = check.parameter("bias", self.bias, (D_out,), x.dtype)
        self.last_input = x.copy()
        return x @ weights + bias  # (N, D_in) @ (D_in, D_out) -> (N, D_out)

    def backward(self, d_output, input_gradient=True):
        """Map d_output (N, D_out) to the gradient (N, D_in) of the input, or None if not wanted.

        Raises
        ------
        TypeError, ValueError
            If `d_output` has not the shape of the last output, or there is none yet.
        """
        x, D_in, D_out = self.last_input, self.in_features, self.out_features
        shape = None if x is None else (len(x), D_out)
        d_output = check.gradient("d_output", d_output, shape, "Dense")
        weights = check.parameter("weights", self.weights, (D_in, D_out), d_output.dtype)
        self.d_weights = x.T @ d_output  # (D_in, N) @ (N, D_out) -> (D_in, D_out)
        self.d_bias = d_output.sum(axis=0)  # (N, D_out) -> (D_out,)
        if not input_gradient:
            return None
        return d_output @ weights.T  # (N, D_out) @ (D_out, D_in) -> (N, D_in)
