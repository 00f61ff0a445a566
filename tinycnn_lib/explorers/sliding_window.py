"""The sliding window: every product behind one number of a convolution's output."""

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib import validation as check
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text

IMAGE = np.full((6, 6), 1.0)
IMAGE[:, 3:] = 8  # a step from dark to light
KERNEL = np.tile([-1.0, 0.0, 1.0], (3, 1))  # answers to vertical edges
LARGEST_SIDE = 10
LARGEST_NUMBER = 99


class SlidingWindow(LivingFigure):
    """An image, a kernel and their cross-correlation or convolution, one output cell at a time."""

    _esm = join_scripts("arithmetic.js", "room.js", "grid.js", "presets.js", "sliding_window.js")
    _css = join_styles("figure.css")

    def _output(self):
        image, kernel = np.array(self.data["image"]), np.array(self.data["kernel"])
        patches = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
        return image, kernel, (patches * kernel).sum(axis=(2, 3))

    @staticmethod
    def _strongest(output):
        """Return the first place of the largest magnitude, where the reader starts."""
        return np.unravel_index(np.abs(output).argmax(), output.shape)

    def describe(self):
        """Return image, kernel and output as text."""
        image, kernel, output = self._output()
        parts = [("Image", image), ("Kernel", kernel), ("Output", output)]
        blocks = [
            f"{name}, {values.shape[0]} x {values.shape[1]}\n{rows_as_text(values, '{:g}')}"
            for name, values in parts
        ]
        return "\n".join(["Sliding window: cross-correlation, no padding, stride 1", *blocks])

    def alt(self):
        """Return one sentence that stands in for the still picture."""
        image, kernel, output = self._output()
        return (
            f"Three grids of numbers: an image of {image.shape[0]} by {image.shape[1]} pixels, "
            f"a kernel of {kernel.shape[0]} by {kernel.shape[1]} and the output of "
            f"{output.shape[0]} by {output.shape[1]}. Frames mark a patch of the image "
            f"and its output, {output[self._strongest(output)]:g}."
        )

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        image, kernel, output = self._output()
        panels = (image, kernel, output)
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots(1, 3, width_ratios=[values.shape[1] for values in panels])
        scale = max(9, np.abs(image).max())
        title = "{} {} \N{MULTIPLICATION SIGN} {}"
        plotting.show_image(axes[0], image, high=scale, title=title.format("Image", *image.shape))
        plotting.show_map(axes[1], kernel, title=title.format("Kernel", *kernel.shape))
        plotting.show_map(axes[2], output, title=title.format("Output", *output.shape))
        for ax, values in zip(axes, panels, strict=True):
            plotting.write_values(ax, values, "{:g}")
        row, column = self._strongest(output)
        plotting.outline(axes[0], row, column, *kernel.shape, color=plotting.PURPLE)
        plotting.outline(axes[2], row, column)
        return figure


def explore_convolution(image=None, kernel=None):
    """Return the sliding window as a living figure (Chapter 22).

    Parameters
    ----------
    image : array_like, shape (H, W), optional
        Numbers from -99 to 99, sides from 3 to 10. By default a step from 1 to 8, 6 x 6.
    kernel : array_like, shape (k, k), optional
        Numbers from -99 to 99, k from 1 to 5 and at most H and W. By default a kernel that
        answers to vertical edges, 3 x 3.

    Returns
    -------
    SlidingWindow
        Jupyter shows it when it is the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """
    image = _small_table("image", IMAGE if image is None else image, range(3, LARGEST_SIDE + 1))
    kernel = _small_table("kernel", KERNEL if kernel is None else kernel, range(1, 6))
    if kernel.shape[0] != kernel.shape[1]:
        raise ValueError(f"kernel: expected as many rows as columns, got shape {kernel.shape}")
    if len(kernel) > min(image.shape):
        raise ValueError(
            f"kernel: expected at most the image's sides, {image.shape}, got shape {kernel.shape}"
        )
    return SlidingWindow({"image": image.tolist(), "kernel": kernel.tolist()})


def _small_table(name, values, sides):
    values = check.float_array(name, values)
    if values.ndim != 2:
        raise ValueError(
            f"{name}: expected shape (H, W), got {values.shape}; from a batch take {name}[0, 0]"
        )
    if values.shape[0] not in sides or values.shape[1] not in sides:
        small = min(values.shape) < sides[0]
        how = (
            f"add rows or columns, for example np.pad({name}, 1)"
            if small
            else f"pass a part of it, for example {name}[:{sides[-1]}, :{sides[-1]}]"
        )
        raise ValueError(
            f"{name}: expected sides from {sides[0]} to {sides[-1]}, "
            f"got shape {values.shape}; {how}"
        )
    if np.abs(values).max() > LARGEST_NUMBER:
        raise ValueError(
            f"{name}: expected numbers from -{LARGEST_NUMBER} to {LARGEST_NUMBER}, got one of "
            f"magnitude {np.abs(values).max():g}; scale it down first"
        )
    return values.astype(float)
