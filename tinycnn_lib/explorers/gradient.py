"""The gradient's way back through the network, with the terms of every sum."""

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib.explorers import contents
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text
from tinycnn_lib.losses import softmax_cross_entropy


class Gradient(LivingFigure):
    """Loss and gradients of a network like TinyCNN on one picture."""

    _esm = join_scripts(
        "arithmetic.js",
        "room.js",
        "grid.js",
        "overview.js",
        "stages.js",
        "picture.js",
        "nudge.js",
        "gradient.js",
    )
    _css = join_styles("figure.css")

    def _backward(self):
        layers = contents.rebuild(self.data["networks"][0])
        x = np.array(self.data["image"])[None, None]  # (1, 1, H, W)
        for layer in layers:
            x = layer.forward(x)
        loss, _, d_output = softmax_cross_entropy(x, np.array([self.data["target"]]))
        for layer in reversed(layers):
            d_output = layer.backward(d_output)
        return loss, layers[0], layers[-1], d_output[0, 0]

    def describe(self):
        """Return the loss and the gradients of kernels, biases and pixels as text."""
        loss, conv, dense, d_input = self._backward()
        name = self.data["classes"][self.data["target"]]
        lines = [f"The gradient's way back, target {name}: loss {loss:.4f}"]
        for number, values in enumerate(conv.d_weights[:, 0]):
            lines += [f"Gradient of kernel {number}", rows_as_text(values, "{:.4f}")]
        lines += ["Gradient of the convolution's bias", rows_as_text([conv.d_bias], "{:.4f}")]
        lines += ["Gradient of the dense bias", rows_as_text([dense.d_bias], "{:.4f}")]
        lines += ["Gradient of the input", rows_as_text(d_input, "{:.4f}")]
        return "\n".join(lines)

    def alt(self):
        """Return one sentence that stands in for the still picture."""
        loss, conv, _, _ = self._backward()
        return (
            f"The picture, the gradient of the loss for each of its pixels, and the gradients of "
            f"the {len(conv.bias)} kernels, every cell with its number. The loss is {loss:.4f}."
        )

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        loss, conv, _, d_input = self._backward()
        count = len(conv.bias)
        figure = Figure(figsize=(6, 5), layout="constrained")
        top, below = figure.subfigures(2, 1, height_ratios=[3, 2])
        left, right = top.subplots(1, 2)
        name = self.data["classes"][self.data["target"]]
        plotting.show_image(left, self.data["image"], title=f"Input, target {name}")
        plotting.write_values(left, self.data["image"], "{:.1f}", size=6)
        plotting.show_map(right, d_input, title="Gradient of the input")
        plotting.write_values(right, d_input, size=5.5)
        limit = float(np.abs(conv.d_weights).max()) or 1.0
        for number, ax in enumerate(below.subplots(1, count, squeeze=False)[0]):
            values = conv.d_weights[number, 0]
            plotting.show_map(ax, values, limit=limit, title=f"Gradient of kernel {number}")
            plotting.write_values(ax, values, "{:.3f}", size=8)
        figure.suptitle(f"Loss {loss:.4f}", fontsize=10)
        return figure


def explore_gradient(model, image=None, target=0, class_names=None):
    """Return loss and gradients on one picture as a living figure (Chapter 24).

    Parameters
    ----------
    model : TinyCNN, or a Sequential of the same five layers, or a dict of str to such
        With several, the reader switches between their weights by these names.
    image : array_like, shape (H, W) or (1, 1, H, W), in [0, 1], optional
        Where the reader starts; by default `traced_image()`.
    target : int
        The index of the right class.
    class_names : sequence of str, optional
        By default those of the line patterns.

    Returns
    -------
    Gradient
        Jupyter shows it when it is the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If the model is another, a number is not finite, or image or target do not fit.
    """
    data = contents.everything(model, image, class_names)
    target = data["classes"].index(contents.known_class("target", target, data["classes"]))
    return Gradient({**data, "target": target})
