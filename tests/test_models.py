"""Sequential, TinyCNN and the summary."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from shapes import equal, over_shapes, seeds

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    gradient_check,
    loops,
    make_dataset_bundle,
    numerical_gradient,
    softmax_cross_entropy,
    summarize,
)


def images(n=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 1, 8, 8))


def by_loops(model, x):
    """TinyCNN's logits by the naive twins."""
    hidden = loops.relu_forward(loops.conv2d_forward(x, model.conv.weights, model.conv.bias))
    hidden = loops.flatten_forward(loops.maxpool2d_forward(hidden, 2)[0])
    return loops.dense_forward(hidden, model.dense.weights, model.dense.bias)


# TinyCNN's contract


@pytest.mark.parametrize("seed", [0, 42, 2**40])
def test_tinycnn_is_drawn_from_its_seed(seed):
    model = TinyCNN(seed=seed)
    np.testing.assert_array_equal(model.conv.weights, Conv2D(1, 3, 3, seed=seed).weights)
    np.testing.assert_array_equal(model.dense.weights, Dense(27, 3, seed=seed + 1).weights)
    assert not model.conv.bias.any()
    assert not model.dense.bias.any()


def test_tinycnn_contract():
    model = TinyCNN()
    np.testing.assert_array_equal(model.conv.weights, TinyCNN(seed=42).conv.weights)
    attributes = [model.conv, model.relu, model.pool, model.flatten, model.dense]
    assert [id(layer) for layer in model.layers] == [id(layer) for layer in attributes]
    kinds = [Conv2D, ReLU, MaxPool2D, Flatten, Dense]
    assert [type(layer) for layer in attributes] == kinds
    assert model.pool.pool_size == 2
    assert model.parameter_count == 114
    assert isinstance(model, Sequential)
    logits = model.forward(images(5))
    assert logits.shape == (5, 3)
    d_x = model.backward(np.ones((5, 3)))
    assert d_x.shape == (5, 1, 8, 8)
    assert model.conv.d_weights.shape == (3, 1, 3, 3)
    assert model.dense.d_weights.shape == (27, 3)


@over_shapes
@given(seeds)
def test_tinycnn_equals_the_naive_twins_in_a_row(seed):
    model = TinyCNN(seed=seed)
    x = images(2, seed)
    equal(model.forward(x), by_loops(model, x))


def test_predict_and_evaluate():
    model, x = TinyCNN(), images(6)
    logits = by_loops(model, x)
    predicted = model.predict(x)
    np.testing.assert_array_equal(predicted, logits.argmax(axis=1))
    assert predicted.dtype.kind == "i"
    y = predicted.copy()
    assert model.evaluate(x, y) == 1.0
    y[:2] = (y[:2] + 1) % 3
    accuracy = model.evaluate(x, y)
    assert type(accuracy) is float
    assert accuracy == pytest.approx(4 / 6)
    assert model.evaluate(x, y.tolist()) == accuracy


def test_untrained_accuracy():
    x_train, y_train, x_val, y_val, _ = make_dataset_bundle()
    model = TinyCNN(seed=42)
    assert f"{model.evaluate(x_train, y_train):.1%}" == "38.3%"
    assert f"{model.evaluate(x_val, y_val):.1%}" == "40.0%"


def test_gradient_check_of_all_114_parameters():
    model = TinyCNN()
    x, y, *_ = make_dataset_bundle()
    x, y = x[:6], y[:6]
    model.backward(softmax_cross_entropy(model.forward(x), y)[2])
    errors = gradient_check(
        lambda: softmax_cross_entropy(model.forward(x), y)[0],
        model.parameters(),
        model.gradients(),
    )
    assert list(errors) == ["conv2d.weights", "conv2d.bias", "dense.weights", "dense.bias"]
    assert max(errors.values()) < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_every_gradient_matches_central_differences(seed):
    """The input's too. With small random biases: at bias 0 a black patch is ReLU's corner."""
    rng = np.random.default_rng(seed)
    model, x, y = TinyCNN(seed=seed), images(6, seed), rng.integers(0, 3, size=6)
    for layer in (model.conv, model.dense):
        layer.bias = rng.normal(0, 0.1, size=layer.bias.shape)
    d_x = model.backward(softmax_cross_entropy(model.forward(x), y)[2])
    for array, gradient in (
        (x, d_x),
        *zip(model.parameters().values(), model.gradients().values(), strict=True),
    ):
        estimated = numerical_gradient(
            lambda: softmax_cross_entropy(model.forward(x), y)[0], array, step=1e-5
        )
        np.testing.assert_allclose(gradient, estimated, rtol=1e-6, atol=1e-9)


def test_a_black_patch_at_bias_zero_is_a_corner_that_central_differences_halve():
    """Why the check above fills the biases: not a bug, a kink in the function."""
    model = Sequential(Conv2D(1, 1, 3), ReLU())
    x = np.zeros((1, 1, 3, 3))
    model.forward(x)
    model.backward(np.ones((1, 1, 1, 1)))
    estimated = numerical_gradient(lambda: float(model.forward(x).sum()), model.layers[0].bias)
    assert model.layers[0].d_bias[0] == 0
    assert estimated[0] == pytest.approx(0.5)


def test_float32_stays_float32():
    model, x = TinyCNN(), images().astype(np.float32)
    logits = model.forward(x)
    _, _, d_logits = softmax_cross_entropy(logits, [0, 1, 2, 0])
    d_x = model.backward(d_logits)
    assert logits.dtype == d_logits.dtype == d_x.dtype == np.float32
    assert {value.dtype for value in model.gradients().values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(logits, TinyCNN().forward(x.astype(float)), atol=1e-5)


# Sequential


def test_sequential_runs_forward_in_order_and_backward_in_reverse():
    calls = []

    class Spy:
        def __init__(self, name):
            self.name = name

        def forward(self, x):
            calls.append(("forward", self.name))
            return x + 1

        def backward(self, d_output):
            calls.append(("backward", self.name))
            return d_output + 1

    row = Sequential(Spy("a"), Spy("b"), Spy("c"))
    assert row.forward([0.0]) == [3.0]
    assert row.backward([0.0]) == [3.0]
    assert calls == [("forward", n) for n in "abc"] + [("backward", n) for n in "cba"]


@pytest.mark.parametrize(
    "build",
    [
        TinyCNN,
        lambda: Sequential(ReLU(), Conv2D(1, 2, 3), MaxPool2D(2), Flatten(), Dense(18, 3)),
        lambda: Sequential(Flatten(), Dense(64, 5), ReLU(), Dense(5, 3)),
    ],
)
def test_backward_without_input_gradient_learns_the_same(build):
    full, short = build(), build()
    d_output = np.random.default_rng(1).normal(size=full.forward(images()).shape)
    short.forward(images())
    assert full.backward(d_output).shape == (4, 1, 8, 8)
    called = []
    for layer in short.layers:
        original = layer.backward
        layer.backward = lambda *a, _f=original, _l=layer, **k: (called.append(_l), _f(*a, **k))[1]
    assert short.backward(d_output, input_gradient=False) is None
    for name, gradient in full.gradients().items():
        np.testing.assert_array_equal(short.gradients()[name], gradient)
    first = next(i for i, layer in enumerate(short.layers) if hasattr(layer, "weights"))
    assert called == short.layers[: first - 1 if first else None : -1]  # nothing below it is asked


def test_backward_without_input_gradient_and_without_parameters():
    row = Sequential(ReLU(), MaxPool2D(2))
    row.forward(images())
    assert row.backward(np.ones((4, 1, 4, 4)), input_gradient=False) is None
    with pytest.raises(ValueError, match="d_output: expected the shape"):
        row.backward(np.ones((4, 1, 4, 5)), input_gradient=False)


def test_parameters_by_name_are_the_arrays_themselves():
    row = Sequential(Conv2D(1, 2, 3), Conv2D(2, 2, 3), Flatten(), Dense(32, 3), Dense(3, 3))
    names = [f"{layer}.{key}" for layer in ("conv2d", "conv2d_2", "dense", "dense_2")
             for key in ("weights", "bias")]  # fmt: skip
    assert list(row.parameters()) == list(row.gradients()) == names
    assert set(row.gradients().values()) == {None}
    assert row.parameters()["conv2d_2.weights"] is row.layers[1].weights
    assert row.parameters()["dense_2.bias"] is row.layers[4].bias
    assert row.parameter_count == (18 + 2) + (36 + 2) + (96 + 3) + (9 + 3)
    row.forward(images())
    row.backward(np.ones((4, 3)))
    assert row.gradients()["dense.weights"] is row.layers[3].d_weights
    assert row.gradients()["conv2d.bias"] is row.layers[0].d_bias


def test_a_reader_s_own_layer_fits():
    class Double:
        def forward(self, x):
            return 2 * x

        def backward(self, d_output):
            return 2 * d_output

    row = Sequential(Double(), Flatten(), Dense(64, 3))
    plain = Sequential(Flatten(), Dense(64, 3))
    np.testing.assert_array_equal(row.forward(images()), plain.forward(2 * images()))
    np.testing.assert_array_equal(
        row.backward(np.ones((4, 3))), 2 * plain.backward(np.ones((4, 3)))
    )


@pytest.mark.parametrize("base", [Layer, object])
def test_parameters_have_any_names(base):
    """Named in `learned`, they are trained, saved and counted like weights and bias."""

    class Normalize(base):
        learned = ("gamma",)

        def __init__(self):
            self.gamma, self.d_gamma = np.full(3, 2.0), None

        def forward(self, x):
            self.x, self.output_shape = x, x.shape
            return self.gamma * x

        def backward(self, d_output, input_gradient=True):
            self.d_gamma = (d_output * self.x).sum(axis=0)
            return self.gamma * d_output

    row = Sequential(Flatten(), Dense(64, 3), Normalize())
    assert list(row.parameters()) == ["dense.weights", "dense.bias", "normalize.gamma"]
    assert row.parameter_count == 192 + 3 + 3
    x = images()
    row.backward(np.ones_like(row.forward(x)))
    errors = gradient_check(lambda: float(row.forward(x).sum()), row.parameters(), row.gradients())
    assert max(errors.values()) < 1e-6


def test_no_two_layers_have_one_name():
    class Dense_2(Dense):  # noqa: N801
        """Its name is what the second Dense would be called."""

    row = Sequential(Dense(3, 4), Dense_2(4, 5), Dense(5, 6), Dense(6, 2))
    names = ["dense", "dense_2", "dense_3", "dense_4"]
    assert list(row.parameters()) == [f"{n}.{key}" for n in names for key in ("weights", "bias")]
    assert row.parameter_count == 16 + 25 + 36 + 14


def test_a_layer_without_bias_and_layers_that_compare_equal():
    @dataclasses.dataclass
    class Scale:
        weights: np.ndarray
        d_weights: np.ndarray = None

        def forward(self, x):
            self.x = x
            return x * self.weights

        def backward(self, d_output):
            self.d_weights = (d_output * self.x).sum(axis=0)
            return d_output * self.weights

    row = Sequential(Scale(np.ones(3)), Scale(np.ones(3)))
    row.forward(np.ones((2, 3)))
    assert row.backward(np.ones((2, 3)), input_gradient=False) is None
    assert list(row.gradients()) == ["scale.weights", "scale_2.weights"]


def test_what_people_try_first():
    model = TinyCNN()
    x = images()
    np.testing.assert_array_equal(model(x), model.forward(x))
    np.testing.assert_array_equal(model[0](x), model.conv.forward(x))
    assert len(model) == 5
    assert list(model) == model.layers == model[:]
    assert repr(model.conv) == "Conv2D(in_channels=1, out_channels=3, kernel_size=3)"
    assert repr(model).splitlines()[:3] == ["TinyCNN(", f"    {model.conv!r},", "    ReLU(),"]


# Summary


def test_summary_rows_and_table():
    model = TinyCNN()
    rows = summarize(model)
    assert rows == [
        ("Input", (1, 1, 8, 8), None),
        ("Conv2D", (1, 3, 6, 6), 30),
        ("ReLU", (1, 3, 6, 6), None),
        ("MaxPool2D", (1, 3, 3, 3), None),
        ("Flatten", (1, 27), None),
        ("Dense", (1, 3), 84),
    ]
    assert repr(rows) == str(rows)  # a notebook shows the table
    lines = str(rows).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [name for name, *_ in rows] + ["Total"]
    assert [line.split()[-1] for line in lines] == [
        *("Parameters", "-", "30", "-", "-", "-", "84", "114")
    ]
    assert len({len(line) for line in lines}) == 1  # the columns line up
    assert lines[1] == "Input      (1, 1, 8, 8)             -"
    assert model.conv.last_input is None  # the model itself was not run


def test_summary_of_a_wide_network_lines_up():
    rows = summarize(Sequential(Conv2D(1, 10_000, 1), MaxPool2D(3)), (12, 1, 3, 10))
    assert rows[1:] == [("Conv2D", (12, 10_000, 3, 10), 20_000),
                        ("MaxPool2D", (12, 10_000, 1, 3), None)]  # fmt: skip
    lines = str(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert (
        len({line.index(cell) for line, cell in zip(lines, ("Out", "(", "("), strict=False)}) == 1
    )
    assert lines[2].endswith(" 20,000")


def test_summary_keeps_what_the_model_saw():
    model, x = TinyCNN(), images()
    model.forward(x)
    summarize(model, (7, 1, 8, 8))
    np.testing.assert_array_equal(model.conv.last_input, x)
    assert summarize(model, [7, 1, 8, 8])[-1] == ("Dense", (7, 3), 84)


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_network_is_one_network(twin_of):
    """Its named layers are those in its list, and nothing in it is shared with the first."""
    model, x = TinyCNN(seed=3), np.random.default_rng(3).normal(size=(2, 1, 8, 8))
    logits = model.forward(x)
    twin = twin_of(model)
    assert twin.layers == [twin.conv, twin.relu, twin.pool, twin.flatten, twin.dense]
    np.testing.assert_array_equal(twin.backward(logits), model.backward(logits))
    for name, value in twin.parameters().items():
        assert not np.shares_memory(value, model.parameters()[name])
    twin.conv.weights += 1
    np.testing.assert_array_equal(model.forward(x), logits)
    assert (twin.forward(x) != logits).any()


def test_an_overflow_that_relu_would_hide_is_refused_at_every_run():
    model = TinyCNN(seed=0)
    x = np.ones((2, 1, 8, 8))
    model.forward(x)
    model.layers[0].weights[...] = -1e308
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=r"from layers\[0\], Conv2D"):
        model.forward(x)


def test_arguments_may_be_named():
    model = TinyCNN(seed=0)
    logits = model.forward(x=np.ones((2, 1, 8, 8)))
    d_x = model.backward(d_output=np.ones_like(logits), input_gradient=True)
    assert d_x.shape == (2, 1, 8, 8)
    conv = model.layers[0]
    conv.backward(d_output=np.ones(conv.forward(x=np.ones((2, 1, 8, 8))).shape))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'd_output'"):
        model.backward()


def test_a_list_of_layers_is_told_how_to_be_passed():
    with pytest.raises(TypeError, match=r"pass Sequential\(\*layers\)"):
        Sequential([ReLU(), Flatten()])
