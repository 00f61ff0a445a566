"""Bad inputs, as tables: which error, what its message names, and that nothing was changed."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from state import frozen

from tinycnn_lib import (
    CLASS_NAMES,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    base_pattern,
    gradient_check,
    make_dataset_bundle,
    numerical_gradient,
    relative_error,
    softmax,
    softmax_cross_entropy,
    summarize,
)
from tinycnn_lib.display import show_source

ERRORS = {"TypeError": TypeError, "ValueError": ValueError}
NAN, INF = float("nan"), float("inf")


def refuses(call, error, name, *fragments, watched=()):
    """Assert that `call` raises `error`, that the message is complete, and `watched` the same."""
    before = frozen(list(watched))
    with pytest.raises(ERRORS[error]) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"{name}: expected "), message
    assert re.search(r"[,;] got ", message), message
    for fragment in fragments:
        assert fragment in message, message
    assert frozen(list(watched)) == before


# Entry points that take arrays, used once, so that they hold something that could be lost.


def used(entry):
    """Return (object, function of one array, name of the argument) of an entry point."""
    rng = np.random.default_rng(0)
    kind, _, method = entry.partition(".")
    labels = np.array([0, 1])
    if kind == "softmax":
        return None, softmax, "logits"
    if kind == "softmax_cross_entropy":
        return None, lambda x: softmax_cross_entropy(x, labels), "logits"
    layer, shape = {
        "Conv2D": lambda: (Conv2D(2, 3, 3), (2, 2, 5, 6)),
        "ReLU": lambda: (ReLU(), (2, 2, 5, 6)),
        "MaxPool2D": lambda: (MaxPool2D(3), (2, 2, 5, 6)),
        "Flatten": lambda: (Flatten(), (2, 2, 5, 6)),
        "Dense": lambda: (Dense(4, 3), (2, 4)),
        "Sequential": lambda: (Sequential(Conv2D(2, 3, 3), ReLU(), MaxPool2D(3)), (2, 2, 5, 6)),
        "TinyCNN": lambda: (TinyCNN(), (2, 1, 8, 8)),
    }[kind]()
    y = layer.forward(rng.normal(size=shape))
    layer.backward(rng.normal(size=y.shape))
    if method == "evaluate":
        return layer, lambda x: layer.evaluate(x, labels), "x"
    return layer, getattr(layer, method), "d_output" if method == "backward" else "x"


IMAGES = ["Conv2D.forward", "MaxPool2D.forward", "Flatten.forward", "Sequential.forward",
          "TinyCNN.forward", "TinyCNN.predict", "TinyCNN.evaluate"]  # fmt: skip
TINYCNN = [entry for entry in IMAGES if entry.startswith("TinyCNN")]
ROWS = ["Dense.forward", "softmax", "softmax_cross_entropy"]
GRADIENTS = [f"{kind}.backward" for kind in ("Conv2D", "ReLU", "MaxPool2D", "Flatten", "Dense")]
GRADIENTS += ["Sequential.backward", "TinyCNN.backward"]
ARRAYS = [*IMAGES, "ReLU.forward", *ROWS, *GRADIENTS]


class Lazy:
    """An object that NumPy cannot turn into numbers."""


class Raising:
    """An object whose own conversion fails."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("still on another device")


NOT_FINITE_OR_NO_NUMBERS = {
    "None": (None, "TypeError", "real numbers"),
    "string": ("8x8", "TypeError", "real numbers"),
    "array of strings": (np.array([["1", "2"]]), "TypeError", "real numbers"),
    "complex": (np.ones((2, 2), complex), "TypeError", "complex128"),
    "objects": (np.array([[1, None]], dtype=object), "TypeError", "np.asarray("),
    "dates": (np.array(["2026-01-01"], dtype="M8[D]"), "TypeError", "real numbers"),
    "a large integer": ([[10**30]], "TypeError", "real numbers"),
    "an object": (Lazy(), "TypeError", "real numbers"),
    "an object that raises": (Raising(), "TypeError", "still on another device"),
    "a dict": ({"x": 1}, "TypeError", "real numbers"),
    "a generator": ((i for i in range(3)), "TypeError", "real numbers"),
    "ragged list": ([[1.0, 2.0], [3.0]], "ValueError", "rows of different lengths"),
    "masked": (np.ma.masked_equal([[1, 2]], 2), "TypeError", ".filled(0)"),
    "empty": ([], "ValueError", "at least one entry", "(0,)"),
}


@pytest.mark.parametrize("entry", ARRAYS)
@pytest.mark.parametrize("bad", NOT_FINITE_OR_NO_NUMBERS)
def test_not_an_array_of_numbers(entry, bad):
    thing, call, name = used(entry)
    value, error, *fragments = NOT_FINITE_OR_NO_NUMBERS[bad]
    refuses(lambda: call(value), error, name, *fragments, watched=[thing])


@pytest.mark.parametrize("entry", ARRAYS)
@pytest.mark.parametrize("number", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_number_not_finite(entry, number, dtype):
    thing, call, name = used(entry)
    shape = good_shape(entry)
    x = np.zeros(shape, dtype=dtype)
    where = tuple(side - 1 for side in shape)
    x[where] = number
    fragments = ("finite", f"got {number}", f"at index {where}", f"np.isfinite({name})")
    refuses(lambda: call(x), "ValueError", name, *fragments, watched=[thing])


def good_shape(entry):
    """Return the shape that an entry point, as `used` makes it, takes."""
    shapes = {
        "Conv2D.backward": (2, 3, 3, 4),
        "MaxPool2D.backward": (2, 2, 1, 2),
        "Flatten.backward": (2, 60),
        "Dense.backward": (2, 3),
        "Sequential.backward": (2, 3, 1, 1),
        "TinyCNN.backward": (2, 3),
        "Dense.forward": (2, 4),
        "softmax": (2, 3),
        "softmax_cross_entropy": (2, 3),
    }
    return shapes.get(entry, (2, 1, 8, 8) if entry in TINYCNN else (2, 2, 5, 6))


@pytest.mark.parametrize("entry", ARRAYS)
def test_the_good_shape_is_good(entry):
    """Otherwise the tables could pass for the wrong reason."""
    _, call, _ = used(entry)
    call(np.zeros(good_shape(entry)))
    call(np.full(good_shape(entry), 1e300))  # large but finite


# Ranks and shapes


@pytest.mark.parametrize("entry", IMAGES)
@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((), None),
        ((8,), None),
        ((8, 8), "x[None, None]"),
        ((1, 8, 8), "x[None]"),
        ((5, 8, 8), "x[:, None]"),
        ((2, 1, 8, 8, 1), None),
    ],
)
def test_images_of_wrong_rank(entry, shape, hint):
    thing, call, _ = used(entry)
    fragments = ["(N, C, H, W)", str(shape)] + [hint] * (hint is not None)
    refuses(lambda: call(np.ones(shape)), "ValueError", "x", *fragments, watched=[thing])


@pytest.mark.parametrize(
    ("hint", "shape", "count"),
    [
        ("x[None, None]", (8, 8), 1),
        ("x[None]", (1, 8, 8), 1),
        ("x[:, None]", (2, 8, 8), 2),
        ("x.reshape(-1, 1, 8, 8)", (5, 64), 5),
        ("x.reshape(-1, 1, 8, 8)", (8, 64), 8),
        ("x.reshape(-1, 1, 8, 8)", (64,), 1),
    ],
)
def test_the_hint_for_a_missing_axis_works(hint, shape, count):
    x = np.random.default_rng(1).normal(size=shape)
    with pytest.raises(ValueError, match=re.escape(hint)):
        TinyCNN().forward(x)
    assert TinyCNN().forward(eval(hint)).shape == (count, 3)


@pytest.mark.parametrize(
    ("shape", "helps", "misleads"),
    [
        ((180, 64), ("reshape(-1, 1, 8, 8)",), "[None"),
        ((8, 8), ("[None, None]",), "reshape"),
        ((28, 28), (), "pass"),  # neither would give 8 x 8 pixels
        ((8,), (), "pass"),
    ],
)
def test_a_hint_fits_the_shape_that_came(shape, helps, misleads):
    with pytest.raises(ValueError, match="got ") as caught:
        TinyCNN().forward(np.ones(shape))
    assert misleads not in str(caught.value)
    assert all(hint in str(caught.value) for hint in helps)


def test_a_layer_that_takes_any_size_names_both_readings_of_two_axes():
    with pytest.raises(ValueError, match="got ") as caught:
        Conv2D(3, 2, 3).forward(np.ones((20, 192)))
    assert "one image (H, W) pass x[None, None]" in str(caught.value)
    assert "flattened images (N, C H W) pass x.reshape(-1, 3, H, W)" in str(caught.value)


@pytest.mark.parametrize("entry", [*ROWS])
@pytest.mark.parametrize(
    ("shape", "hint"),
    [((), None), ((4,), "[None]"), ((1, 1, 4), None), ((2, 1, 2, 2), "Flatten()")],
)
def test_rows_of_wrong_rank(entry, shape, hint):
    thing, call, name = used(entry)
    fragments = ["(N, D)", str(shape)] + [hint] * (hint is not None)
    refuses(lambda: call(np.ones(shape)), "ValueError", name, *fragments, watched=[thing])


@pytest.mark.parametrize("entry", [*IMAGES, "ReLU.forward"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_images_with_an_axis_of_length_zero(entry, axis):
    thing, call, _ = used(entry)
    shape = list(good_shape(entry))
    shape[axis] = 0
    fragments = ("at least one entry on every axis", str(tuple(shape)))
    refuses(lambda: call(np.ones(shape)), "ValueError", "x", *fragments, watched=[thing])


@pytest.mark.parametrize("entry", ROWS)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_rows_with_an_axis_of_length_zero(entry, shape):
    thing, call, name = used(entry)
    refuses(lambda: call(np.ones(shape)), "ValueError", name, str(shape), watched=[thing])


@pytest.mark.parametrize(
    ("entry", "shape", "fragments"),
    [
        ("Conv2D.forward", (2, 3, 5, 6), ("C = 2", "(2, 3, 5, 6)", "C = 3")),
        ("Conv2D.forward", (2, 1, 5, 6), ("C = 2", "C = 1")),
        ("Conv2D.forward", (2, 5, 6, 2), ("C = 2", "x.transpose(0, 3, 1, 2)")),
        ("Conv2D.forward", (2, 2, 2, 6), ("at least 3", "kernel_size = 3", "(2, 2, 2, 6)")),
        ("Conv2D.forward", (2, 2, 6, 2), ("at least 3", "kernel_size = 3", "(2, 2, 6, 2)")),
        ("MaxPool2D.forward", (2, 2, 2, 6), ("at least 3", "pool_size = 3", "(2, 2, 2, 6)")),
        ("MaxPool2D.forward", (2, 2, 6, 2), ("at least 3", "pool_size = 3", "(2, 2, 6, 2)")),
        ("Sequential.forward", (2, 3, 5, 6), ("C = 2", "C = 3")),
        ("Sequential.forward", (2, 2, 4, 6), ("at least 3", "pool_size = 3", "(2, 3, 2, 4)")),
        ("Dense.forward", (2, 5), ("D = 4", "(2, 5)", "D = 5")),
        ("Dense.forward", (4, 1), ("D = 4", "D = 1")),
        *((entry, (2, 3, 8, 8), ("C = 1", "C = 3")) for entry in TINYCNN),
        *((entry, (2, 8, 8, 1), ("C = 1", "x.transpose(0, 3, 1, 2)")) for entry in TINYCNN),
        *((entry, (2, 1, 28, 28), ("8 x 8", "(2, 1, 28, 28)")) for entry in TINYCNN),
        *((entry, (2, 1, 8, 9), ("8 x 8", "(2, 1, 8, 9)")) for entry in TINYCNN),
        *((entry, (2, 1, 2, 2), ("8 x 8", "(2, 1, 2, 2)")) for entry in TINYCNN),
    ],
)
def test_shape_that_does_not_fit_the_layer(entry, shape, fragments):
    thing, call, name = used(entry)
    # A network keeps its parameters; what its first layers have noted, the next forward replaces.
    watched = [thing.parameters()] if entry == "Sequential.forward" else [thing]
    refuses(lambda: call(np.ones(shape)), "ValueError", name, *fragments, watched=watched)


@pytest.mark.parametrize("entry", GRADIENTS)
@pytest.mark.parametrize("change", ["one more", "batch of one", "transposed", "scalar", "row"])
def test_gradient_of_wrong_shape(entry, change):
    """Shapes that NumPy would broadcast are refused too."""
    thing, call, _ = used(entry)
    right = good_shape(entry)
    wrong = {
        "one more": (*right[:-1], right[-1] + 1),
        "batch of one": (1, *right[1:]),
        "transposed": right[::-1],
        "scalar": (),
        "row": (int(np.prod(right)),),
    }[change]
    if wrong == right:
        pytest.fail("choose shapes whose transpose differs")
    d_output = np.ones(wrong)
    refuses(lambda: call(d_output), "ValueError", "d_output", str(right), str(wrong),
            watched=[thing])  # fmt: skip


@pytest.mark.parametrize("build", [
    lambda: Conv2D(2, 3, 3), ReLU, MaxPool2D, Flatten, lambda: Dense(4, 3), TinyCNN,
    lambda: Sequential(ReLU()),
], ids=["Conv2D", "ReLU", "MaxPool2D", "Flatten", "Dense", "TinyCNN", "Sequential"])  # fmt: skip
def test_backward_before_forward(build):
    thing = build()
    call = lambda: thing.backward(np.ones((2, 3)))  # noqa: E731
    name = f"{type(thing).__name__}.backward"
    refuses(call, "ValueError", name, "forward first", watched=[thing])


def test_backward_before_forward_also_after_a_refused_forward():
    layer = Conv2D(1, 1, 3)
    with pytest.raises(ValueError, match="at least 3"):
        layer.forward(np.ones((1, 1, 2, 2)))
    with pytest.raises(ValueError, match="forward first"):
        layer.backward(np.ones((1, 1, 1, 1)))


# Labels

BAD_LABELS = {
    "negative": ([0, -1], "ValueError", "from 0 to 2", "got -1"),
    "too large": ([0, 3], "ValueError", "from 0 to 2", "got 3"),
    "too large and unsigned": (np.array([0, 255], np.uint8), "ValueError", "got 255"),
    "too few": ([0], "ValueError", "(2,)", "(1,)"),
    "too many": ([0, 1, 2], "ValueError", "(2,)", "(3,)"),
    "one for all": (1, "ValueError", "(2,)", "()"),
    "a column": ([[0], [1]], "ValueError", "(2,)", "(2, 1)"),
    "integer one-hot": ([[1, 0, 0], [0, 1, 0]], "ValueError", "(2,)", "(2, 3)", "np.argmax("),
    "float one-hot": (np.eye(3)[:2], "TypeError", "axis=1)", "float64"),
    "floats": ([0.0, 1.0], "TypeError", ".astype(int)", "float64"),
    "nan": ([0.0, NAN], "TypeError", "integer class labels"),
    "booleans": ([True, False], "TypeError", "bool"),
    "names": (["vertical", "diagonal"], "TypeError", "integer class labels", "np.unique("),
    "objects": (np.array([0, 1], object), "TypeError", "object"),
    "nothing": (None, "TypeError", "integer class labels", "pass 2 numbers from 0 to 2"),
    "empty": (np.array([], int), "ValueError", "(2,)", "(0,)"),
    "ragged": ([[0], [1, 2]], "ValueError", "different lengths"),
    "masked": (np.ma.masked_equal([0, 1], 1), "TypeError", "mask"),
}


@pytest.mark.parametrize("bad", BAD_LABELS)
def test_labels(bad):
    labels, error, *fragments = BAD_LABELS[bad]
    logits = np.zeros((2, 3))
    refuses(lambda: softmax_cross_entropy(logits, labels), error, "targets", *fragments,
            watched=[logits])  # fmt: skip
    model, _, _ = used("TinyCNN.forward")
    x = np.random.default_rng(2).normal(size=(2, 1, 8, 8))
    refuses(lambda: model.evaluate(x, labels), error, "y", *fragments, watched=[model, x])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_every_integer_dtype_is_a_good_label(dtype):
    logits = np.array([[0.0, 1, 2], [3, 1, 0]])
    expected = softmax_cross_entropy(logits, [2, 0])
    for a, b in zip(softmax_cross_entropy(logits, np.array([2, 0], dtype)), expected, strict=True):
        np.testing.assert_array_equal(a, b)


# Sizes and seeds

SIZES = {
    "Conv2D in_channels": lambda n: Conv2D(n, 3, 3),
    "Conv2D out_channels": lambda n: Conv2D(1, n, 3),
    "Conv2D kernel_size": lambda n: Conv2D(1, 3, n),
    "MaxPool2D pool_size": lambda n: MaxPool2D(n),
    "Dense in_features": lambda n: Dense(n, 3),
    "Dense out_features": lambda n: Dense(3, n),
    "make_dataset_bundle train_per_class": lambda n: make_dataset_bundle(train_per_class=n),
    "make_dataset_bundle val_per_class": lambda n: make_dataset_bundle(val_per_class=n),
    "make_dataset_bundle size": lambda n: make_dataset_bundle(size=n),
    "base_pattern size": lambda n: base_pattern("vertical", n),
    "summarize input_shape": lambda n: summarize(TinyCNN(), (1, 1, n, 8)),
}
SEEDS = {
    "Conv2D seed": lambda n: Conv2D(1, 3, 3, seed=n),
    "Dense seed": lambda n: Dense(3, 3, seed=n),
    "TinyCNN seed": lambda n: TinyCNN(seed=n),
    "make_dataset_bundle seed": lambda n: make_dataset_bundle(seed=n),
}
NO_INTEGER = [2.0, "3", None, True, np.True_, NAN, [3], np.array([3, 3]), 3 + 0j, np.float64(3)]


@pytest.mark.parametrize("entry", [*SIZES, *SEEDS])
@pytest.mark.parametrize("value", NO_INTEGER, ids=repr)
def test_no_integer(entry, value):
    call = (SIZES | SEEDS)[entry]
    refuses(lambda: call(value), "TypeError", entry.split()[1], "an integer")


@pytest.mark.parametrize("entry", SIZES)
@pytest.mark.parametrize("value", [0, -1, np.int64(-5)])
def test_size_not_positive(entry, value):
    least = "at least 3" if entry.endswith(" size") else "at least 1"
    refuses(lambda: SIZES[entry](value), "ValueError", entry.split()[1], least, f"got {value}")


@pytest.mark.parametrize("entry", ["make_dataset_bundle size", "base_pattern size"])
def test_image_too_small_for_patterns_that_differ(entry):
    refuses(lambda: SIZES[entry](2), "ValueError", "size", "at least 3", "got 2")


@pytest.mark.parametrize("entry", SEEDS)
def test_seed_negative(entry):
    refuses(lambda: SEEDS[entry](-1), "ValueError", "seed", "at least 0", "got -1")


def test_numpy_integers_are_sizes_and_seeds():
    layer = Conv2D(np.int32(1), np.array(2), np.uint8(3), seed=np.int64(5))
    np.testing.assert_array_equal(layer.weights, Conv2D(1, 2, 3, seed=5).weights)
    assert type(layer.in_channels) is type(layer.out_channels) is type(layer.kernel_size) is int


# Class names


@pytest.mark.parametrize(
    ("names", "error", "fragment"),
    [
        (("vertical", "dot"), "ValueError", "'dot'"),
        (("Vertical",), "ValueError", "'Vertical'"),
        (("vertical", "vertical"), "ValueError", "different names"),
        ((), "ValueError", "at least one name"),
        ("vertical", "TypeError", '("vertical",)'),
        (None, "TypeError", "None"),
        (3, "TypeError", "3"),
        ({"vertical", "diagonal"}, "TypeError", "tuple or list"),  # a set has no order
        ((0, 1), "TypeError", "0 (int)"),
        ((["vertical"],), "TypeError", "(list)"),
    ],
)
def test_class_names(names, error, fragment):
    refuses(lambda: make_dataset_bundle(class_names=names), error, "class_names", fragment)


@pytest.mark.parametrize(
    ("name", "error"), [("dot", "ValueError"), ("", "ValueError"), (0, "TypeError"),
                        (None, "TypeError"), (["vertical"], "TypeError")],
)  # fmt: skip
def test_pattern_name(name, error):
    refuses(lambda: base_pattern(name), error, "name", *map(repr, CLASS_NAMES))


# Networks


@pytest.mark.parametrize(
    ("layers", "error", "name", "fragments"),
    [
        ((), "ValueError", "layers", ("at least one layer",)),
        ((ReLU(), ReLU), "TypeError", "layers[1]", ("pass an instance",)),
        ((3,), "TypeError", "layers[0]", ("forward and backward", "got 3")),
        (([ReLU(), Flatten()],), "TypeError", "layers[0]", ("a list", "pass Sequential(*layers)")),
        ((SimpleNamespace(forward=abs),), "TypeError", "layers[0]", ("forward and backward",)),
        ((SimpleNamespace(backward=abs),), "TypeError", "layers[0]", ("forward and backward",)),
        ((np.tanh,), "TypeError", "layers[0]", ("forward and backward",)),
        ((ReLU(), Sequential(ReLU())), "TypeError", "layers[1]", ("*model.layers",)),
        ((TinyCNN(),), "TypeError", "layers[0]", ("*model.layers",)),
    ],
)
def test_sequential(layers, error, name, fragments):
    refuses(lambda: Sequential(*layers), error, name, *fragments, watched=layers)


def test_sequential_with_one_layer_twice():
    relu = ReLU()
    refuses(lambda: Sequential(relu, Flatten(), relu), "ValueError", "layers", "twice")


@pytest.mark.parametrize(
    ("model", "shape", "error", "name", "fragment"),
    [
        (None, (1, 1, 8, 8), "TypeError", "model", "Sequential"),
        (ReLU(), (1, 1, 8, 8), "TypeError", "model", "Sequential"),
        (TinyCNN(), 8, "TypeError", "input_shape", "got 8"),
        (TinyCNN(), "1188", "TypeError", "input_shape", "'1188'"),
        (TinyCNN(), (8, 8), "ValueError", "x", "x[None, None]"),
        (TinyCNN(), (1, 2, 8, 8), "ValueError", "x", "C = 1"),
        (TinyCNN(), (1, 1, 2, 2), "ValueError", "x", "kernel_size = 3"),
        (TinyCNN(), (1, 1, 9, 10), "ValueError", "x", "D = 27"),
    ],
)
def test_summarize(model, shape, error, name, fragment):
    refuses(lambda: summarize(model, shape), error, name, fragment, watched=[model])


@pytest.mark.parametrize("method", ["forward", "predict", "evaluate"])
@pytest.mark.parametrize("trusted", [True, False])
def test_numbers_that_overflow_half_way_through_are_refused(method, trusted):
    """The input is finite, a layer's output is not: the message says which layer's."""
    model = used("TinyCNN.forward")[0] if trusted else TinyCNN()
    model.conv.weights[:] = 1e10
    model.conv.weights[0] = -1e10  # minus infinity becomes 0 in ReLU, and is seen all the same
    x = np.full((2, 1, 8, 8), 1e300)
    arguments = (x, [0, 1]) if method == "evaluate" else (x,)
    with np.errstate(all="ignore"):
        call = lambda: getattr(model, method)(*arguments)  # noqa: E731
        refuses(call, "ValueError", "x", "stay finite, got -inf from layers[0], Conv2D",
                watched=[model.parameters()])  # fmt: skip


@pytest.mark.parametrize("call", [lambda m, x: m.predict(x), lambda m, x: m.evaluate(x, [0, 1])])
def test_logits_that_are_not_finite_predict_nothing(call):
    """Without the guard, argmax of NaN would be class 0."""
    model, _, _ = used("TinyCNN.forward")
    model.dense.weights[:] = NAN
    refuses(lambda: call(model, np.ones((2, 1, 8, 8))), "ValueError", "x", "got nan",
            "layers[4], Dense", watched=[model])  # fmt: skip


def test_a_layer_run_alone_between_forward_and_backward_is_noticed():
    model, _, _ = used("TinyCNN.forward")
    model.pool.forward(np.ones((1, 1, 4, 4)))
    with pytest.raises(ValueError, match="d_output: expected the shape of MaxPool2D") as caught:
        model.backward(np.ones((2, 3)))
    assert caught.value.__notes__ == ["raised by layers[2], MaxPool2D.backward"]


def test_layers_put_in_later_are_asked():
    model, call, _ = used("TinyCNN.forward")
    x = np.ones((2, 1, 8, 8))
    call(x)
    model.dense = Dense(28, 3)
    assert model.layers[4] is model.dense
    with pytest.raises(ValueError, match="D = 28") as caught:
        call(x)
    assert caught.value.__notes__ == ["raised by layers[4], Dense.forward"]


def test_what_a_reader_s_own_layer_returns_is_asked():
    class Cropping:
        rows = 8

        def forward(self, x):
            return x[:, :, : self.rows]

        def backward(self, d_output):
            return d_output

    row = Sequential(Cropping(), Flatten(), Dense(64, 3))
    row.forward(np.ones((2, 1, 8, 8)))
    row.layers[0].rows = 7
    with pytest.raises(ValueError, match="D = 64"):
        row.forward(np.ones((2, 1, 8, 8)))


def test_what_a_reader_s_own_layer_passes_back_is_asked():
    class Whole:
        def forward(self, x):
            return x

        def backward(self, d_output):
            return np.sign(d_output).astype(int)  # whole numbers, which would truncate weights

    dense = Dense(64, 3)
    row = Sequential(Flatten(), dense, Whole())
    d_logits = np.full((2, 3), 0.5)
    row.forward(np.ones((2, 1, 8, 8)))
    d_x = row.backward(d_logits)
    np.testing.assert_allclose(d_x.reshape(2, 64)[0], dense.weights.sum(axis=1))


def test_two_layers_that_would_learn_the_same_are_refused():
    refuses(lambda: Sequential(Dense(4, 4), ReLU(), Dense(4, 4)), "ValueError", "layers[2]",
            "got those of layers[0]", "seed=1")  # fmt: skip
    Sequential(Dense(4, 4, seed=0), ReLU(), Dense(4, 4, seed=1))
    zeros = Dense(4, 4), Dense(4, 4)  # set by hand, not drawn: what they show is the reader's wish
    for layer in zeros:
        layer.weights = np.zeros((4, 4))
    Sequential(*zeros)


@pytest.mark.parametrize(
    ("entry", "attribute", "shape"),
    [
        ("Conv2D", "weights", (3, 3)),
        ("Conv2D", "weights", (3, 18)),  # the right number of them
        ("Conv2D", "bias", (1,)),  # would broadcast
        ("Dense", "weights", (3, 4)),
        ("Dense", "bias", ()),
    ],
)
def test_parameters_replaced_by_ones_of_another_shape(entry, attribute, shape):
    layer, _, _ = used(f"{entry}.forward")
    right = getattr(layer, attribute).shape
    refuses(lambda: setattr(layer, attribute, np.ones(shape)), "ValueError", attribute,
            str(right), str(shape), watched=[layer])  # fmt: skip


NO_PARAMETERS = {
    "words": (np.full((3, 2, 3, 3), "a"), "TypeError", "real numbers, got an array of shape"),
    "complex": (np.ones((3, 2, 3, 3), complex), "TypeError", "complex128"),
    "objects": (np.full((3, 2, 3, 3), None), "TypeError", "dtype object"),
    "masked": (np.ma.masked_all((3, 2, 3, 3)), "TypeError", "weights.filled(0)"),
    "ragged": ([[1], [1, 2]], "ValueError", "rows of different lengths"),
    "None": (None, "ValueError", "(3, 2, 3, 3), got shape ()"),
}


@pytest.mark.parametrize("kind", NO_PARAMETERS)
def test_parameters_replaced_by_no_numbers(kind):
    weights, error, fragment = NO_PARAMETERS[kind]
    layer, _, _ = used("Conv2D.forward")
    refuses(lambda: setattr(layer, "weights", weights), error, "weights", fragment,
            watched=[layer])  # fmt: skip


# Gradients by finite differences


def half(array):
    return lambda: float((array**2).sum() / 2)


READ_ONLY = np.ones(3)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("call", "error", "name", "fragment"),
    [
        (lambda a: numerical_gradient(3.0, a), "TypeError", "function", "lambda"),
        (lambda a: numerical_gradient(half(a), [1.0]), "TypeError", "array", "list"),
        (lambda a: numerical_gradient(half(a), 1.0), "TypeError", "array", "float"),
        (lambda a: numerical_gradient(half(a), a.astype(int)), "TypeError", "array", "int64"),
        (lambda a: numerical_gradient(half(a), a.astype("f4")), "TypeError", "array", "float32"),
        (lambda a: numerical_gradient(half(a), READ_ONLY), "ValueError", "array", "read-only"),
        (lambda a: numerical_gradient(half(a), a, 0), "ValueError", "step", "(0, inf), got 0"),
        (lambda a: numerical_gradient(half(a), a, -1e-6), "ValueError", "step", "got -1e-06"),
        (lambda a: numerical_gradient(half(a), a, NAN), "ValueError", "step", "nan"),
        (lambda a: numerical_gradient(half(a), a, INF), "ValueError", "step", "inf"),
        (lambda a: numerical_gradient(half(a), a, "1e-6"), "TypeError", "step", "'1e-6'"),
        (lambda a: numerical_gradient(half(a), a, True), "TypeError", "step", "True"),
        (lambda a: numerical_gradient(lambda: None, a), "TypeError", "function", "got None from"),
        (lambda a: numerical_gradient(lambda: a, a), "TypeError", "function", "shape (3,)"),
        (lambda a: numerical_gradient(lambda: a[:1], a), "TypeError", "function", "shape (1,)"),
        (lambda a: numerical_gradient(lambda: 3j, a), "TypeError", "function", "is it the loss"),
        (lambda a: numerical_gradient(lambda: "a", a), "TypeError", "function", "a return"),
        (lambda a: relative_error(a, "b"), "TypeError", "b", "real numbers"),
        (lambda a: relative_error(None, a), "TypeError", "a", "dtype object"),
        (lambda a: relative_error(a, 1j * a), "TypeError", "b", "complex128"),
        (lambda a: relative_error([[1], [1, 2]], a), "ValueError", "a", "different lengths"),
        (lambda a: relative_error(np.ma.masked_all(3), a), "TypeError", "a", "mask"),
        (lambda a: relative_error(a, a, floor="x"), "TypeError", "floor", "'x'"),
        (lambda a: gradient_check(half(a), [a], [a]), "TypeError", "arrays", "{'w': w}"),
        (lambda a: gradient_check(half(a), {"a": a}, [a]), "TypeError", "gradients", "{'w': w}"),
        (lambda a: gradient_check(half(a), {"a": a}, None), "TypeError", "gradients", "None"),
        (lambda a: gradient_check(half(a), {"a": a[:0]}, {"a": a[:0]}), "ValueError", "arrays",
         "at least one number"),
        (lambda a: gradient_check(half(a), {"a": a}, {"a": "x"}), "TypeError", "gradients['a']",
         "<U1"),
        (lambda a: relative_error(a, a[:, None]), "ValueError", "a, b", "(3, 1)"),
        (lambda a: relative_error(a, a, floor=0), "ValueError", "floor", "(0, inf), got 0"),
        (lambda a: relative_error(a, a, floor=NAN), "ValueError", "floor", "nan"),
        (lambda a: gradient_check(half(a), {}, {}), "ValueError", "arrays", "at least one"),
        (lambda a: gradient_check(half(a), {"a": a}, {"b": a}), "ValueError", "gradients", "'a'"),
        (lambda a: gradient_check(half(a), {"a": a}, {"a": None}), "ValueError", "gradients['a']",
         "run backward first"),
        (lambda a: gradient_check(half(a), {"a": a}, {"a": a[:2]}), "ValueError", "a, b", "(2,)"),
    ],
)  # fmt: skip
def test_gradient_functions(call, error, name, fragment):
    a = np.array([1.0, 2.0, 3.0])
    refuses(lambda: call(a), error, name, fragment, watched=[a])


@pytest.mark.parametrize("thing", [np.exp, TinyCNN(), 3, "Conv2D", len])
def test_show_source_of_what_has_none(thing):
    refuses(lambda: show_source(thing), "TypeError", "thing", "show_source(type(thing))")
