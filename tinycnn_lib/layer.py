"""What all layers share: they can be called, shown, asked for parameters; their border is guarded.

The line above a `forward` or `backward`, such as `@images`, says what the method takes, and
refuses everything else with a TypeError or a ValueError before anything is changed. Below it
stands the mathematics alone. A network asks at its own door and calls the bodies: `inside`.
"""

import functools

import numpy as np

from tinycnn_lib import validation as check


def takes(guard):
    """Return a decorator of `forward`: the body sees only what `guard(layer, x)` returns."""

    def decorate(body):
        @functools.wraps(body)
        def method(layer, x):
            return body(layer, guard(layer, x))

        return method

    return decorate


# The argument of forward: a batch of images, rows of features, or numbers of any shape.
images = takes(lambda layer, x: check.image_batch("x", x, **layer.accepts()))
rows = takes(lambda layer, x: check.feature_rows("x", x, **layer.accepts()))
numbers = takes(lambda layer, x: check.float_array("x", x))


def output_gradient(body):
    """Decorate `backward`: the body sees only a gradient of the shape that forward returned."""

    @functools.wraps(body)
    def method(layer, d_output, *others, **options):
        d = check.gradient("d_output", d_output, layer.output_shape, type(layer).__name__)
        return body(layer, d, *others, **options)

    return method


def inside(method):
    """Return a bound method without its guard: for arguments that need no question."""
    body = getattr(method, "__wrapped__", None)
    return method if body is None else functools.partial(body, method.__self__)


class Layer:
    """One step of a network: `layer(x)` is `layer.forward(x)`.

    A layer that learns names its parameters in `learned` and leaves the gradient of `weights` in
    `d_weights`, and so on for each name. Another array may be put in a parameter's place, of the
    same shape. `backward` of such a layer takes `input_gradient`: whether it should return the
    gradient of its input at all.

    Attributes
    ----------
    output_shape : tuple of int, or None
        The shape that the last `forward` returned.
    """

    learned = ()  # for example ("weights", "bias")
    settings = ()  # what the constructor was told, for example ("pool_size",)
    output_shape = None

    def __call__(self, x):
        """Return `forward(x)`."""
        return self.forward(x)

    def __repr__(self):
        """Return the class and its settings, as one would type them."""
        settings = ", ".join(f"{name}={getattr(self, name)}" for name in self.settings)
        return f"{type(self).__name__}({settings})"

    def __setattr__(self, name, value):
        """Assign; what is put in a parameter's place must be numbers of the same shape."""
        if name in self.learned and name in vars(self):
            value = check.parameter(name, value, vars(self)[name].shape)
        super().__setattr__(name, value)

    def accepts(self):
        """Return what `forward` asks of its images or rows, as keywords of their guard."""
        return {}

    def parameters_as(self, dtype):
        """Return the parameters in the dtype of the images: float32 in, float32 out."""
        return [getattr(self, name).astype(dtype, copy=False) for name in self.learned]

    @property
    def parameter_count(self):
        """Number of learned numbers."""
        return sum(np.size(getattr(self, name)) for name in self.learned)
