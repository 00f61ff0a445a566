"""Draw the picture of the README: one image on its way through the untrained TinyCNN.

    python book/readme_picture.py

writes book/tinycnn.png. It is drawn by the library, so its numbers are those of Chapter 23.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from tinycnn_lib import CLASS_NAMES, TinyCNN, plotting, softmax
from tinycnn_lib.datasets import traced_image

PICTURE = Path(__file__).with_name("tinycnn.png")


def draw():
    """Return the figure: input, three maps after each layer, and the probabilities."""
    model, maps = TinyCNN(seed=42), traced_image()  # (1, 1, 8, 8)
    plotting.use_book_style()
    figure = Figure(figsize=(9.2, 5.2))
    grid = figure.add_gridspec(3, 5, width_ratios=[6, 6, 6, 5, 4.5])
    ax = figure.add_subplot(grid[:, 0])
    plotting.show_image(ax, maps[0, 0], title="Input\n8 x 8")
    columns = (
        (model.conv, "Conv2D\n3 maps, 6 x 6"),
        (model.relu, "ReLU\nwinners ringed"),
        (model.pool, "MaxPool2D\n3 maps, 3 x 3"),
    )
    axes = np.empty((3, 3), dtype=object)
    for column, (layer, title) in enumerate(columns):
        maps = layer.forward(maps)
        limit = np.abs(maps).max()
        for row, values in enumerate(maps[0]):
            ax = axes[row, column] = figure.add_subplot(grid[row, column + 1])
            plotting.show_map(ax, values, limit, title=None if row else title)
            plotting.write_values(ax, values, "{:.1f}", size=6.5 if column < 2 else 8)
    for row, winners in enumerate(model.pool.last_mask[0]):
        plotting.circle_cells(axes[row, 1], winners)
    logits = model.dense.forward(model.flatten.forward(maps))  # (1, 3, 3, 3) -> (1, 27) -> (1, 3)
    ax = figure.add_subplot(grid[:, 4])
    bars = ax.barh(CLASS_NAMES, softmax(logits)[0], color=plotting.BLUE, height=0.35)
    ax.bar_label(bars, fmt="{:.2f}", padding=3)
    ax.set(xlim=(0, 1), title="Dense, softmax\n3 probabilities")
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    return figure


if __name__ == "__main__":
    draw().savefig(PICTURE, dpi=150)
    with Image.open(PICTURE) as picture:
        small = picture.convert("RGB").quantize(128)  # a third of the bytes, no visible change
    small.save(PICTURE, optimize=True)
