"""What the checkers expect of an answer: one function per kind, which fails with a message.

They ask in this order: is there an answer, is it of the right kind, has it the right shape and
dtype, is it finite, are the numbers right. The first "no" is the one that is reported.
"""

import inspect

import numpy as np

from tinycnn_lib.exercises._base import PRINTED_ENTRIES, fail
from tinycnn_lib.validation import describe


def recognize(got, expected):
    """Return a sentence on how two arrays of one shape differ, or None if no pattern fits."""
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)

    def same(a, b):
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9)

    if got.size < 2 or same(got, expected):
        return None
    used = np.abs(expected) > 1e-9
    if used.any():
        factor = float(np.median(got[used] / expected[used]))
        if same(got, factor * expected):
            if abs(factor) < 1e-9:
                return "every number is 0"
            return f"every number is {factor:.6g} times the one expected"
    offset = float((got - expected).ravel()[0])
    if same(got, expected + offset):
        return f"every number differs from the one expected by {offset:.6g}"
    if got.ndim == 1 and same(got[::-1], expected):
        return "the numbers are those expected in reverse order"
    if got.ndim >= 2:
        if same(got[..., ::-1, ::-1], expected):
            return "it is the expected array turned by 180 degrees"
        if same(got[..., ::-1, :], expected):
            return "it is the expected array turned upside down"
        if same(got[..., ::-1], expected):
            return "it is the expected array mirrored left to right"
        if same(np.swapaxes(got, -1, -2), expected):
            return "it is the expected array transposed: rows and columns are swapped"
    wrong = ~np.isclose(got, expected, rtol=1e-6, atol=1e-9)
    if got.ndim == 4:
        if got.shape[0] > 1 and not wrong[0].any():
            return "the first image of the batch is right, a later one is not"
        if got.shape[1] > 1 and not wrong[:, 0].any():
            return "the first channel is right, a later one is not"
    if got.ndim >= 2 and min(got.shape[-2:]) > 2:
        inside = wrong[..., 1:-1, 1:-1]
        if not inside.any():
            return "the inside is right, the border is not"
    return None


def expect_form(name, got, shape, *, on=None, kind="f", dtype=None):
    """Hold `got` to a finite array of one shape, whatever its numbers are.

    Parameters
    ----------
    name : str
        What the reader calls it: "AvgPool2D(2).forward".
    got : object
        Whatever came.
    shape : tuple of int
    on : dict, optional
        As in `fail`.
    kind : {"f", "i", "b"}
        Floating-point numbers, integers, or truth values.
    dtype : dtype, optional
        If given, the exact dtype.

    Returns
    -------
    ndarray
        `got`.

    Raises
    ------
    ExerciseError
        If it is no array, or has another shape or dtype, or holds NaN or an infinity.
    """
    expect_returned(name, got, on=on)
    if not isinstance(got, (np.ndarray, np.generic)):
        hint = "build the result with NumPy, for example in an array made by np.zeros"
        if inspect.isgenerator(got):
            hint = "yield makes a generator; return the whole array once"
        kind = type(got).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        what = f"{name} returns {article} {kind}, not a NumPy array"
        fail(what, on=on, got=describe(got), hint=hint)
    array = np.asarray(got)
    if array.shape != shape:
        swapped = array.ndim >= 2 and array.swapaxes(-1, -2).shape == shape
        hint = "the last two axes are swapped" if swapped else None
        fail(f"{name} returns the wrong shape", on=on, got=array.shape, expected=shape, hint=hint)
    kinds, words = {
        "f": ("f", "floating-point numbers"),
        "b": ("b", "bool"),
    }.get(kind, ("iu", "integers"))
    if array.dtype.kind not in kinds or (dtype is not None and array.dtype != dtype):
        wanted = words if dtype is None else f"{np.dtype(dtype)}, as that of the input"
        hint = "whole numbers cannot hold a fraction" if array.dtype.kind in "iu" else None
        fail(
            f"{name} returns the wrong dtype",
            on=on,
            got=str(array.dtype),
            expected=wanted,
            hint=hint,
        )
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        fail(f"{name} returns {array[where]} at index {where}", on=on, expected="finite numbers")
    return got


def expect_array(name, got, expected, *, on=None, dtype=None, tolerance=None, hint=None):
    """Hold `got`, an answer of the reader's code, to the array `expected`.

    Parameters
    ----------
    name : str
        What the reader calls it: "AvgPool2D(2).forward".
    got : object
        Whatever came.
    expected : ndarray
    on : dict, optional
        As in `fail`.
    dtype : dtype, optional
        If given, the exact dtype; otherwise any floating dtype will do where floats are expected.
    tolerance : float, optional
        Relative and absolute; by default 1e-9, and 1e-4 in single precision.
    hint : callable (got, expected) to str or None, or str, optional
        For wrong numbers; where it gives None, `recognize` is asked.

    Returns
    -------
    ndarray
        `got`.

    Raises
    ------
    ExerciseError
        If it is no array, or shape, dtype or a number is wrong, or not finite.
    """
    expected = np.asarray(expected)
    got_array = np.asarray(
        expect_form(name, got, expected.shape, on=on, kind=expected.dtype.kind, dtype=dtype)
    )
    if tolerance is None:
        tolerance = 1e-9 if got_array.dtype.itemsize >= 8 else 1e-4
    wrong = ~np.isclose(got_array, expected, rtol=tolerance, atol=tolerance)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        panel = where[:-2]  # the 2-D slice with the first wrong number, if it can be read
        if expected[panel].size > PRINTED_ENTRIES:
            panel = where
        said = hint(got_array, expected) if callable(hint) else hint
        place = f", first at index {where}" if where else ""
        place += f"; got and expected show [{', '.join(map(str, panel))}]" if panel else ""
        count = f"{int(wrong.sum())} of {wrong.size} numbers" if where else "the number"
        fail(
            f"{name} returns wrong numbers: {count} differ{'' if where else 's'}{place}",
            on=on, got=got_array[panel], expected=expected[panel],
            hint=said or recognize(got_array, expected),
        )  # fmt: skip
    return got


def expect_own_memory(name, got, *, on=None, **others):
    """Fail if `got` shares memory with one of `others`: changing one would change both."""
    for other, array in others.items():
        if np.shares_memory(got, array):
            fail(
                f"{name} returns an array that shares its memory with {other}", on=on,
                hint="who writes into one of them changes both; return a new array",
            )  # fmt: skip


def expect_answer(name, got):
    """Fail if `got` is still the None, or the ..., of the empty answer cell."""
    if got is None or got is ...:
        fail(f"{name} is {'None' if got is None else '...'}: write your own answer first")


def expect_returned(name, got, *, on=None):
    """Fail if `got`, which the reader's `name` returned, is None or ..."""
    if got is None or got is ...:
        what = "None" if got is None else "..."
        fail(f"{name} returns {what}", on=on, hint="is there a return at its end?")


def expect_number(name, got, *, on=None):
    """Return `got` as a finite float, or fail."""
    expect_answer(name, got)
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got[()]
    if isinstance(got, (bool, np.bool_)) or not isinstance(
        got, (int, float, np.integer, np.floating)
    ):
        hint = "one real number, such as 0.5"
        fail(f"{name} is not a number", on=on, got=describe(got), expected=hint)
    try:
        number = float(got)
    except OverflowError:  # an integer beyond the largest float
        number = np.inf
    if not np.isfinite(number):
        fail(f"{name} is not finite", on=on, got=describe(got), expected="a finite number")
    return number


def expect_integer(name, got, *, on=None):
    """Return `got` as an int, or fail; a float with a whole value is told so."""
    expect_answer(name, got)
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got[()]
    if isinstance(got, (bool, np.bool_)) or not isinstance(got, (int, np.integer)):
        hint = None
        if isinstance(got, (float, np.floating)):
            hint = "write 7, not 7.0; a // b divides whole numbers into a whole number, a / b not"
        elif isinstance(got, str):
            hint = "write 7, not '7': a number stands without quotes"
        elif callable(got):
            hint = "the number is asked for, not what computes it; call it and pass what it returns"
        what = f"{name} is not an integer"
        fail(what, on=on, got=describe(got), expected="a whole number, such as 7", hint=hint)
    return int(got)


def expect_shape(name, got, length):
    """Return `got` as a tuple of `length` ints, or fail."""
    expect_answer(name, got)
    wanted = f"{length} whole numbers"
    if not isinstance(got, (tuple, list)):
        hint = f"write them in parentheses, with commas between them: ({'7, ' * (length - 1)}7)"
        fail(f"{name} is not a tuple", got=describe(got), expected=wanted, hint=hint)
    if len(got) != length:
        fail(
            f"{name} has the wrong number of axes", got=tuple(got), expected=f"{length} numbers",
            hint="count the axes from the left: which of N, C, H, W is missing or extra?",
        )  # fmt: skip
    return tuple(expect_integer(f"{name}[{axis}]", side) for axis, side in enumerate(got))


def expect_function(name, got, *parameters):
    """Fail unless `got` is a function that can be called with `parameters`, in this order."""
    expect_answer(name, got)
    wanted = f"a function {name}({', '.join(parameters)})"
    if isinstance(got, type) or not callable(got):
        hint = f"pass the function itself: {name}, without parentheses behind it"
        fail(f"{name} is not a function", got=describe(got), expected=wanted, hint=hint)
    try:
        signature = inspect.signature(got)
    except (TypeError, ValueError):  # compiled functions have none that could be read
        return
    try:
        signature.bind(*parameters)
    except TypeError:
        hint = "change the names in the parentheses of its def line"
        fail(f"{name} takes other arguments", got=f"{name}{signature}", expected=wanted, hint=hint)


def expect_method(what, thing, *names):
    """Fail unless `thing` has every one of the methods `names`."""
    expect_answer(what, thing)
    for name in names:
        if not callable(getattr(thing, name, None)):
            hint = f"write def {name}(self, ...) in its class"
            fail(f"{what} has no method {name}", got=describe(thing), hint=hint)
