"""Checkers of Chapter 22 whose answer is a convolution in code."""

import numpy as np

from tinycnn_lib import loops
from tinycnn_lib.exercises._base import (
    call,
    count_steps,
    fail,
    peak_memory,
    sample,
)
from tinycnn_lib.exercises._piece import Piece


def whole_numbers(shape, seed):
    """Return distinct whole numbers of both signs without 0, which would hide a mistake."""
    numbers = np.rint(10 * sample(shape, seed))
    return numbers + (numbers >= 0)


def _many_decimals(shape, seed):
    """Return numbers that rounding to some decimals changes."""
    return np.random.default_rng(seed).normal(size=shape)


def _strided(x, weights, bias, P, s):
    """Convolve the padded images at every s-th place, by the naive loops."""
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    return loops.conv2d_forward(padded, weights, bias)[:, :, ::s, ::s]


def _strided_cases():
    # N, C, H, W of x; F; k; P; s. H != W throughout; the simplest first.
    for seed, (N, C, H, W, F, k, P, s) in enumerate(
        (
            (1, 1, 3, 4, 1, 2, 0, 1),
            (1, 1, 4, 3, 1, 2, 0, 2),
            (1, 1, 5, 7, 1, 2, 0, 2),
            (1, 1, 2, 3, 1, 2, 1, 1),
            (1, 2, 3, 4, 1, 2, 0, 1),
            (1, 1, 3, 4, 3, 2, 0, 1),
            (2, 1, 3, 4, 1, 2, 0, 1),
            (2, 1, 2, 3, 2, 1, 0, 1),
            (2, 3, 7, 6, 4, 3, 1, 2),
            (4, 2, 6, 9, 3, 4, 2, 3),
            (1, 5, 11, 12, 2, 5, 3, 4),
        )
    ):
        draw = whole_numbers if N * C < 8 else sample  # whole ones are easier to follow
        draw = _many_decimals if k > 4 else draw
        yield {
            "x": draw((N, C, H, W), seed=seed),
            "weights": draw((F, C, k, k), seed=100 + seed),
            "bias": whole_numbers((F,), seed=200 + seed),
            "P": P,
            "s": s,
        }


def _reshaped(x, weights, bias, P, s):
    """Take the rows (N, OH, OW) of the product for (N, F, OH, OW): a reshape for a transpose."""
    y = _strided(x, weights, bias, P, s)
    return y.transpose(0, 2, 3, 1).reshape(y.shape)


def _other_order(x, weights, bias, P, s):
    """Multiply columns in the order (u, v, c) with weights in the order (c, u, v)."""
    F, C, k, _ = weights.shape
    return _strided(x, weights.reshape(F, k, k, C).transpose(0, 3, 1, 2), bias, P, s)


def _some_steps(rows, columns):
    """Return a version that takes the step along some axes only, and keeps the right size."""

    def version(x, weights, bias, P, s):
        y, OH, OW = _strided(x, weights, bias, P, 1), *_strided(x, weights, bias, P, s).shape[2:]
        return y[:, :, :: s if rows else 1, :: s if columns else 1][:, :, :OH, :OW]

    return version


def _check_skipped(conv2d_cols):
    """Fail if maps are computed at the places that a large stride skips."""
    x, weights = np.ones((1, 1, 120, 122)), np.ones((32, 1, 1, 1))
    used = peak_memory(lambda: call("conv2d_cols", conv2d_cols, x, weights, np.ones(32), 0, 30))
    if used > 16 * x.nbytes:  # copies of the image are granted, not the 32 maps at stride 1
        fail(
            "conv2d_cols computes places that the stride skips: the numbers are right, the way "
            "is not",
            on={"x": x, "weights": weights, "s": 30},
            got=f"memory for {used / x.nbytes:.0f} images",
            expected="memory for x and a few windows",
            hint="let the slices take every s-th row and column, before anything is multiplied",
        )


CONV2D_COLS = Piece(
    name="conv2d_cols",
    right=_strided,
    cases=_strided_cases,
    praise="any padding and any stride.",
    mistakes={
        "these are the numbers of the same kernel, turned by 180 degrees": (
            lambda x, weights, bias, P, s: _strided(x, weights[..., ::-1, ::-1], bias, P, s)
        ),
        "these are the numbers of the same kernel, transposed": (
            lambda x, weights, bias, P, s: _strided(x, weights.swapaxes(2, 3), bias, P, s)
        ),
        "the places are wrong: transpose the product before you reshape it": (_reshaped),
        "rows of cols and weights are in two orders: (u, v, c) here, (c, u, v) there": _other_order,
        "the size is right for the stride, but the windows move by 1": _some_steps(False, False),
        "the stride is taken along the rows only": _some_steps(True, False),
        "the stride is taken along the columns only": _some_steps(False, True),
        "only the first channel counts; a response is a sum over all": (
            lambda x, weights, bias, P, s: _strided(x[:, :1], weights[:, :1], bias, P, s)
        ),
        "the bias is missing": (
            lambda x, weights, bias, P, s: _strided(x, weights, 0 * bias, P, s)
        ),
        "these are the numbers without padding": (
            lambda x, weights, bias, P, s: _strided(x, weights, bias, 0, s)
        ),
    },
    promises=(lambda answer: _check_no_loop(answer), _check_skipped),
)


def check_strided_conv(conv2d_cols):
    """Check the answer of the exercise "Stride without loops over positions".

    Parameters
    ----------
    conv2d_cols : callable (x, weights, bias, P, s)
        From (N, C, H, W), (F, C, k, k) and (F,) to (N, F, OH, OW), padded by P, with stride s.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, returns a wrong shape or number, loops over images,
        filters, channels or positions, or computes positions that the stride skips.
    """
    CONV2D_COLS.check(conv2d_cols)


def _check_no_loop(conv2d_cols, many=30):
    """Fail if more images, filters, channels or positions make Python run more lines."""

    def steps(N, F, C, rows, columns):
        x, weights = np.ones((N, C, rows + 1, columns + 1)), np.ones((F, C, 2, 2))
        return count_steps(lambda: call("conv2d_cols", conv2d_cols, x, weights, np.ones(F), 0, 1))

    few = steps(1, 1, 1, 1, 1)
    for axis, what in enumerate(("images", "filters", "channels", "rows of y", "columns of y")):
        more = steps(*(many if other == axis else 1 for other in range(5)))
        if more >= few + many - 1:  # a loop runs a line at least in each of its rounds
            fail(
                f"conv2d_cols loops over the {what}: the numbers are right, the way is not",
                got=f"{more} lines of Python for {many} {what}, {few} for one of each",
                expected="as many lines for many as for one",
                hint="only u and v need a loop; a slice with a step takes all positions at once",
            )  # fmt: skip


_STACKS = (
    [(3, 1)],
    [(3, 1), (3, 1)],
    [(5, 1), (3, 1)],
    [(3, 1), (3, 2)],
    [(3, 2), (3, 1)],
    [(2, 3), (4, 1)],
    [(3, 2), (3, 2), (3, 1)],
    [(2, 2), (3, 1), (5, 3)],
)


def _receptive_field(layers):
    """Return the side of the input that one output sees: from the last layer back to the first."""
    side = 1
    for k, s in reversed(layers):
        side = (side - 1) * s + k  # `side` windows, each s further on
    return side


RECEPTIVE_FIELD = Piece(
    name="receptive_field",
    right=_receptive_field,
    cases=lambda: ({"layers": layers} for layers in _STACKS),
    praise="one output, traced back through any stack of layers.",
    mistakes={
        "the layers are taken in the wrong order: trace back from the last to the first": (
            lambda layers: _receptive_field(layers[::-1])
        ),
        "the strides have no effect: what does a step of 2 do to the distance of two windows?": (
            lambda layers: _receptive_field([(k, 1) for k, _ in layers])
        ),
        "the kernels' sides do not add up: two neighboring windows of side k share k - 1 numbers": (
            lambda layers: sum(k for k, _ in layers)
        ),
        "these are the windows side by side: neighbors move by s, not by k": (
            lambda layers: int(np.prod([k for k, _ in layers]))
        ),
    },
)


def check_receptive_field(receptive_field):
    """Check the answer of the exercise "The receptive field of two layers".

    Parameters
    ----------
    receptive_field : callable (layers)
        From a list of (k, s), first layer first, to the side of the input patch that one number
        of the last output depends on.

    Raises
    ------
    ExerciseError
        If it raises, changes its input or returns a wrong number.
    """
    RECEPTIVE_FIELD.check(receptive_field)


# N, F, C, k and the size (OH, OW) of y; the simplest first.
_ADJOINTS = (
    (1, 1, 1, 2, 1, 1),
    (1, 1, 1, 2, 2, 3),
    (1, 2, 1, 2, 1, 2),
    (1, 1, 2, 2, 1, 2),
    (2, 1, 1, 2, 2, 1),
    (2, 3, 2, 3, 4, 2),
    (1, 2, 2, 1, 3, 2),
    (3, 2, 5, 5, 3, 4),
)


def _adjoint(y, weights):
    """Return what the naive loops give back to the images."""
    (N, _, OH, OW), (_, C, k, _) = y.shape, weights.shape
    x = np.zeros((N, C, OH + k - 1, OW + k - 1))  # its numbers have no part in it
    return loops.conv2d_backward(y, x, weights)[0]


def _assigned(y, weights):
    """Let each patch replace what lies there, where it should be added."""
    x = np.zeros(_adjoint(y, weights).shape)
    k = weights.shape[-1]
    for i, j in np.ndindex(y.shape[2:]):
        x[:, :, i : i + k, j : j + k] = np.tensordot(y[:, :, i, j], weights, axes=1)
    return x


def _offsets_replace(y, weights):
    """Let each offset (u, v) replace what the others gave."""
    OH, OW = y.shape[2:]
    x = np.zeros(_adjoint(y, weights).shape)
    for u, v in np.ndindex(weights.shape[2:]):
        part = np.einsum("nfij,fc->ncij", y, weights[:, :, u, v])
        x[:, :, u : u + OH, v : v + OW] = part
    return x


def _adjoint_cases():
    for seed, (N, F, C, k, OH, OW) in enumerate(_ADJOINTS):
        draw = whole_numbers if k < 3 else _many_decimals  # whole ones are easier to follow
        yield {
            "y": draw((N, F, OH, OW), seed=300 + seed),
            "weights": draw((F, C, k, k), seed=400 + seed),
        }


def _check_no_matrix(conv2d_transpose):
    """Fail if the memory grows like the matrix, with the square of the image."""
    y, weights = np.ones((1, 1, 30, 31)), np.ones((1, 1, 3, 3))
    used = peak_memory(lambda: call("conv2d_transpose", conv2d_transpose, y, weights))
    if used > 100 * y.nbytes:  # the matrix takes about 1000 times as much
        fail(
            "conv2d_transpose builds the matrix: the numbers are right, the way is not",
            on={"y": y, "k": 3},
            got=f"memory for {used / y.nbytes:.0f} maps",
            expected="that of some maps",
            hint="let each number of y give its kernel to the patch that it came from",
        )


CONV2D_TRANSPOSE = Piece(
    name="conv2d_transpose",
    right=_adjoint,
    cases=_adjoint_cases,
    praise="<conv(x), y> equals <x, conv2d_transpose(y, weights)>: it is the adjoint.",
    mistakes={
        "a pixel in several patches gets a part from each: += where you write =": _assigned,
        "each offset (u, v) replaces what the others gave: += where you write =": (
            _offsets_replace
        ),
        "these are the numbers of the same kernel, turned by 180 degrees": (
            lambda y, weights: _adjoint(y, weights[..., ::-1, ::-1])
        ),
        "these are the numbers of the same kernel, transposed": (
            lambda y, weights: _adjoint(y, weights.swapaxes(2, 3))
        ),
        "only the first filter gives back; a channel gets a part from every filter": (
            lambda y, weights: _adjoint(y[:, :1], weights[:1])
        ),
    },
    promises=(_check_no_matrix,),
)


def check_adjoint(conv2d_transpose):
    """Check the answer of the exercise "The adjoint".

    Parameters
    ----------
    conv2d_transpose : callable (y, weights)
        From y (N, F, OH, OW) and weights (F, C, k, k) to (N, C, OH + k - 1, OW + k - 1), such
        that <conv(x), y> = <x, conv2d_transpose(y, weights)> for all x and y.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    CONV2D_TRANSPOSE.check(conv2d_transpose)
