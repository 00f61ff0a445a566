"""What the checkers share: run the reader's code, and say readably what is wrong.

A checker shows a small input, what came and what was expected, and a hint; never the code. What
it expects is in `_arrays` and `_answers`.
"""

import copy
import gc
import sys
import textwrap
import traceback
import tracemalloc
from pathlib import Path

import numpy as np

from tinycnn_lib.validation import describe

NUMPY = str(Path(np.__file__).parent)
# Folders whose lines are not shown to a reader whose code raised: this package's, and NumPy's.
NOT_THE_READERS = (str(Path(__file__).parent.parent), NUMPY)
WIDTH = 80  # columns of what is printed
PRINTED_ENTRIES, PRINTED_LINES = 64, 12  # a larger array is described by its shape


class ExerciseError(AssertionError):
    """An answer is not right yet; the message says which property failed, and on which input."""

    def _render_traceback_(self):
        """Let a notebook show the message alone: the checker's own lines are no help."""
        return [f"ExerciseError: {self}"]


def praise(text, remarks=()):
    """Print what a right answer gets, and a note for each different remark."""
    print(_wrapped(f"Right: {text}"))
    for remark in dict.fromkeys(remarks):
        print(_wrapped(f"  Note: {remark}.", indent="  "))


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
        if value.dtype.kind == "f":
            value = value + 0.0  # no -0.: whether a zero has a sign tells a reader nothing
        text = np.array2string(value, precision=4, suppress_small=True, max_line_width=WIDTH - 4)
        lines = text.count("\n") + 1
        return text if lines <= PRINTED_LINES else f"an array of shape {value.shape}"
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}"
    if isinstance(value, np.integer):
        return str(value)
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


def _difference(got, expected):
    """Return the largest difference between numbers, or the types of what only looks the same."""
    try:
        return f"up to {np.abs(np.subtract(got, expected)).max():.3g}"
    except Exception:  # no numbers
        return f"{describe(got)}, not {describe(expected)}"


def _wrapped(text, indent=""):
    """Break a sentence at WIDTH columns, between words."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


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
    lines = [_wrapped(what if what.endswith(".") else f"{what}.")]
    if got is not None:
        lines.append(_labelled("got", got))
    if expected is not None:
        lines.append(_labelled("expected", expected))
    if got is not None and expected is not None and show(got) == show(expected):
        lines.append(_labelled("difference", _difference(got, expected)))
    for name, value in (on or {}).items():
        if isinstance(value, np.ndarray) and value.size <= PRINTED_ENTRIES:
            name = f"{name}, shape {value.shape}"
        lines.append(_labelled(f"on {name}", value))
    if hint:
        lines.append(_wrapped(f"  Hint: {hint}", indent=8 * " "))
    raise ExerciseError("\n".join(lines)) from cause


def _unchanged(before, after):
    """Return whether a copy that the reader's code was given is still what it was."""
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    return before == after if isinstance(before, (list, dict)) else True


def call(name, function, *arguments, on=None, hint=None, **keywords):
    """Return `function(*arguments, **keywords)`, run on copies of the arrays and lists.

    Parameters
    ----------
    name : str
        What the reader calls it: "AvgPool2D(2).forward".
    function : callable
        The reader's.
    on : dict, optional
        As in `fail`.
    hint : str, or callable () to str or None, optional
        For a call that raises.

    Raises
    ------
    ExerciseError
        If the call raises (chained, with the reader's line), or changes an array given to it.
    """
    given = [copy.deepcopy(a) if isinstance(a, (np.ndarray, list, dict)) else a for a in arguments]
    try:
        result = function(*given, **keywords)
    except Exception as error:
        # The last line that is the reader's, if any: neither the library's nor this function's.
        steps = traceback.extract_tb(error.__traceback__)[1:]
        own = [step for step in steps if not step.filename.startswith(NOT_THE_READERS)]
        line = f", at line {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else ""
        said = f": {error}" if str(error) else ""
        hint = hint() if callable(hint) else hint
        if isinstance(error, TypeError) and "argument" in str(error) and not own and not hint:
            count = len(arguments) + len(keywords)
            hint = f"it is called with {count} argument{'s' * (count != 1)}; does its def line fit?"
        fail(f"{name} raised {type(error).__name__}{said}{line}", on=on, hint=hint, cause=error)
    for before, after in zip(arguments, given, strict=True):
        if not _unchanged(before, after):
            fail(
                f"{name} changes its input in place",
                on=on,
                got=after,
                hint="whoever called you still needs it as it was; write into a new one",
            )
    return result


def count_steps(function):
    """Return how many lines of Python `function()` runs: a measure of its loops.

    Unlike a time, it is the same on every machine. NumPy's own lines do not count:
    printing an array is a loop, too. The trace function of a debugger is restored.
    """
    steps = 0

    def step(frame, event, argument):
        nonlocal steps
        if frame.f_code.co_filename.startswith(NUMPY):
            return None
        steps += event == "line"
        return step

    before = sys.gettrace()
    collecting = gc.isenabled()
    gc.disable()  # or what it cleans up is counted, too
    sys.settrace(step)
    try:
        function()
    finally:
        sys.settrace(before)
        if collecting:
            gc.enable()
    return steps


def peak_memory(function):
    """Return how many bytes `function()` holds at most, beyond what was held before."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        function()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not tracing:
            tracemalloc.stop()
    return peak - before
