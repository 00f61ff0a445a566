"""One guard per kind of bad input; every message says what came, what was expected, what to type.

A guard returns its argument in the form that the caller computes with, or raises. A caller runs
all its guards before it changes anything, so a refused call leaves no trace.
"""

import math
import numbers
import operator

import numpy as np


class NotRunForwardError(ValueError):
    """`backward` was called before `forward`."""


class NotFiniteError(ValueError):
    """An array holds NaN or an infinity."""


def describe(value):
    """Return a short description of `value` for a message: its shape if it has one."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # a message must come even for an object that cannot show itself
        text = "something that cannot be shown"
    return f"{text[:60] + '...' if len(text) > 60 else text} ({type(value).__name__})"


def _array(name, value):
    """Return `value` as a plain ndarray."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: expected an array without a mask, got a masked array; "
            f"say what stands in the gaps, for example {name}.filled(0)"
        )
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{name}: expected a rectangular array of numbers, got rows of different lengths"
        ) from None


def float_array(name, value):
    """Return `value` as a finite floating-point array, not copied if it is one already.

    A floating dtype is kept; integers and booleans become float64.

    Raises
    ------
    TypeError
        If `value` does not hold real numbers, or hides some of them (a masked array).
    ValueError
        If it is ragged or empty, or (NotFiniteError) holds NaN or an infinity.
    """
    value = _array(name, value)
    if value.dtype.kind != "f":
        if value.dtype.kind not in "iub":
            raise TypeError(
                f"{name}: expected an array of real numbers, got {describe(value)}; "
                f"convert it first, for example np.asarray({name}, dtype=float)"
            )
        value = value.astype(np.float64)
    if value.size == 0:
        raise ValueError(f"{name}: expected at least one entry on every axis, got {value.shape}")
    finite = np.isfinite(value)
    if not finite.all():
        where = tuple(np.argwhere(~finite)[0].tolist())
        raise NotFiniteError(
            f"{name}: expected finite numbers, got {value[where]} at index {where}; "
            f"look for it with np.argwhere(~np.isfinite({name}))"
        )
    return value


def _axes_hint(name, shape, channels, size):
    """Return what to type to make an array of this shape, not 4-D, a batch of images."""
    C, (H, W) = channels or "C", size or ("H", "W")
    flat = f"{name}.reshape(-1, {C}, {H}, {W})"
    if size and channels and len(shape) < 3 and shape[-1:] == (channels * H * W,):
        return f"; for flattened images pass {flat}"
    if shape == size:
        return f"; one image without batch and channel axes: pass {name}[None, None]"
    if len(shape) == 2 and size is None:
        return (
            f"; for one image (H, W) pass {name}[None, None], "
            f"for flattened images (N, C H W) pass {flat}"
        )
    if len(shape) == 3:
        return (
            f"; for one image (C, H, W) pass {name}[None], "
            f"for gray images (N, H, W) pass {name}[:, None]"
        )
    return ""


def image_batch(name, value, channels=None, at_least=1, reason=None, size=None):
    """Return a batch of images, shape (N, C, H, W), with H and W at least `at_least`.

    `channels` fixes C, `size` fixes (H, W); `reason` says in the message why `at_least`.

    Raises
    ------
    TypeError, ValueError
        As `float_array`; ValueError also for a wrong rank, channel count or image size.
    """
    value = float_array(name, value)
    if value.ndim != 4:
        hint = _axes_hint(name, value.shape, channels, size)
        raise ValueError(f"{name}: expected shape (N, C, H, W), got {value.shape}{hint}")
    _, c, h, w = value.shape
    if channels not in (None, c):
        hint = f"; for channels last pass {name}.transpose(0, 3, 1, 2)" if w == channels else ""
        raise ValueError(
            f"{name}: expected C = {channels} channels on axis 1, "
            f"got shape {value.shape}, C = {c}{hint}"
        )
    if h < at_least or w < at_least:
        raise ValueError(
            f"{name}: expected H and W of at least {at_least} ({reason}), got shape {value.shape}"
        )
    if size is not None and (h, w) != size:
        raise ValueError(
            f"{name}: expected images of {size[0]} x {size[1]} pixels, got shape {value.shape}"
        )
    return value


def feature_rows(name, value, features=None):
    """Return a batch of feature vectors, shape (N, D); `features` fixes D.

    Raises
    ------
    TypeError, ValueError
        As `float_array`; ValueError also for a wrong rank or feature count.
    """
    value = float_array(name, value)
    if value.ndim != 2:
        hint = {
            1: f"; for one vector pass {name}[None]",
            4: f"; flatten images first: Flatten().forward({name})",
        }.get(value.ndim, "")
        raise ValueError(f"{name}: expected shape (N, D), got {value.shape}{hint}")
    d = value.shape[1]
    if features not in (None, d):
        raise ValueError(
            f"{name}: expected D = {features} features on axis 1, got shape {value.shape}, D = {d}"
        )
    return value


def parameter(name, value, shape, dtype):
    """Return a layer's weights or bias in `dtype`, if they still have the layer's shape.

    A reader may put a filter of their own into a layer: the shape must stay, the dtype need not.

    Raises
    ------
    TypeError
        If it does not hold real numbers, or hides some of them (a masked array).
    ValueError
        If it is ragged, or the shape is another one.
    """
    value = _array(name, value)
    if value.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got shape {value.shape}")
    if value.dtype.kind not in "fiub":
        raise TypeError(
            f"{name}: expected an array of real numbers, got {describe(value)}; "
            "put in one of floats, for example np.zeros(shape)"
        )
    return value.astype(dtype, copy=False)


def gradient(name, value, shape, layer):
    """Return the gradient of a layer's output, which has that output's shape.

    Raises
    ------
    NotRunForwardError
        If `shape` is None: the layer has no output yet.
    TypeError, ValueError
        As `float_array`; ValueError also for another shape.
    """
    if shape is None:
        raise NotRunForwardError(
            f"{layer}.backward: expected a call of forward first, got none; "
            "backward needs what forward saw"
        )
    value = float_array(name, value)
    if value.shape != shape:
        raise ValueError(
            f"{name}: expected the shape of {layer}'s last output, {shape}, got {value.shape}"
        )
    return value


def class_labels(name, value, count, classes):
    """Return `count` integer class labels in 0 ... `classes` - 1.

    Raises
    ------
    TypeError
        If the labels are not integers.
    ValueError
        If there are not `count` of them in one dimension, or one is out of range.
    """
    value = _array(name, value)
    if value.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: expected integer class labels, got {describe(value)}; "
            f"class indices are np.asarray({name}).astype(int), "
            f"one-hot rows become indices by {name}.argmax(axis=1)"
        )
    if value.shape != (count,):
        raise ValueError(
            f"{name}: expected one label per row, shape ({count},), got shape {value.shape}"
        )
    if value.min() < 0 or value.max() >= classes:
        wrong = value[(value < 0) | (value >= classes)][0]
        raise ValueError(f"{name}: expected labels from 0 to {classes - 1}, got {wrong}")
    return value


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
    """Return `value` if it is None or can be called; `words` say in the message with what.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if value is not None and not callable(value):
        raise TypeError(f"{name}: expected {words}, got {describe(value)}")
    return value


def trainable(name, value):
    """Return a dict of parameters, each an array of floating dtype that may be changed in place.

    Raises
    ------
    TypeError
        If it is not a dict, or a parameter not such an array.
    ValueError
        If it is empty.
    """
    instance(name, value, dict, "a dict of arrays by name, such as model.parameters()")
    if not value:
        raise ValueError(f"{name}: expected at least one array, got none; what should be learned?")
    for key, array in value.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            raise TypeError(
                f"{name}[{key!r}]: expected an array of floating dtype, got {describe(array)}; "
                "convert it, for example np.array(weights, dtype=float)"
            )
        if not array.flags.writeable:
            raise TypeError(
                f"{name}[{key!r}]: expected an array that may be changed, got a read-only one; "
                "put a copy in its place, for example weights.copy()"
            )
    return value


def matching(name, value, like, advice):
    """Return a dict of arrays with the names and shapes of `like`; `advice` ends each message.

    Raises
    ------
    TypeError
        If it is not a dict, or an entry not an array of real numbers.
    ValueError
        If names or a shape differ.
    """
    instance(name, value, dict, "a dict of arrays by name")
    if value.keys() != like.keys():
        raise ValueError(f"{name}: expected the names {list(like)}, got {list(value)}; {advice}")
    for key, array in value.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}[{key!r}]: expected an array, got {describe(array)}; {advice}")
        if array.shape != like[key].shape:
            raise ValueError(
                f"{name}[{key!r}]: expected shape {like[key].shape}, got {array.shape}; {advice}"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"{name}[{key!r}]: expected an array of real numbers, got {describe(array)}; "
                f"{advice}"
            )
    return value
