"""Checkers of Chapter 23."""

import numpy as np

from tinycnn_lib.exercises._answers import (
    expect_answer,
    expect_integer,
    expect_method,
    expect_shape,
)
from tinycnn_lib.exercises._arrays import expect_array, expect_form
from tinycnn_lib.exercises._base import call, fail, praise, sample
from tinycnn_lib.gradients import numerical_gradient
from tinycnn_lib.validation import describe


def check_output_shape(shape, parameter_count):
    """Check Exercise 23.1: what Conv2D(3, 8, 5) makes of a batch (16, 3, 32, 32).

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
    shape = expect_shape("shape", shape, length=4)
    N, C, F, k, side = 16, 3, 8, 5, 32
    fits = side - k + 1
    on = {"layer": "Conv2D(3, 8, 5)", "input": "shape (16, 3, 32, 32)"}
    if shape == (N, fits, fits, F):
        hint = "the four numbers are right, their order is not: the channels stand before the rows"
        fail("shape has its axes in the wrong order", on=on, got=shape, hint=hint)
    if shape[0] != N:
        hint = "the layer treats every image by itself: none comes, none goes"
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

    parameter_count = expect_integer("parameter_count", parameter_count)
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
    praise("the shape and the number of parameters.")


def _average(x, p):
    """Return the mean of every window, window by window."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, H // p, W // p))
    for i in range(H // p):
        for j in range(W // p):
            y[:, :, i, j] = x[:, :, i * p : i * p + p, j * p : j * p + p].sum(axis=(2, 3)) / p**2
    return y


def average_gradient(d_output, x_shape, p, s):
    """Return the gradient of mean pooling, stride s: each window hands back equal parts."""
    d_x = np.zeros(x_shape)
    for i, j in np.ndindex(d_output.shape[2:]):
        part = d_output[:, :, i, j, None, None] / p**2
        d_x[:, :, s * i : s * i + p, s * j : s * j + p] += part
    return d_x


def _forward_hint(x, p):
    def hint(got, expected):
        full = x[:, :, : x.shape[2] // p * p, : x.shape[3] // p * p]
        windows = full.reshape(*full.shape[:2], full.shape[2] // p, p, full.shape[3] // p, p)
        if p > 1 and np.allclose(got, windows.max(axis=(3, 5))):
            return "these are the largest numbers of the windows, not their means"
        if p > 1 and np.allclose(got, p * p * expected):
            return f"every number is {p * p} times the one expected: a sum is not yet a mean"
        return None

    return hint


def _backward_hint(d_output, x_shape, p):
    def hint(got, expected):
        sums = f"your gradient sums to {got.sum():.6g}, d_output to {d_output.sum():.6g}"
        if p > 1 and np.allclose(got, p * p * expected):
            return (
                f"{sums}: p * p = {p * p} times as much. When one pixel grows by 1, how much does "
                "the mean of its window grow?"
            )
        if np.allclose(got, average_gradient(np.ones_like(d_output), x_shape, p, p)):
            return (
                "the result is the same for every d_output; each window has a gradient of its own"
            )
        H, W = (side * p for side in d_output.shape[2:])
        inside = np.zeros(x_shape, dtype=bool)
        inside[:, :, :H, :W] = True
        if np.allclose(got[inside], expected[inside]):
            return "a dropped row or column had no part in the output, so its gradient is 0"
        if np.count_nonzero(got) <= np.count_nonzero(d_output) < np.count_nonzero(expected):
            return "one pixel of each window gets it all; in a mean, every pixel has a part"
        if np.allclose(got[:, :, :H, :W], np.tile(d_output, (1, 1, p, p)) / p**2):
            return "the numbers are right, their places are not: neighbors share a window"
        return None

    return hint


def check_avgpool2d(AvgPool2D):
    """Check Exercise 23.3: a layer AvgPool2D(pool_size=2) with forward and backward.

    Windows do not overlap; rows and columns that do not fill a window are dropped, and get zero
    gradient, as in MaxPool2D.

    Parameters
    ----------
    AvgPool2D : class
        The class itself, not an instance.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which, and on which input.
    """
    expect_answer("AvgPool2D", AvgPool2D)
    if not isinstance(AvgPool2D, type):
        fail(
            "AvgPool2D is not a class: check_avgpool2d wants the class itself",
            got=describe(AvgPool2D),
            hint="pass AvgPool2D without parentheses, after you have run the cell that defines it",
        )
    expect_method("AvgPool2D", AvgPool2D, "forward", "backward")

    pool = call("AvgPool2D()", AvgPool2D)
    x = sample((1, 1, 2, 4), seed=0)
    y = call("AvgPool2D().forward", pool.forward, x, on={"x": x})
    expect_array("AvgPool2D().forward", y, _average(x, 2), on={"x": x}, hint=_forward_hint(x, 2))

    cases = [(2, (1, 2, 4, 6)), (2, (2, 2, 2, 4)), (3, (1, 2, 3, 6)), (1, (1, 2, 2, 3))]
    dropping = [(2, (1, 2, 3, 6)), (2, (1, 2, 4, 5)), (2, (2, 2, 3, 5)), (3, (1, 2, 4, 8))]
    for seed, (p, shape) in enumerate(cases + dropping):
        x = sample(shape, seed)
        y_expected = _average(x, p)
        pool = call(f"AvgPool2D({p})", AvgPool2D, p)
        y = call(f"AvgPool2D({p}).forward", pool.forward, x, on={"x": x})
        expect_array(
            f"AvgPool2D({p}).forward", y, y_expected, on={"x": x}, hint=_forward_hint(x, p)
        )
        d_output = sample(y.shape, seed + 100) + 0.35  # no zeros, and their sum is not 0
        on = {"d_output": d_output, "x": f"shape {shape}"}
        name = f"AvgPool2D({p}).backward"
        d_x = call(name, pool.backward, d_output, on=on)
        expected = average_gradient(d_output, shape, p, p)
        expect_array(name, d_x, expected, on=on, hint=_backward_hint(d_output, shape, p))

    _check_two_pools(AvgPool2D)
    x = sample((1, 2, 4, 6), seed=0).astype(np.float32)
    pool = AvgPool2D(2)
    y = call("forward of float32 images", pool.forward, x, on={"x": x})
    expect_array("forward of float32 images", y, _average(x, 2), on={"x": x}, dtype=np.float32)
    d_x = call("backward of a float32 gradient", pool.backward, y, on={"d_output": y})
    expected = average_gradient(y, x.shape, 2, 2)
    expect_array("backward of a float32 gradient", d_x, expected, dtype=np.float32)
    praise("AvgPool2D, forward and backward, for windows of side 1, 2 and 3.")


def _check_two_pools(AvgPool2D):
    """Two layers in one network, and two batches through one layer, do not disturb each other."""
    first, second = (call(f"AvgPool2D({p})", AvgPool2D, p) for p in (2, 3))
    x, other = sample((1, 2, 4, 6), seed=1), sample((1, 2, 6, 3), seed=2)
    y = call("AvgPool2D(2).forward", first.forward, x)
    call("AvgPool2D(3).forward", second.forward, other)
    d_output = sample((1, 2, 2, 3), seed=3)
    name = "AvgPool2D(2).backward, after another pool has run forward,"
    hint = "keep what backward needs in self, not in the class or outside of it"
    d_x = call(name, first.backward, d_output, on={"d_output": d_output}, hint=hint)
    expect_array(name, d_x, average_gradient(d_output, x.shape, 2, 2), hint=hint)
    call("AvgPool2D(2).forward, a second time,", first.forward, -x)
    call("AvgPool2D(2).backward, a second time,", first.backward, -d_output)
    hint = "a result that was given away must not change later; make a new array in every call"
    name = "the first result of AvgPool2D(2).forward, after a second call,"
    expect_array(name, y, _average(x, 2), hint=hint)
    name = "the first result of AvgPool2D(2).backward, after a second call,"
    expect_array(name, d_x, average_gradient(d_output, x.shape, 2, 2), hint=hint)


def check_four_class_model(model):
    """Check Exercise 23.4: TinyCNN for 8 x 8 images and four classes.

    Parameters
    ----------
    model : object with forward
        A Sequential, or an instance of your own class. Its parameters are found by its methods
        `parameters` and `gradients`, or in the `weights` and `bias` of its layers. Its logits are
        compared with what TinyCNN's five layers make of these parameters. If it has `backward`,
        its gradients are compared with finite differences.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which.
    """
    expect_method("model", model, "forward")
    if isinstance(model, type):
        fail("model is a class: check_four_class_model wants an instance of it",
             got=describe(model), hint="call it: pass YourModel(), with parentheses")  # fmt: skip
    x = np.random.default_rng(0).normal(0, 1, size=(3, 1, 8, 8))
    on = {"x": x}
    logits = call("model.forward", model.forward, x, on=on)
    if isinstance(logits, np.ndarray) and logits.ndim == 2 and logits.shape[1] != 4:
        listed = {id(layer) for layer in _layers(model)}
        own = [part for part in getattr(model, "__dict__", {}).values() if hasattr(part, "weights")]
        if listed.issuperset(map(id, own)):
            hint = "there is one logit for each class: which layer makes them?"
        else:
            hint = "forward runs the list model.layers, and a layer of the model is not in it"
        fail("model.forward gives the wrong number of logits", on=on,
             got=f"shape {logits.shape}", expected="shape (3, 4)", hint=hint)  # fmt: skip
    expect_form("model.forward", logits, (3, 4), on=on)
    alone = [call("model.forward of one image", model.forward, image[None]) for image in x]
    for row in alone:
        expect_form("model.forward of one image", row, (1, 4))
    hint = "an image alone gives other logits than in a batch; it must not see its neighbors"
    expect_array("model.forward", logits, np.concatenate(alone), on=on, tolerance=1e-6, hint=hint)
    if (logits >= 0).all() and np.allclose(logits.sum(axis=1), 1):
        fail("model.forward gives probabilities, not logits", got=logits,
             hint="TinyCNN ends before the softmax: the loss does that part")  # fmt: skip
    if np.allclose(logits, logits[0]):
        fail("model.forward gives the same logits for different images", on=on, got=logits)

    parameters = _arrays(model, "parameters")
    _check_parameters(parameters)
    expect_array("model.forward", logits, _five_layers(parameters, x), on=on, tolerance=1e-6,
                 hint=_steps_hint(parameters, x))  # fmt: skip
    if not callable(getattr(model, "backward", None)):
        praise("four logits and the right parameters. Without backward, no gradient was checked.")
        return
    _check_gradients(model, x)
    praise("four logits, the right parameters, and gradients that finite differences confirm.")


def _layers(model):
    """Return the layers of a model: its list `layers`, or else all of its attributes."""
    layers = getattr(model, "layers", None)
    if isinstance(layers, (list, tuple)) and layers:
        return list(layers)
    return list(getattr(model, "__dict__", {}).values())


def _arrays(model, method, prefix=""):
    """Return what `model.parameters()` or `model.gradients()` gives, or else its layers hold."""
    if callable(getattr(model, "parameters", None)) and callable(getattr(model, "gradients", None)):
        arrays = call(f"model.{method}", getattr(model, method))
        if not isinstance(arrays, dict):
            fail(f"model.{method}() is not a dict", got=describe(arrays),
                 expected="a dict of arrays by name",
                 hint=f"see Sequential.{method}, which returns such a dict")  # fmt: skip
        return arrays
    return {
        f"{key} of the {type(layer).__name__}": getattr(layer, prefix + key, None)
        for layer in _layers(model)
        if hasattr(layer, "weights")
        for key in ("weights", "bias")
    }


def _check_parameters(parameters):
    """Hold the parameters' shapes to 30 of the convolution and one column for each class."""
    if not parameters:
        fail("no parameters were found in the model",
             hint="keep its layers as attributes or in a list model.layers")  # fmt: skip
    for name, value in parameters.items():
        if not isinstance(value, np.ndarray):
            fail(f"the parameter {name} is not an array", got=describe(value),
                 expected="a NumPy array", hint="np.zeros makes one")  # fmt: skip
    shapes = [value.shape for value in parameters.values()]
    on = {name: f"shape {value.shape}" for name, value in parameters.items()}
    if [shape for shape in shapes if len(shape) == 4] != [(3, 1, 3, 3)]:
        fail("the convolution is no longer TinyCNN's", on=on,
             hint="it knows nothing of classes, so a new class changes nothing there")  # fmt: skip
    if [shape for shape in shapes if len(shape) == 2] != [(27, 4)]:
        fail("the dense layer is wrong", on=on,
             hint="its rows are what Flatten delivers, its columns are the classes")  # fmt: skip
    if sorted(shape for shape in shapes if len(shape) not in (2, 4)) != [(3,), (4,)]:
        fail("the biases are wrong", on=on,
             hint="one bias for each filter, one for each class, and nothing else")  # fmt: skip


def _five_layers(parameters, x, relu=True, pool=np.max):
    """Return the logits that TinyCNN's layers make of `x` with the parameters of a model."""
    by_shape = {value.shape: value for value in parameters.values()}
    weights = by_shape[3, 1, 3, 3].reshape(3, 9)
    patches = np.lib.stride_tricks.sliding_window_view(x[:, 0], (3, 3), axis=(1, 2))
    maps = np.einsum("fr,nijr->nfij", weights, patches.reshape(len(x), 6, 6, 9))
    maps += by_shape[3,][:, None, None]
    if relu:
        maps = np.maximum(maps, 0)
    windows = maps.reshape(len(x), 3, 3, 2, 3, 2)
    return pool(windows, axis=(3, 5)).reshape(len(x), 27) @ by_shape[27, 4] + by_shape[4,]


def _steps_hint(parameters, x):
    def hint(got, expected):
        for relu, pool, missing in (
            (False, np.max, "ReLU"),
            (True, np.mean, "max pooling"),
            (False, np.mean, "ReLU or max pooling"),
        ):
            if np.allclose(got, _five_layers(parameters, x, relu, pool)):
                return f"the parameters are right, but there is no {missing} between them"
        return "the parameters are right, but the steps between them are not TinyCNN's"

    return hint


def _check_gradients(model, x):
    d_logits = sample((len(x), 4), seed=4)
    call("model.forward", model.forward, x)
    d_x = call("model.backward", model.backward, d_logits, on={"d_logits": d_logits})
    parameters, gradients = _arrays(model, "parameters"), _arrays(model, "gradients", prefix="d_")

    def weighted_sum():
        logits = call("model.forward, once more,", model.forward, x)
        expect_form("model.forward, once more,", logits, d_logits.shape)
        return float((d_logits * logits).sum())

    for name, parameter in parameters.items():
        if parameter.dtype != np.float64 or not parameter.flags.writeable:
            kind = f"{parameter.dtype}{'' if parameter.flags.writeable else ', read-only'}"
            fail(f"the parameter {name} cannot be nudged for finite differences", got=kind,
                 expected="float64, not read-only", hint="np.array(..., dtype=float) makes a copy "
                 "that can be changed")  # fmt: skip
        expected = numerical_gradient(weighted_sum, parameter)
        gradient = gradients.get(name)
        name = f"after model.backward, the gradient of {name}"
        if gradient is None:
            fail(f"{name} is missing")
        expect_array(name, gradient, expected, tolerance=1e-6)
    if d_x is not None:  # training needs no gradient of the images
        expect_array("model.backward", d_x, numerical_gradient(weighted_sum, x), tolerance=1e-6)


def check_parameter_sharing(local_count, dense_count):
    """Check Exercise 23.5: from 64 pixels to the 108 numbers of TinyCNN's feature maps.

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
    for name, count, seen in (("local_count", local_count, 9), ("dense_count", dense_count, 64)):
        count = expect_integer(name, count)
        if count != 108 * (seen + 1):
            hint = {
                108 * seen: "you have counted the weights; what else has each of the 108?",
                108 * seen + 3: "nothing is shared here, so neither are the biases",
                36 * (seen + 1): "36 places, but how many filters?",
                3 * (seen + 1): "that is what sharing needs; here each place has its own",
            }.get(count, "count for one of the 108 numbers first")
            fail(f"{name} is wrong", on={"output": "3 maps of 6 x 6"}, got=count, hint=hint)
    praise("both counts. TinyCNN's convolution makes the same maps from 30 parameters.")
