"""Guards of parameters: one layer's array, and the dicts that optimizers and files take."""

import numpy as np

from tinycnn_lib.validation.arrays import as_array
from tinycnn_lib.validation.settings import describe, instance


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
    value = as_array(name, value)
    if value.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got shape {value.shape}")
    if value.dtype.kind not in "fiub":
        raise TypeError(
            f"{name}: expected an array of real numbers, got {describe(value)}; "
            "put in one of floats, for example np.zeros(shape)"
        )
    return value.astype(dtype, copy=False)


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
