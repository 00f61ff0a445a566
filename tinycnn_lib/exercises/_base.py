"""What the checkers share: run the reader's code, compare, and say readably what is wrong.

A checker shows a small input, what came and what was expected, and a hint; never the code. It
asks in this order: does it run, does it leave its input alone, is it an array, has it the right
shape and dtype, is it finite, are the numbers right. The first "no" is the one that is reported.
"""

import inspect
import sys
import textwrap
import traceback
from pathlib import Path

import numpy as np

from tinycnn_lib.validation import describe

NUMPY = str(Path(np.__file__).parent)
# Folders whose lines are not shown to a reader whose code raised: this package's, and NumPy's.
NOT_THE_READERS = (str(Path(__file__).parent.parent), NUMPY)
PRINTED_ENTRIES = 64  # a larger input is described by its shape


class ExerciseError(AssertionError):
    """An answer is not right yet; the message says which property failed, and on which input."""

    def _render_traceback_(self):
        """Let a notebook show the message alone: the checker's own lines are no help."""
        return [f"ExerciseError: {self}"]


def praise(text):
    """Print the one line that a right answer gets."""
    print(f"Right: {text}")


def sample(shape, seed):
    """Return distinct numbers of both signs with one decimal, shuffled: prints are exact, no ties.

    Parameters
    ----------
    shape : tuple of int
    seed : int

    Returns
    -------
    ndarray of float64
    """
    size = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(size) - size // 2).reshape(shape) / 10


def show(value):
    """Return `value` as text for a message: arrays rounded, large ones by their shape alone."""
    if isinstance(value, np.ndarray):
        if value.size > PRINTED_ENTRIES:
            return f"an array of shape {value.shape}"
        return np.array2string(value, precision=4, suppress_small=True, max_line_width=90)
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}"
    try:
        text = str(value) if isinstance(value, str) else repr(value)
    except Exception:  # an object of the reader's that cannot show itself, or an endless integer
        return describe(value)
    return text if len(text) <= 400 else text[:397] + "..."


def _labelled(label, value):
    text = show(value)
    if "\n" not in text:
        return f"  {label}: {text}"
    return f"  {label}:\n" + textwrap.indent(text, "    ")


def fail(what, *, on=None, got=None, expected=None, hint=None, cause=None):
    """Raise an ExerciseError whose message has up to five parts.

    Parameters
    ----------
    what : str
        The property that failed: "AvgPool2D(2).forward returns wrong numbers".
    on : dict of str to object, optional
        The input, by the names that the reader uses: {"x": x, "pool_size": 2}.
    got, expected : object, optional
        What came and what was expected; leave `expected` out where it is the solution.
    hint : str, optional
        A sentence to think about.
    cause : Exception, optional
        What the reader's code raised; chained.

    Raises
    ------
    ExerciseError
        Always.
    """
    lines = [what if what.endswith(".") else f"{what}."]
    for name, value in (on or {}).items():
        if isinstance(value, np.ndarray) and value.size <= PRINTED_ENTRIES:
            name = f"{name}, shape {value.shape}"
        lines.append(_labelled(f"on {name}", value))
    if got is not None:
        lines.append(_labelled("got", got))
    if expected is not None:
        lines.append(_labelled("expected", expected))
    if hint:
        lines.append(f"  Hint: {hint}")
    raise ExerciseError("\n".join(lines)) from cause


def call(name, function, *arguments, on=None, hint=None, **keywords):
    """Return `function(*arguments, **keywords)`, run on copies of the arrays.

    Parameters
    ----------
    name : str
        What the reader calls it: "AvgPool2D(2).forward".
    function : callable
        The reader's.
    on : dict, optional
        As in `fail`.
    hint : str, optional
        For a call that raises.

    Raises
    ------
    ExerciseError
        If the call raises (chained, with the reader's line), or changes an array given to it.
    """
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    try:
        result = function(*given, **keywords)
    except Exception as error:
        # The last line that is the reader's, if any: neither the library's nor this function's.
        steps = traceback.extract_tb(error.__traceback__)[1:]
        own = [step for step in steps if not step.filename.startswith(NOT_THE_READERS)]
        line = f", at line {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else ""
        said = f": {error}" if str(error) else ""
        if isinstance(error, TypeError) and not own and not hint:
            count = len(arguments) + len(keywords)
            hint = f"it is called with {count} argument{'s' * (count != 1)}; does its def line fit?"
        fail(f"{name} raised {type(error).__name__}{said}{line}", on=on, hint=hint, cause=error)
    for before, after in zip(arguments, given, strict=True):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=True):
            fail(
                f"{name} changes its input in place",
                on=on,
                got=after,
                hint="whoever called you still needs that array; write into a new one",
            )
    return result


def count_steps(function):
    """Return how many lines of Python `function()` runs: a measure of its loops.

    Unlike a time, it is the same on every machine. NumPy's own lines do not count: printing an
    array is a loop, too. A debugger that follows the lines is given its place back.
    """
    steps = 0

    def step(frame, event, argument):
        nonlocal steps
        if frame.f_code.co_filename.startswith(NUMPY):
            return None
        steps += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        function()
    finally:
        sys.settrace(before)
    return steps


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
