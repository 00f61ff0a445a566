"""What the checkers expect of an answer that is a number, a shape, a function or an object."""

import inspect
from decimal import Decimal
from numbers import Real

import numpy as np

from tinycnn_lib.exercises._base import fail
from tinycnn_lib.validation import describe


def expect_answer(name, got):
    """Fail if `got` is still the None, or the ..., of the empty answer cell."""
    if got is None or got is ...:
        fail(f"{name} is {'None' if got is None else '...'}: write your own answer first")


def expect_returned(name, got, *, on=None):
    """Fail if `got`, which the reader's `name` returned, is None or ..."""
    if got is None or got is ...:
        if got is ...:
            fail(
                f"{name} returns ...",
                on=on,
                hint="a gap is left: write your own answer for the ...",
            )
        fail(f"{name} returns None", on=on, hint="is there a return with the result at its end?")


def _scalar(got):
    """Return what an array with one number and no axes holds; anything else as it is."""
    return got[()] if isinstance(got, np.ndarray) and got.ndim == 0 else got


def expect_number(name, got, *, on=None, hint=None):
    """Return `got`, any kind of real number, as a finite float, or fail.

    `hint()` is what to say of a number that is not finite.
    """
    expect_answer(name, got)
    value = _scalar(got)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal, np.floating)):
        wanted = "one real number, such as 0.5"
        fail(f"{name} is not a number", on=on, got=describe(got), expected=wanted)
    try:
        number = float(value)
    except (OverflowError, ValueError):  # an integer beyond the largest float; a signaling NaN
        number = np.inf
    if not np.isfinite(number):
        wanted, said = "a finite number", hint and hint()
        fail(f"{name} is not finite", on=on, got=describe(got), expected=wanted, hint=said)
    return number


def expect_integer(name, got, *, on=None, rounding=None, remarks=None):
    """Return `got` as an int, or fail.

    Parameters
    ----------
    name : str
    got : object
        A float with a whole value, or a fraction with denominator 1, is accepted with a remark.
    on : dict, optional
        As in `fail`.
    rounding : str, optional
        What to tell who gives a number with a fraction: "round down".
    remarks : list of str, optional
        As in `expect_form`.

    Raises
    ------
    ExerciseError
        If it is not a whole number.
    """
    expect_answer(name, got)
    value = _scalar(got)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    hint = None
    if isinstance(value, (Real, Decimal, np.floating)) and not isinstance(value, bool):
        if value == value and abs(value) < 2**53 and value == int(value):
            if remarks is not None:
                remarks.append(f"{name} is {describe(got)}; as a whole number it is {int(value)}")
            return int(value)
        hint = rounding
    elif isinstance(value, str):
        hint = "write 7, not '7': a number stands without quotes"
    elif callable(value):
        hint = "the number is asked for, not what computes it; call it and pass what it returns"
    what = f"{name} is not an integer"
    return fail(what, on=on, got=describe(got), expected="a whole number, such as 7", hint=hint)


def expect_shape(name, got, length, *, rounding=None, remarks=None):
    """Return `got`, a tuple, a list or an array of `length` whole numbers, as a tuple, or fail."""
    expect_answer(name, got)
    wanted = f"{length} whole numbers"
    if not isinstance(got, (tuple, list)) and not (isinstance(got, np.ndarray) and got.ndim == 1):
        hint = f"write them in parentheses, with commas between them: ({'7, ' * (length - 1)}7)"
        fail(f"{name} is not a tuple", got=describe(got), expected=wanted, hint=hint)
    if len(got) != length:
        fail(
            f"{name} has the wrong number of axes",
            got=tuple(got),
            expected=f"{length} numbers",
            hint="count the axes from the left: which of N, C, H, W is missing or extra?",
        )
    return tuple(
        expect_integer(f"{name}[{axis}]", side, rounding=rounding, remarks=remarks)
        for axis, side in enumerate(got)
    )


def expect_function(name, got, *parameters):
    """Fail unless `got` is a function that can be called with `parameters`, in this order."""
    expect_answer(name, got)
    wanted = f"a function {name}({', '.join(parameters)})"
    if isinstance(got, type) or not callable(got):
        hint = f"pass the function itself: {name}, without parentheses after it"
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


def expect_class(name, got):
    """Fail unless `got` is a class."""
    expect_answer(name, got)
    if not isinstance(got, type):
        fail(
            f"{name} is not a class: its checker wants the class itself",
            got=describe(got),
            hint=f"pass {name} without parentheses, after you have run the cell that defines it",
        )


def expect_method(what, thing, *names):
    """Fail unless `thing` has every one of the methods `names`."""
    expect_answer(what, thing)
    for name in names:
        if not callable(getattr(thing, name, None)):
            hint = f"write def {name}(self, ...) in its class"
            fail(f"{what} has no method {name}", got=describe(thing), hint=hint)
