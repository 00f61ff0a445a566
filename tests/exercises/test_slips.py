"""Answers that were praised once, and are wrong: what a fresh attacker found."""

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    TinyCNN,
    exercises,
    loops,
)
from tinycnn_lib.exercises.chapter23_avgpool import Average


class KeptMaximum(MaxPool2D):
    best = None

    def forward(self, x):
        y = super().forward(x)
        self.best = y if self.best is None else np.maximum(self.best, y)
        return self.best.copy()


class KeptBuffer(MaxPool2D):
    y = None

    def forward(self, x):
        y = super().forward(x)
        self.y = np.empty(y.shape, y.dtype) if self.y is None else self.y
        self.y[:] = y
        return self.y


class FirstMask:
    positive = None

    def forward(self, x):
        if self.positive is None:
            self.positive = x > 0
        return np.maximum(x, 0)


class SharedMask:
    def forward(self, x):
        SharedMask.positive = x > 0
        return np.maximum(x, 0)


class UnfilledMask:
    def forward(self, x):
        self.positive = ...
        return np.maximum(x, 0)


class UnfilledShape:
    def forward(self, x):
        self.input_shape = ...
        return x.reshape(len(x), -1)


class FirstShape(Flatten):
    def forward(self, x):
        y, shape = super().forward(x), getattr(self, "first", x.shape)
        self.first = self.input_shape = shape
        return y


class Glorot(Dense):
    def __init__(self, n, m, seed=42):
        super().__init__(n, m, seed)
        self.weights *= np.sqrt(n / (n + m))


class Growing(Dense):
    def forward(self, x):
        y = super().forward(x)
        self.bias = self.bias + 1
        return y


class WithoutSeed(Dense):
    def __init__(self, n, m):
        super().__init__(n, m, 42)


class AroundOne(Conv2D):
    def __init__(self, C, F, k, seed=42):
        super().__init__(C, F, k, seed)
        self.weights += 1


class Alike(Conv2D):
    def __init__(self, C, F, k, seed=42):
        super().__init__(C, F, k, seed)
        self.weights[:] = self.weights[:1]


class Fresh(TinyCNN):
    def forward(self, x):
        return TinyCNN(seed=42).forward(x)


class NoBias(TinyCNN):
    def forward(self, x):
        return super().forward(x) - self.dense.bias


class Shared(TinyCNN):
    conv, relu, pool, flatten, dense = TinyCNN().layers

    def __init__(self):
        pass


SLIPS = [
    (exercises.check_maxpool, KeptMaximum, "run again, returns wrong numbers"),
    (exercises.check_maxpool, KeptBuffer, "has changed after a second call"),
    (exercises.check_relu, FirstMask, "in the last forward of this layer"),
    (exercises.check_relu, SharedMask, "in the last forward of this layer"),
    (exercises.check_relu, UnfilledMask, "does not keep self.positive"),
    (exercises.check_flatten, UnfilledShape, "does not keep self.input_shape"),
    (exercises.check_flatten, FirstShape, "does not keep self.input_shape"),
    (exercises.check_dense, Glorot, "that is Glorot's variance"),
    (exercises.check_dense, Growing, "run again, returns wrong numbers"),
    (exercises.check_dense, WithoutSeed, "takes one more, seed=42"),
    (exercises.check_conv2d, AroundOne, "are not around 0"),
    (exercises.check_conv2d, Alike, "start alike"),
    (exercises.check_my_cnn, Fresh, "forward runs other layers"),
    (exercises.check_my_cnn, NoBias, "the biases of the dense layer are missing"),
    (exercises.check_my_cnn, Shared, "share one conv"),
]


@pytest.mark.parametrize(("check", "answer", "words"), SLIPS)
def test_a_slip_is_found(check, answer, words):
    assert words in refusal(check, answer)


def truncated(right, name):
    """Return `right` with a result that has the dtype of one argument."""

    def answer(*arguments):
        y = right(*arguments)
        return y.astype(np.result_type(arguments[name]), copy=False)

    return answer


def slide(x, w):
    return np.array([w @ x[i : i + len(w)] for i in range(len(x) - len(w) + 1)])


def slide_over(image, kernel):
    none = np.zeros(1)
    return loops.conv2d_forward(image[None, None], kernel[None, None], none)[0, 0]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("check", "right"),
    [
        (exercises.check_slide, slide),
        (exercises.check_slide_over, slide_over),
        (exercises.check_conv2d_loops, loops.conv2d_forward),
    ],
)
def test_whole_numbers_in_do_not_mean_whole_numbers_out(check, right, place):
    wrong = truncated(right, place)
    names = {slide: "x, w", slide_over: "image, kernel", loops.conv2d_forward: "x, weights, bias"}
    answer = eval(f"lambda {names[right]}: f({names[right]})", {"f": wrong})
    assert "holds whole numbers here" in refusal(check, answer)
    check(right)


def test_the_winner_may_be_negative():
    def separate(kernel):
        u, v = np.unravel_index(kernel.argmax(), kernel.shape)
        if kernel[u, v] == 0:
            return None
        row, column = kernel[u].astype(float), kernel[:, v] / kernel[u, v]
        same = np.allclose(np.outer(column, row), kernel, rtol=0, atol=1e-12)
        return (column, row) if same else None

    assert "returns None for a kernel that has a pair" in refusal(
        exercises.check_separable, separate
    )


def test_a_parameter_that_is_put_back_nearly_is_not_put_back():
    def central_differences(loss, w, h):
        slopes = np.zeros(w.shape)
        for place in np.ndindex(w.shape):
            w[place] += h
            above = loss()
            w[place] -= 2 * h
            slopes[place] = (above - loss()) / (2 * h)
            w[place] += h
        return slopes

    message = refusal(exercises.check_central_differences, central_differences)
    assert "keep the old number, and put that back" in message


@pytest.mark.parametrize("kept", ["d_x", "d_weights"])
def test_a_result_that_is_given_twice_is_found(kept):
    buffers = {}

    def dense_backward(d_output, x, weights):
        found = {"d_x": d_output @ weights.T, "d_weights": x.T @ d_output}
        buffer = buffers.setdefault(found[kept].shape, np.zeros(found[kept].shape))
        buffer[:] = found[kept]
        found[kept] = buffer
        return found["d_x"], found["d_weights"], d_output.sum(axis=0)

    message = refusal(exercises.check_dense_backward, dense_backward)
    assert "has changed after a second call" in message


def test_layers_that_are_right_stay_right():
    for check, layer in (
        (exercises.check_maxpool, MaxPool2D),
        (exercises.check_relu, ReLU),
        (exercises.check_flatten, Flatten),
        (exercises.check_dense, Dense),
        (exercises.check_conv2d, Conv2D),
        (exercises.check_my_cnn, TinyCNN),
    ):
        check(layer)


def test_a_maximum_that_starts_at_a_small_number_is_found():
    class FromMinusThousand(MaxPool2D):
        def forward(self, x):
            return np.maximum(super().forward(x), -1000).astype(x.dtype)

    assert "returns wrong numbers" in refusal(exercises.check_maxpool, FromMinusThousand)


def summed_in_single(self, x):
    """Add the windows up in the precision of x; forget to divide."""
    p, (N, C, H, W) = self.p, x.shape
    self.x_shape = x.shape
    inner = x[:, :, : H // p * p, : W // p * p]
    return inner.reshape(N, C, H // p, p, W // p, p).sum(axis=(3, 5))


class Frozen(Dense):
    def __init__(self, n, m, seed=42):
        super().__init__(n, m, seed)
        self.first = self.weights.copy(), self.bias.copy()

    def forward(self, x):
        return x @ self.first[0] + self.first[1]


class WidePool(TinyCNN):
    def __init__(self):
        super().__init__()
        self.pool = MaxPool2D(3)


def false_for_none(kernel):
    u, v = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    column, row = kernel[:, v] / kernel[u, v], kernel[u]
    close = np.abs(np.outer(column, row) - kernel) < 1e-9 * np.abs(kernel).max()
    return (column, row) if close.all() else False


HINTS = [
    (
        exercises.check_avgpool2d,
        type("AvgPool2D", (Average,), {"forward": summed_in_single}),
        "these are the sums of the windows",
    ),
    (exercises.check_dense, Frozen, "the numbers that __init__ drew"),
    (exercises.check_dense, type("D", (), {"__init__": lambda *_: 3}), "should return None"),
    (exercises.check_my_cnn, WidePool, "MyCNN().pool.forward makes another shape"),
    (exercises.check_separable, false_for_none, "None says that there is no pair"),
    (exercises.check_relu_backward, lambda d_output, x: x > 0, "1 or 0, the slope; multiply"),
    (exercises.check_central_differences, lambda loss, w, h: loss(w), "loss() takes nothing"),
    (exercises.check_softmax, lambda z: [[1, 2], [3]], "its rows have different lengths"),
]


@pytest.mark.parametrize(("check", "answer", "words"), HINTS)
def test_a_slip_gets_the_sentence_that_helps(check, answer, words):
    message = refusal(check, answer)
    assert words in message
    assert "does its def line fit" not in message
    assert "<locals>" not in message
