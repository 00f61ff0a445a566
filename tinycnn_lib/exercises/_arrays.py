"""What the checkers expect of an array: its kind, its shape, finite numbers, the right ones.

They ask in this order, and the first "no" is the one that is reported. Numbers that are right but
come in an unusual dress (a list, single precision) are accepted, with a remark.
"""

import inspect

import numpy as np

from tinycnn_lib.exercises._answers import expect_number, expect_returned
from tinycnn_lib.exercises._base import PRINTED_ENTRIES, fail
from tinycnn_lib.validation import describe

# By the bytes of one number: far above its rounding, far below any mistake.
TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-9}


def right_numbers(got, expected, tolerance=None):
    """Return where `got` agrees with `expected`, to the precision in which `got` was computed.

    Parameters
    ----------
    got, expected : ndarray, of one shape
    tolerance : float, optional
        Relative to the largest expected number; by default from the dtype of `got`.

    Returns
    -------
    ndarray of bool
    """
    if tolerance is None:
        tolerance = TOLERANCE.get(got.dtype.itemsize if got.dtype.kind == "f" else 8, 1e-9)
    expected = np.asarray(expected, dtype=float)
    scale = np.abs(expected).max(initial=0) or 1.0
    with np.errstate(all="ignore"):
        return np.abs(got - expected) <= tolerance * scale  # NaN is never right


def same_numbers(got, expected):
    """Return whether two arrays have one shape and, to rounding, the same numbers."""
    got, expected = np.asarray(got), np.asarray(expected)
    return got.shape == expected.shape and bool(right_numbers(got, expected).all())


def recognize(got, expected):
    """Return a sentence on how two arrays of one shape differ, or None if no pattern fits.

    Fewer than three numbers fit a pattern by accident, so nothing is said of them.
    """
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    if got.size < 3 or same_numbers(got, expected):
        return None
    used = np.abs(expected) > 1e-9
    if used.any():
        factor = float(np.median(got[used] / expected[used]))
        if same_numbers(got, factor * expected):
            if abs(factor) < 1e-9:
                return "every number is 0"
            return f"every number is {factor:.6g} times the one expected"
    offset = float((got - expected).ravel()[0])
    if same_numbers(got, expected + offset):
        return f"every number differs from the one expected by {offset:.6g}"
    if got.ndim == 1 and same_numbers(got[::-1], expected):
        return "the numbers are those expected in reverse order"
    if got.ndim >= 2:
        if same_numbers(got[..., ::-1, ::-1], expected):
            return "it is the expected array turned by 180 degrees"
        if same_numbers(got[..., ::-1, :], expected):
            return "it is the expected array turned upside down"
        if same_numbers(got[..., ::-1], expected):
            return "it is the expected array mirrored left to right"
        if same_numbers(np.swapaxes(got, -1, -2), expected):
            return "it is the expected array transposed: rows and columns are swapped"
    wrong = ~right_numbers(got, expected)
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


def _ask(hint, *arguments):
    """Return a hint that is a text, or what a function for hints says."""
    return hint(*arguments) if callable(hint) else hint


def expect_form(name, got, shape, *, on=None, hint=None, remarks=None):
    """Return `got` as a finite array of real numbers of one shape, or fail.

    Parameters
    ----------
    name : str
        What the reader calls it: "AvgPool2D(2).forward".
    got : object
        Whatever came.
    shape : tuple of int
    on : dict, optional
        As in `fail`.
    hint : callable () to str or None, or str, optional
        For a wrong shape, and for numbers that are not finite.
    remarks : list of str, optional
        What to tell who is right in an unusual dress is appended here.

    Returns
    -------
    ndarray

    Raises
    ------
    ExerciseError
        If it is no array of numbers, or has another shape, or holds NaN or an infinity.
    """
    expect_returned(name, got, on=on)
    if shape == ():
        number = expect_number(f"what {name} returns", got, on=on, hint=lambda: _ask(hint))
        return np.asarray(number, dtype=getattr(got, "dtype", None))
    try:
        array = np.asarray(got)
    except Exception:  # rows of different lengths, or an object of the reader's that is no array
        array = np.empty((), dtype=object)
    if array.ndim == 0 and array.dtype.kind not in "biufc":
        advice = "build the result with NumPy, for example in an array made by np.zeros"
        if inspect.isgenerator(got):
            advice = "yield makes a generator; return the whole array once"
        if isinstance(got, (list, tuple)):
            advice = "its rows have different lengths, and an array's have one"
        kind = type(got).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        what = f"{name} returns {article} {kind}, not a NumPy array"
        fail(what, on=on, got=describe(got), hint=advice)
    array, dress = _real(array)
    if array is None:
        wanted = "an array of real numbers"
        fail(
            f"{name} does not return numbers",
            on=on,
            got=describe(got),
            expected=wanted,
            hint=_ask(hint),
        )
    if array.shape != shape:
        swapped = array.ndim >= 2 and array.swapaxes(-1, -2).shape == shape
        said = _ask(hint) or ("the last two axes are swapped" if swapped else None)
        fail(f"{name} returns the wrong shape", on=on, got=array.shape, expected=shape, hint=said)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        what = f"{name} returns {array[where]} at index {where}"
        fail(what, on=on, got=array, expected="finite numbers", hint=_ask(hint))
    if not isinstance(got, np.ndarray):
        dress = f"a {type(got).__name__}, not an array; np.array(...) makes one of it"
    if dress and remarks is not None:
        remarks.append(f"{name} returns {dress}")
    return array


def _real(array):
    """Return `array` as real numbers, and what to say of its dtype; (None, None) if it has none."""
    if array.dtype.kind in "iuf":
        return array, None
    if array.dtype.kind == "c" and same_numbers(array.imag, np.zeros(array.shape)):
        return array.real, "complex numbers; their imaginary part is 0, so .real is enough"
    if array.dtype.kind == "O":
        try:
            return array.astype(float), "an array of objects; dtype=float makes it one of numbers"
        except Exception:  # objects that are no numbers
            return None, None
    return None, None


def expect_array(
    name,
    got,
    expected,
    *,
    on=None,
    dtype=None,
    tolerance=None,
    hint=None,
    reason=None,
    remarks=None,
):
    """Hold `got`, an answer of the reader's code, to the array `expected`.

    Parameters
    ----------
    name, got, on, remarks
        As in `expect_form`.
    expected : ndarray
    dtype : dtype, optional
        The one promised. Less precision is refused, another dtype gets a remark.
    tolerance : float, optional
        As in `right_numbers`.
    hint : callable (got, expected) to str or None, or str, optional
        For wrong numbers; where it gives None, `recognize` is asked.
    reason : callable () to str or None, optional
        For a wrong shape and for wrong numbers; asked before `hint`.

    Returns
    -------
    ndarray
        `got` as an array.

    Raises
    ------
    ExerciseError
        If it is no array, or shape, precision or a number is wrong, or not finite.
    """
    expected = np.asarray(expected)
    array = expect_form(name, got, expected.shape, on=on, hint=reason, remarks=remarks)
    if tolerance is None and dtype is not None:  # no more digits than were promised
        tolerance = max(
            TOLERANCE.get(np.dtype(kind).itemsize, 1e-9) for kind in (dtype, array.dtype)
        )
    right = right_numbers(array, expected, tolerance)
    if not right.all():
        where = tuple(int(i) for i in np.argwhere(~right)[0])
        panel = where[:-2]  # the 2-D slice with the first wrong number, if it can be read
        if expected[panel].size > PRINTED_ENTRIES:
            panel = where
        place = f", first at index {where}" if where else ""
        place += f"; got and expected show [{', '.join(map(str, panel))}]" if panel else ""
        count = f"{int((~right).sum())} of {right.size} numbers" if where else "the number"
        fail(
            f"{name} returns wrong numbers: {count} differ{'' if where else 's'}{place}",
            on=on,
            got=array[panel],
            expected=expected[panel],
            hint=_ask(reason) or _ask(hint, array, expected) or _pattern(array, expected),
        )
    _expect_precision(name, array, dtype, on, remarks)
    return array


def _pattern(got, expected):
    """Return what can be said of wrong numbers without knowing how they were computed."""
    if got.dtype.kind in "iu" and (np.abs(got - expected) < 1).all():
        return "whole numbers cannot hold a fraction"
    return recognize(got, expected)


def _expect_precision(name, array, dtype, on, remarks):
    """Refuse fewer digits than `dtype` has, where it is promised; remark on other dtypes."""
    promised = np.dtype(dtype or np.float64)
    if array.dtype.kind != "f" or array.dtype == promised:
        return
    if dtype is not None and array.dtype.itemsize < promised.itemsize:
        fail(
            f"{name} returns {array.dtype} where {promised} came in: digits are lost",
            on=on,
            got=str(array.dtype),
            expected=str(promised),
            hint="make new arrays with the dtype of the input: np.zeros(shape, dtype=x.dtype)",
        )
    if remarks is not None and (dtype is not None or array.dtype.itemsize < promised.itemsize):
        remarks.append(f"{name} returns {array.dtype}; {promised} was expected")


def expect_own_memory(name, got, *, on=None, **others):
    """Fail if `got` shares memory with one of `others`: changing one would change both."""
    for other, array in others.items():
        if np.shares_memory(got, array):
            fail(
                f"{name} returns an array that shares its memory with {other}",
                on=on,
                hint="who writes into one of them changes both; return a new array",
            )
