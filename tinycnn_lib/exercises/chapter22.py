"""Checkers of Chapter 22, The Convolution Operation.

Where an answer is a number, a message tells how to find it, not what it is.
"""

import numpy as np

from tinycnn_lib import loops
from tinycnn_lib.exercises._answers import (
    expect_answer,
    expect_function,
    expect_integer,
    expect_returned,
    expect_shape,
)
from tinycnn_lib.exercises._arrays import expect_array, recognize
from tinycnn_lib.exercises._base import call, count_steps, fail, praise, sample
from tinycnn_lib.exercises._piece import Piece
from tinycnn_lib.validation import describe


def _whole_numbers(shape, seed):
    """Return distinct whole numbers of both signs without 0, which would hide a mistake."""
    numbers = np.rint(10 * sample(shape, seed))
    return numbers + (numbers >= 0)


def _starts(size, k, P=0, s=1):
    """Return the places where a window of side k can start, counted in the unpadded image."""
    return range(-P, size + P - k + 1, s)


def _check_output_shape(name, got, x_shape, filters, k, P, s):
    """Hold one shape (N, F, OH, OW) to the count of windows."""
    got = expect_shape(name, got, 4)
    N, _, H, W = x_shape
    expected = (N, filters, len(_starts(H, k, P, s)), len(_starts(W, k, P, s)))
    if got[0] != expected[0]:
        fail(f"{name}[0] is not right", got=got, hint="how many images go in, how many come out?")
    if got[1] != expected[1]:
        fail(f"{name}[1] is not right", got=got, hint="how many maps does one filter make?")
    for axis in (2, 3):
        if got[axis] != expected[axis]:
            first = ", ".join(map(str, _starts(x_shape[axis], k, P, s)[:3]))
            fail(
                f"{name}[{axis}] is not right", got=got,
                hint=f"along this axis windows start at {first} and so on (padding lies below 0); "
                "which start is the last whose window still fits? Count them, the first included",
            )  # fmt: skip


def check_output_sizes(a, b, c, d):
    """Check the answers of the exercise "Output sizes".

    Parameters
    ----------
    a, b : tuple of 4 ints, (N, F, OH, OW)
        Output shapes: 6 filters, k = 5, on (1, 1, 28, 28); 16 filters, k = 3, P = 1, s = 2, on
        (8, 3, 32, 48).
    c : int
        The padding that keeps 15 x 15 images at 15 x 15 with k = 7, s = 1.
    d : int
        The rows that no window reaches with H = 11, k = 4, P = 0, s = 3.

    Raises
    ------
    ExerciseError
        If one of them is not right.
    """
    _check_output_shape("a", a, (1, 1, 28, 28), 6, k=5, P=0, s=1)
    _check_output_shape("b", b, (8, 3, 32, 48), 16, k=3, P=1, s=2)
    c = expect_integer("c", c)
    if c < 0 or len(_starts(15, 7, c)) != 15:
        side = f"{len(_starts(15, 7, c))} rows" if c >= 0 else None
        fail(
            "c does not keep the size: a padding that does gives 15 rows", got=c,
            hint=f"this one gives {side}" if side else "a padding cannot be negative",
        )  # fmt: skip
    d = expect_integer("d", d)
    reached = {row for start in _starts(11, 4, s=3) for row in range(start, start + 4)}
    if d != 11 - len(reached):
        fail(
            "d is not right", got=d,
            hint="write down rows 0 to 10 and strike out those under each of the windows, "
            "which start at 0, 3, 6, ...",
        )  # fmt: skip
    praise("four sizes, counted without running anything.")


def _numbers(name, got, shape, hint=None, **context):
    """Return `got`, an array or lists of numbers, as a finite array of `shape`, or fail."""
    try:
        array = np.asarray(got)
    except Exception:  # rows of different lengths, or an object that is no array
        array = None
    if array is None or (array.ndim == 0 and not isinstance(got, (np.ndarray, np.generic))):
        what = f"{name} is not an array of shape {shape}"
        fail(what, got=describe(got), expected=f"an array of shape {shape}", hint=hint, **context)
    if array.shape != shape:
        fail(f"{name} has the wrong shape", got=array.shape, expected=shape, hint=hint, **context)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        what = f"{name} does not hold {array.size} finite numbers"
        fail(what, got=array, expected="finite real numbers", **context)
    return array


def check_diagonal_filter(kernel):
    """Check the answer of the exercise "Design a filter".

    Parameters
    ----------
    kernel : ndarray, shape (3, 3)
        It gives 0 on any uniform patch, and on the falling diagonal a positive response that is
        larger than on the rising diagonal, the vertical and the horizontal line.

    Raises
    ------
    ExerciseError
        If a property fails.
    """
    expect_answer("kernel", kernel)
    kernel = _numbers("kernel", kernel, (3, 3), hint="write np.array with three rows of three")

    def respond(patch):
        return float((kernel * patch).sum())

    uniform = np.ones((3, 3))
    scale = float(np.abs(kernel).sum())
    if abs(respond(uniform)) > 1e-9 * scale:
        fail(
            "The response to a uniform patch is not 0", on={"patch": uniform},
            got=respond(uniform), expected=0.0,
            hint="on a patch of ones the response is the sum of the weights",
        )  # fmt: skip
    wanted = np.eye(3)
    others = {"rising diagonal": wanted[::-1], "vertical line": np.zeros((3, 3))}
    others["vertical line"][:, 1] = 1
    others["horizontal line"] = others["vertical line"].T
    best = respond(wanted)
    if best <= 1e-9 * scale:
        fail(
            "The response to the falling diagonal is not positive", on={"patch": wanted},
            got=best, hint="which weights lie on the line, and what sign do they have?",
        )  # fmt: skip
    for name, patch in others.items():
        if respond(patch) >= best - 1e-9 * scale:
            fail(
                f"The response to the {name} is not smaller than the one to the falling diagonal",
                on={"patch": patch}, got=respond(patch), expected=f"less than {best:.6g}",
            )  # fmt: skip
    praise("your filter finds the falling diagonal and is blind to even brightness.")


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
        )
    ):
        yield {
            "x": _whole_numbers((N, C, H, W), seed=seed),
            "weights": _whole_numbers((F, C, k, k), seed=100 + seed),
            "bias": _whole_numbers((F,), seed=200 + seed),
            "P": P,
            "s": s,
        }


def _columns_reshaped(x, weights, bias, P, s):
    """Take the rows (N, OH, OW) of the product for (N, F, OH, OW): a reshape for a transpose."""
    y = _strided(x, weights, bias, P, s)
    return y.transpose(0, 2, 3, 1).reshape(y.shape)


CONV2D_COLS = Piece(
    name="conv2d_cols",
    right=_strided,
    cases=_strided_cases,
    praise="any padding and any stride, without a loop over places.",
    promises=(lambda answer: _check_no_loop(answer),),
    mistakes={
        "these are the numbers of the same kernel, turned by 180 degrees": (
            lambda x, weights, bias, P, s: _strided(x, weights[..., ::-1, ::-1], bias, P, s)
        ),
        "these are the numbers of the same kernel, transposed": (
            lambda x, weights, bias, P, s: _strided(x, weights.swapaxes(2, 3), bias, P, s)
        ),
        "the product's rows are images and places: transpose before you reshape": (
            _columns_reshaped
        ),
    },
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
        If it raises, changes an input, returns a wrong shape or number, or loops over images,
        filters, channels or positions.
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


_TALL = np.outer([1.0, 2.0, -1.0], [3.0, 0.0, 1.0])
_SEPARABLE = (
    _TALL,
    np.full((3, 3), 1 / 9),
    np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]),
    np.outer([0.0, 1.0, 2.0], [0.0, -1.0, 3.0]),  # its first row and column are 0
    np.outer([0.0, 0.0, -2.0, 1.0, 0.5], [1.0, -4.0, 0.0, 2.0, 3.0]),
)
_NOT_SEPARABLE = (
    np.eye(3),
    np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]),
    np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1e-3]]),
)


def check_separable(separate):
    """Check the answer of the exercise "Separable filters".

    Parameters
    ----------
    separate : callable (kernel)
        From a kernel (k, k) that is not all 0 to a pair (column, row) of arrays (k,) with
        np.outer(column, row) equal to it, or to None if there is no such pair.

    Raises
    ------
    ExerciseError
        If it raises, changes its input, finds a pair where there is none, or none, or a wrong one.
    """
    expect_function("separate", separate, "kernel")
    for kernel in _SEPARABLE:
        on = {"kernel": kernel}
        with np.errstate(all="ignore"):
            pair = call("separate", separate, kernel, on=on)
        if pair is None:
            fail(
                "separate returns None for a kernel that has a pair (column, row)", on=on,
                hint="every row of it is a multiple of one and the same row",
            )  # fmt: skip
        if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
            fail("separate does not return a pair (column, row)", on=on, got=describe(pair),
                 hint="end it with return column, row")  # fmt: skip
        side = (len(kernel),)
        column, row = (_numbers(name, part, side, on=on)
                       for name, part in zip(("column", "row"), pair, strict=True))  # fmt: skip
        with np.errstate(all="ignore"):
            product = np.outer(column, row)
        expect_array("np.outer(column, row) of your pair", product, kernel, on=on)
    for kernel in _NOT_SEPARABLE:
        on = {"kernel": kernel}
        with np.errstate(all="ignore"):
            pair = call("separate", separate, kernel, on=on)
        if pair is not None:
            fail(
                "separate returns a pair for a kernel that has none", on=on, got=pair,
                expected="None", hint="multiply your pair out and compare it with the kernel",
            )  # fmt: skip
    praise("you find the pair where there is one, and say so where there is none.")


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
    expect_function("receptive_field", receptive_field, "layers")
    for layers in _STACKS:
        on = {"layers": layers}
        given = list(layers)
        side = call("receptive_field", receptive_field, given, on=on)
        expect_returned("receptive_field", side, on=on)
        side = expect_integer("what receptive_field returns", side, on=on)
        if given != layers:
            fail("receptive_field changes its input in place", on=on, got=given)
        if side != _receptive_field(layers):
            fail(
                "receptive_field is not right", on=on, got=side, expected=_receptive_field(layers),
                hint="draw the row: which numbers of the layer below does one output use, "
                "and which inputs do the first and the last of them use?",
            )  # fmt: skip
    praise("one output, traced back through any stack of layers.")


# N, F, C, k and the size (OH, OW) of y; the simplest first.
_ADJOINTS = (
    (1, 1, 1, 2, 1, 1),
    (1, 1, 1, 2, 2, 3),
    (1, 2, 1, 2, 1, 2),
    (1, 1, 2, 2, 1, 2),
    (2, 1, 1, 2, 2, 1),
    (2, 3, 2, 3, 4, 2),
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
    expect_function("conv2d_transpose", conv2d_transpose, "y", "weights")
    for seed, (N, F, C, k, OH, OW) in enumerate(_ADJOINTS):
        y = _whole_numbers((N, F, OH, OW), seed=300 + seed)
        weights = _whole_numbers((F, C, k, k), seed=400 + seed)
        x = sample((N, C, OH + k - 1, OW + k - 1), seed=500 + seed)
        left = float((loops.conv2d_forward(x, weights, np.zeros(F)) * y).sum())
        expected = loops.conv2d_backward(y, x, weights)[0]

        def inner_products(got, expected, x=x, left=left):
            right = float((x * got).sum())
            said = recognize(got, expected)
            return (
                f"for one x, <conv(x), y> is {left:.6g}, but <x, conv2d_transpose(y, weights)> is "
                f"{right:.6g}{f'; {said}' if said else ''}"
            )

        on = {"y": y, "weights": weights}
        got = call("conv2d_transpose", conv2d_transpose, y, weights, on=on)
        expect_array("conv2d_transpose", got, expected, on=on, hint=inner_products)
    praise("<conv(x), y> = <x, conv2d_transpose(y)>: Chapter 24 starts from here.")
