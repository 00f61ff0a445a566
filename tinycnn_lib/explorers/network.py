"""The whole network on one picture: select any number, see what it comes from."""

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib.explorers import contents
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text
from tinycnn_lib.losses import softmax


class Network(LivingFigure):
    """A network like TinyCNN, layer by layer, number by number."""

    _esm = join_scripts(
        "arithmetic.js",
        "room.js",
        "grid.js",
        "overview.js",
        "stages.js",
        "picture.js",
        "network.js",
    )
    _css = join_styles("figure.css")

    def _forward(self):
        conv, relu, pool, flatten, dense = contents.rebuild(self.data["networks"][0])
        x = np.array(self.data["image"])[None, None]  # (1, 1, H, W)
        conv_maps = conv.forward(x)
        relu_maps = relu.forward(conv_maps)
        pool_maps = pool.forward(relu_maps)
        logits = dense.forward(flatten.forward(pool_maps))
        return conv_maps[0], relu_maps[0], pool_maps[0], pool.last_mask[0], logits

    def describe(self):
        """Return every layer's numbers as text."""
        conv, relu, pool, _, logits = self._forward()
        lines = [f"The network on one picture, weights: {self.data['networks'][0]['name']}"]
        lines += ["Input", rows_as_text(self.data["image"])]
        for title, maps in (("Conv2D", conv), ("ReLU", relu), ("MaxPool2D", pool)):
            for number, values in enumerate(maps):
                lines += [f"{title}, map {number}", rows_as_text(values)]
        probabilities = softmax(logits)[0]
        for name, logit, probability in zip(
            self.data["classes"], logits[0], probabilities, strict=True
        ):
            lines.append(f"{name}: logit {logit:.4f}, probability {probability:.4f}")
        return "\n".join(lines)

    def alt(self):
        """Return one sentence that stands in for the still picture."""
        conv, _, pool, _, logits = self._forward()
        probabilities = softmax(logits)[0]
        best = int(probabilities.argmax())
        return (
            f"The picture, its {len(conv)} feature maps after Conv2D, after ReLU with the winner "
            f"of each pooling window ringed, and after MaxPool2D, "
            f"{' by '.join(map(str, pool.shape[1:]))} each, every cell with its number. The "
            f"network gives {self.data['classes'][best]} the highest probability, "
            f"{probabilities[best]:.4f}."
        )

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        conv, relu, pool, mask, logits = self._forward()
        count = len(conv)
        figure = Figure(figsize=(6, 2.2 + 2.05 * count), layout="constrained")
        top, below = figure.subfigures(2, 1, height_ratios=[2.2, 2.05 * count])
        image_ax, text_ax = top.subplots(1, 2)
        plotting.show_image(image_ax, self.data["image"], title="Input")
        plotting.write_values(image_ax, self.data["image"], "{:.1f}", size=5.5)
        text_ax.axis("off")
        lines = [f"{'':<11}{'logit':>9}{'probability':>13}"]
        for name, logit, share in zip(
            self.data["classes"], logits[0], softmax(logits)[0], strict=True
        ):
            lines.append(f"{name:<11}{logit:>9.4f}{share:>13.4f}")
        text_ax.text(0, 0.5, "\n".join(lines), family="DejaVu Sans Mono", size=7, va="center")
        axes = below.subplots(count, 3, squeeze=False, width_ratios=[6, 6, 4])
        for row, (before, after, kept, winners) in enumerate(
            zip(conv, relu, pool, mask, strict=True)
        ):
            titles = ("Conv2D", "ReLU, winners ringed", "MaxPool2D")
            for ax, values, maps, title in zip(
                axes[row], (before, after, kept), (conv, relu, pool), titles, strict=True
            ):
                limit = float(np.abs(maps).max()) or 1.0
                plotting.show_map(ax, values, limit=limit, title=f"{title}, map {row}")
                plotting.write_values(ax, values, size=5.5)
            plotting.circle_cells(axes[row][1], winners)
        return figure


def explore_network(model, image=None, class_names=None, label=None):
    """Return a network on one picture as a living figure (Chapter 23).

    Parameters
    ----------
    model : TinyCNN, or a Sequential of the same five layers, or a dict of str to such
        With several, the reader switches between their weights by these names.
    image : array_like, shape (H, W) or (1, 1, H, W), in [0, 1], optional
        Where the reader starts; by default `traced_image()`.
    class_names : sequence of str, optional
        By default those of the line patterns.
    label : int, optional
        The index of the image's class, so that the figure can say whether a prediction is right.

    Returns
    -------
    Network
        Jupyter shows it when it is the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If the model is another, a number is not finite, or image or label do not fit.
    """
    data = contents.everything(model, image, class_names)
    if label is not None:
        data["label"] = contents.known_class("label", label, data["classes"])
    return Network(data)
