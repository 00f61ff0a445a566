"""Networks: layers in a row, TinyCNN, and a summary that is measured, not computed."""

import copy
from contextlib import contextmanager

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU


@contextmanager
def _unchanged_if_refused(layers):
    """Give the layers back what they held, if one of them refuses its input half-way."""
    before = [vars(layer).copy() for layer in layers]
    try:
        yield
    except Exception:
        for layer, state in zip(layers, before, strict=True):
            vars(layer).clear()
            vars(layer).update(state)
        raise


class Sequential:
    """Layers in a row: the output of each is the input of the next.

    Parameters
    ----------
    *layers : objects with `forward` and `backward`
        Those with parameters keep them in `weights` and `bias`.

    Attributes
    ----------
    layers : list
        The layers, in the order of `forward`.

    Raises
    ------
    TypeError
        If a layer lacks `forward` or `backward`.
    ValueError
        If there is no layer, or one layer is given twice.
    """

    def __init__(self, *layers):
        if not layers:
            raise ValueError("layers: expected at least one layer, got none")
        for position, layer in enumerate(layers):
            if isinstance(layer, type) or not (
                callable(getattr(layer, "forward", None))
                and callable(getattr(layer, "backward", None))
            ):
                raise TypeError(
                    f"layers[{position}]: expected an object with forward and backward, "
                    f"got {layer!r}; pass an instance, for example ReLU()"
                )
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("layers: expected different objects, got one of them twice")
        self.layers = list(layers)

    def forward(self, x):
        """Run `x` through all layers; a refused `x` leaves every layer as it was.

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its input.
        """
        with _unchanged_if_refused(self.layers):
            for layer in self.layers:
                x = layer.forward(x)
        return x

    def backward(self, d_output, input_gradient=True):
        """Run the gradient back through all layers; return the input's gradient.

        With `input_gradient=False` it stops at the first layer with parameters and returns None:
        nothing below that layer learns.

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its gradient, or `forward` has not run.
        """
        with _unchanged_if_refused(self.layers):
            first = 0
            if not input_gradient:
                first = next(
                    (i for i, layer in enumerate(self.layers) if hasattr(layer, "weights")), 0
                )
            for layer in reversed(self.layers[first + 1 :]):
                d_output = layer.backward(d_output)
            if not input_gradient and hasattr(self.layers[first], "weights"):
                return self.layers[first].backward(d_output, input_gradient=False)
            return self.layers[first].backward(d_output)

    def predict(self, x):
        """Return the class index of the largest logit for each image, shape (N,).

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its input.
        """
        return self.forward(x).argmax(axis=1)

    def evaluate(self, x, y):
        """Return the accuracy on images `x` with labels `y`, a fraction from 0 to 1.

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its input, or `y` are not one class per image.
        """
        logits = self.forward(x)
        y = check.class_labels("y", y, count=len(logits), classes=logits.shape[1])
        return float((logits.argmax(axis=1) == y).mean())

    def _named_parameter_layers(self):
        seen = {}
        for layer in self.layers:
            if hasattr(layer, "weights"):
                kind = type(layer).__name__.lower()
                seen[kind] = seen.get(kind, 0) + 1
                yield (kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"), layer

    def parameters(self):
        """Return the parameters by name, `"conv2d.weights"` first; the arrays, not copies."""
        return {
            f"{name}.{key}": getattr(layer, key)
            for name, layer in self._named_parameter_layers()
            for key in ("weights", "bias")
        }

    def gradients(self):
        """Return the parameters' gradients from the last `backward`, under the same names."""
        return {
            f"{name}.{key}": getattr(layer, f"d_{key}")
            for name, layer in self._named_parameter_layers()
            for key in ("weights", "bias")
        }

    @property
    def parameter_count(self):
        """Number of weights and biases in all layers."""
        return sum(value.size for value in self.parameters().values())


class TinyCNN(Sequential):
    """The network of the book: 114 parameters, from an 8 x 8 image to 3 logits (Section 23.4).

    Conv2D(1, 3, 3), ReLU, MaxPool2D(2), Flatten, Dense(27, 3).

    Parameters
    ----------
    seed : int
        The convolution is drawn with `seed`, the dense layer with `seed + 1`.

    Attributes
    ----------
    conv, relu, pool, flatten, dense : the layers, also in `layers`

    Raises
    ------
    TypeError, ValueError
        If `seed` is not a non-negative integer.
    """

    def __init__(self, seed=42):
        seed = check.integer("seed", seed, at_least=0)
        self.conv = Conv2D(1, 3, 3, seed=seed)  # (N, 1, 8, 8) -> (N, 3, 6, 6)
        self.relu = ReLU()  # (N, 3, 6, 6)
        self.pool = MaxPool2D(2)  # -> (N, 3, 3, 3)
        self.flatten = Flatten()  # -> (N, 27)
        self.dense = Dense(27, 3, seed=seed + 1)  # -> (N, 3)
        super().__init__(self.conv, self.relu, self.pool, self.flatten, self.dense)

    def forward(self, x):
        """Map images (N, 1, 8, 8) to logits (N, 3).

        Raises
        ------
        TypeError, ValueError
            If `x` is not a finite batch of 8 x 8 images with one channel.
        """
        return super().forward(check.image_batch("x", x, channels=1, size=(8, 8)))


class Summary(list):
    """The rows (layer name, output shape, parameter count or None); prints as a table."""

    def __str__(self):
        """Return the table as text, with the total number of parameters below it."""
        lines = [f"{'Layer':<10} {'Output shape':<15} {'Parameters':>10}"]
        for name, shape, count in self:
            lines.append(f"{name:<10} {shape!s:<15} {'-' if count is None else f'{count:,}':>10}")
        total = sum(count or 0 for _, _, count in self)
        return "\n".join([*lines, f"{'Total':<10} {'':<15} {total:>10,}"])


def summarize(model, input_shape=(1, 1, 8, 8)):
    """Run `model` on an image of zeros and report each layer's output shape and parameters.

    Parameters
    ----------
    model : Sequential
        It is run as a copy, so that it keeps what it saw last.
    input_shape : tuple of int, (N, C, H, W)

    Returns
    -------
    Summary
        A list of (name, shape, parameter count or None); `print` shows a table.

    Raises
    ------
    TypeError, ValueError
        If a layer refuses an input of this shape.
    """
    shape = tuple(check.integer("input_shape", side) for side in input_shape)
    rows = Summary([("Input", shape, None)])
    x = np.zeros(shape)
    for layer in copy.deepcopy(model.layers):
        x = layer.forward(x)
        rows.append((type(layer).__name__, x.shape, getattr(layer, "parameter_count", None)))
    return rows
