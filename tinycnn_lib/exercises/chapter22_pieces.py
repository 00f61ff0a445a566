"""The pieces that a reader of Chapter 22 writes: from one row to a whole layer."""

import numpy as np

from tinycnn_lib import loops
from tinycnn_lib.datasets import traced_image
from tinycnn_lib.exercises._arrays import expect_array
from tinycnn_lib.exercises._base import call, sample
from tinycnn_lib.exercises._piece import Piece
from tinycnn_lib.exercises.chapter22_code import whole_numbers
from tinycnn_lib.models import TinyCNN


def _slide(x, w):
    k = len(w)
    return np.array([(w * x[i : i + k]).sum() for i in range(len(x) - k + 1)], dtype=float)


def _row_cases():
    for seed, (W, k) in enumerate(((4, 2), (5, 3), (8, 3), (3, 3), (6, 1), (9, 4))):
        yield {"x": whole_numbers((W,), seed), "w": whole_numbers((k,), 50 + seed)}
    yield {"x": sample((7,), 1), "w": sample((3,), 2) / 2}


SLIDE = Piece(
    name="slide",
    right=_slide,
    cases=_row_cases,
    praise="one output for each place where the filter fits.",
    mistakes={
        "the last place is missing: the filter fits once more": lambda x, w: _slide(x, w)[:-1],
        "the filter is turned: w[0] lies on the first number of the patch": (
            lambda x, w: _slide(x, w[::-1])
        ),
        "only one product is left of each patch: add to y[i] with +=": (
            lambda x, w: _slide(x[len(w) - 1 :], w[-1:])
        ),
        "every output is multiplied, none is added up": (
            lambda x, w: np.array(
                [np.prod(w * x[i : i + len(w)]) for i in range(len(_slide(x, w)))]
            )
        ),
        "the patch does not move: the number under w[u] is x[i + u]": (
            lambda x, w: np.full(len(x) - len(w) + 1, (w * x[: len(w)]).sum())
        ),
        "whole numbers cannot hold a fraction: np.zeros makes an array of floats": (
            lambda x, w: _slide(x, w).astype(int)
        ),
    },
)


def check_slide(slide, keep=False):
    """Check the piece "One row": a filter that slides along a row.

    Parameters
    ----------
    slide : callable (x, w)
        From a row (W,) and a filter (k,) to (W - k + 1,).
    keep : bool
        Write a right answer into my_cnn.py, for the last section of Chapter 24.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    SLIDE.check(slide, keep)


def _slide_over(image, kernel):
    return loops.conv2d_forward(image[None, None], kernel[None, None], np.zeros(1))[0, 0]


def _image_cases():
    sizes = ((3, 4, 2), (4, 3, 2), (5, 5, 3), (3, 5, 3), (3, 3, 3), (2, 4, 1), (7, 6, 4))
    for seed, (H, W, k) in enumerate(sizes):
        yield {"image": whole_numbers((H, W), seed), "kernel": whole_numbers((k, k), 50 + seed)}
    yield {"image": sample((6, 5), 1), "kernel": sample((3, 3), 2) / 2}


def _one_axis(image, kernel):
    """Return sums over the columns of the window only: those of its first row."""
    y, k = _slide_over(image, kernel), len(kernel)
    first = loops.conv2d_forward(
        image[None, None], np.vstack([kernel[:1], np.zeros((k - 1, k))])[None, None], np.zeros(1)
    )
    return first[0, 0].reshape(y.shape)


def _matrix_product(image, kernel):
    """Return the sums of the matrix products of kernel and patch."""
    y, k = _slide_over(image, kernel), len(kernel)
    for i, j in np.ndindex(y.shape):
        y[i, j] = (kernel @ image[i : i + k, j : j + k]).sum()
    return y


SLIDE_OVER = Piece(
    name="slide_over",
    right=_slide_over,
    cases=_image_cases,
    praise="images of any shape, kernels of any side.",
    mistakes={
        "rows and columns are exchanged: i counts rows, and there are H - k + 1 of them": (
            lambda image, kernel: _slide_over(image.T, kernel)
        ),
        "the kernel is turned by 180 degrees: its first weight lies on the patch's first pixel": (
            lambda image, kernel: _slide_over(image, kernel[::-1, ::-1])
        ),
        "the kernel is transposed: kernel[u, v] lies on image[i + u, j + v]": (
            lambda image, kernel: _slide_over(image, kernel.T)
        ),
        "the last row and the last column of places are missing: the kernel fits once more": (
            lambda image, kernel: _slide_over(image, kernel)[:-1, :-1]
        ),
        "that is the matrix product of kernel and patch; here each weight meets one pixel": (
            _matrix_product
        ),
        "only the first row of the window is added up; the sum runs over u and v": _one_axis,
    },
)


def check_slide_over(slide_over, keep=False):
    """Check the piece "One image": a kernel that slides over an image.

    Parameters
    ----------
    slide_over : callable (image, kernel)
        From (H, W) and (k, k) to (H - k + 1, W - k + 1).
    keep : bool
        As in `check_slide`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    SLIDE_OVER.check(slide_over, keep)


def _output_size(size, k, P, s):
    return (size + 2 * P - k) // s + 1


def _size_cases():
    # An exact one first; then with a rest; padding; a window as large as the image; stride > k.
    cases = ((6, 3, 0, 1), (7, 3, 0, 2), (8, 3, 0, 2), (5, 3, 1, 1), (6, 4, 1, 3), (4, 4, 0, 2),
             (28, 5, 2, 1), (32, 3, 1, 2), (11, 2, 0, 5), (1, 1, 0, 1), (3, 5, 1, 4))  # fmt: skip
    for case in cases:
        yield dict(zip(("size", "k", "P", "s"), case, strict=True))


OUTPUT_SIZE = Piece(
    name="output_size",
    right=_output_size,
    cases=_size_cases,
    praise="padding, stride and the places that are left over.",
    mistakes={
        "the first window is not counted: windows 0 to i are i + 1 windows": (
            lambda size, k, P, s: _output_size(size, k, P, s) - 1
        ),
        "the frame is on both sides: P comes twice": (
            lambda size, k, P, s: (size + P - k) // s + 1
        ),
        "a window that fits only in part does not count: round down": (
            lambda size, k, P, s: -(-(size + 2 * P - k) // s) + 1
        ),
        "half a window is no window: divide with //": (
            lambda size, k, P, s: (size + 2 * P - k) / s + 1
        ),
        "that is the size at stride 1": lambda size, k, P, s: size + 2 * P - k + 1,
        "divide the steps, then add the first window; not the other way round": (
            lambda size, k, P, s: (size + 2 * P - k + 1) // s
        ),
    },
)


def check_output_size(output_size, keep=False):
    """Check the piece "Output size": how many windows there are along one axis.

    Parameters
    ----------
    output_size : callable (size, k, P, s)
        From the size of the axis, the window's side, padding and stride to a whole number.
    keep : bool
        As in `check_slide`.

    Raises
    ------
    ExerciseError
        If it raises or returns a wrong number.
    """
    OUTPUT_SIZE.check(output_size, keep)


def _conv2d_cases():
    # N, C, H, W of x; F; k. The simplest first; H != W throughout.
    shapes = ((1, 1, 3, 4, 1, 2), (1, 1, 3, 4, 2, 2), (1, 2, 3, 4, 1, 2), (2, 1, 3, 4, 1, 2),
              (2, 3, 5, 4, 4, 3), (3, 2, 3, 6, 2, 1), (2, 2, 6, 5, 2, 5))  # fmt: skip
    for seed, (N, C, H, W, F, k) in enumerate(shapes):
        yield {
            "x": whole_numbers((N, C, H, W), seed),
            "weights": whole_numbers((F, C, k, k), 100 + seed),
            "bias": whole_numbers((F,), 200 + seed),
        }
    yield {"x": sample((1, 2, 4, 5), 1), "weights": sample((2, 2, 3, 3), 2) / 2,
           "bias": sample((2,), 3)}  # fmt: skip


def _first_image(x, weights, bias):
    y = loops.conv2d_forward(x, weights, bias)
    y[1:] = 0
    return y


def _bias_per_term(x, weights, bias):
    """Add the bias with each product instead of once."""
    return loops.conv2d_forward(x, weights, bias * weights[0].size)


def _bias_per_channel(x, weights, bias):
    return loops.conv2d_forward(x, weights, bias * x.shape[1])


def _into_tinycnn(conv2d_loops):
    """Run the traced picture through the answer and through TinyCNN's first layer."""
    x, conv = traced_image(), TinyCNN().conv
    got = call("conv2d_loops", conv2d_loops, x, conv.weights, conv.bias)
    expect_array("conv2d_loops", got, conv.forward(x))
    return "It gives the same 108 numbers as the first layer of the book's network."


CONV2D_LOOPS = Piece(
    name="conv2d_loops",
    right=loops.conv2d_forward,
    cases=_conv2d_cases,
    praise="any number of images, channels and filters.",
    mistakes={
        "the bias is missing": lambda x, weights, bias: loops.conv2d_forward(x, weights, 0 * bias),
        "the bias comes once for each channel; it is added once to each output": _bias_per_channel,
        "the bias comes with every product; it is added once to each output": _bias_per_term,
        "only the first channel counts; the sum runs over all": (
            lambda x, weights, bias: loops.conv2d_forward(x[:, :1], weights[:, :1], bias)
        ),
        "every channel is multiplied by the kernel of the first": (
            lambda x, weights, bias: loops.conv2d_forward(
                x, np.repeat(weights[:, :1], x.shape[1], axis=1), bias
            )
        ),
        "only the first image is computed": _first_image,
        "all maps come from the first filter": (
            lambda x, weights, bias: loops.conv2d_forward(
                x, np.repeat(weights[:1], len(bias), axis=0), bias
            )
        ),
        "the kernels are turned by 180 degrees": (
            lambda x, weights, bias: loops.conv2d_forward(x, weights[..., ::-1, ::-1], bias)
        ),
    },
    swap=_into_tinycnn,
)


def check_conv2d_loops(conv2d_loops, keep=False):
    """Check the piece "Channels and filters": a whole convolution layer, by loops.

    Parameters
    ----------
    conv2d_loops : callable (x, weights, bias)
        From (N, C, H, W), (F, C, k, k) and (F,) to (N, F, H - k + 1, W - k + 1).
    keep : bool
        As in `check_slide`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    CONV2D_LOOPS.check(conv2d_loops, keep)
