"""The pieces that a reader of Chapter 23 writes: every layer, the loss, and the network."""

import math

import numpy as np

from tinycnn_lib import losses
from tinycnn_lib.datasets import traced_image
from tinycnn_lib.exercises._answers import expect_class, expect_method, expect_number
from tinycnn_lib.exercises._arrays import expect_array
from tinycnn_lib.exercises._base import call, fail, praise, sample
from tinycnn_lib.exercises._piece import Piece, play_forward, play_layer
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from tinycnn_lib.models import TinyCNN

PLACES = ("conv", "relu", "pool", "flatten", "dense")


def run_tinycnn(**others):
    """Run the traced picture through TinyCNN's layers, with `others` in their places."""
    model, x = TinyCNN(), traced_image()
    for place in PLACES:
        layer = others.get(place, getattr(model, place))
        x = call(f"{type(layer).__name__}.forward", layer.forward, x)
    return x


def swap_into(place, make):
    """Return a `swap`: the network with the reader's layer gives the same probabilities."""

    def swap(answer):
        mine = make(answer)
        if place in ("conv", "dense"):  # its own seed: give it the book's numbers
            theirs = getattr(TinyCNN(), place)
            mine.weights, mine.bias = theirs.weights, theirs.bias
        logits = run_tinycnn(**{place: mine})
        expect_array("TinyCNN with your layer", logits, run_tinycnn())
        shown = ", ".join(f"{p:.4f}" for p in losses.softmax(logits)[0])
        return f"TinyCNN with your {type(mine).__name__} gives the same probabilities, {shown}."

    return swap


def altered(layer, forward):
    """Return a class like the library's `layer`, with another forward: a likely mistake."""
    return type(layer.__name__, (layer,), {"forward": forward})


def _images(shapes, draw=sample, **settings):
    """Return cases: a layer's settings, and x of each shape."""
    return lambda: (settings | {"x": draw(shape, seed)} for seed, shape in enumerate(shapes))


# --- ReLU


def _relu_cases():
    for case in _images([(1, 1, 2, 3), (2, 3, 4, 5), (3, 4), (7,)])():
        yield {"x": case["x"].round(1)}  # 0 is among them
    yield {"x": sample((2, 3), 1).astype(np.float32)}


def _check_remembers(MyReLU):
    """Fail unless the layer keeps where x was positive."""
    x = np.array([[-1.0, 0.0, 2.0]])
    layer, other = MyReLU(), MyReLU()
    for one, numbers in ((layer, -x), (layer, x), (other, -x)):
        call("MyReLU().forward", one.forward, numbers)
    kept = np.asarray(getattr(layer, "positive", None))
    if kept.dtype.kind not in "biuf":
        fail("MyReLU does not keep self.positive", on={"x": x},
             hint="backward will need to know where x was positive: keep x > 0")  # fmt: skip
    hint = "it is 1, or True, where x was positive in the last forward of this layer, not at 0"
    expect_array("self.positive", kept * 1.0, (x > 0) * 1.0, on={"x": x}, hint=hint)


RELU = Piece(
    name="MyReLU",
    right=ReLU,
    cases=_relu_cases,
    praise="negative numbers become 0, the others stay.",
    play=play_layer,
    dtype=lambda case: case["x"].dtype,
    mistakes={
        "negative numbers become positive; they should become 0": (
            altered(ReLU, lambda self, x: np.abs(x))
        ),
        "a part of each negative number is left (that is a leaky ReLU); here they become 0": (
            altered(ReLU, lambda self, x: np.where(x > 0, x, 0.01 * x))
        ),
        "that is where x is positive; ReLU gives the number that stands there": (
            altered(ReLU, lambda self, x: (x > 0).astype(x.dtype))
        ),
        "the positive numbers are gone: max(0, x), not min": (
            altered(ReLU, lambda self, x: np.minimum(x, 0))
        ),
        "that is the largest of all numbers; ReLU takes each number on its own": (
            altered(ReLU, lambda self, x: np.full_like(x, max(0, x.max())))
        ),
        "that is a sigmoid": altered(ReLU, lambda self, x: 1 / (1 + np.exp(-x))),
    },
    promises=(_check_remembers,),
    swap=swap_into("relu", lambda MyReLU: MyReLU()),
)


def check_relu(MyReLU, keep=False):
    """Check the piece "ReLU": a class whose forward(x) gives max(0, x) and keeps self.positive.

    Parameters
    ----------
    MyReLU : class
    keep : bool
        Write a right answer into my_cnn.py, for the last section of Chapter 24.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    RELU.check(MyReLU, keep)


# --- MaxPool2D


def _pool_cases():
    for p, shape in ((2, (1, 1, 2, 4)), (2, (1, 2, 4, 2)), (2, (2, 2, 4, 6)), (2, (1, 1, 3, 5)),
                     (3, (1, 2, 3, 7)), (1, (1, 1, 2, 2)), (2, (2, 1, 5, 4))):  # fmt: skip
        yield {"pool_size": p, "x": sample(shape, sum(shape))}
    yield {"pool_size": 2, "x": -1 - np.abs(sample((1, 2, 4, 4), 9))}  # negative maps
    yield {"pool_size": 2, "x": 1e12 * (-1 - np.abs(sample((1, 1, 2, 4), 8)))}  # below any start
    yield {"pool_size": 2, "x": sample((1, 1, 4, 4), 3).astype(np.float32)}


def _padded_pool(self, x):
    """Give the rows and columns that are left over windows of their own."""
    p = self.pool_size
    rest = [(0, 0), (0, 0)] + [(0, -side % p) for side in x.shape[2:]]
    return MaxPool2D.forward(self, np.pad(x, rest, mode="edge"))


def _from_zero(self, x):
    return np.maximum(MaxPool2D.forward(self, x), 0)


def _over_channels(self, x):
    return np.repeat(MaxPool2D.forward(self, x).max(axis=1, keepdims=True), x.shape[1], axis=1)


def _mean_pool(self, x):
    p = self.pool_size
    return sum(self.entries(x)) / p**2


def _sliding(self, x):
    """Move the windows by 1."""
    p = self.pool_size
    windows = np.lib.stride_tricks.sliding_window_view(x, (p, p), axis=(2, 3))
    return windows.max(axis=(4, 5))


MAXPOOL = Piece(
    name="MyMaxPool2D",
    right=MaxPool2D,
    cases=_pool_cases,
    praise="windows of any side, negative maps, and rows that fill no window.",
    play=play_layer,
    dtype=lambda case: case["x"].dtype,
    mistakes={
        "rows and columns that do not fill a window are dropped": (
            altered(MaxPool2D, _padded_pool)
        ),
        "the largest number of a negative window is negative: start with its first, not with 0": (
            altered(MaxPool2D, _from_zero)
        ),
        "the windows look at all channels; each map is pooled by itself": (
            altered(MaxPool2D, _over_channels)
        ),
        "these are the means of the windows, not their largest numbers": (
            altered(MaxPool2D, _mean_pool)
        ),
        "these are the first numbers of the windows, not their largest": (
            altered(MaxPool2D, lambda self, x: self.entries(x)[0].copy())
        ),
        "the windows overlap: they start p apart, not 1": altered(MaxPool2D, _sliding),
        "these are the smallest numbers of the windows": (
            altered(MaxPool2D, lambda self, x: -MaxPool2D.forward(self, -x))
        ),
    },
    swap=swap_into("pool", lambda MyMaxPool2D: MyMaxPool2D(2)),
)


def check_maxpool(MyMaxPool2D, keep=False):
    """Check the piece "Max pooling": a class MyMaxPool2D(pool_size) with forward(x).

    Parameters
    ----------
    MyMaxPool2D : class
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    MAXPOOL.check(MyMaxPool2D, keep)


# --- Flatten


def _check_shape_kept(MyFlatten):
    """Fail unless the layer keeps the shape that it takes away."""
    x = sample((2, 3, 4, 5), 1)
    layer, other = MyFlatten(), MyFlatten()
    for one, numbers in ((layer, x[:1]), (layer, x), (other, x[:1])):
        call("MyFlatten().forward", one.forward, numbers)
    kept = getattr(layer, "input_shape", None)
    if not isinstance(kept, (tuple, list)) or tuple(kept) != x.shape:
        fail("MyFlatten does not keep self.input_shape", on={"x": x}, got=kept, expected=x.shape,
             hint="on the way back the numbers must find their places again")  # fmt: skip


FLATTEN = Piece(
    name="MyFlatten",
    right=Flatten,
    cases=_images([(1, 1, 2, 2), (1, 2, 2, 3), (2, 3, 4, 5), (3, 1, 1, 4)]),
    praise="one row for each image, channel by channel.",
    play=play_layer,
    mistakes={
        "all images have become one row; the batch axis stays": (
            altered(Flatten, lambda self, x: x.reshape(-1))
        ),
        "all images have become one row; there is one row for each image": (
            altered(Flatten, lambda self, x: x.reshape(1, -1))
        ),
        "the row goes through the columns first; it goes channel by channel, row by row": (
            altered(Flatten, lambda self, x: x.reshape(len(x), -1, order="F"))
        ),
        "the row goes pixel by pixel, all channels of each; it goes channel by channel": (
            altered(Flatten, lambda self, x: x.transpose(0, 2, 3, 1).reshape(len(x), -1))
        ),
        "there is a row for each channel; an image's channels lie in one row": (
            altered(Flatten, lambda self, x: x.reshape(*x.shape[:2], -1))
        ),
    },
    promises=(_check_shape_kept,),
    swap=swap_into("flatten", lambda MyFlatten: MyFlatten()),
)


def check_flatten(MyFlatten, keep=False):
    """Check the piece "Flatten": forward(x) maps (N, C, H, W) to (N, C H W).

    Parameters
    ----------
    MyFlatten : class
        `forward` also keeps `self.input_shape`.
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    FLATTEN.check(MyFlatten, keep)


# --- Layers with parameters


def check_start(kind, settings, shapes, fan_in):
    """Hold a layer's first parameters to their shapes, to He's variance and to their seed."""
    name = f"{kind.__name__}({', '.join(map(str, settings))})"

    def make(seed):
        return call(name, kind, *settings, seed, hint="its __init__ takes one more, seed=42")

    layer = call(name, kind, *settings)
    for part, shape in shapes.items():
        if not hasattr(layer, part):
            fail(f"{name} has no self.{part}", hint="forward will need it; make it in __init__")
        if np.shape(getattr(layer, part)) != shape:
            came = np.shape(getattr(layer, part))
            fail(f"self.{part} of {name} has the wrong shape", got=came, expected=shape)
    if np.any(layer.bias):
        fail(f"the biases of {name} do not start at 0", got=np.asarray(layer.bias),
             hint="only the weights are drawn at random")  # fmt: skip
    if not np.array_equal(make(5).weights, make(5).weights):
        fail(f"two layers of one seed differ in {name}", hint="draw from default_rng(seed)")
    if np.array_equal(make(5).weights, make(6).weights):
        fail(f"two layers of different seeds are the same in {name}",
             hint="draw from default_rng(seed), not from a fixed number")  # fmt: skip
    if np.ndim(layer.weights) == 4 and np.array_equal(layer.weights[0], layer.weights[1]):
        fail(f"the filters of {name} start alike", hint="draw the numbers of all filters at once")
    weights = np.concatenate([np.ravel(make(seed).weights) for seed in range(40)])
    spread, wanted = float(weights.std()), math.sqrt(2 / fan_in)
    if abs(weights.mean()) > 0.1 * wanted:
        fail(f"the weights of {name} are not around 0", got=f"mean {weights.mean():.3f}",
             expected="about 0", hint="rng.normal(0, ...): the mean comes first")  # fmt: skip
    if not 0.9 < spread / wanted < 1.1:
        hint = "the variance is 2 over the number of weights that one output reads"
        if len(settings) == 2 and 0.9 < spread / math.sqrt(2 / sum(settings)) < 1.1:
            hint = "that is Glorot's variance, 2 / (D_in + D_out); He's is 2 / D_in"
        if 0.9 < spread / (2 / fan_in) < 1.1:
            hint = "rng.normal takes the standard deviation, which is the root of the variance"
        fail(f"the weights of {name} have the wrong spread", got=f"standard deviation {spread:.3f}",
             expected=f"about {wanted:.3f}, the root of 2 / {fan_in}", hint=hint)  # fmt: skip


def play_given(name, answer, case, hint=None):
    """Make a layer, give it the parameters of the case, and run it forward."""
    *settings, weights, bias, x = case.values()
    made = f"{name}({', '.join(map(str, settings))})"
    layer = call(name, answer, *settings, hint=hint)
    expect_method(made, layer, "forward")
    layer.weights, layer.bias = weights.copy(), bias.copy()
    yield from play_forward(made, layer, x, hint, weights=weights, bias=bias)


def _dense_cases():
    for seed, (N, d, e) in enumerate(((1, 2, 2), (1, 3, 2), (3, 2, 4), (2, 5, 1))):
        yield {
            "in_features": d,
            "out_features": e,
            "weights": sample((d, e), seed) + 0.05,
            "bias": sample((e,), 50 + seed) + 0.35,
            "x": sample((N, d), 90 + seed) + 0.05,
        }


FROZEN = "forward computes with the numbers that __init__ drew; it must read self.weights and "
FROZEN += "self.bias anew each time, for training changes them"


def _transposed(self, x):
    return x @ np.reshape(self.weights, (-1, x.shape[1])).T + self.bias


def _check_dense_start(MyDense):
    for d, e in ((27, 3), (12, 36)):
        check_start(MyDense, (d, e), {"weights": (d, e), "bias": (e,)}, d)


DENSE = Piece(
    name="MyDense",
    right=Dense,
    cases=_dense_cases,
    praise="x W + b, and weights drawn as they should be.",
    play=play_given,
    mistakes={
        "the bias is missing": altered(Dense, lambda self, x: x @ self.weights),
        FROZEN: altered(
            Dense, lambda self, x: Dense(self.in_features, self.out_features).forward(x)
        ),
        "the bias comes once for each input; it is added once to each output": (
            altered(Dense, lambda self, x: x @ self.weights + self.bias * self.in_features)
        ),
        "that is x times W transposed: x has shape (N, D_in), W has shape (D_in, D_out)": (
            altered(Dense, _transposed)
        ),
        "the batch axis is gone: there is one row for each image": (
            altered(Dense, lambda self, x: (x @ self.weights + self.bias)[0])
        ),
    },
    promises=(_check_dense_start,),
    swap=swap_into("dense", lambda MyDense: MyDense(27, 3)),
)


def check_dense(MyDense, keep=False):
    """Check the piece "Dense": a class MyDense(in_features, out_features, seed=42).

    Parameters
    ----------
    MyDense : class
        It keeps `weights` (D_in, D_out), normal with variance 2 / D_in, and `bias`, zeros
        (D_out,); `forward` maps (N, D_in) to (N, D_out).
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    DENSE.check(MyDense, keep)


def _conv_cases():
    shapes = ((1, 1, 2, 3, 4, 1), (1, 3, 2, 3, 4, 1), (2, 3, 3, 5, 4, 2))
    for seed, (C, F, k, H, W, N) in enumerate(shapes):
        yield {
            "in_channels": C,
            "out_channels": F,
            "kernel_size": k,
            "weights": sample((F, C, k, k), seed) + 0.05,
            "bias": sample((F,), 50 + seed) + 0.35,
            "x": sample((N, C, H, W), 90 + seed) + 0.05,
        }


def _without_bias(self, x):
    return Conv2D.forward(self, x) - np.reshape(self.bias, (1, -1, 1, 1))


def _with_turned_kernels(self, x):
    self.weights = self.weights[..., ::-1, ::-1]
    return Conv2D.forward(self, x)


def _check_conv_start(MyConv2D):
    check_start(MyConv2D, (2, 3, 5), {"weights": (3, 2, 5, 5), "bias": (3,)}, 50)


CONV = Piece(
    name="MyConv2D",
    right=Conv2D,
    cases=_conv_cases,
    praise="a layer that draws its weights and slides them.",
    play=play_given,
    mistakes={
        "the bias is missing": altered(Conv2D, _without_bias),
        FROZEN: altered(
            Conv2D,
            lambda self, x: Conv2D(self.in_channels, self.out_channels, self.kernel_size).forward(
                x
            ),
        ),
        "the kernels are turned by 180 degrees": altered(Conv2D, _with_turned_kernels),
    },
    promises=(_check_conv_start,),
    swap=swap_into("conv", lambda MyConv2D: MyConv2D(1, 3, 3)),
)


def check_conv2d(MyConv2D, keep=False):
    """Check the piece "Conv2D": a class MyConv2D(in_channels, out_channels, kernel_size, seed=42).

    Parameters
    ----------
    MyConv2D : class
        It keeps `weights` (F, C, k, k), normal with variance 2 / (C k k), and `bias`, zeros (F,);
        `forward` maps (N, C, H, W) to (N, F, H - k + 1, W - k + 1).
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    CONV.check(MyConv2D, keep)


# --- Softmax and loss


def _logit_cases():
    for seed, shape in enumerate(((1, 3), (2, 3), (4, 2), (1, 1), (3, 5))):
        yield {"z": sample(shape, seed) + 0.05}
    yield {"z": np.array([[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -1002.0]])}


def _over_axis(axis):
    def version(z):
        e = np.exp(z - z.max())
        return e / e.sum(axis=axis, keepdims=True)

    return version


def _plain_softmax(z):
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)


SOFTMAX = Piece(
    name="my_softmax",
    right=losses.softmax,
    cases=_logit_cases,
    praise="each row sums to 1, large logits included.",
    mistakes={
        "e to the power of 1000 is too large for a float: subtract the row's largest logit first": (
            _plain_softmax
        ),
        "the sum runs over the images; it runs over the classes of one image": _over_axis(0),
        "all images share one sum; each row has its own": _over_axis(None),
        "these are the exponentials; each is divided by the sum of its row": (
            lambda z: np.exp(z - z.max(axis=1, keepdims=True))
        ),
        "the logits themselves are divided by their sum; take the exponentials first": (
            lambda z: z / z.sum(axis=1, keepdims=True)
        ),
        "the row's largest logit is subtracted from all rows alike; large differences underflow": (
            _over_axis(1)
        ),
    },
)


def check_softmax(my_softmax, keep=False):
    """Check the piece "Softmax": from logits (N, K) to probabilities (N, K).

    Parameters
    ----------
    my_softmax : callable (z)
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If it raises, changes its input, or returns a wrong shape or number.
    """
    with np.errstate(all="ignore"):
        SOFTMAX.check(my_softmax, keep)


def _cross_entropy(z, labels):
    return losses.softmax_cross_entropy(z, labels)[0]


def _loss_cases():
    rng = np.random.default_rng(23)
    for N, K in ((1, 3), (2, 3), (5, 3), (4, 6)):
        yield {"z": sample((N, K), N + K), "labels": rng.integers(0, K, size=N)}
    large = np.array([[1000.0, 995.0, 990.0], [990.0, 993.0, 1000.0]])  # no p below 1e-12
    yield {"z": large, "labels": np.array([0, 2])}
    yield {"z": np.array([[1000.0, 0.0], [0.0, 1.0]]), "labels": np.array([1, 0])}  # p is 0


def _log_of_right(z, labels):
    return np.log(losses.softmax(z)[np.arange(len(z)), labels])


CROSS_ENTROPY = Piece(
    name="my_cross_entropy",
    right=_cross_entropy,
    cases=_loss_cases,
    praise="the mean cost of the right class.",
    mistakes={
        "a probability of 0 has no logarithm: what is below 1e-12 counts as 1e-12": (
            lambda z, labels: -_log_of_right(z, labels).mean()
        ),
        "that is the sum over the batch; the loss is the mean": (
            lambda z, labels: -_log_of_right(z, labels).sum()
        ),
        "the sign is lost: the logarithm of a probability is negative, the loss is positive": (
            lambda z, labels: _log_of_right(z, labels).mean()
        ),
        "that is the mean over images and classes; only the right class costs": (
            lambda z, labels: -_log_of_right(z, labels).mean() / z.shape[1]
        ),
        "that is the logarithm to the base 10; the loss takes the natural one": (
            lambda z, labels: _cross_entropy(z, labels) / math.log(10)
        ),
        "that is the logarithm to the base 2; the loss takes the natural one": (
            lambda z, labels: _cross_entropy(z, labels) / math.log(2)
        ),
        "p[:, labels] takes whole columns; p[np.arange(N), labels] one number of each row": (
            lambda z, labels: -np.log(np.maximum(losses.softmax(z)[:, labels], 1e-12)).mean()
        ),
        "that is 1 minus the probability of the right class; its logarithm is missing": (
            lambda z, labels: 1 - np.exp(_log_of_right(z, labels)).mean()
        ),
    },
)


def check_cross_entropy(my_cross_entropy, keep=False):
    """Check the piece "The loss": the mean cross-entropy of logits (N, K) and labels (N,).

    Parameters
    ----------
    my_cross_entropy : callable (z, labels)
        Returns one number.
    keep : bool
        As in `check_relu`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong number.
    """
    with np.errstate(all="ignore"):
        CROSS_ENTROPY.check(my_cross_entropy, keep)


# --- The network


def check_my_cnn(MyCNN):
    """Check the piece "The network": a class MyCNN() with forward(x) and predict(x).

    Parameters
    ----------
    MyCNN : class
        Its layers are `conv`, `relu`, `pool`, `flatten`, `dense`; any with the right forward.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which.
    """
    expect_class("MyCNN", MyCNN)
    mine, book = call("MyCNN", MyCNN), TinyCNN()
    expect_method("MyCNN()", mine, "forward", "predict")
    for place in PLACES:
        if not hasattr(mine, place):
            fail(f"MyCNN() has no self.{place}", hint=f"__init__ makes five layers: {PLACES}")
        expect_method(f"MyCNN().{place}", getattr(mine, place), "forward")
        if getattr(mine, place) is getattr(MyCNN, place, None):
            fail(f"all networks of MyCNN share one {place}", hint="make the layers in __init__")
    x = np.concatenate([traced_image(), np.random.default_rng(3).random((3, 1, 8, 8))])
    for seed in (1, 2):  # the layers' own draws differ: give both the same numbers, twice
        for place in ("conv", "dense"):
            for part in ("weights", "bias"):
                theirs = getattr(getattr(book, place), part)
                theirs += np.random.default_rng(seed).normal(0, 0.1, theirs.shape)
                got = np.shape(getattr(getattr(mine, place), part, None))
                if got != theirs.shape:
                    fail(f"MyCNN().{place}.{part} has the wrong shape", got=got,
                         expected=theirs.shape, hint="3 filters of side 3 on 8 x 8 pixels; how "
                         "many numbers are left after pooling, and how many classes are "
                         "there?")  # fmt: skip
                setattr(getattr(mine, place), part, theirs.copy())
        _compare_networks(mine, book, x)
    own = sum(not type(getattr(mine, p)).__module__.startswith("tinycnn_lib") for p in PLACES)
    praise(f"MyCNN, {own} of its 5 layers your own, gives the book's logits and classes.")


def _compare_networks(mine, book, x):
    """Hold the reader's network to the book's, of the same parameters."""
    h = x
    for place in PLACES:
        layer, theirs = getattr(mine, place), getattr(book, place)
        name, came = f"MyCNN().{place}.forward", h.shape
        got = np.shape(call(name, layer.forward, h, on={"x": f"shape {came}"}))
        h = theirs.forward(h)
        if got != h.shape:
            fail(f"{name} makes another shape than TinyCNN's", on={"x": f"shape {came}"},
                 got=got, expected=h.shape, hint="is the layer made with the right "
                 "settings?")  # fmt: skip
    expected, on = h, {"x": x}
    got = call("MyCNN().forward", mine.forward, x, on=on)
    reasons = {
        "these are probabilities; the network ends with the logits, the loss does the rest": (
            losses.softmax(expected)
        ),
        "ReLU is missing between convolution and pooling": book.dense.forward(
            Flatten().forward(MaxPool2D(2).forward(book.conv.forward(x)))
        ),
        "there is a ReLU after the dense layer, too; logits may be negative": (
            np.maximum(expected, 0)
        ),
        "the layers' parameters have changed, the result has not: forward runs other layers": (
            TinyCNN().forward(x)
        ),
        "the biases of the dense layer are missing": expected - book.dense.bias,
    }

    def reason(got, wanted):
        same = (said for said, wrong in reasons.items() if np.allclose(got, wrong))
        return next(same, "in which order do the five layers run?")

    expect_array("MyCNN().forward", got, expected, on=on, hint=reason)
    got = call("MyCNN().predict", mine.predict, x, on=on)
    hint = "predict gives the place of the largest logit of each image, argmax over axis 1"
    expect_array("MyCNN().predict", got, expected.argmax(axis=1), on=on, hint=hint)


# --- One number by hand


def _by_hand():
    """Return what "Another number by hand" asks for, and the maps that it looks at."""
    model = TinyCNN()
    maps = model.conv.forward(traced_image().transpose(0, 1, 3, 2))
    winner = float(MaxPool2D(2).forward(ReLU().forward(maps))[0, 2, 1, 1])
    place = (2 * 3 + 1) * 3 + 1
    return winner, maps, place, winner * float(model.dense.weights[place, 0])


def check_one_number(winner, place, product):
    """Check one number followed by hand: the turned picture, filter 2, window (1, 1), logit 0.

    Parameters
    ----------
    winner : float
        The largest of the window's four numbers, to 4 decimals.
    place : int
        Its place in the flattened row.
    product : float
        The number times its weight for logit 0, to 4 decimals.

    Raises
    ------
    ExerciseError
        If one of them is wrong; the message says which, and what to think about.
    """
    right_winner, maps, right_place, right_product = _by_hand()
    winner, place = expect_number("winner", winner), expect_number("place", place)
    if abs(winner - right_winner) > 6e-5:
        hint = "which four places of map 2 lie in window (1, 1)? Which is the largest?"
        found = np.argwhere(np.isclose(maps[0], winner, atol=6e-5))
        if abs(winner) < 6e-5:
            hint = "three of the four are positive, so ReLU leaves them"
        elif len(found):
            c, i, j = found[0].tolist()
            hint = f"that number stands in map {c}, row {i}, column {j}; window (1, 1) of map 2 "
            hint += "is rows 2 and 3, columns 2 and 3"
        fail("winner is wrong", got=winner, hint=hint)
    if place != right_place:
        hint = {
            1 * 3 + 1: "that is the place in its own map; two whole maps lie in front of it",
            (1 * 3 + 1) * 3 + 2: "the channel comes first: (c H + i) W + j",
            right_place + 1: "places count from 0",
            right_place - 1: "places count from 0",
            (2 * 6 + 2) * 6 + 2: "the maps are 3 by 3 after pooling",
        }.get(int(place), "(c H + i) W + j, with the pooled map's H and W")
        fail("place is wrong", got=place, hint=hint)
    product = expect_number("product", product)
    if abs(product - right_product) > 6e-5:
        weights = TinyCNN().dense.weights
        hint = "multiply the winner by dense.weights[place, 0]"
        if abs(product - right_winner * float(weights.ravel()[right_place])) < 6e-5:
            hint = (
                "dense.weights has shape (27, 3): the place chooses the row, the logit the column"
            )
        fail("product is wrong", got=product, hint=hint)
    praise("one number of the network, followed from the picture into the logit.")
