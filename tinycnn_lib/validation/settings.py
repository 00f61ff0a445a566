"""Guards of settings: sizes, rates, seeds, names, objects; and how a message describes a value."""

import inspect
import math
import numbers
import operator

import numpy as np


def describe(value):
    """Return a short description of `value` for a message: its shape if it has one."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # a message must come even for an object that cannot show itself
        text = "something that cannot be shown"
    return f"{text[:60] + '...' if len(text) > 60 else text} ({type(value).__name__})"


def integer(name, value, at_least=1):
    """Return `value` as an int of at least `at_least`.

    Raises
    ------
    TypeError
        If it is not an integer (a bool is not).
    ValueError
        If it is too small.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {describe(value)}") from None
    if number < at_least:
        raise ValueError(f"{name}: expected an integer of at least {at_least}, got {number}")
    return number


def real(name, value, low=-math.inf, high=math.inf, open_low=False):
    """Return `value` as a finite float in [`low`, `high`], or in (`low`, `high`] if `open_low`.

    Raises
    ------
    TypeError
        If it is not one real number (a bool is not).
    ValueError
        If it is not finite or out of range.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number, got {describe(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer or a fraction beyond the largest float
        number = math.inf if value > 0 else -math.inf
    too_low = number <= low if open_low else number < low
    if not math.isfinite(number) or too_low or number > high:
        bounds = f"{'(' if open_low else '['}{low:g}, {high:g}{']' if high < math.inf else ')'}"
        raise ValueError(f"{name}: expected a finite number in {bounds}, got {number:g}")
    return number


def generator(name, seed):
    """Return the random generator of `seed`, a non-negative integer, or `seed` if it is one.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(integer(name, seed, at_least=0))


def choice(name, value, known):
    """Return `value` if it is one of the names `known`.

    Raises
    ------
    TypeError
        If it is not a string.
    ValueError
        If it is not one of them.
    """
    names = ", ".join(map(repr, known))
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected one of {names}, got {describe(value)}")
    if value not in known:
        raise ValueError(f"{name}: expected one of {names}, got {value!r}")
    return value


def instance(name, value, kind, words):
    """Return `value` if it is an instance of `kind`, which `words` describe in the message.

    Raises
    ------
    TypeError
        If it is not, or is the class itself.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {words}, got {describe(value)}")
    return value


def function(name, value, words):
    """Return `value` if it is None or takes the arguments in `words`, "a function (x, y)".

    So a function that does not fit is refused at once, not when it is called after an hour.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if value is None:
        return value
    if not callable(value):
        raise TypeError(f"{name}: expected {words}, got {describe(value)}")
    try:
        signature = inspect.signature(value)
    except ValueError:  # some compiled functions have none that could be read
        return value
    arguments = words[words.index("(") + 1 : words.index(")")].split(", ")
    try:
        signature.bind(*arguments)
    except TypeError:
        raise TypeError(
            f"{name}: expected {words}, got one that takes {signature}; "
            f"write def {name}({', '.join(arguments)}):"
        ) from None
    return value
