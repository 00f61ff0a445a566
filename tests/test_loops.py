"""The naive twins, the oracle of the other tests, against SciPy and by hand."""

import numpy as np
from hypothesis import given
from scipy.ndimage import maximum_filter
from scipy.signal import convolve, correlate
from shapes import convolutions, equal, over_shapes, poolings

from tinycnn_lib import loops


@over_shapes
@given(convolutions())
def test_conv2d_equals_scipy(case):
    (N, C, H, W), F, k, rng = case
    x, weights = rng.normal(size=(N, C, H, W)), rng.normal(size=(F, C, k, k))
    bias = rng.normal(size=F)
    y = loops.conv2d_forward(x, weights, bias)
    d_output = rng.normal(size=y.shape)
    d_x, d_weights, d_bias = loops.conv2d_backward(d_output, x, weights)
    for n in range(N):
        for f in range(F):
            equal(y[n, f], correlate(x[n], weights[f], mode="valid", method="direct")[0] + bias[f])
        for c in range(C):
            parts = [
                convolve(d_output[n, f], weights[f, c], mode="full", method="direct")
                for f in range(F)
            ]
            equal(d_x[n, c], sum(parts))
    for f, c in np.ndindex(F, C):
        parts = [
            correlate(x[n, c], d_output[n, f], mode="valid", method="direct") for n in range(N)
        ]
        equal(d_weights[f, c], sum(parts))
    equal(d_bias, d_output.sum(axis=(0, 2, 3)))


def test_conv2d_by_hand():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    weights = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    # top left: 1*0 + 2*1 + 3*3 + 4*4 = 27; each step right or down adds 10 or 30
    np.testing.assert_array_equal(
        loops.conv2d_forward(x, weights, np.array([0.5])), [[[[27.5, 37.5], [57.5, 67.5]]]]
    )


@over_shapes
@given(poolings())
def test_maxpool2d_equals_scipy(case):
    shape, p, rng = case
    x = rng.normal(size=shape)
    y, mask = loops.maxpool2d_forward(x, p)
    rows, columns = (p * np.arange(side // p) for side in shape[2:])
    # a maximum filter whose window begins at its pixel, read at every p-th one
    largest = maximum_filter(x, size=(1, 1, p, p), origin=(0, 0, -((p - 1) // 2), -((p - 1) // 2)),
                             mode="constant") if p % 2 else None  # fmt: skip
    if largest is not None:
        equal(y, largest[:, :, rows][..., columns])
    windows = np.lib.stride_tricks.sliding_window_view(x, (p, p), axis=(2, 3))
    equal(y, windows[:, :, rows][:, :, :, columns].max(axis=(4, 5)))
    assert mask.sum() == y.size
    np.testing.assert_array_equal(np.sort(x[mask == 1]), np.sort(y.ravel()))
    d_output = rng.normal(size=y.shape)
    d_x = loops.maxpool2d_backward(d_output, x, p)
    np.testing.assert_array_equal(d_x != 0, mask == 1)
    equal(d_x.sum(), d_output.sum())


def test_maxpool2d_ties_by_hand():
    x = np.array([[[[2.0, 2.0, 0.0], [2.0, 1.0, 9.0], [9.0, 9.0, 9.0]]]])
    y, mask = loops.maxpool2d_forward(x, 2)
    np.testing.assert_array_equal(y, [[[[2]]]])
    np.testing.assert_array_equal(mask[0, 0], [[1, 0, 0], [0, 0, 0], [0, 0, 0]])


def test_relu_by_hand():
    x = np.array([[-1.0, 0.0], [2.0, 3.0]])
    np.testing.assert_array_equal(loops.relu_forward(x), [[0, 0], [2, 3]])
    np.testing.assert_array_equal(loops.relu_backward(np.full((2, 2), 5.0), x), [[0, 0], [5, 5]])


def test_flatten_by_hand():
    x = np.arange(8.0).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(loops.flatten_forward(x), [[0, 1, 2, 3, 4, 5, 6, 7]])
    np.testing.assert_array_equal(loops.flatten_backward(x.reshape(1, 8), x.shape), x)


def test_dense_by_hand():
    x, weights, bias = np.array([[1.0, 2.0]]), np.array([[1.0, 0, 3], [0, 1, 4]]), np.ones(3)
    np.testing.assert_array_equal(loops.dense_forward(x, weights, bias), [[2, 3, 12]])
    d_x, d_weights, d_bias = loops.dense_backward(np.array([[1.0, 0, 2]]), x, weights)
    np.testing.assert_array_equal(d_x, [[7, 8]])
    np.testing.assert_array_equal(d_weights, [[1, 0, 2], [2, 0, 4]])
    np.testing.assert_array_equal(d_bias, [1, 0, 2])


def test_softmax_cross_entropy_by_hand():
    logits = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])
    loss, probabilities, d_logits = loops.softmax_cross_entropy(logits, [1, 2])
    equal(probabilities, [[1 / 8, 1 / 4, 5 / 8], [1 / 4, 1 / 4, 1 / 2]])
    equal(loss, (np.log(4) + np.log(2)) / 2)
    equal(d_logits, [[1 / 16, -3 / 8, 5 / 16], [1 / 8, 1 / 8, -1 / 4]])
