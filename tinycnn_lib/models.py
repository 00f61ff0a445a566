"""Networks: layers in a row, TinyCNN, and a summary that is measured, not computed."""

import copy
from contextlib import contextmanager

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU


@contextmanager
def _unchanged_if_refused(layers):
    """Give the layers back what they held, if a call is refused half-way."""
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
    *layers : objects with `forward(x)` and `backward(d_output)`
        Those with parameters keep them in `weights` and `bias`, their gradients in `d_weights`
        and `d_bias`, and their `backward` takes `input_gradient`.

    Attributes
    ----------
    layers : list
        The layers, in the order of `forward`.

    Raises
    ------
    TypeError
        If a layer lacks `forward` or `backward`, or is itself a Sequential.
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
            if isinstance(layer, Sequential):
                raise TypeError(
                    f"layers[{position}]: expected a single layer, got a {type(layer).__name__}; "
                    "pass its layers, *model.layers"
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
                x = self._ask(layer, "forward", x)
        return x

    def backward(self, d_output, input_gradient=True):
        """Run the gradient back through all layers; return the input's gradient.

        With `input_gradient=False` it stops at the first layer with parameters, below which
        nothing learns, and returns None.

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its gradient, or `forward` has not run.
        """
        learning = [layer for layer in self.layers if hasattr(layer, "weights")]
        with _unchanged_if_refused(self.layers):
            for layer in reversed(self.layers):
                if not input_gradient and layer in learning[:1]:
                    return self._ask(layer, "backward", d_output, input_gradient=False)
                d_output = self._ask(layer, "backward", d_output)
        return d_output if input_gradient else None

    def _ask(self, layer, method, *arguments, **options):
        """Call a layer's method; an error then names the layer too, not only the argument."""
        try:
            return getattr(layer, method)(*arguments, **options)
        except Exception as error:
            position = self.layers.index(layer)
            error.add_note(f"raised by layers[{position}], {type(layer).__name__}.{method}")
            raise

    def predict(self, x):
        """Return the class index of the largest logit for each image, shape (N,).

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its input, or a logit is not finite.
        """
        with _unchanged_if_refused(self.layers):
            logits = check.feature_rows("logits", self.forward(x))  # (N, K)
        return logits.argmax(axis=1)

    def evaluate(self, x, y):
        """Return the accuracy on images `x` with labels `y`, a fraction from 0 to 1.

        Raises
        ------
        TypeError, ValueError
            If a layer refuses its input, a logit is not finite, or `y` are not one class per
            image.
        """
        with _unchanged_if_refused(self.layers):
            logits = check.feature_rows("logits", self.forward(x))  # (N, K)
            y = check.class_labels("y", y, count=len(logits), classes=logits.shape[1])
        return float((logits.argmax(axis=1) == y).mean())

    def _by_name(self, prefix):
        """Return the arrays `prefix`weights and `prefix`bias of all layers that have them."""
        arrays, seen = {}, {}
        for layer in self.layers:
            if hasattr(layer, "weights"):
                kind = type(layer).__name__.lower()
                seen[kind] = seen.get(kind, 0) + 1
                name = kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"
                for key in ("weights", "bias"):
                    arrays[f"{name}.{key}"] = getattr(layer, prefix + key)
        return arrays

    def parameters(self):
        """Return the parameters by name, `"conv2d.weights"` first; the arrays, not copies."""
        return self._by_name("")

    def gradients(self):
        """Return the parameters' gradients from the last `backward`, under the same names."""
        return self._by_name("d_")

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
        total = sum(count or 0 for _, _, count in self)
        cells = [("Layer", "Output shape", "Parameters")]
        for name, shape, count in self:
            cells.append((name, str(shape), "-" if count is None else f"{count:,}"))
        cells.append(("Total", "", f"{total:,}"))
        a, b, c = (max(map(len, column)) for column in zip(*cells, strict=True))
        a, b = max(a, 10), max(b, 15)
        return "\n".join(f"{name:<{a}} {shape:<{b}} {count:>{c}}" for name, shape, count in cells)


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
        If `model` is no Sequential, or a layer refuses an input of this shape.
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"model: expected a Sequential such as TinyCNN(), got {model!r}")
    if not isinstance(input_shape, (tuple, list)):
        raise TypeError(f"input_shape: expected a tuple (N, C, H, W), got {input_shape!r}")
    shape = tuple(check.integer("input_shape", side) for side in input_shape)
    rows = Summary([("Input", shape, None)])
    x = np.zeros(shape)
    for layer in copy.deepcopy(model.layers):
        x = layer.forward(x)
        rows.append((type(layer).__name__, x.shape, getattr(layer, "parameter_count", None)))
    return rows
