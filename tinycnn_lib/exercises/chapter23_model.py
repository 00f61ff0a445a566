"""Checker of TinyCNN for four classes: a network of any build."""

import numpy as np

from tinycnn_lib.exercises._answers import expect_method
from tinycnn_lib.exercises._arrays import expect_array, expect_form
from tinycnn_lib.exercises._base import call, fail, praise, sample
from tinycnn_lib.gradients import numerical_gradient
from tinycnn_lib.validation import describe


def check_four_class_model(model):
    """Check "A fourth class": TinyCNN for 8 x 8 images and four classes.

    Parameters
    ----------
    model : object with forward
        A Sequential, or an instance of your own class. Its parameters are found by its methods
        `parameters` and `gradients`, or in the `weights` and `bias` of its layers, wherever it
        keeps them, or in its own arrays. Its logits are compared with what TinyCNN's five layers
        make of these parameters. If it has `backward`, its gradients are compared with finite
        differences.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which.
    """
    if isinstance(model, (list, tuple)):
        fail(
            "model is a row of layers, not a network",
            got=f"a {type(model).__name__} of {len(model)}",
            hint="Sequential(...) makes a network of them",
        )
    expect_method("model", model, "forward")
    if isinstance(model, type):
        fail("model is a class: check_four_class_model wants an instance of it",
             got=describe(model), hint="call it: pass YourModel(), with parentheses")  # fmt: skip
    x = np.random.default_rng(0).normal(0, 1, size=(3, 1, 8, 8))
    on = {"x": x}
    logits = call("model.forward", model.forward, x, on=on)
    if isinstance(logits, np.ndarray) and logits.ndim == 2 and logits.shape[1] != 4:
        hint = "there is one logit for each class: which layer makes them?"
        fail("model.forward gives the wrong number of logits", on=on,
             got=f"shape {logits.shape}", expected="shape (3, 4)", hint=hint)  # fmt: skip
    remarks = []
    logits = expect_form("model.forward", logits, (3, 4), on=on, remarks=remarks)
    alone = [call("model.forward of one image", model.forward, image[None]) for image in x]
    alone = [expect_form("model.forward of one image", row, (1, 4)) for row in alone]
    hint = "an image alone gives other logits than in a batch; it must not see its neighbors"
    expect_array("model.forward", logits, np.concatenate(alone), on=on, tolerance=1e-6, hint=hint)
    if (logits >= 0).all() and np.allclose(logits.sum(axis=1), 1):
        fail("model.forward gives probabilities, not logits", got=logits,
             hint="TinyCNN ends before the softmax: the loss does that part")  # fmt: skip
    if np.allclose(logits, logits[0]):
        fail("model.forward gives the same logits for different images", on=on, got=logits)

    remarks += _not_run(model)
    parameters = _arrays(model, "parameters")
    _check_parameters(parameters)
    expect_array("model.forward", logits, _five_layers(parameters, x), on=on, tolerance=1e-6,
                 hint=_steps_hint(parameters, x))  # fmt: skip
    if not callable(getattr(model, "backward", None)):
        said = "four logits and the right parameters. Without backward, no gradient was checked."
        praise(said, remarks)
        return
    _check_gradients(model, x)
    said = "four logits, the right parameters, and gradients that finite differences confirm."
    praise(said, remarks)


def _not_run(model):
    """Return a remark on each layer that is an attribute, but not in the list that is run."""
    run = getattr(model, "layers", None)
    if not isinstance(run, list):
        return []
    return [
        f"model.{name} is not among model.layers, which forward runs"
        for name, part in vars(model).items()
        if hasattr(part, "weights") and all(part is not layer for layer in run)
    ]


SHAPES = ((3, 1, 3, 3), (3,), (27, 4), (4,))  # of TinyCNN's parameters for four classes


def _walk(thing, seen):
    """Yield the layers, and the arrays by name, that an object holds, however deep."""
    if id(thing) in seen or isinstance(thing, (type, str)) or (callable(thing) and not vars(thing)):
        return
    seen.add(id(thing))
    if hasattr(thing, "weights"):
        yield type(thing).__name__, thing
        return
    held = thing if isinstance(thing, dict) else getattr(thing, "__dict__", {})
    parts = list(held.items())
    if isinstance(thing, (list, tuple)):
        parts = [(str(position), part) for position, part in enumerate(thing)]
    for name, part in parts:
        if isinstance(part, np.ndarray):
            yield str(name), (held, name)
        else:
            yield from _walk(part, seen)


def _arrays(model, method, prefix=""):
    """Return what `model.parameters()` or `model.gradients()` gives, or else its parts hold."""
    if callable(getattr(model, "parameters", None)) and callable(getattr(model, "gradients", None)):
        arrays = call(f"model.{method}", getattr(model, method))
        if not isinstance(arrays, dict):
            fail(
                f"model.{method}() is not a dict",
                got=describe(arrays),
                expected="a dict of arrays by name",
                hint=f"see Sequential.{method}, which returns such a dict",
            )
        return arrays
    found = list(_walk(model, set()))
    layers = [(name, thing) for name, thing in found if not isinstance(thing, tuple)]
    if layers:
        return {
            f"{key} of the {name}": getattr(layer, prefix + key, None)
            for name, layer in layers
            for key in ("weights", "bias")
        }
    return {  # a network without layers, with arrays of its own
        name: held.get(prefix + key)
        for name, (held, key) in found
        if held[key].shape in SHAPES and not str(name).startswith("d_")
    }


def _check_parameters(parameters):
    """Hold the parameters' shapes to 30 of the convolution and one column for each class."""
    if not parameters:
        fail(
            "no parameters were found in the model",
            hint="keep its layers as attributes, or give it methods parameters and gradients that "
            "return dicts of arrays",
        )
    for name, value in parameters.items():
        if not isinstance(value, np.ndarray):
            fail(f"the parameter {name} is not an array", got=describe(value),
                 expected="a NumPy array", hint="np.zeros makes one")  # fmt: skip
    shapes = [value.shape for value in parameters.values()]
    on = {name: f"shape {value.shape}" for name, value in parameters.items()}
    if [shape for shape in shapes if len(shape) == 4] != [(3, 1, 3, 3)]:
        fail("the convolution is no longer TinyCNN's", on=on,
             hint="it knows nothing of classes, so a new class changes nothing there")  # fmt: skip
    dense = [shape for shape in shapes if len(shape) == 2]
    if dense != [(27, 4)]:
        fail(
            "the dense layer is wrong",
            on=on,
            hint="108 numbers reach it: which layer makes them fewer?"
            if dense == [(108, 4)]
            else "its rows are what Flatten delivers, its columns are the classes",
        )
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
