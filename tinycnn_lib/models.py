"""Networks: layers in a row, TinyCNN, and a summary that is measured, not computed."""

import copy
import itertools

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.layer import Layer, inside, output_gradient, takes
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU

PART = 256  # images that `predict` and `evaluate` run at once: the columns of all may not fit


def learned(layer):
    """Return the names of a layer's parameters: those in its `learned`.

    A class of the reader's own that names none may keep `weights`, `bias`, or both.
    """
    usual = [name for name in ("weights", "bias") if hasattr(layer, name)]
    return getattr(layer, "learned", ()) or usual


class Sequential:
    """Layers in a row: the output of each is the input of the next.

    Parameters
    ----------
    *layers : Layer, or any object with `forward(x)` and `backward(d_output)`

    Attributes
    ----------
    layers : list
        The layers, in the order of `forward`.
    history : History, or None
        Of the last `fit`, also of one that was interrupted.
    """

    output_shape = history = None
    _known = None  # size and dtype of images, and layers, that were asked one by one

    def __init__(self, *layers):
        _check_layers(layers)
        self.layers = list(layers)

    @takes(lambda model, x: model.guard(x))
    def forward(self, x):
        """Run `x` through all layers."""
        known = self._known == self._kind(x)
        images = x
        for position, layer in enumerate(self.layers):
            try:
                x = inside(layer.forward)(x) if known else layer.forward(x)
            except check.NotFiniteError:  # the images are finite, so it is a layer's doing
                raise self._overflow(images) from None
            except Exception as error:
                error.add_note(_raised_by(position, layer, "forward"))
                raise
            known = known and isinstance(layer, Layer)  # a class of one's own is not trusted
            # Asked here, for a later ReLU would hide minus infinity.
            if known and layer.learned and not np.isfinite(x).all():
                raise self._overflow(images)
        if not np.isfinite(x).all():
            raise self._overflow(images)
        self._known, self.output_shape = self._kind(images), x.shape
        return x

    @output_gradient
    def backward(self, d_output, input_gradient=True):
        """Run the gradient back through all layers; return the input's gradient.

        With `input_gradient=False` it stops at the first layer with parameters, below which
        nothing learns, and returns None.
        """
        first = next((layer for layer in self.layers if learned(layer)), None)
        d, known = d_output, True
        for position, layer in reversed(list(enumerate(self.layers))):
            ends_here = layer is first and not input_gradient
            ours = isinstance(layer, Layer)
            # Another shape than the layer returned: it has been run alone since. Let it say so.
            known = known and (not ours or layer.output_shape == d.shape)
            backward = inside(layer.backward) if known else layer.backward
            try:
                d = backward(d, input_gradient=False) if ends_here and ours else backward(d)
            except Exception as error:
                error.add_note(_raised_by(position, layer, "backward"))
                raise
            if ends_here:
                return None
            known = ours
        return d if input_gradient else None

    def predict(self, x):
        """Return the class index of the largest logit for each image, shape (N,)."""
        return self.logits(x).argmax(axis=1)

    def evaluate(self, x, y):
        """Return the accuracy on images `x` with labels `y`, a fraction from 0 to 1."""
        logits = self.logits(x)  # (N, K)
        y = check.class_labels("y", y, *logits.shape)
        return float((logits.argmax(axis=1) == y).mean())

    def logits(self, x):
        """Return the logits of any number of images, shape (N, K), as `forward` would.

        They are run in parts, and what the layers keep for `backward` stays as it was.
        """
        x = self.guard(x)
        twin = copy.copy(self)  # shares the parameters, keeps its own notes
        twin.layers = [copy.copy(layer) for layer in self.layers]
        twin._known = twin._kind(x) if self._known == self._kind(x) else None
        parts = [inside(twin.forward)(x[i : i + PART]) for i in range(0, len(x), PART)]
        self._known = self._kind(x)
        return check.feature_rows("logits", np.concatenate(parts))

    def parameters(self):
        """Return the parameters by name, `"conv2d.weights"` first; the arrays, not copies."""
        return self._by_name("")

    def gradients(self):
        """Return the parameters' gradients from the last `backward`, under the same names."""
        return self._by_name("d_")

    def _by_name(self, prefix):
        arrays, taken = {}, set()
        for layer in self.layers:
            if names := learned(layer):
                kind = type(layer).__name__.lower()
                numbered = itertools.chain([kind], (f"{kind}_{n}" for n in itertools.count(2)))
                name = next(name for name in numbered if name not in taken)
                taken.add(name)
                for key in names:
                    arrays[f"{name}.{key}"] = getattr(layer, prefix + key, None)
        return arrays

    @property
    def parameter_count(self):
        """Number of learned numbers in all layers."""
        return sum(np.size(value) for value in self.parameters().values())

    def guard(self, x):
        """Return `x` as this network takes it, or raise."""
        return check.float_array("x", x)

    def _kind(self, x):
        """Return what decides whether the layers must be asked about `x` again."""
        return (x.shape[1:], x.dtype, *map(id, self.layers))

    def _overflow(self, x):
        """Return the error that names the layer in which finite images became infinite."""
        for position, layer in enumerate(self.layers):  # noqa: B007 (used after the loop)
            x = inside(layer.forward)(x)
            if not np.isfinite(x).all():
                break
        return check.NotFiniteError(
            f"x: expected images whose numbers stay finite, got {x[~np.isfinite(x)][0]} from "
            f"layers[{position}], {type(layer).__name__}; are its weights finite and small enough?"
        )

    def __call__(self, x):
        """Return `forward(x)`."""
        return self.forward(x)

    def __len__(self):
        """Return the number of layers."""
        return len(self.layers)

    def __getitem__(self, position):
        """Return a layer; of a slice, a list of layers."""
        return self.layers[position]

    def __setattr__(self, name, value):
        """Assign; who replaces `model.conv` replaces it in the list of layers, too."""
        old, layers = vars(self).get(name), vars(self).get("layers", [])
        for position, layer in enumerate(layers):
            if layer is old:
                layers[position] = value
        super().__setattr__(name, value)

    def __repr__(self):
        """Return the layers, one to a line."""
        lines = "".join(f"    {layer!r},\n" for layer in self.layers)
        return f"{type(self).__name__}(\n{lines})"


def _raised_by(position, layer, method):
    return f"raised by layers[{position}], {type(layer).__name__}.{method}"


def _check_layers(layers):
    """Refuse what cannot stand in a row, or would learn the same twice."""
    if not layers:
        raise ValueError("layers: expected at least one layer, got none")
    if isinstance(layers[0], (list, tuple)):
        kind = type(layers[0]).__name__
        raise TypeError(f"layers[0]: expected a layer, got a {kind}; pass Sequential(*layers)")
    for position, layer in enumerate(layers):
        methods = (getattr(layer, name, None) for name in ("forward", "backward"))
        if isinstance(layer, type) or not all(map(callable, methods)):
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
    drawn = [
        (i, layer.weights)
        for i, layer in enumerate(layers)
        if isinstance(layer, Layer) and "weights" in layer.learned and np.ptp(layer.weights) > 0
    ]
    for (i, one), (j, other) in itertools.combinations(drawn, 2):
        if np.array_equal(one, other):
            raise ValueError(
                f"layers[{j}]: expected weights of its own, got those of layers[{i}]; give each "
                f"layer its seed, for example {type(layers[j]).__name__}(..., seed=1)"
            )


class TinyCNN(Sequential):
    """The network of the book: 114 parameters, from an 8 x 8 image to 3 logits (Section 23.5).

    Conv2D(1, 3, 3), ReLU, MaxPool2D(2), Flatten, Dense(27, 3).

    Parameters
    ----------
    seed : int
        The convolution is drawn with `seed`, the dense layer with `seed + 1`.

    Attributes
    ----------
    conv, relu, pool, flatten, dense : the layers, also in `layers`
    """

    def __init__(self, seed=42):
        seed = check.integer("seed", seed, at_least=0)
        self.conv = Conv2D(1, 3, 3, seed=seed)  # (N, 1, 8, 8) -> (N, 3, 6, 6)
        self.relu = ReLU()  # (N, 3, 6, 6)
        self.pool = MaxPool2D(2)  # -> (N, 3, 3, 3)
        self.flatten = Flatten()  # -> (N, 27)
        self.dense = Dense(27, 3, seed=seed + 1)  # -> (N, 3)
        super().__init__(self.conv, self.relu, self.pool, self.flatten, self.dense)

    def guard(self, x):
        """Return `x` as a batch of 8 x 8 images with one channel, (N, 1, 8, 8), or raise."""
        return check.image_batch("x", x, channels=1, size=(8, 8))


class Summary(list):
    """The rows (layer name, output shape, parameter count or None); prints as a table."""

    def __repr__(self):
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
        Copies of its layers are run, so that it keeps what it saw last.
    input_shape : tuple of int, (N, C, H, W)

    Returns
    -------
    Summary
        A list of (name, shape, parameter count or None); `print` shows a table.
    """
    check.instance("model", model, Sequential, "a Sequential such as TinyCNN()")
    check.instance("input_shape", input_shape, (tuple, list), "a tuple (N, C, H, W)")
    shape = tuple(check.integer("input_shape", side) for side in input_shape)
    rows = Summary([("Input", shape, None)])
    x = np.zeros(shape)
    for layer in model.layers:
        x = copy.copy(layer).forward(x)
        count = sum(np.size(getattr(layer, name)) for name in learned(layer))
        rows.append((type(layer).__name__, x.shape, count or None))
    return rows
