"""Checkers of Chapter 23."""

from tinycnn_lib.exercises._answers import (
    expect_integer,
    expect_shape,
)
from tinycnn_lib.exercises._base import fail, praise


def check_output_shape(shape, parameter_count):
    """Check "Output shape and parameter count": Conv2D(3, 8, 5) on a batch (16, 3, 32, 32).

    Parameters
    ----------
    shape : tuple of int, (N, F, H_out, W_out)
    parameter_count : int
        Weights and biases.

    Raises
    ------
    ExerciseError
        If one of them is wrong; the message says which, and what to think about.
    """
    remarks = []
    shape = expect_shape(
        "shape",
        shape,
        4,
        rounding="a kernel that fits only in part does not count: round down",
        remarks=remarks,
    )
    N, C, F, k, side = 16, 3, 8, 5, 32
    fits = side - k + 1
    on = {"layer": "Conv2D(3, 8, 5)", "input": "shape (16, 3, 32, 32)"}
    if shape == (N, fits, fits, F):
        hint = "the four numbers are right, their order is not: the channels stand before the rows"
        fail("shape has its axes in the wrong order", on=on, got=shape, hint=hint)
    if shape[0] != N:
        hint = "the layer treats every image by itself: as many come out as go in"
        if shape[:2] == (F, N):
            hint = "the first axis counts the images, the second the channels"
        fail("shape[0], the number of images, is wrong", on=on, got=shape[0], hint=hint)
    if shape[1] != F:
        hint = "each filter makes one output channel, however many channels it looks at"
        fail("shape[1], the number of channels, is wrong", on=on, got=shape[1], hint=hint)
    for axis, name in ((2, "rows"), (3, "columns")):
        if shape[axis] != fits:
            hint = {
                side: "nothing is padded, so the kernel cannot be centered on a pixel at the edge",
                side
                - k: "off by one: a kernel of side 5 on a row of 5 pixels has one place, not 0",
            }.get(shape[axis], "at how many places does a kernel of side 5 fit into a row of 6? 7?")
            fail(
                f"shape[{axis}], the number of {name}, is wrong", on=on, got=shape[axis], hint=hint
            )

    parameter_count = expect_integer("parameter_count", parameter_count, remarks=remarks)
    if parameter_count != F * C * k * k + F:
        hint = {
            F * C * k * k: "you have counted the weights; what else does the layer learn?",
            F * C * k * k + C: "the weights are right; how many biases belong to one filter?",
            F * C * k * k + 1: "the weights are right; how many biases belong to one filter?",
            F * k * k
            + F: "a filter looks at every input channel, with weights of its own for each",
            C * k * k: "that is one filter's weights; how many filters are there?",
            C * k * k + 1: "that is one filter and its bias; how many filters are there?",
            F * C * k + F: "a kernel has two sides",
            (F * C * k * k + F) * N: "all images of the batch share the same parameters",
        }.get(parameter_count, "count one filter first: its weights, then its bias")
        fail("parameter_count is wrong", on=on, got=parameter_count, hint=hint)
    praise("the shape and the number of parameters.", remarks)


def check_parameter_sharing(local_count, dense_count):
    """Check "Where the parameters go": from 64 pixels to the 108 numbers of TinyCNN's feature maps.

    Parameters
    ----------
    local_count : int
        Parameters if each of the 108 numbers sees its 3 x 3 patch only, with weights and a bias of
        its own.
    dense_count : int
        Parameters if each of them sees all 64 pixels, with weights and a bias of its own.

    Raises
    ------
    ExerciseError
        If one of them is wrong; the message says which, and what to think about.
    """
    remarks = []
    local_count = expect_integer("local_count", local_count, remarks=remarks)
    dense_count = expect_integer("dense_count", dense_count, remarks=remarks)
    for name, count, seen in (("local_count", local_count, 9), ("dense_count", dense_count, 64)):
        if count != 108 * (seen + 1):
            hint = {
                108 * (74 - seen): "that is the other count: local means 9 pixels, dense all 64",
                108 * seen: "you have counted the weights; what else has each of the 108?",
                108 * seen + 3: "nothing is shared here, so neither are the biases",
                36 * (seen + 1): "36 places, but how many filters?",
                3 * (9 + 1): "that is what sharing needs; here each place has its own",
                3 * (64 + 1): "that is a dense layer with 3 outputs; here there are 108",
            }.get(count, "count for one of the 108 numbers first")
            fail(f"{name} is wrong", on={"output": "3 maps of 6 x 6"}, got=count, hint=hint)
    praise("both counts. TinyCNN's convolution makes the same maps from 30 parameters.", remarks)
