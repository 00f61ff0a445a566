"""Checker of the layer AvgPool2D, and the likely ways to write it wrongly."""

import numpy as np

from tinycnn_lib.exercises._answers import expect_class, expect_method
from tinycnn_lib.exercises._arrays import expect_array
from tinycnn_lib.exercises._base import call, fail, sample
from tinycnn_lib.exercises._piece import Piece


def average_gradient(d_output, x_shape, p, s):
    """Return the gradient of mean pooling, stride s: each window hands back equal parts."""
    d_x = np.zeros(x_shape)
    for i, j in np.ndindex(d_output.shape[2:]):
        part = d_output[:, :, i, j, None, None] / p**2
        d_x[:, :, s * i : s * i + p, s * j : s * j + p] += part
    return d_x


class Average:
    """The book's version, in double precision; each mistake below changes one method."""

    def __init__(self, pool_size=2):
        self.p = pool_size

    def summary(self, windows):
        """Reduce windows (N, C, OH, p, OW, p) to one number each."""
        return windows.mean(axis=(3, 5))

    def forward(self, x):
        """Map (N, C, H, W) to (N, C, H // p, W // p)."""
        self.x_shape, p = x.shape, self.p
        N, C, OH, OW = *x.shape[:2], x.shape[2] // p, x.shape[3] // p
        windows = x[:, :, : OH * p, : OW * p].reshape(N, C, OH, p, OW, p)
        return self.summary(windows.astype(float))

    def backward(self, d_output):
        """Map the gradient of the output to that of the input."""
        return average_gradient(d_output.astype(float), self.x_shape, self.p, self.p)


class Largest(Average):
    """Max pooling."""

    def summary(self, windows):
        """Take the maximum."""
        return windows.max(axis=(3, 5))


class Median(Average):
    """Median pooling."""

    def summary(self, windows):
        """Take the median."""
        return np.median(windows, axis=(3, 5))


class Sum(Average):
    """A sum that is not divided."""

    def summary(self, windows):
        """Take the sum."""
        return windows.sum(axis=(3, 5))


class BySide(Average):
    """The sum divided by p."""

    def summary(self, windows):
        """Divide by the side."""
        return windows.sum(axis=(3, 5)) / self.p


class Cautious(Average):
    """The sum divided by a little more than p * p."""

    def summary(self, windows):
        """Divide by too much."""
        return windows.sum(axis=(3, 5)) / (self.p**2 + 1e-6)


class AlwaysTwo(Average):
    """Windows of side 2, whatever was asked for."""

    def __init__(self, pool_size=2):
        super().__init__(2)


class KeepsTheRest(Average):
    """Rows and columns that fill no window make windows of their own."""

    def forward(self, x):
        """Average what there is of each window."""
        self.x_shape, p = x.shape, self.p
        OH, OW = -(-x.shape[2] // p), -(-x.shape[3] // p)
        cells = (
            x[:, :, p * i : p * i + p, p * j : p * j + p].mean(axis=(2, 3))
            for i in range(OH)
            for j in range(OW)
        )
        return np.stack(list(cells), axis=-1).reshape(*x.shape[:2], OH, OW)


class WholeGradient(Average):
    """Each pixel gets what the window gets."""

    def backward(self, d_output):
        """Forget to divide."""
        return self.p**2 * super().backward(d_output)


class OnePixel(Average):
    """One pixel of each window gets all of it, as in max pooling."""

    def backward(self, d_output):
        """Give everything to the first pixel."""
        d_x = np.zeros(self.x_shape, d_output.dtype)
        OH, OW = d_output.shape[2:]
        d_x[:, :, : OH * self.p : self.p, : OW * self.p : self.p] = d_output
        return d_x


class Tiled(Average):
    """np.tile where np.repeat was meant."""

    def backward(self, d_output):
        """Lay whole maps side by side."""
        d_x = np.zeros(self.x_shape, d_output.dtype)
        tiled = np.tile(d_output, (1, 1, self.p, self.p)) / self.p**2
        d_x[:, :, : tiled.shape[2], : tiled.shape[3]] = tiled
        return d_x


class Constant(Average):
    """The gradient of the sum of all outputs."""

    def backward(self, d_output):
        """Ignore the upstream gradient."""
        return super().backward(np.ones_like(d_output))


class Unsigned(Average):
    """The gradient without its sign."""

    def backward(self, d_output):
        """Lose the sign."""
        return np.abs(super().backward(d_output))


class Cropped(Average):
    """The gradient of the windows only."""

    def backward(self, d_output):
        """Leave out the rows and columns that were dropped."""
        OH, OW = d_output.shape[2:]
        return super().backward(d_output)[:, :, : OH * self.p, : OW * self.p]


class Smeared(Average):
    """Rows and columns that were dropped get a gradient, too."""

    def backward(self, d_output):
        """Repeat the last window's part to the edge."""
        OH, OW = d_output.shape[2:]
        inside = super().backward(d_output)[:, :, : OH * self.p, : OW * self.p]
        rest = [(0, 0), (0, 0)]
        rest += [(0, self.x_shape[axis] - inside.shape[axis]) for axis in (2, 3)]
        return np.pad(inside, rest, mode="edge")


MISTAKES = {
    "these are the largest numbers of the windows, not their means": Largest,
    "these are the medians of the windows, not their means": Median,
    "these are the sums of the windows; a mean is a sum divided by the number of pixels": Sum,
    "a window of side p has p * p pixels, and you divide by p": BySide,
    "you divide by a little more than p * p; it is never 0, so nothing needs to be added": Cautious,
    "windows have side 2 whatever pool_size is": AlwaysTwo,
    "rows and columns that do not fill a window are dropped": KeepsTheRest,
    "when one pixel grows by 1, how much does the mean of its window grow? Not by 1": WholeGradient,
    "one pixel of each window gets it all; in a mean, every pixel has a part": OnePixel,
    "the numbers are right, their places are not: neighbors share a window": Tiled,
    "the result is the same for every d_output; each window has a gradient of its own": Constant,
    "a gradient has a sign, and yours has lost it": Unsigned,
    "the gradient has the shape of the input; what was dropped gets 0": Cropped,
    "a dropped row or column had no part in the output, so its gradient is 0": Smeared,
}


def _cases():
    # pool_size (None: not given) and the shape of x; the last ones drop rows or columns.
    for seed, (p, shape) in enumerate(
        (
            (None, (1, 1, 2, 4)),
            (2, (1, 2, 4, 6)),
            (2, (2, 2, 2, 4)),
            (3, (1, 2, 3, 6)),
            (1, (1, 2, 2, 3)),
            (2, (1, 2, 3, 6)),
            (2, (1, 2, 4, 5)),
            (3, (1, 2, 4, 8)),
            (4, (4, 3, 5, 9)),
            (5, (1, 1, 11, 10)),
        )
    ):
        x = sample(shape, seed)
        side = p or 2
        out = (*shape[:2], shape[2] // side, shape[3] // side)
        d_output = sample(out, seed + 100) + 0.35  # no zeros, and their sum is not 0
        yield {"pool_size": p, "x": x, "d_output": d_output}
    yield {"pool_size": 2, "x": x.astype(np.float32), "d_output": _single(x, 2)}


def _single(x, p):
    shape = (*x.shape[:2], x.shape[2] // p, x.shape[3] // p)
    return sample(shape, 99).astype(np.float32)


def _play(name, answer, case, hint=None):
    """Make a layer, and run it forward and back."""
    p, x, d_output = case.values()
    setting = {} if p is None else {"pool_size": p}
    name += f"({'' if p is None else f'pool_size={p}'})"
    pool = call(name, answer, hint=hint, **setting)
    on = {"x": x}
    yield f"{name}.forward", call(f"{name}.forward", pool.forward, x, on=on, hint=hint), on
    on = {"d_output": d_output, "x": f"shape {x.shape}"}
    name += ".backward"
    yield name, call(name, pool.backward, d_output, on=on, hint=hint), on


def _check_two_pools(AvgPool2D):
    """Two layers in one network, and two batches through one layer, do not disturb each other."""
    first, second = (call("AvgPool2D", AvgPool2D, pool_size=p) for p in (2, 3))
    x, other = sample((1, 2, 4, 6), seed=1), sample((1, 2, 6, 3), seed=2)
    y = call("forward", first.forward, x)
    call("forward", second.forward, other)
    d_output = sample((1, 2, 2, 3), seed=3)
    name = "AvgPool2D(pool_size=2).backward, after another pool has run forward,"
    hint = "keep what backward needs in self, not in the class or outside of it"
    d_x = call(name, first.backward, d_output, on={"d_output": d_output}, hint=hint)
    on = {"x": x, "d_output": d_output}
    expect_array(name, d_x, average_gradient(d_output, x.shape, 2, 2), on=on, hint=hint)
    kept_y, kept_d_x = np.array(y), np.array(d_x)
    name = "AvgPool2D(pool_size=2).backward, run a second time,"
    for size in (1, 2):  # the same layer, a batch of the same size and a larger one
        again, d_again = np.tile(-x, (size, 1, 1, 1)), np.tile(-d_output, (size, 1, 1, 1))
        call("forward", first.forward, again)
        on = {"x": again, "d_output": d_again}
        expected = average_gradient(d_again, again.shape, 2, 2)
        expect_array(name, call(name, first.backward, d_again), expected, on=on)
    for what, result, before in (("forward", y, kept_y), ("backward", d_x, kept_d_x)):
        if not np.array_equal(result, before):
            fail(
                f"the first result of {what} has changed after a second call",
                got=result,
                expected=before,
                hint="a result that was given away must not change; make a new array each time",
            )


AVGPOOL2D = Piece(
    name="AvgPool2D",
    right=Average,
    cases=_cases,
    praise="AvgPool2D, forward and backward, for windows of any side.",
    mistakes=MISTAKES,
    promises=(_check_two_pools,),
    play=_play,
    dtype=lambda case: case["x"].dtype,
)


def check_avgpool2d(AvgPool2D):
    """Check "Average pooling": a layer AvgPool2D(pool_size=2) with forward and backward.

    Windows do not overlap; rows and columns that do not fill a window are dropped, and get zero
    gradient, as in MaxPool2D.

    Parameters
    ----------
    AvgPool2D : class
        The class itself, not an instance.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    expect_class("AvgPool2D", AvgPool2D)
    expect_method("AvgPool2D", AvgPool2D, "forward", "backward")
    AVGPOOL2D.check(AvgPool2D)
