"""Draw the picture of the README: one image on its way through the untrained TinyCNN.

    python book/readme_picture.py

writes book/tinycnn.png, and for the landing page on a phone book/static/tinycnn-upright.png. They
are drawn by the library, so their numbers are those of Chapter 23.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from tinycnn_lib import CLASS_NAMES, TinyCNN, plotting, softmax
from tinycnn_lib.datasets import traced_image

PICTURE = Path(__file__).with_name("tinycnn.png")
UPRIGHT = Path(__file__).parent / "static" / "tinycnn-upright.png"


def lay_out(upright):
    """Return a figure and its axes: one of the input, three by three of maps, one of bars.

    The way through the network goes from left to right, or from top to bottom.
    """
    if upright:
        figure = Figure(figsize=(3.5, 6.8))
        above, below = figure.subfigures(2, 1, height_ratios=[5.6, 1.2])
        grid = above.add_gridspec(4, 3)
        maps = [[above.add_subplot(grid[layer + 1, i]) for layer in range(3)] for i in range(3)]
        return figure, above.add_subplot(grid[0, 1]), maps, below.add_subplot()
    figure = Figure(figsize=(9.2, 5.2))
    grid = figure.add_gridspec(3, 5, width_ratios=[6, 6, 6, 5, 4.5])
    maps = [[figure.add_subplot(grid[i, layer + 1]) for layer in range(3)] for i in range(3)]
    return figure, figure.add_subplot(grid[:, 0]), maps, figure.add_subplot(grid[:, 4])


def draw(upright=False):
    """Return the figure: input, three maps after each layer, and the probabilities."""
    model, maps = TinyCNN(seed=42), traced_image()  # (1, 1, 8, 8)
    plotting.use_book_style()
    figure, picture, axes, bars = lay_out(upright)
    titled, gap = (1, ", ") if upright else (0, "\n")  # which map bears the title of its layer
    plotting.show_image(picture, maps[0, 0], title=f"Input{gap}8 x 8")
    columns = (
        (model.conv, f"Conv2D{gap}3 maps, 6 x 6"),
        (model.relu, f"ReLU{gap}winners ringed"),
        (model.pool, f"MaxPool2D{gap}3 maps, 3 x 3"),
    )
    for column, (layer, title) in enumerate(columns):
        maps = layer.forward(maps)
        limit = np.abs(maps).max()
        for row, values in enumerate(maps[0]):
            ax = axes[row][column]
            plotting.show_map(ax, values, limit, title=title if row == titled else None)
            if column == 2 or not upright:  # upright, the cells of 6 x 6 are too small for numbers
                plotting.write_values(ax, values, "{:.1f}", size=6.5 if column < 2 else 8)
    for row, winners in enumerate(model.pool.last_mask[0]):
        plotting.circle_cells(axes[row][1], winners)
    logits = model.dense.forward(model.flatten.forward(maps))  # (1, 3, 3, 3) -> (1, 27) -> (1, 3)
    drawn = bars.barh(
        CLASS_NAMES, softmax(logits)[0], color=plotting.BLUE, height=0.6 if upright else 0.35
    )
    bars.bar_label(drawn, fmt="{:.2f}", padding=3)
    bars.set(xlim=(0, 1), title=f"Dense, softmax{gap}3 probabilities")
    bars.invert_yaxis()
    bars.tick_params(axis="y", length=0)
    bars.xaxis.set_visible(False)
    bars.spines["bottom"].set_visible(False)
    return figure


def save(figure, path):
    """Write a figure as a PNG of few colors: a third of the bytes, no visible change."""
    figure.savefig(path, dpi=150)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(128)
    small.save(path, optimize=True)


if __name__ == "__main__":
    save(draw(), PICTURE)
    save(draw(upright=True), UPRIGHT)
