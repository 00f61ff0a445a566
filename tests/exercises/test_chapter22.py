"""The checkers of Chapter 22: right answers pass, each wrong one fails for its own reason."""

import re
from fractions import Fraction

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import Conv2D, loops
from tinycnn_lib.exercises import (
    check_adjoint,
    check_diagonal_filter,
    check_output_sizes,
    check_receptive_field,
    check_separable,
    check_strided_conv,
)


def assert_refused(check, answer, reason):
    message = refusal(check, *answer)
    assert re.search(reason, message, re.DOTALL), message


def praised(capsys):
    """Return whether exactly one line of praise was printed."""
    return re.fullmatch(r"Right: .+\n", capsys.readouterr().out) is not None


# --- output sizes ------------------------------------------------------------------------------
SIZES = {"a": (1, 6, 24, 24), "b": (8, 16, 16, 24), "c": 3, "d": 1}


def test_output_sizes_are_accepted(capsys):
    check_output_sizes(**SIZES)
    assert praised(capsys)
    check_output_sizes([1, 6, np.int64(24), 24], np.array([8, 16, 16, 24]), np.int64(3), 1)
    assert praised(capsys)
    check_output_sizes((1, 6, 24.0, 24), (8, 16, 16, 24), 3, Fraction(1))
    assert "Note: a[2] is 24.0 (float); as a whole number it is 24." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("a", None, "a is None"),
        ("a", 24, "a is not a tuple"),
        ("a", (6, 24, 24), "wrong number of axes"),
        ("a", (1, 6, 23.5, 24), r"a\[2\] is not an integer.*got: 23.5.*round down"),
        ("a", (6, 1, 24, 24), r"a\[0\] is not right"),
        ("a", (1, 1, 24, 24), r"a\[1\] is not right"),
        ("a", (1, 6, 23, 24), r"a\[2\] is not right.*start at 0, 1, 2"),  # forgot the + 1
        ("a", (1, 6, 24, 28), r"a\[3\] is not right"),  # as if padded
        ("b", (8, 3, 16, 24), r"b\[1\] is not right"),  # the channels that came in
        ("b", (8, 16, 24, 16), r"b\[2\] is not right"),  # rows and columns swapped
        ("b", (8, 16, 15, 23), r"b\[2\] is not right.*start at -1, 1, 3"),  # no padding
        ("b", (8, 16, 17, 25), r"b\[2\] is not right"),  # rounded up
        ("b", (8, 16, 16, 23), r"b\[3\] is not right"),
        ("b", (8, 16, 32, 48), r"b\[2\] is not right"),  # no stride
        ("c", None, "c is None"),
        ("c", 3.5, "c is not an integer"),
        ("c", 0, "does not keep the size.*gives 9 rows"),
        ("c", 6, "does not keep the size.*gives 21 rows"),  # both sides together
        ("c", -3, "cannot be negative"),
        ("d", True, "d is not an integer"),
        ("d", 0, "d is not right"),
        ("d", 2, "d is not right"),
    ],
)
def test_wrong_output_sizes(name, answer, reason):
    message = refusal(check_output_sizes, *{**SIZES, name: answer}.values())
    assert re.search(reason, message, re.DOTALL), message
    if isinstance(SIZES[name], tuple):
        assert str(SIZES[name]) not in message


# --- design a filter ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "kernel",
    [
        3 * np.eye(3) - 1,
        [[1, 0, -1], [0, 0, 0], [-1, 0, 1]],  # the middle weight is free
        [[2, -1, 0], [-1, 2, -1], [0, -1, 0]],
        1e-3 * (3 * np.eye(3) - 1),
        np.eye(3, dtype=np.float32) - np.float32(1) / 3,  # its sum is -1.8e-07, rounded
    ],
)
def test_diagonal_filter_is_accepted(kernel, capsys):
    check_diagonal_filter(kernel)
    assert praised(capsys)


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [
        (None, "kernel is None"),
        (np.eye(4), "wrong shape"),
        ([[1, 0, 0], [0, 1]], "not an array of shape"),
        (np.array([[np.nan] * 3] * 3), "9 finite numbers"),
        ([["1"] * 3] * 3, "9 finite numbers"),
        (np.eye(3), "uniform patch is not 0"),
        (np.zeros((3, 3)), "not positive"),
        (1 - 3 * np.eye(3), "not positive"),  # the sign
        ((3 * np.eye(3) - 1)[::-1], "not positive"),  # flipped: the rising diagonal
        ([[0, 2, -2], [-1, 3, -1], [-2, 1, 0]], "vertical line is not smaller"),
        ([[0, -1, -2], [2, 3, 1], [-2, -1, 0]], "horizontal line is not smaller"),
        ([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], "rising diagonal is not smaller"),  # both
    ],
)
def test_wrong_diagonal_filter(kernel, reason):
    assert_refused(check_diagonal_filter, (kernel,), reason)


# --- stride ------------------------------------------------------------------------------------
def pad(x, P):
    return np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))


def strided_loops(x, weights, bias, P, s):
    return loops.conv2d_forward(pad(x, P), weights, bias)[:, :, ::s, ::s]


def strided_windows(x, weights, bias, P, s):
    k = weights.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(pad(x, P), (k, k), axis=(2, 3))
    return np.einsum("ncijuv,fcuv->nfij", windows[:, :, ::s, ::s], weights) + bias[:, None, None]


def strided_cols(x, weights, bias, P, s):
    x = pad(x, P)
    N, C, H, W = x.shape
    F, _, k, _ = weights.shape
    OH, OW = (H - k) // s + 1, (W - k) // s + 1
    cols = np.zeros((N, C, k, k, OH, OW))
    for u in range(k):
        for v in range(k):
            cols[:, :, u, v] = x[:, :, u : u + s * OH : s, v : v + s * OW : s][:, :, :OH, :OW]
    y = weights.reshape(F, -1) @ cols.reshape(N, C * k * k, OH * OW) + bias[:, None]
    return y.reshape(N, F, OH, OW)


def strided_tensordot(x, weights, bias, P, s):
    k = weights.shape[-1]
    OH, OW = ((side - k) // s + 1 for side in pad(x, P).shape[2:])
    patches = [pad(x, P)[:, :, u :: s, v :: s][:, :, :OH, :OW]
               for u, v in np.ndindex(k, k)]  # fmt: skip
    y = np.tensordot(np.stack(patches, axis=2), weights.reshape(*weights.shape[:2], -1),
                     axes=((1, 2), (1, 2)))  # fmt: skip
    return y.transpose(0, 3, 1, 2) + bias[:, None, None]


@pytest.mark.parametrize("answer", [strided_windows, strided_cols, strided_tensordot])
def test_strided_conv_is_accepted(answer, capsys):
    check_strided_conv(answer)
    assert praised(capsys)


@pytest.mark.parametrize(
    ("dress", "note"),
    [
        (lambda y: y.tolist(), "returns a list, not an array"),
        (lambda y: y.astype(np.float32), "returns float32; float64 was expected"),
        (lambda y: y + 0j, "complex numbers; their imaginary part is 0"),
        (lambda y: y.astype(object), "an array of objects"),
    ],
)
def test_right_numbers_in_an_unusual_dress_get_a_note(dress, note, capsys):
    check_strided_conv(lambda *arguments: dress(strided_cols(*arguments)))
    right, *notes = capsys.readouterr().out.splitlines()
    assert right == "Right: any padding and any stride."
    assert len(notes) == 1
    assert note in notes[0]


def late(x, weights, bias, P, s):
    return strided_cols(x, weights, bias, P, 1)[:, :, ::s, ::s]


def late_by_products(x, weights, bias, P, s):
    x, k = pad(x, P), weights.shape[-1]
    OH, OW = x.shape[2] - k + 1, x.shape[3] - k + 1
    y = sum(np.einsum("nchw,fc->nfhw", x[:, :, u : u + OH, v : v + OW], weights[:, :, u, v])
            for u in range(k) for v in range(k))  # fmt: skip
    return (y + bias[:, None, None])[:, :, ::s, ::s]


@pytest.mark.parametrize("answer", [late, late_by_products])
def test_places_that_the_stride_skips_are_not_computed(answer):
    reason = "^conv2d_cols computes places that the stride skips.*got: memory for"
    assert_refused(check_strided_conv, (answer,), reason)


def test_a_printed_array_is_no_loop_of_the_reader(capsys):
    def printing(x, *arguments):
        print(x)
        return strided_cols(x, *arguments)

    check_strided_conv(printing)
    assert "Right: any padding" in capsys.readouterr().out


def one_by_one(axis):
    """Return a right answer whose Python loop runs along one axis."""

    def images(x, *arguments):
        return np.concatenate([strided_cols(image[None], *arguments) for image in x])

    def filters(x, weights, bias, P, s):
        maps = [strided_cols(x, w[None], b[None], P, s)
                for w, b in zip(weights, bias, strict=True)]  # fmt: skip
        return np.concatenate(maps, axis=1)

    def rows(x, weights, bias, P, s):
        x, k = pad(x, P), weights.shape[-1]
        starts = range(0, x.shape[2] - k + 1, s)
        bands = (strided_cols(x[:, :, i : i + k], weights, bias, 0, s) for i in starts)
        return np.concatenate(list(bands), axis=2)

    def columns(x, weights, bias, P, s):
        return rows(x.swapaxes(2, 3), weights.swapaxes(2, 3), bias, P, s).swapaxes(2, 3)

    def channels(x, weights, bias, P, s):
        y = strided_cols(x, 0 * weights, bias, P, s)
        for c in range(x.shape[1]):
            y = y + strided_cols(x[:, c : c + 1], weights[:, c : c + 1], 0 * bias, P, s)
        return y

    return {"images": images, "filters": filters, "channels": channels, "rows": rows,
            "columns": columns}[axis]  # fmt: skip


@pytest.mark.parametrize("axis", ["images", "filters", "channels", "rows", "columns"])
def test_a_loop_that_the_exercise_forbids_is_found(axis):
    message = refusal(check_strided_conv, one_by_one(axis))
    assert message.startswith(f"conv2d_cols loops over the {axis}"), message
    assert "Hint: only u and v need a loop" in message


def test_loops_over_everything_are_found_whoever_runs_them():
    def vectorized(x, weights, bias, P, s):
        x, k = pad(x, P), weights.shape[-1]

        def one(n, f, i, j):
            return (x[n, :, s * i : s * i + k, s * j : s * j + k] * weights[f]).sum() + bias[f]

        OH, OW = ((side - k) // s + 1 for side in x.shape[2:])
        return np.vectorize(one)(*np.indices((len(x), len(weights), OH, OW)))

    for answer in (strided_loops, vectorized):
        assert_refused(check_strided_conv, (answer,), "^conv2d_cols loops over the images")


def in_place(x, weights, bias, P, s):
    y = strided_loops(x, weights, bias, P, s)
    x *= 0
    return y


def weights_in_place(x, weights, bias, P, s):
    y = strided_loops(x, weights, bias, P, s)
    weights *= 0
    return y


def only_square(x, weights, bias, P, s):
    side = min(x.shape[2:])
    return strided_loops(x[..., :side, :side], weights, bias, P, s)


def last_window_lost(x, weights, bias, P, s):
    y = strided_loops(x, weights, bias, P, s)
    k = weights.shape[-1]
    OH, OW = ((side + 2 * P - k) // s for side in x.shape[2:])
    return y[:, :, : max(OH, 1), : max(OW, 1)]


WRONG_STRIDED = {
    "nothing": (lambda x, weights, bias, P, s: None, "returns None"),
    "raises": (lambda x, weights, bias, P, s: x[0, 0, 0, 99], "raised IndexError"),
    "mirrored": (lambda x, w, *a: strided_loops(x, w[..., ::-1], *a), "wrong numbers"),
    "transposed output": (lambda *a: strided_loops(*a).swapaxes(2, 3), "the wrong shape.*swapped"),
    "mean for sum": (
        lambda x, w, b, P, s: strided_loops(x, w / w[0].size, b, P, s),
        "wrong numbers",
    ),
    "one bias for all": (
        lambda x, w, b, P, s: strided_loops(x, w, 0 * b + b[0], P, s),
        "wrong numbers",
    ),
    "stride forgotten": (lambda x, w, b, P, s: strided_loops(x, w, b, P, 1), "wrong shape"),
    "stride on rows only": (
        lambda x, w, b, P, s: strided_loops(x, w, b, P, 1)[:, :, ::s],
        "wrong shape",
    ),
    "stride starts late": (
        lambda x, w, b, P, s: strided_loops(x, w, b, P, 1)[:, :, s - 1 :: s, s - 1 :: s],
        "wrong shape|wrong numbers",
    ),
    "padded on one side": (
        lambda x, w, b, P, s: strided_loops(
            np.pad(x, ((0, 0), (0, 0), (0, 2 * P), (0, 2 * P))), w, b, 0, s
        ),
        "wrong numbers",
    ),
    "padded with the edge": (
        lambda x, w, b, P, s: strided_loops(
            np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode="edge"), w, b, 0, s
        ),
        "wrong numbers",
    ),
    "last window lost": (last_window_lost, "wrong shape"),
    "only square images": (only_square, "wrong shape"),
    "one kernel for all channels": (
        lambda x, w, *a: strided_loops(x, np.repeat(w[:, :1], w.shape[1], axis=1), *a),
        "wrong numbers",
    ),
    "only the first filter": (
        lambda x, w, b, P, s: np.repeat(
            strided_loops(x, w[:1], b[:1], P, s), len(w), axis=1
        ),
        "wrong numbers.*the first channel is right",
    ),
    "only the first image": (
        lambda x, *a: np.repeat(strided_loops(x[:1], *a), len(x), axis=0),
        "wrong numbers.*first image of the batch is right",
    ),
    "wrong for a large kernel": (
        lambda x, w, *a: strided_loops(x, w, *a) * (w.shape[-1] < 5), "every number is 0"
    ),
    "wrong for a large stride": (
        lambda x, w, b, P, s: strided_loops(x, w, b, P, s) * (s < 4), "every number is 0"
    ),
    "wrong for wide padding": (
        lambda x, w, b, P, s: strided_loops(x, w, b, P, s) * (P < 3), "every number is 0"
    ),
    "rounded to six decimals": (lambda *a: strided_loops(*a).round(6), "difference: up to"),
    "x changed in place": (in_place, "changes its input in place"),
    "weights changed in place": (weights_in_place, "changes its input in place"),
    "rounded": (lambda *a: strided_loops(*a).round().astype(int), "whole numbers cannot hold"),
    "NaN": (lambda *a: strided_loops(*a) * np.nan, "returns nan"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "reason"), WRONG_STRIDED.values(), ids=WRONG_STRIDED)
def test_wrong_strided_conv(answer, reason):
    assert_refused(check_strided_conv, (answer,), reason)


# --- separable filters -------------------------------------------------------------------------
def separate_by_pivot(kernel):
    u, v = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    row, column = kernel[u], kernel[:, v] / kernel[u, v]
    largest = np.abs(kernel).max()
    equal = np.allclose(np.outer(column, row), kernel, rtol=0, atol=1e-12 * largest)
    return (column, row) if equal else None


def separate_by_svd(kernel):
    left, singular, right = np.linalg.svd(kernel)
    if (singular[1:] > 1e-9 * singular[0]).any():
        return None
    return [left[:, 0] * np.sqrt(singular[0]), right[0] * np.sqrt(singular[0])]


def by_pivot(kernel, compare, dtype=None):
    u, v = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    row, column = kernel[u], (kernel[:, v] / kernel[u, v]).astype(dtype or float)
    return (column, row) if compare(np.outer(column, row), kernel) else None


@pytest.mark.parametrize(
    ("answer", "kernel", "sentence"),
    [
        (lambda k: by_pivot(k, np.array_equal), "[[0.03", "not with =="),
        (lambda k: by_pivot(k, np.allclose), "1.e-09", "relative to the kernel's largest"),
        (lambda k: by_pivot(k, np.allclose, k.dtype), "[[ 1  0 -1]", "dtype=float"),
        (lambda k: None, "", "is there a return, and"),
    ],
)
def test_the_likeliest_ways_to_separate_wrongly(answer, kernel, sentence):
    message = refusal(check_separable, answer)
    assert kernel in message
    assert sentence in message.partition("Hint: ")[2]


@pytest.mark.parametrize("answer", [separate_by_pivot, separate_by_svd])
def test_separable_is_accepted(answer, capsys):
    check_separable(answer)
    assert praised(capsys)


def separate_or_not(make):
    """Return a wrong answer that knows which kernels are separable, and makes the pair wrongly."""
    return lambda kernel: None if separate_by_pivot(kernel) is None else make(kernel)


def separate_in_place(kernel):
    pair = separate_by_pivot(kernel)
    kernel /= np.abs(kernel).max()
    return pair


def by_first_entry(kernel):
    return kernel[:, 0] / kernel[0, 0], kernel[0]


WRONG_SEPARABLE = {
    "nothing": (lambda kernel: None, "None for a kernel that has a pair"),
    "a number": (separate_or_not(lambda kernel: 1.0), "does not return a pair"),
    "three parts": (
        separate_or_not(lambda kernel: (*separate_by_pivot(kernel), 1)),
        "not return a pair",
    ),
    "swapped": (separate_or_not(lambda kernel: separate_by_pivot(kernel)[::-1]), "transposed"),
    "reversed": (
        separate_or_not(lambda kernel: [part[::-1] for part in separate_by_pivot(kernel)]),
        "turned by 180 degrees",
    ),
    "a column (k, 1)": (
        separate_or_not(
            lambda kernel: (separate_by_pivot(kernel)[0][:, None], separate_by_pivot(kernel)[1])
        ),
        "column has the wrong shape",
    ),
    "off by a factor": (
        separate_or_not(lambda kernel: (kernel[:, 0], kernel[0])),
        "times the one expected",
    ),
    "sums": (
        separate_or_not(lambda kernel: (kernel.sum(axis=1) / kernel.sum(), kernel.sum(axis=0))),
        "column does not hold 3 finite numbers",  # a kernel whose numbers sum to 0
    ),
    "divides by the first entry": (
        separate_or_not(by_first_entry),
        "column does not hold 3 finite numbers.*got: .*nan",
    ),
    "always a pair": (
        lambda kernel: separate_by_svd(np.outer(*separate_best(kernel))),
        "a pair for a kernel that has none",
    ),
    "tests rank too loosely": (
        lambda kernel: separate_best(kernel) if np.linalg.matrix_rank(kernel, 1e-2) < 2 else None,
        "a pair for a kernel that has none",
    ),
    "tests for symmetry": (
        lambda kernel: separate_best(kernel) if np.allclose(kernel, kernel.T) else None,
        "None for a kernel that has a pair",
    ),
    "changes the kernel": (separate_in_place, "changes its input in place"),
}


def separate_best(kernel):
    """Return the pair whose product is nearest to the kernel, whether it is equal or not."""
    left, singular, right = np.linalg.svd(kernel)
    return left[:, 0] * singular[0], right[0]


@pytest.mark.parametrize(("answer", "reason"), WRONG_SEPARABLE.values(), ids=WRONG_SEPARABLE)
def test_wrong_separable(answer, reason):
    assert_refused(check_separable, (answer,), reason)


# --- receptive field ---------------------------------------------------------------------------
def field_backward(layers):
    side = 1
    for k, s in layers[::-1]:
        side = (side - 1) * s + k
    return side


def field_forward(layers):
    side, apart = 1, 1
    for k, s in layers:
        side += (k - 1) * apart
        apart *= s
    return np.int64(side)


@pytest.mark.parametrize("answer", [field_backward, field_forward])
def test_receptive_field_is_accepted(answer, capsys):
    check_receptive_field(answer)
    assert praised(capsys)
    check_receptive_field(lambda layers: float(answer(layers)))
    assert capsys.readouterr().out.count("Note: receptive_field returns a float") == 1


def own_stride(layers):
    side, apart = 1, 1
    for k, s in layers:
        apart *= s
        side += (k - 1) * apart
    return side


def last_stride_only(layers):
    side, apart = 1, 1
    for k, s in layers:
        side += (k - 1) * apart
        apart = s
    return side


def emptied(layers):
    side = 1
    while layers:
        k, s = layers.pop()
        side = (side - 1) * s + k
    return side


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda layers: None, "^receptive_field returns None.*is there a return"),
        (lambda layers: layers[9], "raised IndexError"),
        (lambda layers: field_backward(layers) ** 2, "wrong numbers"),  # the area
        (lambda layers: layers[0][0], "wrong numbers"),
        (lambda layers: field_backward(layers[:2]), "wrong numbers"),
        (own_stride, "wrong numbers"),
        (last_stride_only, "wrong numbers"),
        (emptied, "changes its input in place"),
    ],
)
def test_wrong_receptive_field(answer, reason):
    assert_refused(check_receptive_field, (answer,), reason)


# --- the adjoint -------------------------------------------------------------------------------
def adjoint_loops(y, weights):
    N, _, OH, OW = y.shape
    _, C, k, _ = weights.shape
    x = np.zeros((N, C, OH + k - 1, OW + k - 1))
    for n, f, i, j in np.ndindex(y.shape):
        x[n, :, i : i + k, j : j + k] += y[n, f, i, j] * weights[f]
    return x


def adjoint_full(y, weights):
    k = weights.shape[-1]
    turned = weights.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    return loops.conv2d_forward(pad(y, k - 1), turned, np.zeros(len(turned)))


def adjoint_backward(y, weights):
    F, C, k, _ = weights.shape
    conv = Conv2D(C, F, k)
    conv.weights = weights
    conv.forward(np.zeros((len(y), C, y.shape[2] + k - 1, y.shape[3] + k - 1)))
    return conv.backward(y)


@pytest.mark.parametrize("answer", [adjoint_loops, adjoint_full, adjoint_backward])
def test_adjoint_is_accepted(answer, capsys):
    check_adjoint(answer)
    assert praised(capsys)


def adjoint_matrix(y, weights):
    """The matrix of the convolution, one column for each pixel, transposed."""
    (N, F, OH, OW), (_, C, k, _) = y.shape, weights.shape
    shape = (C, OH + k - 1, OW + k - 1)
    pixels = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    matrix = loops.conv2d_forward(pixels, weights, np.zeros(F)).reshape(len(pixels), -1)
    return (y.reshape(N, -1) @ matrix.T).reshape(N, *shape)


def adjoint_slices(y, weights):
    """As fast as it gets, with the numbers of `adjoint_loops`."""
    (N, _, OH, OW), (_, C, k, _) = y.shape, weights.shape
    x = np.zeros((N, C, OH + k - 1, OW + k - 1))
    for u, v in np.ndindex(k, k):
        x[:, :, u : u + OH, v : v + OW] += np.einsum("nfij,fc->ncij", y, weights[:, :, u, v])
    return x


def test_the_matrix_that_the_exercise_forbids_is_noticed(monkeypatch):
    monkeypatch.setattr(loops, "conv2d_forward", fast_conv)
    assert_refused(check_adjoint, (adjoint_matrix,), "^conv2d_transpose builds the matrix")
    check_adjoint(adjoint_slices)


def fast_conv(x, weights, bias):
    layer = Conv2D(weights.shape[1], len(weights), weights.shape[2])
    layer.weights, layer.bias = weights, bias
    return layer.forward(x)


def adjoint_in_place(y, weights):
    x = adjoint_loops(y, weights)
    y -= 1
    return x


def overwritten(y, weights):
    N, _, OH, OW = y.shape
    _, C, k, _ = weights.shape
    x = np.zeros((N, C, OH + k - 1, OW + k - 1))
    for n, f, i, j in np.ndindex(y.shape):
        x[n, :, i : i + k, j : j + k] = y[n, f, i, j] * weights[f]
    return x


def border_lost(y, weights):
    x = adjoint_loops(y, weights)
    x[..., -1, :] = 0
    return x


WRONG_ADJOINT = {
    "nothing": (lambda y, w: None, "returns None"),
    "transposed image": (lambda y, w: adjoint_loops(y, w).swapaxes(2, 3), "wrong"),
    "the convolution itself": (
        lambda y, w: loops.conv2d_forward(pad(y, 1), w[:, :1], np.zeros(len(w))),
        "wrong numbers",
    ),
    "valid size": (lambda y, w: y, "wrong shape"),
    "same size": (lambda y, w: adjoint_loops(y, w)[..., :-1, :-1], "wrong shape"),
    "border lost": (border_lost, "wrong numbers"),
    "overwritten": (overwritten, "wrong numbers"),
    "mean for sum": (lambda y, w: adjoint_loops(y, w) / w[0, 0].size, "wrong numbers"),
    "mean over the batch": (lambda y, w: adjoint_loops(y, w) / len(y), "wrong numbers"),
    "only for ones": (lambda y, w: adjoint_loops(np.ones_like(y), w), "wrong numbers"),
    "only the first channel": (
        lambda y, w: np.repeat(adjoint_loops(y, w[:, :1]), w.shape[1], axis=1),
        "wrong numbers.*the first channel is right",
    ),
    "sum of the channels": (
        lambda y, w: adjoint_loops(y, w).sum(axis=1, keepdims=True),
        "wrong shape",
    ),
    "only square maps": (
        lambda y, w: adjoint_loops(y[..., : min(y.shape[2:]), : min(y.shape[2:])], w),
        "wrong shape",
    ),
    "wrong for a kernel of one": (
        lambda y, w: adjoint_loops(y, w) * (w.shape[-1] > 1),
        "every number is 0",
    ),
    "wrong for a large kernel": (
        lambda y, w: adjoint_loops(y, w) * (w.shape[-1] < 5),
        "every number is 0",
    ),
    "y changed in place": (adjoint_in_place, "changes its input in place"),
}


@pytest.mark.parametrize(("answer", "reason"), WRONG_ADJOINT.values(), ids=WRONG_ADJOINT)
def test_wrong_adjoint(answer, reason):
    assert_refused(check_adjoint, (answer,), reason)
