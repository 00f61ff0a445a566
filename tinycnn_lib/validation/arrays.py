"""Guards of arrays: batches of images, rows of features, gradients, labels."""

import numpy as np

from tinycnn_lib.validation.settings import describe


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
    value = as_array(name, value)
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
    value = as_array(name, value)
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
