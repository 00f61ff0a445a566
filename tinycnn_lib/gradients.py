"""Gradients by finite differences: the outside truth that every `backward` is checked against."""

from numbers import Real

import numpy as np


def _value(function):
    """Return what `function()` returns, if it is one number."""
    value = function()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, Real):
        came = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise TypeError(
            f"function: expected one that returns a number, got {came} from it; "
            "is there a return at its end, and is it the loss that it returns?"
        )
    return value


def _numbers(name, value):
    """Return `value` as an array of float64."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected an array of real numbers, got {value!r:.60}")
    return array.astype(float)


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
        The h. Near 1e-6 is best for numbers near 1.

    Returns
    -------
    ndarray of float64, `array`'s shape

    Raises
    ------
    TypeError
        If `function` is not callable or returns no number, or `array` is not an ndarray of
        float64: in float32, a + 1e-6 has one or two right digits of the step left.
    ValueError
        If `array` is read-only, or `step` is not positive and finite.
    """
    if not callable(function):
        raise TypeError(
            f"function: expected a function without arguments, got {function!r}; "
            "pass lambda: loss(), not loss()"
        )
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        raise TypeError(
            "array: expected an ndarray of float64 that function reads, "
            f"got {getattr(array, 'dtype', type(array).__name__)}; "
            "pass the array itself, for example model.conv.weights"
        )
    if not array.flags.writeable:
        raise ValueError("array: expected one that may be changed, got a read-only one")
    if isinstance(step, bool) or not isinstance(step, Real) or not 0 < step < np.inf:
        raise ValueError(f"step: expected a positive finite number, got {step!r}; try 1e-6")
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

    Raises
    ------
    TypeError
        If `a` or `b` does not hold real numbers.
    ValueError
        If the shapes differ, so that a bias summed too far cannot hide behind broadcasting; if
        `floor` is not positive.
    """
    if not isinstance(floor, Real) or not floor > 0:
        raise ValueError(f"floor: expected a positive number, got {floor!r}; try 1e-8")
    a, b = _numbers("a", a), _numbers("b", b)
    if a.shape != b.shape:
        raise ValueError(f"a, b: expected the same shape, got {a.shape} and {b.shape}")
    with np.errstate(invalid="ignore"):  # of an infinity nothing can be said: NaN
        return np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)


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

    Raises
    ------
    TypeError, ValueError
        If the names or a shape differ, there is nothing to check, or an array is not one of
        float64.
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
    gradients = {name: _numbers(f"gradients[{name!r}]", value) for name, value in gradients.items()}
    return {
        name: float(
            relative_error(gradients[name], numerical_gradient(function, array, step)).max()
        )
        for name, array in arrays.items()
    }
