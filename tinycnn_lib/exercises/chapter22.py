"""Checkers of Chapter 22, The Convolution Operation.

Where an answer is a number, a message tells how to find it, not what it is.
"""

import numpy as np

from tinycnn_lib.exercises._answers import (
    expect_answer,
    expect_function,
    expect_integer,
    expect_shape,
)
from tinycnn_lib.exercises._arrays import TOLERANCE, expect_array
from tinycnn_lib.exercises._base import (
    ExerciseError,
    call,
    fail,
    praise,
)
from tinycnn_lib.validation import describe


def _starts(size, k, P=0, s=1):
    """Return the places where a window of side k can start, counted in the unpadded image."""
    return range(-P, size + P - k + 1, s)


ROUND_DOWN = "a window that fits only in part does not count: round down"


def _check_output_shape(name, got, x_shape, filters, k, P, s, remarks):
    """Hold one shape (N, F, OH, OW) to the count of windows."""
    got = expect_shape(name, got, 4, rounding=ROUND_DOWN, remarks=remarks)
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
    remarks = []
    _check_output_shape("a", a, (1, 1, 28, 28), 6, k=5, P=0, s=1, remarks=remarks)
    _check_output_shape("b", b, (8, 3, 32, 48), 16, k=3, P=1, s=2, remarks=remarks)
    c = expect_integer("c", c, remarks=remarks)
    if c < 0 or len(_starts(15, 7, c)) != 15:
        side = f"{len(_starts(15, 7, c))} rows" if c >= 0 else None
        fail(
            "c does not keep the size: a padding that does gives 15 rows", got=c,
            hint=f"this one gives {side}" if side else "a padding cannot be negative",
        )  # fmt: skip
    d = expect_integer("d", d, remarks=remarks)
    reached = {row for start in _starts(11, 4, s=3) for row in range(start, start + 4)}
    if d != 11 - len(reached):
        fail(
            "d is not right", got=d,
            hint="write down rows 0 to 10 and strike out those under each of the windows, "
            "which start at 0, 3, 6, ...",
        )  # fmt: skip
    praise("four sizes, counted without running anything.", remarks)


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

    # What rounding may leave of a sum that should be 0: more in single precision.
    rounding = TOLERANCE.get(kernel.dtype.itemsize, 1e-9) * float(np.abs(kernel).sum())
    uniform = np.ones((3, 3))
    if abs(respond(uniform)) > rounding:
        fail(
            "The response to a uniform patch is not 0",
            on={"patch": uniform},
            got=respond(uniform),
            expected=0.0,
            hint="on a patch of ones the response is the sum of the weights",
        )
    wanted = np.eye(3)
    others = {"rising diagonal": wanted[::-1], "vertical line": np.zeros((3, 3))}
    others["vertical line"][:, 1] = 1
    others["horizontal line"] = others["vertical line"].T
    best = respond(wanted)
    if best <= rounding:
        fail(
            "The response to the falling diagonal is not positive",
            on={"patch": wanted},
            got=best,
            hint="which weights lie on the line, and what sign do they have?",
        )
    for name, patch in others.items():
        if respond(patch) >= best - rounding:
            fail(
                f"The response to the {name} is not smaller than the one to the falling diagonal",
                on={"patch": patch},
                got=respond(patch),
                expected=f"less than {best:.6g}",
            )
    praise("0 to even brightness, and of the four lines the falling one gets most.")


_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
_SEPARABLE = (
    np.outer([1.0, 2.0, -1.0], [3.0, 0.0, 1.0]),
    np.full((3, 3), 1 / 9),
    np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]),  # whole numbers, as in the chapter
    np.outer([3, 2, 7], [3, 6, 7]),  # whole numbers whose quotients are not
    np.outer([0.1, 0.2, 0.7], [0.3, 0.1, 0.6]),  # products that are rounded
    np.outer(_BINOMIAL, _BINOMIAL),
    np.outer([0.0, 1.0, 2.0], [0.0, -1.0, 3.0]),  # its first row and column are 0
    np.outer([0.0, 0.0, -2.0, 1.0, 0.5], [1.0, -4.0, 0.0, 2.0, 3.0]),
    np.array([[-2.5]]),
    np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, -1.0]),  # its largest entry is 0
    1e-9 * np.outer([1.0, 2.0, -1.0], [3.0, 0.0, 1.0]),
)
_NOT_SEPARABLE = (
    np.eye(3),
    np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]),
    np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1e-3]]),
    np.array([[1, 2], [2, 3]]),
    np.eye(5),
    1e-9 * np.eye(3),  # small is not separable
    np.ones((3, 3)) + 1e-6 * np.eye(3),
)


def _separate(kernel, compare=np.allclose, whole=False, divide=True, sized=np.abs):
    """Return (column, row) from the largest entry, or None; the parameters are for mistakes."""
    u, v = np.unravel_index(sized(kernel).argmax(), kernel.shape)
    row, column = kernel[u], kernel[:, v] / (kernel[u, v] if divide else 1)
    column = column.astype(kernel.dtype) if whole else column
    return (column, row) if compare(np.outer(column, row), kernel) else None


_SEPARATE_MISTAKES = {
    "a product of two floats is rounded: compare with a tolerance, not with ==": (
        lambda kernel: _separate(kernel, np.array_equal)
    ),
    "the tolerance is one for large numbers: make it relative to the kernel's largest entry": (
        _separate
    ),
    "whole numbers cannot hold the quotients: make the arrays with dtype=float": (
        lambda kernel: _separate(kernel, whole=True)
    ),
    "it returns None for every kernel that has a pair: is there a return, and is the column "
    "divided by the entry where row and column meet?": lambda kernel: None,
    "the column must be divided by the entry where row and column meet": (
        lambda kernel: _separate(kernel, divide=False)
    ),
    "the largest entry in magnitude counts, also if it is negative: np.abs(kernel).argmax()": (
        lambda kernel: _separate(kernel, sized=lambda kernel: kernel)
    ),
}


def _separate_reason(separate):
    """Return the sentence of the mistake that finds pairs for the same kernels."""

    def finds(version):
        with np.errstate(all="ignore"):
            pairs = [call("separate", version, kernel) for kernel in _SEPARABLE + _NOT_SEPARABLE]
        return [pair is not None for pair in pairs]

    try:
        found = finds(separate)
    except ExerciseError:
        return None
    return next((said for said, wrong in _SEPARATE_MISTAKES.items() if finds(wrong) == found), None)


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
    for kernel in _SEPARABLE + _NOT_SEPARABLE:
        on = {"kernel": kernel}
        with np.errstate(all="ignore"):
            pair = call("separate", separate, kernel, on=on)
        expected = any(kernel is one for one in _SEPARABLE)
        if pair is None and expected:
            fail(
                "separate returns None for a kernel that has a pair (column, row)",
                on=on,
                hint=_separate_reason(separate)
                or "every row of it is a multiple of one and the same row",
            )
        if pair is not None and not expected:
            none = pair is False and "None says that there is no pair; False is another answer"
            fail(
                "separate returns a pair for a kernel that has none"
                if not none
                else "separate returns False for a kernel that has no pair",
                on=on,
                got=pair,
                expected="None",
                hint=none
                or _separate_reason(separate)
                or "multiply your pair out and compare it with the kernel",
            )
        if expected:
            _expect_pair(pair, kernel, on)
    praise("you find the pair where there is one, and say so where there is none.")


def _expect_pair(pair, kernel, on):
    """Hold a pair (column, row) to the kernel that it should multiply out to."""
    if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
        fail(
            "separate does not return a pair (column, row)",
            on=on,
            got=describe(pair),
            hint="end it with return column, row",
        )
    side = (len(kernel),)
    column, row = (
        _numbers(name, part, side, on=on)
        for name, part in zip(("column", "row"), pair, strict=True)
    )
    with np.errstate(all="ignore"):
        product = np.outer(column, row)
    expect_array("np.outer(column, row) of your pair", product, kernel, on=on)
