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
from tinycnn_lib.exercises.chapter22_pieces import (
    check_conv2d_loops,
    check_output_size,
    check_slide,
    check_slide_over,
)
from tinycnn_lib.exercises.chapter23 import check_output_shape, check_parameter_sharing
from tinycnn_lib.exercises.chapter23_avgpool import check_avgpool2d
from tinycnn_lib.exercises.chapter23_model import check_four_class_model
from tinycnn_lib.exercises.chapter23_pieces import (
    check_conv2d,
    check_cross_entropy,
    check_dense,
    check_flatten,
    check_maxpool,
    check_my_cnn,
    check_one_number,
    check_relu,
    check_softmax,
)
from tinycnn_lib.exercises.chapter24 import (
    check_avgpool2d_backward,
    check_momentum_steps,
    check_scatter_law,
    check_step_decay,
    check_steps_per_epoch,
    check_weight_decay,
)
from tinycnn_lib.exercises.chapter24_bug_hunt import bug_hunt_networks, check_bug_hunt
from tinycnn_lib.exercises.chapter24_pieces import (
    check_central_differences,
    check_conv_input,
    check_conv_parameters,
    check_dense_backward,
    check_loss_gradient,
    check_maxpool_backward,
    check_momentum_step,
    check_one_epoch,
    check_relu_backward,
)
from tinycnn_lib.exercises.my_network import check_my_network, kept

__all__ = [
    "ExerciseError",
    "bug_hunt_networks",
    "check_adjoint",
    "check_avgpool2d",
    "check_avgpool2d_backward",
    "check_bug_hunt",
    "check_central_differences",
    "check_conv2d",
    "check_conv2d_loops",
    "check_conv_input",
    "check_conv_parameters",
    "check_cross_entropy",
    "check_dense",
    "check_dense_backward",
    "check_diagonal_filter",
    "check_flatten",
    "check_four_class_model",
    "check_loss_gradient",
    "check_maxpool",
    "check_maxpool_backward",
    "check_momentum_step",
    "check_momentum_steps",
    "check_my_cnn",
    "check_my_network",
    "check_one_epoch",
    "check_one_number",
    "check_output_shape",
    "check_output_size",
    "check_output_sizes",
    "check_parameter_sharing",
    "check_receptive_field",
    "check_relu",
    "check_relu_backward",
    "check_scatter_law",
    "check_separable",
    "check_slide",
    "check_slide_over",
    "check_softmax",
    "check_step_decay",
    "check_steps_per_epoch",
    "check_strided_conv",
    "check_weight_decay",
    "kept",
]
