"""Draw the README's picture, one image on its way through TinyCNN, and the landing page's cards.

    python book/pictures.py

writes book/tinycnn.png and book/card-22.png, -23 and -24. They are drawn by the library, so their
numbers are those of the chapters.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from tinycnn_lib import CLASS_NAMES, SGD, TinyCNN, fit, make_dataset_bundle, plotting, softmax
from tinycnn_lib.datasets import traced_image

BOOK = Path(__file__).parent
CARD = {"figsize": (3.2, 1.5), "layout": "constrained"}


def readme():
    """Return input, three maps after each layer, and the probabilities, from left to right."""
    model, maps = TinyCNN(seed=42), traced_image()  # (1, 1, 8, 8)
    figure = Figure(figsize=(9.2, 5.2))
    grid = figure.add_gridspec(3, 5, width_ratios=[6, 6, 6, 5, 4.5])
    axes = [[figure.add_subplot(grid[i, layer + 1]) for layer in range(3)] for i in range(3)]
    plotting.show_image(figure.add_subplot(grid[:, 0]), maps[0, 0], title="Input\n8 x 8")
    columns = (
        (model.conv, "Conv2D\n3 maps, 6 x 6"),
        (model.relu, "ReLU\nwinners ringed"),
        (model.pool, "MaxPool2D\n3 maps, 3 x 3"),
    )
    for column, (layer, title) in enumerate(columns):
        maps = layer.forward(maps)
        limit = np.abs(maps).max()
        for row, values in enumerate(maps[0]):
            ax = axes[row][column]
            plotting.show_map(ax, values, limit, title=None if row else title)
            plotting.write_values(ax, values, "{:.1f}", size=6.5 if column < 2 else 8)
    for row, winners in enumerate(model.pool.last_mask[0]):
        plotting.circle_cells(axes[row][1], winners)
    logits = model.dense.forward(model.flatten.forward(maps))  # (1, 3, 3, 3) -> (1, 27) -> (1, 3)
    bars = figure.add_subplot(grid[:, 4])
    plotting.show_shares(bars, CLASS_NAMES, softmax(logits)[0], height=0.35)
    bars.set_title("Dense, softmax\n3 probabilities")
    return figure


def card_22():
    """Return a patch of the picture, framed, and the number that a kernel makes of it."""
    figure = Figure(**CARD)
    left, right = figure.subplots(1, 2, width_ratios=[8, 6])
    model = TinyCNN(seed=42)
    plotting.show_image(left, traced_image()[0, 0])
    plotting.show_map(right, model.conv(traced_image())[0, 1])
    plotting.outline(left, 2, 1, 3, 3, color=plotting.PURPLE, linewidth=3)
    plotting.outline(right, 2, 1, color=plotting.PURPLE, linewidth=3)
    return figure


def card_23():
    """Return the picture, a map of it after each layer, and the three probabilities."""
    figure = Figure(**CARD)
    axes = figure.subplots(1, 4, width_ratios=[8, 6, 6, 3])
    model, maps = TinyCNN(seed=42), traced_image()
    plotting.show_image(axes[0], maps[0, 0])
    for ax, layers in zip(axes[1:3], ([model.conv, model.relu], [model.pool]), strict=True):
        for layer in layers:
            maps = layer(maps)
        plotting.show_map(ax, maps[0, 1], np.abs(maps).max())
    probabilities = softmax(model(traced_image()))[0]
    axes[3].barh(CLASS_NAMES, probabilities, color=plotting.BLUE)
    axes[3].invert_yaxis()
    axes[3].axis("off")
    return figure


def card_24():
    """Return the loss of TinyCNN, epoch by epoch, while it learns."""
    x, y, *_ = make_dataset_bundle()
    history = fit(TinyCNN(seed=42), x, y, optimizer=SGD(0.1), epochs=25, batch_size=32, seed=0)
    figure = Figure(**CARD)
    ax = figure.subplots()
    ax.plot(history.train_loss, color=plotting.BLUE, linewidth=2.5)
    ax.set(ylim=(0, None), xlabel="epoch", ylabel="loss")
    return figure


PICTURES = {
    "tinycnn.png": readme,
    "card-22.png": card_22,
    "card-23.png": card_23,
    "card-24.png": card_24,
}


def save(figure, path):
    """Write a figure as a PNG of few colors: a third of the bytes, no visible change."""
    figure.savefig(path, dpi=150)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(128)
    small.save(path, optimize=True)


if __name__ == "__main__":
    plotting.use_book_style()
    for name, draw in PICTURES.items():
        save(draw(), BOOK / name)
