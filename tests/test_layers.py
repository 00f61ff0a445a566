"""The layers against their naive twins, against central differences, and against their contract."""

import copy

import numpy as np
import pytest
from hypothesis import given
from shapes import convolutions, equal, fill, matrices, over_shapes, poolings, seeds

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU, gradient_check, loops


def worst(layer, x, rng):
    """Return the worst relative error of a layer's gradients: parameters and input."""
    x = np.array(x)
    weight = rng.normal(size=layer.forward(x).shape)  # a random upstream gradient
    arrays = {"x": x}
    gradients = {"x": layer.backward(weight)}
    if hasattr(layer, "weights"):
        arrays |= {"weights": layer.weights, "bias": layer.bias}
        gradients |= {"weights": layer.d_weights, "bias": layer.d_bias}
    return max(
        gradient_check(lambda: (layer.forward(x) * weight).sum(), arrays, gradients, 1e-4).values()
    )


# Convolution


@over_shapes
@given(convolutions())
def test_conv2d_equals_its_naive_twin(case):
    shape, F, k, rng = case
    layer = fill(Conv2D(shape[1], F, k), rng)
    x = rng.normal(size=shape)
    y = layer.forward(x)
    equal(y, loops.conv2d_forward(x, layer.weights, layer.bias))
    assert y.shape == (shape[0], F, shape[2] - k + 1, shape[3] - k + 1)
    d_output = rng.normal(size=y.shape)
    d_x, d_weights, d_bias = loops.conv2d_backward(d_output, x, layer.weights)
    equal(layer.backward(d_output), d_x)
    equal(layer.d_weights, d_weights)
    equal(layer.d_bias, d_bias)


@over_shapes
@given(convolutions())
def test_conv2d_backward_without_input_gradient(case):
    shape, F, k, rng = case
    layer, other = Conv2D(shape[1], F, k), Conv2D(shape[1], F, k)
    x = rng.normal(size=shape)
    d_output = rng.normal(size=layer.forward(x).shape)
    other.forward(x)
    layer.backward(d_output)
    assert other.backward(d_output, input_gradient=False) is None
    np.testing.assert_array_equal(other.d_weights, layer.d_weights)
    np.testing.assert_array_equal(other.d_bias, layer.d_bias)


@pytest.mark.parametrize("shape", [(2, 2, 5, 4), (1, 1, 3, 3), (1, 3, 3, 6)])
def test_conv2d_gradients_match_central_differences(shape):
    rng = np.random.default_rng(1)
    layer = fill(Conv2D(shape[1], 2, 3), rng)
    assert worst(layer, rng.normal(size=shape), rng) < 1e-8  # linear in each: no truncation


@over_shapes
@given(convolutions())
def test_conv2d_backward_is_the_adjoint_of_forward(case):
    """<conv(x), y> = <x, conv^T(y)>, with no bias: the two are one matrix and its transpose."""
    shape, F, k, rng = case
    layer = Conv2D(shape[1], F, k, seed=rng)
    x = rng.normal(size=shape)
    y = rng.normal(size=layer.forward(x).shape)
    left = (layer.forward(x) * y).sum()
    np.testing.assert_allclose(left, (x * layer.backward(y)).sum(), rtol=1e-9, atol=1e-9)


def test_conv2d_is_a_cross_correlation_with_the_kernel_not_turned():
    layer = Conv2D(1, 1, 2)
    layer.weights[:] = [[1, 2], [3, 4]]
    impulse = np.zeros((1, 1, 3, 3))
    impulse[0, 0, 1, 1] = 1
    np.testing.assert_array_equal(layer.forward(impulse)[0, 0], [[4, 3], [2, 1]])


def test_conv2d_is_equivariant_away_from_the_border():
    rng = np.random.default_rng(2)
    layer = fill(Conv2D(2, 3, 3), rng)
    x = np.zeros((1, 2, 10, 12))
    x[:, :, 2:7, 2:8] = rng.normal(size=(1, 2, 5, 6))  # room for the shift and the kernel
    shifted = np.roll(x, (1, 2), axis=(2, 3))
    equal(layer.forward(shifted), np.roll(layer.forward(x), (1, 2), axis=(2, 3)))


@pytest.mark.parametrize(("C", "F", "k", "seed"), [(1, 3, 3, 42), (3, 8, 5, 0), (2, 1, 1, 7)])
def test_conv2d_contract(C, F, k, seed):
    layer = Conv2D(C, F, k, seed=seed)
    drawn = np.random.default_rng(seed).normal(0, np.sqrt(2 / (C * k * k)), size=(F, C, k, k))
    np.testing.assert_array_equal(layer.weights, drawn)
    np.testing.assert_array_equal(layer.bias, np.zeros(F))
    assert layer.weights.dtype == layer.bias.dtype == np.float64
    assert layer.last_input is layer.d_weights is layer.d_bias is None
    assert layer.parameter_count == F * C * k * k + F
    assert (layer.in_channels, layer.out_channels, layer.kernel_size) == (C, F, k)
    x = np.random.default_rng(1).normal(size=(2, C, k + 3, k + 1))
    assert layer.forward(x).shape == (2, F, 4, 2)
    np.testing.assert_array_equal(layer.last_input, x)
    d_x = layer.backward(np.ones((2, F, 4, 2)))
    assert d_x.shape == x.shape
    assert layer.d_weights.shape == layer.weights.shape
    assert layer.d_bias.shape == layer.bias.shape


def test_conv2d_default_seed_is_42():
    np.testing.assert_array_equal(Conv2D(2, 3, 3).weights, Conv2D(2, 3, 3, seed=42).weights)
    np.testing.assert_array_equal(Dense(4, 3).weights, Dense(4, 3, seed=42).weights)


# ReLU


@over_shapes
@given(poolings())
def test_relu_equals_its_naive_twin(case):
    shape, _, rng = case
    layer = ReLU()
    x = rng.integers(-2, 3, size=shape) * rng.uniform(size=shape)  # a fifth are exact zeros
    equal(layer.forward(x), loops.relu_forward(x))
    d_output = rng.normal(size=shape)
    equal(layer.backward(d_output), loops.relu_backward(d_output, x))


def test_relu_passes_gradient_strictly_above_zero():
    layer = ReLU()
    x = np.array([-1.0, -0.0, 0.0, 5e-324, 1.0])
    np.testing.assert_array_equal(layer.forward(x), [0, 0, 0, 5e-324, 1])
    np.testing.assert_array_equal(layer.backward(np.full(5, 7.0)), [0, 0, 0, 7, 7])


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 1, 3, 4), (1, 2, 1, 2, 1)])
def test_relu_takes_any_shape(shape):
    layer = ReLU()
    x = np.full(shape, -1.0)
    assert np.shape(layer.forward(x)) == np.shape(layer.backward(x)) == shape


def test_relu_gradient_matches_central_differences():
    rng = np.random.default_rng(3)
    x = rng.choice([-1, 1], size=(2, 3, 4, 5)) * rng.uniform(0.1, 1, size=(2, 3, 4, 5))
    assert worst(ReLU(), x, rng) < 1e-8


# Max pooling


@over_shapes
@given(poolings())
def test_maxpool2d_equals_its_naive_twin(case):
    shape, p, rng = case
    layer = MaxPool2D(p)
    x = rng.normal(size=shape)
    y, mask = loops.maxpool2d_forward(x, p)
    equal(layer.forward(x), y)
    np.testing.assert_array_equal(layer.last_mask, mask)
    d_output = rng.normal(size=y.shape)
    equal(layer.backward(d_output), loops.maxpool2d_backward(d_output, x, p))


@over_shapes
@given(poolings())
def test_maxpool2d_breaks_ties_as_its_naive_twin(case):
    shape, p, rng = case
    layer = MaxPool2D(p)
    x = rng.integers(0, 3, size=shape)
    y, mask = loops.maxpool2d_forward(x, p)
    equal(layer.forward(x), y)
    np.testing.assert_array_equal(layer.last_mask, mask)
    assert layer.last_mask.sum() == y.size  # one winner per window, ties or not
    d_output = rng.normal(size=y.shape)
    equal(layer.backward(d_output), loops.maxpool2d_backward(d_output, x, p))


def test_maxpool2d_first_winner_in_row_major_order():
    layer = MaxPool2D(2)
    layer.forward(np.array([[[[1.0, 5, 0, 0], [5, 5, 0, 0]]]]))
    np.testing.assert_array_equal(layer.last_mask[0, 0], [[0, 1, 1, 0], [0, 0, 0, 0]])


def test_maxpool2d_drops_what_fills_no_window():
    layer = MaxPool2D(2)
    x = np.arange(15.0).reshape(1, 1, 3, 5)  # the largest numbers stand in the last row
    np.testing.assert_array_equal(layer.forward(x), [[[[6, 8]]]])
    d_x = layer.backward(np.array([[[[1.0, 2]]]]))
    np.testing.assert_array_equal(d_x[0, 0], [[0, 0, 0, 0, 0], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0]])


def test_maxpool2d_gradient_matches_central_differences():
    rng = np.random.default_rng(4)
    x = rng.permutation(2 * 3 * 5 * 7).reshape(2, 3, 5, 7) / 10  # no two closer than 0.1
    assert worst(MaxPool2D(2), x, rng) < 1e-8


@pytest.mark.parametrize("p", [1, 2, 3, 17])
def test_maxpool2d_contract(p):
    layer = MaxPool2D(p)
    assert layer.pool_size == p
    assert layer.last_mask is None
    x = np.random.default_rng(5).normal(size=(2, 3, 2 * p + 1, 3 * p))
    assert layer.forward(x).shape == (2, 3, 2 + (p == 1), 3)
    assert layer.last_mask.shape == x.shape
    assert set(np.unique(layer.last_mask)) <= {0.0, 1.0}
    assert layer.last_mask.dtype == np.float64
    assert layer.backward(layer.forward(x)).shape == x.shape
    np.testing.assert_array_equal(layer.backward(layer.forward(x)), x * layer.last_mask)
    assert MaxPool2D().pool_size == 2


@over_shapes
@given(poolings())
def test_max_pooling_and_relu_commute(case):
    """The larger of two numbers stays the larger after ReLU; the chapter relies on it."""
    shape, p, rng = case
    x = rng.normal(size=shape)
    before, after = [ReLU(), MaxPool2D(p)], [MaxPool2D(p), ReLU()]
    results = []
    for first, second in (before, after):
        y = second.forward(first.forward(x))
        results.append((y, first.backward(second.backward(np.ones(y.shape)))))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


# Flatten


@over_shapes
@given(poolings())
def test_flatten_equals_its_naive_twin_and_round_trips(case):
    shape, _, rng = case
    layer = Flatten()
    x = rng.normal(size=shape)
    y = layer.forward(x)
    np.testing.assert_array_equal(y, loops.flatten_forward(x))
    np.testing.assert_array_equal(layer.backward(y), x)
    d_output = rng.normal(size=y.shape)
    np.testing.assert_array_equal(layer.backward(d_output), loops.flatten_backward(d_output, shape))


# Dense


@over_shapes
@given(matrices())
def test_dense_equals_its_naive_twin(case):
    shape, D_out, rng = case
    layer = fill(Dense(shape[1], D_out), rng)
    x = rng.normal(size=shape)
    equal(layer.forward(x), loops.dense_forward(x, layer.weights, layer.bias))
    d_output = rng.normal(size=(shape[0], D_out))
    d_x, d_weights, d_bias = loops.dense_backward(d_output, x, layer.weights)
    equal(layer.backward(d_output), d_x)
    equal(layer.d_weights, d_weights)
    equal(layer.d_bias, d_bias)
    layer.d_weights = layer.d_bias = None
    assert layer.backward(d_output, input_gradient=False) is None
    equal(layer.d_weights, d_weights)
    equal(layer.d_bias, d_bias)


def test_dense_gradients_match_central_differences():
    rng = np.random.default_rng(6)
    assert worst(fill(Dense(4, 3), rng), rng.normal(size=(5, 4)), rng) < 1e-8


@pytest.mark.parametrize(("D_in", "D_out", "seed"), [(27, 3, 43), (1, 1, 0), (4, 9, 7)])
def test_dense_contract(D_in, D_out, seed):
    layer = Dense(D_in, D_out, seed=seed)
    drawn = np.random.default_rng(seed).normal(0, np.sqrt(2 / D_in), size=(D_in, D_out))
    np.testing.assert_array_equal(layer.weights, drawn)
    np.testing.assert_array_equal(layer.bias, np.zeros(D_out))
    assert layer.last_input is layer.d_weights is layer.d_bias is None
    assert layer.parameter_count == D_in * D_out + D_out
    assert (layer.in_features, layer.out_features) == (D_in, D_out)
    x = np.ones((2, D_in))
    assert layer.forward(x).shape == (2, D_out)
    np.testing.assert_array_equal(layer.last_input, x)


# What holds for every layer

LAYERS = {
    "Conv2D": lambda: (Conv2D(2, 3, 3), (4, 2, 5, 6)),
    "ReLU": lambda: (ReLU(), (4, 2, 5, 6)),
    "MaxPool2D": lambda: (MaxPool2D(2), (4, 2, 5, 6)),
    "Flatten": lambda: (Flatten(), (4, 2, 5, 6)),
    "Dense": lambda: (Dense(6, 3), (4, 6)),
}
every_layer = pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)


@every_layer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_floating_dtype_is_kept(build, dtype):
    layer, shape = build()
    x = np.random.default_rng(7).normal(size=shape).astype(dtype)
    y = layer.forward(x)
    assert y.dtype == dtype
    assert layer.backward(y).dtype == dtype
    if hasattr(layer, "weights"):
        assert layer.d_weights.dtype == layer.d_bias.dtype == dtype
        assert layer.weights.dtype == np.float64  # the parameters themselves are not touched


@every_layer
def test_float32_is_close_to_float64(build):
    (layer, shape), (other, _) = build(), build()
    x = np.random.default_rng(8).normal(size=shape)
    y = layer.forward(x)
    y32 = other.forward(x.astype(np.float32))
    np.testing.assert_allclose(y32, y, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        other.backward(y.astype(np.float32)), layer.backward(y), rtol=1e-5, atol=1e-5
    )


class Frame:
    """Offers its numbers through `__array__`, as a pandas object does."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)


@every_layer
@pytest.mark.parametrize(
    "disguise",
    [
        lambda x: x.tolist(),
        lambda x: x.astype(np.uint8),
        lambda x: x.astype(object).astype(int),
        lambda x: x > 1,
        np.asfortranarray,
        lambda x: np.flip(np.flip(x).copy()),  # negative strides
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2],  # not contiguous
        lambda x: np.lib.stride_tricks.as_strided(x, x.shape, x.strides, writeable=False),
        lambda x: x.astype(">f8"),
        Frame,
    ],
    ids=[
        *("list", "uint8", "int64", "bool", "fortran", "flipped", "strided", "read-only"),
        *("big-endian", "pandas-like"),
    ],
)
def test_all_forms_of_the_same_numbers_give_the_same_result(build, disguise):
    (layer, shape), (other, _) = build(), build()
    x = np.random.default_rng(9).integers(0, 3, size=shape).astype(float)
    given_x = disguise(x.copy())
    if getattr(given_x, "dtype", None) == np.bool_:
        x = (x > 1).astype(float)
    y, other_y = layer.forward(x), other.forward(given_x)
    np.testing.assert_array_equal(y, other_y)
    d_output = np.random.default_rng(10).integers(0, 3, size=y.shape).astype(float)
    given_d = disguise(d_output.copy())
    if getattr(given_d, "dtype", None) == np.bool_:
        d_output = (d_output > 1).astype(float)
    np.testing.assert_array_equal(layer.backward(d_output), other.backward(given_d))


@every_layer
def test_a_call_leaves_its_arguments_alone(build):
    layer, shape = build()
    x = np.random.default_rng(11).normal(size=shape)
    kept = x.copy()
    y = layer.forward(x)
    np.testing.assert_array_equal(x, kept)
    d_output = np.random.default_rng(12).normal(size=y.shape)
    kept = d_output.copy()
    layer.backward(d_output)
    np.testing.assert_array_equal(d_output, kept)


@every_layer
def test_changing_arrays_after_forward_changes_no_gradient(build):
    """Layers copy what they keep, so an input may be reused as a buffer."""
    (layer, shape), (other, _) = build(), build()
    x = np.random.default_rng(13).normal(size=shape)
    y, twin_y = layer.forward(x), other.forward(x.copy())
    d_output = np.random.default_rng(14).normal(size=y.shape)
    y[:] = 99.0
    x[:] = -99.0
    np.testing.assert_array_equal(layer.backward(d_output), other.backward(d_output))
    assert twin_y.shape == y.shape
    if hasattr(layer, "weights"):
        np.testing.assert_array_equal(layer.d_weights, other.d_weights)
        np.testing.assert_array_equal(layer.last_input, other.last_input)


@every_layer
def test_gradients_belong_to_the_last_forward_and_are_not_added_up(build):
    (layer, shape), (fresh, _) = build(), build()
    rng = np.random.default_rng(15)
    layer.backward(layer.forward(rng.normal(size=(1, *shape[1:]))))  # another batch size first
    x = rng.normal(size=shape)
    d_output = rng.normal(size=layer.forward(x).shape)
    fresh.forward(x)
    expected = fresh.backward(d_output)
    for _ in range(2):  # a second backward gives the same again
        np.testing.assert_array_equal(layer.backward(d_output), expected)
        if hasattr(layer, "weights"):
            np.testing.assert_array_equal(layer.d_weights, fresh.d_weights)
            np.testing.assert_array_equal(layer.d_bias, fresh.d_bias)


@every_layer
@over_shapes
@given(seed=seeds)
def test_images_of_a_batch_do_not_see_each_other(build, seed):
    layer, shape = build()
    x = np.random.default_rng(seed).normal(size=shape)
    together = layer.forward(x)
    order = np.random.default_rng(seed).permutation(len(x))
    equal(layer.forward(x[order]), together[order])
    equal(layer.forward(x[:1]), together[:1])


@every_layer
def test_a_copy_is_independent(build):
    layer, shape = build()
    layer.forward(np.ones(shape))
    twin = copy.deepcopy(layer)
    y = layer.forward(np.full(shape, 2.0))
    assert twin.backward(np.ones(y.shape)).shape == shape


def test_replaced_weights_may_be_integers_but_keep_the_dtype_of_the_images():
    layer = Conv2D(1, 1, 2)
    layer.weights = np.array([[[[1, 0], [0, -1]]]])
    layer.bias = np.array([2])
    y = layer.forward(np.array([[[[5.0, 1], [1, 3]]]]))
    np.testing.assert_array_equal(y, [[[[4.0]]]])
    np.testing.assert_array_equal(layer.backward([[[[1]]]]), [[[[1.0, 0], [0, -1]]]])
