"""TinyCNN: a convolutional network in NumPy, small enough to follow number by number.

The numerical names are here; figures are in `tinycnn_lib.plotting`, source listings in
`tinycnn_lib.display`, checkers in `tinycnn_lib.exercises`. Importing this package imports NumPy
and nothing heavier.
"""

from tinycnn_lib.datasets import CLASS_NAMES, base_pattern, make_dataset_bundle, traced_image
from tinycnn_lib.gradients import gradient_check, numerical_gradient, relative_error
from tinycnn_lib.layer import Layer
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from tinycnn_lib.losses import softmax, softmax_cross_entropy
from tinycnn_lib.models import Sequential, TinyCNN, summarize
from tinycnn_lib.optimizers import SGD, Adam, Momentum, Optimizer
from tinycnn_lib.training import DivergenceError, History, fit, train_epoch
from tinycnn_lib.weights import load_weights, save_weights

__all__ = [
    "CLASS_NAMES",
    "SGD",
    "Adam",
    "Conv2D",
    "Dense",
    "DivergenceError",
    "Flatten",
    "History",
    "Layer",
    "MaxPool2D",
    "Momentum",
    "Optimizer",
    "ReLU",
    "Sequential",
    "TinyCNN",
    "base_pattern",
    "fit",
    "gradient_check",
    "load_weights",
    "make_dataset_bundle",
    "numerical_gradient",
    "relative_error",
    "save_weights",
    "softmax",
    "softmax_cross_entropy",
    "summarize",
    "traced_image",
    "train_epoch",
]
