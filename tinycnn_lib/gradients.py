"""Numerical gradients: the check from outside for every `backward`.

Arguments that are not as described raise a TypeError or a ValueError.
"""

import numbers

import numpy as np

from tinycnn_lib import validation as check

NUMBERS = "pass numbers, for example np.asarray(values, dtype=float)"


def numerical_gradient(function, array, step=1e-6):
    """Estimate the gradient of a scalar function by central differences, entry by entry.

    (f(a + h) - f(a - h)) / (2 h), whose truncation error falls with h squared while its
    round-off error grows with 1 / h [Press et al. 2007, Section 5.7].

    Parameters
    ----------
    function : callable without arguments, returning a float
        It reads `array` (as a loss reads the weights of its network).
    array : ndarray of float64
        Changed one entry at a time and given back unchanged, even if `function` raises.
    step : float, positive
        The h. From 1e-6 to 1e-5 is best for numbers near 1.

    Returns
    -------
    ndarray of float64, `array`'s shape
    """
    if not callable(function):
        raise TypeError(
            f"function: expected a function without arguments, got {function!r}; "
            "pass lambda: loss(), not loss()"
        )
    _check_float64(array)
    step = check.real("step", step, low=0, open_low=True)
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept = array[index]
        try:
            array[index] = kept + step
            above = _value(function)
            array[index] = kept - step
            below = _value(function)
        finally:
            array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(a, b, floor=1e-8):
    """Return `|a - b| / max(|a|, |b|, floor)`, entry by entry: 0 if equal, at most 2.

    NaN where an entry is not finite.

    Parameters
    ----------
    a, b : array_like of the same shape
    floor : float, positive
        Differences far below it do not count: there both sides are round-off.
    """
    floor = check.real("floor", floor, low=0, open_low=True)
    a, b = (check.real_array(name, value, NUMBERS) for name, value in (("a", a), ("b", b)))
    if a.shape != b.shape:
        raise ValueError(f"a, b: expected the same shape, got {a.shape} and {b.shape}")
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
    with np.errstate(invalid="ignore"):  # infinity by infinity is NaN
        return np.abs(a / scale - b / scale)  # divided first: the difference may overflow


def gradient_check(function, arrays, gradients, step=1e-6):
    """Compare gradients with central differences and return the worst relative error of each.

    Parameters
    ----------
    function : callable without arguments, returning a float
        The loss, computed from the present entries of `arrays`.
    arrays : dict of str to ndarray
        For a network: `model.parameters()`.
    gradients : dict of str to ndarray
        Under the same names: `model.gradients()` after `backward`.
    step : float, positive
        As in `numerical_gradient`.

    Returns
    -------
    dict of str to float
        Below 1e-6 is right; above 1e-2 is a bug; between them look for a corner of ReLU or a tie
        within `step`.
    """
    for name, value in (("arrays", arrays), ("gradients", gradients)):
        if not isinstance(value, dict):
            raise TypeError(
                f"{name}: expected a dict of arrays by name, got {value!r:.60}; "
                f"for one array pass {{'w': w}}, for a network model.parameters() and "
                "model.gradients()"
            )
    if not arrays or not all(np.size(array) for array in arrays.values()):
        raise ValueError("arrays: expected at least one number to check, got none")
    if set(arrays) != set(gradients):
        raise ValueError(f"gradients: expected the names {sorted(arrays)}, got {sorted(gradients)}")
    for name, value in gradients.items():
        if value is None:
            raise ValueError(
                f"gradients[{name!r}]: expected an array, got None; run backward first"
            )
    gradients = {  # copies, because the loss may run the network again
        name: check.real_array(f"gradients[{name!r}]", value, NUMBERS).copy()
        for name, value in gradients.items()
    }
    return {
        name: float(
            relative_error(gradients[name], numerical_gradient(function, array, step)).max()
        )
        for name, array in arrays.items()
    }


def _check_float64(array):
    """Refuse what cannot be nudged by a small step; in float32 two digits of it would be left."""
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        raise TypeError(
            "array: expected an ndarray of float64 that function reads, "
            f"got {getattr(array, 'dtype', type(array).__name__)}; "
            "pass the array itself, for example model.conv.weights"
        )
    if not array.flags.writeable:
        raise ValueError("array: expected one that may be changed, got a read-only one")


def _value(function):
    """Return what `function()` returns, if it is one number."""
    value = function()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, numbers.Real):
        came = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise TypeError(
            f"function: expected one that returns a number, got {came} from it; "
            "is there a return at its end, and is it the loss that it returns?"
        )
    return value
