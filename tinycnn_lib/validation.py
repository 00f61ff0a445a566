"""One guard per kind of bad input; every message says what came, what was expected, what to type.

A guard returns its argument in the form that the caller computes with. A wrong type raises a
TypeError, a wrong value a ValueError. A caller runs all its guards before it changes anything, so
a refused call leaves no trace.
"""

import inspect
import math
import numbers
import operator
import re

import numpy as np


def describe(value):
    """Return a short description of `value` for a message: its shape if it has one."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))  # where in memory helps nobody
    except Exception:  # a message must come even for an object that cannot show itself
        text = "something that cannot be shown"
    return f"{text[:60] + '...' if len(text) > 60 else text} ({type(value).__name__})"


def integer(name, value, at_least=1):
    """Return `value` as an int of at least `at_least`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {describe(value)}") from None
    if number < at_least:
        raise ValueError(f"{name}: expected an integer of at least {at_least}, got {number}")
    return number


def real(name, value, low=-math.inf, high=math.inf, open_low=False, open_high=False):
    """Return `value`, one real number (no bool), as a finite float between `low` and `high`.

    The interval is closed, but for an end that is said to be open, or infinite.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number, got {describe(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer or a fraction beyond the largest float
        number = math.inf if value > 0 else -math.inf
    too_low = number <= low if open_low else number < low
    too_high = number >= high if open_high else number > high
    if not math.isfinite(number) or too_low or too_high:
        left = "(" if open_low or low == -math.inf else "["
        right = ")" if open_high or high == math.inf else "]"
        raise ValueError(
            f"{name}: expected a finite number in {left}{low:g}, {high:g}{right}, got {number:g}"
        )
    return number


def generator(name, seed):
    """Return the random generator of `seed`, a non-negative integer, or `seed` if it is one."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(integer(name, seed, at_least=0))


def choice(name, value, known):
    """Return `value` if it is one of the names `known`."""
    names = ", ".join(map(repr, known))
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected one of {names}, got {describe(value)}")
    if value not in known:
        raise ValueError(f"{name}: expected one of {names}, got {value!r}")
    return value


def instance(name, value, kind, words):
    """Refuse what is no instance of `kind`, which `words` describe in the message."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {words}, got {describe(value)}")


def function(name, value, *arguments):
    """Refuse all but None and a function that can be called with `arguments`, by place.

    So a function that does not fit is refused at once, not when it is called after an hour.
    """
    if value is None:
        return
    words = f"a function ({', '.join(arguments)})"
    if not callable(value):
        raise TypeError(f"{name}: expected {words}, got {describe(value)}")
    try:
        signature = inspect.signature(value)
    except ValueError:  # some compiled functions have none that could be read
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise TypeError(
            f"{name}: expected {words}, got one that takes {signature}; "
            f"write def {name}({', '.join(arguments)}):"
        ) from None


class NotRunForwardError(ValueError):
    """`backward` was called before `forward`."""


class NotFiniteError(ValueError):
    """An array holds NaN or an infinity."""


def as_array(name, value):
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
    except Exception as error:  # an object's own conversion failed
        raise TypeError(
            f"{name}: expected an array of numbers, got {describe(value)}: {error}"
        ) from error


def real_array(name, value, advice):
    """Return `value` as a floating-point array, not copied if it is one already.

    A floating dtype is kept; integers and booleans become float64. `advice` ends the message.
    """
    value = as_array(name, value)
    if value.dtype.kind not in "fiub":
        raise TypeError(
            f"{name}: expected an array of real numbers, got {describe(value)}; {advice}"
        )
    return value if value.dtype.kind == "f" else value.astype(np.float64)


def float_array(name, value):
    """Return `value` as a finite floating-point array with at least one entry."""
    value = real_array(name, value, f"convert it, for example np.asarray({name}, dtype=float)")
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
    """Return a batch of feature vectors, shape (N, D); `features` fixes D."""
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


def gradient(name, value, shape, layer):
    """Return the gradient of a layer's output, which has that output's shape."""
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
    """Return `count` integer class labels in 0 ... `classes` - 1."""
    value = as_array(name, value)
    one_hot = f"one-hot rows become indices by np.argmax({name}, axis=1)"
    if value.dtype.kind not in "iu":
        hint = {
            "f": one_hot if value.ndim == 2 else f"indices are np.asarray({name}).astype(int)",
            "U": f"names become indices by np.unique({name}, return_inverse=True)[1]",
        }.get(value.dtype.kind, f"pass {count} numbers from 0 to {classes - 1}")
        raise TypeError(f"{name}: expected integer class labels, got {describe(value)}; {hint}")
    if value.shape != (count,):
        hint = f"; {one_hot}" if value.shape == (count, classes) else ""
        raise ValueError(
            f"{name}: expected one label per row, shape ({count},), got shape {value.shape}{hint}"
        )
    if value.min() < 0 or value.max() >= classes:
        wrong = value[(value < 0) | (value >= classes)][0]
        raise ValueError(f"{name}: expected labels from 0 to {classes - 1}, got {wrong}")
    return value


def parameter(name, value, shape):
    """Return what is put in a parameter's place, an array of real numbers and of its shape."""
    if np.shape(as_array(name, value)) != shape:
        raise ValueError(f"{name}: expected shape {shape}, got shape {np.shape(value)}")
    return real_array(name, value, "put in one of floats, for example np.zeros(shape)")


def trainable(name, value):
    """Return a dict of parameters, each an array of floating dtype that may be changed in place."""
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
    """Refuse all but a dict of arrays with the names and shapes of `like`.

    `advice` ends each message.
    """
    instance(name, value, dict, "a dict of arrays by name")
    if value.keys() != like.keys():
        missing = [key for key in like if key not in value]
        extra = [key for key in value if key not in like]
        raise ValueError(
            f"{name}: expected the names {list(like)}, got {missing} missing, {extra} unexpected; "
            f"{advice}"
        )
    for key, array in value.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}[{key!r}]: expected an array, got {describe(array)}; {advice}")
        if array.shape != like[key].shape:
            raise ValueError(
                f"{name}[{key!r}]: expected shape {like[key].shape}, got {array.shape}; {advice}"
            )
        real_array(f"{name}[{key!r}]", array, advice)
