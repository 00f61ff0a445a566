"""Checkers for the exercises: one for each that has code or a number as its answer.

A right answer prints one line. A wrong one raises `ExerciseError`, which says what failed, on
which small input, what came and what was expected.
"""

from tinycnn_lib.exercises._base import ExerciseError
from tinycnn_lib.exercises.chapter22 import (
    check_adjoint,
    check_diagonal_filter,
    check_output_sizes,
    check_receptive_field,
    check_separable,
    check_strided_conv,
)

__all__ = [
    "ExerciseError",
    "check_adjoint",
    "check_diagonal_filter",
    "check_output_sizes",
    "check_receptive_field",
    "check_separable",
    "check_strided_conv",
]
