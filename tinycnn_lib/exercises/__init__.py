"""Checkers for the exercises: one for each that has code or a number as its answer.

A right answer prints one line. A wrong one raises `ExerciseError`, which says what failed, on
which small input, what came and what was expected.
"""

from tinycnn_lib.exercises._base import ExerciseError
from tinycnn_lib.exercises.chapter22 import (
    check_diagonal_filter,
    check_output_sizes,
    check_separable,
)
from tinycnn_lib.exercises.chapter22_code import (
    check_adjoint,
    check_receptive_field,
    check_strided_conv,
)
from tinycnn_lib.exercises.chapter23 import check_output_shape, check_parameter_sharing
from tinycnn_lib.exercises.chapter23_avgpool import check_avgpool2d
from tinycnn_lib.exercises.chapter23_model import check_four_class_model
from tinycnn_lib.exercises.chapter24 import (
    check_avgpool2d_backward,
    check_momentum_steps,
    check_scatter_law,
    check_step_decay,
    check_steps_per_epoch,
    check_weight_decay,
)
from tinycnn_lib.exercises.chapter24_bug_hunt import bug_hunt_networks, check_bug_hunt

__all__ = [
    "ExerciseError",
    "bug_hunt_networks",
    "check_adjoint",
    "check_avgpool2d",
    "check_avgpool2d_backward",
    "check_bug_hunt",
    "check_diagonal_filter",
    "check_four_class_model",
    "check_momentum_steps",
    "check_output_shape",
    "check_output_sizes",
    "check_parameter_sharing",
    "check_receptive_field",
    "check_scatter_law",
    "check_separable",
    "check_step_decay",
    "check_steps_per_epoch",
    "check_strided_conv",
    "check_weight_decay",
]
