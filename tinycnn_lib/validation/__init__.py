"""One guard per kind of bad input; every message says what came, what was expected, what to type.

A guard returns its argument in the form that the caller computes with, or raises. A caller runs
all its guards before it changes anything, so a refused call leaves no trace.
"""

from tinycnn_lib.validation.arrays import (
    NotFiniteError,
    NotRunForwardError,
    class_labels,
    feature_rows,
    float_array,
    gradient,
    image_batch,
)
from tinycnn_lib.validation.parameters import matching, parameter, trainable
from tinycnn_lib.validation.settings import (
    choice,
    describe,
    function,
    generator,
    instance,
    integer,
    real,
)

__all__ = [
    "NotFiniteError",
    "NotRunForwardError",
    "choice",
    "class_labels",
    "describe",
    "feature_rows",
    "float_array",
    "function",
    "generator",
    "gradient",
    "image_batch",
    "instance",
    "integer",
    "matching",
    "parameter",
    "real",
    "trainable",
]
