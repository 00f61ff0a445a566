"""Draw a picture and see what one or two networks say of it: the figure of the landing page."""

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib.explorers import contents
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text
from tinycnn_lib.losses import softmax


class Drawing(LivingFigure):
    """A picture to draw on, and the probabilities that networks like TinyCNN give it."""

    _esm = join_scripts("arithmetic.js", "grid.js", "drawing.js")
    _css = join_styles("figure.css", "drawing.css")

    def _probabilities(self):
        """Return the name of each network and its probabilities, shape (K,)."""
        for network in self.data["networks"]:
            x = np.array(self.data["image"])[None, None]  # (1, 1, H, W)
            for layer in contents.rebuild(network):
                x = layer.forward(x)
            yield network["name"], softmax(x)[0]

    def _verdict(self, name, probabilities):
        best = self.data["classes"][probabilities.argmax()]
        label = self.data["label"]
        judged = "" if label is None else ": right" if best == label else ": wrong"
        return f"{name[:1].upper()}{name[1:]} says “{best}”{judged}."

    def describe(self):
        """Return the picture and the probabilities as text."""
        lines = ["The picture", rows_as_text(self.data["image"], "{:.1f}")]
        for name, probabilities in self._probabilities():
            lines.append(self._verdict(name, probabilities))
            for label, share in zip(self.data["classes"], probabilities, strict=True):
                lines.append(f"  {label} {share:.2f}")
        return "\n".join(lines)

    def alt(self):
        """Return one sentence or two that stand in for the still picture."""
        H, W = np.shape(self.data["image"])
        shown = self.data["label"]
        picture = f"A picture of {H} by {W} pixels" + (f" that shows: {shown}" if shown else "")
        verdicts = (self._verdict(*answer) for answer in self._probabilities())
        return f"{picture}, beside bars of probabilities. {' '.join(verdicts)}"

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        answers = list(self._probabilities())
        figure = Figure(figsize=(6, 2.9), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.2])
        label = self.data["label"]
        plotting.show_image(
            left.subplots(), self.data["image"], title=f"Shows: {label}" if label else "The picture"
        )
        for ax, (name, shares) in zip(
            right.subplots(len(answers), 1, squeeze=False)[:, 0], answers, strict=True
        ):
            plotting.show_shares(ax, self.data["classes"], shares)
            ax.set(xlim=(0, 1.2), title=self._verdict(name, shares))
        return figure


def explore_drawing(model, image=None, class_names=None, label=None):
    """Return a picture to draw on, and what networks say of it, as a living figure.

    Parameters
    ----------
    model : TinyCNN, or a Sequential of the same five layers, or a dict of str to such
        With several, all answer, side by side, under these names.
    image : array_like, shape (H, W) or (1, 1, H, W), in [0, 1], optional
        Where the reader starts; by default `traced_image()`.
    class_names : sequence of str, optional
        By default those of the line patterns.
    label : int, optional
        The class that `image` shows: then the figure says who is right.

    Returns
    -------
    Drawing
        Jupyter shows it when it is the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If the model is another, a number is not finite, or image or label do not fit.
    """
    data = contents.everything(model, image, class_names)
    shown = None if label is None else contents.known_class("label", label, data["classes"])
    return Drawing({**data, "label": shown})
