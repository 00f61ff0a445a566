"""The checkers of Chapter 23: right answers pass, each wrong one fails for its own reason."""

import re

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU, Sequential, TinyCNN
from tinycnn_lib.exercises import (
    check_avgpool2d,
    check_four_class_model,
    check_output_shape,
    check_parameter_sharing,
)


# --- 23.1 --------------------------------------------------------------------------------------
def test_output_shape_is_accepted(capsys):
    check_output_shape((16, 8, 28, 28), 608)
    check_output_shape([np.int64(16), 8, 28, 28], np.int64(608))
    assert capsys.readouterr().out == "Right: the shape and the number of parameters.\n" * 2
    check_output_shape(np.array([16, 8, 28, 28]), 608.0)
    assert "Note: parameter_count is 608.0 (float)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "shape is None"),
        (16 * 8 * 28 * 28, "shape is not a tuple"),
        ((8, 28, 28), "wrong number of axes"),
        ((16, 8, 28, 27.5), r"shape\[3\] is not an integer.*round down"),
        ((8, 16, 28, 28), r"shape\[0\], the number of images.*first axis counts the images"),
        ((16, 28, 28, 8), "axes in the wrong order.*order is not"),
        ((1, 8, 28, 28), r"shape\[0\], the number of images"),
        ((16, 3, 28, 28), r"shape\[1\], the number of channels.*each filter makes one"),
        ((16, 24, 28, 28), r"shape\[1\], the number of channels"),
        ((16, 8, 32, 32), r"shape\[2\], the number of rows.*nothing is padded"),
        ((16, 8, 27, 27), r"shape\[2\], the number of rows.*off by one"),
        ((16, 8, 28, 27), r"shape\[3\], the number of columns.*off by one"),
        ((16, 8, 29, 28), r"shape\[2\], the number of rows.*at how many places"),
        ((16, 8, 6, 6), r"shape\[2\], the number of rows.*at how many places"),
    ],
)
def test_wrong_output_shape(shape, reason):
    message = refusal(check_output_shape, shape, 608)
    assert re.search(reason, message, re.DOTALL), message
    assert "(16, 8, 28, 28)" not in message
    assert "608" not in message


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (None, "parameter_count is None"),
        (607.5, "parameter_count is not an integer"),
        (True, "parameter_count is not an integer"),
        (600, "what else does the layer learn"),
        (603, "how many biases belong to one filter"),
        (601, "how many biases belong to one filter"),
        (208, "looks at every input channel"),
        (75, "how many filters"),
        (76, "how many filters"),
        (128, "a kernel has two sides"),
        (608 * 16, "share the same parameters"),
        (30, "count one filter first"),
    ],
)
def test_wrong_parameter_count(count, reason):
    message = refusal(check_output_shape, (16, 8, 28, 28), count)
    assert re.search(reason, message), message
    assert not re.search(r"\b608\b(?!\.0)", message)


# --- 23.3 --------------------------------------------------------------------------------------
class Strided:
    """The solution: a sum over p * p slices."""

    def __init__(self, pool_size=2):
        self.pool_size = pool_size

    def forward(self, x):
        p = self.pool_size
        H, W = x.shape[2] // p * p, x.shape[3] // p * p
        self.input_shape = x.shape
        y = np.zeros(x[:, :, :H:p, :W:p].shape, dtype=x.dtype)
        for u in range(p):
            for v in range(p):
                y += x[:, :, u:H:p, v:W:p]
        return y / (p * p)

    def backward(self, d_output):
        p = self.pool_size
        H, W = d_output.shape[2] * p, d_output.shape[3] * p
        d_x = np.zeros(self.input_shape, dtype=d_output.dtype)
        for u in range(p):
            for v in range(p):
                d_x[:, :, u:H:p, v:W:p] = d_output / (p * p)
        return d_x


class Reshaped(Strided):
    """Written differently: windows as axes of their own; the gradient by repetition."""

    def forward(self, x):
        p = self.pool_size
        N, C, H, W = self.input_shape = x.shape
        windows = x[:, :, : H // p * p, : W // p * p].reshape(N, C, H // p, p, W // p, p)
        return windows.mean(axis=(3, 5))

    def backward(self, d_output):
        p = self.pool_size
        spread = d_output.repeat(p, axis=2).repeat(p, axis=3) / p**2
        H, W = (self.input_shape[axis] - spread.shape[axis] for axis in (2, 3))
        return np.pad(spread, ((0, 0), (0, 0), (0, H), (0, W)))


class Looped(Strided):
    """Written differently: four loops, and only what backward needs is kept."""

    def forward(self, x):
        p, self.input_shape = self.pool_size, x.shape
        N, C, H, W = x.shape
        y = np.empty((N, C, H // p, W // p), dtype=x.dtype)
        for n, c, i, j in np.ndindex(*y.shape):
            y[n, c, i, j] = x[n, c, i * p : (i + 1) * p, j * p : (j + 1) * p].mean()
        return y


@pytest.mark.parametrize("right", [Strided, Reshaped, Looped])
def test_average_pooling_is_accepted(right, capsys):
    check_avgpool2d(right)
    assert capsys.readouterr().out.startswith("Right: AvgPool2D")
    assert capsys.readouterr().out == ""


def test_a_keyword_only_setting_is_as_good(capsys):
    check_avgpool2d(KeywordOnly)
    assert capsys.readouterr().out.startswith("Right: AvgPool2D")


def test_right_numbers_in_an_unusual_dress_get_a_note(capsys):
    for dress, note in (
        (DoublesOnly, "Note: AvgPool2D(pool_size=2).forward returns float64; float32 was expected"),
        (DoubleGradient, "backward returns float64; float32 was expected"),
        (ReturnsList, "forward returns a list, not an array"),
    ):
        check_avgpool2d(dress)
        assert note in capsys.readouterr().out


class Maximum(MaxPool2D):
    pass


class Overlapping(Strided):
    def forward(self, x):
        p, self.input_shape = self.pool_size, x.shape
        windows = np.lib.stride_tricks.sliding_window_view(x, (p, p), axis=(2, 3))
        return windows.mean(axis=(4, 5))


class Ceiling(Strided):
    """Keeps the windows that are not full."""

    def forward(self, x):
        p, self.input_shape = self.pool_size, x.shape
        H, W = -x.shape[2] % p, -x.shape[3] % p
        padded = np.pad(x, ((0, 0), (0, 0), (0, H), (0, W)))
        return Strided.forward(Strided(p), padded)


class Transposed(Strided):
    def forward(self, x):
        return super().forward(x).swapaxes(2, 3)


class Flipped(Strided):
    def forward(self, x):
        return super().forward(x)[:, :, ::-1, ::-1].copy()


class Mirrored(Strided):
    def backward(self, d_output):
        return super().backward(d_output)[..., ::-1].copy()


class SquareOnly(Strided):
    """Takes the number of rows for the number of columns, too."""

    def forward(self, x):
        side = min(x.shape[2:])
        y = super().forward(x)
        return super().forward(x[:, :, :side, :side]) if side < max(x.shape[2:]) else y


class SquareOnlyBackward(Strided):
    def backward(self, d_output):
        p = self.pool_size
        side = d_output.shape[2] * p
        d_x = super().backward(d_output)
        d_x[:, :, :, side:] = 0
        return d_x


class FirstChannel(Strided):
    def forward(self, x):
        y = super().forward(x)
        y[:, 1:] = y[:, :1]
        return y


class ChannelMean(Strided):
    def backward(self, d_output):
        mean = np.broadcast_to(d_output.mean(axis=1, keepdims=True), d_output.shape)
        return super().backward(mean)


class FirstImage(Strided):
    def backward(self, d_output):
        d_x = super().backward(d_output)
        d_x[1:] = 0
        return d_x


class OneWindowShort(Strided):
    """Off by one at the border: the last row of windows stays 0."""

    def forward(self, x):
        y = super().forward(x)
        if y.shape[2] > 1:
            y[:, :, -1] = 0
        return y


class ShiftedWindows(Strided):
    """Drops the first row and column instead of the last ones."""

    def forward(self, x):
        p = self.pool_size
        y = super().forward(x[:, :, x.shape[2] % p :, x.shape[3] % p :])
        self.input_shape = x.shape
        return y


class RemainderGetsGradient(Strided):
    def backward(self, d_output):
        d_x = super().backward(d_output)
        p = self.pool_size
        d_x[:, :, d_output.shape[2] * p :] = 0.25
        d_x[:, :, :, d_output.shape[3] * p :] = 0.25
        return d_x


class DefaultThree(Strided):
    def __init__(self, pool_size=3):
        super().__init__(pool_size)


class NoDefault(Strided):
    def __init__(self, pool_size):
        super().__init__(pool_size)


class ForwardWritesIntoInput(Strided):
    def forward(self, x):
        x /= self.pool_size**2
        return super().forward(x) * self.pool_size**2


class BackwardWritesIntoGradient(Strided):
    def backward(self, d_output):
        d_output /= self.pool_size**2
        return super().backward(d_output) * self.pool_size**2


class SharedState(Strided):
    shapes = {}  # noqa: RUF012 - this is the mistake

    @property
    def input_shape(self):
        return self.shapes["last"]

    @input_shape.setter
    def input_shape(self, shape):
        self.shapes["last"] = shape


class SharedShape(SharedState):
    """The same mistake, but nothing raises: what does not fit is cut off."""

    def backward(self, d_output):
        p = self.pool_size
        spread = d_output.repeat(p, axis=2).repeat(p, axis=3) / p**2
        d_x = np.zeros(self.input_shape, dtype=d_output.dtype)
        H, W = (min(sides) for sides in zip(d_x.shape[2:], spread.shape[2:], strict=True))
        d_x[:, :, :H, :W] = spread[:, :, :H, :W]
        return d_x


class ReusedOutput(Strided):
    buffer = None

    def forward(self, x):
        y = super().forward(x)
        if self.buffer is None or self.buffer.shape != y.shape:
            self.buffer = np.zeros_like(y)
        self.buffer[:] = y
        return self.buffer


class ReusedGradient(Strided):
    buffer = None

    def backward(self, d_output):
        d_x = super().backward(d_output)
        if self.buffer is None or self.buffer.shape != d_x.shape:
            self.buffer = np.zeros_like(d_x)
        self.buffer[:] = d_x
        return self.buffer


class WholeNumbers(Strided):
    def forward(self, x):
        return super().forward(x).astype(int)


class DoublesOnly(Strided):
    def forward(self, x):
        return super().forward(x.astype(np.float64))


class DoubleGradient(Strided):
    def backward(self, d_output):
        return super().backward(d_output.astype(np.float64))


class FixedSingle(Strided):
    """Makes its output in single precision, whatever comes."""

    def forward(self, x):
        return super().forward(x.astype(np.float32))


class FixedSingleGradient(Strided):
    def backward(self, d_output):
        return super().backward(d_output.astype(np.float32))


class OtherName(Strided):
    def __init__(self, size=2):
        super().__init__(size)


class KeywordOnly(Strided):
    def __init__(self, *, pool_size=2):
        super().__init__(pool_size)


class Half(Strided):
    """Computes in half precision, but returns what came in."""

    def forward(self, x):
        return super().forward(x.astype(np.float16)).astype(x.dtype)


class WrongForLargeWindows(Strided):
    def forward(self, x):
        return super().forward(x) * (1 if self.pool_size < 4 else 2)


class WrongThirdChannel(Strided):
    def forward(self, x):
        y = super().forward(x)
        y[:, 2:] = 0
        return y


class WrongFourthImage(Strided):
    def backward(self, d_output):
        d_x = super().backward(d_output)
        d_x[3:] = 0
        return d_x


class NotFinite(Strided):
    def forward(self, x):
        y = super().forward(x)
        y[0, 0, 0, 0] = np.nan
        return y


class ReturnsNone(Strided):
    def forward(self, x):
        super().forward(x)


class ReturnsList(Strided):
    def forward(self, x):
        return super().forward(x).tolist()


class BackwardReturnsNone(Strided):
    def backward(self, d_output):
        super().backward(d_output)


class Raises(Strided):
    def forward(self, x):
        return x[:, :, 99]


class BackwardRaises(Strided):
    def backward(self, d_output):
        raise ZeroDivisionError("by zero")


class NoBackward:
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, "AvgPool2D is None"),
        (Strided(), "wants the class itself"),
        (NoBackward, "AvgPool2D has no method backward"),
        (NoDefault, r"AvgPool2D\(\) raised TypeError"),
        (DefaultThree, r"AvgPool2D\(\)\.forward returns the wrong shape"),
        (Maximum, "the largest numbers of the windows, not their means"),
        (Overlapping, r"forward returns the wrong shape.*expected: \(1, 1, 1, 2\)"),
        (
            Ceiling,
            r"forward returns the wrong shape.*got: \(1, 2, 2, 3\).*on x, shape \(1, 2, 3, 6\)",
        ),
        (Transposed, r"AvgPool2D\(\)\.forward returns the wrong shape.*axes are swapped"),
        (Flipped, r"AvgPool2D\(\)\.forward returns wrong numbers"),
        (Mirrored, r"AvgPool2D\(\)\.backward.*turned by 180 degrees"),
        (SquareOnly, r"AvgPool2D\(\)\.forward returns the wrong shape"),
        (SquareOnlyBackward, r"AvgPool2D\(\)\.backward returns wrong numbers"),
        (FirstChannel, "forward.*the first channel is right, a later one is not"),
        (ChannelMean, r"AvgPool2D\(pool_size=2\)\.backward returns wrong numbers"),
        (FirstImage, "backward.*the first image of the batch is right, a later one is not"),
        (OneWindowShort, r"forward returns wrong numbers.*\(0, 0, 1, 0\)"),
        (ShiftedWindows, r"AvgPool2D\(pool_size=2\)\.forward.*on x, shape \(1, 2, 3, 6\)"),
        (RemainderGetsGradient, "backward returns wrong numbers.*on x: shape"),
        (ForwardWritesIntoInput, r"AvgPool2D\(\)\.forward changes its input in place"),
        (BackwardWritesIntoGradient, r"AvgPool2D\(\)\.backward changes its input in place"),
        (SharedState, "another pool has run forward.*keep what backward needs in self"),
        (SharedShape, "after another pool has run forward, returns the wrong shape"),
        (ReusedOutput, "first result of forward has changed after a second.*must not change"),
        (ReusedGradient, "first result of backward has changed after a second.*must not change"),
        (WholeNumbers, "forward returns wrong numbers.*whole numbers cannot hold a fraction"),
        (FixedSingle, "forward returns float32 where float64 came in: digits are lost"),
        (FixedSingleGradient, "backward returns float32 where float64 came in: digits are lost"),
        (OtherName, r"AvgPool2D\(pool_size=2\) raised TypeError"),
        (Half, r"forward returns wrong numbers.*difference: up to"),
        (WrongForLargeWindows, r"AvgPool2D\(pool_size=4\)\.forward returns wrong numbers"),
        (WrongThirdChannel, r"forward returns wrong numbers"),
        (WrongFourthImage, r"backward returns wrong numbers"),
        (NotFinite, r"forward returns nan at index \(0, 0, 0, 0\)"),
        (ReturnsNone, r"AvgPool2D\(\)\.forward returns None"),
        (BackwardReturnsNone, r"AvgPool2D\(\)\.backward returns None"),
        (Raises, r"forward raised IndexError.*at line \d+: return x\[:, :, 99\]"),
        (BackwardRaises, r"AvgPool2D\(\)\.backward raised ZeroDivisionError: by zero"),
    ],
    # No repr of an object: its address would give every worker of a parallel run other names.
    ids=lambda value: (
        value if isinstance(value, str) else getattr(value, "__name__", f"a {type(value).__name__}")
    ),
)
def test_wrong_average_pooling(wrong, reason):
    message = refusal(check_avgpool2d, wrong)
    assert re.search(reason, message, re.DOTALL), message
    for code in ("repeat", "mean(", "sum(", "range(", "/ p", "//", "::p", "kron"):
        assert code not in message


# --- 23.4 --------------------------------------------------------------------------------------
def four_classes(*, conv=None, dense=None, end=()):
    return Sequential(
        conv or Conv2D(1, 3, 3), ReLU(), MaxPool2D(2), Flatten(), dense or Dense(27, 4), *end
    )


class FourClassCNN(TinyCNN):
    """Written differently: TinyCNN with another last layer, in both places."""

    def __init__(self, seed=42):
        super().__init__(seed)
        self.dense = self.layers[-1] = Dense(27, 4, seed=seed + 1)


class ForwardOnly:
    """Written differently: no Sequential, no backward."""

    def __init__(self):
        self.conv, self.dense = Conv2D(1, 3, 3), Dense(27, 4)

    def forward(self, x):
        maps = MaxPool2D(2).forward(ReLU().forward(self.conv.forward(x)))
        return self.dense.forward(maps.reshape(len(x), 27))


class OwnBackward(ForwardOnly):
    """Written differently: layers as attributes, and a backward that returns nothing."""

    def __init__(self):
        super().__init__()
        self.relu, self.pool, self.flatten = ReLU(), MaxPool2D(2), Flatten()

    def forward(self, x):
        maps = self.pool.forward(self.relu.forward(self.conv.forward(x)))
        return self.dense.forward(self.flatten.forward(maps))

    def backward(self, d_logits):
        d_maps = self.flatten.backward(self.dense.backward(d_logits))
        self.conv.backward(self.relu.backward(self.pool.backward(d_maps)))


def pooled_first():
    """Written differently: ReLU behind the pooling gives the same numbers."""
    return Sequential(Conv2D(1, 3, 3), MaxPool2D(2), ReLU(), Flatten(), Dense(27, 4))


def biased():
    """A right answer whose biases are not zero any more, as after training."""
    model = four_classes()
    for position, layer in enumerate((model.layers[0], model.layers[-1])):
        layer.bias = np.random.default_rng(position).normal(0, 1, layer.bias.shape)
    return model


class InADict(OwnBackward):
    """Written differently: the layers in a dict, the dict in a list."""

    def __init__(self):
        self.parts = [{"conv": Conv2D(1, 3, 3), "dense": Dense(27, 4)}]
        self.relu, self.pool, self.flatten = ReLU(), MaxPool2D(2), Flatten()

    conv = property(lambda self: self.parts[0]["conv"])
    dense = property(lambda self: self.parts[0]["dense"])


class Wrapped:
    """Written differently: another network does the work."""

    def __init__(self):
        self.network = four_classes()

    def forward(self, x):
        return self.network.forward(x)

    def backward(self, d_logits):
        return self.network.backward(d_logits)


class OwnArrays:
    """Written differently: no layers at all, four arrays and their gradients."""

    def __init__(self):
        model = four_classes()
        self.kernels, self.kernel_bias = model.layers[0].weights, model.layers[0].bias
        self.matrix, self.class_bias = model.layers[4].weights, model.layers[4].bias

    def network(self):
        model = four_classes()
        model.layers[0].weights, model.layers[0].bias = self.kernels, self.kernel_bias
        model.layers[4].weights, model.layers[4].bias = self.matrix, self.class_bias
        return model

    def forward(self, x):
        self.x = x
        return self.network().forward(x)

    def backward(self, d_logits):
        model = self.network()
        model.forward(self.x)
        model.backward(d_logits)
        self.d_kernels, self.d_kernel_bias = model.layers[0].d_weights, model.layers[0].d_bias
        self.d_matrix, self.d_class_bias = model.layers[4].d_weights, model.layers[4].d_bias


def without_pooling():
    return Sequential(Conv2D(1, 3, 3), ReLU(), Flatten(), Dense(108, 4))


def test_a_layer_that_is_not_run_is_noted(capsys):
    model = TinyCNN()
    model.layers[-1] = Dense(27, 4)
    check_four_class_model(model)
    assert "Note: model.dense is not among model.layers" in capsys.readouterr().out
    model = TinyCNN()
    model.dense = Dense(27, 4)  # also replaces the layer in the list
    check_four_class_model(model)
    assert "Note" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "right",
    [four_classes, FourClassCNN, OwnBackward, pooled_first, biased, InADict, Wrapped, OwnArrays],
)
def test_four_class_model_is_accepted(right, capsys):
    check_four_class_model(right())
    assert "gradients that finite differences confirm" in capsys.readouterr().out


def test_four_class_model_without_backward_is_accepted_and_said(capsys):
    check_four_class_model(ForwardOnly())
    assert "no gradient was checked" in capsys.readouterr().out


class Softmax(ReLU):
    def forward(self, x):
        powers = np.exp(x - x.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


class Centered(ReLU):
    """Mixes the images of a batch."""

    def forward(self, x):
        return x - x.mean(axis=0)


class Constant(ForwardOnly):
    def forward(self, x):
        return np.tile([0.5, -1.0, 0.0, 2.0], (len(x), 1))


class OneRow(ForwardOnly):
    def forward(self, x):
        return super().forward(x)[0]


class FixedBatch(ForwardOnly):
    def forward(self, x):
        return super().forward(np.concatenate([x, x])[:3])


class Cropped(ForwardOnly):
    """The right number of logits from a dense layer that is too small."""

    def __init__(self):
        self.conv, self.dense = Conv2D(1, 3, 3), Dense(9, 4)

    def forward(self, x):
        maps = MaxPool2D(2).forward(ReLU().forward(self.conv.forward(x)))
        return self.dense.forward(maps[:, 0].reshape(len(x), 9))


class TwoLayers(ForwardOnly):
    def __init__(self):
        super().__init__()
        self.conv, self.more = Conv2D(1, 8, 3), Dense(8 * 9, 27)

    def forward(self, x):
        maps = MaxPool2D(2).forward(ReLU().forward(self.conv.forward(x)))
        return self.dense.forward(self.more.forward(maps.reshape(len(x), -1)))


class Scale(ReLU):
    """Has parameters that the model does not need."""

    weights, bias = np.ones(4), np.zeros(4)

    def forward(self, x):
        return x * self.weights + self.bias


class Matrix(ReLU):
    """A dense layer without a bias."""

    def __init__(self):
        self.weights = Dense(27, 4).weights

    def forward(self, x):
        return x @ self.weights


class NoBias(OwnBackward):
    def __init__(self):
        super().__init__()
        self.dense = Matrix()


class Hidden:
    """Keeps its network where no parameters can be found."""

    def __init__(self):
        network = four_classes()
        self.forward = network.forward


class ForgottenBiasSum(Dense):
    def __init__(self):
        super().__init__(27, 4)

    def backward(self, d_output, input_gradient=True):
        d_x = super().backward(d_output, input_gradient)
        self.d_bias = d_output.mean(axis=0)
        return d_x


class NoGradientKept(Dense):
    def __init__(self):
        super().__init__(27, 4)

    def backward(self, d_output, input_gradient=True):
        return d_output @ self.weights.T


class DoubledInputGradient(OwnBackward):
    def backward(self, d_logits):
        d_maps = self.flatten.backward(self.dense.backward(d_logits))
        return 2 * self.conv.backward(self.relu.backward(self.pool.backward(d_maps)))


class BackwardStops(OwnBackward):
    def backward(self, d_logits):
        raise NotImplementedError("later")


class Mean(Strided):
    def backward(self, d_output, input_gradient=True):
        return super().backward(d_output)


class Twisted(OwnBackward):
    """Lays the maps out with the channels last, which is not what Flatten does."""

    def forward(self, x):
        maps = self.pool.forward(self.relu.forward(self.conv.forward(x)))
        return self.dense.forward(maps.transpose(0, 2, 3, 1).reshape(len(x), 27))


def without(*left_out):
    layers = Conv2D(1, 3, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(27, 4)
    replaced = [Mean() if isinstance(layer, left_out) and isinstance(layer, MaxPool2D) else layer
                for layer in layers]  # fmt: skip
    return Sequential(*(layer for layer in replaced if not isinstance(layer, left_out)))


class Normalizing(ForwardOnly):
    def forward(self, x):
        x -= 0.5
        return super().forward(x)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: None, "model is None"),
        (lambda: 142, "model has no method forward"),
        (lambda: FourClassCNN, "model is a class: check_four_class_model wants an instance"),
        (TinyCNN, r"wrong number of logits.*got: shape \(3, 3\).*which layer makes them"),
        (
            lambda: list(four_classes().layers),
            r"model is a row of layers.*got: a list of 5.*Sequential",
        ),
        (lambda: without_pooling(), "the dense layer is wrong.*108 numbers reach it"),
        (lambda: four_classes(dense=Dense(27, 5)), r"wrong number of logits.*\(3, 5\)"),
        (
            lambda: four_classes(dense=Dense(48, 4)),
            r"model\.forward raised ValueError: x: expected D = 48",
        ),
        (lambda: four_classes(conv=Conv2D(1, 4, 3), dense=Dense(36, 4)), "no longer TinyCNN's"),
        (lambda: four_classes(conv=Conv2D(3, 3, 3)), "model.forward raised ValueError"),
        (lambda: four_classes(end=[Softmax()]), "probabilities, not logits"),
        (lambda: four_classes(end=[Centered()]), "must not see its neighbors"),
        (Constant, "same logits for different images"),
        (OneRow, r"^model\.forward returns the wrong shape.*got: \(4,\)"),
        (FixedBatch, r"of one image returns the wrong shape"),
        (TwoLayers, "no longer TinyCNN's"),
        (Cropped, "the dense layer is wrong.*what Flatten delivers"),
        (lambda: four_classes(end=[Dense(4, 4)]), "the dense layer is wrong"),
        (lambda: four_classes(end=[Scale()]), "the biases are wrong"),
        (lambda: without(ReLU), "model.forward returns wrong numbers.*there is no ReLU between"),
        (lambda: without(MaxPool2D), "there is no max pooling between"),
        (lambda: without(ReLU, MaxPool2D), "there is no ReLU or max pooling between"),
        (Twisted, "the steps between them are not TinyCNN's"),
        (NoBias, "the parameter bias of the Matrix is not an array"),
        (Hidden, "no parameters were found"),
        (lambda: four_classes(dense=ForgottenBiasSum()), r"gradient of forgottenbiassum\.bias"),
        (lambda: four_classes(dense=NoGradientKept()), "nogradientkept.weights is missing"),
        (DoubledInputGradient, r"model\.backward returns wrong numbers.*2 times the one expected"),
        (BackwardStops, r"model\.backward raised NotImplementedError: later, at line \d+: raise"),
        (Normalizing, r"model\.forward changes its input in place"),
    ],
)
def test_wrong_four_class_model(wrong, reason):
    message = refusal(check_four_class_model, wrong())
    assert re.search(reason, message, re.DOTALL), message


@pytest.mark.parametrize("wrong", [TinyCNN, lambda: four_classes(dense=Dense(27, 5))])
def test_four_class_message_keeps_the_solution(wrong):
    message = refusal(check_four_class_model, wrong())
    for solution in ("27, 4", "142", "112"):
        assert solution not in message


def test_four_class_check_leaves_the_parameters_alone(capsys):
    model = four_classes()
    before = {name: value.copy() for name, value in model.parameters().items()}
    check_four_class_model(model)
    for name, value in model.parameters().items():
        np.testing.assert_array_equal(value, before[name])


# --- 23.5 --------------------------------------------------------------------------------------
def test_parameter_sharing_is_accepted(capsys):
    check_parameter_sharing(1080, 7020)
    assert capsys.readouterr().out.startswith("Right: both counts.")


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ((None, 7020), "local_count is None"),
        ((1080, None), "dense_count is None"),
        (("1080", 7020), "local_count is not an integer"),
        ((972, 7020), "local_count is wrong.*what else has each"),
        ((975, 7020), "local_count is wrong.*neither are the biases"),
        ((360, 7020), "local_count is wrong.*how many filters"),
        ((30, 7020), "local_count is wrong.*that is what sharing needs"),
        ((7020, 1080), "local_count is wrong.*that is the other count"),
        ((1080, 195), "dense_count is wrong.*a dense layer with 3 outputs"),
        ((108.5, 7020), "local_count is not an integer"),
        ((1080, 6912), "dense_count is wrong.*what else has each"),
        ((1080, 1839), "dense_count is wrong.*count for one"),
    ],
)
def test_wrong_parameter_sharing(counts, reason):
    message = refusal(check_parameter_sharing, *counts)
    assert re.search(reason, message, re.DOTALL), message
    right = "1080" if "local_count" in message.splitlines()[0] else "7020"
    assert right not in message.replace("'1080'", "")


class Strange(Sequential):
    """The solution, of which a test replaces one method."""

    def __init__(self):
        super().__init__(*four_classes().layers)


class FailsLater(Strange):
    """Right at first; from the seventh call on it is what a test makes of it."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) if self.calls < 7 else self.later(x)


class CachedImages(ForwardOnly):
    """Keeps an array among its attributes; comparing it with a layer has no single answer."""

    def __init__(self):
        self.images = np.ones((3, 3))
        super().__init__()
        self.dense = Dense(27, 3)


STRANGE = {
    "ragged logits": (Strange, "forward", lambda self, x: [[1], [2, 3]],
                      "model.forward returns a list"),
    "no logits at all": (Strange, "forward", lambda self, x: np.ones((0, 0)),
                         "wrong number of logits.*expected: shape \\(3, 4\\)"),
    "logits ...": (Strange, "forward", lambda self, x: ..., "model.forward returns \\.\\.\\."),
    "parameters None": (Strange, "parameters", lambda self: None,
                        "model.parameters\\(\\) is not a dict.*got: None"),
    "parameters listed": (Strange, "parameters", lambda self: [np.ones(3)],
                          "model.parameters\\(\\) is not a dict.*\\(list\\)"),
    "parameters words": (Strange, "parameters", lambda self: {"w": "b"},
                         "the parameter w is not an array.*got: 'b' \\(str\\)"),
    "gradients None": (Strange, "gradients", lambda self: None,
                       "model.gradients\\(\\) is not a dict"),
    "backward without d_logits": (Strange, "backward", lambda self: None,
                                  "model.backward raised TypeError.*called with 1 argument"),
    "raises later": (FailsLater, "later", lambda self, x: 1 / 0,
                     "model.forward, once more, raised ZeroDivisionError"),
    "None later": (FailsLater, "later", lambda self, x: None,
                   "model.forward, once more, returns None"),
    "changes x later": (FailsLater, "later", lambda self, x: x.fill(0) or np.ones((3, 4)),
                        "model.forward, once more, changes its input"),
}  # fmt: skip


@pytest.mark.parametrize("case", STRANGE)
def test_strange_model(case):
    kind, method, function, reason = STRANGE[case]
    model = type("Model", (kind,), {method: function})()
    message = refusal(check_four_class_model, model)
    assert re.search(reason, message, re.DOTALL), message


def test_a_model_with_an_array_among_its_attributes():
    message = refusal(check_four_class_model, CachedImages())
    assert "which layer makes them" in message


@pytest.mark.parametrize("layers", [None, 5, ()])
def test_layers_that_are_no_list_are_looked_for_among_the_attributes(layers, capsys):
    model = OwnBackward()
    model.layers = layers
    check_four_class_model(model)
    assert "finite differences confirm" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("dtype", "writeable", "kind"),
    [(np.float32, True, "got: float32\n"), (np.float64, False, "got: float64, read-only\n")],
)
def test_parameters_that_cannot_be_nudged(dtype, writeable, kind):
    model = four_classes()
    model.layers[0].weights = model.layers[0].weights.astype(dtype)
    model.layers[0].weights.flags.writeable = writeable
    message = refusal(check_four_class_model, model)
    assert message.startswith("the parameter conv2d.weights cannot be nudged")
    assert kind in message
